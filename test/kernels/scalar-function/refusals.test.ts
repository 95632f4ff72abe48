/** What cannot be translated is an error that names the construct, its line and its column, and shows the line. */
import { describe, expect, it } from 'vitest';
import { ArgumentError, KernelSourceError } from '../../../dist/errors.js';
import type { Resolve } from '../../../dist/kernels/scalar-function/environment.js';
import { translate } from '../../../dist/kernels/scalar-function/translate.js';

const resolve: Resolve = (name) => {
  if (name === 'scale') return { kind: 'constant', value: 3 };
  if (name === 'table') return { kind: 'other', what: 'an array' };
  if (name === 'half') return { kind: 'function', source: '(t) => t / 2', resolve: () => undefined };
  if (name === 'bad') return { kind: 'function', source: '(t) => {\n  return [t];\n}', resolve: () => undefined };
  return undefined;
};

/** The function with `‸` before the place that the error must name, and the start of what it must call it. */
const refused: readonly (readonly [string, string])[] = [
  ['(x) => ‸"a"', 'a string'],
  ['(x) => x + ‸`a`', 'a template literal'],
  ['(x) => ‸null', 'null'],
  ['(x) => x * ‸2n', 'a bigint'],
  ['(x) => ‸/a/', 'a regular expression'],
  ['(x) => ‸[x, x]', 'an array literal'],
  ['(x) => (‸{ x })', 'an object literal'],
  ['(x) => ‸new Date(x)', 'new'],
  ['(x) => ‸x & 1', 'the operator &'],
  ['(x) => 1 + (‸x >>> 0)', 'the operator >>>'],
  ['(x) => ‸~x', 'the operator ~'],
  ['(x) => ‸typeof x', 'the operator typeof'],
  ['(x) => ‸x ?? 1', 'the operator ??'],
  ['(x) => ‸x in x', 'the operator in'],
  ['(x) => ‸x.length', 'a property'],
  ['(x) => ‸x?.y', 'optional chaining'],
  ['(x) => ‸x[0]', 'a property'],
  ['(x) => ‸Math.foo', 'Math.foo'],
  ['(x) => ‸Math["PI"]', 'a property'],
  ['(x) => ‸Math.random() * x', 'Math.random'],
  ['(x) => ‸Math.clz32(x)', 'Math.clz32'],
  ['(x) => ‸Math.atan2(x)', 'a call with 1 arguments'],
  ['(x) => ‸Math.exp(x, x)', 'a call with 2 arguments'],
  ['(x) => Math.max(‸...x)', 'a spread'],
  ['(x) => ‸x.foo(1)', 'a call of this'],
  ['(x) => ‸parseFloat(x)', "'parseFloat' from outside"],
  ['(x) => ‸table', "'table', which is an array, from outside"],
  ['(x) => x * ‸missing', "'missing' from outside"],
  ['(x) => ‸half', "the function 'half' as a value"],
  ['(x) => ‸scale(x)', "'scale' from outside"],
  ['(x) => { ‸scale = x; return x; }', "assigning to 'scale' of the code around it"],
  ['(x) => ‸undefined', 'undefined'],
  ['function (x) { return ‸arguments; }', 'arguments'],
  ['function (x) { return ‸this; }', 'this'],
  ['‸async (x) => x', 'an async function'],
  ['‸async function (x) { return await x; }', 'an async function'],
  ['‸function* (x) { yield x; }', 'a generator'],
  ['‸() => 1', 'a function without parameters'],
  ['(x, ‸y = 1) => x', 'a default value'],
  ['(‸...x) => 1', 'a rest parameter'],
  ['(‸{ x }) => x', 'a destructured parameter'],
  ['(x) => {\n  const ‸[a] = x;\n  return a;\n}', 'destructuring'],
  ['(x) => {\n  for (let i = 0; i < 3; i++) x += i;\n‸}', 'a function without return'],
  ['(x) => { if (x > 0) return 1; ‸}', 'a way through the function without return'],
  ['(x) => { ‸return; }', 'return without a value'],
  ['(x) => { let a; if (x > 0) a = 1; return ‸a; }', "'a', which may have no value here,"],
  ['(x) => { const b = ‸a; const a = x; return b; }', "'a', which may have no value here,"],
  ['(x) => { const a = 1; ‸a += x; return a; }', "assigning to the constant 'a'"],
  ['(x) => { ‸x.y = 1; return x; }', 'assigning to a property'],
  ['(x) => { ‸switch (x) { default: return 1; } }', 'switch'],
  ['(x) => { ‸try { return x; } catch { return 1; } }', 'try'],
  ['(x) => {\n  if (x > 0) {\n    ‸throw x;\n  }\n  return 1;\n}', 'throw'],
  ['(x) => {\n  ‸for (const v of x) {}\n  return 1;\n}', 'a for…of loop'],
  ['(x) => { ‸for (const v in x) {} return 1; }', 'a for…in loop'],
  ['(x) => { ‸while (x > 1) x /= 2; return x; }', 'a loop whose number of rounds has no constant bound'],
  ['(x) => { ‸for (let i = 0; i < x; i++) {} return x; }', 'a loop whose number of rounds'],
  ['(x) => { ‸for (;;) { if (x) break; } return x; }', 'a loop whose number of rounds'],
  ['(x) => { ‸for (let i = 0; i < 9; i--) {} return x; }', 'a loop whose number of rounds'],
  ['(x) => { ‸for (let i = 0; i !== 9; i += 2) {} return x; }', 'a loop whose number of rounds'],
  ['(x) => { ‸for (let i = 0; i < 9; i++) { if (x > i) i = 0; } return x; }', 'a loop whose number of rounds'],
  ['(x) => { let i = 0; ‸while (i < 9) { if (x > i) continue; i++; } return x; }', 'a loop whose number of rounds'],
  ['(x) => { let i = 0; ‸while (i < 9) { if (x > i) i++; } return x; }', 'a loop whose number of rounds'],
  ['(x) => { let n = 9; ‸for (let i = 0; i < n; i++) n++; return x; }', 'a loop whose number of rounds'],
  ['(x) => { const f = () => { i = 0; return 1; }; let i = 0; ‸for (; i < 9; i++) f(); return x; }', 'a loop whose'],
  [
    '(x) => { const k = 1; ‸for (let i = 0; i < 9; ) { const k = x; i += k; } return x; }',
    'a loop whose number of rounds',
  ],
  ['(x) => { ‸for (let i = 0; i < 9; ) { let i = 5; i++; } return x; }', 'a loop whose number of rounds'],
  ['(x) => { let i = 0; ‸do { i++; } while (i !== 0); return x; }', 'a loop whose number of rounds'],
  ['(x) => { let i = 0; while (‸i++ < 9) {} return x; }', 'an assignment in the condition'],
  ['(x) => { const f = ‸(t) => f(t); return f(x); }', 'a recursive function'],
  ['(x) => { let ‸f = (t) => t; return f(x); }', 'a variable that holds a function'],
  ['(x) => { const f = (t) => t; return ‸f; }', "the function 'f' as a value"],
  ['(x) => { const f = (t) => t; return ‸f(); }', 'a call with 0 arguments'],
  ['(x) => { const a = (t) => t, b = ‸a; return b(x); }', "the function 'a' as a value"],
  ['(x) => { let a = x; ‸a = (t) => t; return a; }', 'assigning a function'],
  ['(x) => ‸((t) => t)(x)', 'a call of this'],
  ['(x) => ‸(x > 0) === x', '=== between a number and a boolean'],
  ['(x) => { ‸class A {} return x; }', 'a class'],
  ['(x) => { ‸debugger; return x; }', 'debugger'],
  ['(x) => ‸import("a")', 'import()'],
];

function errorOf(text: string): KernelSourceError {
  try {
    translate("nd.kernel('f')", text, { float: 'float64', resolve });
  } catch (error) {
    if (error instanceof KernelSourceError) return error;
    throw error;
  }
  throw new Error('it was translated');
}

describe('a scalar function that is no kernel', () => {
  it.each(refused)('%s', (marked, construct) => {
    const text = marked.replace('‸', '');
    const before = marked.slice(0, marked.indexOf('‸')).split('\n');
    const error = errorOf(text);
    expect(error.construct.slice(0, construct.length)).toBe(construct);
    expect([error.line, error.column]).toEqual([before.length, before.at(-1)!.length + 1]);
    expect(error.code).toBe('LAZULI_KERNEL_SOURCE');
    const [message, line, caret] = error.message.split('\n');
    expect(message).toContain(`nd.kernel('f'): line ${error.line}, column ${error.column}: ${construct}`);
    expect(line!.trim()).toBe(text.split('\n')[error.line - 1]!.trim());
    expect(line![caret!.length - 1]).toBe(text.split('\n')[error.line - 1]![error.column - 1]);
  });

  it('is shown around the place when it is one long line', () => {
    const text = `(x) => ${Array.from({ length: 80 }, (_, i) => `x * ${i}`).join(' + ')} + [x] + ${'x + '.repeat(50)} x`;
    const [, line, caret] = errorOf(text).message.split('\n');
    expect(line!.length).toBeLessThan(110);
    expect(line![caret!.length - 1]).toBe('[');
  });

  it('is named in the function that it stands in', () => {
    const error = errorOf('(x) => bad(x)');
    expect([error.construct, error.line, error.column]).toEqual(['an array literal', 2, 10]);
  });

  it.each([
    [Math.exp, 'native or bound'],
    [((x: number) => x).bind(undefined), 'native or bound'],
  ])('has to have a source text', (fn, message) => {
    expect(() => translate('f', String(fn), { float: 'float64' })).toThrow(ArgumentError);
    expect(() => translate('f', String(fn), { float: 'float64' })).toThrow(message);
  });

  it('has to be a function', () => {
    expect(errorOf('class A {}')).toMatchObject({
      line: 1,
      column: 1,
      construct: 'a class or other text that is no function',
    });
  });
});

describe('what a function takes from around it', () => {
  it('are numbers, booleans and functions', () => {
    const { expression } = translate('f', '(x) => half(x) * scale', { float: 'float64', resolve });
    const operations = expression.instructions.map(({ op }) => op);
    expect(operations.sort()).toEqual(['constant', 'constant', 'div', 'input', 'mul']);
  });
});
