/**
 * What the source of a script says about it as a module: which functions it exports under which names, what it imports,
 * and whether importing it a second time would run a program again. Read from the text, never by importing.
 */
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { type AnyNode, type Program, parse } from 'acorn';
import { childrenOf } from '../kernels/scalar-function/children.js';

export interface ModuleInfo {
  /** Export names of top-level functions and classes by the position at which their text starts. */
  readonly exports: ReadonlyMap<number, string>;
  /** Local names of imports. `name` is '*' for a namespace. */
  readonly imports: ReadonlyMap<string, { readonly specifier: string; readonly name: string }>;
  /** The top level awaits or calls something for its effect, so a second import could repeat a program. */
  readonly runsProgram: boolean;
}

const empty: ModuleInfo = { exports: new Map(), imports: new Map(), runsProgram: true };

/** O(length of the source); a source that does not parse counts as one that exports nothing. */
export function moduleInfo(source: string, isModule: boolean): ModuleInfo {
  let program: Program;
  try {
    program = parse(source, {
      ecmaVersion: 'latest',
      sourceType: isModule ? 'module' : 'script',
      allowHashBang: true,
      allowReturnOutsideFunction: true,
      allowAwaitOutsideFunction: true,
    });
  } catch {
    return empty;
  }
  const locals = new Map<string, number>();
  const exports = new Map<number, string>();
  const imports = new Map<string, { specifier: string; name: string }>();
  const exportedLocals: [local: string, exported: string][] = [];
  let runsProgram = false;

  const declare = (node: AnyNode, exported: boolean): void => {
    if ((node.type === 'FunctionDeclaration' || node.type === 'ClassDeclaration') && node.id) {
      locals.set(node.id.name, node.start);
      if (exported) exportedLocals.push([node.id.name, node.id.name]);
    } else if (node.type === 'VariableDeclaration') {
      for (const declarator of node.declarations) {
        if (declarator.id.type !== 'Identifier' || !declarator.init) continue;
        const made = unwrapName(declarator.init);
        if (node.kind === 'const' && isFunctionLike(made)) locals.set(declarator.id.name, made.start);
        if (exported) exportedLocals.push([declarator.id.name, declarator.id.name]);
        if (starting.test(calleeName(made))) runsProgram = true;
      }
    }
  };

  for (const statement of topLevel(program)) {
    if (!runsProgram && awaits(statement)) runsProgram = true;
    switch (statement.type) {
      case 'ImportDeclaration':
        for (const part of statement.specifiers) {
          const name =
            part.type === 'ImportDefaultSpecifier'
              ? 'default'
              : part.type === 'ImportNamespaceSpecifier'
                ? '*'
                : nameOf(part.imported);
          imports.set(part.local.name, { specifier: String(statement.source.value), name });
        }
        break;
      case 'ExportNamedDeclaration':
        if (statement.declaration) declare(statement.declaration, true);
        else if (!statement.source) {
          for (const part of statement.specifiers) exportedLocals.push([nameOf(part.local), nameOf(part.exported)]);
        }
        break;
      case 'ExportDefaultDeclaration': {
        const made = unwrapName(statement.declaration);
        if (made.type === 'Identifier') exportedLocals.push([made.name, 'default']);
        else {
          if ('id' in made && made.id?.type === 'Identifier') locals.set(made.id.name, made.start);
          exports.set(made.start, 'default');
        }
        break;
      }
      case 'ExpressionStatement':
        if (hasEffect(statement.expression)) runsProgram = true;
        break;
      case 'FunctionDeclaration':
      case 'ClassDeclaration':
      case 'VariableDeclaration':
        declare(statement, false);
        break;
      case 'ForStatement':
      case 'ForOfStatement':
      case 'ForInStatement':
      case 'WhileStatement':
      case 'DoWhileStatement':
      case 'TryStatement':
        runsProgram = true;
        break;
      default:
    }
  }
  for (const [local, exported] of exportedLocals) {
    const start = locals.get(local);
    if (start !== undefined && !exports.has(start)) exports.set(start, exported);
  }
  return { exports, imports, runsProgram };
}

/** The top level, also where a transpiler wrapped all of it as `(() => { … })()`. */
function topLevel(program: Program): readonly AnyNode[] {
  return program.body.flatMap((statement): readonly AnyNode[] => {
    if (statement.type !== 'ExpressionStatement' || statement.expression.type !== 'CallExpression') return [statement];
    const { callee } = statement.expression;
    const isWrapper = callee.type === 'ArrowFunctionExpression' || callee.type === 'FunctionExpression';
    return isWrapper && !callee.async && callee.body.type === 'BlockStatement' ? callee.body.body : [statement];
  });
}

/** esbuild (and so tsx) wraps functions as `__name(function, 'name')`. */
function unwrapName(node: AnyNode): AnyNode {
  if (node.type === 'CallExpression' && node.callee.type === 'Identifier' && node.callee.name === '__name') {
    return node.arguments[0] ?? node;
  }
  return node;
}

function isFunctionLike(node: AnyNode): boolean {
  return (
    node.type === 'FunctionExpression' || node.type === 'ArrowFunctionExpression' || node.type === 'ClassExpression'
  );
}

function nameOf(node: AnyNode): string {
  return node.type === 'Identifier' ? node.name : node.type === 'Literal' ? String(node.value) : '';
}

/** Calls that only define things: what transpilers write, and `require`. */
const definers = /^(Object\.(definePropert(y|ies)|assign|freeze)|__\w+|require|Symbol)$/;

/** Calls that start something even where their result is kept. */
const starting = /(^|\.)(compute|persist|main|run|start|listen|spawn|fork)$/;

/** `f`, `object.f`, `.f` for longer chains, '' for what is no call. */
function calleeName(node: AnyNode): string {
  if (node.type !== 'CallExpression') return '';
  const { callee } = node;
  if (callee.type === 'Identifier') return callee.name;
  if (callee.type !== 'MemberExpression' || callee.property.type !== 'Identifier') return '';
  return `${callee.object.type === 'Identifier' ? callee.object.name : ''}.${callee.property.name}`;
}

function hasEffect(node: AnyNode): boolean {
  switch (node.type) {
    case 'CallExpression': {
      return !definers.test(calleeName(node));
    }
    case 'AwaitExpression':
    case 'NewExpression':
      return true;
    case 'SequenceExpression':
      return node.expressions.some(hasEffect);
    case 'LogicalExpression':
      return hasEffect(node.right);
    case 'UnaryExpression':
      return hasEffect(node.argument);
    case 'ParenthesizedExpression':
    case 'ChainExpression':
      return hasEffect(node.expression);
    default:
      return false;
  }
}

function awaits(node: AnyNode): boolean {
  if (node.type === 'AwaitExpression' || (node.type === 'ForOfStatement' && node.await)) return true;
  if (node.type.includes('Function') || node.type.includes('Class')) return false;
  for (const child of childrenOf(node)) if (awaits(child)) return true;
  return false;
}

const reaches = new Map<string, boolean>();
const importing = /(?:\bfrom|\bimport|\brequire\s*\()\s*\(?\s*['"](\.{1,2}\/[^'"]+)['"]/g;

/**
 * Whether importing `url` would import `entry` through relative imports of local files, which would run the program a
 * second time. Packages are not followed. Every file is read once per process.
 */
export function reachesEntry(url: string, entry: string): boolean {
  const key = `${url}\0${entry}`;
  const known = reaches.get(key);
  if (known !== undefined) return known;
  const seen = new Set<string>([url]);
  const waiting = [url];
  let found = false;
  for (let next = waiting.pop(); next !== undefined && !found; next = waiting.pop()) {
    if (withoutQuery(next) === entry) found = true;
    if (found || next.includes('/node_modules/')) continue;
    let text: string;
    try {
      text = readFileSync(fileURLToPath(withoutQuery(next)), 'utf8');
    } catch {
      continue;
    }
    for (const [, specifier] of text.matchAll(importing)) {
      for (const candidate of candidates(new URL(specifier ?? '', next).href)) {
        if (seen.has(candidate)) continue;
        seen.add(candidate);
        waiting.push(candidate);
      }
    }
  }
  reaches.set(key, found);
  return found;
}

/** A `.js` specifier may mean a `.ts` file, and none at all any of them, where a loader is at work. */
function candidates(url: string): string[] {
  const matched = /\.([cm]?)js$/.exec(url);
  if (matched) return [url, url.replace(/\.([cm]?)js$/, '.$1ts')];
  return /\.[cm]?[jt]sx?$/.test(url) ? [url] : [url, `${url}.js`, `${url}.ts`, `${url}/index.js`, `${url}/index.ts`];
}

export function withoutQuery(url: string): string {
  return url.replace(/[?#].*$/, '');
}
