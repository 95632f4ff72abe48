/** Writing the expression of a group of fused tasks, from its last task backwards to what it reads. */
import type { DType } from '../array/dtype.js';
import type { View } from '../array/view.js';
import type { Params, TaskNode } from '../graph/node.js';
import type { Program } from '../graph/program.js';
import type { ArraySpec, KernelOp } from './contract.js';
import type { ValueId } from './expression.js';
import { ExpressionBuilder, inlineExpression } from './expression-builder.js';
import { serialize } from './expression-text.js';
import { forgetPlans, type Plan, type Sight, seen } from './fusion-plan.js';

export const NONE = -1;
/** The mark of a task that is only a view: wherever it is wanted, its input is. */
export const VIEW = -2;

/** What groups with one form have in common. */
export interface Written {
  /** Of the fused kernel. */
  readonly params: Params;
  readonly name: string;
}

interface Step {
  readonly task: number;
  readonly plan: Plan;
  readonly sight: Sight;
  readonly args: readonly number[];
}

const KEPT = 2000;
/** By form: graphs of blocks have the same group many times over. */
let known = new Map<string, Written>();

/** After a pass: forgets what is too much to keep. */
export function forget(): void {
  if (forgetPlans() || known.size > KEPT) known = new Map();
}

/**
 * Writes the expressions of groups. The values of a group are numbered as they are made; its inputs are ~0, ~1, … in the
 * order in which they are met. The form says how inputs are seen and which plans are applied to what, and nothing of which
 * tasks these are.
 */
export class Writing {
  readonly #program: Program;
  readonly #plans: readonly (Plan | undefined)[];
  readonly #groupOf: Int32Array;
  #root = NONE;
  /** What was written of the group: a task, the sight of it, and its number. */
  #tasks: number[] = [];
  #sights: Sight[] = [];
  #values: number[] = [];
  #steps: Step[] = [];
  #form = '';
  #isPlain = true;
  /** The inputs of the group written last, how they are seen, and what each is, where that is known. */
  inputs: number[] = [];
  #views: View[] = [];
  specs: (ArraySpec | undefined)[] = [];

  constructor(program: Program, plans: readonly (Plan | undefined)[], groupOf: Int32Array) {
    this.#program = program;
    this.#plans = plans;
    this.#groupOf = groupOf;
  }

  /** Writes the group that ends in `root`. */
  run(root: number): Written {
    this.#root = root;
    this.#tasks = [];
    this.#sights = [];
    this.#values = [];
    this.#steps = [];
    this.#form = '';
    this.#isPlain = true;
    this.inputs = [];
    this.#views = [];
    this.specs = [];
    const plan = this.#plans[root] as Plan;
    this.#write(root, plan.whole, undefined);
    const { params } = (this.#program.nodes[root] as TaskNode).op as KernelOp;
    let form = `${this.#form}${this.#isPlain ? '' : 'v'};`;
    // What else a reduction is told, an element-wise kernel has nothing of it
    for (const name in params) if (name !== 'expression' && name !== 'views') form += `${name}=${params[name]};`;
    let written = known.get(form);
    if (written === undefined) {
      const { views: _, ...own } = params;
      const views = this.#isPlain ? undefined : { views: JSON.stringify(this.#views) };
      written = { params: { ...own, expression: this.#build(), ...views }, name: this.#name() };
      known.set(form, written);
    }
    return written;
  }

  /** The number of what `sight` shows of the result of `task`, which `spec` tells of. */
  #write(task: number, sight: Sight, spec: ArraySpec | undefined): number {
    for (let i = 0; i < this.#tasks.length; i++) {
      if (this.#tasks[i] === task && this.#sights[i] === sight) return this.#values[i] as number;
    }
    const group = this.#groupOf[task] as number;
    const plan = this.#plans[task];
    let value: number;
    if (plan !== undefined && (group === VIEW || group === this.#root)) {
      const { depStart, deps, nodes } = this.#program;
      const first = depStart[task] as number;
      this.#isPlain &&= plan.isPlain;
      const { specs } = (nodes[task] as TaskNode).op as KernelOp;
      const args: number[] = [];
      const all = seen(sight, plan);
      for (let k = 0; k < all.length; k++) {
        args.push(this.#write(deps[first + k] as number, all[k] as Sight, specs?.[k]));
      }
      if (group === VIEW) {
        value = args[0] as number;
      } else {
        value = this.#steps.push({ task, plan, sight, args }) - 1;
        this.#form += `${plan.id}${plan.usesIndex ? `@${sight.id}` : ''}(${args.join()})`;
      }
    } else {
      value = ~this.inputs.length;
      this.inputs.push(task);
      this.#views.push(sight.view);
      this.specs.push(spec);
      this.#form += `${sight.id}:`;
    }
    this.#tasks.push(task);
    this.#sights.push(sight);
    this.#values.push(value);
    return value;
  }

  /** The names of the tasks in the order of their work: both ends of long lists. */
  #name(): string {
    const tasks = [...new Set(this.#steps.map(({ task }) => task))].sort((a, b) => a - b);
    const names = tasks.map((task) => (this.#program.nodes[task] as TaskNode).op.name);
    if (names.length <= 5) return names.join('-');
    return [...names.slice(0, 2), `(${names.length - 4})`, ...names.slice(-2)].join('-');
  }

  #build(): string {
    const builder = new ExpressionBuilder();
    const values: ValueId[] = [];
    for (const { plan, sight, args } of this.#steps) {
      const given = args.map((value, k) =>
        value >= 0 ? (values[value] as ValueId) : builder.input(~value, plan.dtypes[k] as DType),
      );
      values.push(
        inlineExpression(builder, plan.expression, given, (axis, dtype) => indexOf(builder, sight.view, axis, dtype)),
      );
    }
    return serialize(builder.build(values.at(-1) as ValueId));
  }
}

/** The index along `axis` of what `view` shows, in terms of the loop's own indices. */
function indexOf(builder: ExpressionBuilder, view: View, axis: number, dtype: 'float64' | 'int32'): ValueId {
  const start = view.start[axis] as number;
  let sum = start === 0 ? undefined : builder.constant(start, dtype);
  view.axes.forEach((of, own) => {
    if (of !== axis) return;
    const step = view.steps[own] as number;
    const index = builder.index(own, dtype);
    const walked = step === 1 ? index : builder.binary('mul', index, builder.constant(step, dtype));
    sum = sum === undefined ? walked : builder.binary('add', sum, walked);
  });
  return sum ?? builder.constant(0, dtype);
}
