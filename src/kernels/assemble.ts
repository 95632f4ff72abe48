/**
 * One kernel for whatever copies boxes of its inputs to places of its output: joining, stacking, padding, tiling,
 * repeating, rolling, diagonals. A piece is a box of indices with strides and an offset on either side, all in elements;
 * stride 0 repeats, a zero-dimensional input fills. The pieces lie side by side: together they write every element of
 * the output once, so threads may copy them in any order.
 */
import { itemSize } from '../array/dtype.js';
import { sizeOf } from '../array/ndarray.js';
import { ArgumentError, ShapeError } from '../errors.js';
import { checkParams, checkSameDType, show } from './checks.js';
import type { ArraySpec, Kernel, KernelParams } from './contract.js';
import { flat } from './flat.js';
import { assembleBody } from './gpu/assemble.js';
import type { Piece } from './piece.js';
import { remembered } from './remembered.js';

interface Plan {
  readonly shape: readonly number[];
  readonly pieces: readonly Piece[];
  /** The pieces as the wasm body copies them: as few axes as possible, all of `rank`, none larger than a unit. */
  readonly units: readonly Piece[];
  readonly rank: number;
  /** Into how many shares the units are divided. */
  readonly shares: number;
}

/** What `assemble` is called with; the order of the pieces does not matter. */
export function assembleParams(shape: readonly number[], pieces: readonly Piece[]): KernelParams {
  return { shape: JSON.stringify(shape), pieces: JSON.stringify(pieces) };
}

/** Elements that are copied in one go, about as many as a core's cache holds; and into how many parts at most. */
const UNIT = 1 << 15;
const MAX_UNITS = 4096;
/** A last axis shorter than this is not worth a loop of its own where the one before it is longer. */
const SHORT_AXIS = 8;
const WIDE_BYTES = 4 << 20;
const MAX_SHARES = 64;
/** Numbers before the axes in a unit's record. */
const HEAD = 2;

const planned = remembered((params: KernelParams): Plan => {
  checkParams('assemble', params, ['shape', 'pieces']);
  return makePlan(JSON.parse(String(params.shape)) as number[], JSON.parse(String(params.pieces)) as Piece[]);
});

function planOf(inputs: readonly ArraySpec[], params: KernelParams): Plan {
  const plan = planned(params);
  check(plan, inputs);
  return plan;
}

function check({ shape, pieces }: Plan, inputs: readonly ArraySpec[]): void {
  const [first] = inputs;
  if (first === undefined) throw new ArgumentError('assemble: 0 inputs given; it takes at least one');
  inputs.forEach((input, i) => {
    checkSameDType('assemble', 'input 0', first, `input ${i}`, input);
  });
  let written = 0;
  const size = sizeOf(shape);
  for (const [input, from, to, box, fromStrides, toStrides] of pieces) {
    const source = inputs[input];
    if (source === undefined) throw new ArgumentError(`assemble: there is no input ${input}`);
    written += sizeOf(box);
    if (!isInside(box, from, fromStrides, sizeOf(source.shape)) || !isInside(box, to, toStrides, size)) {
      throw new ShapeError(
        `assemble: a piece of shape (${box.join(', ')}) reaches beyond input ${input} ${show(source)} or the output (${shape.join(', ')})`,
      );
    }
  }
  if (written !== size) {
    throw new ShapeError(`assemble: the pieces have ${written} elements and the output (${shape.join(', ')}) ${size}`);
  }
}

function isInside(box: readonly number[], offset: number, strides: readonly number[], size: number): boolean {
  if (sizeOf(box) === 0) return true;
  let [least, most] = [offset, offset];
  box.forEach((length, axis) => {
    const reach = (length - 1) * strides[axis]!;
    if (reach < 0) least += reach;
    else most += reach;
  });
  return least >= 0 && most < size;
}

function makePlan(shape: readonly number[], pieces: readonly Piece[]): Plan {
  const size = sizeOf(shape);
  const limit = Math.max(UNIT, Math.ceil(size / MAX_UNITS));
  const units: Piece[] = [];
  for (const piece of pieces) {
    if (sizeOf(piece[3]) > 0) divide(collapse(piece), limit, units);
  }
  // Neighbours in the output are copied one after the other, while its cache lines are there.
  units.sort((a, b) => a[2] - b[2]);
  const rank = units.reduce((most, unit) => Math.max(most, unit[3].length), 2);
  const padded = units.map(longLast).map(([input, from, to, box, fromStrides, toStrides]): Piece => {
    const lead = rank - box.length;
    const ones = new Array<number>(lead).fill(1);
    const zeros = new Array<number>(lead).fill(0);
    return [input, from, to, [...ones, ...box], [...zeros, ...fromStrides], [...zeros, ...toStrides]];
  });
  return { shape, pieces, units: padded, rank, shares: Math.min(MAX_SHARES, padded.length) };
}

/** The same copy over as few axes as possible: axes of length 1 fall away, neighbours that are walked as one merge. */
function collapse([input, from, to, box, fromStrides, toStrides]: Piece): Piece {
  const kept: [length: number, from: number, to: number][] = [];
  box.forEach((length, axis) => {
    if (length === 1) return;
    const [own, other] = [fromStrides[axis]!, toStrides[axis]!];
    const last = kept.at(-1);
    if (last !== undefined && last[1] === own * length && last[2] === other * length) {
      kept[kept.length - 1] = [last[0] * length, own, other];
    } else {
      kept.push([length, own, other]);
    }
  });
  return [input, from, to, kept.map((axis) => axis[0]), kept.map((axis) => axis[1]), kept.map((axis) => axis[2])];
}

/** The same box with its last two axes exchanged where the last is a short one. */
function longLast(unit: Piece): Piece {
  const [input, from, to, box, fromStrides, toStrides] = unit;
  const last = box.length - 1;
  if (last < 1 || box[last]! >= SHORT_AXIS || box[last]! >= box[last - 1]!) return unit;
  const exchanged = (list: readonly number[]): number[] => [...list.slice(0, -2), list[last]!, list[last - 1]!];
  return [input, from, to, exchanged(box), exchanged(fromStrides), exchanged(toStrides)];
}

/** Cuts a piece along its first axis, where that is not enough along the next, until none has more than `limit`. */
function divide(piece: Piece, limit: number, units: Piece[]): void {
  const [input, from, to, box, fromStrides, toStrides] = piece;
  const size = sizeOf(box);
  if (size <= limit) {
    units.push(piece);
    return;
  }
  const inner = size / box[0]!;
  const rows = Math.max(1, Math.floor(limit / inner));
  for (let start = 0; start < box[0]!; start += rows) {
    const count = Math.min(rows, box[0]! - start);
    const [a, b] = [from + start * fromStrides[0]!, to + start * toStrides[0]!];
    const part: Piece = [input, a, b, [count, ...box.slice(1)], fromStrides, toStrides];
    if (count === 1) divide([input, a, b, box.slice(1), fromStrides.slice(1), toStrides.slice(1)], limit, units);
    else units.push(part);
  }
}

/**
 * Inputs of one dtype → an array of `shape` put together from pieces of them (`assembleParams`). O(output).
 * @throws ShapeError for pieces that reach beyond an array or do not fill the output
 */
export const assemble: Kernel = {
  name: 'assemble',
  infer(inputs, params) {
    const { shape, units, rank } = planOf(inputs, params);
    return { outputs: [{ dtype: inputs[0]!.dtype, shape }], scratch: 8 * units.length * (HEAD + 3 * rank) };
  },
  cost(inputs, params) {
    return { flops: 0, bytes: 2 * sizeOf(planOf(inputs, params).shape) * itemSize(inputs[0]!.dtype) };
  },
  bodies: {
    js(inputs, outputs, params) {
      const out = outputs[0]!;
      for (const [input, from, to, box, fromStrides, toStrides] of planOf(inputs, params).pieces) {
        const source = flat(inputs[input]!);
        const index = new Array<number>(box.length).fill(0);
        let [read, write] = [from, out.offset + to];
        for (let left = sizeOf(box); left > 0; left--) {
          out.data[write] = source[read]!;
          for (let axis = box.length - 1; axis >= 0; axis--) {
            read += fromStrides[axis]!;
            write += toStrides[axis]!;
            index[axis] = index[axis]! + 1;
            if (index[axis]! < box[axis]!) break;
            read -= box[axis]! * fromStrides[axis]!;
            write -= box[axis]! * toStrides[axis]!;
            index[axis] = 0;
          }
        }
      }
    },
    gpu: assembleBody((inputs, params) => {
      const { shape, pieces } = planOf(inputs, params);
      return { shape, boxes: pieces.filter(([, , , box]) => sizeOf(box) > 0).map(collapse) };
    }),
    wasm: {
      export: 'assemble',
      isWide(inputs, params) {
        return sizeOf(planOf(inputs, params).shape) * itemSize(inputs[0]!.dtype) >= WIDE_BYTES;
      },
      block(inputs, outputs, params) {
        const bytes = itemSize(inputs[0]!.dtype);
        const numbers: number[] = [];
        for (const [input, from, to, box, fromStrides, toStrides] of planOf(inputs, params).units) {
          numbers.push(inputs[input]!.pointer + from * bytes, outputs[0]!.pointer + to * bytes, ...box);
          for (const stride of fromStrides) numbers.push(stride * bytes);
          for (const stride of toStrides) numbers.push(stride * bytes);
        }
        return numbers;
      },
      args(inputs, _outputs, params, scratch) {
        const { units, rank, shares } = planOf(inputs, params);
        return [itemSize(inputs[0]!.dtype), rank, units.length, shares, scratch];
      },
    },
  },
};
