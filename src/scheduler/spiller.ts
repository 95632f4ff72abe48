/**
 * Arrays of a run that leave the heap and come back. What leaves is chosen by evict.ts: that which is needed last on the
 * safe order. An array is written out once at most; copies of JavaScript arrays, which are there anyway, not at all.
 * Transfers go one after the other, through the store's own buffer, so that making room takes no room.
 */
import { toNDArray } from '../array/convert.js';
import { viewOf } from '../array/dtype.js';
import { gather, NDArray } from '../array/ndarray.js';
import { HeapExhaustedError } from '../errors.js';
import type { Program } from '../graph/program.js';
import type { Copy, Handle } from '../memory/handle.js';
import type { Heap } from '../memory/heap.js';
import { FileCopy, type SpillStore } from '../memory/spill.js';
import { Residents } from './evict.js';
import type { SafePlan } from './memory-plan.js';
import { keptOn } from './persisted.js';
import type { Recorder } from './recorder.js';
import type { Results } from './results.js';

export interface SpillerOptions {
  readonly program: Program;
  readonly safe: SafePlan;
  /** For what only shows another task's arrays that task, else −1. */
  readonly shown: Int32Array;
  readonly results: Results;
  readonly heap: Heap;
  /** Where arrays go; without, those leave that are somewhere else too. */
  readonly store: SpillStore | undefined;
  readonly recorder: Recorder;
  /** Whether so many bytes may be taken from the heap. */
  readonly hasRoom: (bytes: number) => boolean;
  /** Something has left or come back. */
  readonly moved: () => void;
  /** A file could not be written or read. */
  readonly failed: (error: unknown) => void;
}

export class Spiller {
  readonly #options: SpillerOptions;
  readonly #residents: Residents;
  /** The arrays of each datum that was on the heap once. */
  readonly #handles = new Map<number, readonly Handle[]>();
  /** On their way out, and on their way in: nobody may start to use them. */
  readonly #leaving = new Set<number>();
  readonly #coming = new Set<number>();
  #transfers = 0;
  /** Bytes that were free, but in pieces. */
  #scattered = 0;

  constructor(options: SpillerOptions) {
    this.#options = options;
    this.#residents = new Residents(options.safe.work, options.safe.sigma);
  }

  /** Whether anything is being written or read. */
  get isBusy(): boolean {
    return this.#transfers > 0;
  }

  /** A task has arrays on the heap, or in files, as its result. */
  held(task: number): void {
    const { shown, results, safe } = this.#options;
    const held = results.held(task);
    if (held === undefined || (shown[task] as number) >= 0) return;
    const handles = ([held].flat() as Handle[]).map(({ owner }) => owner);
    this.#handles.set(task, handles);
    const bytes = handles.reduce((sum, { allocated }) => sum + allocated, 0);
    if (bytes > 0) safe.work.bytes[task] = bytes;
    if (handles.every(({ isHere }) => isHere)) this.#residents.add(task);
  }

  started(task: number): void {
    this.#residents.started(task);
  }

  stopped(task: number): void {
    this.#residents.stopped(task);
  }

  ended(task: number): void {
    this.#residents.ended(task);
  }

  /** What a task takes whose bytes are not on the heap, though they were. */
  away(task: number): number[] {
    return this.#inputsOf(task).filter((datum) => this.#isAway(datum));
  }

  #isAway(datum: number): boolean {
    return this.#leaving.has(datum) || this.#coming.has(datum) || this.#away(datum).length > 0;
  }

  /** Bytes that a task's inputs will take on the heap when it starts. @param isKernel whether it takes them there */
  missingBytes(task: number, isKernel: boolean): number {
    const { bytes } = this.#options.safe.work;
    let sum = 0;
    for (const datum of this.#inputsOf(task)) {
      if (isKernel && !this.#handles.has(datum)) this.#measure(datum);
      if (this.#coming.has(datum)) continue;
      if (this.#isAway(datum) || (isKernel && !this.#handles.has(datum))) sum += bytes[datum] as number;
    }
    return sum;
  }

  /** What a JavaScript value will take on the heap, now that it is there. */
  #measure(datum: number): void {
    const { results, safe } = this.#options;
    const { bytes } = safe.work;
    if (bytes[datum] === 0) bytes[datum] = bytesOfValue(results.givenValue(datum));
  }

  #inputsOf(task: number): number[] {
    const { inputs, inputStart } = this.#options.safe.work;
    return Array.from(inputs.subarray(inputStart[task], inputStart[task + 1]));
  }

  /**
   * Sees to it that so many bytes are freed and what `task` takes comes back. False when nothing more can leave; true
   * when it is under way, or done.
   */
  makeRoom(bytes: number, task: number): boolean {
    const lacking = bytes > 0 || this.#scattered > 0 ? Math.max(0, bytes) + this.#scattered : 0;
    const victims = lacking > 0 ? this.#victims(lacking, task) : [];
    if (victims === undefined) return false;
    const back = this.away(task).filter((datum) => !this.#leaving.has(datum));
    for (const { datum } of victims) {
      if (datum < 0) continue;
      this.#residents.remove(datum);
      this.#leaving.add(datum);
    }
    const left = victims.filter((victim) => !this.#tryLeave(victim));
    const files = back.filter((datum) => !this.#tryReturn(datum));
    if (left.length === 0 && files.length === 0) return true;
    this.#transfers++;
    void this.#transfer(left, files).then(
      () => {
        this.#transfers--;
        this.#options.moved();
      },
      (error: unknown) => {
        this.#transfers--;
        this.#leaving.clear();
        this.#coming.clear();
        this.#options.failed(error);
      },
    );
    return true;
  }

  /** What is to leave: data of this run, then kept results that nobody works on. */
  #victims(bytes: number, task: number): Victim[] | undefined {
    for (let asked = bytes; ; ) {
      const { data, isEnough } = this.#residents.victims(asked, task);
      const victims = data.map((datum) => ({ datum, handles: this.#here(datum) })).filter(this.#mayLeave);
      const lacking = bytes - victims.reduce((sum, victim) => sum + allocated(victim), 0);
      if (lacking <= 0) return victims;
      // Of several outputs some may be gone already: then another one has to leave besides
      if (isEnough) asked += lacking;
      else return this.#withKept(victims, lacking);
    }
  }

  readonly #mayLeave = ({ datum, handles }: Victim): boolean => {
    if (handles.length === 0) this.#residents.remove(datum);
    return handles.length > 0 && handles.every(isOurs) && (this.#canWrite || this.#isCopied({ datum, handles }));
  };

  get #canWrite(): boolean {
    return this.#options.store !== undefined;
  }

  /** Whether arrays are somewhere else too. */
  #isCopied({ datum, handles }: Victim): boolean {
    const isGiven = datum >= 0 && this.#options.results.givenValue(datum) !== undefined;
    return isGiven || handles.every(({ copy }) => copy !== undefined);
  }

  /** Besides data of this run, kept results that nobody works on; undefined when all of them are not enough. */
  #withKept(victims: Victim[], bytes: number): Victim[] | undefined {
    let lacking = bytes;
    for (const [handle, users] of keptOn(this.#options.heap)) {
      if (lacking <= 0) break;
      if (users > 0 || !handle.isHere || !(this.#canWrite || handle.copy !== undefined)) continue;
      victims.push({ datum: -1, handles: [handle] });
      lacking -= handle.allocated;
    }
    return lacking > 0 ? undefined : victims;
  }

  /** The arrays of a datum that are on the heap. */
  #here(datum: number): readonly Handle[] {
    return this.#handles.get(datum)?.filter(({ isReleased, isHere }) => !isReleased && isHere) ?? [];
  }

  /** What is somewhere else too leaves at once. */
  #tryLeave({ datum, handles }: Victim): boolean {
    const value = datum < 0 ? undefined : this.#options.results.givenValue(datum);
    const [first] = handles;
    if (value !== undefined && first?.copy === undefined) first?.keep(new ValueCopy(value));
    if (handles.some(({ copy }) => copy === undefined)) return false;
    for (const handle of handles) handle.leave();
    this.#leaving.delete(datum);
    return true;
  }

  /** What JavaScript has is copied at once. */
  #tryReturn(datum: number): boolean {
    const [handle] = this.#away(datum);
    if (!(handle?.copy instanceof ValueCopy)) return false;
    if (!this.#tryCome([handle])) return true;
    handle.copy.put(handle.bytes());
    this.#residents.add(datum);
    return true;
  }

  /**
   * Takes room for all of these arrays, or none: it may have gone to what nobody knew of beforehand, or lie in pieces.
   * Then more has to be made the next time.
   */
  #tryCome(handles: readonly Handle[]): boolean {
    const bytes = handles.reduce((sum, { nbytes }) => sum + nbytes, 0);
    if (!this.#options.hasRoom(bytes)) return false;
    try {
      for (const handle of handles) handle.come();
      this.#scattered = 0;
      return true;
    } catch (error) {
      if (!(error instanceof HeapExhaustedError)) throw error;
      for (const handle of handles) handle.leave();
      this.#scattered = 2 * this.#scattered + bytes;
      return false;
    }
  }

  #away(datum: number): readonly Handle[] {
    return this.#handles.get(datum)?.filter(({ isReleased, isHere }) => !isReleased && !isHere) ?? [];
  }

  async #transfer(victims: readonly Victim[], back: readonly number[]): Promise<void> {
    const { store, recorder } = this.#options;
    for (const { datum, handles } of victims) {
      for (const handle of handles) {
        if (store !== undefined && handle.copy === undefined && !handle.isReleased) {
          const start = recorder.now();
          handle.keep(new FileCopy(store, await store.write(handle.bytes())));
          recorder.spilled(datum, 'out', handle.nbytes, start, recorder.now());
        }
        handle.leave();
      }
      this.#leaving.delete(datum);
    }
    for (const datum of back) {
      const handles = this.#away(datum);
      if (!this.#tryCome(handles)) continue;
      this.#coming.add(datum);
      for (const handle of handles) {
        const start = recorder.now();
        await handle.copy?.read(handle.bytes());
        recorder.spilled(datum, 'in', handle.nbytes, start, recorder.now());
      }
      this.#coming.delete(datum);
      this.#residents.add(datum);
    }
  }
}

function bytesOfValue(value: unknown): number {
  if (ArrayBuffer.isView(value)) return value.byteLength;
  if (value instanceof NDArray) return value.nbytes;
  if (Array.isArray(value)) return value.reduce<number>((sum, item) => sum + bytesOfValue(item), 0);
  return 8;
}

/** The bytes of an array that JavaScript has anyway. */
class ValueCopy implements Copy {
  readonly #value: unknown;

  constructor(value: unknown) {
    this.#value = value;
  }

  put(into: Uint8Array): void {
    const array = toNDArray(this.#value);
    gather(array, viewOf(array.dtype, into.buffer, into.byteOffset, array.size));
  }

  async read(into: Uint8Array): Promise<void> {
    this.put(into);
  }

  drop(): void {}
}

/** A kept array that another run works on too stays. */
function isOurs(handle: Handle): boolean {
  return (keptOn(handle.heap).get(handle) ?? 1) <= 1;
}

const allocated = ({ handles }: Victim): number => handles.reduce((sum, handle) => sum + handle.allocated, 0);

/** Arrays that leave together; datum −1 for kept ones that are not of this run. */
interface Victim {
  readonly datum: number;
  readonly handles: readonly Handle[];
}
