/** What `persist` makes of results: delayed values around what stays on the heap, arrays where results are arrays. */
import type { ArraySpec } from '../array/ndarray.js';
import { wrapPersisted } from '../graph/delayed.js';
import { TaskNode } from '../graph/node.js';
import type { Program } from '../graph/program.js';
import { Persisted } from './persisted.js';
import type { Results } from './results.js';

/** How persisted results that are arrays are kept; the lazy floor installs it. */
export interface KeptArrays {
  /** The tasks of the blocks of an array in blocks, which are kept as they are. */
  blocks(node: TaskNode): readonly TaskNode[] | undefined;
  /** The array in blocks around its blocks, each made by `array`. */
  inBlocks(node: TaskNode, kept: readonly unknown[]): unknown;
  array(node: TaskNode, spec: ArraySpec, release: () => void): unknown;
}

let lazyArrays: KeptArrays | undefined;

export function installLazyArrays(arrays: KeptArrays): void {
  lazyArrays = arrays;
}

/** The tasks that are kept for each of `nodes`: of an array in blocks its blocks. */
export function tasksToKeep(nodes: readonly TaskNode[]): (readonly TaskNode[])[] {
  return nodes.map((node) => lazyArrays?.blocks(node) ?? [node]);
}

/** What stands for `nodes` when the results of their tasks, one after the other, are kept. */
export function aroundKept(
  nodes: readonly TaskNode[],
  tasks: readonly (readonly TaskNode[])[],
  kept: readonly Persisted[],
): unknown[] {
  let at = 0;
  return nodes.map((node, i) => {
    const around = tasks[i]!.map((task) => aroundResult(task, kept[at++]!));
    return lazyArrays?.blocks(node) === undefined ? around[0] : lazyArrays.inBlocks(node, around);
  });
}

/** A delayed value around a kept result: a lazy array where the result is an array on the heap. */
function aroundResult(original: TaskNode, kept: Persisted): unknown {
  const op = { kind: 'value', name: original.op.name } as const;
  const node = new TaskNode(op, [kept], [], undefined, original.key, true);
  const release = (): void => kept.release();
  const { spec } = kept;
  if (spec !== undefined && spec.shape.length > 0 && lazyArrays !== undefined) {
    return lazyArrays.array(node, spec, release);
  }
  return wrapPersisted(node, release);
}

/** Keeps the results of a program's targets. */
export function keepAll({ targets }: Program, results: Results): Persisted[] {
  return Array.from(targets, (task) => new Persisted(results, task));
}
