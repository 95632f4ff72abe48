/**
 * The GPU's memory: buffers in size classes, kept for the next one when they are freed, within a limit. WebGPU tells
 * only later that there was no room: such a buffer is marked, and the limit is lowered to what there is.
 */

/** The least size, and what offsets are multiples of. */
const LEAST = 256;

/** A piece of the GPU's memory. */
export interface Chunk {
  readonly buffer: GPUBuffer;
  /** Bytes it has; at least those asked for. */
  readonly size: number;
  /** A number of its own. */
  readonly id: number;
  /** There was no room for it. */
  hasFailed: boolean;
  /** The last batch that uses it, and the last that copies it to the host; 0 for none. */
  pending: number;
  copied: number;
}

/** The size class of so many bytes: powers of two and the three quarter steps between. */
export function classOf(bytes: number): number {
  if (bytes <= LEAST) return LEAST;
  const power = 2 ** Math.floor(Math.log2(bytes));
  const step = Math.max(LEAST, power / 4);
  return Math.ceil(bytes / step) * step;
}

export class BufferPool {
  readonly #device: GPUDevice;
  readonly #usage: GPUBufferUsageFlags;
  readonly #largest: number;
  readonly #free = new Map<number, Chunk[]>();
  /** Creations of which it is not known yet whether there was room. */
  readonly #open = new Set<Promise<void>>();
  readonly #dropped: (id: number) => void;
  readonly #batch: () => number;
  #limit: number;
  #used = 0;
  #kept = 0;
  #ids = 0;

  /**
   * @param dropped told the number of every buffer that is destroyed
   * @param batch answers the number of the batch that was not sent yet, whose buffers must stay
   */
  constructor(
    device: GPUDevice,
    options: {
      readonly usage: GPUBufferUsageFlags;
      readonly limit: number;
      readonly largest: number;
      readonly dropped?: (id: number) => void;
      readonly batch?: () => number;
    },
  ) {
    this.#device = device;
    this.#usage = options.usage;
    this.#limit = options.limit;
    this.#largest = options.largest;
    this.#dropped = options.dropped ?? ((): void => {});
    this.#batch = options.batch ?? ((): number => -1);
  }

  /** Bytes that may be in use. */
  get limit(): number {
    return this.#limit;
  }

  get used(): number {
    return this.#used;
  }

  /** Bytes of all its buffers, those that are kept included. */
  get held(): number {
    return this.#used + this.#kept;
  }

  /** At least so many bytes, or undefined when there is no room. */
  take(bytes: number): Chunk | undefined {
    const wished = classOf(bytes);
    const size = wished > this.#largest ? Math.ceil(bytes / LEAST) * LEAST : wished;
    if (size > this.#largest || this.#used + size > this.#limit) return undefined;
    const kept = this.#free.get(size)?.pop();
    this.#used += size;
    if (kept !== undefined) {
      this.#kept -= size;
      return kept;
    }
    if (this.#used + this.#kept > this.#limit) this.trim();
    return this.#create(size);
  }

  /** Gives it back. What is under way with it goes on: the queue keeps the order. */
  give(chunk: Chunk): void {
    this.#used -= chunk.size;
    if (chunk.hasFailed) {
      this.#destroy(chunk);
      return;
    }
    this.#kept += chunk.size;
    const list = this.#free.get(chunk.size);
    if (list === undefined) this.#free.set(chunk.size, [chunk]);
    else list.push(chunk);
  }

  /** Destroys what is kept and not needed by a batch that was not sent. */
  trim(): void {
    const batch = this.#batch();
    for (const [size, list] of this.#free) {
      const staying = list.filter((chunk) => chunk.pending === batch);
      for (const chunk of list) if (chunk.pending !== batch) this.#destroy(chunk);
      this.#kept -= size * (list.length - staying.length);
      this.#free.set(size, staying);
    }
  }

  /** When it is known of all buffers whether there was room for them. */
  async settle(): Promise<void> {
    while (this.#open.size > 0) await Promise.all(this.#open);
  }

  #create(size: number): Chunk {
    const device = this.#device;
    device.pushErrorScope('out-of-memory');
    const chunk: Chunk = {
      buffer: device.createBuffer({ size, usage: this.#usage }),
      size,
      id: ++this.#ids,
      hasFailed: false,
      pending: 0,
      copied: 0,
    };
    const known: Promise<void> = device.popErrorScope().then(
      (error) => {
        this.#open.delete(known);
        if (error === null) return;
        chunk.hasFailed = true;
        this.#limit = Math.max(0, Math.min(this.#limit, this.#used - size));
      },
      () => {
        this.#open.delete(known);
      },
    );
    this.#open.add(known);
    return chunk;
  }

  #destroy(chunk: Chunk): void {
    chunk.buffer.destroy();
    this.#dropped(chunk.id);
  }
}
