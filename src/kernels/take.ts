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
import { failureOf, INDEX_RANGE } from './status.js';

function checkTake(inputs: readonly ArraySpec[], params: KernelParams): number {
  checkParams('take', params, ['axis']);
  checkInputs('take', inputs, 2, 2, 'x and indices');
  const [x, indices] = inputs as [ArraySpec, ArraySpec];
  if (x.shape.length !== 1 && x.shape.length !== 2) {
    throw new ShapeError(`take: x must be a vector or a matrix, not ${show(x)}`);
  }
  checkNdim('take', 'indices', indices, 1);
  checkDTypeIn('take', 'indices', indices, 'int32');
  const axis = numeric('take', params, 'axis', 0);
  if (axis !== 0 && (axis !== 1 || x.shape.length === 1)) {
    throw new OptionError('axis', `take: axis ${axis} does not exist in x ${show(x)}`);
  }
  return axis;
}

/** The indices as positions 0 ≤ p < length. */
function positions(name: string, indices: ArrayLike<number>, length: number): Int32Array {
  return Int32Array.from(indices, (index) => {
    if (index < -length || index >= length) throw failureOf(name, INDEX_RANGE);
    return index < 0 ? index + length : index;
  });
}

/**
 * x (n) or (n, m), indices (p) int32 → the elements or rows (p[, m]); with `axis: 1` the columns (n, p). O(output).
 * @throws ArgumentError for an index outside −length … length − 1.
 */
export const take: Kernel = {
  name: 'take',
  infer(inputs, params) {
    const axis = checkTake(inputs, params);
    const [x, indices] = inputs as [ArraySpec, ArraySpec];
    return { outputs: [{ dtype: x.dtype, shape: x.shape.with(axis, indices.shape[0]!) }] };
  },
  cost(inputs, params) {
    const { outputs } = this.infer(inputs, params);
    const count = inputs[1]!.shape[0]!;
    return { flops: 0, bytes: 2 * sizeOf(outputs[0]!.shape) * itemSize(inputs[0]!.dtype) + 4 * count };
  },
  failure: (status) => failureOf('take', status),
  bodies: {
    js(inputs, outputs, params) {
      const axis = checkTake(inputs, params);
      const x = flat(inputs[0]!);
      const [length, width = 1] = inputs[0]!.shape as [number, number?];
      const out = outputs[0]!;
      const picked = positions('take', flat(inputs[1]!), axis === 0 ? length : width);
      if (axis === 0) {
        for (let i = 0; i < picked.length; i++) {
          const from = picked[i]! * width;
          out.data.set(x.subarray(from, from + width), out.offset + i * width);
        }
        return;
      }
      for (let i = 0; i < length; i++) {
        for (let j = 0; j < picked.length; j++) {
          out.data[out.offset + i * picked.length + j] = x[i * width + picked[j]!]!;
        }
      }
    },
    wasm: {
      export: 'take',
      args(inputs, outputs, params) {
        const axis = checkTake(inputs, params);
        const [x, indices] = inputs;
        const [n, m = 1] = x!.shape as [number, number?];
        return [axis, itemSize(x!.dtype), n, m, x!.pointer, indices!.shape[0]!, indices!.pointer, outputs[0]!.pointer];
      },
    },
  },
};

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
  },
};
