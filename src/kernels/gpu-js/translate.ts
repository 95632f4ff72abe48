/**
 * Functions in gpu.js's form, translated by gpu.js: to WGSL, which the GPU device runs on its own arrays, and to its
 * WebAssembly or CPU backend. gpu.js is loaded when the first such kernel is made. Numbers are float32 throughout.
 */
import { createRequire } from 'node:module';
import { type AnyNode, parseExpressionAt } from 'acorn';
import { full } from 'acorn-walk';
import { KernelSourceError } from '../../errors.js';

/** An argument as a translation sees it: an array, a number that is in an array of its own, or a number. */
export type ArgumentKind = 'array' | 'scalar' | 'number';

/** What a translation depends on. */
export interface Source {
  /** What the kernel is called in errors. */
  readonly where: string;
  readonly text: string;
  /** gpu.js's order: x, y, z. */
  readonly output: readonly number[];
  readonly constants: Readonly<Record<string, number>>;
  readonly kinds: readonly ArgumentKind[];
}

export interface Shader {
  readonly code: string;
  /** Numbers that the function answers for each element: 1, or 2 to 4 for a list. */
  readonly components: number;
  /** How many threads a workgroup has along each axis. */
  readonly workgroup: readonly [number, number, number];
}

/** What of gpu.js is used. */
interface Library {
  readonly WebGPUKernel: new (source: string, settings: object) => Translated & { build(...args: unknown[]): unknown };
  readonly GPU: new (settings: object) => { createKernel(source: string, settings: object): Run; destroy(): unknown };
  readonly input: (data: Float32Array, size: readonly number[]) => unknown;
}

interface Translated {
  readonly compiledSource: string;
  readonly componentCount: number;
  readonly workgroupSize: readonly [number, number, number];
  readonly paramsLayout: {
    readonly randomSeedOffset: number | null;
    readonly arrayArgs: readonly Placed[];
    readonly scalarArgs: readonly Placed[];
  };
  _buildAsync(): Promise<void>;
}

/** An argument by its place, with its name in the translated code. */
interface Placed {
  readonly index: number;
  readonly name: string;
}

type Nested = Float32Array | number | readonly Nested[];
type Run = (...args: unknown[]) => Nested;

let library: Library | undefined;

function load(): Library {
  library ??= createRequire(import.meta.url)('gpu.js') as Library;
  return library;
}

/** As many iterations as a counter holds: by default gpu.js ends loops after a thousand without a word. */
const MOST_ITERATIONS = 2 ** 31 - 1;

function settingsOf({ output, constants, kinds }: Source): object {
  return {
    output: [...output],
    constants,
    constantTypes: Object.fromEntries(Object.keys(constants).map((name) => [name, 'Float'])),
    argumentTypes: kinds.map((kind) => (kind === 'array' ? 'Input' : 'Float')),
    loopMaxIterations: MOST_ITERATIONS,
  };
}

const keyOf = ({ text, output, constants, kinds }: Source): string =>
  JSON.stringify([text, output.length, constants, kinds]);

/** Kept of each kind; more are made again. */
const MOST_KEPT = 256;

function kept<T>(map: Map<string, T>, key: string, make: () => T): T {
  let found = map.get(key);
  if (found === undefined) {
    found = make();
    if (map.size >= MOST_KEPT) map.delete(map.keys().next().value!);
    map.set(key, found);
  }
  return found;
}

const shaders = new Map<string, Shader>();

/**
 * The function as WGSL. Arrays are bound in the order of the arguments, those of scalars among them, then the result and
 * then the numbers: lengths of the result along x, y, z and threads in a row of workgroups; lengths of each array along x, y,
 * z and 0; the arguments that are numbers.
 *
 * @throws KernelSourceError naming the function and the line of what gpu.js cannot translate
 */
export function shaderOf(source: Source): Shader {
  return kept(shaders, keyOf(source), () => translate(source));
}

function translate(source: Source): Shader {
  const { WebGPUKernel, input } = load();
  class Translator extends WebGPUKernel {
    /** It is not to run there. */
    override _buildAsync(): Promise<void> {
      return Promise.resolve();
    }
  }
  let made: Translator;
  try {
    made = new Translator(source.text, settingsOf(source));
    made.build(...source.kinds.map((kind) => (kind === 'array' ? input(new Float32Array(1), [1]) : 0)));
  } catch (error) {
    throw sourceError(source, error);
  }
  if (made.paramsLayout.randomSeedOffset !== null) {
    const at = source.text.search(/Math\s*\.\s*random/);
    throw at < 0
      ? sourceError(source, new Error('Math.random'))
      : errorAt(source, 'Math.random', 'give it numbers of `random` as an argument, which are the same everywhere', at);
  }
  return {
    code: rebound(made, source.kinds),
    components: made.componentCount,
    workgroup: made.workgroupSize,
  };
}

/** gpu.js's code with this package's bindings: numbers last, and scalars that are in arrays read there. */
function rebound({ compiledSource, paramsLayout }: Translated, kinds: readonly ArgumentKind[]): string {
  const names: string[] = [];
  for (const { index, name } of [...paramsLayout.arrayArgs, ...paramsLayout.scalarArgs]) names[index] = name;
  let text = compiledSource.replace(/^@group\(0\) @binding\(\d+\) .*\n/gm, '');
  const bindings: string[] = [];
  kinds.forEach((kind, i) => {
    if (kind === 'number') return;
    const name = kind === 'array' ? `user_${names[i]}` : `scalar_${names[i]}`;
    bindings.push(`@group(0) @binding(${bindings.length}) var<storage, read> ${name} : array<f32>;`);
    if (kind === 'array') return;
    text = text
      .replace(new RegExp(`^ *user_${names[i]} : f32,\\n`, 'm'), '')
      .replace(new RegExp(`params\\.user_${names[i]}\\b`, 'g'), `${name}[0]`);
  });
  bindings.push(`@group(0) @binding(${bindings.length}) var<storage, read_write> result : array<f32>;`);
  bindings.push(`@group(0) @binding(${bindings.length}) var<uniform> params : Params;`);
  const end = text.indexOf('}') + 1;
  return `${text.slice(0, end)}\n${bindings.join('\n')}${text.slice(end)}`;
}

/** The names of a function's parameters. @throws KernelSourceError for what is no function, or has other parameters */
export function parametersOf({ text, where }: Pick<Source, 'text' | 'where'>): string[] {
  const { params } = parsed(text, where) as unknown as { params: readonly AnyNode[] };
  return params.map((param) => {
    if (param.type === 'Identifier') return param.name;
    throw errorAt({ text, where }, 'a parameter that is no plain name', 'name each argument', param.start);
  });
}

function parsed(text: string, where: string): AnyNode {
  try {
    const node = parseExpressionAt(text, 0, { ecmaVersion: 'latest' });
    if (node.type === 'FunctionExpression' || node.type === 'ArrowFunctionExpression') return node;
  } catch {
    // said below
  }
  throw errorAt({ text, where }, 'what is no function expression', 'write `function (a, b) { … this.thread.x … }`', 0);
}

/** The error for what gpu.js says of a source. */
function sourceError(source: Pick<Source, 'text' | 'where'>, error: unknown): KernelSourceError {
  const message = error instanceof Error ? error.message : String(error);
  const unknown = /unhandled return type null/.test(message) ? foreignCall(source) : undefined;
  if (unknown !== undefined) {
    const hint = 'a function of its own must be written inside it, and Math has the others';
    return errorAt(source, `a call of '${unknown.name}'`, hint, unknown.at);
  }
  const [, line, column] = /on line (\d+), position (\d+)/.exec(message) ?? [];
  const said = `gpu.js says: ${message.split('\n')[0]}`;
  if (line !== undefined) {
    const start = source.text
      .split('\n')
      .slice(0, Number(line) - 1)
      .reduce((sum, { length }) => sum + length + 1, 0);
    return errorAt(source, 'this', said, start + Number(column));
  }
  const [, type] = /unhandled type "(\w+)"/.exec(message) ?? [];
  let at = 0;
  if (type !== undefined) {
    full(parsed(source.text, source.where), (node) => {
      if (node.type === type && node.start > 0 && (at === 0 || node.start < at)) at = node.start;
    });
  }
  return errorAt(source, type ?? 'this', said, at);
}

/** The first call of a function that a source neither has nor gets. */
function foreignCall({ text, where }: Pick<Source, 'text' | 'where'>): { name: string; at: number } | undefined {
  const own = new Set<string>();
  const called: { name: string; at: number }[] = [];
  full(parsed(text, where), (node) => {
    const { type, callee, id, start } = node as {
      type: string;
      callee?: AnyNode;
      id?: { name?: string };
      start: number;
    };
    if (id?.name !== undefined) own.add(id.name);
    if (type === 'CallExpression' && callee?.type === 'Identifier') called.push({ name: callee.name, at: start });
  });
  return called.filter(({ name }) => !own.has(name)).sort((a, b) => a.at - b.at)[0];
}

function errorAt(
  { text, where }: Pick<Source, 'text' | 'where'>,
  what: string,
  hint: string,
  at: number,
): KernelSourceError {
  const before = text.slice(0, at).split('\n');
  const column = before.at(-1)!.length + 1;
  return new KernelSourceError(where, what, hint, before.length, column, text.split('\n')[before.length - 1] ?? '');
}

interface Runner {
  readonly backend: 'webasm' | 'cpu';
  readonly run: Run;
}

const runners = new Map<string, Runner>();

/** An array as gpu.js takes it: its numbers and its lengths along x, y, z. */
export interface PlainArray {
  readonly data: Float32Array;
  readonly size: readonly number[];
}

/**
 * The elements of the result, in order: by gpu.js's WebAssembly backend, or by its CPU backend where that one cannot
 * translate the function. `args` are arrays and numbers.
 */
export function runHere(source: Source, args: readonly (PlainArray | number)[], into: Float32Array): 'webasm' | 'cpu' {
  const { GPU, input } = load();
  const values = args.map((arg) => (typeof arg === 'number' ? arg : input(arg.data, arg.size)));
  const sizes = args.map((arg) => (typeof arg === 'number' ? 0 : arg.size));
  const key = JSON.stringify([keyOf(source), source.output, sizes]);
  const found = runners.get(key);
  if (found !== undefined) {
    flatten(found.run(...values), into);
    return found.backend;
  }
  for (const backend of ['webasm', 'cpu'] as const) {
    try {
      const run = new GPU({ mode: backend }).createKernel(source.text, settingsOf(source));
      flatten(run(...values), into);
      return kept(runners, key, () => ({ backend, run })).backend;
    } catch (error) {
      if (backend === 'cpu') throw sourceError(source, error);
    }
  }
  throw new Error('not reached');
}

function flatten(value: Nested, into: Float32Array): void {
  let at = 0;
  const visit = (part: Nested): void => {
    if (typeof part === 'number') into[at++] = part;
    else if (part instanceof Float32Array) {
      into.set(part, at);
      at += part.length;
    } else for (const one of part) visit(one);
  };
  visit(value);
}
