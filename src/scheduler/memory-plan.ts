/**
 * How a run will keep within its memory budget, decided before it starts:
 *
 * - `free`: everything fits at once; nothing is held back.
 * - `ordered`: the safe order σ fits; tasks start when that keeps it so (admission.ts).
 * - `spilling`: not even σ fits; along σ, what is needed last is written to files (evict.ts).
 *
 * When a task needs more than the budget by itself, that is an error here.
 */
import { MemoryBudgetError } from '../errors.js';
import type { Program } from '../graph/program.js';
import type { Heap } from '../memory/heap.js';
import { spillPlan } from './evict.js';
import { type Needs, needsOf, takesMemory, workloadOf } from './needs.js';
import { type SafeOrder, safeOrder } from './order.js';
import { keptOn, Persisted } from './persisted.js';
import type { Workload } from './workload.js';

export interface MemoryPlan {
  readonly kind: 'free' | 'ordered' | 'spilling';
  /** Bytes for this run: the budget less what others have on the heap. */
  readonly room: number;
  /** Undefined where no task has to do with the heap. */
  readonly needs: Needs | undefined;
  /** Of `ordered` and `spilling`. */
  readonly safe: SafePlan | undefined;
}

export interface SafePlan {
  readonly work: Workload;
  readonly sigma: SafeOrder;
}

/**
 * O(tasks + inputs), and O(m log m) where not everything fits at once.
 *
 * @throws MemoryBudgetError naming the task and the bytes that it lacks
 */
export function planMemory(program: Program, heap: Heap, budget: number, maySpill: boolean): MemoryPlan {
  const free = budget - heap.arrays;
  if (!takesMemory(program)) return { kind: 'free', room: free, needs: undefined, safe: undefined };
  const needs = needsOf(program);
  const isAllHere = persistedOf(program).every(({ handles }) => handles.every(({ isHere }) => isHere));
  if (needs.total <= free && isAllHere) return { kind: 'free', room: free, needs, safe: undefined };
  const room = free + keptBytes(program, heap, maySpill);
  if (needs.total <= room && isAllHere) return { kind: 'free', room, needs, safe: undefined };
  const work = workloadOf(program, needs);
  const sigma = safeOrder(work);
  const safe = { work, sigma };
  if (sigma.peak <= room && isAllHere) return { kind: 'ordered', room, needs, safe };
  checkSpilling(program, safe, room, maySpill || sigma.peak <= room);
  return { kind: 'spilling', room, needs, safe };
}

/** @throws MemoryBudgetError where not even spilling makes a task fit, or spilling is not allowed */
export function checkSpilling({ nodes }: Program, { work, sigma }: SafePlan, room: number, maySpill: boolean): void {
  const complain = (task: number, bytes: number): never => {
    throw new MemoryBudgetError(nodes[task]?.key ?? '', Math.ceil(bytes), Math.max(0, room));
  };
  if (!maySpill) {
    const k = sigma.profile.findIndex((bytes) => bytes > room);
    if (k >= 0) complain(sigma.order[k] as number, (sigma.profile[k] as number) - room);
  }
  const { lack } = spillPlan(work, sigma, room);
  if (lack !== undefined) complain(lack.task, lack.bytes);
}

/** The kept results that a program starts from. */
export function persistedOf({ nodes }: Program): Persisted[] {
  const found: Persisted[] = [];
  for (const { op, args } of nodes) {
    if (op.kind === 'value' && args[0] instanceof Persisted) found.push(args[0]);
  }
  return found;
}

/** Bytes on the heap that are counted as this run's, or can leave: those of kept results that no other run works on. */
function keptBytes(program: Program, heap: Heap, maySpill: boolean): number {
  const own = new Set(persistedOf(program).flatMap(({ handles }) => handles.map(({ owner }) => owner)));
  let bytes = 0;
  for (const [handle, users] of keptOn(heap))
    if (own.has(handle) || (maySpill && users === 0)) bytes += handle.allocated;
  return bytes;
}
