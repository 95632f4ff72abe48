/**
 * What the runs of a runtime share: the heap with the kernels that work on it, the budget, the files for what there is no
 * room for, and what is known of how long things take.
 */
import { freemem } from 'node:os';
import { LocalKernels } from '../devices/bodies.js';
import { buildOf, instantiate, kernelCode, LEAST_PAGES } from '../devices/wasm-module.js';
import { HeapMark } from '../memory/detach.js';
import { Heap } from '../memory/heap.js';
import { SpillStore } from '../memory/spill.js';
import type { KernelCode } from '../workers/kernel-code.js';
import { Crowd } from './crowd.js';
import { type Knowledge, knowledgeOf } from './knowledge.js';

/** The heap cannot be larger than 4 GiB; a budget by default leaves some of that for gaps between arrays. */
const MOST_BY_DEFAULT = 3 * 2 ** 30;

export class RunMemory {
  readonly heap: Heap;
  readonly crowd = new Crowd();
  readonly mark: HeapMark;
  readonly local: LocalKernels;
  readonly code: KernelCode;
  /** As the option was when the memory was made. */
  readonly revectorize: boolean;
  /** Half of what was free then. */
  readonly budget: number = budgetByDefault();
  /** How long things take with these kernels. */
  readonly knowledge: Knowledge;
  /** By folder. */
  readonly #stores = new Map<string | undefined, SpillStore>();

  constructor(revectorize: boolean) {
    this.revectorize = revectorize;
    this.code = kernelCode(revectorize);
    const probe = new WebAssembly.Memory({ initial: LEAST_PAGES, maximum: LEAST_PAGES, shared: true });
    this.heap = new Heap({ base: (instantiate(this.code.module, probe).heapBase as () => number)() });
    this.mark = new HeapMark(this.heap);
    this.local = new LocalKernels(this.heap, this.code);
    this.knowledge = knowledgeOf(buildOf(revectorize));
  }

  /** Where a run puts arrays that there is no room for; undefined where it must not. */
  storeOf(spill: boolean | string): SpillStore | undefined {
    if (spill === false) return undefined;
    const place = spill === true ? undefined : spill;
    let store = this.#stores.get(place);
    if (store === undefined) {
      store = new SpillStore(place);
      this.#stores.set(place, store);
    }
    return store;
  }

  /** Removes the files. */
  async close(): Promise<void> {
    await Promise.all(Array.from(this.#stores.values(), (store) => store.close()));
  }
}

/** Bytes that arrays may take where nobody says how many: half of what the process may still have. */
export function budgetByDefault(): number {
  return Math.min(MOST_BY_DEFAULT, Math.floor(availableMemory() / 2));
}

/** Bytes that the process may still take: of the machine, or of its control group. */
function availableMemory(): number {
  return (process as { availableMemory?: () => number }).availableMemory?.() ?? freemem();
}
