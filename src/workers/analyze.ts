/**
 * A function's source text made ready to be evaluated elsewhere: as an expression (methods are none), with the module
 * constructs `import.meta` and `import()` replaced by variables, and with what it refers to.
 */
import { type AnyNode, type Node, parse } from 'acorn';
import { type Edit, type FreeVariable, IMPORT_NAME, META_NAME, Walker } from './free-variables.js';

export interface Analysis {
  /** An expression whose value is the function; equals the source text except for methods and module constructs. */
  readonly code: string;
  /** How far the source text starts after the start of `code`. */
  readonly shift: number;
  readonly isClass: boolean;
  /** Instances hold state under `#` names that code other than the constructor needs; it cannot be copied. */
  readonly hasPrivateState: boolean;
  readonly free: readonly FreeVariable[];
  /** What cannot be moved: 'this', 'arguments', 'super', 'eval', 'new.target'. */
  readonly bound: string | undefined;
  readonly usesImport: boolean;
  readonly usesImportMeta: boolean;
}

const ecmaVersion = 'latest';

/**
 * Analyses the text that `Function.prototype.toString` gives. O(length of the text).
 * @throws SyntaxError when it is not a function, class or method.
 */
export function analyze(source: string, name: string): Analysis {
  const { root, code, shift, offset } = parseFunction(source, name);
  const walker = new Walker();
  walker.root(root);
  return {
    code: rewrite(code, offset, walker.edits),
    shift,
    isClass: root.type === 'ClassExpression',
    hasPrivateState: walker.hasPrivateState,
    free: [...walker.free.values()],
    bound: walker.bound,
    usesImport: walker.edits.some((edit) => edit.text === IMPORT_NAME),
    usesImportMeta: walker.edits.some((edit) => edit.text === META_NAME),
  };
}

interface Parsed {
  readonly root: AnyNode;
  readonly code: string;
  readonly shift: number;
  /** Where `code` starts in the text whose positions the nodes carry. */
  readonly offset: number;
}

function parseFunction(source: string, name: string): Parsed {
  const text = `(${source})`;
  try {
    return { root: expressionOf(text), code: source, shift: 0, offset: 1 };
  } catch (error) {
    const method = parseMethod(source, name);
    if (method !== undefined) return method;
    throw error;
  }
}

/** A method's text is no expression: it becomes the only method of an object literal, under the function's name. */
function parseMethod(source: string, name: string): Parsed | undefined {
  let root: AnyNode;
  try {
    root = expressionOf(`({${source}})`);
  } catch {
    try {
      root = expressionOf(`(class { ${source} })`);
    } catch {
      return undefined;
    }
  }
  let fn: AnyNode | undefined;
  let start = 2;
  if (root.type === 'ObjectExpression') {
    const property = root.properties[0];
    if (property?.type === 'Property') fn = property.value;
  } else if (root.type === 'ClassExpression') {
    const member = root.body.body[0];
    if (member?.type === 'MethodDefinition') fn = member.value;
    start = 9;
  }
  if (fn?.type !== 'FunctionExpression') return undefined;
  const head = `${fn.async ? 'async ' : ''}${fn.generator ? '*' : ''}`;
  const body = source.slice(fn.start - start);
  const key = JSON.stringify(name);
  const prefix = `({ ${head}${key}`;
  const code = `${prefix}${body} })[${key}]`;
  const again = expressionOf(`(${code})`);
  const literal = again.type === 'MemberExpression' ? again.object : undefined;
  const moved = literal?.type === 'ObjectExpression' ? literal.properties[0] : undefined;
  if (moved?.type !== 'Property') return undefined;
  return { root: moved.value, code, shift: prefix.length - (fn.start - start), offset: 1 };
}

/** Parsed as sloppy code, or as strict where only that succeeds, with `import.meta` and `await` left to the walker. */
function expressionOf(text: string): AnyNode {
  let program: Node & { body: AnyNode[] };
  try {
    program = parse(text, { ecmaVersion, sourceType: 'module', allowSuperOutsideMethod: true });
  } catch {
    program = parse(text, {
      ecmaVersion,
      sourceType: 'script',
      allowSuperOutsideMethod: true,
      allowAwaitOutsideFunction: false,
    });
  }
  const [statement] = program.body;
  if (program.body.length !== 1 || statement?.type !== 'ExpressionStatement') {
    throw new SyntaxError('the source text is not one expression');
  }
  return statement.expression;
}

function rewrite(code: string, offset: number, edits: readonly Edit[]): string {
  let result = '';
  let position = 0;
  for (const edit of [...edits].sort((a, b) => a.start - b.start)) {
    result += code.slice(position, edit.start - offset) + edit.text;
    position = edit.end - offset;
  }
  return result + code.slice(position);
}
