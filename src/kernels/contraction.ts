/**
 * `contract`: sums of products of two arrays, each seen through strides. One kernel for what NumPy calls matmul on
 * stacks, dot, inner, outer, tensordot, einsum and trace: a transposed, sliced, repeated or diagonal operand is another
 * set of strides and costs no copy. assembly/contract.ts has the loops; here is which of them run, in which units.
 */
import type { DType } from '../array/dtype.js';
import { itemSize } from '../array/dtype.js';
import { sizeOf } from '../array/ndarray.js';
import { ArgumentError, ShapeError } from '../errors.js';
import { checkInputs, checkParams, checkSameDType, show } from './checks.js';
import type { ArraySpec, Kernel, KernelParams } from './contract.js';
import type { Contraction, ContractionAxis } from './contraction-form.js';
import { flat } from './flat.js';
import { contractionBody } from './gpu/contraction.js';
import { canContract, contractModel } from './onnx/contraction.js';
import { remembered } from './remembered.js';
import { canContractOn, contractOn } from './tensorflow/product.js';

/** What `contract` is called with. */
export function contractionParams(contraction: Contraction): KernelParams {
  return { contraction: JSON.stringify(contraction) };
}

/** The loops of assembly/contract.ts. */
const SHARED_PRODUCT = 0;
const PRODUCT = 1;
const PLAIN = 2;
const OUTER = 3;
const COLUMNS = 4;
const ROWS = 5;
const DIRECT = 6;

/** Multiply-adds of a unit, about 20 to 50 µs; rows of a unit are a multiple of a step. */
const UNIT_WORK = 1 << 16;
const ROW_STEP = 64;
/** Where columns are added up: shorter pieces of rows leave half of the memory's speed (4 KB: 11 ms, 32 KB: 6 ms). */
const COLUMN_STEP = 4096;
/** Multiply-adds of a unit of products without packing, which are faster than other loops. */
const DIRECT_WORK = 1 << 18;
/** Products of this many multiply-adds are worth sharing among threads one by one. */
const SHARED_LEAST = 1 << 23;
/** Steps of k that a product without packing makes at a time. */
const DIRECT_STEPS = 128;
/** Dot products from this length on are made in pieces of PIECE. */
const LONG = 1 << 17;
const PIECE = 1 << 16;
/** Columns of less rows than make this many units are cut along k as well, into as many pieces of no less than this. */
const COLUMN_UNITS = 16;
const COLUMN_PIECE = 64;
/** Multiply-adds from which all threads should help. */
const WIDE_LEAST = 1 << 18;
/** Float64s of the record before the axes. */
const HEAD = 22;

const parsed = remembered((params: KernelParams): Contraction => {
  checkParams('contract', params, ['contraction']);
  return JSON.parse(String(params.contraction)) as Contraction;
});

function contractionOf(inputs: readonly ArraySpec[], params: KernelParams): Contraction {
  const contraction = parsed(params);
  checkInputs('contract', inputs, 2, 2, 'a and b');
  const [a, b] = inputs as [ArraySpec, ArraySpec];
  checkSameDType('contract', 'a', a, 'b', b);
  const { shape, items, m, n, k, fromA, fromB } = contraction;
  const axes = [...items, m, n, k];
  if (sizeOf(shape) !== sizeOf([...items, m, n].map(([length]) => length))) {
    throw new ShapeError(`contract: the output (${shape.join(', ')}) has not as many elements as its axes`);
  }
  if (n[1] !== 0 || (m[2] !== 0 && n[0] !== 1)) {
    throw new ArgumentError('contract: n steps in b only, and m in b only where n has length 1');
  }
  const isInside = (spec: ArraySpec, from: number, side: 1 | 2): boolean => {
    const reaches = axes.map((axis) => (axis[0] - 1) * axis[side]);
    const least = reaches.reduce((sum, reach) => sum + Math.min(0, reach), from);
    const most = reaches.reduce((sum, reach) => sum + Math.max(0, reach), from);
    return least >= 0 && most < sizeOf(spec.shape);
  };
  if (axes.every(([length]) => length > 0) && !(isInside(a, fromA, 1) && isInside(b, fromB, 2))) {
    throw new ShapeError(`contract: the axes reach beyond a ${show(a)} or b ${show(b)}`);
  }
  return contraction;
}

/** As `isDirect` of assembly/direct.ts: whether B can be read where it lies. */
export function isDirect(m: number, n: number, k: number, size: number): boolean {
  if (n > 1024) return false;
  if (k <= DIRECT_STEPS) return n * k * size <= 16384;
  return n * size * (k >= 8 * n ? 64 : DIRECT_STEPS) <= 16384 && m * n * size <= 65536;
}

interface Plan {
  readonly mode: number;
  /** Whether a and b, and with them m and n, have changed places. */
  readonly isSwapped: boolean;
  readonly m: ContractionAxis;
  readonly n: ContractionAxis;
  readonly k: ContractionAxis;
  readonly rowsEach: number;
  readonly blocks: number;
  readonly itemsEach: number;
  readonly items: number;
  readonly units: number;
  readonly pieces: number;
  /** Of such a piece, in steps of k. */
  readonly length: number;
}

function planOf(contraction: Contraction, dtype: DType): Plan {
  const swap = ([length, a, b]: ContractionAxis): ContractionAxis => [length, b, a];
  // one row: as one column, whose loops there are
  const isSwapped = contraction.m[0] === 1 && contraction.n[0] !== 1;
  const { n: first, m: second, k: third } = contraction;
  const [m, n, k] = isSwapped ? [swap(first), [1, 0, 0] as const, swap(third)] : [second, first, third];
  const items = sizeOf(contraction.items.map(([length]) => length));
  const [rows, columns, depth] = [m[0], n[0], k[0]];
  const work = rows * columns * Math.max(1, depth);
  let mode: number;
  let pieces = 0;
  let length = PIECE;
  if (dtype !== 'float64' && dtype !== 'float32') mode = PLAIN;
  else if (columns === 1) {
    const isByColumns = m[1] === 1 && (m[2] === 0 || m[2] === 1) && (depth === 1 || k[1] !== 1);
    mode = isByColumns ? COLUMNS : ROWS;
    if (mode === ROWS && items === 1 && rows < ROW_STEP && depth >= LONG) pieces = Math.ceil(depth / PIECE);
  } else if (depth === 1) mode = OUTER;
  else if (isDirect(rows, columns, depth, itemSize(dtype))) mode = DIRECT;
  else mode = items === 1 || work >= SHARED_LEAST ? SHARED_PRODUCT : PRODUCT;
  const isProduct = mode === SHARED_PRODUCT || mode === PRODUCT;
  const step = mode === COLUMNS ? COLUMN_STEP : ROW_STEP;
  const unitWork = mode === DIRECT ? DIRECT_WORK : UNIT_WORK;
  const wanted = Math.ceil(unitWork / Math.max(1, work / Math.max(1, rows)) / step) * step;
  const rowsEach = isProduct ? Math.max(1, rows) : Math.max(1, Math.min(rows, wanted));
  const blocks = Math.max(1, Math.ceil(rows / rowsEach));
  const itemsEach = blocks > 1 || mode === SHARED_PRODUCT ? 1 : Math.ceil(unitWork / Math.max(1, work));
  if (mode === COLUMNS && items === 1 && m[2] === 0 && work >= WIDE_LEAST && blocks < COLUMN_UNITS) {
    // whole groups of eight columns
    length = Math.max(COLUMN_PIECE, Math.ceil((depth * blocks) / COLUMN_UNITS / 8) * 8);
    pieces = depth > length ? Math.ceil(depth / length) : 0;
  }
  const isEmpty = rows * columns * items === 0;
  const units = isEmpty
    ? 0
    : pieces > 0
      ? (mode === ROWS ? rows : blocks) * pieces
      : blocks * Math.ceil(items / itemsEach);
  return { mode, isSwapped, m, n, k, rowsEach, blocks, itemsEach, items, units, pieces, length };
}

const types: Readonly<Record<DType, number>> = { float64: 0, float32: 1, int32: 2, uint32: 2, uint8: 3, bool: 4 };

/** Whether sums are of floats; integers wrap, and bools answer whether any product is true. */
function multiplyAdd(dtype: DType): (sum: number, a: number, b: number) => number {
  if (dtype === 'float64' || dtype === 'float32') return (sum, a, b) => sum + a * b;
  if (dtype === 'bool') return (sum, a, b) => sum | (a & b);
  return (sum, a, b) => (sum + Math.imul(a, b)) | 0;
}

/**
 * a, b of one dtype → out of that dtype, the shape of the parameter `contraction` (JSON of a Contraction). Floats are
 * within (k + 4)·eps·Σ|a||b|; integers wrap as NumPy's, of bools it is the disjunction of conjunctions. O(items·m·n·k).
 */
export const contract: Kernel = {
  name: 'contract',
  infer(inputs, params) {
    const contraction = contractionOf(inputs, params);
    const { pieces, m } = planOf(contraction, inputs[0]!.dtype);
    const scratch = 8 * (HEAD + 3 * contraction.items.length + pieces * m[0]);
    return { outputs: [{ dtype: inputs[0]!.dtype, shape: contraction.shape }], scratch };
  },
  cost(inputs, params) {
    const { shape, k } = contractionOf(inputs, params);
    const [a, b] = inputs as [ArraySpec, ArraySpec];
    const size = sizeOf(shape);
    return { flops: 2 * size * k[0], bytes: (sizeOf(a.shape) + sizeOf(b.shape) + size) * itemSize(a.dtype) };
  },
  bodies: {
    js(inputs, outputs, params) {
      const { items, m, n, k, fromA, fromB, shape } = contractionOf(inputs, params);
      const a = flat(inputs[0]!);
      const b = flat(inputs[1]!);
      const { data, offset } = outputs[0]!;
      const axes = [...items, m, n];
      const add = multiplyAdd(inputs[0]!.dtype);
      for (let i = 0; i < sizeOf(shape); i++) {
        let [rest, inA, inB, sum] = [i, fromA, fromB, 0];
        for (const [length, stepA, stepB] of axes.toReversed()) {
          inA += (rest % length) * stepA;
          inB += (rest % length) * stepB;
          rest = Math.floor(rest / length);
        }
        for (let l = 0; l < k[0]; l++) sum = add(sum, a[inA + l * k[1]]!, b[inB + l * k[2]]!);
        data[offset + i] = sum;
      }
    },
    gpu: contractionBody(contractionOf),
    onnx: {
      can: (inputs, params) => canContract(contractionOf(inputs, params), inputs),
      model: (inputs, params) => contractModel(contractionOf(inputs, params), inputs),
    },
    tensorflow: {
      can: (inputs, params) => canContractOn(contractionOf(inputs, params), inputs),
      run: (tf, tensors, inputs, params) => [contractOn(tf, contractionOf(inputs, params), inputs, tensors)],
    },
    wasm: {
      export: 'contract',
      isWide(inputs, params) {
        const { shape, k } = contractionOf(inputs, params);
        return sizeOf(shape) * k[0] >= WIDE_LEAST;
      },
      block(inputs, outputs, params) {
        const contraction = contractionOf(inputs, params);
        const { dtype } = inputs[0]!;
        const { mode, isSwapped, m, n, k, ...plan } = planOf(contraction, dtype);
        const [a, b] = inputs.map(({ pointer }, side) => {
          return pointer + [contraction.fromA, contraction.fromB][side]! * itemSize(dtype);
        }) as [number, number];
        const loops = [types[dtype], mode, m[0], n[0], k[0], m[1], k[1], k[2], n[2], m[2]];
        const arrays = isSwapped ? [b, a] : [a, b];
        const units = [plan.rowsEach, plan.blocks, plan.itemsEach, plan.items, plan.units, contraction.items.length];
        // from the record's own address
        const partials = 8 * (HEAD + 3 * contraction.items.length);
        const axes = contraction.items.flatMap(([length, x, y]) => (isSwapped ? [length, y, x] : [length, x, y]));
        return [...loops, ...arrays, outputs[0]!.pointer, ...units, partials, plan.pieces, plan.length, ...axes];
      },
      args: (_inputs, _outputs, _params, scratch) => [scratch],
    },
  },
};
