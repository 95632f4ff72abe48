/**
 * Quantiles and medians of the lines of an array. For few quantiles the order statistics are found by radix selection:
 * the histogram of a line's leading bits says in which bucket a rank lies, that bucket is copied out, and so on with
 * what is left of it; a rank's successor comes along. For many, and for bytes, the line is sorted. O(n) a quantile.
 *
 * x is seen as (k0, r0, k1, r1, k2): axes that are kept and reduced in turn, lengths of 1 where there are fewer.
 */
import { align64, ARENA_START } from './arena';
import { element } from './arrays';
import { key32, key64, value32, value64 } from './keys';
import { shiftOf, sortLine, sortLong, WIDE } from './sort';
import { BAD_FRACTION, CANCELLED, OK } from './status';
import { parallelFor } from './team';

const LOWER: i32 = 1;
const HIGHER: i32 = 2;
const NEAREST: i32 = 3;
const MEDIAN: i32 = 5;

/** More quantiles than this are read from the sorted line. */
const FEW: i32 = 8;
/** Elements that one iteration of the shared loop reads, about. */
const SHARE: i32 = 1 << 14;
/** Lines of this many elements and fewer are finished by insertion. */
const SHORT: i32 = 24;
const MOST_BITS: i32 = 11;

@unmanaged
class Quantiles {
  type: i32;
  r0: i32;
  k1: i32;
  r1: i32;
  k2: i32;
  lines: i32;
  linesPerShare: i32;
  x: usize;
  count: i32;
  q: usize;
  method: i32;
  out: usize;
}

/** Order statistics of a line: the element of a rank and the one after it. */
@unmanaged
class Selection {
  type: i32;
  n: i32;
  /** Keys in the line's order, and room for as many. */
  keys: usize;
  spare: usize;
  /** 2^MOST_BITS counters. */
  table: usize;
  hasNaN: bool;
  at: f64;
  after: f64;
}

/** One line, in row-major order of its axes, into `row`. */
function gather<T>(job: Quantiles, line: i32, row: usize): void {
  const k1 = job.k1, r1 = job.r1, k2 = job.k2;
  const c = line % k2, b = line / k2 % k1, a = line / k2 / k1;
  const inner = <usize>k2 * sizeof<T>(), outer = inner * <usize>r1 * <usize>k1;
  let start = job.x + <usize>a * <usize>job.r0 * outer + <usize>b * <usize>r1 * inner + <usize>c * sizeof<T>();
  for (let i = 0; i < job.r0; i++) {
    if (k2 == 1) {
      memory.copy(row, start, <usize>r1 * sizeof<T>());
      row += <usize>r1 * sizeof<T>();
    } else {
      for (let j = 0, p = start; j < r1; j++, p += inner, row += sizeof<T>()) store<T>(row, load<T>(p));
    }
    start += outer;
  }
}

function gatherLine(job: Quantiles, line: i32, row: usize): void {
  if (job.type == 0) gather<u64>(job, line, row);
  else if (job.type == 4) gather<u8>(job, line, row);
  else gather<u32>(job, line, row);
}

function loadKeys(s: Selection, row: usize): void {
  const n = <usize>s.n, type = s.type;
  let hasNaN = false;
  if (type == 0) {
    for (let i: usize = 0; i < n << 3; i += 8) {
      const x = load<f64>(row + i);
      hasNaN = hasNaN || x != x;
      store<u64>(s.keys + i, key64(x, -0.0));
    }
  } else if (type == 1) {
    for (let i: usize = 0; i < n << 2; i += 4) {
      const x = load<f32>(row + i);
      hasNaN = hasNaN || x != x;
      store<u32>(s.keys + i, key32(x, -0.0));
    }
  } else {
    const flip: u32 = type == 2 ? 0x8000_0000 : 0;
    for (let i: usize = 0; i < n << 2; i += 4) store<u32>(s.keys + i, load<u32>(row + i) ^ flip);
  }
  s.hasNaN = hasNaN;
}

// @ts-ignore: decorator
@inline function valueOf<K>(type: i32, key: K): f64 {
  if (sizeof<K>() == 8) return value64(<u64>key);
  if (type == 1) return value32(<u32>key);
  return type == 2 ? <f64><i32>(<u32>key ^ 0x8000_0000) : <f64><u32>key;
}

/** Sets s.at to the element of rank `rank` and s.after to the next one (itself where it is the last). */
function select<K>(s: Selection, rank: i32): void {
  const size = sizeof<K>(), table = s.table;
  let from = s.keys, n = s.n;
  let hasAfter = false;
  let after: K = 0;
  while (n > SHORT) {
    const end = from + <usize>n * size;
    const reference = load<K>(from);
    let varying: K = 0;
    for (let p = from; p < end; p += size) varying |= load<K>(p) ^ reference;
    if (varying == 0) break;
    const bits = n < 4096 ? 8 : MOST_BITS;
    const top = <i32>(size << 3) - <i32>clz<K>(varying), low = <K>max(0, top - bits), mask = <K>((1 << bits) - 1);
    memory.fill(table, 0, <usize>4 << bits);
    for (let p = from; p < end; p += size) {
      const place = table + (<usize>((load<K>(p) >> low) & mask) << 2);
      store<i32>(place, load<i32>(place) + 1);
    }
    let digit: i32 = 0, below = 0, here = load<i32>(table);
    while (below + here <= rank) {
      below += here;
      digit++;
      here = load<i32>(table + (<usize>digit << 2));
    }
    rank -= below;
    if (rank == here - 1 && below + here < n) {
      // the successor lies in a later bucket: the least of what is above this one
      hasAfter = true;
      after = ~<K>0;
      for (let p = from; p < end; p += size) {
        const key = load<K>(p);
        if (<i32>((key >> low) & mask) > digit && key < after) after = key;
      }
    }
    let target = s.spare;
    for (let p = from; p < end; p += size) {
      const key = load<K>(p);
      store<K>(target, key);
      target += <i32>((key >> low) & mask) == digit ? size : 0;
    }
    from = s.spare;
    n = here;
  }
  if (n <= SHORT) {
    if (from == s.keys) {
      memory.copy(s.spare, from, <usize>n * size);
      from = s.spare;
    }
    for (let i = 1; i < n; i++) {
      const key = load<K>(from + <usize>i * size);
      let p = from + <usize>i * size;
      for (; p > from && key < load<K>(p - size); p -= size) store<K>(p, load<K>(p - size));
      store<K>(p, key);
    }
  }
  // what is longer is all one key
  const step: i32 = n <= SHORT ? 1 : 0;
  const at = load<K>(from + <usize>(step * rank) * size);
  s.at = valueOf<K>(s.type, at);
  if (!hasAfter) after = rank + 1 < n ? load<K>(from + <usize>(step * (rank + 1)) * size) : at;
  s.after = valueOf<K>(s.type, after);
}

function put(type: i32, method: i32, out: usize, i: i32, value: f64): void {
  if (method >= LOWER && method <= NEAREST) {
    // an element of the line, in its own type
    if (type == 4) store<u8>(out + <usize>i, <u8>value);
    else if (type == 3) store<u32>(out + (<usize>i << 2), <u32>value);
    else if (type == 2) store<i32>(out + (<usize>i << 2), <i32>value);
    else if (type == 1) store<f32>(out + (<usize>i << 2), <f32>value);
    else store<f64>(out + (<usize>i << 3), value);
  } else if (type == 1) store<f32>(out + (<usize>i << 2), <f32>value);
  else store<f64>(out + (<usize>i << 3), value);
}

/** a + (b − a) t, from the nearer end, as NumPy rounds it. */
// @ts-ignore: decorator
@inline function between(a: f64, b: f64, t: f64): f64 {
  const difference = b - a;
  return t >= 0.5 ? b - difference * (1 - t) : a + difference * t;
}

/** All quantiles of the n elements at `row`; `sorted`: they ascend, else `s` selects. */
function answer(job: Quantiles, line: i32, n: i32, row: usize, sorted: bool, s: Selection): void {
  const type = job.type, method = job.method;
  const hasNaN = sorted ? n > 0 && type < 2 && element(type, row, n - 1) != element(type, row, n - 1) : s.hasNaN;
  for (let k = 0; k < job.count; k++) {
    const place = k * job.lines + line;
    if (hasNaN || n == 0) {
      put(type, method, job.out, place, f64.NaN);
      continue;
    }
    const last = <f64>(n - 1);
    let virtual = method == MEDIAN ? 0.5 * last : last * load<f64>(job.q + (<usize>k << 3));
    if (method == LOWER) virtual = floor(virtual);
    else if (method == HIGHER) virtual = ceil(virtual);
    else if (method == NEAREST) virtual = nearest(virtual);
    else if (method > NEAREST) virtual = 0.5 * (floor(virtual) + ceil(virtual));
    const rank = <i32>min(last, floor(virtual));
    const t = virtual - <f64>rank;
    let a: f64, b: f64;
    if (sorted) {
      a = element(type, row, rank);
      b = element(type, row, min(rank + 1, n - 1));
    } else {
      if (type == 0) select<u64>(s, rank);
      else select<u32>(s, rank);
      a = s.at;
      b = s.after;
    }
    let value = a;
    if (method == MEDIAN) {
      if (t > 0) value = type == 1 ? <f64>((<f32>a + <f32>b) / 2) : (a + b) / 2;
    } else if (method < LOWER || method > NEAREST) value = between(a, rank == n - 1 ? a : b, t);
    put(type, method, job.out, place, value);
  }
}

/** One line: `room` is for a Selection and its table, then buffers of n 64-bit words. False when cancelled. */
function solve(work: usize, job: Quantiles, line: i32, row: usize, room: usize, a: usize, b: usize): bool {
  const n = job.r0 * job.r1, type = job.type;
  if (job.k2 == 1 && (job.k1 == 1 || job.r0 == 1)) row = job.x + (<usize>line * <usize>n << shiftOf(type));
  else gatherLine(job, line, row);
  const s = changetype<Selection>(room);
  if (type == 4 || job.count > FEW) {
    const isLong = n >= WIDE && type != 4;
    if (!isLong) sortLine(work, type, false, row, n, a);
    else if (!sortLong(work, type, false, row, n, a, b)) return false;
    answer(job, line, n, a, true, s);
    return true;
  }
  s.type = type;
  s.n = n;
  s.keys = a;
  s.spare = b;
  s.table = room + 64;
  loadKeys(s, row);
  answer(job, line, n, row, false, s);
  return true;
}

function solveShare(work: usize, share: i32, context: usize): void {
  const job = changetype<Quantiles>(context);
  const begin = share * job.linesPerShare, end = min(job.lines, begin + job.linesPerShare);
  const buffer = <usize>(WIDE + 16) << 3;
  // sortLine has the arena below 2 MiB
  const row = work + (5 << 18), a = row + buffer, b = a + buffer;
  for (let line = begin; line < end; line++) solve(work, job, line, row, b + buffer, a, b);
}

/**
 * out[k][line] = the quantile q[k] of each line. method: 0 linear, 1 lower, 2 higher, 3 nearest, 4 midpoint, 5 median.
 * Lower, higher and nearest answer x's own type, else float32 gives float32 and all other types float64. `scratch`: as
 * quantileScratch in src/kernels/quantile.ts.
 */
export function quantile(
  work: usize, type: i32, k0: i32, r0: i32, k1: i32, r1: i32, k2: i32, x: usize, count: i32, q: usize, method: i32,
  out: usize, scratch: usize,
): i32 {
  for (let k = 0; k < count; k++) {
    const fraction = load<f64>(q + (<usize>k << 3));
    if (!(fraction >= 0 && fraction <= 1)) return BAD_FRACTION;
  }
  const job = changetype<Quantiles>(scratch);
  const n = r0 * r1;
  job.type = type;
  job.r0 = r0;
  job.k1 = k1;
  job.r1 = r1;
  job.k2 = k2;
  job.lines = k0 * k1 * k2;
  job.x = x;
  job.count = count;
  job.q = q;
  job.method = method;
  job.out = out;
  if (n < WIDE) {
    job.linesPerShare = max(1, SHARE / max(1, n));
    const shares = (job.lines + job.linesPerShare - 1) / job.linesPerShare;
    return parallelFor(work, shares, solveShare.index, scratch) ? OK : CANCELLED;
  }
  const words = align64(<usize>n << 3);
  const row = scratch + 64, a = align64(row + words), b = a + words;
  for (let line = 0; line < job.lines; line++) {
    if (!solve(work, job, line, row, work + ARENA_START, a, b)) return CANCELLED;
  }
  return OK;
}
