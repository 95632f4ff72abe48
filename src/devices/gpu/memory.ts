/**
 * Arrays in the GPU's memory: row-major, with the bytes they have on the heap. Reading and writing keep the order of
 * what was submitted.
 */
import { itemSize, viewOf } from '../../array/dtype.js';
import { type ArraySpec, type NDArray, scatter, sizeOf } from '../../array/ndarray.js';
import { ArgumentError, DeviceLostError, HeapExhaustedError } from '../../errors.js';
import type { DeviceArray, DeviceMemory } from '../contract.js';
import { BufferPool, type Chunk } from './buffers.js';
import type { Context } from './context.js';
import { COPY_DST, COPY_SRC, MAP_READ, READ, STORAGE } from './flags.js';

/** Bytes of a copy: WebGPU moves words. */
/** Bytes of what a shader binds: at least an element of any dtype. */
export const LEAST_BYTES = 8;

const words = (bytes: number): number => Math.max(LEAST_BYTES, Math.ceil(bytes / 4) * 4);

export class GpuArray implements DeviceArray {
  readonly dtype: DeviceArray['dtype'];
  readonly shape: readonly number[];
  readonly nbytes: number;
  readonly chunk: Chunk;
  isFreed = false;

  constructor({ dtype, shape }: ArraySpec, chunk: Chunk) {
    this.dtype = dtype;
    this.shape = shape;
    this.nbytes = sizeOf(shape) * itemSize(dtype);
    this.chunk = chunk;
  }
}

/** What the memory needs of the batches. */
export interface Order {
  /** The number of the batch that is being put together. */
  readonly batch: number;
  /** Sends what was submitted. */
  send(): void;
  /** Adds a copy to the end of the batch. Resolves when it has been sent, with others that are asked for meanwhile. */
  copy(encode: (encoder: GPUCommandEncoder) => void): Promise<void>;
}

export class GpuMemory implements DeviceMemory {
  readonly link: { readonly latency: number; readonly bandwidth: number };
  readonly pool: BufferPool;
  readonly #context: Context;
  readonly #order: Order;
  readonly #staging: BufferPool;
  /** Of what several arrays show: how many beside one. */
  readonly #others = new Map<Chunk, number>();
  /** How often arrays were fetched. */
  reads = 0;

  constructor(context: Context, order: Order, dropped: (id: number) => void, capacity: number) {
    this.#context = context;
    this.#order = order;
    const { device, facts } = context;
    const largest = device.limits.maxBufferSize;
    this.pool = new BufferPool(device, {
      usage: STORAGE | COPY_SRC | COPY_DST,
      limit: capacity,
      largest,
      dropped,
      batch: () => order.batch,
    });
    this.#staging = new BufferPool(device, { usage: MAP_READ | COPY_DST, limit: Number.POSITIVE_INFINITY, largest });
    this.link = facts.isSoftware ? { latency: 100e-6, bandwidth: 3e9 } : { latency: 50e-6, bandwidth: 8e9 };
  }

  get capacity(): number {
    return this.pool.limit;
  }

  allocate(spec: ArraySpec): GpuArray | undefined {
    if (this.#context.lost !== undefined) return undefined;
    const chunk = this.pool.take(words(sizeOf(spec.shape) * itemSize(spec.dtype)));
    return chunk && new GpuArray({ dtype: spec.dtype, shape: [...spec.shape] }, chunk);
  }

  free(array: DeviceArray): void {
    const own = this.own(array);
    own.isFreed = true;
    const others = this.#others.get(own.chunk) ?? 0;
    if (others === 0) this.pool.give(own.chunk);
    else if (others === 1) this.#others.delete(own.chunk);
    else this.#others.set(own.chunk, others - 1);
  }

  alias(array: DeviceArray, spec: ArraySpec): GpuArray {
    const { chunk, nbytes } = this.own(array);
    const made = new GpuArray({ dtype: spec.dtype, shape: [...spec.shape] }, chunk);
    if (made.nbytes !== nbytes) throw new ArgumentError(`gpu: ${nbytes} bytes cannot be seen as ${made.nbytes}`);
    this.#others.set(chunk, (this.#others.get(chunk) ?? 0) + 1);
    return made;
  }

  write(array: DeviceArray, source: NDArray): void {
    const own = this.own(array);
    if (this.#context.lost !== undefined || own.nbytes === 0) return;
    checkSame('write', own, source);
    // Calls that were submitted and not sent read what is there now
    if (own.chunk.pending === this.#order.batch) this.#order.send();
    this.#context.device.queue.writeBuffer(own.chunk.buffer, 0, bytesOf(source));
  }

  async read(array: DeviceArray, into: NDArray): Promise<void> {
    const own = this.own(array);
    checkSame('read', own, into);
    const bytes = words(own.nbytes);
    const staging = this.#staging.take(bytes);
    if (this.#context.lost !== undefined) throw this.lostError();
    if (staging === undefined) throw new HeapExhaustedError(bytes, `gpu: no buffer of ${bytes} bytes to read into`);
    this.reads++;
    const { chunk } = own;
    chunk.pending = this.#order.batch;
    chunk.copied = this.#order.batch;
    await this.#order.copy((encoder) => encoder.copyBufferToBuffer(chunk.buffer, 0, staging.buffer, 0, bytes));
    if (this.#context.lost !== undefined) throw this.lostError();
    try {
      await staging.buffer.mapAsync(READ, 0, bytes);
    } catch (error) {
      throw this.#context.lost === undefined ? (error as Error) : this.lostError();
    }
    if (own.nbytes > 0) scatter(viewOf(own.dtype, staging.buffer.getMappedRange(0, bytes), 0, into.size), into);
    staging.buffer.unmap();
    this.#staging.give(staging);
    await this.pool.settle();
    if (chunk.hasFailed) throw this.roomError(chunk);
  }

  /** @throws ArgumentError for what is no array of this device, or was freed */
  own(array: DeviceArray | NDArray): GpuArray {
    if (!(array instanceof GpuArray)) throw new ArgumentError('gpu: an array that lies on another device was given');
    if (array.isFreed) throw new ArgumentError('gpu: an array was used after it had been freed');
    return array;
  }

  lostError(): DeviceLostError {
    return new DeviceLostError('gpu', this.#context.lost ?? 'the GPU was closed');
  }

  roomError({ size }: Chunk): HeapExhaustedError {
    return new HeapExhaustedError(size, `gpu: its memory had no room for ${size} bytes, of which the driver told late`);
  }
}

function checkSame(what: string, array: GpuArray, other: NDArray): void {
  if (array.dtype === other.dtype && sizeOf(array.shape) === other.size) return;
  throw new ArgumentError(
    `gpu: cannot ${what} ${array.dtype} [${array.shape.join(', ')}] with ${other.dtype} [${other.shape.join(', ')}]`,
  );
}

/** The array's bytes in row-major order in whole words, in memory that is not shared (Dawn refuses the other). */
function bytesOf(source: NDArray): Uint8Array<ArrayBuffer> {
  const flat = source.isContiguous ? source : source.copy();
  const { nbytes } = flat;
  const from = flat.data.byteOffset + flat.offset * itemSize(flat.dtype);
  const { buffer } = flat.data;
  if (buffer instanceof ArrayBuffer && nbytes % 4 === 0) return new Uint8Array(buffer, from, nbytes);
  const copy = new Uint8Array(words(nbytes));
  copy.set(new Uint8Array(buffer, from, nbytes));
  return copy;
}
