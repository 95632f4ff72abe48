/**
 * The `@example`s of docstrings in the package's public modules: each is type-checked and run as a program, and where a
 * statement ends in a comment `// value`, the value of that statement (or of what it declares) must be it.
 */
import { join, relative } from 'node:path';
import ts from 'typescript';
import { beforeAll, describe, expect, it } from 'vitest';
import { compileAll, root, runAll } from './snippets.js';

/** Everything the examples may name without importing it. */
const entries = ['index.ts', 'learn/index.ts', 'diagnostics/index.ts'];

/** What every example may use without saying where it comes from, and how a promise is checked. */
const preamble = `
import assert from 'node:assert/strict';
import { compute, configure, createRuntime, delayed, devices, get, lastRun, linalg, literal, NDArray, nd, parseCsv, persist, plan, random, testKernel, visualize } from 'lazuli';
import { accuracyScore, crossValidate, KFold, nestedCrossValidate, parameterGrid, StratifiedKFold, SVC, standardize } from 'lazuli/learn';
import { ProgressBar, Profiler } from 'lazuli/diagnostics';

const [xTrain, yTrain, xTest, yTest] = [[[0], [1], [4], [5]], [0, 0, 1, 1], [[2], [6]], [0, 1]];
const [x, y] = [[[0], [4], [1], [5], [0], [6], [1], [7], [0], [8]], [0, 1, 0, 1, 0, 1, 0, 1, 0, 1]];
const [a, b] = [delayed(1), delayed(2)];
const readMatrix = (path: string): number[][] => [[path.length]];
const runtime = createRuntime({ workers: 1 });

function plain(value: unknown): unknown {
  if (value instanceof NDArray) return value.toNested();
  if (value instanceof Int32Array || value instanceof Float64Array) return [...value];
  return Array.isArray(value) ? value.map(plain) : value;
}
function same(value: unknown, promised: unknown): void {
  assert.deepEqual(plain(value), promised);
}
`;

interface Example {
  readonly where: string;
  readonly code: string;
}

/** Namespaces whose every value must say what it is, with an example, and when it throws. */
const documented = ['nd', 'random', 'linalg'];

/** What the public modules say of themselves. */
interface Docs {
  /** The examples of every exported name, and of its members. */
  readonly examples: readonly Example[];
  /** The values of the namespaces that must be documented, and what their docstrings lack. */
  readonly values: ReadonlyMap<string, readonly string[]>;
}

/** The parts that the docstring of an exported function has not. */
function lacking(target: ts.Symbol, checker: ts.TypeChecker): string[] {
  const tags = target.getJsDocTags(checker).map(({ name }) => name);
  const text = ts.displayPartsToString(target.getDocumentationComment(checker));
  return [...(text === '' ? ['text'] : []), ...['throws', 'example'].filter((tag) => !tags.includes(tag))];
}

function readDocs(): Docs {
  const files = entries.map((entry) => join(root, 'src', entry));
  const { config } = ts.readConfigFile(join(root, 'tsconfig.json'), ts.sys.readFile);
  const { options } = ts.convertCompilerOptionsFromJson(config.compilerOptions, root);
  const program = ts.createProgram([...files, join(root, 'src/webassembly.d.ts')], options);
  const checker = program.getTypeChecker();
  const found = new Map<string, Example>();
  const values = new Map<string, readonly string[]>();
  const visit = (name: string, symbol: ts.Symbol, depth: number): void => {
    const target = symbol.flags & ts.SymbolFlags.Alias ? checker.getAliasedSymbol(symbol) : symbol;
    for (const tag of target.getJsDocTags(checker)) {
      if (tag.name !== 'example') continue;
      const code = ts.displayPartsToString(tag.text).trim();
      const file = target.declarations?.[0]?.getSourceFile().fileName ?? '';
      found.set(code, { where: `${relative(root, file)}: ${name}`, code });
    }
    if (depth > 1) return;
    for (const [, member] of target.members ?? []) visit(`${name}.${member.name}`, member, depth + 1);
    const isNamespace = target.flags & (ts.SymbolFlags.ValueModule | ts.SymbolFlags.NamespaceModule);
    if (!isNamespace) return;
    for (const one of checker.getExportsOfModule(target)) {
      visit(`${name}.${one.name}`, one, depth + 1);
      const value = one.flags & ts.SymbolFlags.Alias ? checker.getAliasedSymbol(one) : one;
      const isValue = (value.flags & ts.SymbolFlags.Value) !== 0;
      if (documented.includes(name) && isValue) values.set(`${name}.${one.name}`, lacking(value, checker));
    }
  };
  for (const file of files) {
    const module = checker.getSymbolAtLocation(program.getSourceFile(file) as ts.SourceFile);
    if (module === undefined) throw new Error(`${file} is not a module`);
    for (const symbol of checker.getExportsOfModule(module)) visit(symbol.name, symbol, 0);
  }
  return { examples: [...found.values()], values };
}

/** A statement on one line, and the value that the comment after it promises. */
const promise = /^(?:const (?<name>\w+) = )?(?<code>.+);\s+\/\/ (?<value>(?:[[{'\d-]|(?:true|false|undefined)$).*)$/;

/** The example as a program that fails when a promise is not kept. */
function toProgram(code: string): string {
  const lines = code.split('\n').map((line) => {
    const { name, code: statement = '', value } = promise.exec(line)?.groups ?? {};
    if (value === undefined) return line;
    return name === undefined ? `same(${statement}, ${value});` : `${line}\nsame(${name}, ${value});`;
  });
  return `${preamble}\n{\n${lines.join('\n')}\n}\n`;
}

const { examples, values } = readDocs();
const programs = compileAll(
  'examples',
  examples.map(({ code }) => toProgram(code)),
  { noUnusedLocals: false },
);

describe('examples in docstrings', () => {
  it('are there, and most of them say what they give', () => {
    expect(examples.length).toBeGreaterThan(15);
    const promising = examples.filter(({ code }) => code.split('\n').some((line) => promise.test(line)));
    expect(promising.length).toBeGreaterThan(examples.length / 2);
  });

  it('are in the docstring of every function of nd, random and linalg, with a sentence and what it throws', () => {
    expect([...values.keys()].filter((name) => name.startsWith('nd.')).length).toBeGreaterThan(120);
    expect([...values.keys()].filter((name) => name.startsWith('random.')).length).toBeGreaterThan(4);
    expect([...values].filter(([, missing]) => missing.length > 0)).toEqual([]);
  });

  let thrown: readonly string[] = [];
  beforeAll(async () => {
    thrown = await runAll(programs, root);
  }, 180_000);

  it.each(examples.map(({ where }, i) => ({ where, i })))('$where', ({ i }) => {
    expect(thrown[i]).toBe('');
  });
});
