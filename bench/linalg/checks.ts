/**
 * Whether results are right, before their times count: residuals in LAPACK's manner, in units of ε and the size, which
 * stay under 30. Matrices meet a few random vectors instead of each other, in plain loops that share no code with what is
 * measured: ‖(A − QR)·v‖ instead of ‖A − QR‖.
 */
import type { NDArray } from '../../dist/index.js';

/** A residual above this is an error, as in LAPACK's own tests. */
export const THRESHOLD = 30;

type Vector = ArrayLike<number>;

const probes = 3;

/** Uniform numbers from −½ to ½, the same every time (a linear congruence, Numerical Recipes). */
function probe(n: number, seed: number): Float64Array {
  let state = seed + 1;
  return Float64Array.from({ length: n }, () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state / 2 ** 32 - 0.5;
  });
}

/** a·v for a (m, n), or aᵀ·v. */
export function times({ data, shape }: NDArray, v: Vector, isTransposed = false): Float64Array {
  const [m, n] = shape as [number, number];
  const out = new Float64Array(isTransposed ? n : m);
  for (let i = 0; i < m; i++) {
    let sum = 0;
    for (let j = 0, at = i * n; j < n; j++, at++) {
      if (isTransposed) out[j]! += data[at]! * v[i]!;
      else sum += data[at]! * v[j]!;
    }
    if (!isTransposed) out[i] = sum;
  }
  return out;
}

export function norm(v: Vector): number {
  let sum = 0;
  for (let i = 0; i < v.length; i++) sum += v[i]! * v[i]!;
  return Math.sqrt(sum);
}

const away = (u: Vector, v: Vector): number => norm(Float64Array.from(u, (value, i) => value - v[i]!));

export const epsilon = ({ dtype }: NDArray): number => (dtype === 'float32' ? 2 ** -23 : 2 ** -52);

/** ‖left − right‖/(scale·n·ε) for linear maps of vectors of length n, of which `like` has the precision. */
export function sameMap(
  like: NDArray,
  n: number,
  scale: number,
  left: (v: Vector) => Vector,
  right: (v: Vector) => Vector,
): number {
  let worst = 0;
  for (let seed = 0; seed < probes; seed++) {
    const v = probe(n, seed);
    worst = Math.max(worst, away(left(v), right(v)) / (scale * norm(v) * n * epsilon(like)));
  }
  return worst;
}

/** How far a is from the product of the factors. */
export function sameProduct(a: NDArray, ...factors: readonly ((v: Vector) => Vector)[]): number {
  const product = (v: Vector): Vector => factors.reduceRight((u, factor) => factor(u), v);
  return sameMap(a, a.shape[1]!, norm(a.data), (v) => times(a, v), product);
}

/** How far the columns of q are from orthonormal, or its rows. */
export function orthonormal(q: NDArray, isTransposed = false): number {
  const n = q.shape[isTransposed ? 0 : 1]!;
  return sameMap(
    q,
    n,
    1,
    (v) => times(q, times(q, v, isTransposed), !isTransposed),
    (v) => v,
  );
}

/** ‖b − a·x‖/(‖a‖‖x‖nε) */
export function solves(a: NDArray, x: Vector, b: Vector): number {
  return away(times(a, x), b) / (norm(a.data) * norm(x) * a.shape[1]! * epsilon(a));
}

/** The largest distance of two lists of values, by the largest value, n and ε. */
export function sameValues(ours: Vector, theirs: Vector, n: number, precision: number): number {
  if (ours.length !== theirs.length) return Number.POSITIVE_INFINITY;
  let [worst, largest] = [0, 0];
  for (let i = 0; i < ours.length; i++) {
    const distance = Math.abs(ours[i]! - theirs[i]!);
    worst = Math.max(worst, distance);
    largest = Math.max(largest, Math.abs(theirs[i]!));
  }
  return worst === 0 ? 0 : worst / (largest * n * precision);
}
