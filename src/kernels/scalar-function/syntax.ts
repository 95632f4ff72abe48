/** Questions about syntax trees: what is assigned in them, and what things are called in messages. */
import type { AnyNode, Node } from 'acorn';
import { childrenOf } from './children.js';
import type { FunctionNode } from './source.js';

/** The assignments and updates of a variable of this name, functions inside included. */
export function assignmentsTo(name: string, nodes: readonly (AnyNode | null | undefined)[]): AnyNode[] {
  const found: AnyNode[] = [];
  const visit = (node: AnyNode): void => {
    if (assignedName(node) === name) found.push(node);
    for (const child of childrenOf(node)) visit(child);
  };
  for (const node of nodes) if (node) visit(node);
  return found;
}

/** The names that are assigned to anywhere in these nodes. */
export function assignedNames(nodes: readonly (AnyNode | null | undefined)[]): Set<string> {
  const names = new Set<string>();
  const visit = (node: AnyNode): void => {
    const name = assignedName(node);
    if (name !== undefined) names.add(name);
    for (const child of childrenOf(node)) visit(child);
  };
  for (const node of nodes) if (node) visit(node);
  return names;
}

/** The names that are declared anywhere in these nodes, as variables, functions or parameters. */
export function declaredNames(nodes: readonly (AnyNode | null | undefined)[]): Set<string> {
  const names = new Set<string>();
  const visit = (node: AnyNode): void => {
    if (node.type === 'VariableDeclarator') add(node.id);
    if (node.type === 'FunctionDeclaration' && node.id) add(node.id);
    if (isFunction(node)) (node as FunctionNode).params.forEach(add);
    for (const child of childrenOf(node)) visit(child);
  };
  const add = (pattern: Node): void => {
    const name = nameOf(pattern);
    if (name !== undefined) names.add(name);
  };
  for (const node of nodes) if (node) visit(node);
  return names;
}

function assignedName(node: AnyNode): string | undefined {
  if (node.type === 'AssignmentExpression' && node.left.type === 'Identifier') return node.left.name;
  if (node.type === 'UpdateExpression' && node.argument.type === 'Identifier') return node.argument.name;
  return undefined;
}

/** The names that functions inside of `root` assign to. */
export function namesAssignedInside(root: AnyNode): Set<string> {
  const functions: AnyNode[] = [];
  const visit = (node: AnyNode): void => {
    for (const child of childrenOf(node)) {
      if (isFunction(child)) functions.push(child);
      else visit(child);
    }
  };
  visit(root);
  return assignedNames(functions);
}

export function isFunction(node: Node): boolean {
  return ['ArrowFunctionExpression', 'FunctionExpression', 'FunctionDeclaration'].includes(node.type);
}

/** Whether there is a `continue` in a loop's body, other than of loops inside it. */
export function hasContinue(body: AnyNode): boolean {
  if (body.type === 'ContinueStatement') return true;
  const isLoop = /^(For|While|DoWhile)/.test(body.type);
  for (const child of childrenOf(body)) {
    if (isFunction(child)) continue;
    if (isLoop ? hasLabelledContinue(child) : hasContinue(child)) return true;
  }
  return false;
}

function hasLabelledContinue(node: AnyNode): boolean {
  if (node.type === 'ContinueStatement') return Boolean(node.label);
  for (const child of childrenOf(node)) if (!isFunction(child) && hasLabelledContinue(child)) return true;
  return false;
}

/** The names that are read anywhere in `node`, names of properties among them. */
export function namesIn(node: AnyNode): string[] {
  const own = node.type === 'Identifier' ? [node.name] : [];
  return [...own, ...Array.from(childrenOf(node), namesIn).flat()];
}

/** The statements directly inside a statement. */
export function statementsIn(node: AnyNode): AnyNode[] {
  return [...childrenOf(node)].filter(({ type }) => type.endsWith('Statement') || type === 'VariableDeclaration');
}

/** The conditions that `test` is the conjunction of. */
export function conjuncts(test: AnyNode): AnyNode[] {
  if (test.type === 'LogicalExpression' && test.operator === '&&') {
    return [...conjuncts(test.left), ...conjuncts(test.right)];
  }
  return [test];
}

/** The names that a pattern binds; undefined for patterns other than a name. */
export function nameOf(node: Node): string | undefined {
  return node.type === 'Identifier' ? (node as Node & { name: string }).name : undefined;
}

const constructs: Readonly<Record<string, readonly [construct: string, hint: string]>> = {
  ArrayExpression: ['an array literal', 'use numbers in variables of their own'],
  AwaitExpression: ['await', 'pass the value it waits for as a parameter'],
  BigIntLiteral: ['a bigint', 'write a number: 10 instead of 10n'],
  ChainExpression: ['optional chaining (?.)', 'values of a kernel are numbers and never missing'],
  ClassDeclaration: ['a class', 'use numbers in variables of their own'],
  ClassExpression: ['a class', 'use numbers in variables of their own'],
  DebuggerStatement: ['debugger', 'leave it out'],
  ForInStatement: ['a for…in loop', 'use for (let i = 0; i < 10; i++) with a constant bound'],
  ForOfStatement: ['a for…of loop', 'use for (let i = 0; i < 10; i++) with a constant bound'],
  ImportExpression: ['import()', 'pass what it needs as a parameter'],
  MetaProperty: ['a meta property', 'leave it out'],
  NewExpression: ['new', 'use numbers in variables of their own'],
  ObjectExpression: ['an object literal', 'use numbers in variables of their own'],
  SpreadElement: ['a spread (…)', 'write out the arguments'],
  SwitchStatement: ['switch', 'use if and else'],
  TaggedTemplateExpression: ['a template literal', 'a kernel computes with numbers only'],
  TemplateLiteral: ['a template literal', 'a kernel computes with numbers only'],
  ThisExpression: ['this', 'pass what it needs as a parameter'],
  ThrowStatement: ['throw', 'return NaN instead and check the result'],
  TryStatement: ['try', 'nothing in a kernel throws'],
  WithStatement: ['with', 'name what it needs'],
  YieldExpression: ['yield', 'return the value instead'],
};

/** What a node that is not translated is called, and what to do about it. */
export function constructOf(node: Node): readonly [construct: string, hint: string] {
  return constructs[node.type] ?? [`this (${node.type})`, 'write it with arithmetic, conditions and bounded loops'];
}
