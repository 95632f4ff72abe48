/**
 * What devices made, on its way to the host: each result once, when somebody there needs it. What nobody but the caller
 * wants is read with the call that makes it, so that both are one batch, and goes to JavaScript at once.
 */
import { allocate } from '../array/dtype.js';
import { NDArray, sizeOf } from '../array/ndarray.js';
import type { DeviceMemory } from '../devices/contract.js';
import { DeviceLostError, HeapExhaustedError } from '../errors.js';
import { Handle } from '../memory/handle.js';
import type { Heap } from '../memory/heap.js';
import type { DeviceLine } from './device-line.js';
import { FOLLOWS } from './dispatch.js';
import type { Lack } from './kernel-flow.js';
import { bytesOf } from './needs.js';
import type { Recorder } from './recorder.js';
import type { Remote, RemoteCopy } from './remote.js';
import type { Results } from './results.js';
import { DONE, type TaskTable } from './table.js';

export interface HomewardHost {
  readonly isGoing: boolean;
  failedThere(task: number, error: unknown, start: number, end: number): void;
  /** Something ended, or there may be room. */
  wake(): void;
}

export interface HomewardOptions {
  readonly host: HomewardHost;
  readonly table: TaskTable;
  readonly kinds: Uint8Array;
  readonly results: Results;
  readonly remote: Remote;
  readonly heap: Heap;
  readonly recorder: Recorder;
  readonly keepsResults: boolean;
  /** By device; undefined for the threads. */
  readonly lines: readonly (DeviceLine | undefined)[];
  /** 1 for what is in a device's memory and not on the host. */
  readonly away: Uint8Array;
  /** A result has come. */
  arrived(task: number): void;
  /** A result was lost with its device, and is needed. */
  lost(task: number): void;
}

/** A result that is fetched: from where, and into what; without handles, for JavaScript alone. */
interface Fetch {
  readonly task: number;
  readonly device: number;
  readonly copy: RemoteCopy;
  readonly handles: readonly Handle[];
  readonly arrays: readonly NDArray[];
  /** When it began, in the recorder's milliseconds. */
  readonly start: number;
}

export class Homeward {
  readonly #options: HomewardOptions;
  readonly #wanted = new Set<number>();
  readonly #fetching = new Set<number>();
  /** Read with the calls that make them. */
  readonly #early = new Map<number, { readonly into: NDArray; readonly read: Promise<void> }>();
  #lack: Lack | undefined;

  constructor(options: HomewardOptions) {
    this.#options = options;
  }

  /** Whether something is on its way. */
  get isBusy(): boolean {
    return this.#fetching.size > 0;
  }

  /** Whether something that was asked for has to come yet. */
  get owes(): boolean {
    return this.#wanted.size > 0 || this.#fetching.size > 0;
  }

  /** What waits for room on the heap. */
  get lack(): Lack | undefined {
    return this.#lack;
  }

  /** Asks for a result. What shows another comes with that, as long as it is there. */
  want(task: number): void {
    const { kinds, remote, away, table } = this.#options;
    const { deps, depStart } = table.program;
    let at = task;
    while (kinds[at] === FOLLOWS) {
      const source = deps[depStart[at] as number] as number;
      if (away[source] === 0 || remote.holder(source) < 0) break;
      at = source;
    }
    if (away[at] === 1 && remote.holder(at) >= 0 && !this.#fetching.has(at)) this.#wanted.add(at);
  }

  /** Whether it was asked for; it is not any more. */
  unwant(task: number): boolean {
    return this.#wanted.delete(task);
  }

  clear(): void {
    this.#wanted.clear();
  }

  /** What was read is lost with its device. */
  forgetReads(): void {
    this.#early.clear();
  }

  /** Reads what nobody but the caller wants, as soon as it is submitted. */
  readEarly(task: number, device: number): void {
    const line = this.#options.lines[device];
    const copy = this.#options.remote.at(task, device);
    const [first] = copy ?? [];
    if (line?.memory === undefined || copy === undefined || first === undefined) return;
    if (line.device?.traits.isOrdered !== true || !this.#isAnswer(task, copy)) return;
    const { dtype, shape } = first.array;
    const into = new NDArray(allocate(dtype, sizeOf(shape)), { dtype, shape });
    // It stays where it is until somebody takes what was read, or the run ends
    const read = line.memory.read(first.array, into);
    // Whoever takes it is told; where nobody does, the run has failed for another reason
    read.catch(() => {});
    this.#early.set(task, { into, read });
  }

  #isAnswer(task: number, copy: RemoteCopy): boolean {
    const { succStart } = this.#options.table.program;
    return succStart[task] === succStart[task + 1] && copy.length === 1 && !this.#options.keepsResults;
  }

  /** Begins to fetch what is wanted and made, as far as there is room. */
  fetch(): void {
    const { table, remote, lines } = this.#options;
    this.#lack = undefined;
    for (const task of this.#wanted) {
      if (table.state[task] !== DONE) continue;
      const device = remote.holder(task);
      const memory = lines[device]?.memory;
      const copy = remote.at(task, device);
      if (memory === undefined || copy === undefined) {
        this.#wanted.delete(task);
        continue;
      }
      try {
        this.#fetch(task, device, memory, copy);
      } catch (error) {
        if (!(error instanceof HeapExhaustedError)) throw error;
        this.#lack = { task, error };
        return;
      }
    }
  }

  #fetch(task: number, device: number, memory: DeviceMemory, copy: RemoteCopy): void {
    const { results, recorder, heap } = this.#options;
    const early = this.#early.get(task);
    this.#early.delete(task);
    const specs = copy.map(({ array: { dtype, shape } }) => ({ dtype, shape }));
    const handles: Handle[] = [];
    const arrays: NDArray[] = [];
    if (early !== undefined) arrays.push(early.into);
    else if (this.#isAnswer(task, copy)) {
      for (const { dtype, shape } of specs) arrays.push(new NDArray(allocate(dtype, sizeOf(shape)), { dtype, shape }));
    } else {
      results.keeper?.claim(bytesOf(specs));
      try {
        for (const spec of specs) handles.push(Handle.create(heap, spec));
      } catch (error) {
        for (const handle of handles) handle.release();
        throw error;
      }
      for (const handle of handles) arrays.push(handle.view());
    }
    this.#wanted.delete(task);
    this.#fetching.add(task);
    for (const array of copy) array.retain();
    const start = recorder.now();
    const finish = (error: unknown): void => {
      this.#fetching.delete(task);
      for (const array of copy) array.release();
      this.#fetched({ task, device, copy, handles, arrays, start }, error);
    };
    const reads =
      early === undefined ? copy.map(({ array }, i) => memory.read(array, arrays[i] as NDArray)) : [early.read];
    Promise.all(reads).then(
      () => finish(undefined),
      (error: unknown) => finish(error ?? new Error('the array could not be read')),
    );
  }

  #fetched({ task, device, copy, handles, arrays, start }: Fetch, error: unknown): void {
    const { host, lines, results, recorder, away } = this.#options;
    if (error !== undefined || !host.isGoing) {
      for (const handle of handles) handle.release();
      if (host.isGoing) {
        if (error instanceof DeviceLostError) {
          this.#options.lost(task);
          lines[device]?.gone(error);
        } else host.failedThere(task, error, start, recorder.now());
      }
      host.wake();
      return;
    }
    const bytes = copy.reduce((sum, { array }) => sum + array.nbytes, 0);
    recorder.transferred(task, lines[device]?.source.name ?? '', 'host', bytes, start, recorder.now());
    if (handles.length === 0) results.setValue(task, plain(arrays[0] as NDArray));
    else results.setHeld(task, handles.length === 1 ? (handles[0] as Handle) : [...handles]);
    away[task] = 0;
    this.#options.arrived(task);
    // Taken for what shows it alone
    if (results.uses(task) === 0) results.release(task);
    host.wake();
  }
}

/** A zero-dimensional array is a plain number or boolean to JavaScript. */
function plain(array: NDArray): unknown {
  return array.ndim === 0 ? array.get() : array;
}
