/**
 * Contractions on the GPU. Those whose operands lie as matrices do, transposed or not, go to the tiles of the product
 * (matmul.ts), one item of a stack after the other; all others have a thread for every element of the result, or, where
 * the sum is long and the result small, for every piece of one.
 */
import { sizeOf } from '../../array/ndarray.js';
import type { ArraySpec, GpuBody, GpuOperand, GpuPass, GpuPlan, GpuTraits, KernelParams } from '../contract.js';
import type { Contraction } from '../contraction-form.js';
import { type ProductPart, sumPieces, tiled } from './matmul.js';
import type { ProductSizes } from './product.js';
import { mainCode, spread } from './spread.js';
import { canRead, partsOf, type Reading, reading, windowOf } from './windows.js';
import { floatWord, intWord } from './words.js';

const FLOAT = 4;
/** Products smaller than this gain nothing from tiles; stacks of more go to the plain loop where each is so small. */
const LEAST_TILED = 1 << 12;
const MOST_ITEMS = 64;
const LARGE_ITEM = 1 << 18;
/** Threads that keep a GPU busy, and terms of a piece. */
const BUSY = 16384;
const PIECE = 64;
const MOST_PIECES = 64;
/** Where pieces of sums are kept. */
const SUMS: GpuOperand = { of: 'scratch', index: 0 };

/** How a matrix lies whose elements are `step` apart along one axis and `along` along k: its row length and whether it is stored with k as its rows. */
function layout(
  [length, step]: readonly [number, number],
  [depth, along]: readonly [number, number],
): { readonly ld: number; readonly isTurned: boolean } | undefined {
  if ((along === 1 || depth === 1) && step >= 0) return { ld: step, isTurned: false };
  if ((step === 1 || length === 1) && along >= 0) return { ld: along, isTurned: true };
  return undefined;
}

/** The passes of a contraction in tiles; undefined where it is none of those. */
function asProducts(given: Contraction, inputs: readonly ArraySpec[], gpu: GpuTraits): GpuPlan | undefined {
  const { items, m, n, k, fromA, fromB } = given;
  const isBound = [given.shape, ...inputs.map(({ shape }) => shape)].every(
    (one) => sizeOf(one) * FLOAT <= gpu.maxBinding,
  );
  if (!isBound) return undefined;
  const [rows, columns, depth] = [m[0], n[0], k[0]];
  const count = sizeOf(items.map(([length]) => length));
  const work = rows * columns * depth;
  if (m[2] !== 0 || rows < 2 || columns < 2 || work < LEAST_TILED || count === 0) return undefined;
  if (count > MOST_ITEMS && work < LARGE_ITEM) return undefined;
  const a = layout([rows, m[1]], [depth, k[1]]);
  const b = layout([columns, n[2]], [depth, k[2]]);
  // 32 rows are the least of a tile
  if (a === undefined || b === undefined || Math.max(rows, columns) / 32 > gpu.maxWorkgroups) return undefined;
  const sizes: ProductSizes = {
    ...{ m: rows, n: columns, k: depth, lda: a.ld, ldb: b.ld },
    ...{ transposeA: a.isTurned, transposeB: !b.isTurned },
  };
  const whole = (size: number): { offset: number; bytes: number } => ({ offset: 0, bytes: size * FLOAT });
  const [inA, inB] = inputs.map(({ shape }) => whole(sizeOf(shape))) as [ProductPart['a'], ProductPart['b']];
  const scratch: number[] = [];
  const passes: GpuPass[] = [];
  for (let item = 0; item < count; item++) {
    let [rest, atA, atB] = [item, fromA, fromB];
    for (const [length, stepA, stepB] of items.toReversed()) {
      atA += (rest % length) * stepA;
      atB += (rest % length) * stepB;
      rest = Math.floor(rest / length);
    }
    const c = whole(sizeOf(given.shape));
    const place = { a: inA, b: inB, c, inA: atA, inB: atB, column: item * rows * columns, isFirst: true };
    passes.push(...tiled({ m: rows, n: columns, k: depth, ...place }, sizes, [0, 1], gpu, scratch));
  }
  return { passes, scratch };
}

/** One thread an element, or a piece of its sum. Blocks of 32 terms, so that no sum of float32 is long. */
function codeOf(axes: number, type: 'f32' | 'u32', [a, b]: readonly [Reading, Reading]): string {
  const target = a.operands.length + b.operands.length;
  const dims = Array.from({ length: axes }, (_, i) => i);
  const fields = [
    'size: u32, width: u32, first: u32, outputs: u32, pieces: u32, k: u32, ka: u32, kb: u32, from_a: u32, from_b: u32',
  ];
  fields.push(...a.fields, ...b.fields);
  for (const i of dims) fields.push(`d${i}: u32, a${i}: u32, b${i}: u32`);
  const steps = dims
    .toReversed()
    .map((i) => `{ let x = rest % p.d${i}; rest /= p.d${i}; at_a += x * p.a${i}; at_b += x * p.b${i}; }`);
  return `struct P { ${fields.join(', ')} }
${a.declarations}
${b.declarations}
@group(0) @binding(${target}) var<storage, read_write> out: array<${type}>;
@group(0) @binding(${target + 1}) var<uniform> p: P;
${mainCode(`var rest = p.first + i % p.outputs;
  let piece = i / p.outputs;
  var at_a = p.from_a;
  var at_b = p.from_b;
  ${steps.join('\n  ')}
  var all = ${type}(0);
  var block = ${type}(0);
  var count = 0u;
  for (var l = piece; l < p.k; l += p.pieces) {
    block += ${a.at('at_a + l * p.ka')} * ${b.at('at_b + l * p.kb')};
    count++;
    if (count == 32u) { all += block; block = ${type}(0); count = 0u; }
  }
  out[i] = all + block;`)}`;
}

function plainly(given: Contraction, inputs: readonly ArraySpec[], gpu: GpuTraits): GpuPlan {
  const { items, m, n, k, fromA, fromB, shape } = given;
  const axes = [...items, m, n].filter(([length]) => length !== 1);
  const total = sizeOf(shape);
  const type = inputs[0]!.dtype === 'float32' ? 'f32' : 'u32';
  const sources = inputs.map(({ shape: own }, index) => ({ name: 'ab'[index]!, index, bytes: FLOAT * sizeOf(own) }));
  const a = reading(sources[0]!, { type, each: FLOAT }, 0, gpu);
  const b = reading(sources[1]!, { type, each: FLOAT }, a.operands.length, gpu);
  const room = Math.floor(gpu.maxBinding / (FLOAT * Math.max(1, total)));
  const wanted = Math.min(MOST_PIECES, room, Math.ceil(k[0] / PIECE), Math.ceil(BUSY / Math.max(1, total)));
  const pieces = type === 'f32' ? Math.max(1, wanted) : 1;
  const code = codeOf(axes.length, type, [a, b]);
  const steps = axes.flatMap(([length, stepA, stepB]) => [length, intWord(stepA), intWord(stepB)]);
  const depth = [pieces, k[0], intWord(k[1]), intWord(k[2]), fromA, fromB, ...a.words, ...b.words];
  // pieces are made of results that fit a binding so often
  const passes = partsOf(total, FLOAT, gpu).map((part): GpuPass => {
    const [first, outputs] = part;
    const { workgroups, width } = spread(outputs * pieces, gpu);
    const target = pieces > 1 ? SUMS : windowOf('output', 0, part, FLOAT, total);
    const numbers = [outputs * pieces, width, first, outputs, ...depth, ...steps];
    return { code, operands: [...a.operands, ...b.operands, target], numbers, workgroups };
  });
  if (pieces === 1) return { passes };
  const { workgroups, width } = spread(total, gpu);
  const numbers = [total, pieces, total, total, 0, 0, width, floatWord(1)];
  passes.push({ code: sumPieces, operands: [SUMS, { of: 'output', index: 0 }], numbers, workgroups });
  return { passes, scratch: [total * pieces * FLOAT] };
}

/** The body of `contract`: `contractionOf` says what a call sums. Of float32, int32 and uint32. */
export function contractionBody(
  contractionOf: (inputs: readonly ArraySpec[], params: KernelParams) => Contraction,
): GpuBody {
  return {
    can: (inputs, _params, gpu) => ['float32', 'int32', 'uint32'].includes(inputs[0]!.dtype) && canRead(inputs, 1, gpu),
    plan(inputs, _outputs, params, gpu) {
      const given = contractionOf(inputs, params);
      const tiles = inputs[0]!.dtype === 'float32' ? asProducts(given, inputs, gpu) : undefined;
      return tiles ?? plainly(given, inputs, gpu);
    },
  };
}
