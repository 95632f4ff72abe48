/**
 * Sorting by threads alone, for a GPU that a processor plays: caches do there what workgroups' own memory does elsewhere,
 * and a barrier costs more than a pass. Each thread sorts eight keys; then a pass for every doubling of the runs.
 */
import {
  bindings,
  EACH,
  each,
  exchanges,
  keyCode,
  kindOf,
  pathCode,
  type Sorting,
  type SortingWay,
  startCode,
  valueCode,
  writtenBy,
} from './sort-keys.js';
import { mainCode, spread } from './spread.js';

/** Keys that a thread merges at most. */
const MOST = 64;

function eightCode(sorting: Sorting, isLast: boolean): string {
  const isPlaces = sorting.wanted === 'positions';
  const written = writtenBy(sorting, isLast);
  const stored = (name: string, k: number): string =>
    `${name}[out + ${k}u * p.inner_out] = ${name === 'at_out' ? `s${k}` : `word_of(v${k})`};`;
  return `struct P {
  size: u32, width: u32, length: u32, inner: u32, kind: u32, inner_out: u32, kind_out: u32, pieces: u32
}
${bindings(['x'], written, true)}
${startCode}
${keyCode(isPlaces)}
${valueCode}
${mainCode(`let line = i / p.pieces;
  let begin = i % p.pieces * ${EACH}u;
  let count = min(${EACH}u, p.length - begin);
  let start = start_of(line, p.inner) + begin * p.inner;
  let out = start_of(line, p.inner_out) + begin * p.inner_out;
  ${each((k) => `var v${k} = 0xffffffffu; var s${k} = begin + ${k}u;`)}
  ${each((k) => `if (${k}u < count) { v${k} = key_of(x[start + ${k}u * p.inner]); }`)}
  ${exchanges(isPlaces)}
  ${each((k) => `if (${k}u < count) { ${written.map((name) => stored(name, k)).join(' ')} }`)}`)}`;
}

function mergeCode(sorting: Sorting, isLast: boolean): string {
  const isPlaces = sorting.wanted === 'positions';
  const written = writtenBy(sorting, isLast);
  const stored = (name: string): string =>
    `${name}[at] = ${name === 'at_out' ? 'at_in[select(b, a, isFirst)]' : 'word_of(select(y, x, isFirst))'};`;
  return `struct P {
  size: u32, width: u32, length: u32, inner_out: u32, kind_out: u32, pieces: u32, piece: u32, run: u32
}
${bindings(isPlaces ? ['key_in', 'at_in'] : ['key_in'], written, false)}
${startCode}
${valueCode}
${pathCode('path_in', 'key_in')}
${mainCode(`let line = i / p.pieces;
  let begin = i % p.pieces * p.piece;
  let pair = begin / (2u * p.run) * (2u * p.run);
  let base = line * p.length + pair;
  let na = min(p.run, p.length - pair);
  let nb = min(p.run, p.length - pair - na);
  let end_a = base + na;
  let end_b = end_a + nb;
  let path = path_in(base, na, end_a, nb, begin - pair);
  var a = base + path;
  var b = end_a + begin - pair - path;
  var x = key_in[a];
  var y = key_in[b];
  var at = start_of(line, p.inner_out) + begin * p.inner_out;
  let end = min(p.length, begin + p.piece);
  for (var position = begin; position < end; position++) {
    let isFirst = b >= end_b || (a < end_a && x <= y);
    ${written.map(stored).join('\n    ')}
    at += p.inner_out;
    a += select(0u, 1u, isFirst);
    b += select(1u, 0u, isFirst);
    let next = key_in[select(b, a, isFirst)];
    x = select(x, next, isFirst);
    y = select(next, y, isFirst);
  }`)}`;
}

/** By threads alone. */
export const byThreads: SortingWay = {
  run: EACH,
  first(sorting, isLast) {
    const { dtype, lines, length, inner, gpu } = sorting;
    const pieces = Math.ceil(length / EACH);
    const { workgroups, width } = spread(lines * pieces, gpu);
    const out = [isLast ? inner : 1, kindOf(dtype, !isLast)];
    const numbers = [lines * pieces, width, length, inner, kindOf(dtype), ...out, pieces];
    return { code: eightCode(sorting, isLast), numbers, workgroups };
  },
  merge(sorting, run, isLast) {
    const { dtype, lines, length, inner, gpu } = sorting;
    const piece = Math.min(MOST, 2 * run);
    const pieces = Math.ceil(length / piece);
    const { workgroups, width } = spread(lines * pieces, gpu);
    const out = [isLast ? inner : 1, kindOf(dtype, !isLast)];
    return {
      code: mergeCode(sorting, isLast),
      numbers: [lines * pieces, width, length, ...out, pieces, piece, run],
      workgroups,
    };
  },
};
