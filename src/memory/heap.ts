/**
 * The heap: one shared WebAssembly memory that every pool thread maps, and its allocator. The allocator is TLSF
 * (Masmano et al., "TLSF: a New Dynamic Memory Allocator for Real-Time Systems", ECRTS 2004): two levels of segregated
 * free lists found by bitmaps, immediate coalescing, O(1) for both calls. Its bookkeeping lives here, outside the
 * memory, as arrays indexed by block; free lists are last-in first-out, because pages touched lately are warm.
 *
 * Only the main thread allocates: kernels say beforehand what they need. Sizes are whole units of 64 bytes, so every
 * address is aligned to a cache line.
 */
import { HeapExhaustedError } from '../errors.js';

const UNIT_SHIFT = 6;
const PAGE = 65536;
const PAGE_UNITS = PAGE >> UNIT_SHIFT;
/** Second-level lists per power of two: sizes within a list differ by at most 1/16. */
const SL_SHIFT = 4;
const SL = 1 << SL_SHIFT;
const FL = 27;
const NONE = -1;
/** A growth step: at least this many bytes, or an eighth of what is there. */
const GROWTH_BYTES = 16 << 20;

/** The largest memory WebAssembly with 32-bit addresses can have, less one page so that every end address fits. */
export const MAX_HEAP_BYTES = 65535 * PAGE;

/** A block of the heap; give it back with `free`. */
export type Block = number;

export interface HeapOptions {
  /** Bytes below this address belong to the WebAssembly module (its static data). */
  readonly base?: number;
  /** The most bytes the memory may have. */
  readonly limit?: number;
}

/**
 * A shared memory with an allocator.
 *
 * @example
 * const heap = new Heap();
 * const block = heap.allocate(800);
 * const view = new Float64Array(heap.buffer, heap.address(block), 100);
 * heap.free(block);
 */
export class Heap {
  /** @internal What kernels are instantiated over. Not in the declarations: Node's types have no WebAssembly. */
  readonly memory: WebAssembly.Memory;
  readonly limit: number;
  /** Bytes below the first block. */
  readonly base: number;
  #capacity = 1024;
  #offset = new Uint32Array(this.#capacity);
  #size = new Uint32Array(this.#capacity);
  #before = new Int32Array(this.#capacity);
  #after = new Int32Array(this.#capacity);
  #previousFree = new Int32Array(this.#capacity);
  #nextFree = new Int32Array(this.#capacity);
  #isFree = new Uint8Array(this.#capacity);
  #spare: Block[] = [];
  #blocks = 0;
  #last: Block = NONE;
  #firstLevel = 0;
  readonly #secondLevel = new Uint32Array(FL);
  readonly #heads = new Int32Array(FL * SL).fill(NONE);
  #usedUnits = 0;
  /** Blocks that are not of arrays, and their units. */
  readonly #fixed = new Set<Block>();
  #fixedUnits = 0;
  #peakUnits = 0;

  constructor(options: HeapOptions = {}) {
    this.limit = Math.min(options.limit ?? MAX_HEAP_BYTES, MAX_HEAP_BYTES);
    const base = Math.ceil(Math.max(options.base ?? 0, 64) / 64) * 64;
    this.base = base;
    const initial = Math.max(16, Math.ceil(base / PAGE));
    this.memory = new WebAssembly.Memory({ initial, maximum: 65536, shared: true });
    this.#append(base >> UNIT_SHIFT, initial * PAGE_UNITS - (base >> UNIT_SHIFT));
  }

  /** The memory's buffer as it is now; it has another identity after the memory grew. */
  get buffer(): SharedArrayBuffer {
    return this.memory.buffer as SharedArrayBuffer;
  }

  /** Bytes in allocated blocks, rounded up as they are taken. */
  get used(): number {
    return this.#usedUnits * 64;
  }

  /** Of those, the bytes of arrays and of what kernels work in: what a budget counts. */
  get arrays(): number {
    return (this.#usedUnits - this.#fixedUnits) * 64;
  }

  /** The most bytes that arrays had at one time since the last `resetPeak`. */
  get peak(): number {
    return this.#peakUnits * 64;
  }

  resetPeak(): void {
    this.#peakUnits = this.#usedUnits - this.#fixedUnits;
  }

  /** A block for the runtime itself, such as a thread's own scratch. @throws HeapExhaustedError */
  allocateFixed(bytes: number): Block {
    const peak = this.#peakUnits;
    const block = this.allocate(bytes);
    this.#fixed.add(block);
    this.#fixedUnits += this.#size[block] as number;
    this.#peakUnits = peak;
    return block;
  }

  /** A block of at least `bytes` bytes, or undefined when there is no room. O(1). */
  tryAllocate(bytes: number): Block | undefined {
    const units = Math.max(1, Math.ceil(bytes / 64));
    let block = this.#take(units);
    if (block === NONE) {
      if (!this.#grow(units)) return undefined;
      block = this.#take(units);
      if (block === NONE) return undefined;
    }
    this.#split(block, units);
    this.#usedUnits += this.#size[block] as number;
    this.#peakUnits = Math.max(this.#peakUnits, this.#usedUnits - this.#fixedUnits);
    return block;
  }

  /** A block of at least `bytes` bytes. @throws HeapExhaustedError when there is no room. */
  allocate(bytes: number): Block {
    const block = this.tryAllocate(bytes);
    if (block !== undefined) return block;
    throw new HeapExhaustedError(
      bytes,
      `no room for ${bytes} bytes on the shared heap: ${this.used} of at most ${this.limit} bytes are in use. ` +
        'Work on smaller blocks, or ask for fewer results at once',
    );
  }

  /** The byte address of a block. */
  address(block: Block): number {
    return (this.#offset[block] as number) * 64;
  }

  /** The bytes of a block, rounded up to whole units. */
  bytes(block: Block): number {
    return (this.#size[block] as number) * 64;
  }

  /** Gives a block back. O(1). */
  free(block: Block): void {
    if (block < 0 || block >= this.#blocks || this.#isFree[block] !== 0 || this.#size[block] === 0) {
      throw new RangeError(`heap: block ${block} is not allocated`);
    }
    this.#usedUnits -= this.#size[block] as number;
    if (this.#fixed.delete(block)) this.#fixedUnits -= this.#size[block] as number;
    let merged = block;
    const before = this.#before[block] as number;
    if (before !== NONE && this.#isFree[before] === 1) {
      this.#unlink(before);
      merged = this.#merge(before, block);
    }
    const after = this.#after[merged] as number;
    if (after !== NONE && this.#isFree[after] === 1) {
      this.#unlink(after);
      merged = this.#merge(merged, after);
    }
    this.#link(merged);
  }

  /** Walks all blocks and throws when the bookkeeping contradicts itself. For tests. O(blocks). */
  check(): void {
    let used = 0;
    for (let block = this.#last; block !== NONE; block = this.#before[block] as number) {
      const before = this.#before[block] as number;
      if (before !== NONE) {
        if ((this.#offset[before] as number) + (this.#size[before] as number) !== this.#offset[block]) {
          throw new Error(`heap: blocks ${before} and ${block} do not touch`);
        }
        if (this.#after[before] !== block) throw new Error(`heap: block ${before} does not lead to ${block}`);
        if (this.#isFree[before] === 1 && this.#isFree[block] === 1) throw new Error('heap: two free neighbours');
      }
      if (this.#isFree[block] === 0) used += this.#size[block] as number;
    }
    if (used !== this.#usedUnits) throw new Error(`heap: ${used} units in use, ${this.#usedUnits} counted`);
  }

  #newBlock(offset: number, size: number): Block {
    const block = this.#spare.pop() ?? this.#blocks++;
    if (block >= this.#capacity) this.#widen();
    this.#offset[block] = offset;
    this.#size[block] = size;
    this.#isFree[block] = 0;
    return block;
  }

  #widen(): void {
    this.#capacity *= 2;
    const wider = <T extends Uint32Array | Int32Array | Uint8Array>(array: T): T => {
      const copy = new (array.constructor as new (length: number) => T)(this.#capacity);
      copy.set(array);
      return copy;
    };
    this.#offset = wider(this.#offset);
    this.#size = wider(this.#size);
    this.#before = wider(this.#before);
    this.#after = wider(this.#after);
    this.#previousFree = wider(this.#previousFree);
    this.#nextFree = wider(this.#nextFree);
    this.#isFree = wider(this.#isFree);
  }

  /** Adds fresh memory at the end. */
  #append(offset: number, size: number): void {
    const block = this.#newBlock(offset, size);
    this.#before[block] = this.#last;
    this.#after[block] = NONE;
    if (this.#last !== NONE) this.#after[this.#last] = block;
    const last = this.#last;
    this.#last = block;
    if (last !== NONE && this.#isFree[last] === 1) {
      this.#unlink(last);
      this.#link(this.#merge(last, block));
    } else {
      this.#link(block);
    }
  }

  #grow(units: number): boolean {
    const current = this.memory.buffer.byteLength;
    const tail = this.#last !== NONE && this.#isFree[this.#last] === 1 ? (this.#size[this.#last] as number) : 0;
    const needed = (units + (units >> SL_SHIFT) + SL - tail) * 64;
    const room = this.limit - current;
    const step = Math.min(room, Math.max(needed, GROWTH_BYTES, current >> 3));
    const pages = step >= needed ? Math.ceil(step / PAGE) : Math.floor(room / PAGE);
    if (pages <= 0 || current + pages * PAGE > MAX_HEAP_BYTES + PAGE) return false;
    if (tail * 64 + pages * PAGE < units * 64) return false;
    try {
      this.memory.grow(pages);
    } catch {
      return false;
    }
    this.#append(current >>> UNIT_SHIFT, pages * PAGE_UNITS);
    return true;
  }

  /** Takes a free block of at least `units` off its list: the first list whose every block is large enough. */
  #take(units: number): Block {
    // A size is rounded up to the next list boundary, so that any block of the list found is large enough.
    const rounded = units < SL ? units : units + (1 << (31 - Math.clz32(units) - SL_SHIFT)) - 1;
    const list = listOf(rounded);
    let first = list >> SL_SHIFT;
    if (first >= FL) return NONE;
    let bits = (this.#secondLevel[first] as number) & (~0 << (list & (SL - 1)));
    if (bits === 0) {
      const above = first + 1 < 32 ? this.#firstLevel & (~0 << (first + 1)) : 0;
      if (above === 0) return this.#takeExact(units);
      first = lowestBit(above);
      bits = this.#secondLevel[first] as number;
    }
    const block = this.#heads[(first << SL_SHIFT) + lowestBit(bits)] as number;
    this.#unlink(block);
    return block;
  }

  /** When no list holds only large enough blocks, the list of this very size may still hold one. */
  #takeExact(units: number): Block {
    const list = listOf(units);
    for (let block = this.#heads[list] as number, tries = 0; block !== NONE && tries < 64; tries++) {
      if ((this.#size[block] as number) >= units) {
        this.#unlink(block);
        return block;
      }
      block = this.#nextFree[block] as number;
    }
    return NONE;
  }

  #split(block: Block, units: number): void {
    const rest = (this.#size[block] as number) - units;
    if (rest === 0) return;
    this.#size[block] = units;
    const remainder = this.#newBlock((this.#offset[block] as number) + units, rest);
    const after = this.#after[block] as number;
    this.#before[remainder] = block;
    this.#after[remainder] = after;
    this.#after[block] = remainder;
    if (after !== NONE) this.#before[after] = remainder;
    else this.#last = remainder;
    this.#link(remainder);
  }

  /** Joins `block` and its neighbour `after` (both off the lists) into `block`. */
  #merge(block: Block, after: Block): Block {
    this.#size[block] = (this.#size[block] as number) + (this.#size[after] as number);
    const next = this.#after[after] as number;
    this.#after[block] = next;
    if (next !== NONE) this.#before[next] = block;
    else this.#last = block;
    this.#size[after] = 0;
    this.#isFree[after] = 0;
    this.#spare.push(after);
    return block;
  }

  #link(block: Block): void {
    const list = listOf(this.#size[block] as number);
    const head = this.#heads[list] as number;
    this.#isFree[block] = 1;
    this.#previousFree[block] = NONE;
    this.#nextFree[block] = head;
    if (head !== NONE) this.#previousFree[head] = block;
    this.#heads[list] = block;
    const first = list >> SL_SHIFT;
    this.#secondLevel[first] = (this.#secondLevel[first] as number) | (1 << (list & (SL - 1)));
    this.#firstLevel |= 1 << first;
  }

  #unlink(block: Block): void {
    const list = listOf(this.#size[block] as number);
    const previous = this.#previousFree[block] as number;
    const next = this.#nextFree[block] as number;
    if (previous !== NONE) this.#nextFree[previous] = next;
    else this.#heads[list] = next;
    if (next !== NONE) this.#previousFree[next] = previous;
    this.#isFree[block] = 0;
    if (this.#heads[list] === NONE) {
      const first = list >> SL_SHIFT;
      const bits = (this.#secondLevel[first] as number) & ~(1 << (list & (SL - 1)));
      this.#secondLevel[first] = bits;
      if (bits === 0) this.#firstLevel &= ~(1 << first);
    }
  }
}

/** The list of a size in units: below 16 one list a size, above it 16 lists to every power of two. */
function listOf(units: number): number {
  if (units < SL) return units;
  const power = 31 - Math.clz32(units);
  return ((power - SL_SHIFT + 1) << SL_SHIFT) + ((units >> (power - SL_SHIFT)) & (SL - 1));
}

function lowestBit(bits: number): number {
  return 31 - Math.clz32(bits & -bits);
}
