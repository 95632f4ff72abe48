/** Graphs to draw, made from nodes directly so that their shapes and keys are known exactly. */
import { Hole, Pattern, TaskNode } from '../../dist/graph/node.js';
import { buildProgram, type Program } from '../../dist/graph/program.js';

const hole = (index: number) => new Hole(index);

export function call(name: string, args: readonly unknown[], deps: readonly TaskNode[], key?: string): TaskNode {
  return new TaskNode({ kind: 'call', fn: () => 0, name }, args, deps, {}, key);
}

/** The essay's pipeline: load, clean, analyze, store. */
export function pipeline(): Program {
  const cleaned = ['a', 'b', 'c'].map((part, i) => {
    const load = call('load', [`myfile.${part}.data`], [], `load-${i + 1}`);
    return call('clean', [hole(0)], [load], `clean-${i + 1}`);
  });
  const analyze = call('analyze', [new Pattern([hole(0), hole(1), hole(2)])], cleaned, 'analyze');
  return buildProgram([call('store', [hole(0)], [analyze], 'store')]);
}

export const nestedTasks = 138;

/** Nested cross-validation: 4 outer folds × 5 values of C × 4 inner folds over one kernel matrix. */
export function nested(): Program {
  const value = (name: string, length: number) =>
    new TaskNode({ kind: 'value', name }, [new Float64Array(length)], [], {}, name);
  const kernel = (name: string, dep: TaskNode) =>
    new TaskNode({ kind: 'kernel', name, kernel: { name }, params: { gamma: 0.1 } }, [hole(0)], [dep]);
  const y = value('y', 100);
  const matrix = kernel('rbf', kernel('sqdist', value('x', 1000)));
  const outer = Array.from({ length: 4 }, () => {
    const pairs = [0.01, 0.1, 1, 10, 100].map((c) => {
      const scores = Array.from({ length: 4 }, () => call('score', [hole(0), hole(1), c], [matrix, y]));
      return call('div', [hole(0), 4], [call('sum', [new Pattern([0, 1, 2, 3].map(hole))], scores)]);
    });
    const best = call('max', [new Pattern(pairs.map((_, i) => hole(i)))], pairs);
    const item = new TaskNode({ kind: 'item', name: 'max[1]' }, [hole(0), 1], [best]);
    return call('score', [hole(0), hole(1), hole(2)], [matrix, y, item]);
  });
  return buildProgram([call('div', [hole(0), 4], [call('sum', [new Pattern(outer.map((_, i) => hole(i)))], outer)])]);
}

/** `length` steps one after the other. */
export function chain(length: number): Program {
  let last = call('start', [], []);
  for (let i = 1; i < length; i++) last = call('step', [hole(0)], [last]);
  return buildProgram([last]);
}

/** `width` independent tasks, `namesOf` naming them. */
export function independent(width: number, nameOf: (i: number) => string = () => 'task'): Program {
  return buildProgram(Array.from({ length: width }, (_, i) => call(nameOf(i), [i], [], `task-${i}`)));
}
