/**
 * Copies of boxes on the GPU: one pass for each piece, a thread for each of its elements. Not of one-byte dtypes: threads
 * that write bytes of one word would be in each other's way.
 */
import { itemSize } from '../../array/dtype.js';
import { sizeOf } from '../../array/ndarray.js';
import type { ArraySpec, GpuBody, GpuPass, GpuTraits, KernelParams } from '../contract.js';
import type { Piece } from '../piece.js';
import { mainCode, spread } from './spread.js';
import { WINDOW, windowOf } from './windows.js';
import { intWord } from './words.js';

/** More pieces than this are faster on the processor: each is a dispatch. */
const MOST_BOXES = 256;

function codeOf(axes: number, each: number): string {
  const type = each === 8 ? 'vec2<u32>' : 'u32';
  const dims = Array.from({ length: axes }, (_, i) => i);
  const fields = [
    'size: u32, width: u32, begin: u32, end: u32',
    ...dims.map((i) => `d${i}: u32, f${i}: u32, t${i}: u32`),
  ];
  const steps = dims
    .toReversed()
    .map((i) => `{ let x = rest % p.d${i}; rest /= p.d${i}; read += x * p.f${i}; write += x * p.t${i}; }`);
  return `struct P { ${fields.join(', ')} }
@group(0) @binding(0) var<storage, read> x: array<${type}>;
@group(0) @binding(1) var<storage, read_write> out: array<${type}>;
@group(0) @binding(2) var<uniform> p: P;
${mainCode(`var rest = i;
  var read = p.begin;
  var write = p.end;
  ${steps.join('\n  ')}
  out[write] = x[read];`)}`;
}

/** The places that a box with these steps takes, from the least to the largest. */
function rangeOf(from: number, box: readonly number[], steps: readonly number[]): readonly [number, number] {
  let [least, most] = [from, from];
  box.forEach((length, axis) => {
    const way = (length - 1) * steps[axis]!;
    if (way < 0) least += way;
    else most += way;
  });
  return [least, most];
}

/**
 * A piece as pieces whose places in both arrays fit a binding: halves of halves, along the axis that goes furthest.
 */
function* fitting(piece: Piece, each: number, gpu: GpuTraits, totals: readonly number[]): Generator<GpuPass> {
  const [index, from, to, box, fromSteps, toSteps] = piece;
  const size = sizeOf(box);
  if (size === 0) return;
  const unit = WINDOW / each;
  const windows = [rangeOf(from, box, fromSteps), rangeOf(to, box, toSteps)].map(([least, most], i) => {
    const total = i === 0 ? totals[index + 1]! : totals[0]!;
    if (total * each <= gpu.maxBinding) return [0, total] as const;
    const first = Math.floor(least / unit) * unit;
    return [first, most + 1 - first] as const;
  }) as [readonly [number, number], readonly [number, number]];
  if (windows.some(([, count]) => count * each > gpu.maxBinding)) {
    const ways = box.map(
      (length, axis) => (length - 1) * Math.max(Math.abs(fromSteps[axis]!), Math.abs(toSteps[axis]!)),
    );
    const axis = ways.indexOf(Math.max(...ways));
    const half = Math.ceil(box[axis]! / 2);
    const part = (first: number, length: number): Piece => [
      index,
      from + first * fromSteps[axis]!,
      to + first * toSteps[axis]!,
      box.with(axis, length),
      fromSteps,
      toSteps,
    ];
    yield* fitting(part(0, half), each, gpu, totals);
    yield* fitting(part(half, box[axis]! - half), each, gpu, totals);
    return;
  }
  const [read, write] = windows;
  const { workgroups, width } = spread(size, gpu);
  const steps = box.flatMap((length, axis) => [length, intWord(fromSteps[axis]!), intWord(toSteps[axis]!)]);
  yield {
    code: codeOf(box.length, each),
    operands: [
      windowOf('input', index, read, each, totals[index + 1]!),
      windowOf('output', 0, write, each, totals[0]!),
    ],
    numbers: [size, width, from - read[0], to - write[0], ...steps],
    workgroups,
  };
}

/** The body of `assemble`: `boxesOf` says what a call copies, and the shape it makes. */
export function assembleBody(
  boxesOf: (
    inputs: readonly ArraySpec[],
    params: KernelParams,
  ) => { readonly shape: readonly number[]; readonly boxes: readonly Piece[] },
): GpuBody {
  return {
    can(inputs, params) {
      return itemSize(inputs[0]!.dtype) > 1 && boxesOf(inputs, params).boxes.length <= MOST_BOXES;
    },
    plan(inputs, _outputs, params, gpu) {
      const { shape, boxes } = boxesOf(inputs, params);
      const totals = [shape, ...inputs.map((input) => input.shape)].map((one) => sizeOf(one));
      const each = itemSize(inputs[0]!.dtype);
      return { passes: boxes.flatMap((piece) => [...fitting(piece, each, gpu, totals)]) };
    },
  };
}
