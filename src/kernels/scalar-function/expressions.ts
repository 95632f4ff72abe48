/** Expressions of a scalar function: each is a value, and may change variables of the environment it is given. */
import type {
  AssignmentExpression,
  CallExpression,
  Identifier,
  LogicalExpression,
  MemberExpression,
  Expression as Syntax,
  UpdateExpression,
} from 'acorn';
import type { BinaryOperation } from '../expression.js';
import type { Emitter, Value } from './emitter.js';
import {
  type Captured,
  type Closure,
  type Environment,
  mergeEnvironments,
  type Scope,
  type Unit,
} from './environment.js';
import { type Callable, mathConstants, mathFunctions, numberConstants, numberFunctions, power } from './math.js';
import { type FunctionNode, Source } from './source.js';
import { constructOf, isFunction, nameOf } from './syntax.js';

/** Translates the body of a called function. */
export type CallFunction = (closure: Closure, args: readonly Value[], environment: Environment) => Value;

/** Where an expression stands: the meaning of names, and the text that messages show. */
export interface Place {
  readonly scope: Scope;
  readonly unit: Unit;
}

const arithmetic: Readonly<Record<string, BinaryOperation>> = {
  '+': 'add',
  '-': 'sub',
  '*': 'mul',
  '/': 'div',
  '%': 'remainder',
};
const comparisons: Readonly<Record<string, BinaryOperation>> = {
  '<': 'less',
  '<=': 'lessEqual',
  '>': 'greater',
  '>=': 'greaterEqual',
  '==': 'equal',
  '!=': 'notEqual',
  '===': 'equal',
  '!==': 'notEqual',
};
const bitwise = new Set(['&', '|', '^', '<<', '>>', '>>>']);
const USE_FLOOR = 'use Math.trunc, Math.floor, multiplication and division';

export class Expressions {
  readonly #emitter: Emitter;
  readonly #call: CallFunction;

  constructor(emitter: Emitter, call: CallFunction) {
    this.#emitter = emitter;
    this.#call = call;
  }

  value(node: Syntax, place: Place, environment: Environment): Value {
    const emitter = this.#emitter;
    const { source } = place.unit;
    const of = (inner: Syntax): Value => this.value(inner, place, environment);
    switch (node.type) {
      case 'Literal':
        if (typeof node.value === 'number') return emitter.number(node.value);
        if (typeof node.value === 'boolean') return emitter.boolean(node.value);
        return refuseLiteral(node, source);
      case 'Identifier':
        return this.#name(node, place, environment);
      case 'MemberExpression':
        return this.#member(node, place);
      case 'UnaryExpression': {
        if (node.operator === '!') return emitter.not(emitter.truth(of(node.argument)));
        if (node.operator === '-') return emitter.unary('neg', emitter.numeric(of(node.argument)));
        if (node.operator === '+') return emitter.numeric(of(node.argument));
        const hint = node.operator === '~' ? USE_FLOOR : 'leave it out: values are numbers and booleans';
        return source.refuse(node, `the operator ${node.operator}`, hint);
      }
      case 'BinaryExpression': {
        if (node.left.type === 'PrivateIdentifier') return source.refuse(node, 'a private name', 'leave it out');
        const left = of(node.left);
        return this.#binary(node.operator, left, of(node.right), node, source);
      }
      case 'LogicalExpression':
        return this.#logical(node, place, environment);
      case 'ConditionalExpression': {
        const condition = emitter.truth(of(node.test));
        return this.#either(
          condition,
          environment,
          (inner) => this.value(node.consequent, place, inner),
          (inner) => this.value(node.alternate, place, inner),
        );
      }
      case 'AssignmentExpression':
        return this.#assignment(node, place, environment);
      case 'UpdateExpression':
        return this.#update(node, place, environment);
      case 'SequenceExpression':
        return node.expressions.map(of).at(-1) as Value;
      case 'CallExpression':
        return this.#callee(node, place, environment);
      case 'ArrowFunctionExpression':
      case 'FunctionExpression':
        return source.refuse(node, 'a function as a value', 'declare it with const or function and call it');
      default: {
        const [construct, hint] = constructOf(node);
        return source.refuse(node, construct, hint);
      }
    }
  }

  /** The function that an expression is, with what tools put around it taken off; undefined for other values. */
  functionOf(node: Syntax): FunctionNode | undefined {
    if (isFunction(node)) return node as FunctionNode;
    const isNamed = node.type === 'CallExpression' && nameOf(node.callee) === '__name';
    const inner = isNamed ? node.arguments[0] : undefined;
    return inner !== undefined && isFunction(inner) ? (inner as FunctionNode) : undefined;
  }

  #name(node: Identifier, { scope, unit }: Place, environment: Environment): Value {
    const { name } = node;
    const variable = scope.find(name);
    if (variable !== undefined) {
      const value = environment.get(variable);
      if (value !== undefined) return value;
      if (variable.closure !== undefined) {
        return unit.source.refuse(node, `the function '${name}' as a value`, 'call it');
      }
      return unit.source.refuse(node, `'${name}', which may have no value here,`, 'give it one where it is declared');
    }
    if (name === 'NaN') return this.#emitter.number(Number.NaN);
    if (name === 'Infinity') return this.#emitter.number(Number.POSITIVE_INFINITY);
    if (name === 'undefined') return unit.source.refuse(node, 'undefined', 'return NaN where there is no value');
    if (name === 'arguments') return unit.source.refuse(node, 'arguments', 'name the parameters');
    const captured = unit.resolve(name);
    if (captured?.kind !== 'constant') return refuseCaptured(node, captured, unit.source);
    return this.#known(captured.value);
  }

  #known(value: number | boolean): Value {
    return typeof value === 'boolean' ? this.#emitter.boolean(value) : this.#emitter.number(value);
  }

  #member(node: MemberExpression, place: Place): Value {
    const { source } = place.unit;
    const member = globalMember(node, place);
    if (member === undefined) {
      const captured = capturedMember(node, place);
      if (captured?.kind === 'constant') return this.#known(captured.value);
      return source.refuse(node, 'a property', 'pass the value as a parameter of its own');
    }
    const [object, name] = member;
    const constants = object === 'Math' ? mathConstants : numberConstants;
    const value = Object.hasOwn(constants, name) ? constants[name] : undefined;
    if (value !== undefined) return this.#emitter.number(value);
    return source.refuse(
      node,
      `${object}.${name}`,
      `it is no constant; there are ${Object.keys(constants).join(', ')}`,
    );
  }

  #binary(operator: string, a: Value, b: Value, node: Syntax, source: Source): Value {
    const emitter = this.#emitter;
    if (operator === '**') return power(emitter, emitter.numeric(a), emitter.numeric(b));
    const operation = arithmetic[operator];
    if (operation !== undefined) return emitter.binary(operation, emitter.numeric(a), emitter.numeric(b));
    const comparison = comparisons[operator];
    if (comparison !== undefined) {
      if (operator.length === 3 && (a.kind !== b.kind || a.kind === 'mixed')) {
        source.refuse(node, `${operator} between a number and a boolean`, 'compare values of one kind');
      }
      return emitter.binary(comparison, emitter.numeric(a), emitter.numeric(b), 'boolean');
    }
    const hint = bitwise.has(operator) ? USE_FLOOR : 'a kernel computes with numbers only';
    return source.refuse(node, `the operator ${operator}`, hint);
  }

  #logical(node: LogicalExpression, place: Place, environment: Environment): Value {
    const left = this.value(node.left, place, environment);
    return this.#shortCircuit(node.operator, left, node, place, environment, (inner) =>
      this.value(node.right, place, inner),
    );
  }

  #shortCircuit(
    operator: string,
    left: Value,
    node: Syntax,
    place: Place,
    environment: Environment,
    right: (environment: Environment) => Value,
  ): Value {
    if (operator === '??') {
      place.unit.source.refuse(node, 'the operator ??', 'leave it out: values of a kernel are never missing');
    }
    const condition = this.#emitter.truth(left);
    const isAnd = operator === '&&';
    return this.#either(condition, environment, isAnd ? right : () => left, isAnd ? () => left : right);
  }

  /** condition ? a() : b(), with what they do to the variables. */
  #either(
    condition: Value,
    environment: Environment,
    a: (environment: Environment) => Value,
    b: (environment: Environment) => Value,
  ): Value {
    if (condition.constant !== undefined) return (condition.constant === 1 ? a : b)(environment);
    const [first, second] = [new Map(environment), new Map(environment)];
    const value = this.#emitter.select(condition, a(first), b(second));
    replace(environment, mergeEnvironments(this.#emitter, condition, first, second));
    return value;
  }

  #assignment(node: AssignmentExpression, place: Place, environment: Environment): Value {
    const { operator, right } = node;
    const { source } = place.unit;
    const variable = assignable(node.left, place);
    const old = (): Value => this.#name(node.left as Identifier, place, environment);
    let value: Value;
    if (operator === '=') {
      if (this.functionOf(right) !== undefined) source.refuse(node, 'assigning a function', 'declare it with const');
      value = this.value(right, place, environment);
    } else if (operator === '&&=' || operator === '||=' || operator === '??=') {
      value = this.#shortCircuit(operator.slice(0, -1), old(), node, place, environment, (inner) =>
        this.value(right, place, inner),
      );
    } else {
      const before = old();
      value = this.#binary(operator.slice(0, -1), before, this.value(right, place, environment), node, source);
    }
    environment.set(variable, value);
    return value;
  }

  #update(node: UpdateExpression, place: Place, environment: Environment): Value {
    const variable = assignable(node.argument, place);
    const old = this.#emitter.numeric(this.#name(node.argument as Identifier, place, environment));
    const value = this.#emitter.binary(node.operator === '++' ? 'add' : 'sub', old, this.#emitter.number(1));
    environment.set(variable, value);
    return node.prefix ? value : old;
  }

  #callee(node: CallExpression, place: Place, environment: Environment): Value {
    const { source } = place.unit;
    const callee = calleeOf(node);
    if (node.optional) source.refuse(node, 'an optional call', 'call it: what a kernel calls is there');
    const named = functionNamed(callee, place);
    if (typeof named === 'string') return source.refuse(node, named, hints[named] ?? 'use what Math has');
    const closure = named === undefined ? this.#closure(callee, place) : undefined;
    const args = node.arguments.map((argument) => {
      if (argument.type === 'SpreadElement') return source.refuse(argument, ...constructOf(argument));
      return this.value(argument, place, environment);
    });
    if (named !== undefined) {
      const [least, most] = named.arity;
      if (args.length < least || args.length > most) {
        const takes = least === most ? `${least}` : `at least ${least}`;
        source.refuse(node, `a call with ${args.length} arguments`, `the function takes ${takes}`);
      }
      const numbers = named === asBoolean ? args : args.map((arg) => this.#emitter.numeric(arg));
      return named.emit(this.#emitter, numbers);
    }
    if (closure === undefined) {
      return source.refuse(node, 'a call of this', 'call functions of Math, or functions that have a name');
    }
    const { length } = closure.node.params;
    if (args.length < length) {
      source.refuse(node, `a call with ${args.length} arguments`, `the function has ${length} parameters`);
    }
    return this.#call(closure, args, environment);
  }

  #closure(callee: CallExpression['callee'], place: Place): Closure | undefined {
    const { scope, unit } = place;
    const name = nameOf(callee);
    let captured: Captured | undefined;
    if (name === undefined) {
      captured = capturedMember(callee, place);
      if (captured?.kind !== 'function') return undefined;
    } else {
      const variable = scope.find(name);
      if (variable !== undefined) return variable.closure;
      captured = unit.resolve(name);
      if (captured?.kind !== 'function') return refuseCaptured(callee as Identifier, captured, unit.source);
    }
    const source = new Source(unit.source.where, captured.source);
    return { node: source.root, scope: undefined, unit: { source, resolve: captured.resolve } };
  }
}

export function replace(environment: Environment, by: Environment): void {
  if (environment === by) return;
  environment.clear();
  for (const [variable, value] of by) environment.set(variable, value);
}

function refuseLiteral(node: Syntax & { type: 'Literal' }, source: Source): never {
  if (node.bigint) source.refuse(node, ...constructOf({ ...node, type: 'BigIntLiteral' }));
  const what = node.regex ? 'a regular expression' : typeof node.value === 'string' ? 'a string' : 'null';
  return source.refuse(node, what, 'a kernel computes with numbers only');
}

function refuseCaptured(node: Identifier, captured: Captured | undefined, source: Source): never {
  if (captured?.kind === 'function') return source.refuse(node, `the function '${node.name}' as a value`, 'call it');
  const what = captured?.kind === 'other' ? `, which is ${captured.what},` : '';
  const hint = `pass it as a parameter; only numbers, booleans and functions of the code around it are found`;
  return source.refuse(node, `'${node.name}'${what} from outside of the function`, hint);
}

/** The variable that is assigned to. */
function assignable(target: { readonly type: string; readonly start: number }, { scope, unit }: Place) {
  const name = target.type === 'Identifier' ? (target as Identifier).name : undefined;
  if (name === undefined) {
    const what = target.type === 'MemberExpression' ? 'assigning to a property' : 'destructuring';
    return unit.source.refuse(target, what, 'assign to variables, one at a time');
  }
  const variable = scope.find(name);
  if (variable === undefined) {
    return unit.source.refuse(target, `assigning to '${name}' of the code around it`, 'return the value instead');
  }
  if (variable.closure !== undefined) return unit.source.refuse(target, 'assigning to a function', 'use another name');
  if (variable.isConst) return unit.source.refuse(target, `assigning to the constant '${name}'`, 'declare it with let');
  return variable;
}

/** `['Math', 'exp']` for `Math.exp`, where Math is not a variable. */
function globalMember(node: CallExpression['callee'], { scope }: Place): [object: string, name: string] | undefined {
  if (node.type !== 'MemberExpression' || node.computed || node.optional) return undefined;
  const object = nameOf(node.object);
  const name = nameOf(node.property);
  if ((object !== 'Math' && object !== 'Number') || name === undefined || scope.find(object) !== undefined) {
    return undefined;
  }
  return [object, name];
}

/** A property of something around the function: an imported module, an object of constants. */
function capturedMember(node: CallExpression['callee'], { scope, unit }: Place): Captured | undefined {
  if (node.type !== 'MemberExpression' || node.computed || node.optional) return undefined;
  const object = nameOf(node.object);
  const name = nameOf(node.property);
  if (object === undefined || name === undefined || scope.find(object) !== undefined) return undefined;
  return unit.resolve(object, name);
}

/** What is called; tools write calls of imported functions as `(0, module.f)(x)`. */
function calleeOf({ callee }: CallExpression): CallExpression['callee'] {
  if (callee.type !== 'SequenceExpression' || callee.expressions.length !== 2) return callee;
  const [first, second] = callee.expressions;
  return first?.type === 'Literal' && second !== undefined ? second : callee;
}

const asNumber: Callable = { arity: [1, 1], emit: (_, [x]) => x as Value };
const asBoolean: Callable = { arity: [1, 1], emit: (emitter, [x]) => emitter.truth(x as Value) };

const hints: Readonly<Record<string, string>> = {
  'Math.random': 'pass an array of random numbers as a parameter',
  'Math.imul': USE_FLOOR,
  'Math.clz32': 'use Math.floor and Math.log2',
};

/** A global function; its name where there is one of that name that is not translated; undefined for others. */
function functionNamed(callee: CallExpression['callee'], place: Place): Callable | string | undefined {
  const member = globalMember(callee, place);
  if (member !== undefined) {
    const [object, name] = member;
    const table = object === 'Math' ? mathFunctions : numberFunctions;
    return Object.hasOwn(table, name) ? table[name] : `${object}.${name}`;
  }
  const name = nameOf(callee);
  if (name === undefined || place.scope.find(name) !== undefined) return undefined;
  if (name === 'isNaN' || name === 'isFinite') return numberFunctions[name];
  return name === 'Number' ? asNumber : name === 'Boolean' ? asBoolean : undefined;
}
