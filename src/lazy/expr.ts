/**
 * The little language of `nd.expr`: arithmetic over delayed and ordinary values, written as a template. A template is
 * parsed once into postfix form, which is plain data and travels with its one task. Precedence is Python's: `**` binds
 * tightest and to the right, then the sign, then `* / // %`, then `+ -`, then comparisons, which do not chain.
 */
import { ArgumentError } from '../errors.js';
import { isOperation, type OperationName, operations } from './operations.js';

/** How a value is shown in messages about the template. */
const SLOT = `\${…}`;

/** One step: a literal, a value by its place in the template, or an operation on what came before. */
export type Step = { readonly literal: number } | { readonly slot: number } | { readonly operation: OperationName };

const symbols: Readonly<Record<string, { operation: OperationName; precedence: number }>> = {
  '<': { operation: 'less', precedence: 0 },
  '<=': { operation: 'lessEqual', precedence: 0 },
  '>': { operation: 'greater', precedence: 0 },
  '>=': { operation: 'greaterEqual', precedence: 0 },
  '==': { operation: 'equal', precedence: 0 },
  '!=': { operation: 'notEqual', precedence: 0 },
  '+': { operation: 'add', precedence: 1 },
  '-': { operation: 'sub', precedence: 1 },
  '*': { operation: 'mul', precedence: 2 },
  '/': { operation: 'div', precedence: 2 },
  '//': { operation: 'floorDivide', precedence: 2 },
  '%': { operation: 'mod', precedence: 2 },
  '**': { operation: 'pow', precedence: 4 },
};
const SIGN_PRECEDENCE = 3;

type Token =
  | { readonly kind: 'number'; readonly value: number; readonly at: number }
  | { readonly kind: 'slot'; readonly slot: number; readonly at: number }
  | { readonly kind: 'name' | 'symbol'; readonly text: string; readonly at: number }
  | { readonly kind: 'end'; readonly at: number };

const tokenPattern =
  /\s*(?:(\d+\.?\d*(?:[eE][+-]?\d+)?|\.\d+(?:[eE][+-]?\d+)?)|([A-Za-z_]\w*)|(\*\*|\/\/|[<>=!]=|[-+*/%<>(),]))/y;

const parsed = new WeakMap<readonly string[], readonly Step[]>();

/**
 * The postfix form of a template's text.
 *
 * @throws ArgumentError with the position for what is not an expression
 */
export function parseExpression(texts: readonly string[]): readonly Step[] {
  let steps = parsed.get(texts);
  if (steps === undefined) {
    steps = new Parser(texts).parse();
    parsed.set(texts, steps);
  }
  return steps;
}

/** Evaluates a postfix form: `operate` gets as many operands as its operation takes. */
export function walk<T>(
  steps: readonly Step[],
  values: readonly T[],
  literal: (value: number) => T,
  operate: (name: OperationName, operands: readonly T[]) => T,
): T {
  const stack: T[] = [];
  for (const step of steps) {
    if ('literal' in step) stack.push(literal(step.literal));
    else if ('slot' in step) stack.push(values[step.slot] as T);
    else stack.push(operate(step.operation, stack.splice(stack.length - operations[step.operation].arity)));
  }
  return stack[0] as T;
}

class Parser {
  readonly #shown: string;
  readonly #tokens: Token[] = [];
  readonly #steps: Step[] = [];
  #next = 0;

  constructor(texts: readonly string[]) {
    this.#shown = texts.join(SLOT);
    let start = 0;
    texts.forEach((text, slot) => {
      if (slot > 0) {
        this.#tokens.push({ kind: 'slot', slot: slot - 1, at: start });
        start += SLOT.length;
      }
      this.#tokenize(text, start);
      start += text.length;
    });
    this.#tokens.push({ kind: 'end', at: start });
  }

  parse(): readonly Step[] {
    this.#expression(0);
    const rest = this.#peek();
    if (rest.kind !== 'end') throw this.#error(`expected an operator, found ${show(rest)}`, rest.at);
    return this.#steps;
  }

  #tokenize(text: string, start: number): void {
    const end = text.trimEnd().length;
    for (tokenPattern.lastIndex = 0; tokenPattern.lastIndex < end; ) {
      const from = tokenPattern.lastIndex;
      const match = tokenPattern.exec(text);
      const at = start + from + (/^\s*/.exec(text.slice(from))?.[0].length ?? 0);
      if (match === null) throw this.#error(`'${text[at - start]}' is not part of an expression`, at);
      const [, number, name, symbol] = match;
      if (number !== undefined) this.#tokens.push({ kind: 'number', value: Number(number), at });
      else if (name !== undefined) this.#tokens.push({ kind: 'name', text: name, at });
      else if (symbol !== undefined) this.#tokens.push({ kind: 'symbol', text: symbol, at });
    }
  }

  #peek(): Token {
    return this.#tokens[this.#next]!;
  }

  #take(): Token {
    const token = this.#peek();
    if (token.kind !== 'end') this.#next++;
    return token;
  }

  #expect(symbol: string): void {
    const token = this.#take();
    if (token.kind !== 'symbol' || token.text !== symbol) {
      throw this.#error(`expected '${symbol}', found ${show(token)}`, token.at);
    }
  }

  /** Operators that bind at least as tightly as `least`, by precedence climbing. */
  #expression(least: number): void {
    this.#operand();
    let compared = false;
    for (;;) {
      const token = this.#peek();
      const symbol = token.kind === 'symbol' ? symbols[token.text] : undefined;
      if (symbol === undefined || symbol.precedence < least) return;
      this.#next++;
      if (symbol.precedence === 0 && compared) {
        throw this.#error('comparisons do not chain; join them with logicalAnd(…, …)', token.at);
      }
      compared = symbol.precedence === 0;
      // `**` is right-associative, and its right side may carry a sign: 2 ** -1.
      this.#expression(symbol.operation === 'pow' ? SIGN_PRECEDENCE : symbol.precedence + 1);
      this.#steps.push({ operation: symbol.operation });
    }
  }

  #operand(): void {
    const token = this.#take();
    if (token.kind === 'number') this.#steps.push({ literal: token.value });
    else if (token.kind === 'slot') this.#steps.push({ slot: token.slot });
    else if (token.kind === 'name') this.#call(token.text, token.at);
    else if (token.kind === 'symbol' && token.text === '(') {
      this.#expression(0);
      this.#expect(')');
    } else if (token.kind === 'symbol' && (token.text === '-' || token.text === '+')) {
      this.#expression(SIGN_PRECEDENCE);
      if (token.text === '-') this.#steps.push({ operation: 'neg' });
    } else {
      throw this.#error(`expected a value, found ${show(token)}`, token.at);
    }
  }

  #call(name: string, at: number): void {
    if (!isOperation(name)) {
      throw this.#error(`'${name}' is not a function here; insert values with \${…}`, at);
    }
    this.#expect('(');
    for (let i = 0; i < operations[name].arity; i++) {
      if (i > 0) this.#expect(',');
      this.#expression(0);
    }
    this.#expect(')');
    this.#steps.push({ operation: name });
  }

  #error(what: string, at: number): ArgumentError {
    return new ArgumentError(`nd.expr: ${what}, at character ${at + 1} of \`${this.#shown}\``);
  }
}

function show(token: Token): string {
  if (token.kind === 'end') return 'the end';
  if (token.kind === 'slot') return 'a value';
  return `'${token.kind === 'number' ? token.value : token.text}'`;
}
