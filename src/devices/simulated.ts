/**
 * A device for tests of everything around devices: it computes by the kernels' js bodies, and takes the time that its
 * model says. It has a memory of its own of any size, or computes on the heap; it may fail and get lost. And it watches
 * its users: what the contract forbids (an array used after it was freed, a call whose inputs are not there, a call after
 * closing) is told as an error of the call.
 */
import { allocate, itemSize, type TypedArray, viewOf } from '../array/dtype.js';
import { type ArraySpec, gather, NDArray, sizeOf } from '../array/ndarray.js';
import { ArgumentError, DeviceLostError, DeviceUnavailableError } from '../errors.js';
import type { Kernel, KernelParams } from '../kernels/contract.js';
import type { Device, DeviceArray, DeviceCall, DeviceMemory, DeviceSource, DeviceTraits, Found } from './contract.js';

export interface SimulatedOptions {
  readonly traits?: Partial<DeviceTraits>;
  /** A memory of its own. Default: it computes on the heap. */
  readonly memory?: { readonly capacity: number; readonly latency?: number; readonly bandwidth?: number };
  /** Which kernels it has a body for. Default: all. */
  can?(kernel: Kernel, inputs: readonly ArraySpec[], params: KernelParams): boolean;
  /** How often a predicted second passes in a real one: 0 takes no time at all. Default 0. */
  readonly scale?: number;
  /** Seconds that opening it takes. Default 0. */
  readonly opening?: number;
  /** An error that a call ends with. */
  fail?(call: DeviceCall): Error | undefined;
  /** It is lost when it was given so many calls. */
  readonly loseAfter?: number;
  /** Why it is not there. */
  readonly reason?: string;
  /** Whether arrays can be shown in another shape. Default true. */
  readonly hasAliases?: boolean;
  /** It computes in single precision, as DeviceSource says. Default false. */
  readonly isSingle?: boolean;
}

const NO_TIME: DeviceTraits = {
  slots: 1,
  ahead: 64,
  cores: 0,
  overhead: 0,
  flops: 1e12,
  bandwidth: 1e12,
  isOrdered: true,
};

/** What happened, of all openings. */
export interface SimulatedCounts {
  opened: number;
  closed: number;
  flushes: number;
  /** Flushes that sent something. */
  batches: number;
  calls: number;
  writes: number;
  reads: number;
  cancelled: number;
  /** Arrays and bytes in its memory. */
  arrays: number;
  bytes: number;
  peak: number;
}

export class SimulatedSource implements DeviceSource {
  readonly name: string;
  readonly isSingle: boolean;
  readonly options: SimulatedOptions;
  readonly counts: SimulatedCounts = {
    opened: 0,
    closed: 0,
    flushes: 0,
    batches: 0,
    calls: 0,
    writes: 0,
    reads: 0,
    cancelled: 0,
    arrays: 0,
    bytes: 0,
    peak: 0,
  };
  #open: SimulatedDevice | undefined;

  constructor(name: string, options: SimulatedOptions = {}) {
    this.name = name;
    this.isSingle = options.isSingle ?? false;
    this.options = options;
  }

  discover(): Found {
    const { reason, memory } = this.options;
    if (reason !== undefined) return { available: false, reason };
    return { available: true, description: 'simulated', memory: memory?.capacity ?? 2 ** 32 };
  }

  async open(): Promise<Device> {
    const { reason, opening = 0 } = this.options;
    if (opening > 0) await new Promise((resolve) => setTimeout(resolve, opening * 1000));
    if (reason !== undefined) throw new DeviceUnavailableError({ [this.name]: reason });
    this.counts.opened++;
    this.#open = new SimulatedDevice(this);
    return this.#open;
  }

  /** The device is gone, with all that is in its memory. */
  lose(): void {
    this.#open?.lose();
  }
}

class SimulatedArray implements DeviceArray {
  readonly dtype: ArraySpec['dtype'];
  readonly shape: readonly number[];
  readonly data: TypedArray;
  readonly owner: SimulatedArray | undefined;
  isFreed = false;
  /** How many calls that have not ended write it. */
  writers = 0;

  constructor({ dtype, shape }: ArraySpec, data: TypedArray, owner?: SimulatedArray) {
    this.dtype = dtype;
    this.shape = shape;
    this.data = data;
    this.owner = owner;
  }

  get nbytes(): number {
    return sizeOf(this.shape) * itemSize(this.dtype);
  }

  get view(): NDArray {
    return new NDArray(this.data, { dtype: this.dtype, shape: this.shape });
  }
}

/** Something to be done in its turn: a call, or what waits for those before it. */
interface Step {
  readonly call: DeviceCall | undefined;
  /** Milliseconds. */
  readonly takes: number;
  finish(error: Error | undefined, start: number, end: number): void;
}

class SimulatedDevice implements Device {
  readonly name: string;
  readonly traits: DeviceTraits;
  readonly memory: DeviceMemory | undefined;
  readonly #source: SimulatedSource;
  #pending: Step[] = [];
  #queue: Step[] = [];
  readonly #running = new Set<Step>();
  #calls = 0;
  #gone: Error | undefined;

  constructor(source: SimulatedSource) {
    this.name = source.name;
    this.#source = source;
    this.traits = { ...NO_TIME, ...source.options.traits };
    const { memory } = source.options;
    if (memory !== undefined) this.memory = this.#makeMemory(memory);
  }

  can(kernel: Kernel, inputs: readonly ArraySpec[], params: KernelParams): boolean {
    return this.#source.options.can?.(kernel, inputs, params) ?? true;
  }

  submit(call: DeviceCall): void {
    const { counts, options } = this.#source;
    counts.calls++;
    this.#calls++;
    const { flops, bytes } = call.kernel.cost(call.inputs, call.params);
    const { overhead, flops: most, bandwidth } = this.traits;
    const seconds = overhead + 2 * Math.max(flops / most, bytes / bandwidth);
    const breach = this.#gone ?? this.#breach(call);
    for (const output of call.outputs) if (output instanceof SimulatedArray) output.writers++;
    this.#pending.push({
      call,
      takes: seconds * 1000 * (options.scale ?? 0),
      finish: (error, start, end) => {
        for (const output of call.outputs) if (output instanceof SimulatedArray) output.writers--;
        call.onDone(error ?? breach ?? options.fail?.(call) ?? this.#compute(call), start, end);
      },
    });
    if (this.#calls === options.loseAfter) queueMicrotask(() => this.lose());
  }

  /** What the contract forbids. */
  #breach({ kernel, inputs, outputs }: DeviceCall): Error | undefined {
    for (const array of [...inputs, ...outputs]) {
      if (this.memory === undefined) {
        if (!(array instanceof NDArray)) return new ArgumentError(`${kernel.name}: not an array of the heap`);
        continue;
      }
      if (!(array instanceof SimulatedArray)) return new ArgumentError(`${kernel.name}: not an array of ${this.name}`);
      if (array.isFreed) return new ArgumentError(`${kernel.name}: an array was freed before it was used`);
      if (!this.traits.isOrdered && inputs.includes(array) && (array.owner ?? array).writers > 0)
        return new ArgumentError(`${kernel.name}: an input is not computed yet, and ${this.name} keeps no order`);
    }
    return undefined;
  }

  #compute({ kernel, inputs, outputs, params }: DeviceCall): Error | undefined {
    const views = (arrays: readonly (DeviceArray | NDArray)[]): NDArray[] =>
      arrays.map((array) => (array instanceof SimulatedArray ? array.view : (array as NDArray)));
    try {
      kernel.bodies.js(views(inputs), views(outputs), params);
      return undefined;
    } catch (error) {
      return error instanceof Error ? error : new Error(String(error));
    }
  }

  flush(): void {
    const { counts } = this.#source;
    counts.flushes++;
    if (this.#pending.length > 0) counts.batches++;
    this.#queue.push(...this.#pending);
    this.#pending = [];
    this.#advance();
  }

  #advance(): void {
    while (this.#queue.length > 0 && this.#running.size < (this.traits.isOrdered ? 1 : this.traits.slots)) {
      this.#run(this.#queue.shift() as Step);
    }
  }

  #run(step: Step): void {
    this.#running.add(step);
    const start = now();
    const end = (): void => {
      if (!this.#running.delete(step)) return;
      step.finish(undefined, start, Math.max(start, now()));
      this.#advance();
    };
    if (step.takes >= 1) setTimeout(end, step.takes);
    else setImmediate(end);
  }

  cancel(calls: Iterable<DeviceCall>): void {
    const dropped = new Set(calls);
    const isDropped = ({ call }: Step): boolean => call !== undefined && dropped.has(call);
    const steps = [...this.#pending, ...this.#queue].filter(isDropped);
    this.#pending = this.#pending.filter((step) => !isDropped(step));
    this.#queue = this.#queue.filter((step) => !isDropped(step));
    this.#source.counts.cancelled += steps.length;
    this.#tell(steps, new Error('cancelled before it began'));
  }

  #tell(steps: readonly Step[], error: Error): void {
    if (steps.length === 0) return;
    setImmediate(() => {
      const time = now();
      for (const step of steps) step.finish(error, time, time);
    });
  }

  lose(): void {
    this.#end(new DeviceLostError(this.name, 'it was told to'));
  }

  #end(error: Error): void {
    if (this.#gone !== undefined) return;
    this.#gone = error;
    const steps = [...this.#running, ...this.#queue, ...this.#pending];
    this.#running.clear();
    this.#queue = [];
    this.#pending = [];
    this.#tell(steps, error);
  }

  async close(): Promise<void> {
    this.#source.counts.closed++;
    this.#end(new DeviceLostError(this.name, 'it was closed'));
    // Those that were out are told before this is over
    await new Promise((resolve) => setImmediate(() => setImmediate(resolve)));
  }

  #makeMemory({ capacity, latency = 0, bandwidth = 1e12 }: NonNullable<SimulatedOptions['memory']>): DeviceMemory {
    const { counts, options } = this.#source;
    let used = 0;
    const own = (array: DeviceArray): SimulatedArray => {
      if (!(array instanceof SimulatedArray)) throw new ArgumentError(`not an array of device '${this.name}'`);
      if (array.isFreed) throw new ArgumentError(`an array of device '${this.name}' was used after it was freed`);
      return array;
    };
    /** How many show the bytes of an array. */
    const shown = new Map<SimulatedArray, number>();
    const memory: DeviceMemory = {
      capacity,
      link: { latency, bandwidth },
      allocate: (spec) => {
        const bytes = sizeOf(spec.shape) * itemSize(spec.dtype);
        if (used + bytes > capacity || this.#gone !== undefined) return undefined;
        const array = new SimulatedArray(spec, allocate(spec.dtype, sizeOf(spec.shape)));
        new Uint8Array(array.data.buffer).fill(0xc3);
        shown.set(array, 1);
        used += bytes;
        counts.arrays++;
        counts.bytes += bytes;
        counts.peak = Math.max(counts.peak, counts.bytes);
        return array;
      },
      free: (given) => {
        const array = own(given);
        array.isFreed = true;
        const owner = array.owner ?? array;
        const left = (shown.get(owner) as number) - 1;
        shown.set(owner, left);
        counts.arrays--;
        if (left > 0) return;
        shown.delete(owner);
        used -= owner.nbytes;
        counts.bytes -= owner.nbytes;
      },
      write: (given, source) => {
        counts.writes++;
        gather(source, own(given).data);
      },
      read: (given, into) =>
        new Promise((resolve, reject) => {
          counts.reads++;
          const array = own(given);
          const seconds = latency + array.nbytes / bandwidth;
          const finish = (error: Error | undefined): void => {
            if (error ?? this.#gone) {
              reject(error ?? this.#gone);
              return;
            }
            into.data.set(array.data, into.offset);
            resolve();
          };
          this.#pending.push({ call: undefined, takes: seconds * 1000 * (options.scale ?? 0), finish });
          // With the batch that is being put together, or by itself when there is none
          queueMicrotask(() => {
            if (this.#gone !== undefined) {
              this.#tell(this.#pending.splice(0), this.#gone);
              return;
            }
            this.#queue.push(...this.#pending.splice(0));
            this.#advance();
          });
        }),
    };
    if (options.hasAliases === false) return memory;
    return {
      ...memory,
      alias: (given, spec) => {
        const array = own(given);
        const owner = array.owner ?? array;
        shown.set(owner, (shown.get(owner) as number) + 1);
        counts.arrays++;
        const data = viewOf(spec.dtype, array.data.buffer, array.data.byteOffset, sizeOf(spec.shape));
        return new SimulatedArray(spec, data, owner);
      },
    };
  }
}

function now(): number {
  return performance.timeOrigin + performance.now();
}
