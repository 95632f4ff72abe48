/**
 * Arrays larger than a binding. One that a shader reads at any place is bound as several windows of itself, side by side,
 * behind a function that finds the window of an element; what it writes is written in parts, one pass for each.
 */
import { itemSize } from '../../array/dtype.js';
import { sizeOf } from '../../array/ndarray.js';
import type { ArraySpec, GpuOperand, GpuTraits } from '../contract.js';

/** Windows begin at multiples of so many bytes. */
export const WINDOW = 256;

/** An input as WGSL reads it. */
export interface Reading {
  /** WGSL that binds it, from the binding that was asked for on, and the function. */
  readonly declarations: string;
  readonly operands: readonly GpuOperand[];
  /** Fields of the uniform `p` that the function reads, and their words. */
  readonly fields: readonly string[];
  readonly words: readonly number[];
  /** WGSL of the element at a place. */
  at(place: string): string;
}

/** What is read of an input: all of its bytes, or those from one to another. */
export interface Source {
  readonly name: string;
  readonly index: number;
  readonly bytes: number;
  readonly range?: readonly [from: number, to: number];
}

/**
 * An input as an array of elements of a WGSL type with `each` bytes.
 * @param binding the first that it may take
 */
export function reading(
  { name, index, bytes, range = [0, bytes] }: Source,
  { type, each }: { readonly type: string; readonly each: number },
  binding: number,
  gpu: GpuTraits,
): Reading {
  const bind = (as: string, at: number): string =>
    `@group(0) @binding(${at}) var<storage, read> ${as}: array<${type}>;`;
  if (bytes <= gpu.maxBinding) {
    const operands: GpuOperand[] = [{ of: 'input', index }];
    return { declarations: bind(name, binding), operands, fields: [], words: [], at: (place) => `${name}[${place}]` };
  }
  const from = Math.floor(range[0] / WINDOW) * WINDOW;
  const operands: GpuOperand[] = partsOf(range[1] - from, 1, gpu).map(([offset, count]) => ({
    of: 'input',
    index,
    offset: from + offset,
    bytes: count,
  }));
  const length = gpu.maxBinding / each;
  const cases = operands.map((_, w) => {
    const value = `return ${name}_${w}[i - ${w * length}u];`;
    return w < operands.length - 1 ? `if (i < ${(w + 1) * length}u) { ${value} }` : value;
  });
  const declarations = `${operands.map((_, w) => bind(`${name}_${w}`, binding + w)).join('\n')}
fn ${name}(place: u32) -> ${type} {
  let i = place - p.base_${name};
  ${cases.join('\n  ')}
}`;
  const [fields, words] = [[`base_${name}: u32`], [from / each]];
  return { declarations, operands, fields, words, at: (place) => `${name}(${place})` };
}

/** Whether a shader can bind inputs as `reading` does, and so many arrays beside them. */
export function canRead(inputs: readonly ArraySpec[], others: number, gpu: GpuTraits): boolean {
  const windows = inputs.map(({ dtype, shape }) =>
    Math.max(1, Math.ceil((sizeOf(shape) * itemSize(dtype)) / gpu.maxBinding)),
  );
  return windows.reduce((sum, count) => sum + count, others) <= gpu.maxArrays;
}

/** Parts of so many elements, each of which fits a binding and begins where one may: where, and how many. */
export function partsOf(
  count: number,
  each: number,
  gpu: GpuTraits,
): readonly (readonly [from: number, count: number])[] {
  const unit = WINDOW / each;
  const most = Math.floor(gpu.maxBinding / WINDOW) * unit;
  const parts: [number, number][] = [];
  for (let from = 0; from < count; from += most) parts.push([from, Math.min(most, count - from)]);
  return parts;
}

/** The operand that is so many elements of an array from one on; the whole of it where that is all. */
export function windowOf(
  of: 'input' | 'output',
  index: number,
  [from, count]: readonly [number, number],
  each: number,
  total: number,
): GpuOperand {
  return count === total ? { of, index } : { of, index, offset: from * each, bytes: count * each };
}
