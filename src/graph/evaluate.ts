/**
 * What running a task means: its arguments with every hole filled, and then what its op says. Kernels are not run
 * here, only devices know how.
 */
import { ArgumentError } from '../errors.js';
import type { TaskNode } from './node.js';
import { fill } from './template.js';

/** The node's arguments with `inputs[i]`, the result of `deps[i]`, in place of hole i. A new array each time. */
export function fillArgs(node: TaskNode, inputs: ArrayLike<unknown>): unknown[] {
  const { args } = node;
  const filled = new Array<unknown>(args.length);
  for (let i = 0; i < args.length; i++) filled[i] = fill(args[i], inputs);
  return filled;
}

/**
 * The node's result, or a promise of it when its function is asynchronous.
 *
 * @param inputs the result of `node.deps[i]` at i
 * @throws what the function throws; TypeError for a property of undefined and for a method that is no function;
 * ArgumentError for a kernel.
 */
export function evaluate(node: TaskNode, inputs: ArrayLike<unknown>): unknown {
  const { op, args } = node;
  switch (op.kind) {
    case 'call': {
      const { fn } = op;
      switch (args.length) {
        case 0:
          return fn();
        case 1:
          return fn(fill(args[0], inputs));
        case 2:
          return fn(fill(args[0], inputs), fill(args[1], inputs));
        case 3:
          return fn(fill(args[0], inputs), fill(args[1], inputs), fill(args[2], inputs));
        default:
          return fn(...fillArgs(node, inputs));
      }
    }
    case 'value':
    case 'structure':
      return fill(args[0], inputs);
    case 'item': {
      const name = args[1] as PropertyKey;
      return (ownerOf(node, name, inputs) as Readonly<Record<PropertyKey, unknown>>)[name];
    }
    case 'method': {
      const name = args[1] as PropertyKey;
      const owner = ownerOf(node, name, inputs) as Readonly<Record<PropertyKey, unknown>>;
      const method = owner[name];
      if (typeof method !== 'function') {
        throw new TypeError(`'${String(name)}' of ${ownerName(node)} is ${kindOf(method)}; expected a method`);
      }
      return Reflect.apply(method, owner, fillArgs(node, inputs).slice(2));
    }
    case 'kernel':
      throw new ArgumentError(`'${node.key}' is a call of the kernel '${op.name}'; only a device can run it`);
    default:
      return op satisfies never;
  }
}

/** What a property is read of. */
function ownerOf(node: TaskNode, name: PropertyKey, inputs: ArrayLike<unknown>): unknown {
  const owner = fill(node.args[0], inputs);
  if (owner !== undefined && owner !== null) return owner;
  throw new TypeError(`cannot read property '${String(name)}' of ${ownerName(node)}, which is ${String(owner)}`);
}

function ownerName(node: TaskNode): string {
  return `the result of '${node.deps[0]?.key ?? node.key}'`;
}

function kindOf(value: unknown): string {
  return value === null || value === undefined ? String(value) : `a ${typeof value}`;
}
