/**
 * `compute` takes any structure with delayed values inside and answers the same structure with results in their
 * place: `collect` takes the delayed values out, `rebuild` puts the results in.
 */
import type { TaskNode } from './node.js';
import { capture, fill, type Template } from './template.js';

export interface Collected {
  /** The tasks behind the delayed values, from left to right; one entry for each place, also where a task repeats. */
  readonly nodes: readonly TaskNode[];
  /** The structure with holes; goes to `rebuild`. */
  readonly template: Template;
}

/**
 * Takes the delayed values out of `target`. Without recursion, O(size of `target`).
 *
 * @example
 * const { nodes, template } = collect({ mean, rows: [first, 2] });
 * rebuild(template, [0.5, 'a']); // { mean: 0.5, rows: ['a', 2] }
 */
export function collect(target: unknown): Collected {
  const nodes: TaskNode[] = [];
  const template = capture(target, nodes);
  return { nodes, template };
}

/**
 * The structure that `collect` took apart, with `results[i]` in place of `nodes[i]`. Parts without delayed values are
 * the very objects that were given; parts that were shared, or contained themselves, are so again.
 */
export function rebuild(template: Template, results: ArrayLike<unknown>): unknown {
  return fill(template, results);
}
