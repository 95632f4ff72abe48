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
 * A way to sort. Every pass writes keys, or keys and their positions, line after line; the last one values or positions
 * alone, where they belong. Operands are what is read, and then what is written, in this order.
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

/** Bindings of arrays of words by these names, in this order, and of the uniform. */
export function bindings(read: readonly string[], written: readonly string[], isInput: boolean): string {
  const line = (name: string, i: number): string => {
    const access = isInput && i < read.length ? 'read' : 'read_write';
    return `@group(0) @binding(${i}) var<storage, ${access}> ${name}: array<u32>;`;
  };
  const arrays = [...read, ...written];
  return [...arrays.map(line), `@group(0) @binding(${arrays.length}) var<uniform> p: P;`].join('\n');
}

/** What kinds of words there are: those that are their own keys, whole numbers with signs, and floats. */
const WORDS = 0;
const SIGNED = 1;
const FLOATS = 2;

/** The kind of a dtype's words; a pass that leaves keys for another one writes them as they are. */
export function kindOf(dtype: DType, isKept = false): number {
  if (isKept || dtype === 'uint32') return WORDS;
  return dtype === 'int32' ? SIGNED : FLOATS;
}

/** Where a line begins that lies with so many others; one line after the other where `inner` is 1. */
export const startCode = `fn start_of(line: u32, inner: u32) -> u32 {
  return (line / inner) * p.length * inner + line % inner;
}`;

/** NaN, of whichever sign, has the largest key; where positions are wanted −0 and 0 are one value. */
export const keyCode = (isPlaces: boolean): string => `fn key_of(word: u32) -> u32 {
  if (p.kind == ${WORDS}u) { return word; }
  if (p.kind == ${SIGNED}u) { return word ^ 0x80000000u; }
  let size = word & 0x7fffffffu;
  if (size > 0x7f800000u) { return 0xffffffffu; }
  ${isPlaces ? 'if (size == 0u) { return 0x80000000u; }' : ''}
  return select(word | 0x80000000u, ~word, word > 0x7fffffffu);
}`;

/** What is written of keys. `p.kind_out`, `p.inner_out` say whether as values, and where. */
export const valueCode = `fn word_of(key: u32) -> u32 {
  if (p.kind_out == ${WORDS}u) { return key; }
  if (p.kind_out == ${SIGNED}u) { return key ^ 0x80000000u; }
  if (key == 0xffffffffu) { return 0x7fc00000u; }
  return select(~key, key & 0x7fffffffu, key > 0x7fffffffu);
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
