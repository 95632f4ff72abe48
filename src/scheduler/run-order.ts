/**
 * The order in which a run starts what is ready: σ, the safe order (order.ts), so that a run with one worker goes through
 * σ task by task and keeps little at once. Sizes are those that are known beforehand; what a JavaScript function gives,
 * and an array whose shape depends on values, count as one small size each, so that few such results are kept.
 *
 * The program's own order, a postorder from what was asked for, stays
 * - where a task has a priority: the walk that numbered the tasks obeys those;
 * - where no order needs less, or there is but one;
 * - with several threads, as long as all results together are below 256 MiB: there σ is no promise, and on a tiled
 *   factorisation it took 6 % of the run to find;
 * - beyond 5000 tasks, and beyond 256 where results are small or unknown: σ costs 0.4 to 1.5 µs a task, which tiny tasks
 *   would notice.
 *
 * Does badly: where a function's result is large and nobody said so; it is kept for long as if it were small.
 */
import type { TaskNode } from '../graph/node.js';
import type { Program } from '../graph/program.js';
import { type Needs, needsOf, workloadOf } from './needs.js';
import { footprint, type SafeOrder, safeOrder } from './order.js';
import { isAlias, outputOf } from './ways.js';
import type { Workload } from './workload.js';

/** Above so many tasks an order of their own would cost more than it gains, also when results are small. */
const MOST_TASKS = 5000;
const MOST_SMALL_TASKS = 256;
/** Bytes of a result below which its task takes about as long as ordering it. */
const SMALL_BYTES = 4096;
/** Bytes of all results below which several threads need no order of their own. */
const FEW_BYTES = 2 ** 28;
/** Bytes of a result that nothing is known of. */
const UNKNOWN_BYTES = 64;

/**
 * The order of a program; undefined for that of its numbers. O(m log m) in tasks and inputs up to 5000 tasks, O(1) beyond.
 *
 * @param needs what is known of its memory, where that has been asked already
 * @param threads how many tasks run at once
 */
export function runOrder(program: Program, needs?: Needs, threads = 1): SafeOrder | undefined {
  const { nodes } = program;
  const count = nodes.length;
  if (threads > 1 && (needs?.total ?? 0) < FEW_BYTES) return undefined;
  if (count > MOST_TASKS || (needs === undefined && count > MOST_SMALL_TASKS)) return undefined;
  if (!hasChoice(program)) return undefined;
  if (nodes.some(({ settings }) => settings.priority !== undefined)) return undefined;
  const known = needs ?? needsOf(program);
  if (count > MOST_SMALL_TASKS && known.total < SMALL_BYTES * count) return undefined;
  const work = workloadOf(program, known);
  const bytes = work.bytes.slice();
  for (let task = 0; task < count; task++) if (bytes[task] === 0 && isMade(program, task)) bytes[task] = UNKNOWN_BYTES;
  const sized = { ...work, bytes };
  const least = leastPossible(sized);
  const given = Int32Array.from({ length: count }, (_, task) => task);
  const own = footprint(sized, given);
  if (own.peak <= least) return undefined;
  const sigma = safeOrder(sized);
  return sigma.peak < own.peak ? sigma : undefined;
}

/** Whether there is more than one order: two tasks begin with nothing, or a result has two users. */
function hasChoice({ nodes, depStart, succStart }: Program): boolean {
  let starts = 0;
  for (let task = 0; task < nodes.length; task++) {
    if (depStart[task + 1] === depStart[task] && ++starts > 1) return true;
    if ((succStart[task + 1] as number) - (succStart[task] as number) > 1) return true;
  }
  return false;
}

/** Whether a task makes something new: neither a value that is there nor another view of a result. */
function isMade(program: Program, task: number): boolean {
  const node = program.nodes[task] as TaskNode;
  return node.op.kind !== 'value' && node.op.kind !== 'item' && !isAlias(node) && outputOf(program, task) === undefined;
}

/** No order needs less than the task that needs most, nor than what is kept. */
function leastPossible({ size, inputStart, inputs, bytes, scratch, kept }: Workload): number {
  let least = 0;
  let all = 0;
  for (let task = 0; task < size; task++) {
    let need = (bytes[task] as number) + (scratch[task] as number);
    for (let e = inputStart[task] as number; e < (inputStart[task + 1] as number); e++) {
      need += bytes[inputs[e] as number] as number;
    }
    least = Math.max(least, need);
    if (kept[task] === 1) all += bytes[task] as number;
  }
  return Math.max(least, all);
}
