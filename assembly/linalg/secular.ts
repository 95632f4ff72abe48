/**
 * The secular equation 1 + ρ·Σ zᵢ²/(dᵢ − λ) = 0 of a rank-one update of a diagonal matrix (d ascending and distinct,
 * z ≠ 0, ρ > 0): root j lies between dⱼ and dⱼ₊₁, the last one below d_last + ρ·‖z‖².
 *
 * The "middle way" (R.-C. Li, LAPACK Working Note 89, 1993): f is split into the poles left and right of the root, each
 * side interpolated by one pole, and the resulting quadratic solved; a bracket around the root safeguards it, halving
 * whenever a step leaves the bracket or gains too little. Distances dᵢ − λ are kept relative to the nearer pole, so they
 * are right to their last digits even where λ itself cannot tell it from the pole.
 */
import { Body, parallelFor } from '../team';
import { at, set } from './vector';

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

/** Root `j` of k: dᵢ − λ goes to delta[i]; answers λ, or NaN when it was not found within the bound. */
export function secularRoot(k: i32, j: i32, d: usize, z: usize, rho: f64, delta: usize): f64 {
  const dj = at(d, j);
  const isLast = j + 1 == k;
  let norm: f64 = 0;
  let gap: f64;
  if (isLast) {
    for (let i = 0; i < k; i++) norm += at(z, i) * at(z, i);
    gap = rho * norm;
  } else {
    gap = at(d, j + 1) - dj;
  }
  // which pole the root is nearer to, by the sign in the middle
  let low: f64 = 0, high = gap;
  let origin = j;
  if (!isLast) {
    const middle = gap * 0.5;
    let f: f64 = 1 / rho;
    for (let i = 0; i < k; i++) f += at(z, i) * at(z, i) / ((at(d, i) - dj) - middle);
    if (f < 0) {
      origin = j + 1;
      low = middle - gap;
      high = 0;
    } else {
      high = middle;
    }
  }
  const base = at(d, origin);
  for (let i = 0; i < k; i++) set(delta, i, at(d, i) - base);
  const left = at(delta, j), right = isLast ? <f64>0 : at(delta, j + 1);
  let tau = (low + high) * 0.5;
  let before: f64 = Infinity;
  for (let round = 0; ; round++) {
    if (round == MOST) return NaN;
    let psi: f64 = 0, dpsi: f64 = 0, phi: f64 = 0, dphi: f64 = 0;
    for (let i = 0; i <= j; i++) {
      const t = at(z, i) / (at(delta, i) - tau);
      psi += at(z, i) * t;
      dpsi += t * t;
    }
    for (let i = j + 1; i < k; i++) {
      const t = at(z, i) / (at(delta, i) - tau);
      phi += at(z, i) * t;
      dphi += t * t;
    }
    const one = 1 / rho;
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
  for (let i = 0; i < k; i++) set(delta, i, at(delta, i) - tau);
  return base + tau;
}

/**
 * Root `j` of 1 + Σ zᵢ²/(dᵢ² − σ²) = 0, the singular values of a diagonal matrix with its first row replaced by z: d
 * ascending and distinct, d₀ = 0. dᵢ − σ goes to delta[i]; answers σ, or NaN. As `secularRoot`, with steps taken in σ² (dlasd4).
 */
export function singularRoot(k: i32, j: i32, d: usize, z: usize, delta: usize): f64 {
  const dj = at(d, j);
  const isLast = j + 1 == k;
  let low: f64 = 0, high: f64;
  let origin = j;
  if (isLast) {
    let norm: f64 = 0;
    for (let i = 0; i < k; i++) norm += at(z, i) * at(z, i);
    high = norm / (dj + sqrt(dj * dj + norm));
  } else {
    const gap = at(d, j + 1) - dj;
    const middle = gap * 0.5;
    let f: f64 = 1;
    for (let i = 0; i < k; i++) {
      const di = at(d, i);
      f += at(z, i) * (at(z, i) / (((di - dj) - middle) * (di + dj + middle)));
    }
    if (f < 0) {
      origin = j + 1;
      low = middle - gap;
      high = 0;
    } else {
      high = middle;
    }
  }
  const base = at(d, origin);
  for (let i = 0; i < k; i++) set(delta, i, at(d, i) - base);
  const left = at(delta, j), right = isLast ? <f64>0 : at(delta, j + 1);
  const dNext = isLast ? <f64>0 : at(d, j + 1);
  let tau = (low + high) * 0.5;
  let before: f64 = Infinity;
  for (let round = 0; ; round++) {
    if (round == MOST) return NaN;
    const twice = base + base + tau;
    const sigma = base + tau;
    let psi: f64 = 0, dpsi: f64 = 0, phi: f64 = 0, dphi: f64 = 0;
    for (let i = 0; i <= j; i++) {
      const di = at(delta, i);
      const t = at(z, i) / ((di - tau) * (di + twice));
      psi += at(z, i) * t;
      dpsi += t * t;
    }
    for (let i = j + 1; i < k; i++) {
      const di = at(delta, i);
      const t = at(z, i) / ((di - tau) * (di + twice));
      phi += at(z, i) * t;
      dphi += t * t;
    }
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
  for (let i = 0; i < k; i++) set(delta, i, at(delta, i) - tau);
  return base + tau;
}

/** A place within a bracket: its middle, or nearer to the pole where one side is one, as roots may be near it by magnitudes. */
function within(low: f64, high: f64): f64 {
  if (low == 0) return high * 0.0625;
  if (high == 0) return low * 0.0625;
  return low + (high - low) * 0.5;
}
