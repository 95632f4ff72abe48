/**
 * A handle: an array's dtype, shape and where its bytes are now, with a count of who still needs it. Kernels and the
 * scheduler pass handles; bytes are copied only on the way in (from JavaScript) and on the way out (to the caller).
 *
 * The bytes of an array that nobody is using may leave the heap and come back to another place: whoever wants a
 * `pointer` sees to it that they are there, and stay while it is used.
 */
import { itemSize, viewOf } from '../array/dtype.js';
import { type ArraySpec, gather, NDArray, sizeOf } from '../array/ndarray.js';
import type { Block, Heap } from './heap.js';

/** The bytes of an array outside the heap. */
export interface Copy {
  /** Copies them in. @throws SpillError */
  read(into: Uint8Array): Promise<void>;
  /** Nobody needs it any more. */
  drop(): void;
}

export class Handle {
  readonly dtype: ArraySpec['dtype'];
  readonly shape: readonly number[];
  readonly heap: Heap;
  #block: Block | undefined;
  #pointer: number;
  /** The handle whose memory this one shows in another shape: it lives at least as long. */
  readonly #owner: Handle | undefined;
  #count = 1;
  #copy: Copy | undefined;

  private constructor(heap: Heap, spec: ArraySpec, block: Block | undefined, owner?: Handle) {
    this.dtype = spec.dtype;
    this.shape = spec.shape;
    this.heap = heap;
    this.#block = block;
    this.#owner = owner;
    this.#pointer = block === undefined ? 0 : heap.address(block);
  }

  /** A handle to fresh, unset memory for `spec`, with a count of one. @throws HeapExhaustedError */
  static create(heap: Heap, spec: ArraySpec): Handle {
    return new Handle(heap, spec, heap.allocate(sizeOf(spec.shape) * itemSize(spec.dtype)));
  }

  /** A copy of `array` on the heap. @throws HeapExhaustedError */
  static from(heap: Heap, array: NDArray): Handle {
    const handle = Handle.create(heap, array);
    gather(array, handle.view().data);
    return handle;
  }

  /** A handle to the same memory as another array, with a count of its own. @throws RangeError for another size */
  alias(spec: ArraySpec): Handle {
    const bytes = sizeOf(spec.shape) * itemSize(spec.dtype);
    if (bytes !== this.nbytes) throw new RangeError(`handle: an alias of ${bytes} bytes over ${this.nbytes}`);
    return new Handle(this.heap, spec, undefined, this.owner.retain());
  }

  /** The handle whose memory this one shows: itself, but for an alias. */
  get owner(): Handle {
    return this.#owner ?? this;
  }

  /** The byte address of the first element. @throws RangeError while the bytes are away */
  get pointer(): number {
    if (this.#owner !== undefined) return this.#owner.pointer;
    if (this.#block === undefined) throw new RangeError('handle: its bytes are not on the heap');
    return this.#pointer;
  }

  get nbytes(): number {
    return sizeOf(this.shape) * itemSize(this.dtype);
  }

  /** Bytes this handle takes on the heap, rounded up as they are allocated; 0 while it is away. */
  get allocated(): number {
    if (this.#owner !== undefined) return this.#owner.allocated;
    return this.#block === undefined ? 0 : this.heap.bytes(this.#block);
  }

  /** Whether its bytes are on the heap. */
  get isHere(): boolean {
    return this.owner.#block !== undefined;
  }

  get isReleased(): boolean {
    return this.#count === 0;
  }

  /** What its bytes were copied to outside the heap; they have not changed since. */
  get copy(): Copy | undefined {
    return this.owner.#copy;
  }

  retain(): this {
    if (this.#count === 0) throw new RangeError('handle: retained after its last release');
    this.#count++;
    return this;
  }

  /** One user less; the last one gives the memory back. */
  release(): void {
    if (this.#count === 0) throw new RangeError('handle: released more often than retained');
    if (--this.#count > 0) return;
    if (this.#owner !== undefined) {
      this.#owner.release();
      return;
    }
    if (this.#block !== undefined) this.heap.free(this.#block);
    this.#block = undefined;
    this.#copy?.drop();
  }

  /** Remembers where its bytes are besides. */
  keep(copy: Copy): void {
    this.owner.#copy = copy;
  }

  /** Gives its place on the heap up: its bytes are elsewhere, and nobody uses the pointer. */
  leave(): void {
    const { owner } = this;
    if (owner.#block === undefined) return;
    this.heap.free(owner.#block);
    owner.#block = undefined;
    owner.#pointer = 0;
  }

  /** Takes a place on the heap again; whoever calls this puts the bytes there. @throws HeapExhaustedError */
  come(): void {
    const { owner } = this;
    if (owner.#block !== undefined) return;
    owner.#block = this.heap.allocate(this.nbytes);
    owner.#pointer = this.heap.address(owner.#block);
  }

  /** Its bytes as they lie on the heap: valid only while they do. */
  bytes(): Uint8Array {
    return new Uint8Array(this.heap.buffer, this.pointer, this.nbytes);
  }

  /** The array itself, without a copy: valid only while the handle is, and its bytes are here. */
  view(): NDArray {
    const data = viewOf(this.dtype, this.heap.buffer, this.pointer, sizeOf(this.shape));
    return new NDArray(data, { shape: this.shape, dtype: this.dtype });
  }

  /** A copy that JavaScript owns. */
  copyOut(): NDArray {
    return this.view().copy();
  }
}
