/** Lexical scopes of JavaScript source: which names a function, a block and a pattern declare. */
import type { AnyNode, Pattern } from 'acorn';
import { childrenOf } from '../kernels/scalar-function/children.js';

export class Scope {
  readonly names = new Set<string>();
  readonly parent: Scope | undefined;
  /** A function that has its own `this` and `arguments`. */
  readonly hasThis: boolean;
  readonly isFunction: boolean;

  constructor(parent: Scope | undefined, isFunction: boolean, hasThis: boolean) {
    this.parent = parent;
    this.isFunction = isFunction;
    this.hasThis = hasThis;
  }

  has(name: string): boolean {
    for (let scope: Scope | undefined = this; scope !== undefined; scope = scope.parent) {
      if (scope.names.has(name)) return true;
    }
    return false;
  }

  get isInsideThis(): boolean {
    for (let scope: Scope | undefined = this; scope !== undefined; scope = scope.parent) {
      if (scope.hasThis) return true;
    }
    return false;
  }
}

/** `let`, `const`, `class` and functions of one block. */
export function declareBlock(statements: readonly AnyNode[], scope: Scope): void {
  for (const statement of statements) {
    const declared = statement.type === 'LabeledStatement' ? statement.body : statement;
    if (declared.type === 'VariableDeclaration' && declared.kind !== 'var') {
      for (const declarator of declared.declarations) declarePattern(declarator.id, scope);
    } else if (declared.type === 'FunctionDeclaration' || declared.type === 'ClassDeclaration') {
      if (declared.id) scope.names.add(declared.id.name);
    }
  }
}

/** Every `var` of a function's body, at any depth but not inside inner functions. */
export function declareVars(statements: readonly AnyNode[], scope: Scope): void {
  for (const statement of statements) visitVars(statement, scope);
}

function visitVars(node: AnyNode, scope: Scope): void {
  switch (node.type) {
    case 'FunctionDeclaration':
    case 'FunctionExpression':
    case 'ArrowFunctionExpression':
    case 'ClassDeclaration':
    case 'ClassExpression':
    case 'ExpressionStatement':
    case 'ReturnStatement':
      return;
    case 'VariableDeclaration':
      if (node.kind === 'var') for (const declarator of node.declarations) declarePattern(declarator.id, scope);
      return;
    default:
      for (const child of childrenOf(node)) visitVars(child, scope);
  }
}

/** Every name that a pattern binds. */
export function declarePattern(node: Pattern, scope: Scope): void {
  switch (node.type) {
    case 'Identifier':
      scope.names.add(node.name);
      return;
    case 'ObjectPattern':
      for (const property of node.properties) {
        declarePattern(property.type === 'RestElement' ? property.argument : property.value, scope);
      }
      return;
    case 'ArrayPattern':
      for (const element of node.elements) if (element !== null) declarePattern(element, scope);
      return;
    case 'RestElement':
      declarePattern(node.argument, scope);
      return;
    case 'AssignmentPattern':
      declarePattern(node.left, scope);
      return;
    default:
  }
}
