/**
 * `qrTriangles`: the QR of upper triangles on top of each other, the inner nodes of TSQR's tree. The algorithm is
 * assembly/linalg/triangles-qr.ts.
 */
import { OptionError, ShapeError } from '../../errors.js';
import { checkInputs, checkParams, checkSameDType, show } from '../checks.js';
import type { ArraySpec, Kernel, KernelParams } from '../contract.js';
import {
  bytesOf,
  isWide64,
  linalgFailure,
  matricesOf,
  pointersOf,
  readMatrices,
  squareOf,
  WIDE_FLOPS,
  write,
} from './matrices.js';
import { matrix, qrReference } from './reference.js';
import { qrSpace } from './workspace.js';

const name = 'qrTriangles';

/** What the wasm export takes. */
export const MOST_TRIANGLES = 8;

function hasQ({ mode = 'reduced' }: KernelParams): boolean {
  if (mode === 'reduced' || mode === 'r') return mode === 'reduced';
  throw new OptionError('mode', `${name}: mode must be 'reduced' or 'r', not ${JSON.stringify(mode)}`);
}

function sizeOf(inputs: readonly ArraySpec[]): number {
  return inputs[0]!.shape[0]!;
}

/**
 * R₀ … (n × n, what is below their diagonals is zero) → Q (f·n × n), R (n × n) with row i of R_c = row i·f + c of Q, times R;
 * Householder's signs; with `mode` 'r' R alone. 2(f − 1)n³/3 flops each.
 */
export const qrTriangles: Kernel = {
  name,
  infer(inputs, params) {
    checkParams(name, params, ['mode']);
    checkInputs(name, inputs, 1, MOST_TRIANGLES, 'triangles');
    const spec = inputs[0]!;
    const batch = squareOf(name, 'r0', spec);
    const { n, lead, dtype } = batch;
    if (lead.length > 0) throw new ShapeError(`${name}: r0 must be one matrix, not ${show(spec)}`);
    inputs.forEach((other, i) => {
      checkSameDType(name, 'r0', spec, `r${i}`, other);
      if (other.shape.length === 2 && other.shape.every((length) => length === n)) return;
      throw new ShapeError(`${name}: r${i} is ${show(other)}, but r0 is ${show(spec)}`);
    });
    const m = inputs.length * n;
    const r = { dtype, shape: [n, n] };
    const space = qrSpace(m, n, n);
    if (!hasQ(params)) return { outputs: [r], scratch: bytesOf(batch, m * n + space) };
    return { outputs: [{ dtype, shape: [m, n] }, r], scratch: bytesOf(batch, space) };
  },
  cost(inputs, params) {
    const n = sizeOf(inputs);
    const flops = (2 * Math.max(1, inputs.length - 1) * n ** 3) / 3;
    return { flops: hasQ(params) ? 2 * flops : flops, bytes: 24 * inputs.length * n * n };
  },
  failure: (status) => linalgFailure(name, status),
  bodies: {
    js(inputs, outputs, params) {
      const [q, r] = hasQ(params) ? outputs : [undefined, ...outputs];
      const n = sizeOf(inputs);
      const triangles = inputs.map((input) => readMatrices(input, 1, n, n)[0]!.data);
      const count = inputs.length;
      const stacked = matrix(count * n, n);
      stacked.data.forEach((_, at) => {
        const row = Math.floor(at / n);
        stacked.data[at] = triangles[row % count]![Math.floor(row / count) * n + (at % n)]!;
      });
      const full = qrReference(stacked);
      if (q !== undefined) {
        const m = count * n;
        write(
          q,
          0,
          Float64Array.from({ length: m * n }, (_, at) => full.q.data[Math.floor(at / n) * m + (at % n)]!),
        );
      }
      write(r!, 0, full.r.data.subarray(0, n * n));
    },
    wasm: {
      export: name,
      isWide: (inputs, params) => qrTriangles.cost(inputs, params).flops > WIDE_FLOPS,
      args(inputs, outputs, params, scratch) {
        const { n } = matricesOf(name, 'r0', inputs[0]!);
        const pointers = pointersOf(inputs);
        const all = Array.from({ length: MOST_TRIANGLES }, (_, i) => pointers[i] ?? 0);
        const results = hasQ(params) ? pointersOf(outputs) : [0, outputs[0]!.pointer];
        return [isWide64(inputs[0]!), n, inputs.length, ...all, ...results, scratch];
      },
    },
  },
};
