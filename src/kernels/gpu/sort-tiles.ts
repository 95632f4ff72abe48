/**
 * Sorting on a GPU, by workgroups: each sorts a tile in its own memory (a piece of a long line, or several short lines),
 * every thread eight keys in registers and then runs merged two by two. Longer lines take a pass for every doubling of
 * their runs, in which each workgroup brings what its tile of a merged run is made of into its memory.
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
import { rowsOf } from './spread.js';

/** Threads of a workgroup: the keys of a tile and their positions fit the least memory that a workgroup has. */
const THREADS = 256;
const TILE = EACH * THREADS;

/**
 * Keys from place d on of two runs that lie in `keys`, and where they were; the runs' ends are not passed. What is read
 * behind the memory's end is not used.
 */
const mergeCode = `let path = path_of(a, na, b, nb, d);
  var i = a + path;
  var j = b + d - path;
  var x = keys[i];
  var y = keys[j];
  ${each(
    (k) => `{
    let isFirst = j >= b + nb || (i < a + na && x <= y);
    v${k} = select(y, x, isFirst);
    s${k} = select(j, i, isFirst);
    i += select(0u, 1u, isFirst);
    j += select(1u, 0u, isFirst);
    let next = keys[select(j, i, isFirst)];
    x = select(x, next, isFirst);
    y = select(next, y, isFirst);
  }`,
  )}`;

/** What a thread holds, into a workgroup's memory. */
const held = (array: string, name: string): string => each((k) => `${array}[own + ${k}u] = ${name}${k};`);

const mainCode = (body: string): string => `@compute @workgroup_size(${THREADS})
fn main(@builtin(workgroup_id) id: vec3<u32>, @builtin(local_invocation_index) thread: u32) {
  let group = id.x + id.y * p.row;
  if (group >= p.groups) { return; }
  ${body}
}
`;

/**
 * A tile: pieces of `width` of lines, as many as it holds; neighbouring threads read neighbouring lines where these do
 * not lie together.
 */
function tileCode(sorting: Sorting, isLast: boolean): string {
  const isPlaces = sorting.wanted === 'positions';
  const written = writtenBy(sorting, isLast);
  const piece = `let slot = (e % p.way) * p.width + e / p.way;
    let piece = group * p.each + slot / p.width;
    let line = piece / p.pieces;
    let position = (piece % p.pieces) * p.width + slot % p.width;`;
  const keep = [held('keys', 'v'), ...(isPlaces ? [held('positions', 's')] : [])].join('\n  ');
  const stored: Readonly<Record<string, string>> = { key_out: 'word_of(keys[slot])', at_out: 'positions[slot]' };
  return `struct P {
  groups: u32, row: u32, lines: u32, length: u32, inner: u32, kind: u32, inner_out: u32, kind_out: u32,
  pieces: u32, width: u32, each: u32, way: u32
}
${bindings(['x'], written, true)}
var<workgroup> keys: array<u32, ${TILE}>;
${isPlaces ? `var<workgroup> positions: array<u32, ${TILE}>;` : ''}
${startCode}
${keyCode(isPlaces)}
${valueCode}
${pathCode('path_of', 'keys')}
${mainCode(`for (var e = thread; e < ${TILE}u; e += ${THREADS}u) {
    ${piece}
    var key = 0xffffffffu;
    if (line < p.lines && position < p.length) { key = key_of(x[start_of(line, p.inner) + position * p.inner]); }
    keys[slot] = key;
    ${isPlaces ? 'positions[slot] = position;' : ''}
  }
  workgroupBarrier();
  let own = thread * ${EACH}u;
  ${each((k) => `var v${k} = keys[own + ${k}u]; var s${k} = ${isPlaces ? `positions[own + ${k}u]` : '0u'};`)}
  ${exchanges(isPlaces)}
  ${keep}
  workgroupBarrier();
  for (var run = ${EACH}u; run < p.width; run *= 2u) {
    let a = own / (2u * run) * (2u * run);
    let b = a + run;
    let na = run;
    let nb = run;
    let d = own - a;
    ${mergeCode}
    ${isPlaces ? each((k) => `s${k} = positions[s${k}];`) : ''}
    workgroupBarrier();
    ${keep}
    workgroupBarrier();
  }
  for (var e = thread; e < ${TILE}u; e += ${THREADS}u) {
    ${piece}
    if (line < p.lines && position < p.length) {
      let at = start_of(line, p.inner_out) + position * p.inner_out;
      ${written.map((name) => `${name}[at] = ${stored[name]};`).join('\n      ')}
    }
  }`)}`;
}

/** A tile of a line whose runs are merged two by two. Positions do not take part: they are fetched at the end. */
function mergeTileCode(sorting: Sorting, isLast: boolean): string {
  const isPlaces = sorting.wanted === 'positions';
  const written = writtenBy(sorting, isLast);
  const source = (e: string): string =>
    `base + select(na + first - ends[0] + ${e} - count_a, ends[0] + ${e}, ${e} < count_a)`;
  const passOn = (name: string, out: string, value: string): string => `workgroupBarrier();
  ${held('keys', name)}
  workgroupBarrier();
  for (var e = thread; e < count; e += ${THREADS}u) {
    let held = keys[e];
    ${out}[start + e * p.inner_out] = ${value};
  }`;
  return `struct P { groups: u32, row: u32, length: u32, inner_out: u32, kind_out: u32, tiles: u32, run: u32 }
${bindings(isPlaces ? ['key_in', 'at_in'] : ['key_in'], written, false)}
var<workgroup> keys: array<u32, ${TILE}>;
var<workgroup> ends: array<u32, 2>;
${startCode}
${valueCode}
${pathCode('path_of', 'keys')}
${pathCode('path_in', 'key_in')}
${mainCode(`let line = group / p.tiles;
  let begin = group % p.tiles * ${TILE}u;
  let pair = begin / (2u * p.run) * (2u * p.run);
  let base = line * p.length + pair;
  let na = min(p.run, p.length - pair);
  let nb = min(p.run, p.length - pair - na);
  let first = begin - pair;
  let count = min(${TILE}u, na + nb - first);
  if (thread < 2u) { ends[thread] = path_in(base, na, base + na, nb, first + thread * count); }
  workgroupBarrier();
  let count_a = ends[1] - ends[0];
  for (var e = thread; e < count; e += ${THREADS}u) { keys[e] = key_in[${source('e')}]; }
  workgroupBarrier();
  let own = thread * ${EACH}u;
  ${each((k) => `var v${k} = 0u; var s${k} = 0u;`)}
  {
    let a = 0u;
    let b = count_a;
    let na = count_a;
    let nb = count - count_a;
    let d = min(own, count);
    ${mergeCode}
  }
  let start = start_of(line, p.inner_out) + begin * p.inner_out;
  ${written.includes('key_out') ? passOn('v', 'key_out', 'word_of(held)') : ''}
  ${isPlaces ? passOn('s', 'at_out', `at_in[${source('held')}]`) : ''}`)}`;
}

/** By workgroups. */
export const byTiles: SortingWay = {
  run: TILE,
  first(sorting, isLast) {
    const { dtype, lines, length, inner, gpu } = sorting;
    const width = Math.min(TILE, Math.max(EACH, 2 ** Math.ceil(Math.log2(length))));
    const pieces = Math.ceil(length / width);
    const perTile = TILE / width;
    const groups = Math.ceil((lines * pieces) / perTile);
    const { workgroups, row } = rowsOf(groups, gpu);
    const out = [isLast ? inner : 1, kindOf(dtype, !isLast)];
    const tile = [pieces, width, perTile, inner > 1 ? perTile : 1];
    const numbers = [groups, row, lines, length, inner, kindOf(dtype), ...out, ...tile];
    return { code: tileCode(sorting, isLast), numbers, workgroups };
  },
  merge(sorting, run, isLast) {
    const { dtype, lines, length, inner, gpu } = sorting;
    const tiles = Math.ceil(length / TILE);
    const { workgroups, row } = rowsOf(lines * tiles, gpu);
    return {
      code: mergeTileCode(sorting, isLast),
      numbers: [lines * tiles, row, length, isLast ? inner : 1, kindOf(dtype, !isLast), tiles, run],
      workgroups,
    };
  },
};
