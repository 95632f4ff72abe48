/**
 * Systems, inverses and determinants as kernels call them: batches of row-major matrices, `wide` 1 for float64 and 0 for
 * float32, worked on in that precision. Inputs are copied, not overwritten. Each answers a status; scratch is what one
 * matrix needs. General systems by LU (lu.ts), positive ones by Cholesky (cholesky.ts), triangles as they are.
 */
import { CANCELLED, NOT_POSITIVE, OK, SINGULAR } from '../status';
import { Body } from '../team';
import { Call, launch, newCall, report, scratchOf, size } from './batch';
import { choleskyFactor } from './cholesky';
import { copyUpper, real, setReal } from './copy';
import { exchangeRows, luFactor, permutation } from './lu';
import { addStep, asksForStep, refineSpace, residualOf } from './refine';
import { invertUpper, solveRight as solveRightOf, solveRightBack, solveTriangle } from './triangular';

/** `form` of `solve`. */
const GENERAL: i32 = 0;
const POSITIVE: i32 = 1;
const LOWER: i32 = 2;
/** Bits beside LOWER and UPPER: the matrix is used transposed, its diagonal is ones. */
const UPPER: i32 = 3;
const TRANSPOSED: i32 = 4;
const UNIT: i32 = 8;

/**
 * A·X = B, A n × n, B and X n × k. General systems by LU with one step of refinement where it helps (refine.ts); SINGULAR
 * when a pivot is zero. Scratch: n·n + n·k + refineSpace(n, k) elements and n int32.
 */
export function solve(
  work: usize, wide: i32, batch: i32, form: i32, n: i32, k: i32, a: usize, b: usize, x: usize, scratch: usize,
): i32 {
  const call = newCall(work, n, n, k);
  call.option = form;
  call.p0 = a; call.p1 = b; call.p2 = x;
  call.s0 = <usize>n * <usize>n * size(wide);
  call.s1 = call.s2 = <usize>n * <usize>k * size(wide);
  const body: Body = wide ? solveF64 : solveF32;
  return launch(work, batch, body, call, scratch, call.s0 + call.s1 + refineSpace(n, k) * size(wide) + 4 * <usize>n);
}

function solveOne<T>(work: usize, index: i32, call: Call): void {
  const n = call.n, k = call.k, form = call.option & 3;
  const a = call.p0 + <usize>index * call.s0, b = call.p1 + <usize>index * call.s1, x = call.p2 + <usize>index * call.s2;
  memory.copy(x, b, call.s2);
  let isDone = true;
  if (form == LOWER || form == UPPER) {
    const isUnit = (call.option & UNIT) != 0;
    if (!isUnit && hasZeroPivot<T>(n, a)) {
      report(call, SINGULAR);
      return;
    }
    isDone = solveTriangle<T>(work, n, k, form == LOWER, (call.option & TRANSPOSED) != 0, isUnit, a, x);
  } else {
    const f = scratchOf(work, call), r = f + call.s0, space = r + call.s1;
    const pivots = space + refineSpace(n, k) * sizeof<T>();
    memory.copy(f, a, call.s0);
    if (form == POSITIVE) {
      const failed = choleskyFactor<T>(work, n, f, n);
      if (failed != 0) {
        report(call, failed > 0 ? NOT_POSITIVE : CANCELLED);
        return;
      }
      isDone = solveTriangle<T>(work, n, k, true, false, false, f, x)
        && solveTriangle<T>(work, n, k, true, true, false, f, x);
    } else {
      isDone = luFactor<T>(work, n, n, f, n, pivots);
      if (isDone && hasZeroPivot<T>(n, f)) {
        report(call, SINGULAR);
        return;
      }
      isDone = isDone && solveFactored<T>(work, n, k, f, pivots, x) && refine<T>(work, n, k, a, b, f, pivots, r, x, space);
    }
  }
  if (!isDone) report(call, CANCELLED);
}
function solveF64(work: usize, index: i32, context: usize): void {
  solveOne<f64>(work, index, changetype<Call>(context));
}
function solveF32(work: usize, index: i32, context: usize): void {
  solveOne<f32>(work, index, changetype<Call>(context));
}

/**
 * X of X·Lᵀ = B (`upper` 0) or X·U = B (1), the triangle n × n, B and X m × n; what is beyond the triangle is not read. A zero on
 * the diagonal: SINGULAR, or with `zero` that column of X is zeros, as are the multipliers of a column that is eliminated
 * already; then also columns whose pivot is rounding error, in rows where the multiplier would be large. Scratch: none.
 */
export function solveRight(
  work: usize, wide: i32, m: i32, n: i32, upper: i32, zero: i32, t: usize, b: usize, x: usize,
): i32 {
  return wide ? rightOne<f64>(work, m, n, upper, zero, t, b, x) : rightOne<f32>(work, m, n, upper, zero, t, b, x);
}

function rightOne<T>(work: usize, m: i32, n: i32, upper: i32, zero: i32, t: usize, b: usize, x: usize): i32 {
  memory.copy(x, b, <usize>m * <usize>n * sizeof<T>());
  const rT = upper ? 1 : n, cT = upper ? n : 1;
  if (zero != 0) {
    if (hasSmallPivot<T>(n, t, rT, cT)) {
      rightRows<T>(m, n, t, rT, cT, x);
      return OK;
    }
  } else if (hasZeroPivot<T>(n, t)) {
    return SINGULAR;
  }
  return solveRightOf<T>(work, n, m, false, t, rT, cT, x, n) ? OK : CANCELLED;
}

/** What counts as rounding error in column j of the triangle: n·eps times the largest element of it. */
function noiseOf<T>(n: i32, t: usize, rT: i32, cT: i32, j: i32): T {
  let most: T = 0;
  for (let i = 0; i < j; i++) most = max<T>(most, abs<T>(real<T>(t, <usize>(j * rT + i * cT))));
  return most * <T>n * (sizeof<T>() == 8 ? <T>2.220446049250313e-16 : <T>1.1920928955078125e-7);
}

function hasSmallPivot<T>(n: i32, t: usize, rT: i32, cT: i32): bool {
  for (let j = 0; j < n; j++) {
    if (abs<T>(real<T>(t, <usize>(j * (rT + cT)))) <= noiseOf<T>(n, t, rT, cT, j)) return true;
  }
  return false;
}

/** Column by column from the left; t at (j, i) strides is element (i, j) of the upper triangle. */
function rightRows<T>(m: i32, n: i32, t: usize, rT: i32, cT: i32, x: usize): void {
  for (let j = 0; j < n; j++) {
    const pivot = real<T>(t, <usize>(j * (rT + cT)));
    const isSmall = abs<T>(pivot) <= noiseOf<T>(n, t, rT, cT, j);
    for (let i = 0; i < m; i++) {
      const row = x + <usize>(i * n) * sizeof<T>();
      let sum = real<T>(row, <usize>j);
      for (let k = 0; k < j; k++) sum -= real<T>(row, <usize>k) * real<T>(t, <usize>(j * rT + k * cT));
      // a NaN stays one
      if (isSmall && (pivot == 0 ? sum == sum : abs<T>(sum) > abs<T>(pivot))) sum = 0;
      else sum /= pivot;
      setReal<T>(row, j, sum);
    }
  }
}

function hasZeroPivot<T>(n: i32, a: usize): bool {
  for (let i = 0; i < n; i++) if (real<T>(a, <usize>i * <usize>(n + 1)) == <T>0) return true;
  return false;
}

function solveFactored<T>(work: usize, n: i32, k: i32, f: usize, pivots: usize, x: usize): bool {
  exchangeRows<T>(k, x, k, pivots, 0, n);
  return solveTriangle<T>(work, n, k, true, false, true, f, x) && solveTriangle<T>(work, n, k, false, false, false, f, x);
}

/** One step of refinement where refine.ts says that it helps. `r`: n × k elements, `space` for refine.ts. */
function refine<T>(
  work: usize, n: i32, k: i32, a: usize, b: usize, f: usize, pivots: usize, r: usize, x: usize, space: usize,
): bool {
  const answer = asksForStep<T>(work, n, k, a, b, x, space);
  if (answer <= 0) return answer == 0;
  if (!residualOf<T>(work, n, k, a, b, x, r) || !solveFactored<T>(work, n, k, f, pivots, r)) return false;
  addStep<T>(<usize>n * <usize>k, x, r);
  return true;
}

/**
 * A⁻¹, n × n (LAPACK's getri, 2n³ flops with the LU); when a pivot is zero SINGULAR, or with `infinite` all of it infinite.
 * Scratch: n·n elements and 4n int32.
 */
export function inv(
  work: usize, wide: i32, batch: i32, n: i32, infinite: i32, a: usize, out: usize, scratch: usize,
): i32 {
  const call = newCall(work, n, n, n);
  call.option = infinite;
  call.p0 = a; call.p1 = out;
  call.s0 = call.s1 = <usize>n * <usize>n * size(wide);
  const body: Body = wide ? invF64 : invF32;
  return launch(work, batch, body, call, scratch, call.s0 + 16 * <usize>n);
}

/** The factors of this iteration's matrix in the scratch, its pivots call.s0 bytes behind; 0 when the task was cancelled. */
function factored<T>(work: usize, index: i32, call: Call): usize {
  const n = call.n;
  const f = scratchOf(work, call);
  memory.copy(f, call.p0 + <usize>index * call.s0, call.s0);
  if (luFactor<T>(work, n, n, f, n, f + call.s0)) return f;
  report(call, CANCELLED);
  return 0;
}

function invOne<T>(work: usize, index: i32, call: Call): void {
  const n = call.n;
  const f = factored<T>(work, index, call), pivots = f + call.s0, x = call.p1 + <usize>index * call.s1;
  if (f == 0) return;
  if (hasZeroPivot<T>(n, f)) {
    if (call.option == 0) report(call, SINGULAR);
    else for (let i = 0; i < n * n; i++) setReal<T>(x, i, <T>Infinity);
    return;
  }
  // A⁻¹ = U⁻¹·L⁻¹·P: the triangle inverted, then X·L = U⁻¹, then columns where P puts them
  copyUpper<T>(n, n, f, n, x, n);
  if (!invertUpper<T>(work, n, x, n) || !solveRightBack<T>(work, n, n, true, f, n, 1, x, n)) {
    report(call, CANCELLED);
    return;
  }
  const order = pivots + (<usize>n << 2), spare = order + (<usize>n << 2);
  permutation(n, n, pivots, order);
  for (let i = 0; i < n; i++) {
    const row = x + <usize>(i * n) * sizeof<T>();
    memory.copy(spare, row, <usize>n * sizeof<T>());
    for (let j = 0; j < n; j++) setReal<T>(row, <usize>load<i32>(order + (<usize>j << 2)), real<T>(spare, <usize>j));
  }
}
function invF64(work: usize, index: i32, context: usize): void {
  invOne<f64>(work, index, changetype<Call>(context));
}
function invF32(work: usize, index: i32, context: usize): void {
  invOne<f32>(work, index, changetype<Call>(context));
}

/** The sign and log|det| of n × n matrices (both in T; 0 and −∞ when singular). Scratch: n·n elements and n int32. */
export function slogdet(
  work: usize, wide: i32, batch: i32, n: i32, a: usize, sign: usize, logdet: usize, scratch: usize,
): i32 {
  const call = newCall(work, n, n, 0);
  call.p0 = a; call.p1 = sign; call.p2 = logdet;
  call.s0 = <usize>n * <usize>n * size(wide); call.s1 = call.s2 = size(wide);
  const body: Body = wide ? slogdetF64 : slogdetF32;
  return launch(work, batch, body, call, scratch, call.s0 + 4 * <usize>n);
}

function slogdetOne<T>(work: usize, index: i32, call: Call): void {
  const n = call.n;
  const f = factored<T>(work, index, call), pivots = f + call.s0;
  if (f == 0) return;
  let sign: f64 = 1, sum: f64 = 0;
  for (let i = 0; i < n; i++) {
    const pivot = <f64>real<T>(f, <usize>i * <usize>(n + 1));
    if (load<i32>(pivots + (<usize>i << 2)) != i) sign = -sign;
    if (pivot < 0) sign = -sign;
    // keeps a NaN
    if (!(abs(pivot) > 0)) sign *= pivot;
    sum += NativeMath.log(abs(pivot));
  }
  // not −0
  setReal<T>(call.p1, <usize>index, <T>(sign == 0 ? 0 : sign));
  setReal<T>(call.p2, <usize>index, <T>(sign == 0 ? -Infinity : sum));
}
function slogdetF64(work: usize, index: i32, context: usize): void {
  slogdetOne<f64>(work, index, changetype<Call>(context));
}
function slogdetF32(work: usize, index: i32, context: usize): void {
  slogdetOne<f32>(work, index, changetype<Call>(context));
}

/** det of n × n matrices, the product of the pivots. Scratch as for `slogdet`. */
export function det(work: usize, wide: i32, batch: i32, n: i32, a: usize, out: usize, scratch: usize): i32 {
  const call = newCall(work, n, n, 0);
  call.p0 = a; call.p1 = out;
  call.s0 = <usize>n * <usize>n * size(wide);
  const body: Body = wide ? detF64 : detF32;
  return launch(work, batch, body, call, scratch, call.s0 + 4 * <usize>n);
}

function detOne<T>(work: usize, index: i32, call: Call): void {
  const n = call.n;
  const f = factored<T>(work, index, call), pivots = f + call.s0;
  if (f == 0) return;
  let value: f64 = 1;
  for (let i = 0; i < n; i++) {
    value *= <f64>real<T>(f, <usize>i * <usize>(n + 1));
    if (load<i32>(pivots + (<usize>i << 2)) != i) value = -value;
  }
  setReal<T>(call.p1, <usize>index, <T>value);
}
function detF64(work: usize, index: i32, context: usize): void {
  detOne<f64>(work, index, changetype<Call>(context));
}
function detF32(work: usize, index: i32, context: usize): void {
  detOne<f32>(work, index, changetype<Call>(context));
}
