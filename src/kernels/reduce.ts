/**
 * `reduce`: an expression reduced over axes of its iteration space, in one pass and without its values ever being
 * written to memory. How it is walked is decided here, from shapes and strides alone.
 */
import type { DType } from '../array/dtype.js';
import { itemSize } from '../array/dtype.js';
import { rowMajorStrides, sizeOf } from '../array/ndarray.js';
import { floatType } from '../array/promote.js';
import { ArgumentError, OptionError, ShapeError } from '../errors.js';
import { checkParams, flag, numeric } from './checks.js';
import type { ArraySpec, Kernel, KernelParams } from './contract.js';
import { CHUNK, WIDE_SECONDS } from './elementwise.js';
import { codeOf, numbersOf, type Program } from './emit/program.js';
import { ExpressionBuilder, inlineExpression } from './expression-builder.js';
import { type Call, callOf, workOf } from './expression-call.js';
import { parse, serialize } from './expression-text.js';
import { reduceBody } from './gpu/reduce.js';
import { type ReduceCall, type Reduction, reductions } from './reduction-form.js';
import { reduceTo } from './reference/reductions.js';
import { remembered } from './remembered.js';
import { canEvaluateOn } from './tensorflow/expression.js';
import { canReduceOn, reduceOn } from './tensorflow/reduction.js';
import {
  CONTIGUOUS,
  describeSpace,
  descriptor,
  descriptorBytes,
  GATHER,
  modeAlong,
  type Pointer,
  reorder,
  SPLAT,
  type Space,
  spaceOf,
} from './tiles.js';

// assembly/reduce.ts has the same numbers
const ROWS = 2;
const COLUMNS = 3;
const DIRECT = 4;
const codes: Readonly<Record<Reduction, number>> = {
  sum: 0,
  mean: 0,
  prod: 1,
  min: 2,
  all: 2,
  max: 3,
  any: 3,
  argmin: 4,
  argmax: 5,
  var: 6,
  std: 6,
};
const finals: Partial<Record<Reduction, number>> = { mean: 1, var: 2, std: 3 };
const types: Readonly<Record<DType, number>> = { float64: 0, float32: 1, int32: 2, uint32: 3, uint8: 4, bool: 4 };
const BLOCK = 512;
const LEAF_ROWS = 128;
const STRIP = 4096;

/** The dtype that values must have: floats for what adds or multiplies, bools for any and all. */
function valueDType(reduction: Reduction, dtype: DType): DType {
  if (reduction === 'any' || reduction === 'all') return 'bool';
  return ['min', 'max', 'argmin', 'argmax'].includes(reduction) ? dtype : floatType(dtype);
}

/** The dtype of a reduction of values of `dtype`. */
export function reductionDType(reduction: Reduction, dtype: DType): DType {
  return reduction === 'argmin' || reduction === 'argmax' ? 'int32' : valueDType(reduction, dtype);
}

const casts = new Map<string, string>();

/** The text of the same expression as `dtype`. */
function asDType(text: string, dtype: DType): string {
  const key = `${dtype} ${text}`;
  let cast = casts.get(key);
  if (cast === undefined) {
    const builder = new ExpressionBuilder();
    const expression = parse(text);
    const inputs: number[] = [];
    for (const one of expression.instructions) {
      if (one.op === 'input') inputs[one.input] = builder.input(one.input, one.dtype);
    }
    const value = inlineExpression(builder, expression, inputs);
    cast = serialize(builder.build(builder.cast(value, dtype)));
    if (casts.size > 1000) casts.clear();
    casts.set(key, cast);
  }
  return cast;
}

const calls = new WeakMap<Call, Map<string, ReduceCall>>();

function callFor(inputs: readonly ArraySpec[], params: KernelParams): ReduceCall {
  const call = callOf('reduce', inputs, params);
  const { reduction, axes = '', keepdims = false, ddof = 0 } = params;
  const key = `${reduction} ${axes} ${keepdims} ${ddof}`;
  let known = calls.get(call);
  if (known === undefined) {
    known = new Map();
    calls.set(call, known);
  }
  let found = known.get(key);
  if (found === undefined) {
    found = makeCall(call, inputs, params);
    known.set(key, found);
  }
  return found;
}

function checkReduction(value: unknown): Reduction {
  if (reductions.includes(value as Reduction)) return value as Reduction;
  throw new OptionError('reduction', `reduce: reduction ${JSON.stringify(value)} is none of ${reductions.join(', ')}`);
}

function checkAxes(text: unknown, ndim: number): boolean[] {
  if (text === undefined) return new Array<boolean>(ndim).fill(true);
  let axes: unknown;
  try {
    axes = JSON.parse(String(text));
  } catch {
    // the same answer as for other JSON
  }
  if (!Array.isArray(axes)) throw new ArgumentError(`reduce: axes must be a list in JSON, not '${String(text)}'`);
  const reduced = new Array<boolean>(ndim).fill(false);
  for (const axis of axes as unknown[]) {
    if (!Number.isInteger(axis) || (axis as number) < 0 || (axis as number) >= ndim || reduced[axis as number]) {
      throw new ShapeError(`reduce: axes [${axes.join(', ')}] of ${ndim} axes: each once, from 0 to ${ndim - 1}`);
    }
    reduced[axis as number] = true;
  }
  return reduced;
}

function makeCall(call: Call, inputs: readonly ArraySpec[], params: KernelParams): ReduceCall {
  const reduction = checkReduction(params.reduction);
  const reduced = checkAxes(params.axes, call.shape.length);
  const keepdims = flag('reduce', params, 'keepdims', false);
  const ddof = numeric('reduce', params, 'ddof', 0);
  const shape = keepdims
    ? call.shape.map((length, axis) => (reduced[axis] ? 1 : length))
    : call.shape.filter((_, axis) => !reduced[axis]);
  const terms = sizeOf(call.shape.filter((_, axis) => reduced[axis]));
  const isArg = reduction === 'argmin' || reduction === 'argmax';
  if (isArg && !reduced.every(Boolean) && reduced.filter(Boolean).length !== 1) {
    throw new ShapeError(`${reduction}: it reduces one axis or all of them, not ${reduced.filter(Boolean).length}`);
  }
  if (terms === 0 && sizeOf(shape) > 0 && (isArg || reduction === 'min' || reduction === 'max')) {
    throw new ArgumentError(`${reduction}: there is none of no elements: the shape is (${call.shape.join(', ')})`);
  }
  const dtype = valueDType(reduction, call.dtype);
  const values =
    dtype === call.dtype
      ? call
      : callOf('reduce', inputs, { ...params, expression: asDType(String(params.expression), dtype) });
  return { reduction, values, reduced, shape, dtype: reductionDType(reduction, call.dtype), terms, ddof };
}

interface Plan {
  readonly program: Program;
  readonly splats: readonly boolean[];
  readonly words: readonly number[];
  readonly pointers: readonly Pointer[];
  readonly constants: readonly number[];
  /** Bytes of partial results. */
  readonly partials: number;
}

/** About how long an element takes when rows of the tiles lie along `axis`, in units of an addition. */
function price(space: Space, axis: number): number {
  const length = space.dims[axis]!;
  let sum = 1;
  for (const walk of space.walks) {
    if (modeAlong(walk, axis) !== GATHER) sum += 1;
    else sum += Math.abs(walk.strides[axis]!) >= 64 ? 12 : 5;
  }
  return sum + 100 / Math.min(length, BLOCK);
}

/** The space with the dimension last along which tiles have their columns, and before it kept ones, then reduced ones. */
function arrange(space: Space): Space {
  let best = space.dims.length - 1;
  for (let axis = best - 1; axis >= 0; axis--) if (price(space, axis) < price(space, best)) best = axis;
  const others = space.dims.map((_, axis) => axis).filter((axis) => axis !== best);
  const isKept = (axis: number): boolean => !space.reduced[axis];
  return reorder(space, [...others.filter(isKept), ...others.filter((axis) => !isKept(axis)), best]);
}

/** A space always has a dimension that is reduced, be it of length 1. */
function withReduced(space: Space): Space {
  if (space.reduced.includes(true)) return space;
  return {
    dims: [1, ...space.dims],
    walks: space.walks.map((walk) => ({ ...walk, strides: [0, ...walk.strides] })),
    out: [0, ...space.out],
    index: [0, ...space.index],
    reduced: [true, ...space.reduced],
  };
}

function makePlan({ reduction, values, reduced, dtype }: ReduceCall): Plan {
  const { program, shape } = values;
  const kept = rowMajorStrides(shape.map((length, axis) => (reduced[axis] ? 1 : length)));
  const outStrides = shape.map((_, axis) => (reduced[axis] ? 0 : kept[axis]!));
  const isArg = reduction === 'argmin' || reduction === 'argmax';
  const whole = rowMajorStrides(shape);
  const along = (axis: number): number => (reduced.every(Boolean) ? whole[axis]! : reduced[axis] ? 1 : 0);
  const index = shape.map((_, axis) => (isArg ? along(axis) : 0));
  const space = arrange(withReduced(spaceOf(program, values.inputs, values.views, shape, outStrides, reduced, index)));
  const { dims, walks } = space;
  const last = dims.length - 1;
  const modes = walks.map((walk) => modeAlong(walk, last));
  const isDirect = program.expression.instructions.length === 1 && walks.length === 1 && modes[0] === CONTIGUOUS;
  const isRows = space.reduced[last]!;
  const outputs = sizeOf(dims.filter((_, axis) => !space.reduced[axis]));
  const keptDims = space.reduced.filter((isReduced) => !isReduced).length - (isRows ? 0 : 1);
  const rows = sizeOf(dims.slice(keptDims, last));
  const pieces = isRows ? rowPieces(rows, dims[last]!, outputs, keptDims === last) : columnPieces(rows, dims, keptDims);
  const header: Record<number, number> = {
    1: isRows ? ROWS : COLUMNS,
    7: pieces.group,
    8: pieces.units,
    11: pieces.rows,
    12: pieces.columns,
    13: isDirect ? DIRECT : 0,
    15: keptDims,
    16: codes[reduction],
    17: types[values.dtype],
    18: finals[reduction] ?? 0,
    19: types[dtype],
    20: pieces.count,
    21: outputs,
  };
  const splats = modes.map((mode) => mode === SPLAT);
  return {
    program,
    splats,
    ...describeSpace(space, modes, itemSize(dtype), header),
    constants: numbersOf(program, splats),
    partials: 16 + (pieces.count > 1 ? 24 * pieces.count * outputs : 0),
  };
}

interface Pieces {
  /** Pieces of an output (or a strip of outputs), their size, and units of work with how many make a chunk. */
  readonly count: number;
  readonly rows: number;
  readonly columns: number;
  readonly units: number;
  readonly group: number;
}

function rowPieces(rows: number, length: number, outputs: number, single: boolean): Pieces {
  if (single && length <= BLOCK) {
    const group = Math.max(1, Math.floor(CHUNK / Math.max(1, length)));
    return { count: 1, rows: 1, columns: length, units: outputs, group };
  }
  const isLong = length > 2 * CHUNK;
  const columns = isLong ? CHUNK : Math.max(1, length);
  // With other outputs between the rows of one, pieces are short, so that memory is still read in order
  const target = outputs > 1 && rows > 1 ? 2 * BLOCK : CHUNK;
  const perPiece = isLong ? 1 : Math.max(1, Math.floor(target / columns));
  const count = Math.max(1, Math.ceil(rows / perPiece) * Math.ceil(length / columns));
  const group = Math.max(1, Math.floor(CHUNK / (Math.min(perPiece, rows) * columns)));
  return { count, rows: perPiece, columns, units: outputs * count, group };
}

function columnPieces(rows: number, dims: readonly number[], keptDims: number): Pieces {
  const width = dims.at(-1)!;
  const strips = sizeOf(dims.slice(0, keptDims)) * Math.ceil(width / STRIP);
  const strip = Math.min(width, STRIP);
  // Enough units for all threads, and not so many that partial results are worth mentioning
  const perPiece = Math.ceil(Math.max(LEAF_ROWS, rows / 64) / LEAF_ROWS) * LEAF_ROWS;
  const isWhole = rows <= perPiece || (strips >= 32 && rows * strip <= 16 * CHUNK);
  const size = isWhole ? Math.max(1, rows) : perPiece;
  const count = Math.max(1, Math.ceil(rows / size));
  const group = Math.max(1, Math.floor(CHUNK / Math.max(1, size * strip)));
  return { count, rows: size, columns: STRIP, units: strips * count, group };
}

const planOf = remembered(makePlan);

/**
 * Up to 16 arrays → an expression reduced over `axes` (a JSON list; default all) of the iteration space.
 *
 * Parameters beside those of `elementwise`: `reduction`, `axes`, `keepdims` (false), `ddof` (0; var and std). Sums and
 * products of floats keep their dtype, of all else they are float64 (exact up to 2⁵³); mean, var, std likewise; min and
 * max keep the dtype; any and all are bool; argmin and argmax int32, of one axis or of all (then an index in row-major
 * order), the first where there are several, NaN before all else. float32 is summed in float32 within blocks of 512
 * (32 accumulators) and in float64 beyond. O(size), without a copy of the values.
 *
 * @throws ArgumentError for the least or largest of nothing; ShapeError for axes that are not there
 */
export const reduce: Kernel = {
  name: 'reduce',
  infer(inputs, params) {
    checkParams('reduce', params, ['expression', 'views', 'shape', 'reduction', 'axes', 'keepdims', 'ddof']);
    const call = callFor(inputs, params);
    const plan = planOf(call);
    return { outputs: [{ dtype: call.dtype, shape: call.shape }], scratch: descriptorBytes(plan) + plan.partials };
  },
  cost(inputs, params) {
    const { flops, bytes } = workOfReduction(inputs, params);
    return { flops, bytes };
  },
  bodies: {
    js(inputs, [out], params) {
      reduceTo(callFor(inputs, params), inputs, out!);
    },
    tensorflow: {
      can: (inputs, params) => canEvaluateOn(callOf('reduce', inputs, params)) && canReduceOn(callFor(inputs, params)),
      run: (tf, tensors, inputs, params) => [reduceOn(tf, callFor(inputs, params), tensors)],
    },
    wasm: {
      export: 'reduce',
      isWide(inputs, params) {
        return workOfReduction(inputs, params).seconds > WIDE_SECONDS;
      },
      code(inputs, params) {
        const { program, splats } = planOf(callFor(inputs, params));
        return codeOf(program, splats);
      },
      block(inputs, outputs, params) {
        const plan = planOf(callFor(inputs, params));
        return descriptor(plan, inputs, outputs[0]!, plan.constants);
      },
      args(inputs, _outputs, params, scratch) {
        const call = callFor(inputs, params);
        const plan = planOf(call);
        const denominator = Math.max(0, call.terms - call.ddof);
        return [scratch, plan.words.length, scratch + descriptorBytes(plan), call.terms, denominator];
      },
    },
    gpu: reduceBody(callFor),
  },
};

function workOfReduction(inputs: readonly ArraySpec[], params: KernelParams) {
  const { values, shape, dtype } = callFor(inputs, params);
  const work = workOf(values, sizeOf(shape) * itemSize(dtype));
  const size = sizeOf(values.shape);
  return { flops: work.flops + size, bytes: work.bytes, seconds: work.seconds + 0.1e-9 * size };
}
