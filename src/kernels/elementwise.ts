/**
 * `elementwise`: an expression over an iteration space, in one pass. Its inputs are seen through views, so that the same
 * kernel also copies slices, transposed and broadcast arrays, and converts dtypes.
 */
import { itemSize } from '../array/dtype.js';
import { rowMajorStrides, sizeOf } from '../array/ndarray.js';
import { checkParams } from './checks.js';
import type { ArraySpec, Kernel, KernelParams } from './contract.js';
import { codeOf, numbersOf, type Program } from './emit/program.js';
import { type Call, callOf, workOf } from './expression-call.js';
import { elementwiseBody } from './gpu/elementwise.js';
import { evaluateTo } from './reference/evaluate.js';
import { remembered } from './remembered.js';
import { canEvaluateOn, evaluateOn } from './tensorflow/expression.js';
import {
  describeSpace,
  descriptor,
  descriptorBytes,
  GATHER,
  modeAlong,
  modeOverall,
  type Pointer,
  reorder,
  SPLAT,
  type Space,
  spaceOf,
} from './tiles.js';

const FLAT = 0;
const TILES = 1;
const GATHERS = 1;
const COPIES = 2;

/** Elements of the pieces that threads share; also what makes the engine optimise code soon. */
export const CHUNK = 16384;
/** With fewer columns than this a space is walked as one row. */
const FEW_COLUMNS = 16;
/** A call that takes longer than this is worth all threads. */
export const WIDE_SECONDS = 100e-6;

interface Plan {
  readonly program: Program;
  readonly splats: readonly boolean[];
  readonly words: readonly number[];
  readonly pointers: readonly Pointer[];
  readonly constants: readonly number[];
}

/** Moves the dimension along which a transposed operand is contiguous beside the last one. */
function forTiles(space: Space): Space {
  const last = space.dims.length - 1;
  const strange = space.walks.find((walk) => modeAlong(walk, last) === GATHER);
  if (strange === undefined || last < 2) return space;
  let best = last - 1;
  const stepOf = (axis: number): number => Math.abs(strange.strides[axis]!) || Number.POSITIVE_INFINITY;
  for (let axis = last - 2; axis >= 0; axis--) if (stepOf(axis) < stepOf(best)) best = axis;
  const others = space.dims.map((_, axis) => axis).filter((axis) => axis !== best && axis !== last);
  return reorder(space, [...others, best, last]);
}

function makePlan(call: Call): Plan {
  const { program, shape, dtype } = call;
  const outBytes = itemSize(dtype);
  const flatSpace = spaceOf(program, call.inputs, call.views, shape, rowMajorStrides(shape));
  const isFlat = flatSpace.dims.length === 1 || flatSpace.dims.at(-1)! < FEW_COLUMNS;
  const space = isFlat ? flatSpace : forTiles(flatSpace);
  const { dims, walks } = space;
  const last = dims.length - 1;
  const modes = walks.map((walk) => (isFlat ? modeOverall(walk, dims) : modeAlong(walk, last)));
  const gathers = modes.some((mode) => mode >= GATHER);
  const copies = gathers && program.expression.instructions.length === 1 && modes[0] === GATHER;
  const size = sizeOf(dims);
  const header: Record<number, number> = {
    1: isFlat ? FLAT : TILES,
    13: (gathers ? GATHERS : 0) | (copies ? COPIES : 0),
  };
  if (isFlat) Object.assign(header, { 7: CHUNK, 8: size });
  else {
    const [rows, columns] = [dims[last - 1]!, dims[last]!];
    const pieceColumns = gathers ? Math.min(columns, 256) : columns <= 2 * CHUNK ? columns : CHUNK;
    const pieceRows = Math.min(rows, Math.max(1, Math.floor(CHUNK / pieceColumns)));
    const rowPieces = Math.ceil(rows / pieceRows);
    const columnPieces = Math.ceil(columns / pieceColumns);
    const units = size === 0 ? 0 : (size / (rows * columns)) * rowPieces * columnPieces;
    const group = Math.max(1, Math.floor(CHUNK / (pieceRows * pieceColumns)));
    Object.assign(header, { 7: group, 8: units, 9: rowPieces, 10: columnPieces, 11: pieceRows, 12: pieceColumns });
  }
  const splats = modes.map((mode) => mode === SPLAT);
  return { program, splats, ...describeSpace(space, modes, outBytes, header), constants: numbersOf(program, splats) };
}

const planOf = remembered(makePlan);

function callFor(inputs: readonly ArraySpec[], params: KernelParams): Call {
  return callOf('elementwise', inputs, params);
}

/**
 * Up to 16 arrays → the expression's value at every place of the iteration space.
 *
 * Parameters: `expression`, the text of an Expression whose inputs are these arrays; `views`, a JSON list of one View
 * per input, all of one shape, which is the iteration space (default: every input as it is, all of one shape); `shape`,
 * a JSON list, where there are no inputs. Casts from floats to integers truncate and wrap modulo 2³² (2⁸ for uint8); NaN
 * and infinities give 0. O(size).
 *
 * @throws ArgumentError | DTypeError | ShapeError where the inputs are not those of the expression
 */
export const elementwise: Kernel = {
  name: 'elementwise',
  infer(inputs, params) {
    checkParams('elementwise', params, ['expression', 'views', 'shape']);
    const call = callFor(inputs, params);
    return { outputs: [{ dtype: call.dtype, shape: call.shape }], scratch: descriptorBytes(planOf(call)) };
  },
  cost(inputs, params) {
    return workOf(callFor(inputs, params));
  },
  bodies: {
    js(inputs, [out], params) {
      evaluateTo(callFor(inputs, params), inputs, out!);
    },
    tensorflow: {
      can: (inputs, params) => canEvaluateOn(callFor(inputs, params)),
      run: (tf, tensors, inputs, params) => [evaluateOn(tf, callFor(inputs, params), tensors)],
    },
    wasm: {
      export: 'elementwise',
      isWide(inputs, params) {
        return workOf(callFor(inputs, params)).seconds > WIDE_SECONDS;
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
        return [scratch, planOf(callFor(inputs, params)).words.length];
      },
    },
    gpu: elementwiseBody(callFor),
  },
};
