/**
 * What fusion (fuse.ts) knows of a kernel task: its expression, how it sees its inputs, and what it costs. Graphs of
 * blocks have the same few tasks many thousand times over: equal tasks share one plan and equal views one sight, so that
 * they are compared by identity, and what was worked out of one is there for all.
 */
import type { DType } from '../array/dtype.js';
import { sizeOf } from '../array/ndarray.js';
import { composeViews, type View, wholeView } from '../array/view.js';
import type { TaskNode } from '../graph/node.js';
import type { KernelOp } from './contract.js';
import { elementwise } from './elementwise.js';
import { type Expression, eachInstruction } from './expression.js';
import { parse } from './expression-text.js';

/** What an expression's text says. */
interface Form {
  readonly expression: Expression;
  /** Of the inputs that it reads. */
  readonly dtypes: readonly DType[];
  /** Of one element, in additions. */
  readonly cost: number;
  readonly usesIndex: boolean;
  /** Instructions other than inputs. */
  readonly size: number;
}

/** What a kernel task does, as far as fusion needs to know. */
export interface Plan extends Form {
  /** Equal for tasks with equal names, expressions, views and shapes, and for no others. */
  readonly id: number;
  /** The shape that its loop runs over, and how much that is. */
  readonly space: readonly number[];
  readonly volume: number;
  /** The result as it is. */
  readonly whole: Sight;
  /** How it sees each input. */
  readonly views: readonly View[];
  /** It is its input, seen another way. */
  readonly isView: boolean;
  /** It sees its inputs as they are. */
  readonly isPlain: boolean;
  /** What `seen` answered, for each sight the sights of the inputs. */
  readonly seen: Map<Sight, readonly Sight[]>;
}

/** A view; equal views are one sight. */
export interface Sight {
  readonly id: number;
  readonly view: View;
}

/** The costs of operations in additions; those not named cost 1. */
const costs = new Map<string, number>([
  ...['input', 'constant'].map((op): [string, number] => [op, 0]),
  ...['div', 'reciprocal', 'sqrt', 'floorDivide', 'mod', 'remainder', 'hypot'].map((op): [string, number] => [op, 4]),
  ...['exp', 'exp2', 'expm1', 'log', 'log1p', 'log2', 'log10', 'sin', 'cos', 'tan', 'asin', 'acos', 'atan'].map(
    (op): [string, number] => [op, 16],
  ),
  ...['sinh', 'cosh', 'tanh', 'asinh', 'acosh', 'atanh', 'atan2', 'cbrt', 'pow'].map((op): [string, number] => [
    op,
    24,
  ]),
  ['loop', 1000],
]);

const forms = new WeakMap<Expression, Form>();

function formOf(text: string): Form {
  const expression = parse(text);
  let form = forms.get(expression);
  if (form === undefined) {
    const dtypes: DType[] = [];
    let cost = 0;
    let usesIndex = false;
    let size = 0;
    eachInstruction(expression.instructions, (instruction) => {
      cost += costs.get(instruction.op) ?? 1;
      if (instruction.op !== 'input') size++;
      if (instruction.op === 'input') dtypes[instruction.input] = instruction.dtype;
      if (instruction.op === 'index') usesIndex = true;
    });
    form = { expression, dtypes, cost, usesIndex, size };
    forms.set(expression, form);
  }
  return form;
}

let plans = new Map<string, Plan | null>();
let sights = new Map<string, Sight>();
let numbers = 0;
const KEPT = 5000;

/** After a pass: forgets everything when that has become much, and answers whether. Numbers are never used again. */
export function forgetPlans(): boolean {
  if (plans.size + sights.size <= KEPT) return false;
  plans = new Map();
  sights = new Map();
  return true;
}

/** The plan of a task that may be part of a group, undefined for every other. */
export function planOf(node: TaskNode): Plan | undefined {
  const op = node.op as KernelOp;
  const { views } = op.params;
  let key = op.params.expression as string;
  if (typeof views === 'string') {
    key += views;
  } else {
    if (op.specs === undefined) return undefined;
    for (let i = 0; i < op.specs.length; i++) key += ` ${op.specs[i]!.shape.join()}`;
  }
  key += `|${node.deps.length}${op.kernel === elementwise ? '' : 'r'}|${op.name}`;
  let plan = plans.get(key);
  if (plan === undefined) {
    plan = makePlan(node, op) ?? null;
    plans.set(key, plan);
  }
  return plan ?? undefined;
}

function makePlan(node: TaskNode, { kernel, params, specs }: KernelOp): Plan | undefined {
  const form = formOf(params.expression as string);
  const { expression, dtypes } = form;
  const count = node.deps.length;
  // An input that is not looked at gives the result its shape alone.
  if (dtypes.length !== count || count === 0 || dtypes.includes(undefined as unknown as DType)) return undefined;
  const isPlain = params.views === undefined;
  const views = isPlain ? specs!.map(({ shape }) => wholeView(shape)) : (JSON.parse(params.views as string) as View[]);
  const space = views[0]!.shape;
  return {
    ...form,
    id: ++numbers,
    space,
    volume: sizeOf(space),
    whole: sightOf(wholeView(space)),
    views,
    isView: kernel === elementwise && expression.instructions.length === 1,
    isPlain,
    seen: new Map(),
  };
}

/** The sight of a view. Steps that are never made are left out, so that equal views look equal. */
function sightOf({ shape, axes: given, steps: own, start }: View): Sight {
  const axes = given.map((axis, i) => (shape[i] === 1 ? null : axis));
  const steps = own.map((step, i) => (axes[i] === null ? 0 : step));
  const text = `${shape.join()};${axes.join()};${steps.join()};${start.join()}`;
  let sight = sights.get(text);
  if (sight === undefined) {
    sight = { id: ++numbers, view: { shape, axes, steps, start } };
    sights.set(text, sight);
  }
  return sight;
}

/** What `outer`, which shows the result of a task, shows of each of that task's inputs. */
export function seen(outer: Sight, plan: Plan): readonly Sight[] {
  let all = plan.seen.get(outer);
  if (all === undefined) {
    const { views, isPlain } = plan;
    all = views.map((view) => (isPlain ? outer : sightOf(composeViews(outer.view, view))));
    plan.seen.set(outer, all);
  }
  return all;
}
