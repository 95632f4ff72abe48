/**
 * LU of a matrix in blocks with pivots from all of its rows: tournament pivoting (CALU: Grigori, Demmel & Xiang, SIAM J. Matrix
 * Anal. 32(4), 2011), right-looking by columns of blocks. For each of them: as many rows as it has columns are chosen in
 * pieces by LU with partial pivoting, winners of two pieces meet in a tree, and the last round's factors are those of the
 * tile on the diagonal; its rows move to the top of every column to the right, which is then solved with L and updated.
 *
 * mn² − n³/3 flops, and 2nb² for every piece beside (b: columns of a block). With p columns of blocks and q pieces
 * O(p² + pq) tasks; the longest way through them has O(p·log q). Memory: x by columns of blocks, two such columns more
 * for each thread. Multipliers are small though, unlike those of partial pivoting, not always ≤ 1. A column without a pivot
 * (the rows before are all that it depends on) has zeros in l.
 */
import { lu as luKernel } from '../../kernels/linalg/factor.js';
import { sizesOf } from '../../lazy/blocks/blocked.js';
import { evenly, startsOf } from '../../lazy/blocks/grid.js';
import { rechunked } from '../../lazy/blocks/rechunk.js';
import { nd } from '../../lazy/index.js';
import { kernelCall, type LazyArray } from '../../lazy/lazy-array.js';
import { minusProduct, multipliers, ofTiles, solveTile, type Tiles, tilesOf, zeros } from './tiles.js';

/** The factors of x[order] = l·u. */
export interface Factors {
  /** The sizes of l's rows, of its columns (and u's rows), and of u's columns. */
  readonly rows: readonly number[];
  readonly inner: readonly number[];
  readonly columns: readonly number[];
  /** The lower triangle of tiles, and the upper one from the diagonal on: u[i][j − i] is tile (i, j). */
  readonly l: Tiles;
  readonly u: Tiles;
  /** The row of x that each row of l·u is: (m) int32. */
  readonly order: LazyArray;
  /** Of each column of blocks the rows that it chose, counted from the top of what was left. */
  readonly chosen: readonly LazyArray[];
}

const rowsOf = (x: LazyArray, from: number, to: number): LazyArray =>
  from === 0 && to === x.shape[0] ? x : nd.slice(x, [[from, to]]);
const counted = (from: number, to: number): LazyArray => nd.arange(from, to, 1, { dtype: 'int32' });

interface Round {
  readonly ids: LazyArray;
  readonly l: LazyArray;
  readonly u: LazyArray;
}

/** LU of candidates: the best of them first, as many as there are columns. */
function play(values: LazyArray, ids: LazyArray): Round {
  const [p, l, u] = kernelCall(luKernel, [values]) as [LazyArray, LazyArray, LazyArray];
  const best = Math.min(...(values.shape as [number, number]));
  const places = nd.slice(nd.argmax(p, { axis: 0 }) as LazyArray, [[0, best]]);
  return { ids: nd.take(ids, places), l: rowsOf(l, 0, best), u };
}

/** The rows of a panel that its columns are eliminated with, in pieces of `height` rows. */
function tournament(panel: LazyArray, height: number): Round {
  const starts = startsOf(evenly(panel.shape[0]!, height));
  let rounds = starts.slice(1).map((end, i) => play(rowsOf(panel, starts[i]!, end), counted(starts[i]!, end)));
  while (rounds.length > 1) {
    const next: Round[] = [];
    for (let i = 0; i < rounds.length; i += 2) {
      const [first, second] = [rounds[i]!, rounds[i + 1]];
      if (second === undefined) {
        next.push(first);
        continue;
      }
      const ids = nd.concat([first.ids, second.ids]);
      next.push(play(nd.take(panel, ids, { axis: 0 }), ids));
    }
    rounds = next;
  }
  return rounds[0]!;
}

/** All rows: the chosen ones first, in their order, then the others in theirs. */
function orderFrom(chosen: LazyArray, rows: number): LazyArray {
  const count = chosen.shape[0]!;
  const places = nd.expandDims(counted(0, rows), 1);
  // a row that is chosen as the i-th has the key i, others come after those
  const shifts = nd.sub(nd.arange(0, count), nd.add(places, count));
  const isChosen = nd.equal(places, nd.expandDims(chosen, 0));
  const keys = nd.add(nd.sum(nd.where(isChosen, shifts, 0), { axis: 1 }) as LazyArray, nd.arange(count, count + rows));
  return nd.argsort(keys);
}

/** x (m, n) in blocks. O(blocks²) tasks; nothing runs. */
export function factorsOf(x: LazyArray): Factors {
  const [m, n] = x.shape as [number, number];
  const steps = Math.min(m, n);
  const [rowSizes, columnSizes] = sizesOf(x) as [readonly number[], readonly number[]];
  // a side of one block is cut as the other
  const wanted = columnSizes.length === 1 && rowSizes.length > 1 ? evenly(n, Math.max(...rowSizes)) : columnSizes;
  const columns = cutAt(wanted, steps);
  const inner = columns.slice(0, startsOf(columns).indexOf(steps, 1));
  const tallest = Math.max(...rowSizes);
  const rows = m > steps ? [...inner, ...evenly(m - steps, Math.min(tallest, m - steps))] : inner;
  const panels = tilesOf(rechunked(x, [[m], columns]))[0]!;
  const orders: LazyArray[] = [];
  const chosen: LazyArray[] = [];
  const diagonal: LazyArray[] = [];
  const below: (LazyArray | undefined)[] = [];
  const u: Tiles = [];
  let left = m;
  inner.forEach((width, k) => {
    const panel = panels[k]!;
    const { ids, l, u: top } = tournament(panel, Math.max(tallest, width));
    const order = orderFrom(ids, left);
    const rest = left > width ? nd.slice(order, [[width, left]]) : undefined;
    const factor = rest && multipliers(top, nd.take(panel, rest, { axis: 0 }));
    chosen.push(ids);
    orders.push(order);
    diagonal.push(l);
    below.push(factor);
    const row = [top];
    for (let j = k + 1; j < columns.length; j++) {
      const other = panels[j]!;
      const solved = solveTile(l, nd.take(other, ids, { axis: 0 }), { assume: 'lower', unit: true });
      row.push(solved);
      if (rest !== undefined) panels[j] = minusProduct(nd.take(other, rest, { axis: 0 }), factor!, solved);
    }
    u.push(row);
    left -= width;
  });
  return { rows, inner, columns, u, chosen, ...inPlace(rows, inner, orders, diagonal, below) };
}

/** L's tiles below the diagonal in the order of the steps that came after theirs, and the order of all rows. */
function inPlace(
  rows: readonly number[],
  inner: readonly number[],
  orders: readonly LazyArray[],
  diagonal: readonly LazyArray[],
  below: readonly (LazyArray | undefined)[],
): { readonly l: Tiles; readonly order: LazyArray } {
  const l: Tiles = rows.map(() => []);
  const starts = startsOf(rows);
  // what the steps after this one make of the rows that it leaves
  let later: LazyArray | undefined;
  for (let k = inner.length - 1; k >= 0; k--) {
    const factor = below[k];
    const placed = factor && later ? nd.take(factor, later, { axis: 0 }) : factor;
    l[k]![k] = diagonal[k]!;
    for (let i = k + 1; i < rows.length; i++) {
      const from = starts[i]! - starts[k + 1]!;
      l[i]![k] = rowsOf(placed!, from, from + rows[i]!);
    }
    const width = inner[k]!;
    later =
      later === undefined
        ? orders[k]!
        : nd.take(orders[k]!, nd.concat([counted(0, width), nd.add(later, nd.array(width, { dtype: 'int32' }))]));
  }
  return { l, order: later! };
}

/** The sizes with a border at `place` too. */
function cutAt(sizes: readonly number[], place: number): readonly number[] {
  let start = 0;
  return sizes.flatMap((size) => {
    const cut = place - start;
    start += size;
    return cut > 0 && cut < size ? [cut, size - cut] : [size];
  });
}

/** p·l·u = x. */
export function blockedLu(x: LazyArray): { readonly p: LazyArray; readonly l: LazyArray; readonly u: LazyArray } {
  const { rows, inner, columns, l, u, order } = factorsOf(x);
  const starts = startsOf(rows);
  const p = rows.map((_, i) =>
    rows.map((__, j) => {
      const places = nd.expandDims(counted(starts[i]!, starts[i + 1]!), 1);
      return nd.astype(nd.equal(places, nd.slice(order, [[starts[j]!, starts[j + 1]!]])) as LazyArray, x.dtype);
    }),
  );
  const lower = rows.map((height, i) => inner.map((width, j) => (j <= i ? l[i]![j]! : zeros(height, width, x))));
  const upper = inner.map((height, i) => columns.map((width, j) => (j >= i ? u[i]![j - i]! : zeros(height, width, x))));
  return { p: ofTiles(rows, rows, p), l: ofTiles(rows, inner, lower), u: ofTiles(inner, columns, upper) };
}
