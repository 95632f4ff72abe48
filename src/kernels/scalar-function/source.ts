/**
 * The source text of a scalar function, parsed: what `Function.prototype.toString` gives, be it an arrow function, a
 * function expression or a method. It knows where everything stands, so that what cannot be translated is an error that
 * names the construct, its line and its column, and shows the line.
 */
import {
  type AnyNode,
  type ArrowFunctionExpression,
  type FunctionDeclaration,
  type FunctionExpression,
  getLineInfo,
  type Node,
  parse,
} from 'acorn';
import { ArgumentError, KernelSourceError } from '../../errors.js';

export type FunctionNode = ArrowFunctionExpression | FunctionExpression | FunctionDeclaration;

export class Source {
  /** How messages call the kernel: `nd.kernel('name')`. */
  readonly where: string;
  readonly root: FunctionNode;
  readonly #text: string;
  /** How much was put before the function's own text to make it an expression. */
  readonly #prefix: number;

  /** @throws KernelSourceError for text that is no function; ArgumentError for a native or bound function. */
  constructor(where: string, text: string) {
    this.where = where;
    this.#text = text;
    if (/\{\s*\[native code\]\s*\}\s*$/.test(text)) {
      throw new ArgumentError(
        `${where}: the function is native or bound and has no source text to translate; wrap it: (x) => …`,
      );
    }
    const { root, prefix } = parseFunction(text);
    this.#prefix = prefix;
    if (root === undefined) {
      throw this.#error(prefix, 'a class or other text that is no function', 'give an arrow function or a function');
    }
    this.root = root;
    if (root.async) this.refuse(root, 'an async function', 'leave out async: a kernel is computed by itself');
    if (root.generator) this.refuse(root, 'a generator', 'return the value instead');
  }

  /** @param construct what stands there, with its article; @param hint what to write instead. */
  refuse(node: Pick<Node, 'start'>, construct: string, hint: string): never {
    throw this.#error(node.start, construct, hint);
  }

  #error(position: number, construct: string, hint: string): KernelSourceError {
    const { line, column } = getLineInfo(this.#text, Math.max(0, position - this.#prefix));
    const shown = (this.#text.split(/\r\n|\r|\n/)[line - 1] ?? '').replaceAll('\t', ' ');
    return new KernelSourceError(this.where, construct, hint, line, column + 1, shown);
  }
}

function parseFunction(text: string): { root: FunctionNode | undefined; prefix: number } {
  for (const [head, tail] of [
    ['(', ')'],
    ['({', '})'],
    ['(class {', '})'],
  ] as const) {
    const root = functionIn(`${head}${text}\n${tail}`);
    if (root !== undefined) return { root, prefix: head.length };
  }
  return { root: undefined, prefix: 0 };
}

function functionIn(text: string): FunctionNode | undefined {
  let statements: readonly AnyNode[];
  try {
    statements = parse(text, { ecmaVersion: 'latest', sourceType: 'script', allowSuperOutsideMethod: true }).body;
  } catch {
    return undefined;
  }
  const expression = statements.length === 1 && statements[0]?.type === 'ExpressionStatement' && statements[0];
  if (expression === false || expression === undefined) return undefined;
  let node: AnyNode = expression.expression;
  if (node.type === 'ObjectExpression' && node.properties.length === 1 && node.properties[0]?.type === 'Property') {
    node = node.properties[0].value;
  } else if (node.type === 'ClassExpression' && node.body.body[0]?.type === 'MethodDefinition') {
    node = node.body.body[0].value;
  }
  return node.type === 'ArrowFunctionExpression' || node.type === 'FunctionExpression' ? node : undefined;
}
