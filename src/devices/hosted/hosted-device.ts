/**
 * A device whose calls a library computes in a thread of its own (host-thread.ts), on the heap's arrays. Calls wait here
 * and go to the thread a few at a time: enough that it never idles, few enough that the rest can be taken back. The
 * thread keeps the process alive only while calls are out.
 */
import { Worker } from 'node:worker_threads';
import { NDArray } from '../../array/ndarray.js';
import { DeviceUnavailableError } from '../../errors.js';
import type { ArraySpec, Kernel, KernelParams } from '../../kernels/contract.js';
import { workerFlags } from '../../workers/flags.js';
import type { Device, DeviceArray, DeviceCall, DeviceTraits } from '../contract.js';
import type { Ended, Failure, FromHost, HostData, HostedArray, HostedCall, ToHost } from './library.js';

/** Calls that the thread has at once: one that runs and some that wait beside it. */
const OUT_AT_MOST = 4;

export interface HostedOptions {
  readonly name: string;
  readonly traits: DeviceTraits;
  readonly host: HostData;
  can(kernel: Kernel, inputs: readonly ArraySpec[], params: KernelParams): boolean;
}

/** Starts the thread. @throws DeviceUnavailableError when the library cannot be loaded there */
export async function openHosted(options: HostedOptions): Promise<Device> {
  const thread = new Worker(new URL('./host-thread.js', import.meta.url), {
    workerData: options.host,
    execArgv: [...workerFlags().execArgv],
    name: `lazuli ${options.name}`,
  });
  const first = await firstMessage(thread);
  if (first.kind === 'failed') throw new DeviceUnavailableError({ [options.name]: first.error.message });
  return new HostedDevice(options, thread);
}

function firstMessage(thread: Worker): Promise<FromHost> {
  return new Promise((resolve) => {
    const failed = (error: Error): void => answer({ kind: 'failed', error });
    const ended = (code: number): void => failed(new Error(`its thread ended with code ${code} while it was loading`));
    const answer = (message: FromHost): void => {
      thread.off('message', answer).off('error', failed).off('exit', ended);
      resolve(message);
    };
    thread.on('message', answer).on('error', failed).on('exit', ended);
  });
}

class HostedDevice implements Device {
  readonly name: string;
  readonly traits: DeviceTraits;
  readonly memory = undefined;
  readonly #options: HostedOptions;
  readonly #thread: Worker;
  readonly #exited: Promise<void>;
  /** Submitted, not yet sent, in this order. */
  readonly #waiting = new Set<DeviceCall>();
  readonly #out = new Map<number, DeviceCall>();
  /** Why nothing is computed any more. */
  #over: Error | undefined;
  #nextId = 0;

  constructor(options: HostedOptions, thread: Worker) {
    this.name = options.name;
    this.traits = options.traits;
    this.#options = options;
    this.#thread = thread;
    let lost: Error | undefined;
    thread.on('message', (message: FromHost) => {
      if (message.kind === 'ended') this.#end(message.ended);
    });
    thread.on('error', (error) => {
      lost = error;
    });
    this.#exited = new Promise((resolve) => {
      thread.on('exit', (code) => {
        this.#over ??= new Error(`the thread of device '${this.name}' ended: ${lost?.message ?? `code ${code}`}`);
        const left = [...this.#out.values(), ...this.#waiting];
        this.#out.clear();
        this.#waiting.clear();
        tell(left, this.#over);
        resolve();
      });
    });
    thread.unref();
  }

  can(kernel: Kernel, inputs: readonly ArraySpec[], params: KernelParams): boolean {
    return this.#options.can(kernel, inputs, params);
  }

  submit(call: DeviceCall): void {
    this.#waiting.add(call);
  }

  flush(): void {
    if (this.#over !== undefined) {
      const calls = [...this.#waiting];
      this.#waiting.clear();
      queueMicrotask(() => tell(calls, this.#over));
      return;
    }
    const calls: HostedCall[] = [];
    for (const call of this.#waiting) {
      if (this.#out.size >= OUT_AT_MOST) break;
      this.#waiting.delete(call);
      try {
        const { kernel, params, inputs, outputs } = call;
        const [from, to] = [inputs.map(hosted), outputs.map(hosted)];
        const id = this.#nextId++;
        calls.push({ id, kernel: kernel.name, params, inputs: from, outputs: to });
        this.#out.set(id, call);
      } catch (error) {
        queueMicrotask(() => tell([call], error));
      }
    }
    if (calls.length === 0) return;
    this.#thread.ref();
    this.#send({ kind: 'calls', calls });
  }

  cancel(calls: Iterable<DeviceCall>): void {
    const dropped = [...calls].filter((call) => this.#waiting.delete(call));
    const error = new Error(`the call was taken back before device '${this.name}' began it`);
    queueMicrotask(() => tell(dropped, error));
  }

  /** Waits for the call that runs: until then the library writes to the heap. */
  async close(): Promise<void> {
    if (this.#over === undefined) {
      this.#over = new Error(`device '${this.name}' was closed`);
      this.#thread.ref();
      this.#send({ kind: 'close' });
    }
    await this.#exited;
  }

  #send(message: ToHost): void {
    this.#thread.postMessage(message);
  }

  #end({ id, error, start, end }: Ended): void {
    const call = this.#out.get(id);
    if (call === undefined) return;
    this.#out.delete(id);
    if (this.#out.size === 0 && this.#over === undefined) this.#thread.unref();
    call.onDone(error === undefined ? this.#over : failureOf(this.name, call, error), start, end);
    if (this.#waiting.size > 0) this.flush();
  }
}

function tell(calls: readonly DeviceCall[], error: unknown): void {
  const now = performance.timeOrigin + performance.now();
  for (const call of calls) call.onDone(error, now, now);
}

function hosted(array: DeviceArray | NDArray): HostedArray {
  const { dtype, shape } = array;
  if (!(array instanceof NDArray) || !array.isContiguous || !(array.data.buffer instanceof SharedArrayBuffer)) {
    throw new TypeError('a device without a memory of its own computes on row-major views of the shared heap');
  }
  return { dtype, shape, data: array.data.subarray(array.offset, array.offset + array.size) };
}

function failureOf(device: string, { kernel }: DeviceCall, { name, message, stack }: Failure): Error {
  const cause = new Error(message);
  cause.name = name;
  if (stack !== undefined) cause.stack = stack;
  return new Error(`kernel '${kernel.name}' failed on device '${device}': ${message}`, { cause });
}
