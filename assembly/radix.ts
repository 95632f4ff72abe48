/**
 * The radix sort behind sort, argsort, unique and quantiles: least significant digit first, but over the leading bits
 * only, as many as tell nearly all elements apart (found from a sample); one insertion pass puts the rest in order, and
 * where that gets long (many values that differ in low bits alone) the stretch is merge-sorted. Values become unsigned
 * keys in their order, NaN last. For argsort a key's leading bits and the index share one 64-bit word, so both move as
 * one; where the bits that did not fit matter, they are looked up.
 *
 * A line is cut into fixed pieces; a pass counts each piece's digits, gives every piece its place per digit, and moves
 * all pieces, which keeps it stable. What did not help (1e6 float64): digits of 8 bits (a third slower than 11, more
 * passes), 12 bits and more (the write streams leave the second-level cache's reach), counting all digits in one read
 * (pieces need counts in each pass's own order), unrolling the scatter loop.
 */
import { align64, ARENA_START } from './arena';
import { parallelFor } from './team';

/** Elements of a piece and most pieces of a line; pieces do not depend on the number of threads. */
const PIECE: i32 = 1 << 15;
const MOST_PIECES: i32 = 64;
const MOST_BITS: i32 = 11;
/** Lines up to this length are sorted by insertion alone. */
export const SHORT: i32 = 32;
/** An element that travels further than this in the insertion pass has its stretch merge-sorted; no less than SHORT. */
const FAR: usize = 32;
const SAMPLE: i32 = 1024;

/** One line being sorted; lives in scratch memory. All offsets are bytes. */
@unmanaged
export class Plan {
  source: usize;
  out: usize;
  /** Elements now, and the other buffer. */
  from: usize;
  to: usize;
  n: i32;
  pieces: i32;
  size: i32;
  /** What is added to floats: 0 makes −0 and 0 one key, −0 keeps them apart. */
  zero: f64;
  /** XORed to the bits of integers: the sign bit for signed ones. */
  flip: u32;
  /** Per piece: u64 bits that vary, i32 whether ascending (16 bytes). */
  facts: usize;
  /** Per piece a table of 2^bits u32: counts, then addresses. */
  tables: usize;
  /** One table more, for the sums over pieces. */
  totals: usize;
  /** The digit of the running pass. */
  low: i32;
  bits: i32;
  /** Constant leading bits, shifted out when keys and indices are packed. */
  prefix: i32;
  /** The lowest bit sorted by the passes. */
  lowest: i32;
  /** Bits of the index in packed words; 0 for bare keys. */
  indexBits: i32;
  /** Whether packed words lack bits of the key that vary. */
  partial: bool;
  /** Whether the passes left nothing to the insertion. */
  settled: bool;
  /** u32 first element of each piece of the last pass, and the end. */
  borders: usize;
}

/** Pieces of a line of n elements. */
export function piecesOf(n: i32): i32 {
  return max(1, min(MOST_PIECES, n / PIECE));
}

/** Bytes of a Plan with its tables; planBytes in src/kernels/sort.ts is the same. */
export function planBytes(n: i32): usize {
  const pieces = <usize>piecesOf(n);
  return 256 + align64(pieces << 4) + align64((pieces + 1) << 2) + ((pieces + 1) << (MOST_BITS + 2));
}

/** Lays a plan out at `place`. `a` and `b` have room for n words each; the sorted line goes to `out`. */
export function layOut(place: usize, source: usize, n: i32, a: usize, b: usize, out: usize): Plan {
  const plan = changetype<Plan>(place);
  const pieces = piecesOf(n);
  plan.source = source;
  plan.out = out;
  plan.from = a;
  plan.to = b;
  plan.n = n;
  plan.pieces = pieces;
  plan.size = (n + pieces - 1) / pieces;
  plan.prefix = 0;
  plan.indexBits = 0;
  plan.partial = false;
  plan.settled = false;
  plan.flip = 0;
  plan.zero = -0.0;
  plan.facts = place + 256;
  plan.borders = plan.facts + align64(<usize>pieces << 4);
  plan.totals = plan.borders + align64(<usize>(pieces + 1) << 2);
  plan.tables = plan.totals + (1 << (MOST_BITS + 2));
  return plan;
}

// @ts-ignore: decorator
@inline function first(plan: Plan, piece: i32): i32 {
  return min(plan.n, piece * plan.size);
}

/** Runs a step for every piece; a single piece is a plain call, so that it can be inside another shared loop. */
function each(work: usize, plan: Plan, step: i32): bool {
  if (plan.pieces > 1) return parallelFor(work, plan.pieces, step, changetype<usize>(plan));
  call_indirect(step, work, 0, changetype<usize>(plan));
  return true;
}

// Keys ----------------------------------------------------------------------------------------------------------------

const SIGN: u64 = 0x8000_0000_0000_0000;
const NAN_KEY: u64 = 0xfff8_0000_0000_0000;
const SIGN32: u32 = 0x8000_0000;
const NAN_KEY32: u32 = 0xffc0_0000;
const constants = memory.data<u64>([SIGN, SIGN, NAN_KEY, NAN_KEY], 16);

// @ts-ignore: decorator
@inline export function key64(x: f64, zero: f64): u64 {
  const bits = reinterpret<u64>(x + zero);
  return x != x ? NAN_KEY : bits ^ (<u64>(<i64>bits >> 63) | SIGN);
}

// @ts-ignore: decorator
@inline export function value64(key: u64): f64 {
  return reinterpret<f64>(key ^ (<u64>(~<i64>key >> 63) | SIGN));
}

// @ts-ignore: decorator
@inline export function key32(x: f32, zero: f32): u32 {
  const bits = reinterpret<u32>(x + zero);
  return x != x ? NAN_KEY32 : bits ^ (<u32>(<i32>bits >> 31) | SIGN32);
}

// @ts-ignore: decorator
@inline export function value32(key: u32): f32 {
  return reinterpret<f32>(key ^ (<u32>(~<i32>key >> 31) | SIGN32));
}

/** The key of the 32-bit element at `p`. */
// @ts-ignore: decorator
@inline function single<T>(plan: Plan, p: usize): u32 {
  if (isFloat<T>()) return key32(load<f32>(p), <f32>plan.zero);
  return load<u32>(p) ^ plan.flip;
}

// @ts-ignore: decorator
@inline function noteFacts(plan: Plan, piece: i32, varying: u64, ascending: bool): void {
  store<u64>(plan.facts + (<usize>piece << 4), varying);
  store<i32>(plan.facts + (<usize>piece << 4), ascending, 8);
}

/** Keys of a piece of float64s, two at a time: which bits vary, and whether they ascend from the element before. */
function loadDouble(_work: usize, piece: i32, context: usize): void {
  const plan = changetype<Plan>(context);
  const zero = f64x2.splat(plan.zero), sign = v128.load(constants), nan = v128.load(constants, 16);
  const none = i64x2.splat(0);
  const begin = first(plan, piece), end = first(plan, piece + 1);
  const reference = key64(load<f64>(plan.source), plan.zero);
  const firstKey = i64x2.splat(<i64>reference);
  let varying = none, ascending = i64x2.splat(-1);
  let p = plan.source + (<usize>begin << 3), q = plan.from + (<usize>begin << 3);
  const stop = plan.source + (<usize>end << 3);
  let isAscending = true;
  let rest: u64 = 0;
  if (begin == 0 && p < stop) {
    store<u64>(q, reference);
    isAscending = load<f64>(p) == load<f64>(p);
    p += 8;
    q += 8;
  }
  for (; p + 16 <= stop; p += 16, q += 16) {
    const x = v128.load(p);
    const bits = f64x2.add(x, zero);
    let key = v128.xor(bits, v128.or(i64x2.lt_s(bits, none), sign));
    key = v128.bitselect(key, nan, f64x2.eq(x, x));
    ascending = v128.and(ascending, f64x2.le(v128.load(p - 8), x));
    varying = v128.or(varying, v128.xor(key, firstKey));
    v128.store(q, key);
  }
  for (; p < stop; p += 8, q += 8) {
    const x = load<f64>(p), key = key64(x, plan.zero);
    isAscending = isAscending && load<f64>(p - 8) <= x;
    rest |= key ^ reference;
    store<u64>(q, key);
  }
  rest |= <u64>i64x2.extract_lane(varying, 0) | <u64>i64x2.extract_lane(varying, 1);
  noteFacts(plan, piece, rest, isAscending && i64x2.all_true(ascending));
}

/** Keys of a piece of 32-bit elements, as words of type K: alone, or (64 bits) above the index. */
function loadSingles<T, K>(piece: i32, plan: Plan): void {
  const begin = first(plan, piece), end = first(plan, piece + 1);
  const reference = single<T>(plan, plan.source);
  let varying: u32 = 0, ascending = 1;
  let before: u32 = begin == 0 ? 0 : single<T>(plan, plan.source + (<usize>(begin - 1) << 2));
  for (let i = begin; i < end; i++) {
    const key = single<T>(plan, plan.source + (<usize>i << 2));
    varying |= key ^ reference;
    ascending &= <i32>(before <= key);
    before = key;
    if (sizeof<K>() == 8) store<u64>(plan.from + (<usize>i << 3), (<u64>key << 32) | <u64>i);
    else store<u32>(plan.from + (<usize>i << 2), key);
  }
  noteFacts(plan, piece, sizeof<K>() == 8 ? <u64>varying << 32 : <u64>varying, ascending != 0);
}

function loadFloat(_work: usize, piece: i32, context: usize): void {
  loadSingles<f32, u32>(piece, changetype<Plan>(context));
}
function loadInteger(_work: usize, piece: i32, context: usize): void {
  loadSingles<u32, u32>(piece, changetype<Plan>(context));
}
function loadFloatIndex(_work: usize, piece: i32, context: usize): void {
  loadSingles<f32, u64>(piece, changetype<Plan>(context));
}
function loadIntegerIndex(_work: usize, piece: i32, context: usize): void {
  loadSingles<u32, u64>(piece, changetype<Plan>(context));
}

// Passes --------------------------------------------------------------------------------------------------------------

/** How often every digit occurs in a piece. */
function count<K>(piece: i32, plan: Plan): void {
  const table = plan.tables + (<usize>piece << (plan.bits + 2));
  memory.fill(table, 0, <usize>4 << plan.bits);
  const prefix = <K>plan.prefix, low = <K>plan.low, mask = <K>((1 << plan.bits) - 1);
  const stop = plan.from + <usize>first(plan, piece + 1) * sizeof<K>();
  for (let p = plan.from + <usize>first(plan, piece) * sizeof<K>(); p < stop; p += sizeof<K>()) {
    const place = table + (<usize>(((load<K>(p) << prefix) >> low) & mask) << 2);
    store<u32>(place, load<u32>(place) + 1);
  }
}

function count64(_work: usize, piece: i32, context: usize): void {
  count<u64>(piece, changetype<Plan>(context));
}
function count32(_work: usize, piece: i32, context: usize): void {
  count<u32>(piece, changetype<Plan>(context));
}

/** Counts become the addresses to write at. False when all elements have one digit: there is nothing to move. */
function address<K>(plan: Plan): bool {
  const bytes = <usize>4 << plan.bits;
  const totals = plan.totals, stop = totals + bytes;
  memory.fill(totals, 0, bytes);
  const tablesEnd = plan.tables + <usize>plan.pieces * bytes;
  for (let table = plan.tables; table < tablesEnd; table += bytes) {
    for (let i: usize = 0; i < bytes; i += 16) {
      v128.store(totals + i, i32x4.add(v128.load(totals + i), v128.load(table + i)));
    }
  }
  let next = <u32>plan.to;
  for (let p = totals; p < stop; p += 4) {
    const total = load<u32>(p);
    if (total == <u32>plan.n) return false;
    store<u32>(p, next);
    next += total * sizeof<K>();
  }
  for (let table = plan.tables; table < tablesEnd; table += bytes) {
    for (let i: usize = 0; i < bytes; i += 16) {
      const here = v128.load(table + i), place = v128.load(totals + i);
      v128.store(table + i, place);
      v128.store(totals + i, i32x4.add(place, i32x4.shl(here, sizeof<K>() == 8 ? 3 : 2)));
    }
  }
  return true;
}

function move<K>(piece: i32, plan: Plan): void {
  const table = plan.tables + (<usize>piece << (plan.bits + 2));
  const low = <K>plan.low, mask = <K>((1 << plan.bits) - 1);
  const stop = plan.from + <usize>first(plan, piece + 1) * sizeof<K>();
  for (let p = plan.from + <usize>first(plan, piece) * sizeof<K>(); p < stop; p += sizeof<K>()) {
    const word = load<K>(p);
    const place = table + (<usize>((word >> low) & mask) << 2);
    const target = load<u32>(place);
    store<u32>(place, target + sizeof<K>());
    store<K>(target, word);
  }
}

function move64(_work: usize, piece: i32, context: usize): void {
  move<u64>(piece, changetype<Plan>(context));
}
function move32(_work: usize, piece: i32, context: usize): void {
  move<u32>(piece, changetype<Plan>(context));
}

/** The first pass over bare 64-bit keys of an argsort: moves them packed with their index. */
function movePacking(_work: usize, piece: i32, context: usize): void {
  const plan = changetype<Plan>(context);
  const table = plan.tables + (<usize>piece << (plan.bits + 2));
  const prefix = <u64>plan.prefix, low = <u64>plan.low, mask = <u64>((1 << plan.bits) - 1);
  const high = ~((<u64>1 << <u64>plan.indexBits) - 1);
  const end = first(plan, piece + 1);
  for (let i = first(plan, piece); i < end; i++) {
    const key = load<u64>(plan.from + (<usize>i << 3)) << prefix;
    const place = table + (<usize>((key >> low) & mask) << 2);
    const target = load<u32>(place);
    store<u32>(place, target + 8);
    store<u64>(target, (key & high) | <u64>i);
  }
}

/** Words packed from the keys of `source`, in the order of the indices that the words have. */
function repack(_work: usize, piece: i32, context: usize): void {
  const plan = changetype<Plan>(context);
  const mask = (<u64>1 << <u64>plan.indexBits) - 1;
  const end = first(plan, piece + 1);
  for (let i = first(plan, piece); i < end; i++) {
    const p = plan.from + (<usize>i << 3);
    const index = load<u64>(p) & mask;
    const key = key64(load<f64>(plan.source + (<usize>index << 3)), plan.zero);
    store<u64>(p, ((key << <u64>plan.prefix) & ~mask) | index);
  }
}

/** As `movePacking` where no pass moves anything. */
function packInPlace(_work: usize, piece: i32, context: usize): void {
  const plan = changetype<Plan>(context);
  const high = ~((<u64>1 << <u64>plan.indexBits) - 1);
  const end = first(plan, piece + 1);
  for (let i = first(plan, piece); i < end; i++) {
    const p = plan.from + (<usize>i << 3);
    store<u64>(p, ((load<u64>(p) << <u64>plan.prefix) & high) | <u64>i);
  }
}

/** Leading bits, of those that vary, that tell nearly all elements apart. */
function bitsNeeded<K>(work: usize, plan: Plan, varying: K, exponentBits: i32): i32 {
  const n = plan.n;
  const prefix = <i32>clz<K>(varying);
  if (n < 16 * SAMPLE) return 33 - <i32>clz<u32>(n) + exponentBits;
  // Sorted sample: neighbours that differ, by the number of leading bits they share
  const sample = work + ARENA_START, spare = sample + SAMPLE * sizeof<K>(), shared = spare + SAMPLE * sizeof<K>();
  const step = n / SAMPLE;
  for (let i = 0; i < SAMPLE; i++) {
    store<K>(sample + <usize>i * sizeof<K>(), load<K>(plan.from + <usize>(i * step) * sizeof<K>()) & varying);
  }
  mergeSort<K, void>(plan, sample, spare, SAMPLE);
  memory.fill(shared, 0, 65 << 2);
  for (let i = 1; i < SAMPLE; i++) {
    const p = sample + <usize>i * sizeof<K>();
    const difference = load<K>(p) ^ load<K>(p - sizeof<K>());
    if (difference == 0) continue;
    const place = shared + (<usize>clz<K>(difference) << 2);
    store<u32>(place, load<u32>(place) + 1);
  }
  let bits = <i32>sizeof<K>() * 8, close = 0;
  while (bits > prefix && close + load<i32>(shared + (<usize>(bits - 1) << 2)) <= 8) {
    close += load<i32>(shared + (<usize>(bits - 1) << 2));
    bits--;
  }
  // 8 pairs among SAMPLE²/2 stand for 16 n / SAMPLE² in each element's cell; every further bit halves that
  const crowd = n / (SAMPLE * SAMPLE / 32);
  return bits - prefix + 33 - <i32>clz<u32>(max(1, crowd));
}

// The last pass -------------------------------------------------------------------------------------------------------

/** Whether word a belongs before word b that came earlier. With T = f64 packed words are not the whole key. */
// @ts-ignore: decorator
@inline function isBefore<K, T>(plan: Plan, a: K, b: K): bool {
  if (isFloat<T>()) {
    const bits = <u64>plan.indexBits;
    const highA = <u64>a >> bits, highB = <u64>b >> bits;
    return highA < highB || (highA == highB && isBeforeBelow(plan, <u64>a, <u64>b));
  }
  return a < b;
}

function isBeforeBelow(plan: Plan, a: u64, b: u64): bool {
  const mask = (<u64>1 << <u64>plan.indexBits) - 1;
  const x = load<f64>(plan.source + (<usize>(a & mask) << 3)), y = load<f64>(plan.source + (<usize>(b & mask) << 3));
  return key64(x, plan.zero) < key64(y, plan.zero);
}

/** A stable merge sort of n words; `spare` has room for as many. */
function mergeSort<K, T>(plan: Plan, words: usize, spare: usize, n: i32): void {
  const run = 16;
  for (let begin = 0; begin < n; begin += run) {
    const end = min(n, begin + run);
    for (let i = begin + 1; i < end; i++) {
      const word = load<K>(words + <usize>i * sizeof<K>());
      let j = i;
      for (; j > begin && isBefore<K, T>(plan, word, load<K>(words + <usize>(j - 1) * sizeof<K>())); j--) {
        store<K>(words + <usize>j * sizeof<K>(), load<K>(words + <usize>(j - 1) * sizeof<K>()));
      }
      store<K>(words + <usize>j * sizeof<K>(), word);
    }
  }
  let from = words, to = spare;
  for (let width = run; width < n; width <<= 1) {
    for (let begin = 0; begin < n; begin += 2 * width) {
      const middle = min(n, begin + width), end = min(n, middle + width);
      let i = from + <usize>begin * sizeof<K>(), j = from + <usize>middle * sizeof<K>();
      const iEnd = j, jEnd = from + <usize>end * sizeof<K>();
      let target = to + <usize>begin * sizeof<K>();
      while (i < iEnd && j < jEnd) {
        const a = load<K>(i), b = load<K>(j);
        const takesB = isBefore<K, T>(plan, b, a);
        store<K>(target, takesB ? b : a);
        j += takesB ? sizeof<K>() : 0;
        i += takesB ? 0 : sizeof<K>();
        target += sizeof<K>();
      }
      memory.copy(target, i, iEnd - i);
      memory.copy(target + (iEnd - i), j, jEnd - j);
    }
    const swap = from;
    from = to;
    to = swap;
  }
  if (from != words) memory.copy(words, from, <usize>n * sizeof<K>());
}

/** Insertion over words that the passes left nearly sorted, between addresses where leading bits change. */
function insert<K, T>(plan: Plan, begin: usize, end: usize): void {
  const size = sizeof<K>();
  if (begin >= end) return;
  let before = load<K>(begin);
  for (let p = begin + size; p < end; p += size) {
    const word = load<K>(p);
    if (!isBefore<K, T>(plan, word, before)) {
      before = word;
      continue;
    }
    let q = p;
    const limit = p < FAR * size + begin ? begin : p - FAR * size;
    do {
      store<K>(q, load<K>(q - size));
      q -= size;
    } while (q > limit && isBefore<K, T>(plan, word, load<K>(q - size)));
    store<K>(q, word);
    if (q > limit || q == begin) continue;
    if (!isBefore<K, T>(plan, word, load<K>(q - size))) continue;
    // far from its place: the stretch of words that share its leading bits is sorted as a whole
    const low = <K>plan.lowest;
    const lead = word >> low;
    let from = q, to = p + size;
    while (from > begin && load<K>(from - size) >> low == lead) from -= size;
    while (to < end && load<K>(to) >> low == lead) to += size;
    const spare = plan.to + (from - plan.from);
    mergeSort<K, T>(plan, from, spare, <i32>((to - from) / size));
    p = to - size;
    before = load<K>(p);
  }
}

// @ts-ignore: decorator
@inline function border(plan: Plan, piece: i32): usize {
  return <usize>load<u32>(plan.borders + (<usize>piece << 2));
}

function finishDouble(_work: usize, piece: i32, context: usize): void {
  const plan = changetype<Plan>(context);
  const begin = border(plan, piece) << 3, end = border(plan, piece + 1) << 3;
  insert<u64, void>(plan, plan.from + begin, plan.from + end);
  const sign = v128.load(constants), none = i64x2.splat(0);
  let p = begin;
  for (; p + 16 <= end; p += 16) {
    const key = v128.load(plan.from + p);
    v128.store(plan.out + p, v128.xor(key, v128.or(v128.not(i64x2.lt_s(key, none)), sign)));
  }
  if (p < end) store<f64>(plan.out + p, value64(load<u64>(plan.from + p)));
}

function finishFloat(_work: usize, piece: i32, context: usize): void {
  const plan = changetype<Plan>(context);
  const begin = border(plan, piece) << 2, end = border(plan, piece + 1) << 2;
  insert<u32, void>(plan, plan.from + begin, plan.from + end);
  for (let p = begin; p < end; p += 4) store<f32>(plan.out + p, value32(load<u32>(plan.from + p)));
}

function finishInteger(_work: usize, piece: i32, context: usize): void {
  const plan = changetype<Plan>(context);
  const begin = border(plan, piece) << 2, end = border(plan, piece + 1) << 2;
  insert<u32, void>(plan, plan.from + begin, plan.from + end);
  for (let p = begin; p < end; p += 4) store<u32>(plan.out + p, load<u32>(plan.from + p) ^ plan.flip);
}

function finishIndex(_work: usize, piece: i32, context: usize): void {
  const plan = changetype<Plan>(context);
  const begin = border(plan, piece), end = border(plan, piece + 1);
  if (plan.partial && !plan.settled) insert<u64, f64>(plan, plan.from + (begin << 3), plan.from + (end << 3));
  else if (!plan.settled) insert<u64, void>(plan, plan.from + (begin << 3), plan.from + (end << 3));
  const mask = <u32>((<u64>1 << <u64>plan.indexBits) - 1);
  for (let i = begin; i < end; i++) store<u32>(plan.out + (i << 2), load<u32>(plan.from + (i << 3)) & mask);
}

/** Pieces of the last pass begin where the sorted leading bits change, so that no element leaves its piece. */
function setBorders<K>(plan: Plan): void {
  const low = <K>plan.lowest, from = plan.from;
  for (let piece = 0; piece <= plan.pieces; piece++) {
    let at = first(plan, piece);
    if (piece > 0 && piece < plan.pieces && at < plan.n) {
      // the first place whose leading bits are above those before the piece
      const lead = load<K>(from + <usize>(at - 1) * sizeof<K>()) >> low;
      let end = plan.n;
      while (at < end) {
        const middle = at + ((end - at) >> 1);
        if (load<K>(from + <usize>middle * sizeof<K>()) >> low > lead) end = middle;
        else at = middle + 1;
      }
    }
    store<u32>(plan.borders + (<usize>piece << 2), at);
  }
}

function isAscending(plan: Plan): bool {
  for (let piece = 0; piece < plan.pieces; piece++) {
    if (!load<i32>(plan.facts + (<usize>piece << 4), 8)) return false;
  }
  return true;
}

function varyingBits(plan: Plan): u64 {
  let bits: u64 = 0;
  for (let piece = 0; piece < plan.pieces; piece++) bits |= load<u64>(plan.facts + (<usize>piece << 4));
  return bits;
}

/** Orders the words at plan.from by their bits from plan.lowest up to `top`. False when cancelled. */
function passes<K>(work: usize, plan: Plan, top: i32, packing: bool): bool {
  const span = top - plan.lowest;
  const widest = plan.n < 4096 ? 8 : MOST_BITS;
  const rounds = (span + widest - 1) / widest;
  const counting = sizeof<K>() == 8 ? count64.index : count32.index;
  const moving = sizeof<K>() == 8 ? move64.index : move32.index;
  plan.low = plan.lowest;
  for (let round = 0; round < rounds; round++) {
    // tables are whole vectors: at least four counters, the ones beyond `top` staying 0
    plan.bits = max(2, (top - plan.low + rounds - round - 1) / (rounds - round));
    if (!each(work, plan, counting)) return false;
    if (address<K>(plan)) {
      if (!each(work, plan, packing ? movePacking.index : moving)) return false;
      if (packing) plan.prefix = 0;
      packing = false;
      const swap = plan.from;
      plan.from = plan.to;
      plan.to = swap;
    }
    plan.low += plan.bits;
  }
  if (packing) {
    if (!each(work, plan, packInPlace.index)) return false;
    plan.prefix = 0;
  }
  return true;
}

/** One piece is all there is, and short: insertion finds the order alone. */
// @ts-ignore: decorator
@inline function isShort(plan: Plan): bool {
  return plan.n <= SHORT;
}

/**
 * Sorts the line of `plan` (type: see sort.ts) into plan.out. The buffers hold 64-bit
 * words for float64 and 32-bit ones otherwise. False when cancelled.
 */
export function sortValues(work: usize, plan: Plan, type: i32): bool {
  const isDouble = type == 0;
  if (type == 2) plan.flip = SIGN32;
  const loading = isDouble ? loadDouble.index : type == 1 ? loadFloat.index : loadInteger.index;
  if (!each(work, plan, loading)) return false;
  if (isAscending(plan)) {
    memory.copy(plan.out, plan.source, <usize>plan.n << (isDouble ? 3 : 2));
    return true;
  }
  const varying = varyingBits(plan);
  if (isDouble) {
    const top = 64 - <i32>clz<u64>(varying);
    plan.lowest = isShort(plan) ? top : max(<i32>ctz<u64>(varying), top - bitsNeeded<u64>(work, plan, varying, 12));
    if (!passes<u64>(work, plan, top, false)) return false;
    setBorders<u64>(plan);
    return each(work, plan, finishDouble.index);
  }
  const top = 32 - <i32>clz<u32>(<u32>varying);
  const exponent = type == 1 ? 9 : 2;
  plan.lowest = isShort(plan) ? top : max(<i32>ctz<u64>(varying), top - bitsNeeded<u32>(work, plan, <u32>varying, exponent));
  if (!passes<u32>(work, plan, top, false)) return false;
  setBorders<u32>(plan);
  return each(work, plan, type == 1 ? finishFloat.index : finishInteger.index);
}

/** The int32 indices that sort the line of `plan`, stably, into plan.out. Buffers of 64-bit words. */
export function sortIndices(work: usize, plan: Plan, type: i32): bool {
  const isDouble = type == 0;
  plan.zero = 0;
  if (type == 2) plan.flip = SIGN32;
  const loading = isDouble ? loadDouble.index : type == 1 ? loadFloatIndex.index : loadIntegerIndex.index;
  if (!each(work, plan, loading)) return false;
  if (isAscending(plan)) {
    for (let i = 0; i < plan.n; i++) store<i32>(plan.out + (<usize>i << 2), i);
    return true;
  }
  const varying = varyingBits(plan);
  const indexBits = 32 - <i32>clz<u32>(plan.n - 1);
  const exponent = isDouble ? 12 : type == 1 ? 9 : 2;
  const prefix = <i32>clz<u64>(varying);
  const needed = isShort(plan) ? 0 : bitsNeeded<u64>(work, plan, varying, exponent);
  if (isDouble) {
    const lowestVarying = <i32>ctz<u64>(varying) + prefix;
    plan.indexBits = indexBits;
    plan.prefix = prefix;
    plan.partial = lowestVarying < indexBits;
    if (plan.partial && needed > 64 - indexBits) {
      // the bits that share no word with the index matter: least significant first, they get passes of their own
      plan.prefix = prefix + 64 - indexBits;
      plan.lowest = lowestVarying + 64 - indexBits;
      if (!passes<u64>(work, plan, 64, true)) return false;
      plan.prefix = prefix;
      if (!each(work, plan, repack.index)) return false;
      plan.prefix = 0;
      plan.lowest = indexBits;
      plan.settled = true;
      if (!passes<u64>(work, plan, 64, false)) return false;
    } else {
      plan.lowest = isShort(plan) ? 64 : max(max(lowestVarying, indexBits), 64 - needed);
      if (!passes<u64>(work, plan, 64, true)) return false;
    }
  } else {
    plan.indexBits = 32;
    const top = 64 - prefix;
    plan.lowest = isShort(plan) ? top : max(<i32>ctz<u64>(varying), top - needed);
    if (!passes<u64>(work, plan, top, false)) return false;
  }
  setBorders<u64>(plan);
  return each(work, plan, finishIndex.index);
}
