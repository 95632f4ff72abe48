/**
 * onnxruntime-node in the thread of the device. A kernel's graph becomes a model, a session is made of it once and used
 * for every call with the same graph; its `run` blocks the thread until the result is there. Where Node lets native code
 * see shared memory (24 does, 20 does not) it computes on the heap itself; elsewhere inputs and outputs are copied, into
 * and out of memory that is used again and again.
 */
import { createRequire } from 'node:module';
import type { DType } from '../../array/dtype.js';
import { itemSize, viewOf } from '../../array/dtype.js';
import type { OnnxModel } from '../../kernels/contract.js';
import { kernels } from '../../kernels/registry.js';
import type { HostedArray, HostedCall, HostedLibrary, LibraryOptions } from '../hosted/library.js';
import { Staging } from '../hosted/staging.js';
import { encodeModel } from './protobuf.js';
import type { OnnxRuntime, OnnxSession, OnnxTensor } from './runtime.js';

/** Sessions that are kept; each takes some tens of kilobytes. */
const SESSIONS = 64;
/** Bytes of staging that are kept. */
const STAGING = 256 << 20;
const FLOAT64 = 8;

/** Loads the package; its native library comes with it. */
export async function load({ entry, threads }: LibraryOptions): Promise<HostedLibrary> {
  const library = new OnnxLibrary(createRequire(entry)(entry) as OnnxRuntime, threads);
  await library.tryShared();
  return library;
}

class OnnxLibrary implements HostedLibrary {
  readonly #runtime: OnnxRuntime;
  readonly #threads: number;
  readonly #staging = new Staging(STAGING);
  /** Whether it reads and writes shared memory. */
  #takesShared = false;
  /** In the order of their last use. */
  readonly #sessions = new Map<string, Promise<OnnxSession>>();

  constructor(runtime: OnnxRuntime, threads: number) {
    this.#runtime = runtime;
    this.#threads = threads;
  }

  /** Finds out, by a product of two numbers, whether tensors can lie in shared memory. */
  async tryShared(): Promise<void> {
    const [a, b, c] = [0, 1, 2].map((i): HostedArray => {
      const data = new Float64Array(new SharedArrayBuffer(FLOAT64), 0, 1);
      data[0] = i + 2;
      return { dtype: 'float64', shape: [1, 1], data };
    }) as [HostedArray, HostedArray, HostedArray];
    this.#takesShared = true;
    try {
      await this.run({ id: 0, kernel: 'matmul', params: {}, inputs: [a, b], outputs: [c] });
      this.#takesShared = c.data[0] === 6;
    } catch {
      this.#takesShared = false;
    }
  }

  async run({ kernel, params, inputs, outputs }: HostedCall): Promise<void> {
    const body = kernels.get(kernel)?.bodies.onnx;
    if (body === undefined) throw new Error('it has no body for ONNX');
    const model = body.model(inputs, params);
    const session = await this.#session(model, inputs, outputs);
    const given = this.#takesShared ? inputs : inputs.map((array) => this.#staged(array));
    const made = this.#takesShared ? outputs : outputs.map((array) => this.#staged(array));
    if (!this.#takesShared) given.forEach(({ data }, i) => void data.set(inputs[i]!.data));
    const tensor = ({ dtype, data }: HostedArray, shape: readonly number[]): OnnxTensor =>
      new this.#runtime.Tensor(dtype, data, shape);
    const feeds = given.map((array, i) => [`in${i}`, tensor(array, model.inputs[i]!)] as const);
    const fetches = made.map((array, i) => [`out${i}`, tensor(array, model.outputs[i]!)] as const);
    await session.run(Object.fromEntries(feeds), Object.fromEntries(fetches));
    if (this.#takesShared) return;
    outputs.forEach(({ data }, i) => void data.set(made[i]!.data));
    for (const { data } of [...given, ...made]) this.#staging.give(data.buffer as ArrayBuffer);
  }

  /** A place for such an array outside the heap. */
  #staged({ dtype, shape, data }: HostedArray): HostedArray {
    const buffer = this.#staging.take(data.length * itemSize(dtype));
    return { dtype, shape, data: viewOf(dtype, buffer, 0, data.length) };
  }

  async close(): Promise<void> {
    for (const session of this.#sessions.values()) await (await session).release();
    this.#sessions.clear();
  }

  async #session(
    model: OnnxModel,
    inputs: readonly HostedArray[],
    outputs: readonly HostedArray[],
  ): Promise<OnnxSession> {
    const [from, to] = [inputs.map(({ dtype }) => dtype), outputs.map(({ dtype }) => dtype)];
    const axes = (shapes: readonly (readonly number[])[]): number[] => shapes.map(({ length }) => length);
    const key = JSON.stringify([model.nodes, from, axes(model.inputs), to, axes(model.outputs)]);
    let session = this.#sessions.get(key);
    if (session === undefined) session = this.#create(model, from, to);
    this.#sessions.delete(key);
    this.#sessions.set(key, session);
    session.catch(() => this.#sessions.delete(key));
    if (this.#sessions.size > SESSIONS) {
      const [oldest, dropped] = this.#sessions.entries().next().value!;
      this.#sessions.delete(oldest);
      await (await dropped).release();
    }
    return session;
  }

  #create(model: OnnxModel, inputs: readonly DType[], outputs: readonly DType[]): Promise<OnnxSession> {
    return this.#runtime.InferenceSession.create(encodeModel(model, inputs, outputs), {
      intraOpNumThreads: this.#threads,
      interOpNumThreads: 1,
      executionMode: 'sequential',
      // shapes vary, and outputs are given: both would only hold memory
      enableCpuMemArena: false,
      enableMemPattern: false,
      // else its threads turn in circles for milliseconds after every call, on cores that others could use
      // (force_spinning_stop ends that too, but one call in ten then took three times as long)
      extra: { session: { intra_op: { allow_spinning: '0' } } },
      logSeverityLevel: 3,
    });
  }
}
