/**
 * One step of iterative refinement in working precision, where it helps (Skeel, Math. Comp. 35, 1980; Higham, Accuracy and
 * Stability of Numerical Algorithms, 12.2): where x's backward error row by row, ω = max |b − Ax|ᵢ/(|A||x| + |b|)ᵢ, is above
 * 4√n·ε. Partial pivoting keeps ω near ε unless rows are scaled badly or elements grow, and a step then nearly always does.
 *
 * ω is that of up to 8 right-hand sides: B's columns, or where there are more, sums of every eighth of them, each scaled to
 * its solution's size; A is read once for all. 4n² flops for each, and 2n² + 2n² for each column where the step is taken.
 * Workspace: `refineSpace` elements.
 */
import { EDGE, wideProduct } from '../gemm';
import { Body, parallelFor } from '../team';
import { real, setReal } from './copy';

/** The most right-hand sides that are looked at. */
const PROBES: i32 = 8;
/** Rows of A that an iteration looks at. */
const ROWS: i32 = 64;
/** Where a look at A says what it is, behind what products and triangles say. */
const CONTEXT: usize = EDGE + 896;

/** Rows of `a` with probes' solutions and right-hand sides, each n elements; `found` gets the largest ω of each iteration. */
@unmanaged class Look {
  n: i32; count: i32;
  a: usize; x: usize; b: usize; found: usize;
}

/** Elements of workspace of `backwardError`. */
export function refineSpace(n: i32, k: i32): usize {
  return <usize>(2 * min(k, PROBES) * n + (n + ROWS - 1) / ROWS);
}

/** Whether a step helps: 1, 0, or −1 when cancelled. a n × n, x and b n × k. */
export function asksForStep<T>(work: usize, n: i32, k: i32, a: usize, b: usize, x: usize, space: usize): i32 {
  const count = min(k, PROBES);
  if (count == 0) return 0;
  const look = changetype<Look>(work + CONTEXT);
  const p = space, q = p + <usize>(count * n) * sizeof<T>(), found = q + <usize>(count * n) * sizeof<T>();
  sumColumns<T>(n, k, count, x, b, p, q);
  look.n = n; look.count = count; look.a = a; look.x = p; look.b = q; look.found = found;
  const pieces = (n + ROWS - 1) / ROWS;
  const body: Body = sizeof<T>() == 8 ? lookF64 : lookF32;
  if (!parallelFor(work, pieces, body.index, work + CONTEXT)) return -1;
  let most: T = 0;
  for (let i = 0; i < pieces; i++) most = max<T>(most, real<T>(found, <usize>i));
  const eps: T = sizeof<T>() == 8 ? <T>2.220446049250313e-16 : <T>1.1920929e-7;
  return most > <T>4 * sqrt<T>(<T>n) * eps ? 1 : 0;
}

/** p and q (count × n): columns of x and b, or sums of every `count`-th of them in units of x's columns' largest elements. */
function sumColumns<T>(n: i32, k: i32, count: i32, x: usize, b: usize, p: usize, q: usize): void {
  if (k > count) memory.fill(p, 0, 2 * <usize>(count * n) * sizeof<T>());
  for (let j = 0; j < k; j++) {
    const at = <usize>(j % count) * <usize>n;
    if (k == count) {
      for (let i: usize = 0; i < <usize>n; i++) {
        setReal<T>(p, at + i, real<T>(x, i * <usize>k + <usize>j));
        setReal<T>(q, at + i, real<T>(b, i * <usize>k + <usize>j));
      }
      continue;
    }
    let most: T = 0;
    for (let i: usize = 0; i < <usize>n; i++) most = max<T>(most, abs<T>(real<T>(x, i * <usize>k + <usize>j)));
    const scale = <T>1 / most;
    if (!(scale < <T>Infinity)) continue;
    for (let i: usize = 0; i < <usize>n; i++) {
      setReal<T>(p, at + i, real<T>(p, at + i) + real<T>(x, i * <usize>k + <usize>j) * scale);
      setReal<T>(q, at + i, real<T>(q, at + i) + real<T>(b, i * <usize>k + <usize>j) * scale);
    }
  }
}

function lookAt<T>(index: i32, look: Look): void {
  const n = look.n, end = min(n, (index + 1) * ROWS);
  const row = <usize>n * sizeof<T>();
  let most: T = 0;
  for (let i = index * ROWS; i < end; i++) {
    for (let c = 0; c < look.count; c++) {
      const b = real<T>(look.b, <usize>(c * n + i));
      const omega = rowError<T>(n, look.a + <usize>i * row, look.x + <usize>c * row, b);
      // a NaN stays, and asks for nothing
      most = max<T>(most, omega);
    }
  }
  setReal<T>(look.found, <usize>index, most);
}
function lookF64(_work: usize, index: i32, context: usize): void {
  lookAt<f64>(index, changetype<Look>(context));
}
function lookF32(_work: usize, index: i32, context: usize): void {
  lookAt<f32>(index, changetype<Look>(context));
}

/** |b − aᵀx|/(|a|ᵀ|x| + |b|). */
function rowError<T>(n: i32, a: usize, x: usize, b: T): T {
  let s0 = v128.splat<T>(<T>0), s1 = s0, t0 = s0, t1 = s0;
  const end = a + <usize>n * sizeof<T>();
  for (; a + 32 <= end; a += 32, x += 32) {
    const p = v128.mul<T>(v128.load(a), v128.load(x)), q = v128.mul<T>(v128.load(a, 16), v128.load(x, 16));
    s0 = v128.add<T>(s0, p);
    s1 = v128.add<T>(s1, q);
    t0 = v128.add<T>(t0, v128.abs<T>(p));
    t1 = v128.add<T>(t1, v128.abs<T>(q));
  }
  let sum = total<T>(v128.add<T>(s0, s1)), size = total<T>(v128.add<T>(t0, t1));
  for (; a < end; a += sizeof<T>(), x += sizeof<T>()) {
    const product = load<T>(a) * load<T>(x);
    sum += product;
    size += abs<T>(product);
  }
  size += abs<T>(b);
  return size == <T>0 ? <T>0 : abs<T>(b - sum) / size;
}

// @ts-ignore: decorator
@inline function total<T>(v: v128): T {
  if (sizeof<T>() == 8) return <T>(f64x2.extract_lane(v, 0) + f64x2.extract_lane(v, 1));
  const two = f32x4.add(v, v128.shuffle<f32>(v, v, 2, 3, 0, 1));
  return <T>(f32x4.extract_lane(two, 0) + f32x4.extract_lane(two, 1));
}

/** r (n × k) ← b − a·x. False when cancelled. */
export function residualOf<T>(work: usize, n: i32, k: i32, a: usize, b: usize, x: usize, r: usize): bool {
  memory.copy(r, b, <usize>n * <usize>k * sizeof<T>());
  return wideProduct<T>(work, n, k, n, <T>-1, a, n, 1, x, k, 1, r, k, true, false);
}

/** x ← x + d where all of d is finite. */
export function addStep<T>(count: usize, x: usize, d: usize): void {
  let poison: T = 0;
  for (let i: usize = 0; i < count; i++) poison += real<T>(d, i) * <T>0;
  if (poison != <T>0) return;
  for (let i: usize = 0; i < count; i++) setReal<T>(x, i, real<T>(x, i) + real<T>(d, i));
}
