/**
 * Sorting by threads alone, for a GPU that a processor plays: caches do there what workgroups' own memory does elsewhere,
 * and a barrier costs more than a pass. Each thread sorts eight keys; then a pass for every doubling of the runs.
 */
import {
  EACH,
  each,
  exchanges,
  keyCode,
  pathCode,
  placeCode,
  type Sorting,
  type SortingWay,
  wordCode,
  writtenBy,
} from './sort-keys.js';
import { mainCode, spread } from './spread.js';

/** Keys that a thread merges at most. */
const MOST = 64;

const bindings = (sources: readonly string[], written: readonly string[], access: string): string =>
  [...sources, ...written, 'p']
    .map((name, i) => {
      const kind = name === 'p' ? 'uniform' : i < sources.length ? `storage, ${access}` : 'storage, read_write';
      return `@group(0) @binding(${i}) var<${kind}> ${name}: ${name === 'p' ? 'P' : 'array<u32>'};`;
    })
    .join('\n');

function eightCode(sorting: Sorting, isLast: boolean): string {
  const { dtype, wanted } = sorting;
  const isPlaces = wanted === 'positions';
  const written = writtenBy(sorting, isLast);
  const at = (position: string): string => (isLast ? `place(line, ${position})` : `line * p.length + ${position}`);
  const values: Readonly<Record<string, (k: number) => string>> = {
    key_out: (k) => (isLast ? `word_of(v${k})` : `v${k}`),
    at_out: (k) => `s${k}`,
  };
  return `struct P { size: u32, width: u32, length: u32, inner: u32, pieces: u32 }
${bindings(['x'], written, 'read')}
${keyCode(dtype, isPlaces)}
${isLast && !isPlaces ? wordCode(dtype) : ''}
${placeCode}
${mainCode(`let line = i / p.pieces;
  let begin = i % p.pieces * ${EACH}u;
  let count = min(${EACH}u, p.length - begin);
  ${each((k) => `var v${k} = 0xffffffffu; var s${k} = begin + ${k}u;`)}
  ${each((k) => `if (${k}u < count) { v${k} = key_of(x[place(line, s${k})]); }`)}
  ${exchanges(isPlaces)}
  ${each((k) => `if (${k}u < count) { ${written.map((name) => `${name}[${at(`begin + ${k}u`)}] = ${values[name]!(k)};`).join(' ')} }`)}`)}`;
}

function mergeCode(sorting: Sorting, isLast: boolean): string {
  const { dtype, wanted } = sorting;
  const isPlaces = wanted === 'positions';
  const written = writtenBy(sorting, isLast);
  const values: Readonly<Record<string, string>> = {
    key_out: isLast ? 'word_of(key)' : 'key',
    at_out: 'at_in[select(j, i, isFirst)]',
  };
  return `struct P { size: u32, width: u32, length: u32, inner: u32, pieces: u32, piece: u32, run: u32 }
${bindings(isPlaces ? ['key_in', 'at_in'] : ['key_in'], written, 'read_write')}
${isLast && !isPlaces ? wordCode(dtype) : ''}
${isLast ? placeCode : ''}
${pathCode('path_in', 'key_in')}
${mainCode(`let line = i / p.pieces;
  let begin = i % p.pieces * p.piece;
  let pair = begin / (2u * p.run) * (2u * p.run);
  let base = line * p.length + pair;
  let na = min(p.run, p.length - pair);
  let nb = min(p.run, p.length - pair - na);
  let end_a = base + na;
  let end_b = end_a + nb;
  let d = begin - pair;
  let end = min(p.length, begin + p.piece);
  let path = path_in(base, na, end_a, nb, d);
  take(line, begin, end, base + path, end_a, end_a + d - path, end_b);`)}
fn take(line: u32, begin: u32, end: u32, a: u32, end_a: u32, b: u32, end_b: u32) {
  var i = a;
  var j = b;
  var x = key_in[i];
  var y = key_in[j];
  for (var position = begin; position < end; position++) {
    let isFirst = j >= end_b || (i < end_a && x <= y);
    let key = select(y, x, isFirst);
    ${written.map((name) => `${name}[${isLast ? 'place(line, position)' : 'line * p.length + position'}] = ${values[name]};`).join('\n    ')}
    i += select(0u, 1u, isFirst);
    j += select(1u, 0u, isFirst);
    let next = key_in[select(j, i, isFirst)];
    x = select(x, next, isFirst);
    y = select(next, y, isFirst);
  }
}`;
}

/** By threads alone. */
export const byThreads: SortingWay = {
  run: EACH,
  first(sorting, isLast) {
    const { lines, length, inner, gpu } = sorting;
    const pieces = Math.ceil(length / EACH);
    const { workgroups, width } = spread(lines * pieces, gpu);
    return { code: eightCode(sorting, isLast), numbers: [lines * pieces, width, length, inner, pieces], workgroups };
  },
  merge(sorting, run, isLast) {
    const { lines, length, inner, gpu } = sorting;
    const piece = Math.min(MOST, 2 * run);
    const pieces = Math.ceil(length / piece);
    const { workgroups, width } = spread(lines * pieces, gpu);
    const numbers = [lines * pieces, width, length, inner, pieces, piece, run];
    return { code: mergeCode(sorting, isLast), numbers, workgroups };
  },
};
