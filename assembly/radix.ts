/**
 * The radix sort behind sort, argsort, unique and quantiles: least significant digit first, but over the leading bits
 * only, as many as tell nearly all elements apart (found from a sample); one insertion pass puts the rest in order, and
 * where that gets long (many values that differ in low bits alone) the stretch is merge-sorted. Values become unsigned
 * keys in their order, NaN last. For argsort a key's leading bits and the index share one 64-bit word, so both move as
 * one; where the bits that did not fit matter, they are looked up.
 *
 * A line is cut into fixed pieces; a pass counts each piece's digits (in that pass's order, so one read cannot count for
 * all passes), gives every piece its place per digit, and moves all pieces, which keeps it stable. What did not help (1e6
 * elements): digits of 8 or 9 bits (a tenth faster for float64 of both signs, slower for 32-bit types, which take more
 * passes); 12 bits (the same); folding away the gap between the keys of negative and positive values, which leaves 27 bits
 * of 33 to sort by (finding and removing it costs what it saves).
 */
import { ARENA_START } from './arena';
import { insert, mergeSort } from './insertion';
import { constants, key64, SIGN32, value32, value64 } from './keys';
import {
  isAscending, loadDouble, loadFloat, loadFloatIndex, loadInteger, loadIntegerIndex, varyingBits,
} from './load-keys';
import { each, first, MOST_BITS, Plan } from './plan';

const SAMPLE: i32 = 1024;

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

/**
 * Sorts the line of `plan` (type: see sort.ts) into plan.out. The buffers hold 64-bit words for float64 and 32-bit ones
 * otherwise. False when cancelled.
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
    plan.lowest = max(<i32>ctz<u64>(varying), top - bitsNeeded<u64>(work, plan, varying, 12));
    if (!passes<u64>(work, plan, top, false)) return false;
    setBorders<u64>(plan);
    return each(work, plan, finishDouble.index);
  }
  const top = 32 - <i32>clz<u32>(<u32>varying);
  const exponent = type == 1 ? 9 : 2;
  plan.lowest = max(<i32>ctz<u64>(varying), top - bitsNeeded<u32>(work, plan, <u32>varying, exponent));
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
  const needed = bitsNeeded<u64>(work, plan, varying, exponent);
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
      plan.lowest = max(max(lowestVarying, indexBits), 64 - needed);
      if (!passes<u64>(work, plan, 64, true)) return false;
    }
  } else {
    plan.indexBits = 32;
    const top = 64 - prefix;
    plan.lowest = max(<i32>ctz<u64>(varying), top - needed);
    if (!passes<u64>(work, plan, top, false)) return false;
  }
  setBorders<u64>(plan);
  return each(work, plan, finishIndex.index);
}
