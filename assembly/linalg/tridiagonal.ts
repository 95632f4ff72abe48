/**
 * Eigenvalues and vectors of a symmetric tridiagonal matrix by divide and conquer (Cuppen, Numer. Math. 36, 1981; Gu &
 * Eisenstat, SIAM J. Matrix Anal. 16(1), 1995; LAPACK's stedc and laed1 to laed4): the matrix is torn in the middle into
 * two and a rank-one correction; what the halves have in common is deflated, the rest are roots of a secular equation,
 * whose vectors come from a z recomputed so that they are orthogonal to working accuracy.
 *
 * Vectors are kept as rows (row k belongs to value k), where rotations and products work on adjacent elements. Leaves of
 * at most 32 are solved by implicit QL. ⁴⁄₃n³ flops in products at most, less what is deflated.
 */
import { GEMM_END, wideProduct } from '../gemm';
import { CANCELLED, NOT_CONVERGED, OK } from '../status';
import { CONTEXT, eachRoot, ROOTS_EACH, secularRoot } from './secular';
import { implicitQl } from './tridiagonal-ql';
import { at, dot, hypotenuse, index, rotate, scatter, set, setIndex, sortIndices } from './vector';

const EPS: f64 = 2.220446049250313e-16;
const LEAF: i32 = 32;

/** float64 elements of workspace for `tridiagonalEigen`. */
export function tridiagonalSpace(n: i32): usize {
  return 2 * <usize>n * <usize>n + 7 * <usize>n;
}

/**
 * d (n) and e (n − 1, and room for one more) → ascending values in d, vectors as the rows of q (n × n, leading dimension
 * ldq, zeros behind them). e is destroyed. OK,
 * NOT_CONVERGED or CANCELLED.
 */
export function tridiagonalEigen(work: usize, n: i32, d: usize, e: usize, q: usize, ldq: i32, space: usize): i32 {
  memory.fill(q, 0, <usize>n * <usize>ldq << 3);
  for (let i = 0; i < n; i++) set(q, i * ldq + i, 1);
  if (n == 0) return OK;
  // scaled to a norm of one, as what is deflated is judged by absolute sizes
  let norm: f64 = 0;
  for (let i = 0; i < n; i++) norm = max(norm, abs(at(d, i)));
  for (let i = 0; i + 1 < n; i++) norm = max(norm, abs(at(e, i)));
  if (norm == 0) return OK;
  for (let i = 0; i < n; i++) set(d, i, at(d, i) / norm);
  for (let i = 0; i + 1 < n; i++) set(e, i, at(e, i) / norm);
  const status = conquer(work, n, d, e, q, ldq, space);
  for (let i = 0; i < n; i++) set(d, i, at(d, i) * norm);
  return status;
}

function conquer(work: usize, n: i32, d: usize, e: usize, q: usize, ldq: i32, space: usize): i32 {
  if (n <= LEAF) return implicitQl(n, d, e, q, ldq);
  const n1 = n / 2, n2 = n - n1;
  const rho = at(e, n1 - 1);
  set(d, n1 - 1, at(d, n1 - 1) - abs(rho));
  set(d, n1, at(d, n1) - abs(rho));
  const q2 = q + (<usize>(n1 * ldq + n1) << 3);
  let status = conquer(work, n1, d, e, q, ldq, space);
  if (status != OK) return status;
  status = conquer(work, n2, d + (<usize>n1 << 3), e + (<usize>n1 << 3), q2, ldq, space);
  if (status != OK) return status;
  return merge(work, n1, n2, rho, d, q, ldq, space);
}

/** What the shared loops of a merge read. */
@unmanaged class Merge {
  k: i32;
  rho: f64;
  /** Poles, weights, recomputed weights, roots. */
  poles: usize; z: usize; weights: usize; roots: usize;
  /** Row j: the distances of the poles from root j; then the vector of root j. */
  s: usize;
  /** Where in the packed order each pole's vector lies. */
  place: usize;
}

/**
 * The eigenproblem of two solved halves and ρ between them. In the end d and q are sorted again.
 * Workspace: packed vectors and secular vectors (n × n each), 8 n.
 */
function merge(work: usize, n1: i32, n2: i32, e: f64, d: usize, q: usize, ldq: i32, space: usize): i32 {
  const n = n1 + n2;
  const packed = space;
  const s = packed + (<usize>n * <usize>n << 3);
  const z = s + (<usize>n * <usize>n << 3);
  const poles = z + (<usize>n << 3);
  const weights = poles + (<usize>n << 3);
  const roots = weights + (<usize>n << 3);
  const kept = roots + (<usize>n << 3);
  // five lists of int32 in the rest
  const order = kept + (<usize>n << 2);
  const type = order + (<usize>n << 2);
  const place = type + (<usize>n << 2);
  const gone = place + (<usize>n << 2);

  // z is the last row of Q1ᵀ and the first of Q2ᵀ, made of norm one
  const sign: f64 = e < 0 ? -1 : 1;
  const half = sqrt(0.5);
  let largest: f64 = 0;
  for (let i = 0; i < n; i++) {
    const value = i < n1 ? at(q, i * ldq + n1 - 1) : sign * at(q, i * ldq + n1);
    set(z, i, value * half);
    largest = max(largest, max(abs(value * half), abs(at(d, i))));
    setIndex(type, i, i < n1 ? 1 : 3);
  }
  const rho = 2 * abs(e);
  const tolerance = 8 * EPS * largest;
  // both halves are ascending
  for (let i = 0, a = 0, b = n1; i < n; i++) {
    const takesFirst = b == n || (a < n1 && at(d, a) <= at(d, b));
    setIndex(order, i, takesFirst ? a++ : b++);
  }
  let k = 0, deflated = 0;
  let pending = -1;
  for (let i = 0; i < n; i++) {
    const next = index(order, i);
    if (rho * abs(at(z, next)) <= tolerance) {
      setIndex(gone, deflated++, next);
      continue;
    }
    if (pending >= 0) {
      // a rotation that makes the pending weight zero, where that changes nothing of the matrix
      const size = hypotenuse(at(z, next), at(z, pending));
      const c = at(z, next) / size, sine = -at(z, pending) / size;
      const gap = at(d, next) - at(d, pending);
      if (abs(gap * c * sine) <= tolerance) {
        set(z, next, size);
        set(z, pending, 0);
        if (index(type, next) != index(type, pending)) setIndex(type, next, 2);
        // Givens: pending ← c·pending + s·next, next ← c·next − s·pending
        rotate(n, q + (<usize>(pending * ldq) << 3), q + (<usize>(next * ldq) << 3), c, -sine);
        const a = at(d, pending), b = at(d, next);
        set(d, next, a * sine * sine + b * c * c);
        set(d, pending, a * c * c + b * sine * sine);
        setIndex(gone, deflated++, pending);
      } else {
        setIndex(kept, k++, pending);
      }
    }
    pending = next;
  }
  if (pending >= 0) setIndex(kept, k++, pending);

  // the kept vectors packed by type: from the first half, mixed, from the second half
  let count1 = 0, count2 = 0;
  for (let i = 0; i < k; i++) {
    const t = index(type, index(kept, i));
    if (t == 1) count1++;
    else if (t == 2) count2++;
  }
  let next1 = 0, next2 = count1, next3 = count1 + count2;
  for (let i = 0; i < k; i++) {
    const from = index(kept, i);
    const t = index(type, from);
    const to = t == 1 ? next1++ : t == 2 ? next2++ : next3++;
    setIndex(place, i, to);
    memory.copy(packed + (<usize>(to * n) << 3), q + (<usize>(from * ldq) << 3), <usize>n << 3);
    set(poles, i, at(d, from));
    set(weights, i, at(z, from));
  }
  // deflated vectors wait behind them, their values behind the roots
  for (let i = 0; i < deflated; i++) {
    const from = index(gone, i);
    memory.copy(packed + (<usize>((k + i) * n) << 3), q + (<usize>(from * ldq) << 3), <usize>n << 3);
    set(roots, k + i, at(d, from));
  }
  for (let i = 0; i < k; i++) set(z, i, at(weights, i));

  if (k > 0) {
    const shared = changetype<Merge>(work + CONTEXT);
    shared.k = k; shared.rho = rho; shared.poles = poles; shared.z = z; shared.weights = weights;
    shared.roots = roots; shared.s = s; shared.place = place;
    if (!eachRoot(work, k, solveRoots)) return CANCELLED;
    for (let i = 0; i < k; i++) if (isNaN(at(roots, i))) return NOT_CONVERGED;
    if (!eachRoot(work, k, recomputeWeights)) return CANCELLED;
    if (!eachRoot(work, k, makeVectors)) return CANCELLED;
  }
  // all values ascending: roots and deflated ones
  for (let i = 0; i < n; i++) setIndex(order, i, i);
  sortIndices(n, order, roots, kept);
  for (let i = 0; i < n; i++) set(d, i, at(roots, index(order, i)));
  // row i of the new vectors is row order[i] of S times the packed ones: S's rows are put in that order first
  const rows = z;
  let used = 0;
  for (let i = 0; i < n; i++) {
    const from = index(order, i);
    const target = q + (<usize>(i * ldq) << 3);
    if (from >= k) {
      memory.copy(target, packed + (<usize>(from * n) << 3), <usize>n << 3);
    } else {
      setIndex(rows, used++, i);
    }
  }
  if (k == 0) return OK;
  return multiply(work, n, n1, k, count1, count2, s, packed, q, ldq, rows);
}

/**
 * The vectors of the roots: S (k × k, rows in the packed order) times the packed vectors, of which those of the first
 * half are zero beyond column n1 and those of the second before it. `rows` has the row of each; roots are ascending, so
 * their order is kept.
 */
function multiply(
  work: usize, n: i32, n1: i32, k: i32, count1: i32, count2: i32,
  s: usize, packed: usize, q: usize, ldq: i32, rows: usize,
): i32 {
  const count3 = k - count1 - count2;
  const from2 = <usize>(count1 * n) << 3;
  // runs of adjacent rows go in one product each; without deflation there is one run
  for (let first = 0; first < k; ) {
    let end = first + 1;
    while (end < k && index(rows, end) == index(rows, end - 1) + 1) end++;
    const m = end - first;
    const left = s + (<usize>(first * k) << 3);
    const target = q + (<usize>(index(rows, first) * ldq) << 3);
    if (!wideProduct<f64>(work, m, n1, count1 + count2, 1, left, k, 1, packed, n, 1, target, ldq, false, false)) return CANCELLED;
    const right = left + (<usize>count1 << 3), below = packed + from2 + (<usize>n1 << 3);
    const corner = target + (<usize>n1 << 3);
    if (!wideProduct<f64>(work, m, n - n1, count2 + count3, 1, right, k, 1, below, n, 1, corner, ldq, false, false)) return CANCELLED;
    first = end;
  }
  return OK;
}

function solveRoots(work: usize, piece: i32, context: usize): void {
  const m = changetype<Merge>(context);
  const k = m.k;
  const end = min(k, (piece + 1) * ROOTS_EACH);
  for (let j = piece * ROOTS_EACH; j < end; j++) {
    set(m.roots, j, secularRoot(k, j, m.poles, m.z, m.rho, m.s + (<usize>(j * k) << 3)));
  }
}

/**
 * Weights whose secular equation has exactly these roots (Gu & Eisenstat, eq. 3.3): a product over all roots for each
 * pole, those of the piece side by side.
 */
function recomputeWeights(work: usize, piece: i32, context: usize): void {
  const m = changetype<Merge>(context);
  const k = m.k;
  const first = piece * ROOTS_EACH, count = min(ROOTS_EACH, k - first);
  const products = work + GEMM_END, poles = m.poles + (<usize>first << 3);
  for (let c = 0; c < count; c++) set(products, c, 1);
  for (let j = 0; j < k; j++) {
    const row = m.s + (<usize>(j * k + first) << 3);
    const other = at(m.poles, j), splat = f64x2.splat(other);
    let c = 0;
    if (j < first || j >= first + count) {
      for (; c + 2 <= count; c += 2) {
        const p = <usize>c << 3;
        const ratio = f64x2.div(v128.load(row + p), f64x2.sub(v128.load(poles + p), splat));
        v128.store(products + p, f64x2.mul(v128.load(products + p), ratio));
      }
    }
    for (; c < count; c++) set(products, c, at(products, c) * (first + c == j ? at(row, c) : at(row, c) / (at(poles, c) - other)));
  }
  for (let c = 0; c < count; c++) {
    const size = sqrt(abs(at(products, c)));
    set(m.weights, first + c, at(m.z, first + c) < 0 ? -size : size);
  }
}

/** Row j: weights over distances, of norm one, in the packed order. The distances are read first. */
function makeVectors(work: usize, piece: i32, context: usize): void {
  const m = changetype<Merge>(context);
  const k = m.k, weights = m.weights, place = m.place;
  const temporary = work + GEMM_END;
  const end = min(k, (piece + 1) * ROOTS_EACH);
  for (let j = piece * ROOTS_EACH; j < end; j++) {
    const row = m.s + (<usize>(j * k) << 3);
    let i = 0;
    for (; i + 2 <= k; i += 2) {
      const p = <usize>i << 3;
      v128.store(temporary + p, f64x2.div(v128.load(weights + p), v128.load(row + p)));
    }
    if (i < k) set(temporary, i, at(weights, i) / at(row, i));
    const factor = 1 / sqrt(dot(k, temporary, temporary));
    scatter(k, temporary, factor, place, row);
  }
}
