/** Writing the expression of a group of fused tasks, from its last task backwards to what it reads. */
import type { DType } from '../array/dtype.js';
import { type View, wholeView } from '../array/view.js';
import type { Program } from '../graph/program.js';
import type { ValueId } from './expression.js';
import { ExpressionBuilder, inlineExpression } from './expression-builder.js';
import { serialize } from './expression-text.js';
import { type Plan, type Sight, seen, sightOf } from './fusion-plan.js';

export const NONE = -1;
/** The mark of a task that is only a view: wherever it is wanted, its input is. */
export const VIEW = -2;

/** Writes the expression of a group. */
export class Writing {
  readonly #program: Program;
  readonly #plans: readonly (Plan | undefined)[];
  readonly #groupOf: Int32Array;
  readonly #root: number;
  readonly #inputs: number[] = [];
  readonly #views: View[] = [];
  /** `task view` of what was written, as the names that the form has for them. */
  readonly #written = new Map<string, string>();
  /** What makes the values of the form, in order. */
  readonly #steps: { readonly plan: Plan; readonly sight: Sight; readonly args: readonly string[] }[] = [];
  #form = '';
  #isPlain = true;

  constructor(program: Program, plans: readonly (Plan | undefined)[], groupOf: Int32Array, root: number) {
    this.#program = program;
    this.#plans = plans;
    this.#groupOf = groupOf;
    this.#root = root;
  }

  run(): {
    readonly text: string;
    readonly inputs: readonly number[];
    readonly views: readonly View[];
    readonly isPlain: boolean;
  } {
    const { space } = this.#plans[this.#root] as Plan;
    this.#write(this.#root, sightOf(wholeView(space)));
    let text = texts.get(this.#form);
    if (text === undefined) {
      text = this.#build();
      if (texts.size >= KEPT) texts.clear();
      texts.set(this.#form, text);
    }
    return { text, inputs: this.#inputs, views: this.#views, isPlain: this.#isPlain };
  }

  /** The name of what `sight` shows of the result of `task`: `i3` for an input, `v5` for a value of the form. */
  #write(task: number, sight: Sight): string {
    const key = `${task} ${sight.text}`;
    const known = this.#written.get(key);
    if (known !== undefined) return known;
    const group = this.#groupOf[task] as number;
    const plan = this.#plans[task];
    let name: string;
    if (plan !== undefined && (group === VIEW || group === this.#root)) {
      const { depStart, deps } = this.#program;
      const first = depStart[task] as number;
      this.#isPlain &&= plan.isPlain;
      const args = plan.views.map((_, k) => this.#write(deps[first + k] as number, seen(sight, plan, k)));
      if (group === VIEW) {
        name = args[0] as string;
      } else {
        name = `v${this.#steps.push({ plan, sight, args }) - 1}`;
        this.#form += `${plan.text}${plan.usesIndex ? sight.text : ''}(${args.join()})`;
      }
    } else {
      this.#inputs.push(task);
      name = `i${this.#views.push(sight.view) - 1}`;
    }
    this.#written.set(key, name);
    return name;
  }

  #build(): string {
    const builder = new ExpressionBuilder();
    const values: ValueId[] = [];
    for (const { plan, sight, args } of this.#steps) {
      const given = args.map((name, k) => {
        const place = Number(name.slice(1));
        return name.startsWith('v') ? (values[place] as ValueId) : builder.input(place, plan.dtypes[k] as DType);
      });
      values.push(
        inlineExpression(builder, plan.expression, given, (axis, dtype) => indexOf(builder, sight.view, axis, dtype)),
      );
    }
    return serialize(builder.build(values.at(-1) as ValueId));
  }
}

const KEPT = 1000;
/** The texts of forms: graphs of blocks have the same group many times over. */
const texts = new Map<string, string>();

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
