/**
 * `randomUniform`, `randomNormal`, `randomIntegers`: arrays out of a seed. Number i of a stream depends on the seed and
 * on i alone, and an element takes the number at its row-major place, so shapes, threads and chunks change nothing: a
 * block of a larger array is asked for with that array's shape (`within`) and the block's place in it (`at`).
 */
import { type DType, itemSize } from '../array/dtype.js';
import { rowMajorStrides, sizeOf } from '../array/ndarray.js';
import { DTypeError, OptionError, ShapeError } from '../errors.js';
import { checkInputs, checkParams, numeric } from './checks.js';
import type { ArraySpec, Kernel, KernelParams } from './contract.js';
import { randomBody } from './gpu/random.js';
import { BYTES, bitLength, INTEGERS, keyOf, NORMAL32, NORMAL64, Stream, UNIFORM32, UNIFORM64, WIDE } from './philox.js';

/** Which part of which array is made. */
export interface Block {
  readonly shape: readonly number[];
  /** The shape of the whole array, and where the block begins in it; default: the block is the array. */
  readonly within?: readonly number[];
  readonly at?: readonly number[];
}

/** The parameters that say what to make, for each of these kernels. */
export function blockParams({ shape, within, at }: Block): KernelParams {
  return {
    shape: JSON.stringify(shape),
    ...(within && { within: JSON.stringify(within) }),
    ...(at && { at: JSON.stringify(at) }),
  };
}

interface Place {
  readonly shape: readonly number[];
  /** Elements of the whole array between neighbours along each axis. */
  readonly strides: readonly number[];
  readonly first: number;
}

function listParam(kernel: string, params: KernelParams, name: string, missing: readonly number[]): readonly number[] {
  const value: unknown = params[name] === undefined ? missing : JSON.parse(String(params[name]));
  if (Array.isArray(value) && value.every((one) => Number.isSafeInteger(one) && one >= 0)) return value;
  throw new ShapeError(`${kernel}: ${name} must be a list of whole numbers ≥ 0 in JSON, not ${String(params[name])}`);
}

function place(kernel: string, params: KernelParams): Place {
  const shape = listParam(kernel, params, 'shape', []);
  const within = listParam(kernel, params, 'within', shape);
  const at = listParam(
    kernel,
    params,
    'at',
    shape.map(() => 0),
  );
  const fits = within.length === shape.length && at.length === shape.length;
  if (!fits || shape.some((length, axis) => at[axis]! + length > within[axis]!)) {
    const list = [shape, at, within].map((one) => `(${one.join(', ')})`);
    throw new ShapeError(`${kernel}: a block of shape ${list[0]} at ${list[1]} is not within ${list[2]}`);
  }
  const strides = rowMajorStrides(within);
  return { shape, strides, first: at.reduce((sum, index, axis) => sum + index * strides[axis]!, 0) };
}

/** The block as runs of neighbours: how long they are, and the axes (length, stride) along which they lie. */
function runs({ shape, strides }: Place): { length: number; levels: readonly (readonly [number, number])[] } {
  const levels: [number, number][] = [[1, 1]];
  for (let axis = shape.length - 1; axis >= 0; axis--) {
    const [length, stride] = [shape[axis]!, strides[axis]!];
    const inner = levels[0]!;
    if (length === 1) continue;
    if (stride === inner[0] * inner[1]) inner[0] *= length;
    else levels.unshift([length, stride]);
  }
  return { length: levels.pop()![0], levels };
}

/** As in assembly/random/fill.ts. */
const LEVELS = 5;

/** What is drawn: its kind, its three numbers for the wasm body, and number i of its stream for the other. */
interface Drawing {
  readonly dtype: DType;
  readonly kind: number;
  readonly numbers: readonly [number, number, number];
  at(i: number): number;
}

/** Elements from which all threads should help: about 0.1 ms of work. */
const WIDE_SIZE = 32768;

function fill(
  name: string,
  /** The function in messages. */
  where: string,
  allowed: readonly string[],
  flops: number,
  draw: (seed: number, params: KernelParams) => Drawing,
): Kernel {
  const drawing = (inputs: readonly ArraySpec[], params: KernelParams): Drawing => {
    checkParams(where, params, ['shape', 'within', 'at', 'seed', 'dtype', ...allowed]);
    checkInputs(where, inputs, 0, 0, 'none');
    return draw(seedOf(where, params), params);
  };
  return {
    name,
    infer: (inputs, params) => ({
      outputs: [{ dtype: drawing(inputs, params).dtype, shape: place(where, params).shape }],
    }),
    cost(inputs, params) {
      const size = sizeOf(place(where, params).shape);
      return { flops: flops * size, bytes: size * itemSize(drawing(inputs, params).dtype) };
    },
    bodies: {
      js(inputs, outputs, params) {
        const number = drawing(inputs, params);
        const { shape, strides, first } = place(where, params);
        const { data, offset } = outputs[0]!;
        for (let i = 0; i < sizeOf(shape); i++) {
          let [rest, index] = [i, first];
          for (let axis = shape.length - 1; axis >= 0; axis--) {
            index += (rest % shape[axis]!) * strides[axis]!;
            rest = Math.floor(rest / shape[axis]!);
          }
          data[offset + i] = number.at(index);
        }
      },
      wasm: {
        export: 'randomFill',
        can: (_inputs, params) => runs(place(where, params)).levels.length <= LEVELS,
        isWide: (_inputs, params) => sizeOf(place(where, params).shape) >= WIDE_SIZE,
        args(inputs, outputs, params) {
          const { kind, numbers } = drawing(inputs, params);
          const box = place(where, params);
          const { length, levels } = runs(box);
          const padding = Array.from({ length: LEVELS - levels.length }, () => [1, 0] as const);
          const all = [...padding, ...levels];
          const key = keyOf(seedOf(where, params));
          const lists = [...all.map(([n]) => n), ...all.map(([, stride]) => stride)];
          return [kind, ...key, outputs[0]!.pointer, sizeOf(box.shape), box.first, ...numbers, length, ...lists];
        },
      },
      gpu: randomBody((params) => {
        const { dtype, kind, numbers } = drawing([], params);
        return { dtype, kind, numbers, key: keyOf(seedOf(where, params)), ...place(where, params) };
      }),
    },
  };
}

/** The parameter `seed`. @throws OptionError when it is no whole number from 0 to 2 ** 53 - 1. */
export function seedOf(kernel: string, params: KernelParams): number {
  const seed = numeric(kernel, params, 'seed');
  if (Number.isSafeInteger(seed) && seed >= 0) return seed;
  throw new OptionError('seed', `${kernel}: seed must be a whole number from 0 to 2 ** 53 - 1, not ${seed}`);
}

function finite(kernel: string, params: KernelParams, name: string, missing: number): number {
  const value = numeric(kernel, params, name, missing);
  if (Number.isFinite(value)) return value;
  throw new OptionError(name, `${kernel}: ${name} must be a finite number, not ${value}`);
}

/** The dtype asked for. @throws DTypeError when it is none of `allowed`. */
function dtypeParam(kernel: string, params: KernelParams, ...allowed: readonly DType[]): DType {
  const dtype = (params.dtype ?? allowed[0]) as DType;
  if (allowed.includes(dtype)) return dtype;
  throw new DTypeError(`${kernel}: dtype must be ${allowed.join(' or ')}, not ${JSON.stringify(dtype)}`);
}

const bits64 = new BigInt64Array(1);
const number64 = new Float64Array(bits64.buffer);
const bits32 = new Int32Array(1);
const number32 = new Float32Array(bits32.buffer);

/** The largest number below a finite one, in the dtype. */
export function nextBelow(value: number, dtype: DType): number {
  if (value === 0) return dtype === 'float32' ? -(2 ** -149) : -Number.MIN_VALUE;
  if (dtype === 'float32') {
    number32[0] = value;
    bits32[0] = bits32[0]! + (value > 0 ? -1 : 1);
    return number32[0]!;
  }
  number64[0] = value;
  bits64[0] = bits64[0]! + (value > 0 ? -1n : 1n);
  return number64[0]!;
}

/**
 * () → uniform numbers in [low, high) (default 0 and 1), float64 (multiples of 2⁻⁵³ times the range) or float32 (of
 * 2⁻²⁴). Parameters also `seed`, `shape`, `within`, `at`. O(size), 3 ns an element, 1.4 in float32.
 */
export const randomUniform = fill('randomUniform', 'random.uniform', ['low', 'high'], 40, (seed, params): Drawing => {
  const name = 'random.uniform';
  const dtype = dtypeParam(name, params, 'float64', 'float32');
  const round = dtype === 'float32' ? Math.fround : (value: number): number => value;
  const [low, high] = [round(finite(name, params, 'low', 0)), round(finite(name, params, 'high', 1))];
  const range = round(high - low);
  if (!(range >= 0 && Number.isFinite(range))) {
    throw new OptionError(
      'high',
      `${name}: high must be at least low, and their difference finite: ${low} and ${high}`,
    );
  }
  const below = range === 0 ? low : nextBelow(high, dtype);
  if (dtype === 'float64') {
    const stream = new Stream(seed, UNIFORM64);
    const at = (i: number): number => Math.min(stream.uniform(i) * range + low, below);
    return { dtype, kind: UNIFORM64, numbers: [low, range, below], at };
  }
  const stream = new Stream(seed, UNIFORM32);
  const at = (i: number): number => {
    const u = (stream.word(i) >>> 8) * 2 ** -24;
    return Math.min(Math.fround(Math.fround(u * range) + low), below);
  };
  return { dtype, kind: UNIFORM32, numbers: [low, range, below], at };
});

/**
 * () → normal numbers of mean `loc` (default 0) and standard deviation `scale` (1), float64 or float32. Box–Muller on
 * 52 (float32: 32 and 29) bits each, so none lies more than 8.57 (6.76) deviations off; each within 5 ulp of what its
 * bits stand for. Parameters also `seed`, `shape`, `within`, `at`. O(size), 5.5 ns an element, 4.3 in float32.
 */
export const randomNormal = fill('randomNormal', 'random.normal', ['loc', 'scale'], 80, (seed, params): Drawing => {
  const name = 'random.normal';
  const dtype = dtypeParam(name, params, 'float64', 'float32');
  const [loc, scale] = [finite(name, params, 'loc', 0), finite(name, params, 'scale', 1)];
  if (scale < 0) throw new OptionError('scale', `${name}: scale must be at least 0, not ${scale}`);
  const isSingle = dtype === 'float32';
  const kind = isSingle ? NORMAL32 : NORMAL64;
  const stream = new Stream(seed, kind);
  return { dtype, kind, numbers: [loc, scale, 0], at: (i) => stream.normal(i, isSingle) * scale + loc };
});

/** The least and the greatest number of each dtype that holds integers. */
const ranges: Readonly<Partial<Record<DType, readonly [number, number]>>> = {
  int32: [-(2 ** 31), 2 ** 31 - 1],
  uint32: [0, 2 ** 32 - 1],
  uint8: [0, 255],
  bool: [0, 1],
  float64: [Number.MIN_SAFE_INTEGER, Number.MAX_SAFE_INTEGER],
};

/**
 * () → whole numbers in [low, high), each as likely, int32, uint32, uint8, bool, or float64 for ranges up to 2⁵³.
 * Parameters also `seed`, `shape`, `within`, `at`. The stream is the same for all but float64. O(size), 2 ns an element.
 *
 * @throws OptionError for an empty range or one that the dtype does not hold
 */
export const randomIntegers = fill(
  'randomIntegers',
  'random.integers',
  ['low', 'high'],
  25,
  (seed, params): Drawing => {
    const name = 'random.integers';
    const dtype = dtypeParam(name, params, 'int32', 'uint32', 'uint8', 'bool', 'float64');
    const [low, high] = [finite(name, params, 'low', 0), finite(name, params, 'high', Number.NaN)];
    for (const [option, value] of Object.entries({ low, high })) {
      if (!Number.isSafeInteger(value)) {
        throw new OptionError(option, `${name}: ${option} must be a whole number, not ${value}`);
      }
    }
    if (high <= low) {
      throw new OptionError('high', `${name}: there are no whole numbers from ${low} up to, without, ${high}`);
    }
    const [least, most] = ranges[dtype]!;
    if (low < least || high - 1 > most || high - low > 2 ** 53) {
      const wider = dtype === 'float64' ? '' : "; use another dtype ('float64' holds all up to 2 ** 53)";
      throw new OptionError('high', `${name}: ${dtype} does not hold all from ${low} to ${high - 1}${wider}`);
    }
    const n = high - low;
    if (dtype === 'float64') {
      const stream = new Stream(seed, WIDE);
      const at = (i: number): number => low + stream.wideInteger(i, n);
      return { dtype, kind: WIDE, numbers: [low, n, 64 - bitLength(n - 1)], at };
    }
    const stream = new Stream(seed, INTEGERS);
    const numbers = [low >>> 0, n % 2 ** 32, (2 ** 32 - n) % n] as const;
    const kind = itemSize(dtype) === 1 ? BYTES : INTEGERS;
    return { dtype, kind, numbers, at: (i) => low + stream.integer(i, n) };
  },
);
