/**
 * Functions in gpu.js's form, translated by gpu.js to WGSL, which the GPU device runs on its own arrays; and what is wrong
 * with those that it cannot translate. Numbers are float32 throughout.
 */
import { type AnyNode, parseExpressionAt } from 'acorn';
import { full } from 'acorn-walk';
import { KernelSourceError } from '../../errors.js';
import { type ArgumentKind, examplesOf, kept, load, type Source, settingsOf, type WgslKernel } from './library.js';

export interface Shader {
  readonly code: string;
  /** Numbers that the function answers for each element: 1, or 2 to 4 for a list. */
  readonly components: number;
  /** How many threads a workgroup has along each axis. */
  readonly workgroup: readonly [number, number, number];
}

const keyOf = ({ text, output, constants, kinds }: Source): string =>
  JSON.stringify([text, output.length, constants, kinds]);

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
  const { WebGPUKernel } = load();
  class Translator extends WebGPUKernel {
    /** It is not to run there. */
    override _buildAsync(): Promise<void> {
      return Promise.resolve();
    }
  }
  let made: Translator;
  try {
    made = new Translator(source.text, settingsOf(source));
    made.build(...examplesOf(source.kinds));
  } catch (error) {
    throw sourceError(source, error);
  }
  if (made.paramsLayout.randomSeedOffset !== null) {
    const at = source.text.search(/Math\s*\.\s*random/);
    throw at < 0
      ? sourceError(source, new Error('Math.random'))
      : errorAt(source, 'Math.random', 'give it numbers of `random` as an argument, which are the same everywhere', at);
  }
  refuseWrites(source);
  return {
    code: rebound(made, source.kinds),
    components: made.componentCount,
    workgroup: made.workgroupSize,
  };
}

/**
 * gpu.js's code with this package's bindings: the uniform last, and scalars that are in arrays read there. Every thread has
 * numbers of its own, which the function may change.
 */
function rebound({ compiledSource, paramsLayout }: WgslKernel, kinds: readonly ArgumentKind[]): string {
  const names: string[] = [];
  for (const { index, name } of [...paramsLayout.arrayArgs, ...paramsLayout.scalarArgs]) names[index] = name;
  let text = compiledSource.replace(/^@group\(0\) @binding\(\d+\) .*\n/gm, '');
  const bindings: string[] = [];
  const own: string[] = [];
  kinds.forEach((kind, i) => {
    const array = kind === 'array' ? `user_${names[i]}` : `scalar_${names[i]}`;
    if (kind !== 'number') {
      bindings.push(`@group(0) @binding(${bindings.length}) var<storage, read> ${array} : array<f32>;`);
    }
    if (kind === 'array') return;
    const number = kind === 'number' ? `params.user_${names[i]}` : `${array}[0]`;
    own.push(`  var own_${names[i]} : f32 = ${number};\n`);
    text = text.replace(new RegExp(`params\\.user_${names[i]}\\b`, 'g'), `own_${names[i]}`);
    if (kind === 'scalar') text = text.replace(new RegExp(`^ *user_${names[i]} : f32,\\n`, 'm'), '');
  });
  text = text.replace(/^ *let data_index\b.*\n/m, (line) => line + own.join(''));
  bindings.push(`@group(0) @binding(${bindings.length}) var<storage, read_write> result : array<f32>;`);
  bindings.push(`@group(0) @binding(${bindings.length}) var<uniform> params : Params;`);
  const end = text.indexOf('}') + 1;
  return `${text.slice(0, end)}\n${bindings.join('\n')}${text.slice(end)}`;
}

/** @throws KernelSourceError for an assignment to an element of an argument: others see the same array */
function refuseWrites(source: Source): void {
  const names = parametersOf(source);
  full(parsed(source.text, source.where), (node) => {
    const { left, argument } = node as { left?: AnyNode; argument?: AnyNode };
    let target = node.type === 'UpdateExpression' ? argument : node.type === 'AssignmentExpression' ? left : undefined;
    if (target?.type !== 'MemberExpression') return;
    while (target.type === 'MemberExpression') target = target.object;
    if (target.type !== 'Identifier' || !names.includes(target.name)) return;
    const hint = 'it answers an element of the result, and arguments stay as they are';
    throw errorAt(source, `an assignment to an element of '${target.name}'`, hint, node.start);
  });
}

/** What to do about another form. */
const FORM = 'write `function (a, b) { … this.thread.x … }`';

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
  throw errorAt({ text, where }, 'what is no function expression', FORM, 0);
}

/** The error for what gpu.js says of a source. */
export function sourceError(source: Pick<Source, 'text' | 'where'>, error: unknown): KernelSourceError {
  const message = error instanceof Error ? error.message : String(error);
  if (message === 'source not a function string') {
    return errorAt(source, 'a function that does not begin with `function`', `it has no \`this\`; ${FORM}`, 0);
  }
  const unknown = /unhandled return type null/.test(message) ? foreignCall(source) : undefined;
  if (unknown !== undefined) {
    const hint = 'a function of its own must be written inside it, and Math has the others';
    return errorAt(source, `a call of '${unknown.name}'`, hint, unknown.at);
  }
  const [, lines, shown] = / on line (\d+), position \d+:\n ([\s\S]*)$/.exec(message) ?? [];
  const said = `gpu.js says: ${message.split('\n')[0]!.replace(/ on line \d+, position \d+:$/, '')}`;
  if (shown !== undefined) return errorAt(source, 'this', said, placeOf(source.text, Number(lines), shown));
  const [, type] = /unhandled type "(\w+)"/.exec(message) ?? [];
  let at = 0;
  if (type !== undefined) {
    full(parsed(source.text, source.where), (node) => {
      if (node.type === type && node.start > 0 && (at === 0 || node.start < at)) at = node.start;
    });
  }
  return errorAt(source, type ?? 'this', said, at);
}

/** What gpu.js puts before a function, by whose length its places in it are shifted. */
const BEFORE = 'const parser_kernel = '.length;

/**
 * Where the part is that gpu.js complains of. It says what that part is, or on the first line what is behind it by the length
 * of what it puts before; and how many lines there are from so far behind its start.
 */
function placeOf(text: string, lines: number, shown: string): number {
  const first = text.split('\n')[0]!.length;
  if (shown === '') return 0;
  for (let found = text.indexOf(shown); found >= 0; found = text.indexOf(shown, found + 1)) {
    const at = found <= first ? found - BEFORE : found;
    if (at >= 0 && text.slice(at + BEFORE).split('\n').length === lines) return at;
  }
  return 0;
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
