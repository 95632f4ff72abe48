/**
 * Random scalar functions: source text made of every construct there is, run as JavaScript and as the expression that it
 * is translated to. What is computed is exactly rounded, so the two must agree in every bit.
 */
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { validate } from '../../../dist/kernels/expression-rules.js';
import { translate } from '../../../dist/kernels/scalar-function/translate.js';
import { generator } from '../numbers.js';
import { evaluate } from './evaluate.js';
import { compileScalar, specials } from './functions.js';

/** Writes functions of x and y; everything it writes ends and has a value. */
class Writer {
  readonly #random: () => number;
  /** What can be read, and what can be assigned to as well. */
  #readable: string[] = ['x', 'y'];
  #assignable: string[] = ['x', 'y'];
  #functions: string[] = [];
  #names = 0;
  #loops = 0;

  constructor(seed: number) {
    this.#random = generator(seed);
  }

  write(): string {
    return `(x, y) => {\n${this.#statements(5, 2)}return ${this.#number(3)};\n}`;
  }

  #below(n: number): number {
    return Math.floor(this.#random() * n);
  }

  #one<T>(items: readonly T[]): T {
    return items[this.#below(items.length)]!;
  }

  #number(depth: number): string {
    if (depth === 0) {
      return this.#random() < 0.6
        ? this.#one(this.#readable)
        : this.#one(['0', '1', '2', '0.5', '3.25', '1e9', '(-1)', '7']);
    }
    const inner = (): string => this.#number(depth - 1);
    switch (this.#below(14)) {
      case 0:
      case 1:
      case 2:
        return `(${inner()} ${this.#one(['+', '-', '*', '/', '%'])} ${inner()})`;
      case 3:
        return `(- ${inner()})`;
      case 4:
        return `Math.${this.#one(['abs', 'floor', 'ceil', 'trunc', 'sqrt', 'sign', 'round', 'fround'])}(${inner()})`;
      case 5:
        return `Math.${this.#one(['min', 'max'])}(${inner()}, ${inner()})`;
      case 6:
        return `(${this.#boolean(depth - 1)} ? ${inner()} : ${inner()})`;
      case 7:
        return `(+ ${this.#boolean(depth - 1)})`;
      case 8:
        return `(${inner()} ${this.#one(['&&', '||'])} ${inner()})`;
      case 9:
        return `(${this.#one(this.#assignable)}${this.#one(['++', '--'])})`;
      case 10:
        return `(${this.#one(this.#assignable)} ${this.#one(['=', '+=', '-=', '*='])} ${inner()})`;
      case 11:
        return this.#functions.length > 0 ? `${this.#one(this.#functions)}(${inner()})` : inner();
      case 12:
        return `(+ (${this.#boolean(depth - 1)} && ${inner()}))`;
      default:
        return inner();
    }
  }

  #boolean(depth: number): string {
    if (depth <= 0) return `(${this.#number(0)} ${this.#one(['<', '>', '<=', '>=', '===', '!=='])} ${this.#number(0)})`;
    switch (this.#below(4)) {
      case 0:
        return `(${this.#boolean(depth - 1)} ${this.#one(['&&', '||'])} ${this.#boolean(depth - 1)})`;
      case 1:
        return `!${this.#number(depth - 1)}`;
      default:
        return `(${this.#number(depth - 1)} ${this.#one(['<', '>', '<=', '>=', '==', '!='])} ${this.#number(depth - 1)})`;
    }
  }

  /** A block's text, after which the names declared in it are gone. */
  #block(count: number, depth: number): string {
    const before = [this.#readable, this.#assignable, this.#functions] as const;
    [this.#readable, this.#assignable, this.#functions] = [[...before[0]], [...before[1]], [...before[2]]];
    const text = this.#statements(count, depth);
    [this.#readable, this.#assignable, this.#functions] = before;
    return `{\n${text}}\n`;
  }

  #statements(count: number, depth: number): string {
    return Array.from({ length: 1 + this.#below(count) }, () => this.#statement(depth)).join('');
  }

  #statement(depth: number): string {
    switch (this.#below(depth > 0 ? 11 : 6)) {
      case 0:
      case 1: {
        const name = this.#declare(this.#random() < 0.7);
        const isConst = !this.#assignable.includes(name);
        // Its own name is not there yet
        this.#readable = this.#readable.filter((one) => one !== name);
        this.#assignable = this.#assignable.filter((one) => one !== name);
        const text = `${isConst ? 'const' : 'let'} ${name} = ${this.#number(2)};\n`;
        this.#readable.push(name);
        if (!isConst) this.#assignable.push(name);
        return text;
      }
      case 2:
      case 3:
        return `${this.#one(this.#assignable)} ${this.#one(['=', '+=', '-=', '*=', '/=', '||=', '&&='])} ${this.#number(2)};\n`;
      case 4:
        if (this.#loops > 0)
          return `if ${this.#condition()} ${this.#one(['break', 'continue', `return ${this.#number(1)}`])};\n`;
        return `if ${this.#condition()} return ${this.#number(1)};\n`;
      case 5: {
        const name = `f${++this.#names}`;
        const outside = [this.#readable, this.#assignable, this.#loops, this.#functions] as const;
        this.#functions = [...outside[3]];
        [this.#readable, this.#assignable, this.#loops] = [[...outside[0], 't'], [...outside[1], 't'], 0];
        const body = this.#random() < 0.5 ? this.#number(2) : `{ ${this.#statement(0)} return ${this.#number(1)}; }`;
        [this.#readable, this.#assignable, this.#loops, this.#functions] = outside;
        const text = `const ${name} = (t) => ${body};\n`;
        this.#functions.push(name);
        return text;
      }
      case 6:
      case 7:
        return `if ${this.#condition()} ${this.#block(3, depth - 1)}${this.#random() < 0.5 ? `else ${this.#block(3, depth - 1)}` : ''}`;
      default: {
        const i = `i${++this.#names}`;
        this.#loops++;
        this.#readable.push(i);
        const more = this.#random() < 0.3 ? ` && ${this.#pure()}` : '';
        const text = `for (let ${i} = 0; ${i} < ${1 + this.#below(12)}${more}; ${i}++) ${this.#block(3, depth - 1)}`;
        this.#readable = this.#readable.filter((one) => one !== i);
        this.#loops--;
        return text;
      }
    }
  }

  #condition(): string {
    return `(${this.#boolean(1)})`;
  }

  /** A condition without assignments, as tests of loops have to be. */
  #pure(): string {
    return `${this.#one(this.#readable)} < ${this.#one(this.#readable)} + 2`;
  }

  #declare(isAssignable: boolean): string {
    const name = `v${++this.#names}`;
    this.#readable.push(name);
    if (isAssignable) this.#assignable.push(name);
    return name;
  }
}

it('random functions give the same as their translations', () => {
  const inputs = specials.slice(0, 14);
  let loops = 0;
  fc.assert(
    fc.property(fc.integer({ min: 0, max: 2 ** 31 }), (seed) => {
      const text = new Writer(seed).write();
      const fn = compileScalar(text);
      const { expression, dtype } = translate('random', text, { float: 'float64' });
      expect(validate(expression, ['float64', 'float64'])).toBe(dtype);
      loops += Number(expression.instructions.some(({ op }) => op === 'loop'));
      const random = generator(seed);
      for (const x of [...inputs, random() * 10, random() - 0.5]) {
        const y = inputs[Math.floor(random() * inputs.length)]!;
        const expected = Number(fn(x, y));
        const actual = evaluate(expression, [x, y]);
        if (!Object.is(expected, actual)) throw new Error(`f(${x}, ${y}) is ${expected}, not ${actual}:\n${text}`);
      }
    }),
    { numRuns: 500, seed: 20_260_102 },
  );
  expect(loops).toBeGreaterThan(50);
});
