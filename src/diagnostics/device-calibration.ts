/**
 * What `lazuli calibrate` measures of the devices outside the pool: products and long arrays that are there already, and
 * a call of next to nothing. Work grows until it takes long enough to be told from that.
 */
import { type DType, itemSize, viewOf } from '../array/dtype.js';
import { type ArraySpec, NDArray, sizeOf } from '../array/ndarray.js';
import type { Device, DeviceArray, DeviceSource } from '../devices/contract.js';
import { takeDevice } from '../devices/leases.js';
import { DeviceUnavailableError } from '../errors.js';
import type { Kernel, KernelParams } from '../kernels/contract.js';
import { elementwise } from '../kernels/elementwise.js';
import { ExpressionBuilder } from '../kernels/expression-builder.js';
import { serialize } from '../kernels/expression-text.js';
import { matmul } from '../kernels/matmul.js';
import { type DeviceSpeed, speedKey } from '../scheduler/model.js';

/** Work that takes so many seconds tells a rate. */
const ENOUGH_SECONDS = 0.03;
/** Rows of a product, from the first to the last that is tried; elements of long arrays; calls of a batch. */
const ROWS = [128, 4096] as const;
const ELEMENTS = [1 << 16, 1 << 24] as const;
const MOST_CALLS = 64;
/** Each time is the least of so many. */
const ROUNDS = 3;

/** What was measured of a device. */
export interface MeasuredDevice {
  readonly name: string;
  /** Under which its speed is kept (Knowledge.calibrated). */
  readonly key: string;
  /** Of its products and arrays: float64 where it has that without detours. */
  readonly dtype: 'float64' | 'float32';
  readonly speed: DeviceSpeed;
}

/** Measures a device; undefined for one that is not there or has no products. Takes up to a second or two. */
export async function measureDevice(source: DeviceSource): Promise<MeasuredDevice | undefined> {
  const found = source.discover();
  if (!found.available) return undefined;
  try {
    const { device, release } = await takeDevice(source, 'float64');
    try {
      const dtype = source.isSingle === true ? 'float32' : 'float64';
      const speed = await new Measuring(device, dtype).speed();
      return speed && { name: source.name, key: speedKey(source.name, found.description), dtype, speed };
    } finally {
      release();
    }
  } catch (error) {
    if (error instanceof DeviceUnavailableError) return undefined;
    throw error;
  }
}

/** A call that can be made any number of times. */
interface Work {
  readonly kernel: Kernel;
  readonly params: KernelParams;
  readonly inputs: readonly ArraySpec[];
}

class Measuring {
  readonly #device: Device;
  readonly #dtype: DType;

  constructor(device: Device, dtype: DType) {
    this.#device = device;
    this.#dtype = dtype;
  }

  async speed(): Promise<DeviceSpeed | undefined> {
    const [first, last] = ROWS;
    if (!this.#can(this.#product(first, first))) return undefined;
    const overhead = await this.#seconds(this.#product(1, 1), 1);
    const flops = await this.#rate(overhead, first, last, 2, (n) => [this.#product(n, n), 2 * n ** 3]);
    const [short, long] = ELEMENTS;
    const bytes = itemSize(this.#dtype);
    const bandwidth = this.#can(this.#sum(short))
      ? await this.#rate(overhead, short, long, 4, (n) => [this.#sum(n), 3 * n * bytes])
      : await this.#rate(overhead, first, last, 2, (n) => [this.#product(n, 1), n * n * bytes]);
    return { overhead, flops, bandwidth };
  }

  /** (n, n) · (n, columns) */
  #product(n: number, columns: number): Work {
    const inputs = [[n, n] as const, [n, columns] as const].map((shape) => ({ dtype: this.#dtype, shape }));
    return { kernel: matmul, params: {}, inputs };
  }

  /** x + 3·y */
  #sum(n: number): Work {
    const b = new ExpressionBuilder();
    const [x, y] = [b.input(0, this.#dtype), b.input(1, this.#dtype)];
    const expression = b.build(b.binary('add', x, b.binary('mul', y, b.constant(3, this.#dtype))));
    const inputs = [n, n].map((size) => ({ dtype: this.#dtype, shape: [size] }));
    return { kernel: elementwise, params: { expression: serialize(expression) }, inputs };
  }

  #can({ kernel, params, inputs }: Work): boolean {
    return this.#device.can(kernel, inputs, params);
  }

  /** Units a second of work that grows from `from` to `to` and then in number, until it takes long enough. */
  async #rate(
    overhead: number,
    from: number,
    to: number,
    factor: number,
    workOf: (n: number) => readonly [Work, units: number],
  ): Promise<number> {
    let n = from;
    let count = 1;
    for (;;) {
      const [work, units] = workOf(n);
      const seconds = (await this.#seconds(work, count)) - overhead;
      const larger = n < to && this.#can(workOf(n * factor)[0]) ? n * factor : n;
      if (seconds >= ENOUGH_SECONDS || (larger === n && count >= MOST_CALLS)) {
        return (units * count) / Math.max(1e-9, seconds);
      }
      if (larger > n) n = larger;
      else count *= 2;
    }
  }

  /** Seconds of so many calls of a kernel, from their submission to their end, all arrays being there. */
  async #seconds({ kernel, params, inputs: specs }: Work, count: number): Promise<number> {
    const inputs = specs.map((spec) => this.#array(spec));
    const outputs = kernel.infer(specs, params).outputs.map((spec) => this.#array(spec));
    let least = Number.POSITIVE_INFINITY;
    try {
      // The first brings the arrays there, and compiles what it needs
      for (let round = 0; round <= ROUNDS; round++) {
        const start = performance.now();
        const ends = Array.from({ length: count }, () => this.#ended({ kernel, params, inputs, outputs }));
        this.#device.flush();
        await Promise.all(ends);
        if (round > 0) least = Math.min(least, (performance.now() - start) / 1000);
      }
    } finally {
      for (const array of [...inputs, ...outputs]) {
        if (!(array instanceof NDArray)) this.#device.memory?.free(array);
      }
    }
    return least;
  }

  #ended(call: Omit<Parameters<Device['submit']>[0], 'onDone'>): Promise<void> {
    return new Promise((resolve, reject) => {
      const onDone = (error: unknown): void => (error === undefined ? resolve() : reject(error));
      this.#device.submit({ ...call, onDone });
    });
  }

  /** An array of ones where the device wants it. */
  #array({ dtype, shape }: ArraySpec): DeviceArray | NDArray {
    const size = sizeOf(shape);
    const data = viewOf(dtype, new SharedArrayBuffer(size * itemSize(dtype)), 0, size).fill(1);
    const ones = new NDArray(data, { dtype, shape });
    const { memory, name } = this.#device;
    if (memory === undefined) return ones;
    const array = memory.allocate({ dtype, shape });
    if (array === undefined) throw new DeviceUnavailableError({ [name]: 'its memory has no room for a measurement' });
    memory.write(array, ones);
    return array;
  }
}
