import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { analyze } from '../../dist/workers/analyze.js';
import { selectFlags } from '../../dist/workers/flags.js';
import { IMPORT_NAME, META_NAME } from '../../dist/workers/free-variables.js';
import { moduleInfo } from '../../dist/workers/module-info.js';

const freeOf = (source: string): string[] =>
  analyze(source, 'f')
    .free.map(({ name }) => name)
    .sort();

describe('free variables', () => {
  test.each<[string, string[]]>([
    ['(x) => x', []],
    ['(x) => x + y', ['y']],
    [
      'function f(a, b = c, { d = e, [g]: h, ...i }, [j, , k = l]) { return a + h + i + j + k + f }',
      ['c', 'e', 'g', 'l'],
    ],
    ['() => { a; { let a; b; } let b; c; var c; function d() {} d(); class E {} new E(); }', ['a']],
    [
      '() => { for (let i = 0; i < n; i++) i; for (const [k, v] of m) k + v; for (q in r) {} return i; }',
      ['i', 'm', 'n', 'q', 'r'],
    ],
    ['() => { try { a } catch ({ message = b }) { message } finally { c } }', ['a', 'b', 'c']],
    ['() => { outer: for (;;) { break outer; } switch (a) { case b: let c; default: c } }', ['a', 'b']],
    ['() => ({ a, b: c, [d]: e, f() { return g }, get h() { return this.i }, ...j })', ['a', 'c', 'd', 'e', 'g', 'j']],
    ['() => a.b.c[d].e?.f(g)', ['a', 'd', 'g']],
    // biome-ignore lint/suspicious/noTemplateCurlyInString: source text
    ['() => `${a}${`${b}`}` + tag`x${c}` + typeof d', ['a', 'b', 'c', 'd', 'tag']],
    [
      'class A extends B { [c] = d; static #e = f; static { g; let h; h } m() { return super.m() + A } }',
      ['B', 'c', 'd', 'f', 'g'],
    ],
    ['async () => { for await (const x of y) await z(x) }', ['y', 'z']],
    ['function* f() { yield* a; return new.target }', ['a']],
    ['() => { const f = function g() { return g + arguments.length }; return f }', []],
    ['() => { if (a) { var b = 1 } return b + function () { var c; return c + d } }', ['a', 'd']],
    ['(a) => { { function inner() { return a } inner() } }', []],
    ['() => ([a.b, c] = d)', ['a', 'c', 'd']],
    ['() => { label: { let a; a } return a }', ['a']],
    ['() => /a(?<b>c)/.test(d)', ['d']],
    ['let_ => { let undefined_; return undefined_ + Infinity }', ['Infinity']],
  ])('%s', (source, expected) => {
    expect(freeOf(source)).toEqual(expected);
  });

  test('methods become expressions', () => {
    for (const [source, free] of [
      ['f(x) { return x + a }', ['a']],
      ['async f() { return a }', ['a']],
      ['async *f() { yield a }', ['a']],
      ['get f() { return a }', ['a']],
      ["'odd name'(x = a) { return x }", ['a']],
      ['[Symbol.iterator](x) { return x }', []],
      ['constructor_(x) { return x }', []],
    ] as const) {
      const analysis = analyze(source, 'f');
      expect(analysis.free.map(({ name }) => name)).toEqual(free);
      expect(typeof new Function(...free, `return ${analysis.code}`)()).toBe('function');
    }
  });

  test('how variables are used', () => {
    const [a, b, c, d] = analyze('() => { a = 1; b.x.y++; c.push(c.length); delete d[0]; d; }', 'f').free;
    expect(a).toMatchObject({ name: 'a', isAssigned: true, members: undefined });
    expect(b).toMatchObject({ name: 'b', isChanged: true });
    expect(c).toMatchObject({ name: 'c', members: new Set(['push', 'length']), calls: new Set(['push']) });
    expect(d).toMatchObject({ name: 'd', isChanged: true, members: undefined });
  });

  test('what cannot move', () => {
    const bound = (source: string): string | undefined => analyze(source, 'f').bound;
    expect(bound('() => this')).toBe('this');
    expect(bound('() => () => this.x')).toBe('this');
    expect(bound('function () { return () => this }')).toBeUndefined();
    expect(bound('() => arguments[0]')).toBe('arguments');
    expect(bound('function () { return () => arguments }')).toBeUndefined();
    expect(bound('(arguments_) => { class A { x = this } return { m() { return this } } }')).toBeUndefined();
    expect(bound('m() { return super.m() }')).toBe('super');
    expect(bound('() => ({ m() { return super.m() } })')).toBeUndefined();
    expect(bound('() => eval(x)')).toBe('eval');
    expect(bound('(eval_) => eval_(x)')).toBeUndefined();
  });

  test('module constructs are replaced', () => {
    const analysis = analyze('async () => [import.meta.url, await import("x"), import.meta]', 'f');
    expect(analysis.code).toBe(`async () => [${META_NAME}.url, await ${IMPORT_NAME}("x"), ${META_NAME}]`);
    expect(analysis).toMatchObject({ usesImport: true, usesImportMeta: true });
  });

  test('private state counts where instances need it', () => {
    const isPrivate = (source: string): boolean => analyze(source, 'A').hasPrivateState;
    expect(isPrivate('class A { #x = 1; m() { return this.#x } }')).toBe(true);
    expect(isPrivate('class A { static #x = 1; m() {} }')).toBe(false);
    expect(isPrivate('class A { #init(n) { this.n = n } constructor(n) { this.#init(n) } }')).toBe(false);
    expect(isPrivate('class A { #f() {} m() { return this.#f() } }')).toBe(true);
    expect(isPrivate('class A { m(o) { return #x in o } #x() {} }')).toBe(true);
  });

  test('evaluating with exactly the free variables works, for random nests of scopes', () => {
    const names = ['a', 'b', 'c', 'd'];
    const name = fc.constantFrom(...names);
    const { body } = fc.letrec<{ body: string }>((tie) => ({
      body: fc.oneof(
        { maxDepth: 4 },
        name.map((n) => `out.push('' + ${n});`),
        fc.tuple(name, tie('body')).map(([n, inner]) => `{ let ${n} = '${n}!'; ${inner} }`),
        fc.tuple(name, tie('body')).map(([n, inner]) => `((${n}) => { ${inner} })('p');`),
        fc.tuple(name, name, tie('body')).map(([n, m, inner]) => `(function ${n}(x = ${m}) { ${inner} })();`),
        fc.tuple(name, tie('body')).map(([n, inner]) => `for (const ${n} of ['l']) { ${inner} }`),
        fc.tuple(name, tie('body')).map(([n, inner]) => `try { throw 'e' } catch (${n}) { ${inner} }`),
        fc.tuple(tie('body'), tie('body')).map(([one, two]) => `${one}${two}`),
      ),
    }));
    fc.assert(
      fc.property(body, (text) => {
        const source = `() => { const out = []; ${text} return out; }`;
        const free = freeOf(source);
        const values = free.map((n) => `free ${n}`);
        const all = new Function(...names, `return (${source})()`)(...names.map((n) => `free ${n}`));
        expect(new Function(...free, `return (${source})()`)(...values)).toEqual(all);
        for (const missing of free) {
          const others = free.filter((n) => n !== missing);
          expect(() => new Function(...others, `return (${source})()`)()).toThrow(ReferenceError);
        }
      }),
      { numRuns: 300 },
    );
  });
});

describe('modules', () => {
  test('exports by the place of the function', () => {
    const source = `import d, { a as b, default as e } from 'x'; import * as ns from './y.js';
export function one() {}
const two = () => 2, three = 3;
class Four {}
let five = () => 5;
export { two as deux, three, Four, five };
export default function six() {}
export const seven = /* @__PURE__ */ __name((x) => x, 'seven');
Object.defineProperty(Four, 'x', {});`;
    const info = moduleInfo(source, true);
    const named = [...info.exports].map(([start, name]) => [source.slice(start, start + 8), name]);
    expect(named).toEqual([
      ['function', 'default'],
      ['function', 'one'],
      ['() => 2,', 'deux'],
      ['class Fo', 'Four'],
      ['(x) => x', 'seven'],
    ]);
    expect(info.imports.get('b')).toEqual({ specifier: 'x', name: 'a' });
    expect(info.imports.get('d')).toEqual({ specifier: 'x', name: 'default' });
    expect(info.imports.get('ns')).toEqual({ specifier: './y.js', name: '*' });
    expect(info.runsProgram).toBe(false);
  });

  test.each([
    ['await x;', true],
    ['export const a = await f();', true],
    ['main();', true],
    ['main().catch(() => {});', true],
    ['if (a) { f(); }', false],
    ['for (const x of y) f(x);', true],
    ['(() => { main(); })();', true],
    ['(() => { function main() { g(); } module.exports = { main }; })();', false],
    ['export const f = async () => { await 1; };', false],
    ['new Server();', true],
    ['a = 1; b.c = 2;', false],
    ['not a module (', true],
  ])('%s', (source, expected) => {
    expect(moduleInfo(source, source.includes('export') || source.startsWith('await')).runsProgram).toBe(expected);
  });
});

test('threads keep the flags that load modules, and no others', () => {
  const given = [
    '--inspect=9229',
    '--import',
    'tsx',
    '--expose-gc',
    '-r',
    './a.cjs',
    '--conditions=development',
    '--test',
    '--require',
    '/x/node_modules/vitest/suppress.cjs',
    '--max-old-space-size=100',
    '-C',
    'tsx',
  ];
  expect(selectFlags(given, '')).toEqual({
    execArgv: ['--import', 'tsx', '-r', './a.cjs', '--conditions=development', '-C', 'tsx'],
    hasLoader: true,
  });
  expect(selectFlags(['--conditions', 'tsx'], '').hasLoader).toBe(false);
  expect(selectFlags([], '--max-old-space-size=1 --import tsx')).toEqual({ execArgv: [], hasLoader: true });
  expect(selectFlags(['--import', 'file:///a/node_modules/tsx/dist/loader.mjs'], '').hasLoader).toBe(true);
});
