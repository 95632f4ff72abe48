/**
 * The last pass of the radix sort: insertion over words that are nearly in order. Where one has far to go, the stretch
 * of words that share its leading bits is merge-sorted instead.
 */
import { key64 } from './keys';
import { Plan } from './plan';

/** An element that travels further than this has its stretch merge-sorted. */
const FAR: usize = 32;

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
export function mergeSort<K, T>(plan: Plan, words: usize, spare: usize, n: i32): void {
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
export function insert<K, T>(plan: Plan, begin: usize, end: usize): void {
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
