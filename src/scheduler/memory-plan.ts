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
import { SCRATCH_BYTES } from '../kernels/contract.js';
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
  /** Bytes that `spilling` will write and read, run one task after the other. */
  readonly moved: number;
}

export interface SafePlan {
  readonly work: Workload;
  readonly sigma: SafeOrder;
}

/** Bytes of the heap that arrays may have: what its threads work in is not theirs. */
export function capacityOf(heap: Heap, threads: number): number {
  return Math.max(0, heap.limit - heap.base - (threads + 1) * SCRATCH_BYTES - OTHER_BYTES);
}

/** Code made for kernels, and the words that threads sleep on. */
const OTHER_BYTES = 1 << 20;

/**
 * O(tasks + inputs), and O(m log m) where not everything fits at once.
 *
 * @throws MemoryBudgetError naming the task and the bytes that it lacks
 */
export function planMemory(program: Program, heap: Heap, budget: number, maySpill: boolean): MemoryPlan {
  const free = budget - heap.arrays;
  if (!takesMemory(program)) return { kind: 'free', room: free, needs: undefined, safe: undefined, moved: 0 };
  const needs = needsOf(program);
  const isAllHere = persistedOf(program).every(({ handles }) => handles.every(({ isHere }) => isHere));
  if (needs.total <= free && isAllHere) return { kind: 'free', room: free, needs, safe: undefined, moved: 0 };
  const room = free + keptBytes(program, heap, maySpill);
  if (needs.total <= room && isAllHere) return { kind: 'free', room, needs, safe: undefined, moved: 0 };
  const work = workloadOf(program, needs);
  const sigma = safeOrder(work);
  const safe = { work, sigma };
  if (sigma.peak <= room && isAllHere) return { kind: 'ordered', room, needs, safe, moved: 0 };
  const moved = spilling(program, safe, room, maySpill || sigma.peak <= room);
  return { kind: 'spilling', room, needs, safe, moved };
}

/**
 * The bytes that running σ within `room` writes and reads.
 * @throws MemoryBudgetError where not even spilling makes a task fit, or spilling is not allowed
 */
export function spilling({ nodes }: Program, { work, sigma }: SafePlan, room: number, maySpill: boolean): number {
  const complain = (task: number, bytes: number): never => {
    throw new MemoryBudgetError(nodes[task]?.key ?? '', Math.ceil(bytes), Math.max(0, room));
  };
  if (!maySpill) {
    const k = sigma.profile.findIndex((bytes) => bytes > room);
    if (k >= 0) complain(sigma.order[k] as number, (sigma.profile[k] as number) - room);
  }
  const { lack, written, read } = spillPlan(work, sigma, room);
  if (lack !== undefined) {
    // Not the first one on the way: with so much more, all of them fit
    const whole = wholes(work);
    const most = whole.reduce((a, b) => Math.max(a, b), 0);
    complain(whole.indexOf(most), most - room);
  }
  return written + read;
}

/** What each task needs at once: what it takes, gives and works in. */
function wholes({ size, inputStart, inputs, bytes, scratch }: Workload): Float64Array {
  const whole = new Float64Array(size);
  for (let task = 0; task < size; task++) {
    let sum = (bytes[task] as number) + (scratch[task] as number);
    for (let e = inputStart[task] as number; e < (inputStart[task + 1] as number); e++) {
      sum += bytes[inputs[e] as number] as number;
    }
    whole[task] = sum;
  }
  return whole;
}

/**
 * Of two forms of one program the one that is easier on memory, and its plan: the first, which is faster by itself, as
 * long as nothing has to be spilled for it. What is fused into one kernel takes all of its inputs at once.
 *
 * @throws MemoryBudgetError where neither form fits
 */
export function easier<T>(
  first: Program,
  other: () => Program,
  plan: (program: Program) => T & Pick<MemoryPlan, 'moved'>,
): { readonly program: Program; readonly plan: T } {
  let found: { readonly program: Program; readonly plan: T & Pick<MemoryPlan, 'moved'> } | undefined;
  let failure: unknown;
  try {
    found = { program: first, plan: plan(first) };
    if (found.plan.moved === 0) return found;
  } catch (error) {
    if (!(error instanceof MemoryBudgetError)) throw error;
    failure = error;
  }
  const second = other();
  if (second === first) {
    if (found === undefined) throw failure;
    return found;
  }
  try {
    const planned = plan(second);
    if (found === undefined || planned.moved < found.plan.moved) return { program: second, plan: planned };
  } catch (error) {
    if (!(error instanceof MemoryBudgetError) || found === undefined) throw failure ?? error;
  }
  return found;
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
