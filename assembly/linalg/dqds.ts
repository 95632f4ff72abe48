/**
 * Singular values alone of an upper bidiagonal matrix B by the differential qd algorithm with shifts (Fernando & Parlett,
 * Numer. Math. 67, 1994, algorithm dqds; Parlett & Marques, Linear Algebra Appl. 309, 2000; what LAPACK's lasq does): qᵢ and eᵢ
 * are the squares of the diagonal and of what lies right of it, and one transform of them is a step of Cholesky LR on
 * BᵀB − τ. No subtraction but that of the shift: each value comes out right to nearly all its digits. About three
 * transforms a value and five operations an element, one of them a division: 7n² flops in all.
 *
 * A shift must stay below the smallest eigenvalue, or a negative number shows that it did not, and the transform is done
 * again with less. The arrays are turned round where they grow downwards. Workspace: 4n.
 */
import { isCancelled } from '../arena';
import { CANCELLED, NOT_CONVERGED, OK } from '../status';
import { at, exchange, set } from './vector';

const EPS: f64 = 2.220446049250313e-16;
const NEAR: f64 = 100 * EPS;
/** What is nothing beside a number, squared as q and e are. */
const NOTHING: f64 = NEAR * NEAR;
/** Transforms allowed for each value. */
const MOST: i32 = 40;

/** What a transform found: q and e are those to be transformed, q2 and e2 what it writes. */
@unmanaged class Block {
  q: usize; e: usize; q2: usize; e2: usize;
  first: i32; last: i32;
  /** The smallest of the numbers dᵢ but for the last three, and those. */
  least: f64; third: f64; second: f64; end: f64;
  /** The smallest of the eᵢ that were written. */
  smallest: f64;
}

/** float64 elements of workspace of `dqdsValues`. */
export function dqdsSpace(n: i32): usize {
  return 4 * <usize>n + sizeof<Block>() / 8;
}

/**
 * d (n) and e (n − 1), neither larger than one, to singular values in d, in no order; e is destroyed. OK, NOT_CONVERGED
 * or CANCELLED.
 */
export function dqdsValues(work: usize, n: i32, d: usize, e: usize, space: usize): i32 {
  const list = <usize>n << 3;
  const b = changetype<Block>(space);
  const q0 = space + offsetof<Block>(), e0 = q0 + list, q1 = e0 + list, e1 = q1 + list;
  for (let i = 0; i < n; i++) set(q0, i, at(d, i) * at(d, i));
  // where the matrix falls into two, e is the negative of what has been shifted from the upper part
  for (let i = 0; i + 1 < n; i++) {
    const value = at(e, i) * at(e, i);
    set(e0, i, value <= NOTHING * at(q0, i) && value <= NOTHING * at(q0, i + 1) ? 0 : value);
  }
  let last = n - 1;
  let budget = MOST * n;
  while (last >= 0) {
    let sigma: f64 = last + 1 < n ? -at(e0, last) : 0, rest: f64 = 0;
    let first = last;
    while (first > 0 && at(e0, first - 1) > 0) first--;
    b.q = q0; b.e = e0; b.q2 = q1; b.e2 = e1;
    b.first = first; b.last = last;
    turnRound(b);
    // nothing is known before the first transform
    b.least = b.third = b.second = b.end = 0;
    let known = 3, eager: f64 = 0.25;
    const bottom = last;
    while (b.last >= first) {
      const removed = deflate(b, d, sigma);
      if (b.last < first) break;
      if (removed > 0) known = turnRound(b) ? 0 : known - removed;
      // what the last transform says of what is left
      const end = known == 3 ? b.end : known == 2 ? b.second : known == 1 ? b.third : b.least;
      const others = known == 3 ? min(b.least, min(b.third, b.second)) : known == 2 ? min(b.least, b.third) : b.least;
      let tau: f64;
      if (known > 0 && end <= others) {
        tau = shiftAtEnd(b, end, others);
        eager = 0.25;
      } else {
        tau = eager * min(end, others);
        eager += (1 - eager) / 3;
      }
      if (!(tau > 0)) tau = 0;
      for (let failures = 0; ; failures++) {
        if (budget-- == 0) return NOT_CONVERGED;
        if (isCancelled(work)) return CANCELLED;
        transform(b, tau);
        const inner = min(b.least, min(b.third, b.second));
        if (b.end >= 0 && inner >= 0) break;
        const j = b.last;
        if (inner > 0 && at(b.e2, j - 1) < NEAR * (sigma + b.second) && abs(b.end) < NEAR * sigma) {
          // a zero that rounding made negative
          set(b.q2, j, 0);
          b.end = 0;
          break;
        }
        eager = 0.25;
        if (failures >= 2) tau = 0;
        else tau = failures == 0 && inner > 0 ? max((tau + b.end) * (1 - 2 * EPS), 0) : 0.25 * tau;
      }
      known = 3;
      // sigma + rest, to twice the precision
      const term = tau + rest, total = sigma + term;
      rest = term - (total - sigma);
      sigma = total;
      const q = b.q, f = b.e;
      b.q = b.q2; b.e = b.e2;
      b.q2 = q; b.e2 = f;
      const cut = b.smallest <= 8 * NOTHING * (1 + sigma) ? lastSplit(b, sigma) : -1;
      if (cut >= 0) {
        // the upper part waits
        if (b.q != q0) {
          memory.copy(q0 + (<usize>first << 3), b.q + (<usize>first << 3), <usize>(cut - first + 1) << 3);
          memory.copy(e0 + (<usize>first << 3), b.e + (<usize>first << 3), <usize>(cut - first) << 3);
        }
        set(e0, cut, -sigma);
        first = cut + 1;
        b.first = first;
      }
    }
    last = first - 1;
    if (bottom < first) return NOT_CONVERGED;
  }
  for (let i = 0; i < n; i++) set(d, i, sqrt(max(at(d, i), 0)));
  return OK;
}

/** qᵢ, eᵢ → q̂ᵢ, êᵢ, those of BᵀB − τ. Written to q2 and e2. */
function transform(b: Block, tau: f64): void {
  const last = b.last;
  let least: f64 = Infinity, third: f64 = Infinity, second: f64 = Infinity, smallest: f64 = Infinity;
  let d = at(b.q, b.first) - tau;
  for (let i = b.first; i < last; i++) {
    const e = at(b.e, i), next = at(b.q, i + 1);
    const sum = d + e;
    least = min(least, third);
    third = second;
    second = d;
    set(b.q2, i, sum);
    if (sum == 0) {
      // only without a shift, or by a failure that `d` shows
      set(b.e2, i, 0);
      smallest = 0;
      d = next - tau;
    } else {
      const ratio = next / sum;
      set(b.e2, i, e * ratio);
      smallest = min(smallest, e * ratio);
      d = d * ratio - tau;
    }
  }
  set(b.q2, last, d);
  b.least = least; b.third = third; b.second = second; b.end = d;
  b.smallest = smallest;
}

/**
 * A shift where the smallest d is the last one, `end`, and the smallest of the others is `others`: from the vector z with
 * BᵀB·z = q·e_last, whose norm gives a Rayleigh quotient and its residual (Parlett & Marques, section 6).
 */
function shiftAtEnd(b: Block, end: f64, others: f64): f64 {
  const gamma = at(b.q, b.last);
  let term: f64 = 1, tangent: f64 = 0;
  for (let i = b.last - 1; i >= b.first; i--) {
    const q = at(b.q, i), e = at(b.e, i);
    if (e > q) return 0.25 * end;
    term *= e / q;
    tangent += term;
    if (tangent > 0.55) return 0.25 * end;
    if (term < 0.01 * tangent) break;
  }
  tangent *= 1.05;
  const quotient = gamma / (1 + tangent), residual = quotient * sqrt(tangent);
  const gap = 0.75 * others - quotient;
  return max(quotient - (gap > residual ? residual * (residual / gap) : residual), 0.25 * end);
}

/** Takes values off the end of the block, where they are known, and answers how many. */
function deflate(b: Block, values: usize, sigma: f64): i32 {
  const before = b.last;
  while (b.last >= b.first) {
    const j = b.last;
    const q = at(b.q, j);
    if (j == b.first || at(b.e, j - 1) <= NOTHING * (sigma + q)) {
      set(values, j, sigma + q);
      b.last--;
    } else if (j - 1 == b.first || at(b.e, j - 2) <= NOTHING * (sigma + at(b.q, j - 1))) {
      pair(at(b.q, j - 1), at(b.e, j - 1), q, sigma, values + (<usize>(j - 1) << 3));
      b.last -= 2;
    } else {
      break;
    }
  }
  return before - b.last;
}

/** Both values of a block of two, without cancellation. */
function pair(top: f64, e: f64, below: f64, sigma: f64, values: usize): void {
  let large = max(top, below), small = min(top, below);
  const half = 0.5 * (large - small + e);
  if (e > small * NOTHING && half != 0) {
    let s = small * (e / half);
    s = s <= half ? small * (e / (half * (1 + sqrt(1 + s / half)))) : small * (e / (half + sqrt(half) * sqrt(half + s)));
    const total = large + (s + e);
    small *= large / total;
    large = total;
  }
  store<f64>(values, sigma + large);
  store<f64>(values, sigma + small, 8);
}

/** The last place where the block falls into two, or −1. The end itself is for `deflate`. */
function lastSplit(b: Block, sigma: f64): i32 {
  for (let i = b.last - 3; i >= b.first; i--) {
    const e = at(b.e, i);
    if (e <= NOTHING * (sigma + at(b.q, i)) && e <= NOTHING * (sigma + at(b.q, i + 1))) return i;
  }
  return -1;
}

/** The same values the other way round, where q grows downwards: small ones converge at the end. */
function turnRound(b: Block): bool {
  const count = b.last - b.first + 1;
  if (count < 2 || 1.5 * at(b.q, b.first) >= at(b.q, b.last)) return false;
  for (let i = 0; i < count / 2; i++) exchange(b.q, b.first + i, b.last - i);
  for (let i = 0; i < (count - 1) / 2; i++) exchange(b.e, b.first + i, b.last - 1 - i);
  return true;
}
