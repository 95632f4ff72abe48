/**
 * A handle: an array's dtype, shape and where its bytes are now, with a count of who still needs it. Kernels and the
 * scheduler pass handles; bytes are copied only on the way in (from JavaScript) and on the way out (to the caller).
 */
import { itemSize, viewOf } from '../array/dtype.js';
import { type ArraySpec, gather, NDArray, sizeOf } from '../array/ndarray.js';
import type { Block, Heap } from './heap.js';

export class Handle {
  readonly dtype: ArraySpec['dtype'];
  readonly shape: readonly number[];
  readonly pointer: number;
  readonly heap: Heap;
  readonly #block: Block;
  /** The handle whose memory this one shows in another shape: it lives at least as long. */
  readonly #owner: Handle | undefined;
  #count = 1;

  private constructor(heap: Heap, spec: ArraySpec, block: Block, owner?: Handle) {
    this.dtype = spec.dtype;
    this.shape = spec.shape;
    this.heap = heap;
    this.#block = block;
    this.#owner = owner;
    this.pointer = heap.address(block);
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
    const owner = this.#owner ?? this;
    return new Handle(this.heap, spec, this.#block, owner.retain());
  }

  get nbytes(): number {
    return sizeOf(this.shape) * itemSize(this.dtype);
  }

  /** Bytes this handle takes on the heap, rounded up as they are allocated. */
  get allocated(): number {
    return this.heap.bytes(this.#block);
  }

  get isReleased(): boolean {
    return this.#count === 0;
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
    if (this.#owner === undefined) this.heap.free(this.#block);
    else this.#owner.release();
  }

  /** The array itself, without a copy: valid only while the handle is. */
  view(): NDArray {
    const data = viewOf(this.dtype, this.heap.buffer, this.pointer, sizeOf(this.shape));
    return new NDArray(data, { shape: this.shape, dtype: this.dtype });
  }

  /** A copy that JavaScript owns. */
  copyOut(): NDArray {
    return this.view().copy();
  }
}
