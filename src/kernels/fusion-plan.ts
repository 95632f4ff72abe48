/**
 * What fusion (fuse.ts) knows of a kernel task: its expression, how it sees its inputs, and what it costs.
 */
import type { DType } from '../array/dtype.js';
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
  readonly text: string;
  /** The shape that its loop runs over. */
  readonly space: readonly number[];
  /** How it sees each input. */
  readonly views: readonly View[];
  /** It is its input, seen another way. */
  readonly isView: boolean;
  /** It sees its inputs as they are. */
  readonly isPlain: boolean;
}

/** A view and its text, equal for equal views. */
export interface Sight {
  readonly view: View;
  readonly text: string;
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

/** The plan of a task that may be part of a group, undefined for every other. */
export function planOf(node: TaskNode): Plan | undefined {
  const op = node.op as KernelOp;
  const { params, specs } = op;
  const text = params.expression as string;
  const form = formOf(text);
  const { expression, dtypes } = form;
  const count = node.deps.length;
  // An input that is not looked at gives the result its shape alone.
  if (dtypes.length !== count || count === 0 || dtypes.includes(undefined as unknown as DType)) return undefined;
  let views: readonly View[];
  if (typeof params.views === 'string') {
    views = JSON.parse(params.views) as View[];
  } else {
    if (specs === undefined) return undefined;
    views = specs.map(({ shape }) => wholeView(shape));
  }
  const isView = op.kernel === elementwise && expression.instructions.length === 1;
  const isPlain = params.views === undefined;
  return { ...form, text, space: views[0]!.shape, views, isView, isPlain };
}

/** Steps that are never made are left out, so that equal views look equal. */
export function sightOf({ shape, axes: given, steps: own, start }: View): Sight {
  const axes = given.map((axis, i) => (shape[i] === 1 ? null : axis));
  const steps = own.map((step, i) => (axes[i] === null ? 0 : step));
  return { view: { shape, axes, steps, start }, text: `${axes.join()};${steps.join()};${start.join()}` };
}

/** What `outer`, which shows the result of a task, shows of that task's input `k`. */
export function seen(outer: Sight, { views, isPlain }: Plan, k: number): Sight {
  return isPlain ? outer : sightOf(composeViews(outer.view, views[k] as View));
}
