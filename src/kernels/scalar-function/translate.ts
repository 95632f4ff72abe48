/**
 * Statements of a scalar function, and the whole of it: from source text to the expression form.
 *
 * Nothing is jumped over: both sides of a condition are computed and the values chosen where the ways meet
 * (environment.ts). Loops become loops of the form, whose variables are those that a round changes, with one more for
 * each way out of the loop; short ones with a known number of rounds are written out.
 */
import type { AnyNode, Pattern, Expression as Syntax, VariableDeclaration } from 'acorn';
import type { DType } from '../../array/dtype.js';
import type { Expression, Instruction, ValueId } from '../expression.js';
import { boundOf, type LoopSyntax, MOST_ROUNDS } from './bound.js';
import { Emitter, joinKinds, type Kind, type Value } from './emitter.js';
import {
  absorb,
  type Closure,
  type Completion,
  choose,
  type Environment,
  type Exit,
  type Resolve,
  Scope,
  sequence,
  type Unit,
  type Variable,
  type Way,
} from './environment.js';
import { Expressions, type Place, replace } from './expressions.js';
import { prune } from './prune.js';
import { Source } from './source.js';
import {
  assignedNames,
  constructOf,
  declaredNames,
  nameOf,
  namesAssignedInside,
  namesIn,
  statementsIn,
} from './syntax.js';

export interface Translation {
  readonly expression: Expression;
  /** The names of the parameters: input i of the expression is parameter i. */
  readonly parameters: readonly string[];
  /** The dtype of the result. */
  readonly dtype: DType;
}

export interface TranslateOptions {
  /** What numbers are: all inputs have this dtype. */
  readonly float: 'float64' | 'float32';
  /** Default: float, or bool when every way returns a boolean. */
  readonly dtype?: DType | undefined;
  readonly resolve?: Resolve;
}

/**
 * The expression that a scalar function computes.
 *
 * @param where how messages call the kernel
 * @param text the function's source text
 * @throws KernelSourceError naming what cannot be translated, its line and its column
 *
 * @example
 * translate('f', '(x, y) => x * y + 1', { float: 'float64' }).parameters; // ['x', 'y']
 */
export function translate(where: string, text: string, options: TranslateOptions): Translation {
  const source = new Source(where, text);
  const unit: Unit = { source, resolve: options.resolve ?? (() => undefined) };
  const emitter = new Emitter(options.float);
  const { params } = source.root;
  if (params.length === 0) source.refuse(source.root, 'a function without parameters', 'give it at least one');
  const parameters = params.map((param) => nameOf(param) ?? '');
  const inputs = parameters.map((_, i) => emitter.input(i));
  const closure: Closure = { node: source.root, scope: undefined, unit };
  const result = new Translator(emitter).call(closure, inputs, new Map());
  const own: DType = result.kind === 'boolean' ? 'bool' : options.float;
  const dtype = options.dtype ?? own;
  const id = dtype === own ? result.id : emitter.cast(result, dtype);
  return { expression: prune(emitter.instructions, id), parameters, dtype };
}

/** Functions that call each other deeper than this are taken for recursive. */
const MOST_CALLS = 50;
/** Loops of at most so many rounds are written out … */
const MOST_WRITTEN_ROUNDS = 8;
/** … if their text is no longer than this many characters, and not written more often than so, loops in loops counted. */
const MOST_WRITTEN_TEXT = 400;
const MOST_COPIES = 64;

interface LoopNode extends LoopSyntax {
  readonly node: AnyNode;
  readonly labels: readonly string[];
}

/** Where `break` and `continue` lead. */
interface Target {
  readonly number: number;
  readonly labels: readonly string[];
}

/** Where a statement stands. */
interface Site extends Place {
  readonly targets: readonly Target[];
}

class Translator {
  readonly #emitter: Emitter;
  readonly #expressions: Expressions;
  #depth = 0;
  #loops = 0;
  /** How often what is being translated is written. */
  #copies = 1;
  /** Per unit: variables that functions inside change are no counters. */
  readonly #changedInside = new Map<Unit, ReadonlySet<string>>();

  constructor(emitter: Emitter) {
    this.#emitter = emitter;
    this.#expressions = new Expressions(emitter, (closure, args, environment) => this.call(closure, args, environment));
  }

  /** The value that a function returns for these arguments. */
  call({ node, scope: around, unit }: Closure, args: readonly Value[], environment: Environment): Value {
    const { source } = unit;
    if (++this.#depth > MOST_CALLS) source.refuse(node, 'a recursive function', 'use a loop with a constant bound');
    if (node.async) source.refuse(node, 'an async function', 'leave out async: a kernel is computed by itself');
    if (node.generator) source.refuse(node, 'a generator', 'return the value instead');
    const scope = new Scope(around);
    for (const [i, param] of node.params.entries()) {
      const name = nameOf(param) ?? refuseParameter(param, source);
      environment.set(scope.declare(name, false), args[i] as Value);
    }
    const { body } = node;
    let value: Value;
    if (body.type === 'BlockStatement') {
      declareVars(body.body, scope);
      const completion = this.#statements(body.body, { scope, unit, targets: [] }, environment);
      const exit = completion.get('return');
      if (exit?.value === undefined || completion.size > 1) {
        const what = exit === undefined ? 'a function without return' : 'a way through the function without return';
        return source.refuse({ start: body.end - 1 }, what, 'return a number or a boolean at its end');
      }
      replace(environment, exit.environment);
      value = exit.value;
    } else {
      value = this.#expressions.value(body, { scope, unit }, environment);
    }
    this.#depth--;
    return value;
  }

  #statements(statements: readonly AnyNode[], site: Site, environment: Environment): Completion {
    this.#declare(statements, site);
    let completion = this.#normal(environment);
    for (const statement of statements) {
      const normal = completion.get('normal');
      if (normal === undefined) break;
      completion = sequence(this.#emitter, completion, this.#statement(statement, site, new Map(normal.environment)));
    }
    return completion;
  }

  /** The names of a block: functions are there from its start, others have no value before their declaration. */
  #declare(statements: readonly AnyNode[], { scope, unit }: Site): void {
    for (const statement of statements) {
      if (statement.type === 'VariableDeclaration' && statement.kind !== 'var') {
        for (const { id } of statement.declarations) declarePattern(id, scope, statement.kind === 'const');
      } else if (statement.type === 'FunctionDeclaration' && statement.id !== null) {
        scope.declare(statement.id.name, true).closure = { node: statement, scope, unit };
      }
    }
  }

  #normal(environment: Environment): Completion {
    return new Map<Way, Exit>([['normal', { when: this.#emitter.isTrue, environment }]]);
  }

  #statement(node: AnyNode, site: Site, environment: Environment, labels: readonly string[] = []): Completion {
    const { source } = site.unit;
    switch (node.type) {
      case 'ExpressionStatement':
        this.#expressionStatement(node.expression, site, environment);
        return this.#normal(environment);
      case 'VariableDeclaration':
        this.#declaration(node, site, environment);
        return this.#normal(environment);
      case 'ReturnStatement': {
        if (!node.argument) return source.refuse(node, 'return without a value', 'return a number or a boolean');
        const value = this.#expressions.value(node.argument, site, environment);
        return new Map<Way, Exit>([['return', { when: this.#emitter.isTrue, environment, value }]]);
      }
      case 'BlockStatement':
        return this.#statements(node.body, { ...site, scope: new Scope(site.scope) }, environment);
      case 'IfStatement': {
        const condition = this.#emitter.truth(this.#expressions.value(node.test, site, environment));
        const take = (branch: AnyNode | null | undefined): Completion => {
          const copy = new Map(environment);
          return branch
            ? this.#statements([branch], { ...site, scope: new Scope(site.scope) }, copy)
            : this.#normal(copy);
        };
        if (condition.constant !== undefined) return take(condition.constant === 1 ? node.consequent : node.alternate);
        return choose(this.#emitter, condition, take(node.consequent), take(node.alternate));
      }
      case 'ForStatement': {
        const scope = new Scope(site.scope);
        const inner = { ...site, scope };
        if (node.init?.type === 'VariableDeclaration') {
          this.#declare([node.init], inner);
          this.#declaration(node.init, inner, environment);
        } else if (node.init) this.#expressions.value(node.init, inner, environment);
        const { test, update, body } = node;
        return this.#loop({ node, test, update, body, isDoWhile: false, labels }, inner, environment);
      }
      case 'WhileStatement':
      case 'DoWhileStatement': {
        const { test, body } = node;
        const isDoWhile = node.type === 'DoWhileStatement';
        return this.#loop({ node, test, update: null, body, isDoWhile, labels }, site, environment);
      }
      case 'LabeledStatement':
        if (!/^(For|While|DoWhile)Statement$/.test(node.body.type)) {
          return source.refuse(node, 'a label here', 'labels stand before for and while');
        }
        return this.#statement(node.body, site, environment, [...labels, node.label.name]);
      case 'BreakStatement':
      case 'ContinueStatement': {
        const what = node.type === 'BreakStatement' ? 'break' : 'continue';
        const label = node.label?.name;
        const target = site.targets.findLast(({ labels: names }) => label === undefined || names.includes(label));
        if (target === undefined) return source.refuse(node, what, 'it has no loop to leave');
        return new Map<Way, Exit>([[`${what} ${target.number}`, { when: this.#emitter.isTrue, environment }]]);
      }
      case 'FunctionDeclaration':
      case 'EmptyStatement':
        return this.#normal(environment);
      default: {
        const [construct, hint] = constructOf(node);
        return source.refuse(node, construct, hint);
      }
    }
  }

  /** Directives ('use strict') and what tools add to name functions are left out. */
  #expressionStatement(node: Syntax, site: Site, environment: Environment): void {
    if (node.type === 'Literal' && typeof node.value === 'string') return;
    if (node.type === 'CallExpression' && nameOf(node.callee) === '__name') return;
    this.#expressions.value(node, site, environment);
  }

  #declaration(node: VariableDeclaration, site: Site, environment: Environment): void {
    const { scope, unit } = site;
    if (node.kind !== 'var' && node.kind !== 'let' && node.kind !== 'const') {
      unit.source.refuse(node, `a ${node.kind} declaration`, 'use const or let');
    }
    for (const { id, init } of node.declarations) {
      const name = nameOf(id) ?? unit.source.refuse(id, 'destructuring', 'declare variables one at a time');
      const variable = scope.find(name) as Variable;
      const fn = init ? this.#expressions.functionOf(init) : undefined;
      if (fn !== undefined) {
        if (node.kind !== 'const') unit.source.refuse(id, 'a variable that holds a function', 'declare it with const');
        variable.closure = { node: fn, scope, unit };
      } else if (init) {
        environment.set(variable, this.#expressions.value(init, site, environment));
      } else if (node.kind !== 'var') {
        environment.delete(variable);
      }
    }
  }

  // Loops ------------------------------------------------------------------------------------------------------------

  #loop(loop: LoopNode, site: Site, environment: Environment): Completion {
    const { source } = site.unit;
    const { test, update, body, node } = loop;
    const changed = assignedNames([test, update, body]);
    if (test && assignedNames([test]).size > 0) {
      source.refuse(test, 'an assignment in the condition of a loop', 'assign in its body');
    }
    // What is declared inside of the loop may be called like what is meant outside.
    const inside = declaredNames([test, update, body]);
    const bound = boundOf(loop, {
      round: (value) => this.#emitter.round(value),
      variable: (name) => {
        const isOther = inside.has(name) || this.#isChangedInside(name, site);
        const variable = isOther ? undefined : site.scope.find(name);
        const value = variable === undefined ? undefined : environment.get(variable);
        return value?.kind === 'boolean' ? undefined : value?.constant;
      },
      constant: (expression) => this.#constant(expression, new Set([...changed, ...inside]), site, environment),
    });
    if (bound === undefined) {
      return source.refuse(
        node,
        'a loop whose number of rounds has no constant bound',
        `let a counter run to a constant of at most ${MOST_ROUNDS}, as in for (let i = 0; i < 100 && more; i++)`,
      );
    }
    const target: Target = { number: ++this.#loops, labels: loop.labels };
    const inner: Site = { ...site, targets: [...site.targets, target] };
    const { rounds, isExact } = bound;
    const isShort = rounds <= MOST_WRITTEN_ROUNDS && node.end - node.start <= MOST_WRITTEN_TEXT;
    if (isExact && !loop.isDoWhile && isShort && this.#copies * rounds <= MOST_COPIES) {
      return this.#written(loop, rounds, target, inner, environment);
    }
    return this.#looped(loop, rounds, target, inner, environment);
  }

  /** The value of an expression in which nothing changes during a loop. */
  #constant(node: Syntax, changed: ReadonlySet<string>, site: Site, environment: Environment): number | undefined {
    if (node.type === 'CallExpression' || assignedNames([node]).size > 0) return undefined;
    const names = namesIn(node);
    if (names.some((name) => changed.has(name) || this.#isChangedInside(name, site))) return undefined;
    return this.#emitter.block(() => this.#expressions.value(node, site, new Map(environment))).result.constant;
  }

  #isChangedInside(name: string, { unit }: Site): boolean {
    let names = this.#changedInside.get(unit);
    if (names === undefined) {
      names = namesAssignedInside(unit.source.root);
      this.#changedInside.set(unit, names);
    }
    return names.has(name);
  }

  /** A loop of a known number of rounds, one after the other. */
  #written(loop: LoopNode, rounds: number, target: Target, site: Site, environment: Environment): Completion {
    let completion = this.#normal(environment);
    this.#copies *= Math.max(1, rounds);
    for (let round = 0; round < rounds; round++) {
      const normal = completion.get('normal');
      if (normal === undefined) break;
      completion = sequence(this.#emitter, completion, this.#round(loop, target, site, new Map(normal.environment)));
    }
    this.#copies /= Math.max(1, rounds);
    return absorb(this.#emitter, completion, `break ${target.number}`);
  }

  /** One round: the body, and the update where the body reached its end or said `continue`. */
  #round(loop: LoopNode, target: Target, site: Site, environment: Environment): Completion {
    const body = this.#statements([loop.body], { ...site, scope: new Scope(site.scope) }, environment);
    const completion = absorb(this.#emitter, body, `continue ${target.number}`);
    const normal = completion.get('normal');
    if (normal === undefined || !loop.update) return completion;
    const updated = new Map(normal.environment);
    this.#expressions.value(loop.update, site, updated);
    return sequence(this.#emitter, completion, this.#normal(updated));
  }

  #looped(loop: LoopNode, limit: number, target: Target, site: Site, environment: Environment): Completion {
    // Which variables a round changes, and to values of which kind, shows when it is translated: until both are as
    // assumed it is translated again.
    const changed = assignedNames([loop.update, loop.body]);
    const carried = new Map<Variable, Kind>();
    for (const [variable, { kind }] of environment) if (changed.has(variable.name)) carried.set(variable, kind);
    const kept = new Set<Variable>();
    for (;;) {
      const attempt = this.#attempt(loop, limit, target, site, environment, carried, kept);
      if (attempt !== undefined) return attempt;
    }
  }

  /**
   * undefined, with `carried` corrected, when it was wrong.
   * @param kept variables that were left out once, since they seemed to stay the same: they come back only for good.
   */
  #attempt(
    loop: LoopNode,
    limit: number,
    target: Target,
    site: Site,
    environment: Environment,
    carried: Map<Variable, Kind>,
    kept: Set<Variable>,
  ): Completion | undefined {
    const emitter = this.#emitter;
    const id = emitter.reserve();
    const variables = [...carried.keys()];
    const kinds = [...carried.values()];
    const enter = (): Environment => {
      const inside = new Map(environment);
      variables.forEach((variable, i) => {
        inside.set(variable, emitter.variable(id, i, kinds[i] as Kind));
      });
      return inside;
    };

    let isRight = true;
    const breakWay: Way = `break ${target.number}`;
    const body = emitter.block(() => {
      const before = enter();
      const completion = this.#round(loop, target, site, new Map(before));
      const next = this.#after(completion, before);
      for (const [variable, value] of next) {
        const assumed = carried.get(variable);
        const initial = environment.get(variable);
        if (initial === undefined || (assumed === undefined && value.id === initial.id)) continue;
        if (assumed !== undefined && value.id === before.get(variable)?.id && !kept.has(variable)) {
          kept.add(variable);
          carried.delete(variable);
          isRight = false;
          continue;
        }
        const kind = joinKinds(assumed ?? initial.kind, value.kind);
        if (kind === assumed) continue;
        carried.set(variable, kind);
        isRight = false;
      }
      // A variable that loses its value on some way out has none after the loop, nor at the start of a round.
      for (const variable of variables) {
        if (next.has(variable)) continue;
        carried.delete(variable);
        environment.delete(variable);
        isRight = false;
      }
      if (!isRight) return undefined;
      const outs = [...completion].filter(([way]) => way !== 'normal');
      const returned = completion.get('return')?.value;
      const values = variables.map((variable, i) => emitter.as(next.get(variable) as Value, kinds[i] as Kind));
      return { outs, returned, values };
    });
    if (body.result === undefined) return undefined;
    const { outs, returned, values } = body.result;

    const rows: { initial: Value; next: Value; kind: Kind }[] = variables.map((variable, i) => {
      const kind = kinds[i] as Kind;
      return { initial: emitter.as(environment.get(variable) as Value, kind), next: values[i] as Value, kind };
    });
    const add = (initial: Value, next: Value): number => rows.push({ initial, next, kind: next.kind }) - 1;
    const flags = outs.map(([way, { when }]) => ({ way, index: add(emitter.isFalse, when) }));
    const returnIndex =
      returned === undefined ? -1 : add(returned.kind === 'boolean' ? emitter.isFalse : emitter.number(0), returned);
    const firstIndex = loop.isDoWhile ? add(emitter.isTrue, emitter.isFalse) : -1;

    const test = emitter.block(() => {
      const inside = enter();
      let condition = loop.test ? emitter.truth(this.#expressions.value(loop.test, site, inside)) : emitter.isTrue;
      if (loop.isDoWhile) condition = emitter.or(emitter.variable(id, firstIndex, 'boolean'), condition);
      for (const { index } of flags) {
        condition = emitter.and(emitter.not(emitter.variable(id, index, 'boolean')), condition);
      }
      return condition.id;
    });
    const dtyped = rows.map(({ initial, next, kind }): { dtype: DType; initial: ValueId; next: ValueId } => ({
      dtype: emitter.dtypeOf(kind),
      initial: initial.id,
      next: next.id,
    }));
    emitter.loop({
      id,
      op: 'loop',
      limit,
      variables: dtyped,
      test: test.instructions as Instruction[],
      condition: test.result,
      body: body.instructions as Instruction[],
    });

    const after = new Map(environment);
    variables.forEach((variable, i) => {
      after.set(variable, emitter.final(id, i, kinds[i] as Kind));
    });
    const exits = new Map<Way, Exit>();
    let normal = emitter.isTrue;
    for (const { way, index } of flags) {
      if (way === breakWay) continue;
      const when = emitter.final(id, index, 'boolean');
      normal = emitter.and(normal, emitter.not(when));
      const isReturn = way === 'return' && returned !== undefined;
      const value = isReturn ? { value: emitter.final(id, returnIndex, returned.kind) } : {};
      exits.set(way, { when, environment: after, ...value });
    }
    exits.set('normal', { when: normal, environment: after });
    return exits;
  }

  /** The values after a round, whichever way it ended. */
  #after(completion: Completion, before: Environment): Environment {
    const [first, ...rest] = [...completion.values()];
    if (first === undefined) return before;
    return rest.reduce((merged, { when, environment }) => {
      const result: Environment = new Map();
      for (const [variable, value] of merged) {
        const other = environment.get(variable);
        if (other !== undefined) result.set(variable, this.#emitter.select(when, other, value));
      }
      return result;
    }, first.environment);
  }
}

function refuseParameter(param: Pattern, source: Source): never {
  if (param.type === 'AssignmentPattern') {
    return source.refuse(param, 'a default value of a parameter', 'give all arguments where it is called');
  }
  const what = param.type === 'RestElement' ? 'a rest parameter' : 'a destructured parameter';
  return source.refuse(param, what, 'name the parameters one by one');
}

function declarePattern(pattern: Pattern, scope: Scope, isConst: boolean): void {
  const name = nameOf(pattern);
  if (name !== undefined) scope.declare(name, isConst);
}

/** `var` belongs to the function, wherever it stands. */
function declareVars(nodes: readonly AnyNode[], scope: Scope): void {
  for (const node of nodes) {
    if (node.type === 'VariableDeclaration' && node.kind === 'var') {
      for (const { id } of node.declarations) declarePattern(id, scope, false);
    }
    if (/Statement$/.test(node.type)) declareVars(statementsIn(node), scope);
  }
}
