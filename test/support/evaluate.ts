/**
 * The smallest evaluator of task graphs: this thread, dependencies first, kernels by their js bodies. Lazy arrays and
 * estimators are tested with it on their own, without a scheduler or devices.
 */

import { toNDArray } from '../../dist/array/convert.js';
import { allocate } from '../../dist/array/dtype.js';
import { NDArray, sizeOf } from '../../dist/array/ndarray.js';
import { collect, rebuild } from '../../dist/graph/collect.js';
import { type AnyFunction, nodeOf, type TaskNode } from '../../dist/graph/node.js';
import { fill } from '../../dist/graph/template.js';
import type { Kernel } from '../../dist/kernels/contract.js';

export interface Counted {
  /** How many tasks of each operation ran, by the operation's name. */
  readonly ran: Map<string, number>;
}

/** The results in place of the delayed values of `target`. Tasks with the same key run once. */
export async function evaluate<T = unknown>(target: unknown, counted?: Counted): Promise<T> {
  const { nodes, template } = collect(target);
  const results = new Map<string, unknown>();
  for (const node of nodes) await run(node, results, counted);
  return rebuild(
    template,
    nodes.map((node) => plain(results.get(node.key))),
  ) as T;
}

async function run(root: TaskNode, results: Map<string, unknown>, counted: Counted | undefined): Promise<void> {
  const stack = [root];
  for (let node = stack.at(-1); node !== undefined; node = stack.at(-1)) {
    const missing = node.deps.filter((dep) => !results.has(dep.key));
    if (results.has(node.key) || missing.length === 0) {
      stack.pop();
      if (results.has(node.key)) continue;
      const inputs = node.deps.map((dep) => results.get(dep.key));
      results.set(node.key, await apply(node, inputs));
      counted?.ran.set(node.op.name, (counted.ran.get(node.op.name) ?? 0) + 1);
    } else {
      stack.push(...missing);
    }
  }
}

async function apply(node: TaskNode, inputs: readonly unknown[]): Promise<unknown> {
  // Kernels see the dtypes of zero-dimensional results, functions see numbers.
  const given = node.op.kind === 'kernel' ? inputs : inputs.map(plain);
  const args = node.args.map((arg) => fill(arg, given));
  switch (node.op.kind) {
    case 'call':
      return node.op.fn(...args);
    case 'value':
    case 'structure':
      return args[0];
    case 'item':
      return (args[0] as Record<PropertyKey, unknown>)[args[1] as PropertyKey];
    case 'method':
      return (args[0] as Record<PropertyKey, AnyFunction>)[args[1] as PropertyKey]!(...args.slice(2));
    case 'kernel':
      return applyKernel(node.op.kernel as Kernel, node.op.params, args);
  }
}

/** A zero-dimensional array is a plain number or boolean to JavaScript. */
function plain(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(plain);
  return value instanceof NDArray && value.ndim === 0 ? value.get() : value;
}

/** Numbers come in as zero-dimensional arrays. */
function applyKernel(kernel: Kernel, params: Parameters<Kernel['infer']>[1], args: readonly unknown[]): unknown {
  const inputs = args.map((arg) => toNDArray(arg, { where: kernel.name }));
  const outputs = kernel
    .infer(inputs, params)
    .outputs.map(({ shape, dtype }) => new NDArray(allocate(dtype, sizeOf(shape)), { shape, dtype }));
  kernel.bodies.js(inputs, outputs, params);
  return outputs.length === 1 ? outputs[0] : outputs;
}

/** The task behind a delayed value. */
export function taskOf(value: unknown): TaskNode {
  const node = nodeOf(value);
  if (node === undefined) throw new Error('not a delayed value');
  return node;
}
