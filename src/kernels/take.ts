/**
 * Picking by int32 indices: `take` along one axis and `takeGrid` along both axes of a matrix. Any dtype; negative
 * indices count from the end, others outside the axis are an error.
 */
import { itemSize } from '../array/dtype.js';
import { sizeOf } from '../array/ndarray.js';
import { OptionError, ShapeError } from '../errors.js';
import { checkDTypeIn, checkInputs, checkNdim, checkParams, numeric, show } from './checks.js';
import type { ArraySpec, Kernel, KernelParams } from './contract.js';
import { flat } from './flat.js';
import { takeBody, takeGridBody } from './gpu/take.js';
import { failureOf, INDEX_RANGE } from './status.js';

function checkTake(inputs: readonly ArraySpec[], params: KernelParams): number {
  checkParams('take', params, ['axis']);
  checkInputs('take', inputs, 2, 2, 'x and indices');
  const [x, indices] = inputs as [ArraySpec, ArraySpec];
  if (x.shape.length === 0) throw new ShapeError(`take: x must have an axis to take from, it is ${show(x)}`);
  checkDTypeIn('take', 'indices', indices, 'int32');
  const axis = numeric('take', params, 'axis', 0);
  if (!Number.isInteger(axis) || axis < 0 || axis >= x.shape.length) {
    throw new OptionError('axis', `take: axis ${axis} does not exist in x ${show(x)}`);
  }
  return axis;
}

/** x as (outer, length, inner), and the number of indices. */
function takeSizes(inputs: readonly ArraySpec[], axis: number): [number, number, number, number] {
  const { shape } = inputs[0]!;
  return [sizeOf(shape.slice(0, axis)), shape[axis]!, sizeOf(shape.slice(axis + 1)), sizeOf(inputs[1]!.shape)];
}

/** Bytes from which a take is shared among threads, and into how many parts of about this size. */
const WIDE_BYTES = 2 << 20;
const SHARE_BYTES = 1 << 18;
const MAX_SHARES = 64;

/** The indices as positions 0 ≤ p < length. */
function positions(name: string, indices: ArrayLike<number>, length: number): Int32Array {
  return Int32Array.from(indices, (index) => {
    if (index < -length || index >= length) throw failureOf(name, INDEX_RANGE);
    return index < 0 ? index + length : index;
  });
}

/**
 * x (…, n, …), indices of any shape (p…) int32 → the elements at the indices along `axis` (…, p…, …). O(output).
 * @throws ArgumentError for an index outside −n … n − 1.
 */
export const take: Kernel = {
  name: 'take',
  infer(inputs, params) {
    const axis = checkTake(inputs, params);
    const [x, indices] = inputs as [ArraySpec, ArraySpec];
    const shape = [...x.shape.slice(0, axis), ...indices.shape, ...x.shape.slice(axis + 1)];
    return { outputs: [{ dtype: x.dtype, shape }] };
  },
  cost(inputs, params) {
    const { outputs } = this.infer(inputs, params);
    const count = sizeOf(inputs[1]!.shape);
    return { flops: 0, bytes: 2 * sizeOf(outputs[0]!.shape) * itemSize(inputs[0]!.dtype) + 4 * count };
  },
  failure: (status) => failureOf('take', status),
  bodies: {
    js(inputs, outputs, params) {
      const [outer, length, inner, count] = takeSizes(inputs, checkTake(inputs, params));
      const x = flat(inputs[0]!);
      const out = outputs[0]!;
      const picked = positions('take', flat(inputs[1]!), length);
      for (let i = 0; i < outer; i++) {
        for (let j = 0; j < count; j++) {
          const from = (i * length + picked[j]!) * inner;
          out.data.set(x.subarray(from, from + inner), out.offset + (i * count + j) * inner);
        }
      }
    },
    wasm: {
      export: 'take',
      isWide: (inputs, params) => takenBytes(inputs, params) >= WIDE_BYTES,
      args(inputs, outputs, params) {
        const [outer, length, inner, count] = takeSizes(inputs, checkTake(inputs, params));
        const [x, indices] = inputs;
        const bytes = inner * itemSize(x!.dtype);
        const shares = Math.max(1, Math.min(MAX_SHARES, Math.floor(takenBytes(inputs, params) / SHARE_BYTES)));
        return [bytes, outer, length, x!.pointer, count, indices!.pointer, outputs[0]!.pointer, shares];
      },
    },
    gpu: takeBody((inputs, params) => takeSizes(inputs, checkTake(inputs, params))),
  },
};

function takenBytes(inputs: readonly ArraySpec[], params: KernelParams): number {
  const [outer, , inner, count] = takeSizes(inputs, checkTake(inputs, params));
  return outer * count * inner * itemSize(inputs[0]!.dtype);
}

function checkGrid(inputs: readonly ArraySpec[], params: KernelParams): void {
  checkParams('takeGrid', params, []);
  checkInputs('takeGrid', inputs, 3, 3, 'x, rows and columns');
  const [x, rows, columns] = inputs as [ArraySpec, ArraySpec, ArraySpec];
  checkNdim('takeGrid', 'x', x, 2);
  checkNdim('takeGrid', 'rows', rows, 1);
  checkNdim('takeGrid', 'columns', columns, 1);
  checkDTypeIn('takeGrid', 'rows', rows, 'int32');
  checkDTypeIn('takeGrid', 'columns', columns, 'int32');
}

/**
 * x (n, m), rows (p) int32, columns (q) int32 → x[rows × columns] (p, q): a block of a matrix. O(pq).
 * @throws ArgumentError for an index outside −length … length − 1.
 */
export const takeGrid: Kernel = {
  name: 'takeGrid',
  infer(inputs, params) {
    checkGrid(inputs, params);
    const [x, rows, columns] = inputs as [ArraySpec, ArraySpec, ArraySpec];
    return { outputs: [{ dtype: x.dtype, shape: [rows.shape[0]!, columns.shape[0]!] }] };
  },
  cost([x, rows, columns]) {
    const [p, q] = [rows!.shape[0]!, columns!.shape[0]!];
    return { flops: 0, bytes: 2 * p * q * itemSize(x!.dtype) + 4 * (p + q) };
  },
  failure: (status) => failureOf('takeGrid', status),
  bodies: {
    js(inputs, outputs) {
      const x = flat(inputs[0]!);
      const [n, m] = inputs[0]!.shape as [number, number];
      const rows = positions('takeGrid', flat(inputs[1]!), n);
      const columns = positions('takeGrid', flat(inputs[2]!), m);
      const out = outputs[0]!;
      for (let i = 0; i < rows.length; i++) {
        for (let j = 0; j < columns.length; j++) {
          out.data[out.offset + i * columns.length + j] = x[rows[i]! * m + columns[j]!]!;
        }
      }
    },
    wasm: {
      export: 'takeGrid',
      args([x, rows, columns], [out]) {
        const [n, m] = x!.shape as [number, number];
        const bytes = itemSize(x!.dtype);
        return [
          bytes,
          n,
          m,
          x!.pointer,
          rows!.shape[0]!,
          rows!.pointer,
          columns!.shape[0]!,
          columns!.pointer,
          out!.pointer,
        ];
      },
    },
    gpu: takeGridBody,
  },
};
