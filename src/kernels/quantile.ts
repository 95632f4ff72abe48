/**
 * `quantile`: NumPy's quantiles and median over any axes. Positions and interpolation are those of NumPy's five classic
 * methods (7 and its neighbours in Hyndman & Fan 1996); a line with a NaN answers NaN.
 */
import { itemSize } from '../array/dtype.js';
import { sizeOf } from '../array/ndarray.js';
import { floatType } from '../array/promote.js';
import { OptionError, ShapeError } from '../errors.js';
import { checkDTypeIn, checkInputs, checkParams, flag, show } from './checks.js';
import type { ArraySpec, Kernel, KernelParams } from './contract.js';
import { flat } from './flat.js';
import { CONTEXT_BYTES, PLAN_BYTES, typeCode, WIDE } from './lines.js';
import { BAD_FRACTION, failureOf } from './status.js';

export const quantileMethods = ['linear', 'lower', 'higher', 'nearest', 'midpoint', 'median'] as const;
export type QuantileMethod = (typeof quantileMethods)[number];

interface Call {
  readonly method: QuantileMethod;
  readonly axes: readonly number[];
  readonly shape: readonly number[];
  /** Elements of a line. */
  readonly length: number;
  /** Lengths of kept and reduced axes in turn, beginning and ending with kept ones. */
  readonly groups: readonly number[];
}

function check(inputs: readonly ArraySpec[], params: KernelParams): Call {
  checkParams('quantile', params, ['axes', 'keepdims', 'method']);
  checkInputs('quantile', inputs, 2, 2, 'x and q');
  const [x, q] = inputs as [ArraySpec, ArraySpec];
  checkDTypeIn('quantile', 'q', q, 'float64');
  const method = quantileMethods.find((name) => name === (params.method ?? 'linear'));
  if (method === undefined) {
    throw new OptionError('method', `quantile: there is no method ${params.method}; use ${quantileMethods.join(', ')}`);
  }
  const axes = axesOf(x, params);
  const keepdims = flag('quantile', params, 'keepdims', false);
  const kept = keepdims
    ? x.shape.map((length, axis) => (axes.includes(axis) ? 1 : length))
    : x.shape.filter((_, axis) => !axes.includes(axis));
  const length = sizeOf(axes.map((axis) => x.shape[axis]!));
  if (length === 0 && method !== 'median') {
    throw new ShapeError(`quantile: x is ${show(x)}; there are no elements along axis ${axes.join(', ')}`);
  }
  const groups = [1];
  x.shape.forEach((own, axis) => {
    const isReduced = axes.includes(axis);
    if (isReduced === (groups.length % 2 === 0)) groups[groups.length - 1]! *= own;
    else groups.push(own);
  });
  if (groups.length % 2 === 0) groups.push(1);
  return { method, axes, shape: [...q.shape, ...kept], length, groups };
}

/** `axes` lists the reduced axes, ascending: `'0,2'`; default: all. */
function axesOf(x: ArraySpec, params: KernelParams): number[] {
  const { axes } = params;
  if (axes === undefined) return x.shape.map((_, axis) => axis);
  const list = String(axes).split(',').map(Number);
  const isValid = list.every(
    (axis, i) => Number.isInteger(axis) && axis > (i === 0 ? -1 : list[i - 1]!) && axis < x.shape.length,
  );
  if (!isValid) throw new OptionError('axes', `quantile: axes '${axes}' are not ascending axes of x ${show(x)}`);
  return list;
}

/** The quantile q of ascending values without NaN. */
function interpolate(sorted: ArrayLike<number>, q: number, method: QuantileMethod, isSingle: boolean): number {
  const last = sorted.length - 1;
  const virtual = last * q;
  const at = (position: number): number => sorted[position]!;
  if (method === 'lower') return at(Math.floor(virtual));
  if (method === 'higher') return at(Math.ceil(virtual));
  if (method === 'nearest') {
    const below = Math.floor(virtual);
    const rest = virtual - below;
    return at(rest > 0.5 || (rest === 0.5 && below % 2 === 1) ? below + 1 : below);
  }
  if (method === 'median') {
    const [a, b] = [at(Math.floor(last / 2)), at(Math.ceil(last / 2))];
    if (last % 2 === 0) return a;
    return isSingle ? Math.fround(a + b) / 2 : (a + b) / 2;
  }
  const place = method === 'linear' ? virtual : 0.5 * (Math.floor(virtual) + Math.ceil(virtual));
  const below = Math.min(last, Math.floor(place));
  const t = place - below;
  const a = at(below);
  const b = at(Math.min(last, below + 1));
  const difference = b - a;
  return t >= 0.5 ? b - difference * (1 - t) : a + difference * t;
}

/**
 * x and q of any shapes, q float64 in 0 … 1 → q's shape followed by what is left of x's: the quantiles over `axes`.
 * Methods lower, higher and nearest answer elements of x in its dtype; else floats keep theirs and all others give
 * float64. `method: 'median'` is NumPy's median, whatever q is. float32 is interpolated in float64, then rounded. O(size)
 * for few quantiles.
 * @throws ArgumentError for a q outside 0 … 1 or NaN
 */
export const quantile: Kernel = {
  name: 'quantile',
  infer(inputs, params) {
    const { method, shape, length, groups } = check(inputs, params);
    const { dtype } = inputs[0]!;
    const isElement = method === 'lower' || method === 'higher' || method === 'nearest';
    const scratch = CONTEXT_BYTES + (length < WIDE ? 0 : 24 * length + PLAN_BYTES);
    // two groups of reduced axes are what the WebAssembly body takes
    const outputs = [{ dtype: isElement ? dtype : floatType(dtype), shape }];
    return groups.length > 5 ? { outputs } : { outputs, scratch };
  },
  cost([x, q]) {
    const size = sizeOf(x!.shape);
    return { flops: 12 * size * Math.min(3, sizeOf(q!.shape)), bytes: 6 * size * itemSize(x!.dtype) };
  },
  failure: (status) => failureOf('quantile', status),
  bodies: {
    js(inputs, outputs, params) {
      const { method, axes, length } = check(inputs, params);
      const [x, q] = inputs as [(typeof inputs)[0], (typeof inputs)[0]];
      const out = outputs[0]!;
      const kept = x.shape.map((_, axis) => axis).filter((axis) => !axes.includes(axis));
      const [starts, steps] = [offsetsOf(x, kept), offsetsOf(x, axes)];
      const fractions = flat(q);
      if (!fractions.every((fraction) => fraction >= 0 && fraction <= 1)) throw failureOf('quantile', BAD_FRACTION);
      const sorted = flat(x).slice(0, length);
      starts.forEach((start, line) => {
        for (let i = 0; i < length; i++) sorted[i] = x.data[x.offset + start + steps[i]!]!;
        sorted.sort();
        const isVoid = length === 0 || Number.isNaN(sorted[length - 1]);
        for (let k = 0; k < fractions.length; k++) {
          const value = isVoid ? Number.NaN : interpolate(sorted, fractions[k]!, method, x.dtype === 'float32');
          out.data[out.offset + k * starts.length + line] = value;
        }
      });
    },
    wasm: {
      export: 'quantile',
      can: (inputs, params) => check(inputs, params).groups.length <= 5,
      isWide: ([x]) => sizeOf(x!.shape) >= 1 << 15,
      args(inputs, [out], params, scratch) {
        const { method, groups } = check(inputs, params);
        const [x, q] = inputs;
        const five = Array.from({ length: 5 }, (_, i) => groups[i] ?? 1);
        const count = sizeOf(q!.shape);
        const code = quantileMethods.indexOf(method);
        return [typeCode(x!), ...five, x!.pointer, count, q!.pointer, code, out!.pointer, scratch];
      },
    },
  },
};

/** The distance from the first element of every index over `axes`, in row-major order. */
function offsetsOf(x: { shape: readonly number[]; strides: readonly number[] }, axes: readonly number[]): Float64Array {
  let offsets = Float64Array.of(0);
  for (const axis of axes) {
    const [length, stride] = [x.shape[axis]!, x.strides[axis]!];
    const next = new Float64Array(offsets.length * length);
    offsets.forEach((offset, i) => {
      for (let j = 0; j < length; j++) next[i * length + j] = offset + j * stride;
    });
    offsets = next;
  }
  return offsets;
}
