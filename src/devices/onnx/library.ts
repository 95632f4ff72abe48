/**
 * onnxruntime-node in the thread of the device. A kernel's graph becomes a model, a session is made of it once and used
 * for every call with the same graph; its `run` blocks the thread until the result is there. Inputs and outputs are
 * copied, into and out of memory that is used again and again.
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

/** Loads the package; its native library comes with it. */
export async function load({ entry, threads }: LibraryOptions): Promise<HostedLibrary> {
  return new OnnxLibrary(createRequire(entry)(entry) as OnnxRuntime, threads);
}

class OnnxLibrary implements HostedLibrary {
  readonly #runtime: OnnxRuntime;
  readonly #threads: number;
  readonly #staging = new Staging(STAGING);
  /** In the order of their last use. */
  readonly #sessions = new Map<string, Promise<OnnxSession>>();

  constructor(runtime: OnnxRuntime, threads: number) {
    this.#runtime = runtime;
    this.#threads = threads;
  }

  async run({ kernel, params, inputs, outputs }: HostedCall): Promise<void> {
    const body = kernels.get(kernel)?.bodies.onnx;
    if (body === undefined) throw new Error('it has no body for ONNX');
    const model = body.model(inputs, params);
    const session = await this.#session(model, inputs, outputs);
    const buffers: ArrayBuffer[] = [];
    const tensor = ({ dtype, data }: HostedArray, shape: readonly number[], copies: boolean): OnnxTensor => {
      const buffer = this.#staging.take(data.length * itemSize(dtype));
      buffers.push(buffer);
      const view = viewOf(dtype, buffer, 0, data.length);
      if (copies) view.set(data);
      return new this.#runtime.Tensor(dtype, view, shape);
    };
    const feeds = inputs.map((input, i) => [`in${i}`, tensor(input, model.inputs[i]!, true)] as const);
    const fetches = outputs.map((output, i) => [`out${i}`, tensor(output, model.outputs[i]!, false)] as const);
    await session.run(Object.fromEntries(feeds), Object.fromEntries(fetches));
    outputs.forEach(({ dtype, data }, i) => {
      data.set(viewOf(dtype, buffers[inputs.length + i]!, 0, data.length));
    });
    for (const buffer of buffers) this.#staging.give(buffer);
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
      extra: { session: { force_spinning_stop: '1' } },
      logSeverityLevel: 3,
    });
  }
}
