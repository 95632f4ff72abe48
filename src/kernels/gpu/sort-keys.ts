/**
 * What the ways of sorting on the GPU share: keys, words whose unsigned order is that of the values; eight of them put in
 * order by one thread; and the bisection by which a thread finds which keys of two runs come to its places when they are
 * merged, so that nobody waits for anybody and equal keys keep their order.
 *
 * Source: Green, McColl & Bader, "GPU merge path: a GPU merging algorithm", ICS 2012.
 */
import type { DType } from '../../array/dtype.js';
import type { GpuPass, GpuTraits } from '../contract.js';

/** What of a line is wanted: its values in order, or their positions. */
export type Sorted = 'values' | 'positions';

/** What is sorted: so many lines. */
export interface Sorting {
  readonly dtype: DType;
  readonly wanted: Sorted;
  readonly lines: number;
  readonly length: number;
  readonly inner: number;
  readonly gpu: GpuTraits;
}

/**
 * A way to sort. Passes write `keys` and `positions` line after line, those of them that are wanted; the last one writes
 * the result alone, where it belongs. Operands are in this order: what is read, and what is written.
 */
export interface SortingWay {
  /** How long the runs are that the first pass makes. */
  readonly run: number;
  /** Of the input. */
  first(sorting: Sorting, isLast: boolean): Omit<GpuPass, 'operands'>;
  /** Of runs of `run` keys, merged two by two. */
  merge(sorting: Sorting, run: number, isLast: boolean): Omit<GpuPass, 'operands'>;
}

/** Keys that a thread holds. */
export const EACH = 8;

/** What a pass writes. */
export function writtenBy({ wanted }: Sorting, isLast: boolean): readonly string[] {
  if (wanted === 'values') return ['key_out'];
  return isLast ? ['at_out'] : ['key_out', 'at_out'];
}

/** NaN, of which ever sign, has the largest key; to `argsort` −0 and 0 are one value. */
export function keyCode(dtype: DType, isPlaces: boolean): string {
  const float = `let size = word & 0x7fffffffu;
  if (size > 0x7f800000u) { return 0xffffffffu; }
  ${isPlaces ? 'if (size == 0u) { return 0x80000000u; }' : ''}
  return select(word | 0x80000000u, ~word, word > 0x7fffffffu);`;
  const words: Partial<Record<DType, string>> = { float32: float, int32: 'return word ^ 0x80000000u;' };
  return `fn key_of(word: u32) -> u32 { ${words[dtype] ?? 'return word;'} }`;
}

export function wordCode(dtype: DType): string {
  const float = `if (key == 0xffffffffu) { return 0x7fc00000u; }
  return select(~key, key & 0x7fffffffu, key > 0x7fffffffu);`;
  const words: Partial<Record<DType, string>> = { float32: float, int32: 'return key ^ 0x80000000u;' };
  return `fn word_of(key: u32) -> u32 { ${words[dtype] ?? 'return key;'} }`;
}

/** Where an element of a line lies among all. */
export const placeCode = `fn place(line: u32, position: u32) -> u32 {
  return ((line / p.inner) * p.length + position) * p.inner + line % p.inner;
}`;

/** How many of the first `d` keys of two merged runs are of the first one. */
export const pathCode = (
  name: string,
  from: string,
): string => `fn ${name}(a: u32, na: u32, b: u32, nb: u32, d: u32) -> u32 {
  var low = d - min(d, nb);
  var high = min(d, na);
  while (low < high) {
    let middle = (low + high) / 2u;
    if (${from}[a + middle] <= ${from}[b + d - 1u - middle]) { low = middle + 1u; } else { high = middle; }
  }
  return low;
}`;

/** A line for each of a thread's keys. */
export const each = (line: (k: number) => string): string =>
  Array.from({ length: EACH }, (_, k) => line(k)).join('\n  ');

/** Eight keys of a thread in order, by exchanges of neighbours, which leave equal ones as they are. */
export function exchanges(isPlaces: boolean): string {
  const steps: string[] = [];
  for (let round = 0; round < EACH; round++) {
    for (let k = round % 2; k + 1 < EACH; k += 2) {
      const [a, b] = [`v${k}`, `v${k + 1}`];
      const [s, t] = [`s${k}`, `s${k + 1}`];
      steps.push(
        isPlaces
          ? `{ let isLess = ${b} < ${a}; let key = ${a}; ${a} = select(key, ${b}, isLess); ${b} = select(${b}, key, isLess);
    let at = ${s}; ${s} = select(at, ${t}, isLess); ${t} = select(${t}, at, isLess); }`
          : `{ let key = ${a}; ${a} = min(key, ${b}); ${b} = max(key, ${b}); }`,
      );
    }
  }
  return steps.join('\n  ');
}
