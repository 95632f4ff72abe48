/**
 * The product on the GPU: tiles (product.ts), cut along k where the result is too small to keep the GPU busy, a kernel
 * of its own where one side is a vector, and in parts where an array is larger than one binding may be. That of float64
 * is made of integers (ozaki.ts).
 */
import type { ArraySpec } from '../../array/ndarray.js';
import type { GpuBody, GpuOperand, GpuPass, GpuPlan, GpuTraits, KernelParams } from '../contract.js';
import { canSplit, DOUBLE_FACTOR, splitProduct } from './ozaki.js';
import { type ProductSizes, type ProductTile, productCode, productTiles } from './product.js';
import { mainCode, spread } from './spread.js';
import { partsOf, windowOf } from './windows.js';
import { floatWord } from './words.js';

/** Workgroups that keep a GPU busy; with fewer, and a sum at least so long, the sum is cut. */
const BUSY = 96;
const LONG = 512;
const MOST_PIECES = 32;
/** A result this small takes the small tile. */
const SMALL = 192;
const FLOAT = 4;

/** One part: a range of rows, columns and of k, as large as the bindings allow. */
export interface ProductPart {
  readonly m: number;
  readonly n: number;
  readonly k: number;
  readonly a: Window;
  readonly b: Window;
  readonly c: Window;
  /** Where in the rows of its windows it begins. */
  readonly inA: number;
  readonly inB: number;
  readonly column: number;
  readonly isFirst: boolean;
}

export type Window = { readonly offset: number; readonly bytes: number };

/** How many rows of `length` elements fit a binding, whole blocks of 64 where not all do, so that windows are aligned. */
function fitting(rows: number, length: number, limit: number): number {
  if (rows * length * FLOAT <= limit) return Math.max(1, rows);
  return Math.floor(limit / (FLOAT * length * 64)) * 64;
}

/** Lengths along m, n and k of one part; 0 where not even a block fits. */
function partSizes({ m, n, k, transposeA, transposeB }: ProductSizes, limit: number): [number, number, number] {
  const inA = transposeA ? fitting(k, m, limit) : fitting(m, k, limit);
  const inB = transposeB ? fitting(n, k, limit) : fitting(k, n, limit);
  const inC = fitting(m, n, limit);
  const rows = transposeA ? inC : Math.min(inA, inC);
  const columns = transposeB ? inB : Math.max(1, n);
  const whole = Math.max(1, k);
  const depth = Math.min(transposeA ? inA : whole, transposeB ? whole : inB);
  return [rows, columns, depth];
}

function* productParts(sizes: ProductSizes, limit: number): Generator<ProductPart> {
  const { m, n, k, transposeA, transposeB } = sizes;
  const [rows, columns, depth] = partSizes(sizes, limit);
  const window = (from: number, count: number, length: number): Window => ({
    offset: from * length * FLOAT,
    bytes: count * length * FLOAT,
  });
  for (let i = 0; i < m; i += rows) {
    for (let j = 0; j < n; j += columns) {
      for (let l = 0; l === 0 || l < k; l += depth) {
        const [pm, pn, pk] = [Math.min(rows, m - i), Math.min(columns, n - j), Math.min(depth, k - l)];
        const a = transposeA ? window(l, pk, m) : window(i, pm, k);
        const b = transposeB ? window(j, pn, k) : window(l, pk, n);
        const [inA, inB] = [transposeA ? i : l, transposeB ? l : j];
        yield { m: pm, n: pn, k: pk, a, b, c: window(i, pm, n), inA, inB, column: j, isFirst: l === 0 };
      }
    }
  }
}

const storeWhole = `@group(0) @binding(2) var<storage, read_write> c: array<f32>;
fn store(row: u32, column: u32, sum: f32, piece: u32) {
  let at = piece * p.m * p.n + row * p.ldc + p.column + column;
  c[at] = select(sum, c[at] + p.alpha * sum, p.adds == 1u);
}`;

/** Pieces of sums, one after the other, into an array; the numbers are those of `summed`. */
export const sumPieces = `struct P { size: u32, pieces: u32, columns: u32, ldc: u32, column: u32, adds: u32, width: u32, alpha: f32 }
@group(0) @binding(0) var<storage, read_write> parts: array<f32>;
@group(0) @binding(1) var<storage, read_write> c: array<f32>;
@group(0) @binding(2) var<uniform> p: P;
${mainCode(`let at = (i / p.columns) * p.ldc + p.column + i % p.columns;
  var sum = 0.0;
  for (var piece = 0u; piece < p.pieces; piece++) { sum += parts[piece * p.size + i]; }
  c[at] = select(sum, c[at] + p.alpha * sum, p.adds == 1u);`)}`;

/** What a product is added to, put where the sum is to be; of what is symmetric the lower half counts. */
const copyCode = `struct P { size: u32, width: u32, side: u32 }
@group(0) @binding(0) var<storage, read> s: array<u32>;
@group(0) @binding(1) var<storage, read_write> c: array<u32>;
@group(0) @binding(2) var<uniform> p: P;
${mainCode(`var at = i;
  if (p.side > 0u) {
    let row = i / p.side;
    let column = i % p.side;
    if (column > row) { at = column * p.side + row; }
  }
  c[i] = s[at];`)}`;

function tileFor({ m, n }: { m: number; n: number }, gpu: GpuTraits): ProductTile {
  const chosen = productTiles[gpu.productTile] as ProductTile;
  return chosen.depth > 0 && Math.max(m, n) <= SMALL ? (productTiles[0] as ProductTile) : chosen;
}

/** Whether blocks of four end where rows end: vectors would bring in what lies beyond. */
function isEven({ lda, ldb }: ProductSizes, { m, n, k }: ProductPart): boolean {
  return (lda === undefined && ldb === undefined) || (m % 4 === 0 && n % 4 === 0 && k % 4 === 0);
}

/** Passes of one part of a product in tiles. */
export function tiled(
  part: ProductPart,
  sizes: ProductSizes,
  inputs: readonly number[],
  gpu: GpuTraits,
  scratch: number[],
): GpuPass[] {
  const { m, n, k, a, b, c, inA, inB } = part;
  const tile = tileFor(part, gpu);
  const { transposeA, transposeB } = sizes;
  const lda = sizes.lda ?? (transposeA ? sizes.m : sizes.k);
  const ldb = sizes.ldb ?? (transposeB ? sizes.k : sizes.n);
  const [x, y] = [Math.ceil(n / tile.columns), Math.ceil(m / tile.rows)];
  const room = Math.floor(gpu.maxBinding / (FLOAT * m * n));
  const isBusy = x * y >= BUSY || k < 2 * LONG || room < 2;
  const wanted = isBusy ? 1 : Math.min(MOST_PIECES, room, Math.ceil(BUSY / (x * y)), Math.floor(k / LONG));
  const step = Math.max(1, tile.depth);
  const length = Math.max(step, Math.ceil(k / wanted / step) * step);
  const pieces = Math.max(1, Math.ceil(k / length));
  const vectors =
    lda % 4 === 0 && ldb % 4 === 0 && inA % 4 === 0 && inB % 4 === 0 && lda * ldb > 0 && isEven(sizes, part);
  const isCut = pieces > 1;
  const target: GpuOperand = isCut ? { of: 'scratch', index: scratch.length } : { of: 'output', index: 0, ...c };
  if (isCut) scratch.push(pieces * m * n * FLOAT);
  const adds = part.isFirst && sizes.onto === undefined ? 0 : 1;
  const code = productCode(
    { tile, transposeA, transposeB, vectors, store: storeWhole },
    3,
    'ldc: u32, column: u32, adds: u32, alpha: f32',
  );
  const [first, second] = inputs as [number, number];
  const operands: GpuOperand[] = [{ of: 'input', index: first, ...a }, { of: 'input', index: second, ...b }, target];
  const alpha = floatWord(sizes.onto?.alpha ?? 1);
  const place = isCut ? [n, 0, 0, alpha] : [sizes.n, part.column, adds, alpha];
  const passes: GpuPass[] = [
    { code, operands, numbers: [m, n, k, lda, ldb, inA, inB, length, ...place], workgroups: [x, y, pieces] },
  ];
  if (!isCut) return passes;
  return [...passes, summed(part, sizes, target, pieces, gpu)];
}

/** Puts pieces of a part together. */
function summed(part: ProductPart, sizes: ProductSizes, pieces: GpuOperand, count: number, gpu: GpuTraits): GpuPass {
  const { m, n, c, column, isFirst } = part;
  const adds = isFirst && sizes.onto === undefined ? 0 : 1;
  const { workgroups, width } = spread(m * n, gpu);
  return {
    code: sumPieces,
    operands: [pieces, { of: 'output', index: 0, ...c }],
    numbers: [m * n, count, n, sizes.n, column, adds, width, floatWord(sizes.onto?.alpha ?? 1)],
    workgroups,
  };
}

/**
 * A matrix times a vector, whichever side it is on: threads take every so-many-th term of an element, neighbours
 * those that lie side by side. Element o of the result is Σ x[o, l]·v[l].
 */
const vectorCode = `struct P { size: u32, width: u32, outputs: u32, pieces: u32, k: u32, origin: u32, row: u32, step: u32, begin: u32, along: u32 }
@group(0) @binding(0) var<storage, read> x: array<f32>;
@group(0) @binding(1) var<storage, read> v: array<f32>;
@group(0) @binding(2) var<storage, read_write> parts: array<f32>;
@group(0) @binding(3) var<uniform> p: P;
${mainCode(`let o = select(i % p.outputs, i / p.pieces, p.along == 1u);
  let piece = select(i / p.outputs, i % p.pieces, p.along == 1u);
  var all = 0.0;
  var block = 0.0;
  var count = 0u;
  for (var l = piece; l < p.k; l += p.pieces) {
    block += x[p.origin + o * p.row + l * p.step] * v[p.begin + l];
    count++;
    if (count == 32u) { all += block; block = 0.0; count = 0u; }
  }
  parts[piece * p.outputs + o] = all + block;`)}`;

/** Passes of a part where the result is one row or one column. */
function vector(
  part: ProductPart,
  sizes: ProductSizes,
  inputs: readonly number[],
  gpu: GpuTraits,
  scratch: number[],
): GpuPass[] {
  const { m, n, k, a, b, inA, inB } = part;
  const { transposeA, transposeB } = sizes;
  const [lda, ldb] = [transposeA ? sizes.m : sizes.k, transposeB ? sizes.k : sizes.n];
  const isColumn = n === 1;
  const outputs = m * n;
  // rows of the matrix along the sum, or across it
  const isAlong = isColumn ? !transposeA : transposeB;
  const [from, length] = isColumn ? [inA, lda] : [inB, ldb];
  const [row, step] = isAlong ? [length, 1] : [1, length];
  const begin = isColumn ? (transposeB ? inB : 0) : transposeA ? 0 : inA;
  const most = Math.floor(gpu.maxBinding / (FLOAT * outputs));
  const pieces = Math.max(1, Math.min(64, most, Math.ceil(k / 32), Math.ceil(16384 / outputs)));
  const parts: GpuOperand = { of: 'scratch', index: scratch.length };
  scratch.push(pieces * outputs * FLOAT);
  const [first, second] = inputs as [number, number];
  const matrix: GpuOperand = isColumn ? { of: 'input', index: first, ...a } : { of: 'input', index: second, ...b };
  const other: GpuOperand = isColumn ? { of: 'input', index: second, ...b } : { of: 'input', index: first, ...a };
  const { workgroups, width } = spread(outputs * pieces, gpu);
  const numbers = [outputs * pieces, width, outputs, pieces, k, from, row, step, begin, Number(isAlong)];
  const pass = { code: vectorCode, operands: [matrix, other, parts], numbers, workgroups };
  return [pass, summed(part, sizes, parts, pieces, gpu)];
}

/** Whether what a product is added to can be bound as it is read. */
function isOntoBound({ m, n, onto }: ProductSizes, limit: number): boolean {
  return onto?.symmetric !== true || m * n * FLOAT <= limit;
}

/** Puts the first input where the sum is to be, in parts where it is larger than a binding. */
function copied({ m, n, onto }: ProductSizes, gpu: GpuTraits): GpuPass[] {
  return partsOf(m * n, FLOAT, gpu).map((part) => {
    const [, size] = part;
    const { workgroups, width } = spread(size, gpu);
    const operands = (['input', 'output'] as const).map((of) => windowOf(of, 0, part, FLOAT, m * n));
    return { code: copyCode, operands, numbers: [size, width, onto?.symmetric === true ? n : 0], workgroups };
  });
}

/**
 * The body of a product: `sizesOf` says what a call multiplies. Inputs are a and b, or a alone; what it is added to,
 * where there is something, comes before.
 */
export function productBody(sizesOf: (inputs: readonly ArraySpec[], params: KernelParams) => ProductSizes): GpuBody {
  return {
    doubles: DOUBLE_FACTOR,
    can(inputs, params, gpu) {
      const sizes = sizesOf(inputs, params);
      if (inputs[0]!.dtype === 'float64') return sizes.onto === undefined && canSplit(sizes, gpu);
      if (inputs[0]!.dtype !== 'float32') return false;
      const tile = productTiles[gpu.productTile] as ProductTile;
      const isVector = sizes.m === 1 || sizes.n === 1;
      const most = isVector ? 0 : Math.max(sizes.m / tile.rows, sizes.n / tile.columns);
      const isBound = !partSizes(sizes, gpu.maxBinding).includes(0) && isOntoBound(sizes, gpu.maxBinding);
      return isBound && most <= gpu.maxWorkgroups;
    },
    plan(inputs, _outputs, params, gpu): GpuPlan {
      const sizes = sizesOf(inputs, params);
      if (inputs[0]!.dtype === 'float64') return splitProduct(sizes, inputs.length - 1, gpu);
      const scratch: number[] = [];
      const passes: GpuPass[] = sizes.onto === undefined ? [] : copied(sizes, gpu);
      const operands = [sizes.onto === undefined ? 0 : 1, inputs.length - 1];
      for (const part of productParts(sizes, gpu.maxBinding)) {
        const make = sizes.m === 1 || sizes.n === 1 ? vector : tiled;
        passes.push(...make(part, sizes, operands, gpu, scratch));
      }
      return { scratch, passes };
    },
  };
}
