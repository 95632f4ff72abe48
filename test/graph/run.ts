/** A reference evaluator: runs a program in id order, on this thread, awaiting what is asynchronous. */

import { collect, rebuild } from '../../dist/graph/collect.js';
import { evaluate } from '../../dist/graph/evaluate.js';
import { buildProgram, type Program } from '../../dist/graph/program.js';

/** The results of all tasks, by id; every function must be synchronous. */
export function runAll(program: Program): unknown[] {
  const { nodes, depStart, deps } = program;
  const results: unknown[] = [];
  nodes.forEach((node, i) => {
    const inputs: unknown[] = [];
    for (let e = depStart[i]!; e < depStart[i + 1]!; e++) inputs.push(results[deps[e]!]);
    results.push(evaluate(node, inputs));
  });
  return results;
}

/** `compute`, synchronous. */
export function run(target: unknown): unknown {
  const { nodes, template } = collect(target);
  const program = buildProgram(nodes);
  const results = runAll(program);
  return rebuild(
    template,
    Array.from(program.targets, (id) => results[id]),
  );
}

/** `compute` for programs with asynchronous functions. */
export async function runAsync(target: unknown): Promise<unknown> {
  const { nodes, template } = collect(target);
  const program = buildProgram(nodes);
  const { depStart, deps } = program;
  const results: unknown[] = [];
  for (const [i, node] of program.nodes.entries()) {
    const inputs: unknown[] = [];
    for (let e = depStart[i]!; e < depStart[i + 1]!; e++) inputs.push(results[deps[e]!]);
    results.push(await evaluate(node, inputs));
  }
  return rebuild(
    template,
    Array.from(program.targets, (id) => results[id]),
  );
}
