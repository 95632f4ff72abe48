/**
 * The iteration space of an expression in WGSL: from the number of a place to where its elements lie in the inputs. As
 * everywhere, axes that all operands walk through alike are one (tiles.ts); strides are words of the uniform, negative
 * ones modulo 2³².
 */
import { type DType, itemSize } from '../../array/dtype.js';
import { sizeOf } from '../../array/ndarray.js';
import type { GpuOperand, GpuTraits } from '../contract.js';
import type { Call } from '../expression-call.js';
import type { Space, Walk } from '../tiles.js';
import { expressionCode, loadCode, storedType } from './expression.js';
import { type Reading, reading } from './windows.js';
import { intWord } from './words.js';

/** A quiet NaN, which WGSL lets nobody write. */
export const NAN_WORD = 0x7fc00000;

export interface Places {
  /** What is read, in the order of the bindings. */
  readonly operands: readonly GpuOperand[];
  readonly declarations: string;
  /** Fields of the uniform and their words, beginning with `nan`. */
  readonly fields: readonly string[];
  readonly words: readonly number[];
  readonly functions: ReadonlySet<string>;
  /** Statements with the value as the name `result`; the indices along the dimensions are x0, x1, … */
  readonly statements: string;
  readonly result: string;
}

/** WGSL statements that take a number apart into indices along dimensions. */
export function indicesCode(number: string, dims: readonly number[], temporary: string): string {
  if (dims.length === 0) return '';
  const [first, ...others] = dims as [number, ...number[]];
  const lines = [`var ${temporary} = ${number};`];
  for (const dim of others.toReversed())
    lines.push(`let x${dim} = ${temporary} % p.d${dim}; ${temporary} /= p.d${dim};`);
  return [...lines, `let x${first} = ${temporary};`].join('\n');
}

/** The bytes that a walk reads at so many places of a space, one after the other, from one on. */
function bytesRead(
  { bytes, offset, strides }: Walk,
  dims: readonly number[],
  [first, count]: readonly [number, number],
): readonly [from: number, to: number] {
  let [least, most] = [offset, offset];
  let [begin, end] = [first, first + count - 1];
  let inner = sizeOf(dims);
  dims.forEach((length, dim) => {
    inner /= length;
    const [a, b] = [Math.floor(begin / inner), Math.floor(end / inner)];
    const stride = strides[dim]!;
    least += Math.min(a * stride, b * stride);
    most += Math.max(a * stride, b * stride);
    // within one row of this dimension the places go on; across several, the others are gone through as a whole
    if (a === b) [begin, end] = [begin - a * inner, end - a * inner];
    else [begin, end] = [0, inner - 1];
  });
  return [least, most + bytes];
}

/** The bytes of an input that all walks through it read. */
function rangeRead(
  input: number,
  { walks, dims }: Space,
  part: readonly [number, number],
): readonly [from: number, to: number] {
  const ranges = walks.filter((walk) => walk.input === input).map((walk) => bytesRead(walk, dims, part));
  return [Math.min(...ranges.map(([from]) => from)), Math.max(...ranges.map(([, to]) => to))];
}

/**
 * The operands and the expression of a call over a space; undefined where it has no WGSL.
 * @param part the places that are computed: by default all
 */
export function placesOf(
  call: Call,
  space: Space,
  gpu: GpuTraits,
  part: readonly [first: number, count: number] = [0, sizeOf(space.dims)],
): Places | undefined {
  const { operands } = call.program;
  const bound: GpuOperand[] = [];
  const readings = new Map<number, Reading>();
  for (const { input } of space.walks) {
    if (input < 0 || readings.has(input)) continue;
    const { dtype, shape } = call.inputs[input]!;
    const array = { name: `in${input}`, index: input, bytes: sizeOf(shape) * itemSize(dtype) };
    const element = { type: storedType(dtype), each: Math.max(4, itemSize(dtype)) };
    const range = array.bytes > gpu.maxBinding ? rangeRead(input, space, part) : undefined;
    const found = reading(range === undefined ? array : { ...array, range }, element, bound.length, gpu);
    readings.set(input, found);
    bound.push(...found.operands);
  }
  if (bound.length + 1 > gpu.maxArrays) return undefined;
  const fields = ['nan: u32', ...space.dims.map((_, dim) => `d${dim}: u32`)];
  const words = [NAN_WORD, ...space.dims];
  const lines: string[] = [];
  space.walks.forEach(({ bytes, offset, strides, index }, w) => {
    const unit = index === undefined ? bytes : 1;
    fields.push(`o${w}: u32`, ...strides.map((_, dim) => `s${w}_${dim}: u32`));
    words.push(intWord(offset / unit), ...strides.map((stride) => intWord(stride / unit)));
    const steps = strides.map((_, dim) => `x${dim} * p.s${w}_${dim}`);
    lines.push(`let a${w} = p.o${w}${steps.map((step) => ` + ${step}`).join('')};`);
  });
  const walkOf = (find: (operand: (typeof operands)[number]) => boolean): number => operands.findIndex(find);
  const code = expressionCode(call.expression, {
    input(input: number, dtype: DType) {
      const w = walkOf((one) => one.op === 'input' && one.input === input);
      return w < 0 ? undefined : loadCode(readings.get(input)!, dtype, `a${w}`);
    },
    index(axis: number) {
      const w = walkOf((one) => one.op === 'index' && one.axis === axis);
      return w < 0 ? undefined : `a${w}`;
    },
  });
  if (code === undefined) return undefined;
  const read = [...readings.values()];
  return {
    operands: bound,
    declarations: read.map(({ declarations }) => declarations).join('\n'),
    fields: [...fields, ...read.flatMap((each) => each.fields), ...code.fields],
    words: [...words, ...read.flatMap((each) => each.words), ...code.words],
    functions: code.functions,
    statements: `${lines.join('\n')}\n${code.statements}`,
    result: code.result,
  };
}
