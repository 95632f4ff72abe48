/**
 * Singular values and vectors of an upper bidiagonal matrix by divide and conquer (Gu & Eisenstat, SIAM J. Matrix Anal.
 * 16(1), 1995; LAPACK's bdsdc and lasd1 to lasd4): without its middle row the matrix falls into two; put back, in the
 * bases of the two, it is a diagonal matrix with one full row z, whose singular values are roots of a secular equation
 * in σ². What the halves have in common is deflated, and z is recomputed from the roots so that vectors are orthogonal.
 *
 * Left and right vectors are kept as rows of u and v. Leaves of at most 32 rows are solved by implicit QR.
 */
import { GEMM_END, wideProduct } from '../gemm';
import { CANCELLED, NOT_CONVERGED, OK } from '../status';
import { bidiagonalQr } from './bidiagonal-qr';
import { dqdsValues } from './dqds';
import { CONTEXT, eachRoot, ROOTS_EACH, singularRoot } from './secular';
import { at, dot, heapSort, hypotenuse, index, rotate, scatter, set, setIndex, sortIndices } from './vector';

const EPS: f64 = 2.220446049250313e-16;
const LEAF: i32 = 32;

/** float64 elements of workspace for `bidiagonalSvd`, beside its square: what a merge lays out. */
export function bidiagonalSpace(n: i32): usize {
  return <usize>n * <usize>n + <usize>n * <usize>(n / 2 + 1) + 7 * (<usize>n + 1);
}

/**
 * d (n) and e (n − 1, and room for one more) → singular values ascending in d, left and right vectors as the rows of u
 * and v (n × n, leading dimension ld, zeros behind them). e is destroyed. `square`: n² elements of workspace more. OK,
 * NOT_CONVERGED or CANCELLED.
 */
export function bidiagonalSvd(
  work: usize, n: i32, d: usize, e: usize, u: usize, v: usize, ld: i32, square: usize, space: usize,
): i32 {
  for (let which = 0; which < 2; which++) {
    const q = which == 0 ? u : v;
    memory.fill(q, 0, <usize>n * <usize>ld << 3);
    for (let i = 0; i < n; i++) set(q, i * ld + i, 1);
  }
  const norm = scaleToOne(n, d, e);
  if (norm == 0) return OK;
  const status = conquer(work, n, 0, d, e, u, v, ld, square, space);
  for (let i = 0; i < n; i++) set(d, i, at(d, i) * norm);
  return status;
}

/** Singular values alone, ascending in d; e is destroyed. `space`: dqdsSpace(n). OK, NOT_CONVERGED or CANCELLED. */
export function bidiagonalValues(work: usize, n: i32, d: usize, e: usize, space: usize): i32 {
  const norm = scaleToOne(n, d, e);
  if (norm == 0) return OK;
  const status = dqdsValues(work, n, d, e, space);
  heapSort(n, d);
  for (let i = 0; i < n; i++) set(d, i, at(d, i) * norm);
  return status;
}

/** Divides by the largest element and answers it. */
function scaleToOne(n: i32, d: usize, e: usize): f64 {
  let norm: f64 = 0;
  for (let i = 0; i < n; i++) norm = max(norm, abs(at(d, i)));
  for (let i = 0; i + 1 < n; i++) norm = max(norm, abs(at(e, i)));
  if (norm == 0) return 0;
  for (let i = 0; i < n; i++) set(d, i, at(d, i) / norm);
  for (let i = 0; i + 1 < n; i++) set(e, i, at(e, i) / norm);
  return norm;
}

/** n rows and n + `extra` columns; u and v point to the blocks of this part, leading dimension ld. */
function conquer(
  work: usize, n: i32, extra: i32, d: usize, e: usize, u: usize, v: usize, ld: i32, square: usize, space: usize,
): i32 {
  if (n <= LEAF) return bidiagonalQr(n, extra == 1, d, e, n, u, ld, n + extra, v, ld);
  const nl = n / 2, nr = n - nl - 1;
  const alpha = at(d, nl), beta = at(e, nl);
  const corner = <usize>(nl + 1) * <usize>(ld + 1) << 3;
  const later = <usize>(nl + 1) << 3;
  let status = conquer(work, nl, 1, d, e, u, v, ld, square, space);
  if (status != OK) return status;
  status = conquer(work, nr, extra, d + later, e + later, u + corner, v + corner, ld, square, space);
  if (status != OK) return status;
  return merge(work, n, nl, extra, alpha, beta, d, u, v, ld, square, space);
}

/** What the shared loops of a merge read; `k` roots. */
@unmanaged class Merge {
  k: i32;
  poles: usize; z: usize; weights: usize; roots: usize;
  /** Row j: the distances of the poles from root j. */
  distances: usize;
  /** Row j: the left or right vector of root j, in the packed order. */
  s: usize;
  place: usize;
  isLeft: bool;
}

function merge(
  work: usize, n: i32, nl: i32, extra: i32, alpha: f64, beta: f64, d: usize, u: usize, v: usize, ld: i32,
  s: usize, space: usize,
): i32 {
  const m = n + extra;
  const list = <usize>(n + 1) << 3;
  const distances = space, packed = distances + (<usize>n * <usize>n << 3);
  const z = packed + (<usize>n * <usize>(n / 2 + 1) << 3), poles = z + list, weights = poles + list, roots = weights + list;
  const kept = roots + list, order = kept + (list >> 1), type = order + (list >> 1);
  const place = type + (list >> 1), gone = place + (list >> 1), spare = gone + (list >> 1);

  // the row z in the bases of the two parts; row nl of v is the left part's null vector
  let largest = max(abs(alpha), abs(beta));
  for (let i = 0; i < n; i++) {
    set(weights, i, i <= nl ? alpha * at(v, i * ld + nl) : beta * at(v, i * ld + nl + 1));
    setIndex(type, i, i < nl ? 1 : 3);
    if (i != nl) largest = max(largest, abs(at(d, i)));
  }
  if (largest == 0) return OK;
  // a part may be smaller than the whole by any factor: squares must not vanish
  for (let i = 0; i < n; i++) {
    set(weights, i, at(weights, i) / largest);
    if (i != nl) set(d, i, at(d, i) / largest);
  }
  const tolerance = 8 * EPS;
  let first = at(weights, nl);
  if (extra == 1) {
    // both parts have a null vector: one turned combination carries z, the other is the whole's
    const other = beta * at(v, n * ld + nl + 1) / largest;
    const size = hypotenuse(first, other);
    if (size > 0) rotate(m, v + (<usize>(nl * ld) << 3), v + (<usize>(n * ld) << 3), first / size, -other / size);
    first = size;
  }
  if (abs(first) <= tolerance) first = first < 0 ? -tolerance : tolerance;

  for (let i = 0, a = 0, b = nl + 1; i < n - 1; i++) {
    const takesFirst = b == n || (a < nl && at(d, a) <= at(d, b));
    setIndex(order, i, takesFirst ? a++ : b++);
  }
  let k = 1, deflated = 0;
  let pending = -1;
  for (let i = 0; i < n - 1; i++) {
    const next = index(order, i);
    const weight = at(weights, next);
    if (abs(weight) <= tolerance) {
      setIndex(gone, deflated++, next);
      continue;
    }
    if (pending >= 0) {
      if (abs(at(d, next) - at(d, pending)) <= tolerance) {
        const size = hypotenuse(weight, at(weights, pending));
        const c = weight / size, sine = at(weights, pending) / size;
        set(weights, next, size);
        if (index(type, next) != index(type, pending)) setIndex(type, next, 2);
        // pending ← c·pending − sine·next, next ← sine·pending + c·next
        rotate(n, u + (<usize>(pending * ld) << 3), u + (<usize>(next * ld) << 3), c, sine);
        rotate(m, v + (<usize>(pending * ld) << 3), v + (<usize>(next * ld) << 3), c, sine);
        setIndex(gone, deflated++, pending);
      } else {
        setIndex(kept, k++, pending);
      }
    }
    pending = next;
  }
  if (pending >= 0) setIndex(kept, k++, pending);
  setIndex(kept, 0, nl);

  // packed: rows of the left part, row nl, mixed ones, rows of the right part
  let count1 = 0, count2 = 0;
  for (let i = 1; i < k; i++) {
    const t = index(type, index(kept, i));
    if (t == 1) count1++;
    else if (t == 2) count2++;
  }
  let next1 = 0, next2 = count1 + 1, next3 = count1 + 1 + count2;
  setIndex(place, 0, count1);
  set(poles, 0, 0);
  set(z, 0, first);
  for (let i = 1; i < k; i++) {
    const from = index(kept, i);
    const t = index(type, from);
    setIndex(place, i, t == 1 ? next1++ : t == 2 ? next2++ : next3++);
    set(poles, i, at(d, from));
    set(z, i, at(weights, from));
  }
  if (k > 1 && at(poles, 1) < 0.5 * tolerance) set(poles, 1, 0.5 * tolerance);
  for (let i = 0; i < deflated; i++) set(roots, k + i, at(d, index(gone, i)));

  const shared = changetype<Merge>(work + CONTEXT);
  shared.k = k; shared.poles = poles; shared.z = z; shared.weights = weights;
  shared.roots = roots; shared.distances = distances; shared.s = s; shared.place = place;
  if (!eachRoot(work, k, solveRoots)) return CANCELLED;
  for (let i = 0; i < k; i++) if (isNaN(at(roots, i))) return NOT_CONVERGED;
  if (!eachRoot(work, k, recomputeWeights)) return CANCELLED;
  for (let i = 0; i < n; i++) setIndex(order, i, i);
  sortIndices(n, order, roots, spare);
  for (let i = 0; i < n; i++) set(d, i, at(roots, index(order, i)) * largest);
  const middle = count1 + 1 + count2;
  for (let side = 0; side < 2; side++) {
    const isLeft = side == 0;
    const q = isLeft ? u : v;
    const width = isLeft ? n : m;
    // where the columns of the right part begin: row nl of u is the middle row itself
    const cut = isLeft ? nl : nl + 1;
    shared.isLeft = isLeft;
    if (!eachRoot(work, k, makeVectors)) return CANCELLED;
    // the columns of the one part and then those of the other, each from the rows that are not zero there
    if (!multiply(work, n, k, q, ld, cut, 0, middle, s, packed, kept, gone, deflated, place, order)) return CANCELLED;
    const right = q + (<usize>cut << 3);
    if (!multiply(work, n, k, right, ld, width - cut, count1, k - count1, s, packed, kept, gone, deflated, place, order)) return CANCELLED;
  }
  return OK;
}

/**
 * `width` columns of q become those of the merged vectors: the rows in `depth` places from `first` on times s, and the
 * deflated ones, in order of their values.
 */
function multiply(
  work: usize, n: i32, k: i32, q: usize, ld: i32, width: i32, first: i32, depth: i32, s: usize, packed: usize,
  kept: usize, gone: usize, deflated: i32, place: usize, order: usize,
): bool {
  const bytes = <usize>width << 3;
  for (let i = 0; i < k; i++) {
    const at = index(place, i) - first;
    if (at < 0 || at >= depth) continue;
    memory.copy(packed + <usize>at * bytes, q + (<usize>(index(kept, i) * ld) << 3), bytes);
  }
  // these come behind
  for (let i = 0; i < deflated; i++) {
    memory.copy(packed + <usize>(k + i) * bytes, q + (<usize>(index(gone, i) * ld) << 3), bytes);
  }
  for (let i = 0; i < n; ) {
    const from = index(order, i);
    const target = q + (<usize>(i * ld) << 3);
    if (from >= k) {
      memory.copy(target, packed + <usize>from * bytes, bytes);
      i++;
      continue;
    }
    // adjacent roots go in one product
    let end = i + 1;
    while (end < n && index(order, end) == from + end - i) {
      if (index(order, end) >= k) break;
      end++;
    }
    const a = s + (<usize>(from * k + first) << 3);
    if (!wideProduct<f64>(work, end - i, width, depth, 1, a, k, 1, packed, width, 1, target, ld, false, false)) return false;
    i = end;
  }
  return true;
}

function solveRoots(work: usize, piece: i32, context: usize): void {
  const m = changetype<Merge>(context);
  const k = m.k;
  const end = min(k, (piece + 1) * ROOTS_EACH);
  for (let j = piece * ROOTS_EACH; j < end; j++) {
    set(m.roots, j, singularRoot(k, j, m.poles, m.z, m.distances + (<usize>(j * k) << 3)));
  }
}

/**
 * Weights whose secular equation has exactly these roots (Gu & Eisenstat, eq. 3.4): a product over all roots for each
 * pole, those of the piece side by side.
 */
function recomputeWeights(work: usize, piece: i32, context: usize): void {
  const m = changetype<Merge>(context);
  const k = m.k;
  const first = piece * ROOTS_EACH, count = min(ROOTS_EACH, k - first);
  const products = work + GEMM_END, poles = m.poles + (<usize>first << 3);
  for (let c = 0; c < count; c++) set(products, c, 1);
  for (let j = 0; j < k; j++) {
    const row = m.distances + (<usize>(j * k + first) << 3);
    const other = at(m.poles, j), root = at(m.roots, j);
    const otherBoth = f64x2.splat(other), rootBoth = f64x2.splat(root);
    let c = 0;
    if (j < first || j >= first + count) {
      for (; c + 2 <= count; c += 2) {
        const p = <usize>c << 3;
        const pole = v128.load(poles + p);
        const above = f64x2.mul(v128.load(row + p), f64x2.add(pole, rootBoth));
        const below = f64x2.mul(f64x2.sub(pole, otherBoth), f64x2.add(pole, otherBoth));
        v128.store(products + p, f64x2.mul(v128.load(products + p), f64x2.div(above, below)));
      }
    }
    for (; c < count; c++) {
      const pole = at(poles, c);
      const above = at(row, c) * (pole + root);
      set(products, c, at(products, c) * (first + c == j ? above : above / ((pole - other) * (pole + other))));
    }
  }
  for (let c = 0; c < count; c++) {
    const size = sqrt(abs(at(products, c)));
    set(m.weights, first + c, at(m.z, first + c) < 0 ? -size : size);
  }
}

/**
 * Row j: the left or right vector of root j, of norm one, in the packed order. The left ones are made first, and leave
 * the right ones, but for their norm, in the place of the distances.
 */
function makeVectors(work: usize, piece: i32, context: usize): void {
  const m = changetype<Merge>(context);
  const k = m.k, weights = m.weights, poles = m.poles, place = m.place;
  const temporary = work + GEMM_END;
  const end = min(k, (piece + 1) * ROOTS_EACH);
  for (let j = piece * ROOTS_EACH; j < end; j++) {
    const row = m.distances + (<usize>(j * k) << 3), out = m.s + (<usize>(j * k) << 3);
    let from = row;
    if (m.isLeft) {
      const root = at(m.roots, j), rootBoth = f64x2.splat(root);
      from = temporary;
      let i = 0;
      for (; i + 2 <= k; i += 2) {
        const p = <usize>i << 3;
        const pole = v128.load(poles + p);
        const value = f64x2.div(v128.load(weights + p), f64x2.mul(v128.load(row + p), f64x2.add(pole, rootBoth)));
        v128.store(row + p, value);
        v128.store(temporary + p, f64x2.mul(value, pole));
      }
      if (i < k) {
        const pole = at(poles, i);
        const value = at(weights, i) / (at(row, i) * (pole + root));
        set(row, i, value);
        set(temporary, i, value * pole);
      }
      set(temporary, 0, -1);
    }
    const factor = 1 / sqrt(dot(k, from, from));
    scatter(k, from, factor, place, out);
  }
}
