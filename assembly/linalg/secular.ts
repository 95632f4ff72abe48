/**
 * The secular equation 1 + ρ·Σ zᵢ²/(dᵢ − λ) = 0 of a rank-one update of a diagonal matrix (d ascending and distinct,
 * z ≠ 0, ρ > 0): root j lies between dⱼ and dⱼ₊₁, the last one below d_last + ρ·‖z‖².
 *
 * The "middle way" (R.-C. Li, LAPACK Working Note 89, 1993): all but the next two poles are frozen for a first guess;
 * from there f is split into the poles left and right of the root, each side interpolated by one pole, and the resulting
 * quadratic solved. A bracket around the root safeguards it, halving whenever a step leaves the bracket or gains too
 * little. Distances dᵢ − λ are kept relative to the nearer pole, so they are right to their last digits even where λ
 * itself cannot tell it from the pole. Some 5 rounds a root, each one division and six operations a pole.
 */
import { Body, parallelFor } from '../team';
import { at, sum } from './vector';

const EPS: f64 = 2.220446049250313e-16;
const MOST: i32 = 100;
/** From this many roots on threads share them. */
const WIDE_ROOTS: i32 = 128;
export const ROOTS_EACH: i32 = 16;
/** Where the arguments of shared loops lie: within the arena's first kilobyte, beside those of the product. */
export const CONTEXT: usize = 64 + 896;

/**
 * Runs `body` for pieces of ROOTS_EACH of k roots, on all threads where there are many; it finds its arguments, which
 * both kinds of merges lay out for themselves, at `work + CONTEXT`. False when cancelled.
 */
export function eachRoot(work: usize, k: i32, body: Body): bool {
  const pieces = (k + ROOTS_EACH - 1) / ROOTS_EACH;
  if (k >= WIDE_ROOTS) return parallelFor(work, pieces, body.index, work + CONTEXT);
  for (let i = 0; i < pieces; i++) body(work, i, work + CONTEXT);
  return true;
}

/** Σ zᵢ²/((dᵢ − base) − τ) over all i. */
function valueAt(k: i32, d: usize, z: usize, base: f64, tau: f64): f64 {
  const origin = f64x2.splat(base), shift = f64x2.splat(tau);
  let s0 = f64x2.splat(0), s1 = s0;
  const end = d + (<usize>k << 3);
  for (; d + 32 <= end; d += 32, z += 32) {
    const z0 = v128.load(z), z1 = v128.load(z, 16);
    s0 = f64x2.add(s0, f64x2.div(f64x2.mul(z0, z0), f64x2.sub(f64x2.sub(v128.load(d), origin), shift)));
    s1 = f64x2.add(s1, f64x2.div(f64x2.mul(z1, z1), f64x2.sub(f64x2.sub(v128.load(d, 16), origin), shift)));
  }
  let value = sum(f64x2.add(s0, s1));
  for (; d < end; d += 8, z += 8) value += load<f64>(z) * load<f64>(z) / (load<f64>(d) - base - tau);
  return value;
}

/** (Σ zᵢ²/(δᵢ − τ), Σ zᵢ²/(δᵢ − τ)²) over from ≤ i < to. */
function poleSums(from: i32, to: i32, delta: usize, z: usize, tau: f64): v128 {
  const shift = f64x2.splat(tau);
  let s0 = f64x2.splat(0), s1 = s0, r0 = s0, r1 = s0;
  let p = delta + (<usize>from << 3), q = z + (<usize>from << 3);
  const end = delta + (<usize>to << 3);
  for (; p + 32 <= end; p += 32, q += 32) {
    const z0 = v128.load(q), z1 = v128.load(q, 16);
    const t0 = f64x2.div(z0, f64x2.sub(v128.load(p), shift)), t1 = f64x2.div(z1, f64x2.sub(v128.load(p, 16), shift));
    s0 = f64x2.add(s0, f64x2.mul(z0, t0)); s1 = f64x2.add(s1, f64x2.mul(z1, t1));
    r0 = f64x2.add(r0, f64x2.mul(t0, t0)); r1 = f64x2.add(r1, f64x2.mul(t1, t1));
  }
  let value = sum(f64x2.add(s0, s1)), slope = sum(f64x2.add(r0, r1));
  for (; p < end; p += 8, q += 8) {
    const t = load<f64>(q) / (load<f64>(p) - tau);
    value += load<f64>(q) * t;
    slope += t * t;
  }
  return f64x2(value, slope);
}

/** As `poleSums` of zᵢ²/((δᵢ − τ)·(δᵢ + twice)): poles and root squared. */
function squareSums(from: i32, to: i32, delta: usize, z: usize, tau: f64, twice: f64): v128 {
  const shift = f64x2.splat(tau), above = f64x2.splat(twice);
  let s0 = f64x2.splat(0), s1 = s0, r0 = s0, r1 = s0;
  let p = delta + (<usize>from << 3), q = z + (<usize>from << 3);
  const end = delta + (<usize>to << 3);
  for (; p + 32 <= end; p += 32, q += 32) {
    const d0 = v128.load(p), d1 = v128.load(p, 16), z0 = v128.load(q), z1 = v128.load(q, 16);
    const t0 = f64x2.div(z0, f64x2.mul(f64x2.sub(d0, shift), f64x2.add(d0, above)));
    const t1 = f64x2.div(z1, f64x2.mul(f64x2.sub(d1, shift), f64x2.add(d1, above)));
    s0 = f64x2.add(s0, f64x2.mul(z0, t0)); s1 = f64x2.add(s1, f64x2.mul(z1, t1));
    r0 = f64x2.add(r0, f64x2.mul(t0, t0)); r1 = f64x2.add(r1, f64x2.mul(t1, t1));
  }
  let value = sum(f64x2.add(s0, s1)), slope = sum(f64x2.add(r0, r1));
  for (; p < end; p += 8, q += 8) {
    const d = load<f64>(p);
    const t = load<f64>(q) / ((d - tau) * (d + twice));
    value += load<f64>(q) * t;
    slope += t * t;
  }
  return f64x2(value, slope);
}

/** to[i] = from[i] − value. */
function subtractFrom(k: i32, from: usize, value: f64, to: usize): void {
  const v = f64x2.splat(value);
  const end = from + (<usize>k << 3);
  for (; from + 16 <= end; from += 16, to += 16) v128.store(to, f64x2.sub(v128.load(from), v));
  if (from < end) store<f64>(to, load<f64>(from) - value);
}

/**
 * Where to begin: the root of c + zⱼ²/(0 − t) + zⱼ₊₁²/(gap − t) relative to the nearer pole, c being what the other poles
 * make in the middle (LAPACK Working Note 89, section 4). `f` is the whole function there, which says which pole is near.
 */
function guess(f: f64, gap: f64, square: f64, next: f64): f64 {
  // with the poles −gap/2 and gap/2 away
  const c = f + (square - next) / (0.5 * gap);
  if (f >= 0) {
    const a = c * gap + square + next, b = square * gap;
    const root = sqrt(abs(a * a - 4 * b * c));
    return a > 0 ? 2 * b / (a + root) : (a - root) / (2 * c);
  }
  const a = c * gap - square - next, b = next * gap;
  const root = sqrt(abs(a * a + 4 * b * c));
  return a < 0 ? 2 * b / (a - root) : -(a + root) / (2 * c);
}

/** Root `j` of k: dᵢ − λ goes to delta[i]; answers λ, or NaN when it was not found within the bound. */
export function secularRoot(k: i32, j: i32, d: usize, z: usize, rho: f64, delta: usize): f64 {
  const dj = at(d, j);
  const isLast = j + 1 == k;
  const one = 1 / rho;
  let low: f64 = 0, high: f64, tau: f64;
  let origin = j;
  if (isLast) {
    let norm: f64 = 0;
    for (let i = 0; i < k; i++) norm += at(z, i) * at(z, i);
    high = rho * norm;
    tau = 0.5 * high;
  } else {
    // which pole the root is nearer to, by the sign in the middle
    const gap = at(d, j + 1) - dj;
    const middle = gap * 0.5;
    const f = one + valueAt(k, d, z, dj, middle);
    if (f < 0) {
      origin = j + 1;
      low = middle - gap;
      high = 0;
    } else {
      high = middle;
    }
    tau = guess(f, gap, at(z, j) * at(z, j), at(z, j + 1) * at(z, j + 1));
    if (!(tau > low && tau < high)) tau = (low + high) * 0.5;
  }
  const base = at(d, origin);
  subtractFrom(k, d, base, delta);
  const left = at(delta, j), right = isLast ? <f64>0 : at(delta, j + 1);
  let before: f64 = Infinity;
  for (let round = 0; ; round++) {
    if (round == MOST) return NaN;
    const below = poleSums(0, j + 1, delta, z, tau), above = poleSums(j + 1, k, delta, z, tau);
    const psi = f64x2.extract_lane(below, 0), dpsi = f64x2.extract_lane(below, 1);
    const phi = f64x2.extract_lane(above, 0), dphi = f64x2.extract_lane(above, 1);
    const f = one + psi + phi;
    const slope = dpsi + dphi;
    if (f > 0) high = tau; else low = tau;
    const error = 8 * (phi - psi) + one + abs(tau) * slope;
    if (abs(f) <= EPS * error || high - low <= 2 * EPS * max(abs(low), abs(high))) break;
    let next: f64;
    if (isLast) {
      const gone = left - tau;
      const s = gone * gone * slope, c = f - gone * slope;
      next = c > 0 ? tau + gone + s / c : high;
    } else {
      const a1 = left - tau, a2 = right - tau;
      const c = f - a1 * dpsi - a2 * dphi;
      const a = (a1 + a2) * f - a1 * a2 * slope;
      const b = a1 * a2 * f;
      const root = sqrt(max(a * a - 4 * b * c, 0));
      next = tau + (a <= 0 ? (c == 0 ? b / a : (a - root) / (2 * c)) : 2 * b / (a + root));
    }
    // a step that gains less than a halving in two rounds is replaced by one
    if (!(next > low && next < high) || (round % 3 == 2 && abs(f) > 0.5 * before)) next = within(low, high);
    if (round % 3 == 2) before = abs(f);
    if (next == tau) break;
    tau = next;
  }
  subtractFrom(k, delta, tau, delta);
  return base + tau;
}

/**
 * Root `j` of 1 + Σ zᵢ²/(dᵢ² − σ²) = 0, the singular values of a diagonal matrix with its first row replaced by z: d
 * ascending and distinct, d₀ = 0. dᵢ − σ goes to delta[i]; answers σ, or NaN. As `secularRoot`, with steps taken in σ² (dlasd4).
 */
export function singularRoot(k: i32, j: i32, d: usize, z: usize, delta: usize): f64 {
  const dj = at(d, j);
  const isLast = j + 1 == k;
  let low: f64 = 0, high: f64, tau: f64;
  let origin = j;
  if (isLast) {
    let norm: f64 = 0;
    for (let i = 0; i < k; i++) norm += at(z, i) * at(z, i);
    high = norm / (dj + sqrt(dj * dj + norm));
    tau = 0.5 * high;
  } else {
    const next = at(d, j + 1), gap = next - dj;
    const square = at(z, j) * at(z, j), squareNext = at(z, j + 1) * at(z, j + 1);
    // the middle of the squares, as a distance from dⱼ
    const gapSquares = gap * (next + dj);
    const middle = 0.5 * gapSquares / (dj + sqrt(dj * dj + 0.5 * gapSquares));
    subtractFrom(k, d, dj, delta);
    const f = 1 + f64x2.extract_lane(squareSums(0, k, delta, z, middle, dj + dj + middle), 0);
    const step = guess(f, gapSquares, square, squareNext);
    if (f < 0) {
      origin = j + 1;
      low = middle - gap;
      high = 0;
      tau = step / (next + sqrt(next * next + step));
    } else {
      high = middle;
      tau = step / (dj + sqrt(dj * dj + step));
    }
    if (!(tau > low && tau < high)) tau = (low + high) * 0.5;
  }
  const base = at(d, origin);
  subtractFrom(k, d, base, delta);
  const left = at(delta, j), right = isLast ? <f64>0 : at(delta, j + 1);
  const dNext = isLast ? <f64>0 : at(d, j + 1);
  let before: f64 = Infinity;
  for (let round = 0; ; round++) {
    if (round == MOST) return NaN;
    const sigma = base + tau;
    const below = squareSums(0, j + 1, delta, z, tau, base + sigma), above = squareSums(j + 1, k, delta, z, tau, base + sigma);
    const psi = f64x2.extract_lane(below, 0), dpsi = f64x2.extract_lane(below, 1);
    const phi = f64x2.extract_lane(above, 0), dphi = f64x2.extract_lane(above, 1);
    const f = 1 + psi + phi;
    const slope = dpsi + dphi;
    if (f > 0) high = tau; else low = tau;
    // how much the place itself is unsure of, in σ²
    const error = 8 * (phi - psi) + 1 + abs(tau) * (abs(sigma) + abs(base)) * slope;
    if (abs(f) <= EPS * error || high - low <= 2 * EPS * max(abs(low), abs(high))) break;
    let step: f64;
    if (isLast) {
      const gone = (left - tau) * (dj + sigma);
      const s = gone * gone * slope, c = f - gone * slope;
      step = c > 0 ? gone + s / c : Infinity;
    } else {
      const a1 = (left - tau) * (dj + sigma), a2 = (right - tau) * (dNext + sigma);
      const c = f - a1 * dpsi - a2 * dphi;
      const a = (a1 + a2) * f - a1 * a2 * slope;
      const b = a1 * a2 * f;
      const root = sqrt(max(a * a - 4 * b * c, 0));
      step = a <= 0 ? (c == 0 ? b / a : (a - root) / (2 * c)) : 2 * b / (a + root);
    }
    const square = sigma * sigma + step;
    let next = square > 0 ? tau + step / (sigma + sqrt(square)) : low;
    if (!(next > low && next < high) || (round % 3 == 2 && abs(f) > 0.5 * before)) next = within(low, high);
    if (round % 3 == 2) before = abs(f);
    if (next == tau) break;
    tau = next;
  }
  subtractFrom(k, delta, tau, delta);
  return base + tau;
}

/** A place within a bracket: its middle, or nearer to the pole where one side is one, as roots may be near it by magnitudes. */
function within(low: f64, high: f64): f64 {
  if (low == 0) return high * 0.0625;
  if (high == 0) return low * 0.0625;
  return low + (high - low) * 0.5;
}
