/**
 * A factorisation that is cancelled in its middle: another thread watches an element of the matrix that is being factored, and
 * sets the arena's flag when the first block's update has changed it. The kernel has to say CANCELLED, far from its end, and
 * the arena has to be as good as new for the next call.
 */
import { Worker } from 'node:worker_threads';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type ArraySpec, CANCELLED, type KernelParams, SCRATCH_BYTES } from '../../dist/kernels/contract.js';
import { kernels } from '../../dist/kernels/registry.js';
import { machines } from '../kernels/harness.js';
import { generator } from '../kernels/numbers.js';

const machine = machines[0]!;
const n = 1000;
const k = 2;

/** Waits for a watch (where, how long, from which value), then until that element is neither; then cancels. */
const watcher = `
  const { workerData, parentPort } = require('node:worker_threads');
  const { memory, control, arena } = workerData;
  const words = new Int32Array(control);
  const from = new Float64Array(control, 16, 2);
  parentPort.postMessage('ready');
  for (;;) {
    Atomics.wait(words, 0, 0);
    if (Atomics.load(words, 0) === 2) break;
    const cells = new Float64Array(memory.buffer);
    const at = Atomics.load(words, 1) / 8;
    for (;;) {
      const value = cells[at];
      if (value !== from[0] && value !== from[1]) break;
      if (Atomics.load(words, 0) !== 1) break;
    }
    Atomics.store(new Int32Array(memory.buffer), arena / 4, 1);
    Atomics.store(words, 0, 0);
    Atomics.notify(words, 0);
  }
`;

const control = new SharedArrayBuffer(32);
const words = new Int32Array(control);
let worker: Worker;

beforeAll(async () => {
  worker = new Worker(watcher, { eval: true, workerData: { memory: machine.memory, control, arena: machine.arena } });
  await new Promise((resolve) => worker.once('message', resolve));
});
afterAll(async () => {
  Atomics.store(words, 0, 2);
  Atomics.notify(words, 0);
  await worker.terminate();
});

interface Recipe {
  readonly name: string;
  readonly params?: KernelParams;
  readonly shapes: readonly (readonly [number, number])[];
  /** Byte of the matrix that is worked on, within the scratch or the output; elements from row to row. */
  readonly place: (scratch: number, output: number) => number;
  readonly lead?: number;
}

const square = [n, n] as const;
const recipes: readonly Recipe[] = [
  { name: 'cholesky', shapes: [square], place: (_, output) => output },
  { name: 'lu', shapes: [square], place: (scratch) => scratch + 8 * n },
  { name: 'qr', shapes: [square], place: (_, output) => output },
  { name: 'qrPivoted', shapes: [square], place: (scratch) => scratch },
  { name: 'solve', shapes: [square, [n, k]], place: (scratch) => scratch },
  { name: 'solve', params: { assume: 'positive' }, shapes: [square, [n, k]], place: (scratch) => scratch },
  { name: 'inv', shapes: [square], place: (scratch) => scratch },
  { name: 'det', shapes: [square], place: (scratch) => scratch },
  { name: 'lstsq', params: { limit: 1e-12 }, shapes: [square, [n, k]], place: (scratch) => scratch, lead: n + k },
];

describe('cancelled in the middle', () => {
  it.each(recipes)('$name ($params)', async ({ name, params = {}, shapes, place, lead = n }) => {
    const kernel = kernels.get(name)!;
    const random = generator(1);
    const specs = shapes.map((shape): ArraySpec => ({ dtype: 'float64', shape }));
    const { outputs, scratch = 0 } = kernel.infer(specs, params);
    let next = machine.arena + SCRATCH_BYTES;
    const room = (bytes: number): number => {
      const pointer = next;
      next = (pointer + bytes + 127) & ~63;
      return pointer;
    };
    const bytesOf = ({ shape }: ArraySpec): number => 8 * shape.reduce((product, length) => product * length, 1);
    const [ins, outs] = [specs, outputs].map((list) => list.map((spec) => ({ ...spec, pointer: room(bytesOf(spec)) })));
    const scratchPointer = room(scratch);
    const missing = next - machine.memory.buffer.byteLength;
    if (missing > 0) machine.memory.grow(Math.ceil(missing / 65536));
    ins!.forEach(({ pointer, shape }, i) => {
      const cells = new Float64Array(machine.memory.buffer, pointer, bytesOf({ dtype: 'float64', shape }) / 8);
      // symmetric and positive, and between ½ and 1 off the diagonal, so that no scaling changes it
      for (let at = 0; at < cells.length; at++) cells[at] = 0.5 + 0.4 * random();
      if (i > 0) return;
      for (let row = 0; row < n; row++) {
        for (let column = 0; column < row; column++) cells[column * n + row] = cells[row * n + column]!;
        cells[row * n + row] = 0.99;
      }
      if (name === 'cholesky' || params.assume === 'positive')
        for (let row = 0; row < n; row++) cells[row * (n + 1)] = n;
    });
    const body = kernel.bodies.wasm!;
    const args = body.args(ins!, outs!, params, scratchPointer);
    const run = (): number => machine.exports[body.export]!(machine.arena, ...args);
    const flag = new Int32Array(machine.memory.buffer, machine.arena, 16).fill(0);
    // what is watched: an element of the last row, left of the diagonal, which every update of the rest changes
    const [row, column] = [n - 1, n - 9];
    const at = place(scratchPointer, outs![0]!.pointer) + 8 * (row * lead + column);
    const cells = new Float64Array(machine.memory.buffer);
    const original = cells[ins![0]!.pointer / 8 + row * n + column]!;
    let status = 0;
    // the watching thread may have no core to run on for as long as the kernel takes: then the kernel ends well, and has another turn
    for (let turn = 0; turn < 50 && status === 0; turn++) {
      cells[at / 8] = -77;
      new Float64Array(control, 16, 2).set([-77, original]);
      Atomics.store(words, 1, at);
      Atomics.store(words, 0, 1);
      Atomics.notify(words, 0);
      status = run();
      Atomics.wait(words, 0, 1, 30_000);
      flag.fill(0);
    }
    expect(status).toBe(CANCELLED);
    expect(run(), 'and again, undisturbed').toBe(0);
    const results = outs!.map(({ pointer, shape, dtype }) => {
      const size = bytesOf({ dtype, shape }) / (dtype === 'int32' ? 2 : 1);
      return Buffer.from(machine.memory.buffer, pointer, size).toString('hex');
    });
    expect(run()).toBe(0);
    outs!.forEach(({ pointer, shape, dtype }, i) => {
      const size = bytesOf({ dtype, shape }) / (dtype === 'int32' ? 2 : 1);
      expect(Buffer.from(machine.memory.buffer, pointer, size).toString('hex') === results[i]).toBe(true);
    });
  });
});
