/**
 * Sequential minimal optimisation for C-SVC as in libsvm: second-order working sets (Fan, Chen & Lin, JMLR 6, 2005),
 * shrinking, reconstruction and unshrinking (Chang & Lin, ACM TIST 2(3), 2011), the same order of iterations and the
 * same ties, kernel values rounded to float32 as libsvm stores them, everything else in float64.
 *
 * Two changes of form, neither of a value. Instead of the gradient G the solver keeps v = −y·G, so that the inner
 * loops need no labels: both sides of every comparison and sum change sign together. And membership in the index sets
 * I_up and I_low is kept as an addend (0, or ∓infinity outside), so that a candidate is v + addend, without a branch.
 * The gradient of shrunk samples is rebuilt from all support vectors instead of from a running sum over the bounded
 * ones, which agrees to rounding and saves one pass per sample that reaches its bound.
 */
import { align64, isCancelled } from './arena';
import { f, n, setF, setN, swapF, swapN } from './arrays';
import { allFinite, convert, Grouped, groupedRow, pickSingle } from './grouped';
import { BAD_C, CANCELLED, NOT_CONVERGED, NOT_FINITE, OK } from './status';

/** The curvature that stands in for one that is not positive. */
const TAU: f64 = 1e-12;
/** Iterations between two looks at the cancel word. */
const POLL: i32 = 4096;

/** The solver's state, in scratch memory; the addresses are of arrays of `size` (rounded up to 4) elements. */
@unmanaged
export class Solver {
  work: usize;
  /** The kernel matrix, float64, and the bytes of its rows. */
  kernel: usize;
  pitch: usize;
  /** A copy of it that several solvers share, or null. */
  grouped: Grouped | null;
  size: i32;
  /** Samples at positions ≥ active are shrunk. */
  active: i32;
  c: f64;
  tolerance: f64;
  hasUnshrunk: bool;
  /** A kernel value that is not finite was read. */
  isBroken: bool;
  // float64 arrays by position
  v: usize;
  up: usize;
  low: usize;
  diagonal: usize;
  alpha: usize;
  // int32 arrays by position: row of the kernel matrix (or place in the grouped order), ±1, place in the caller's order, cache slot or −1
  row: usize;
  label: usize;
  origin: usize;
  slot: usize;
  // the cache of float32 kernel rows: `slots` of them; int32 arrays by slot: owner, how far it is filled, last use
  cache: usize;
  cachePitch: usize;
  slots: i32;
  usedSlots: i32;
  clock: i32;
  owner: usize;
  filled: usize;
  lastUse: usize;
  // the answer
  rho: f64;
  objective: f64;
  iterations: i32;
  supportVectors: i32;
}

/** Bytes that a solver of `size` samples needs with its whole kernel matrix in the cache. */
export function solverBytes(size: i32): usize {
  const padded = <usize>(size + 3) & ~3;
  return 1024 + padded * (5 * 8 + 7 * 4 + 4 * <usize>size) + 12 * 64;
}

/**
 * Lays a solver out in `bytes` bytes at `place`; the cache gets what the arrays leave, at least two rows. The caller
 * then fills row, label, origin (for each position) and c, and calls solve().
 */
export function layOut(place: usize, bytes: usize, work: usize, kernel: usize, pitch: usize, size: i32): Solver {
  const s = changetype<Solver>(place);
  const padded = <usize>(size + 3) & ~3;
  let next = align64(place + offsetof<Solver>());
  s.work = work;
  s.kernel = kernel;
  s.pitch = pitch;
  s.grouped = null;
  s.size = size;
  s.v = next; next = align64(next + (padded << 3));
  s.up = next; next = align64(next + (padded << 3));
  s.low = next; next = align64(next + (padded << 3));
  s.diagonal = next; next = align64(next + (padded << 3));
  s.alpha = next; next = align64(next + (padded << 3));
  s.row = next; next = align64(next + (padded << 2));
  s.label = next; next = align64(next + (padded << 2));
  s.origin = next; next = align64(next + (padded << 2));
  s.slot = next; next = align64(next + (padded << 2));
  s.owner = next; next = align64(next + (padded << 2));
  s.filled = next; next = align64(next + (padded << 2));
  s.lastUse = next; next = align64(next + (padded << 2));
  s.cache = next;
  s.cachePitch = padded << 2;
  s.slots = <i32>min<usize>(<usize>size, max<usize>(2, (place + bytes - next) / s.cachePitch));
  return s;
}

/** Sets a sample's place in I_up and I_low from its alpha. */
// @ts-ignore: decorator
@inline function classify(s: Solver, i: i32): void {
  const alpha = f(s.alpha, i);
  const isUpper = alpha >= s.c, isLower = alpha <= 0;
  const positive = n(s.label, i) > 0;
  setF(s.up, i, (positive ? isUpper : isLower) ? -Infinity : 0);
  setF(s.low, i, (positive ? isLower : isUpper) ? Infinity : 0);
}

/** Fills positions [from, to) of a cached row, rounding to float32. */
function fillRow(s: Solver, target: usize, row: i32, from: i32, to: i32): void {
  const grouped = s.grouped;
  if (grouped) pickSingle(groupedRow(grouped, row), s.row, target, from, to);
  else convert(s.kernel + <usize>row * s.pitch, s.row, target, from, to);
  if (!allFinite(target, from, to)) s.isBroken = true;
}

/** The slot for a new row: an unused one, else the one used longest ago. */
function freeSlot(s: Solver): i32 {
  if (s.usedSlots < s.slots) return s.usedSlots++;
  let oldest = 0;
  for (let slot = 1; slot < s.slots; slot++) {
    if (n(s.lastUse, slot) < n(s.lastUse, oldest)) oldest = slot;
  }
  setN(s.slot, n(s.owner, oldest), -1);
  return oldest;
}

/** The float32 kernel row of position i, at least `length` long; valid until two more rows are asked for. */
function kernelRow(s: Solver, i: i32, length: i32): usize {
  let slot = n(s.slot, i);
  if (slot < 0) {
    slot = freeSlot(s);
    setN(s.slot, i, slot);
    setN(s.owner, slot, i);
    setN(s.filled, slot, 0);
  }
  setN(s.lastUse, slot, ++s.clock);
  const target = s.cache + <usize>slot * s.cachePitch;
  const filled = n(s.filled, slot);
  if (filled < length) {
    fillRow(s, target, n(s.row, i), filled, length);
    setN(s.filled, slot, length);
  }
  return target;
}

/** max over I_up of v, among the active. */
function maxUp(s: Solver): f64 {
  let best: f64 = -Infinity;
  for (let t = 0; t < s.active; t++) best = max(best, f(s.v, t) + f(s.up, t));
  return best;
}

/** v −= K_i·di + K_j·dj over the active, and the new max over I_up of v, in one pass. */
function update(s: Solver, ki: usize, kj: usize, di: f64, dj: f64): f64 {
  const active = s.active;
  let v = s.v, up = s.up;
  const end = v + (<usize>(active & ~3) << 3);
  const dis = f64x2.splat(di), djs = f64x2.splat(dj);
  let best0 = f64x2.splat(-Infinity), best1 = best0;
  while (v < end) {
    const a = v128.load(ki), b = v128.load(kj);
    const v0 = f64x2.sub(
      v128.load(v),
      f64x2.add(f64x2.mul(f64x2.promote_low_f32x4(a), dis), f64x2.mul(f64x2.promote_low_f32x4(b), djs)),
    );
    const aHigh = f64x2.promote_low_f32x4(v128.shuffle<f64>(a, a, 1, 1));
    const bHigh = f64x2.promote_low_f32x4(v128.shuffle<f64>(b, b, 1, 1));
    const v1 = f64x2.sub(v128.load(v, 16), f64x2.add(f64x2.mul(aHigh, dis), f64x2.mul(bHigh, djs)));
    v128.store(v, v0);
    v128.store(v, v1, 16);
    best0 = f64x2.pmax(best0, f64x2.add(v0, v128.load(up)));
    best1 = f64x2.pmax(best1, f64x2.add(v1, v128.load(up, 16)));
    v += 32; up += 32; ki += 16; kj += 16;
  }
  best0 = f64x2.pmax(best0, best1);
  let best = max(f64x2.extract_lane(best0, 0), f64x2.extract_lane(best0, 1));
  for (let t = active & ~3; t < active; t++) {
    const value = load<f64>(v) - (<f64>load<f32>(ki) * di + <f64>load<f32>(kj) * dj);
    store<f64>(v, value);
    best = max(best, value + load<f64>(up));
    v += 8; up += 8; ki += 4; kj += 4;
  }
  return best;
}

/** The last active position of I_up with v = best, or −1. */
function findUp(s: Solver, best: f64): i32 {
  if (best == -Infinity) return -1;
  let t = s.active;
  for (; (t & 3) != 0; t--) {
    if (f(s.v, t - 1) + f(s.up, t - 1) == best) return t - 1;
  }
  const wanted = f64x2.splat(best);
  for (; t > 0; t -= 4) {
    const v = s.v + (<usize>(t - 4) << 3), up = s.up + (<usize>(t - 4) << 3);
    const hit0 = f64x2.eq(f64x2.add(v128.load(v), v128.load(up)), wanted);
    const hit1 = f64x2.eq(f64x2.add(v128.load(v, 16), v128.load(up, 16)), wanted);
    if (v128.any_true(v128.or(hit0, hit1))) {
      const mask = i64x2.bitmask(hit0) | (i64x2.bitmask(hit1) << 2);
      return t - 1 - (clz(mask) - 28);
    }
  }
  return -1;
}

/** The second derivative along the pair, kept positive for kernels that are not positive definite. */
// @ts-ignore: decorator
@inline function curvature(value: f64): f64 {
  return value > 0 ? value : TAU;
}

/**
 * The second index: of I_low with v < best, the one whose pair with i gains most, the last among equals; −1 when the
 * largest violation is below the tolerance or there is none.
 */
function selectLow(s: Solver, i: i32, best: f64, ki: usize): i32 {
  const active = s.active;
  let v = s.v, low = s.low, diagonal = s.diagonal;
  const qi = f(diagonal, i);
  const bests = f64x2.splat(best), qis = f64x2.splat(qi), tau = f64x2.splat(TAU), zero = f64x2.splat(0);
  let largest0 = f64x2.splat(-Infinity), largest1 = largest0;
  let gain = f64x2.splat(-1), where = f64x2.splat(-1);
  let gainFound = -1.0;
  let found = -1;
  const whole = active & ~3;
  for (let t = 0; t < whole; t += 4) {
    const gap0 = f64x2.sub(bests, f64x2.add(v128.load(v), v128.load(low)));
    const gap1 = f64x2.sub(bests, f64x2.add(v128.load(v, 16), v128.load(low, 16)));
    largest0 = f64x2.pmax(largest0, gap0);
    largest1 = f64x2.pmax(largest1, gap1);
    const open0 = f64x2.gt(gap0, zero), open1 = f64x2.gt(gap1, zero);
    if (v128.any_true(v128.or(open0, open1))) {
      const k = v128.load(ki);
      const k0 = f64x2.promote_low_f32x4(k), k1 = f64x2.promote_low_f32x4(v128.shuffle<f64>(k, k, 1, 1));
      let q0 = f64x2.sub(f64x2.add(qis, v128.load(diagonal)), f64x2.add(k0, k0));
      let q1 = f64x2.sub(f64x2.add(qis, v128.load(diagonal, 16)), f64x2.add(k1, k1));
      q0 = v128.bitselect(q0, tau, f64x2.gt(q0, zero));
      q1 = v128.bitselect(q1, tau, f64x2.gt(q1, zero));
      const g0 = f64x2.div(f64x2.mul(gap0, gap0), q0), g1 = f64x2.div(f64x2.mul(gap1, gap1), q1);
      let better = v128.and(open0, f64x2.ge(g0, gain));
      gain = v128.bitselect(g0, gain, better);
      where = v128.bitselect(f64x2.splat(<f64>t), where, better);
      better = v128.and(open1, f64x2.ge(g1, gain));
      gain = v128.bitselect(g1, gain, better);
      where = v128.bitselect(f64x2.splat(<f64>(t + 2)), where, better);
    }
    v += 32; low += 32; diagonal += 32; ki += 16;
  }
  const gain0 = f64x2.extract_lane(gain, 0), gain1 = f64x2.extract_lane(gain, 1);
  const where0 = <i32>f64x2.extract_lane(where, 0), where1 = <i32>f64x2.extract_lane(where, 1) + 1;
  if (gain0 > gain1 || (gain0 == gain1 && where0 > where1)) {
    gainFound = gain0;
    found = where0;
  } else if (gain1 >= 0) {
    gainFound = gain1;
    found = where1;
  }
  largest0 = f64x2.pmax(largest0, largest1);
  let largest = max(f64x2.extract_lane(largest0, 0), f64x2.extract_lane(largest0, 1));
  for (let t = whole; t < active; t++) {
    const gap = best - (load<f64>(v) + load<f64>(low));
    largest = max(largest, gap);
    if (gap > 0) {
      const g = gap * gap / curvature(qi + load<f64>(diagonal) - 2 * <f64>load<f32>(ki));
      if (g >= gainFound) {
        gainFound = g;
        found = t;
      }
    }
    v += 8; low += 8; diagonal += 8; ki += 4;
  }
  return largest < s.tolerance ? -1 : found;
}

/** Moves the pair's alphas to the minimum along their line, clipped to the box [0, C]². */
function movePair(s: Solver, i: i32, j: i32, kij: f64): void {
  const c = s.c;
  const yi = <f64>n(s.label, i), yj = <f64>n(s.label, j);
  const gi = -yi * f(s.v, i), gj = -yj * f(s.v, j);
  let ai = f(s.alpha, i), aj = f(s.alpha, j);
  const q = curvature(f(s.diagonal, i) + f(s.diagonal, j) - 2 * kij);
  if (yi != yj) {
    const delta = (-gi - gj) / q, difference = ai - aj;
    ai += delta;
    aj += delta;
    if (difference > 0) {
      if (aj < 0) { aj = 0; ai = difference; }
      if (ai > c) { ai = c; aj = c - difference; }
    } else {
      if (ai < 0) { ai = 0; aj = -difference; }
      if (aj > c) { aj = c; ai = c + difference; }
    }
  } else {
    const delta = (gi - gj) / q, sum = ai + aj;
    ai -= delta;
    aj += delta;
    if (sum > c) {
      if (ai > c) { ai = c; aj = sum - c; }
      if (aj > c) { aj = c; ai = sum - c; }
    } else {
      if (aj < 0) { aj = 0; ai = sum; }
      if (ai < 0) { ai = 0; aj = sum; }
    }
  }
  setF(s.alpha, i, ai);
  setF(s.alpha, j, aj);
}

/** Rebuilds v of the shrunk samples from all support vectors, and makes everything active. */
function reconstruct(s: Solver): void {
  const size = s.size, active = s.active;
  if (active == size) return;
  for (let t = active; t < size; t++) setF(s.v, t, <f64>n(s.label, t));
  // the sum must run in the order of bounded first, then free, whatever the order of positions: as libsvm's does
  for (let pass = 0; pass < 2; pass++) {
    for (let i = 0; i < size; i++) {
      const alpha = f(s.alpha, i);
      if (alpha <= 0 || (alpha >= s.c) != (pass == 0)) continue;
      const k = kernelRow(s, i, size);
      const step = alpha * <f64>n(s.label, i);
      for (let t = active; t < size; t++) setF(s.v, t, f(s.v, t) - step * <f64>load<f32>(k + (<usize>t << 2)));
    }
  }
  s.active = size;
}

/** Exchanges two positions everywhere, the cached rows' columns included. */
function swapPositions(s: Solver, i: i32, j: i32): void {
  if (i == j) return;
  swapF(s.v, i, j);
  swapF(s.up, i, j);
  swapF(s.low, i, j);
  swapF(s.diagonal, i, j);
  swapF(s.alpha, i, j);
  swapN(s.row, i, j);
  swapN(s.label, i, j);
  swapN(s.origin, i, j);
  swapN(s.slot, i, j);
  if (n(s.slot, i) >= 0) setN(s.owner, n(s.slot, i), i);
  if (n(s.slot, j) >= 0) setN(s.owner, n(s.slot, j), j);
  const first = min(i, j), second = max(i, j);
  for (let slot = 0; slot < s.usedSlots; slot++) {
    const filled = n(s.filled, slot);
    if (filled <= first) continue;
    if (filled <= second) {
      setN(s.filled, slot, first);
      continue;
    }
    const p = s.cache + <usize>slot * s.cachePitch;
    const value = load<f32>(p + (<usize>first << 2));
    store<f32>(p + (<usize>first << 2), load<f32>(p + (<usize>second << 2)));
    store<f32>(p + (<usize>second << 2), value);
  }
}

/** Whether a bounded sample is so far on its side that it will probably stay: `top` ≥ all of I_up, `bottom` ≤ I_low. */
// @ts-ignore: decorator
@inline function isIdle(s: Solver, t: i32, top: f64, bottom: f64): bool {
  const v = f(s.v, t);
  if (f(s.up, t) != 0) return v > top;
  if (f(s.low, t) != 0) return v < bottom;
  return false;
}

/** Moves idle samples behind the active ones; near the end everything is made active once more, first. */
function shrink(s: Solver): void {
  let top: f64 = -Infinity, bottom: f64 = Infinity;
  for (let t = 0; t < s.active; t++) {
    const v = f(s.v, t);
    top = max(top, v + f(s.up, t));
    bottom = min(bottom, v + f(s.low, t));
  }
  if (!s.hasUnshrunk && top - bottom <= s.tolerance * 10) {
    s.hasUnshrunk = true;
    reconstruct(s);
  }
  for (let i = 0; i < s.active; i++) {
    if (!isIdle(s, i, top, bottom)) continue;
    s.active--;
    while (s.active > i) {
      if (!isIdle(s, s.active, top, bottom)) {
        swapPositions(s, i, s.active);
        break;
      }
      s.active--;
    }
  }
}

/** rho, the objective and the number of support vectors, once everything is active. */
function finish(s: Solver): void {
  let upper: f64 = Infinity, lower: f64 = -Infinity, sum: f64 = 0, objective: f64 = 0;
  let free = 0, support = 0;
  for (let t = 0; t < s.active; t++) {
    const yg = -f(s.v, t), alpha = f(s.alpha, t);
    const positive = n(s.label, t) > 0;
    if (alpha >= s.c) {
      if (positive) lower = max(lower, yg);
      else upper = min(upper, yg);
    } else if (alpha <= 0) {
      if (positive) upper = min(upper, yg);
      else lower = max(lower, yg);
    } else {
      free++;
      sum += yg;
    }
    if (alpha > 0) support++;
    objective += alpha * (<f64>n(s.label, t) * yg - 1);
  }
  s.rho = free > 0 ? sum / <f64>free : (upper + lower) / 2;
  s.objective = objective / 2;
  s.supportVectors = support;
}

/** Solves the problem that the caller laid out and filled; both labels must occur. Returns a status. */
export function solve(s: Solver, tolerance: f64, shrinking: bool, maxIterations: f64): i32 {
  const size = s.size;
  if (!(s.c > 0)) return BAD_C;
  s.tolerance = tolerance;
  s.active = size;
  s.hasUnshrunk = false;
  s.isBroken = false;
  s.usedSlots = 0;
  s.clock = 0;
  for (let i = 0; i < size; i++) {
    setF(s.v, i, <f64>n(s.label, i));
    setF(s.alpha, i, 0);
    setN(s.slot, i, -1);
    const row = n(s.row, i);
    const diagonal = s.grouped ? f(s.grouped!.diagonal, row) : f(s.kernel + <usize>row * s.pitch, row);
    if (!isFinite(diagonal)) return NOT_FINITE;
    setF(s.diagonal, i, diagonal);
    classify(s, i);
  }
  const bound = maxIterations < 0 ? max<f64>(1e7, 100 * <f64>size) : maxIterations;
  const interval = min(size, 1000);
  let countdown = interval + 1;
  let iteration = 0;
  let best = maxUp(s);
  while (true) {
    if (--countdown == 0) {
      countdown = interval;
      if (shrinking) {
        shrink(s);
        best = maxUp(s);
      }
    }
    let i = findUp(s, best), j = -1;
    if (i >= 0) j = selectLow(s, i, best, kernelRow(s, i, s.active));
    if (j < 0) {
      if (s.active == size) break;
      reconstruct(s);
      best = maxUp(s);
      i = findUp(s, best);
      if (i >= 0) j = selectLow(s, i, best, kernelRow(s, i, s.active));
      if (j < 0) break;
      countdown = 1;
    }
    if (<f64>iteration >= bound) return NOT_CONVERGED;
    iteration++;
    if ((iteration & (POLL - 1)) == 0 && isCancelled(s.work)) return CANCELLED;
    const ki = kernelRow(s, i, s.active), kj = kernelRow(s, j, s.active);
    if (s.isBroken) return NOT_FINITE;
    const ai = f(s.alpha, i), aj = f(s.alpha, j);
    movePair(s, i, j, <f64>load<f32>(ki + (<usize>j << 2)));
    classify(s, i);
    classify(s, j);
    const di = (f(s.alpha, i) - ai) * <f64>n(s.label, i), dj = (f(s.alpha, j) - aj) * <f64>n(s.label, j);
    best = update(s, ki, kj, di, dj);
  }
  if (s.isBroken) return NOT_FINITE;
  s.iterations = iteration;
  finish(s);
  return OK;
}
