/**
 * The GPU as a device: calls are collected, and a flush sends them as one command buffer, in order, so that a chain of
 * calls is one submission and its arrays never leave the GPU. What a call took is told when its batch has ended: the
 * batch's time, shared out by what the calls cost.
 */
import type { ArraySpec } from '../../array/ndarray.js';
import { DeviceUnsupportedError } from '../../errors.js';
import {
  type GpuOperand,
  type GpuPass,
  type GpuTraits,
  gpuFactor,
  type Kernel,
  type KernelParams,
} from '../../kernels/contract.js';
import type { Device, DeviceCall, DeviceTraits } from '../contract.js';
import { BufferPool, type Chunk } from './buffers.js';
import { type Context, release } from './context.js';
import { COPY_DST, COPY_SRC, MAP_READ, READ, STORAGE } from './flags.js';
import { type GpuArray, GpuMemory, LEAST_BYTES } from './memory.js';
import { type Bound, Pipelines, UNIFORM_STEP } from './pipelines.js';

/** Bytes of the status words of one batch: each call that has one takes a step of 256. */
const STATUS_STEP = 256;

interface Encoded {
  readonly pass: GpuPass;
  readonly bound: readonly Bound[];
  readonly at: number;
}

/** A call of a batch that was sent. */
interface Sent {
  readonly call: DeviceCall;
  readonly passes: readonly GpuPass[];
  /** Of its outputs and inputs. */
  readonly chunks: readonly Chunk[];
  /** Where its status lies, −1 where it has none. */
  readonly status: number;
  error: unknown;
}

export class GpuDevice implements Device {
  readonly name = 'gpu';
  readonly traits: DeviceTraits;
  readonly memory: GpuMemory;
  /** What bodies may count on. */
  readonly gpu: GpuTraits;
  /** Submissions to the queue so far. */
  submissions = 0;
  readonly #context: Context;
  readonly #pipelines: Pipelines;
  readonly #statuses: BufferPool;
  readonly #staging: BufferPool;
  #queue: DeviceCall[] = [];
  /** Copies to the host that go out behind the queue, and whom to tell that they have. */
  #copies: ((encoder: GPUCommandEncoder) => void)[] = [];
  #sent: (() => void)[] = [];
  #batch = 1;
  /** Calls that are out: told their end when the device goes. */
  readonly #out = new Set<Sent>();
  #isClosed = false;

  constructor(context: Context, gpu: GpuTraits, traits: DeviceTraits, capacity: number) {
    this.#context = context;
    this.traits = traits;
    this.gpu = gpu;
    const { device } = context;
    this.#pipelines = new Pipelines(device);
    const self = this;
    const order = {
      get batch() {
        return self.#batch;
      },
      send: () => this.#send(),
      copy: (encode: (encoder: GPUCommandEncoder) => void) => this.#copy(encode),
    };
    this.memory = new GpuMemory(context, order, (id) => this.#pipelines.forget(id), capacity);
    const sizes = { limit: Number.POSITIVE_INFINITY, largest: device.limits.maxBufferSize };
    this.#statuses = new BufferPool(device, { usage: STORAGE | COPY_SRC | COPY_DST, ...sizes });
    this.#staging = new BufferPool(device, { usage: MAP_READ | COPY_DST, ...sizes });
    void context.ended.then(() => this.#fail());
  }

  can(kernel: Kernel, inputs: readonly ArraySpec[], params: KernelParams): boolean {
    try {
      return kernel.bodies.gpu?.can(inputs, params, this.gpu) ?? false;
    } catch {
      // a call that is none: whoever makes it is told by `infer`
      return false;
    }
  }

  submit(call: DeviceCall): void {
    if (this.#isClosed || this.#context.lost !== undefined) {
      tell(call, this.memory.lostError(), now(), now());
      return;
    }
    try {
      // What is to be copied first is not written before
      if (call.outputs.some((array) => this.memory.own(array).chunk.copied === this.#batch)) this.#send();
      for (const array of [...call.inputs, ...call.outputs]) this.memory.own(array).chunk.pending = this.#batch;
    } catch (error) {
      tell(call, error, now(), now());
      return;
    }
    this.#queue.push(call);
  }

  flush(): void {
    if (this.#queue.length + this.#copies.length > 0) this.#send();
  }

  #copy(encode: (encoder: GPUCommandEncoder) => void): Promise<void> {
    this.#copies.push(encode);
    if (this.#copies.length === 1) queueMicrotask(() => this.flush());
    return new Promise((resolve) => this.#sent.push(resolve));
  }

  cancel(calls: Iterable<DeviceCall>): void {
    const dropped = new Set(calls);
    const queue = this.#queue;
    this.#queue = queue.filter((call) => !dropped.has(call));
    for (const call of queue) if (dropped.has(call)) tell(call, new Error('gpu: the call was cancelled'), now(), now());
  }

  async close(): Promise<void> {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#fail();
    await release(this.#context);
  }

  /** Tells everything that is out that the device is gone. */
  #fail(): void {
    const error = this.memory.lostError();
    for (const call of this.#queue) tell(call, error, now(), now());
    this.#queue = [];
    for (const { call } of this.#out) tell(call, error, now(), now());
    this.#out.clear();
  }

  #send(): void {
    const { device, lost } = this.#context;
    const calls = this.#queue;
    const copies = this.#copies.splice(0);
    this.#queue = [];
    for (const resolve of this.#sent.splice(0)) resolve();
    if (lost !== undefined || this.#isClosed) {
      for (const call of calls) tell(call, this.memory.lostError(), now(), now());
      return;
    }
    const begin = now();
    const encoded: Encoded[] = [];
    const sent: Sent[] = [];
    const needs = calls.filter(({ kernel }) => kernel.failure !== undefined).length;
    const statuses = needs > 0 ? this.#statuses.take(needs * STATUS_STEP) : undefined;
    let words = 0;
    let [hasStatus, at] = [false, 0];
    for (const call of calls) {
      const before = encoded.length;
      try {
        const slot = call.kernel.failure === undefined ? undefined : at++ * STATUS_STEP;
        const { chunks, usesStatus } = this.#prepare(
          call,
          encoded,
          words,
          slot === undefined ? undefined : statuses,
          slot ?? 0,
        );
        hasStatus ||= usesStatus;
        const passes = encoded.slice(before).map(({ pass }) => pass);
        for (const pass of passes) words += stepped(pass);
        sent.push({ call, passes, chunks, status: usesStatus && slot !== undefined ? slot : -1, error: undefined });
      } catch (error) {
        encoded.length = before;
        tell(call, error, begin, now());
      }
    }
    this.#batch++;
    device.pushErrorScope('validation');
    const encoder = device.createCommandEncoder();
    if (hasStatus && statuses !== undefined) encoder.clearBuffer(statuses.buffer);
    this.#pipelines.writeUniforms(uniformsOf(encoded, words));
    if (encoded.length > 0) {
      const compute = encoder.beginComputePass();
      for (const { pass, bound, at: uniform } of encoded) this.#pipelines.encode(compute, pass, bound, uniform);
      compute.end();
    }
    let staging: Chunk | undefined;
    if (hasStatus && statuses !== undefined) {
      staging = this.#staging.take(statuses.size) as Chunk;
      encoder.copyBufferToBuffer(statuses.buffer, 0, staging.buffer, 0, statuses.size);
    }
    for (const copy of copies) copy(encoder);
    device.queue.submit([encoder.finish()]);
    this.submissions++;
    const scope = device.popErrorScope();
    if (statuses !== undefined) this.#statuses.give(statuses);
    for (const one of sent) this.#out.add(one);
    void this.#finish(sent, scope, staging, begin);
  }

  /** Adds the passes of a call. */
  #prepare(
    { kernel, inputs, outputs, params }: DeviceCall,
    encoded: Encoded[],
    words: number,
    statuses: Chunk | undefined,
    slot: number,
  ): { chunks: readonly Chunk[]; usesStatus: boolean } {
    const body = kernel.bodies.gpu;
    const [given, made] = [inputs, outputs] as [readonly GpuArray[], readonly GpuArray[]];
    if (body === undefined || !body.can(given, params, this.gpu)) {
      throw new DeviceUnsupportedError(
        kernel.name,
        `kernel '${kernel.name}' has no body for the GPU with these inputs`,
      );
    }
    const { passes, scratch = [] } = body.plan(given, made, params, this.gpu);
    const taken: Chunk[] = [];
    try {
      for (const bytes of scratch) {
        const chunk = this.memory.pool.take(bytes);
        if (chunk === undefined) throw this.memory.roomError({ size: bytes } as Chunk);
        taken.push(chunk);
      }
      let usesStatus = false;
      let at = words;
      const boundOf = (operand: GpuOperand): Bound => {
        if (operand.of === 'status') {
          usesStatus = true;
          return { chunk: statuses as Chunk, offset: slot, bytes: 4 };
        }
        const { of, index, offset = 0, bytes } = operand;
        const array = of === 'input' ? given[index] : made[index];
        const chunk = of === 'scratch' ? (taken[index] as Chunk) : (array as GpuArray).chunk;
        const whole = of === 'scratch' ? (scratch[index] as number) : Math.max(LEAST_BYTES, (array as GpuArray).nbytes);
        return { chunk, offset, bytes: Math.max(4, Math.ceil((bytes ?? whole - offset) / 4) * 4) };
      };
      for (const pass of passes) {
        if (pass.workgroups.includes(0)) continue;
        encoded.push({ pass, bound: pass.operands.map(boundOf), at });
        at += stepped(pass);
      }
      return { chunks: [...given, ...made].map(({ chunk }) => chunk).concat(taken), usesStatus };
    } finally {
      // Later calls may use the same scratch: passes keep their order
      for (const chunk of taken) {
        chunk.pending = this.#batch;
        this.memory.pool.give(chunk);
      }
    }
  }

  async #finish(
    sent: readonly Sent[],
    scope: Promise<GPUError | null>,
    staging: Chunk | undefined,
    begin: number,
  ): Promise<void> {
    try {
      const [invalid] = await Promise.all([
        scope,
        staging?.buffer.mapAsync(READ) ?? this.#context.device.queue.onSubmittedWorkDone(),
        this.memory.pool.settle(),
      ]);
      const end = now();
      const refused = invalid === null ? undefined : await this.#refusedAmong(sent);
      if (invalid !== null) this.#pipelines.forgetCode();
      const words = staging === undefined ? undefined : new Int32Array(staging.buffer.getMappedRange());
      for (const one of sent) one.error = refused?.get(one) ?? this.#errorOf(one, invalid, words);
      if (staging !== undefined) {
        staging.buffer.unmap();
        this.#staging.give(staging);
      }
      // those that are to blame first
      this.#tellAll([...(refused?.keys() ?? []), ...sent.filter((one) => !refused?.has(one))], begin, end);
    } catch (error) {
      const reason = this.#context.lost === undefined ? error : this.memory.lostError();
      for (const one of sent) one.error = reason;
      this.#tellAll(sent, begin, now());
    }
  }

  /** Of a batch that was not run the calls whose code was refused, with the errors. */
  async #refusedAmong(sent: readonly Sent[]): Promise<Map<Sent, Error>> {
    const refused = new Map<Sent, Error>();
    for (const one of sent) {
      const message = await this.#pipelines.refusalOf(one.passes);
      if (message !== undefined) refused.set(one, refusedError(one.call, message));
    }
    return refused;
  }

  #errorOf({ call, chunks, status }: Sent, invalid: GPUError | null, words: Int32Array | undefined): unknown {
    const failed = chunks.find(({ hasFailed }) => hasFailed);
    if (failed !== undefined) return this.memory.roomError(failed);
    if (this.#context.lost !== undefined) return this.memory.lostError();
    if (invalid !== null) return refusedError(call, invalid.message);
    const code = status < 0 ? 0 : (words?.[status / 4] ?? 0);
    return code === 0 ? undefined : call.kernel.failure?.(code, call.params);
  }

  /** One after the other, each with its share of the batch's time. */
  #tellAll(sent: readonly Sent[], begin: number, end: number): void {
    const { overhead, flops, bandwidth } = this.traits;
    const seconds = sent.map(({ call: { kernel, inputs, params } }) => {
      const cost = kernel.cost(inputs, params);
      return overhead + Math.max((cost.flops * gpuFactor(kernel, inputs, params)) / flops, cost.bytes / bandwidth);
    });
    const scale =
      (end - begin) /
      Math.max(
        Number.MIN_VALUE,
        seconds.reduce((sum, one) => sum + one, 0),
      );
    let from = begin;
    sent.forEach((one, i) => {
      const to = Math.min(end, from + (seconds[i] as number) * scale);
      // what was told when the device went is not told again
      if (this.#out.delete(one)) one.call.onDone(one.error, from, to);
      from = to;
    });
  }
}

function refusedError({ kernel }: DeviceCall, message: string): Error {
  return new Error(`gpu: kernel '${kernel.name}' was refused: ${message}`);
}

/** Bytes that the uniforms of a pass take. */
function stepped({ numbers }: GpuPass): number {
  return Math.ceil((numbers.length * 4) / UNIFORM_STEP) * UNIFORM_STEP;
}

function uniformsOf(encoded: readonly Encoded[], bytes: number): Uint32Array<ArrayBuffer> {
  const words = new Uint32Array(bytes / 4);
  for (const { pass, at } of encoded) words.set(pass.numbers, at / 4);
  return words;
}

function tell(call: DeviceCall, error: unknown, start: number, end: number): void {
  queueMicrotask(() => call.onDone(error, start, end));
}

function now(): number {
  return performance.timeOrigin + performance.now();
}
