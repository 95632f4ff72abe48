/**
 * Calls of the block functions of the kernel module: arguments and results in a WebAssembly memory, with guards of
 * random bytes around what may be written, and distances from exact results in units of the last place.
 */
import { machines } from '../harness.js';

export { machines };
export type Machine = (typeof machines)[number];
export type Floats = Float64Array | Float32Array;
export type FloatType = 'float64' | 'float32';
export const floatTypes = ['float64', 'float32'] as const;

export const unaryNames = [
  'exp',
  'exp2',
  'expm1',
  'log',
  'log1p',
  'log2',
  'log10',
  'sin',
  'cos',
  'tan',
  'asin',
  'acos',
  'atan',
  'sinh',
  'cosh',
  'tanh',
  'asinh',
  'acosh',
  'atanh',
  'cbrt',
] as const;
export const binaryNames = ['pow', 'atan2', 'hypot', 'remainder', 'mod'] as const;

export const floats = (type: FloatType, values: Iterable<number>): Floats =>
  type === 'float64' ? Float64Array.from(values) : Float32Array.from(values);

const GUARD = 64;
const align = (address: number): number => Math.ceil(address / 16) * 16;
const view = (type: FloatType, buffer: ArrayBufferLike, at: number, length: number): Floats =>
  type === 'float64' ? new Float64Array(buffer, at, length) : new Float32Array(buffer, at, length);

/** f(…inputs) by one call. `inPlace` is the number of the input whose place the result takes. */
export function callBlock(
  machine: Machine,
  name: string,
  type: FloatType,
  inputs: readonly Floats[],
  inPlace?: number,
): Floats {
  const n = inputs[0]!.length;
  const size = n * (type === 'float64' ? 8 : 4);
  const room = align(size) + GUARD;
  const start = align(machine.arena + GUARD);
  const end = start + room * (inputs.length + 1);
  const missing = end - machine.memory.buffer.byteLength;
  if (missing > 0) machine.memory.grow(Math.ceil(missing / 65536));
  const bytes = new Uint8Array(machine.memory.buffer, start - GUARD, room * (inputs.length + 1) + GUARD);
  bytes.fill(0xa7);
  const places = inputs.map((input, i) => {
    view(type, machine.memory.buffer, start + room * (i + 1), n).set(input);
    return start + room * (i + 1);
  });
  const out = inPlace === undefined ? start : places[inPlace]!;
  const before = bytes.slice();
  const f = machine.exports[`${name}${type === 'float64' ? 'F64' : 'F32'}`];
  if (f === undefined) throw new Error(`the module has no export for ${name} of ${type}`);
  f(out, ...places, n);
  const result = view(type, machine.memory.buffer, out, n).slice();
  // everything else is as it was
  const from = out - (start - GUARD);
  before.set(bytes.subarray(from, from + size), from);
  if (Buffer.compare(before, bytes) !== 0) throw new Error(`${name} of ${type} wrote outside its result`);
  return result;
}

const bits = new DataView(new ArrayBuffer(8));

/** The unit of the last place of numbers as large as x. */
export function unitOf(x: number, type: FloatType): number {
  const [digits, least] = type === 'float64' ? [53, -1074] : [24, -149];
  bits.setFloat64(0, x);
  const exponent = ((bits.getUint16(0) >> 4) & 0x7ff) - 1023;
  return 2 ** Math.max(exponent - digits! + 1, least!);
}

/** |actual − (nearest + fraction units)| in units of the last place of the exact result. */
export function ulps(actual: number, nearest: number, fraction: number, type: FloatType): number {
  if (Object.is(actual, nearest) || actual === nearest) return Math.abs(fraction);
  const error = (actual - nearest) / unitOf(nearest, type) - fraction;
  return Number.isNaN(error) ? Number.POSITIVE_INFINITY : Math.abs(error);
}

/** Bits for comparing results, NaNs being equal. */
export function sameBits(a: Floats, b: Floats): boolean {
  return a.length === b.length && a.every((value, i) => Object.is(value, b[i]));
}
