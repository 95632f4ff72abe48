/**
 * What a function's text refers to: its free variables with how each is used, and the few constructs that mean something
 * else once the text is moved (`this` of an outer function, `super`, direct eval). Scopes are resolved as the language
 * does, except that parameters and body of a function share one scope.
 */
import type { AnyNode, Expression, Pattern } from 'acorn';
import { childrenOf } from '../kernels/scalar-function/children.js';
import { declareBlock, declarePattern, declareVars, Scope } from './scopes.js';

/** Stands for `import.meta` and `import` in moved code. */
export const META_NAME = '__lazuliImportMeta';
export const IMPORT_NAME = '__lazuliImport';

export interface FreeVariable {
  readonly name: string;
  /** Members read as `name.member`; undefined once the variable is used in any other way. */
  members: Set<string> | undefined;
  /** The variable itself is assigned. */
  isAssigned: boolean;
  /** Something inside the value is assigned: `name.x = …`, `name[i]++`, `delete name.x`. */
  isChanged: boolean;
  /** Methods called on it directly: `name.push(…)`. */
  readonly calls: Set<string>;
}

/** A replacement in the text. */
export interface Edit {
  readonly start: number;
  readonly end: number;
  readonly text: string;
}

type Use = 'whole' | 'assigned' | 'changed' | { readonly member: string; readonly isCalled: boolean };

/** Walks one function; the public fields hold what it found. */
export class Walker {
  readonly free = new Map<string, FreeVariable>();
  readonly edits: Edit[] = [];
  bound: string | undefined;
  hasPrivateState = false;
  /** Inside a constructor or a private method: private names used only there do not outlive construction. */
  #constructing = 0;

  root(node: AnyNode): void {
    this.#visit(node, new Scope(undefined, true, false));
  }

  #use(name: string, scope: Scope, use: Use): void {
    if (name === 'arguments' && !scope.has(name)) {
      if (!scope.isInsideThis) this.bound ??= 'arguments';
      return;
    }
    if (scope.has(name)) return;
    let variable = this.free.get(name);
    if (variable === undefined) {
      variable = { name, members: new Set(), isAssigned: false, isChanged: false, calls: new Set() };
      this.free.set(name, variable);
    }
    if (typeof use === 'object') {
      variable.members?.add(use.member);
      if (use.isCalled) variable.calls.add(use.member);
      return;
    }
    variable.members = undefined;
    if (use === 'assigned') variable.isAssigned = true;
    if (use === 'changed') variable.isChanged = true;
  }

  #private(): void {
    if (this.#constructing === 0) this.hasPrivateState = true;
  }

  /** Nodes with a rule of their own; every other node is only its children. */
  #visit(node: AnyNode | null | undefined, scope: Scope): void {
    if (node === null || node === undefined) return;
    switch (node.type) {
      case 'Identifier':
        this.#use(node.name, scope, 'whole');
        return;
      case 'FunctionDeclaration':
      case 'FunctionExpression':
      case 'ArrowFunctionExpression':
        this.#function(node, scope);
        return;
      case 'ClassDeclaration':
      case 'ClassExpression':
        this.#class(node, scope);
        return;
      case 'MemberExpression':
        this.#member(node, scope, false);
        return;
      case 'CallExpression':
        if (node.callee.type === 'Identifier' && node.callee.name === 'eval' && !scope.has('eval')) {
          this.bound ??= 'eval';
        }
        if (node.callee.type === 'MemberExpression') this.#member(node.callee, scope, true);
        else this.#visit(node.callee as AnyNode, scope);
        for (const argument of node.arguments) this.#visit(argument, scope);
        return;
      case 'AssignmentExpression':
        this.#target(node.left, scope);
        this.#visit(node.right, scope);
        return;
      case 'UpdateExpression':
        this.#target(node.argument, scope);
        return;
      case 'UnaryExpression':
        if (node.operator === 'delete') this.#target(node.argument, scope);
        else this.#visit(node.argument, scope);
        return;
      case 'ThisExpression':
        if (!scope.isInsideThis) this.bound ??= 'this';
        return;
      case 'Super':
        if (!scope.has('super')) this.bound ??= 'super';
        return;
      case 'MetaProperty':
        if (node.meta.name === 'import') this.edits.push({ start: node.start, end: node.end, text: META_NAME });
        else if (!scope.isInsideThis) this.bound ??= 'new.target';
        return;
      case 'ImportExpression':
        this.edits.push({ start: node.start, end: node.start + 'import'.length, text: IMPORT_NAME });
        this.#visit(node.source, scope);
        return;
      case 'PrivateIdentifier':
        this.#private();
        return;
      case 'BlockStatement':
      case 'StaticBlock': {
        const inner = new Scope(scope, node.type === 'StaticBlock', node.type === 'StaticBlock');
        declareBlock(node.body, inner);
        if (node.type === 'StaticBlock') declareVars(node.body, inner);
        for (const statement of node.body) this.#visit(statement, inner);
        return;
      }
      case 'SwitchStatement': {
        this.#visit(node.discriminant, scope);
        const inner = new Scope(scope, false, false);
        for (const branch of node.cases) declareBlock(branch.consequent, inner);
        for (const branch of node.cases) this.#visit(branch, inner);
        return;
      }
      case 'ForStatement':
      case 'ForInStatement':
      case 'ForOfStatement': {
        const inner = new Scope(scope, false, false);
        const head = node.type === 'ForStatement' ? node.init : node.left;
        if (head?.type === 'VariableDeclaration') {
          if (head.kind !== 'var') for (const declared of head.declarations) declarePattern(declared.id, inner);
          this.#visit(head, inner);
        } else if (node.type === 'ForStatement') this.#visit(head, inner);
        else this.#target(head as Pattern, inner);
        if (node.type === 'ForStatement') {
          this.#visit(node.test, inner);
          this.#visit(node.update, inner);
        } else this.#visit(node.right, inner);
        this.#visit(node.body, inner);
        return;
      }
      case 'CatchClause': {
        const inner = new Scope(scope, false, false);
        if (node.param) {
          declarePattern(node.param, inner);
          this.#pattern(node.param, inner);
        }
        this.#visit(node.body, inner);
        return;
      }
      case 'VariableDeclarator':
        this.#pattern(node.id, scope);
        this.#visit(node.init, scope);
        return;
      case 'Property': {
        if (node.computed) this.#visit(node.key, scope);
        const inner = new Scope(scope, false, false);
        if (node.method || node.kind !== 'init') inner.names.add('super');
        this.#visit(node.value, inner);
        return;
      }
      case 'LabeledStatement':
        this.#visit(node.body, scope);
        return;
      case 'BreakStatement':
      case 'ContinueStatement':
        return;
      default:
        for (const child of childrenOf(node)) this.#visit(child, scope);
    }
  }

  #member(node: Extract<AnyNode, { type: 'MemberExpression' }>, scope: Scope, isCalled: boolean): void {
    if (node.property.type === 'PrivateIdentifier') this.#private();
    const member = memberName(node);
    if (node.object.type === 'Identifier' && member !== undefined) {
      this.#use(node.object.name, scope, { member, isCalled });
    } else {
      this.#visit(node.object, scope);
    }
    if (node.computed) this.#visit(node.property, scope);
  }

  /** The left side of an assignment: patterns, variables, or a place inside the value of a variable. */
  #target(node: Pattern | Expression, scope: Scope): void {
    switch (node.type) {
      case 'Identifier':
        this.#use(node.name, scope, 'assigned');
        return;
      case 'MemberExpression': {
        let inner: AnyNode = node;
        while (inner.type === 'MemberExpression' || inner.type === 'ChainExpression') {
          if (inner.type === 'ChainExpression') {
            inner = inner.expression;
            continue;
          }
          if (inner.computed) this.#visit(inner.property, scope);
          else if (inner.property.type === 'PrivateIdentifier') this.#private();
          inner = inner.object;
        }
        if (inner.type === 'Identifier') this.#use(inner.name, scope, 'changed');
        else this.#visit(inner, scope);
        return;
      }
      case 'ObjectPattern':
        for (const property of node.properties) {
          if (property.type === 'RestElement') this.#target(property.argument, scope);
          else {
            if (property.computed) this.#visit(property.key, scope);
            this.#target(property.value, scope);
          }
        }
        return;
      case 'ArrayPattern':
        for (const element of node.elements) if (element !== null) this.#target(element, scope);
        return;
      case 'RestElement':
        this.#target(node.argument, scope);
        return;
      case 'AssignmentPattern':
        this.#target(node.left, scope);
        this.#visit(node.right, scope);
        return;
      case 'ChainExpression':
        this.#target(node.expression, scope);
        return;
      default:
        this.#visit(node as AnyNode, scope);
    }
  }

  /** A declaring pattern: only its defaults and computed keys refer to anything. */
  #pattern(node: Pattern, scope: Scope): void {
    switch (node.type) {
      case 'ObjectPattern':
        for (const property of node.properties) {
          if (property.type === 'RestElement') this.#pattern(property.argument, scope);
          else {
            if (property.computed) this.#visit(property.key, scope);
            this.#pattern(property.value, scope);
          }
        }
        return;
      case 'ArrayPattern':
        for (const element of node.elements) if (element !== null) this.#pattern(element, scope);
        return;
      case 'RestElement':
        this.#pattern(node.argument, scope);
        return;
      case 'AssignmentPattern':
        this.#pattern(node.left, scope);
        this.#visit(node.right, scope);
        return;
      default:
    }
  }

  #function(node: AnyNode, outer: Scope): void {
    if (
      node.type !== 'FunctionDeclaration' &&
      node.type !== 'FunctionExpression' &&
      node.type !== 'ArrowFunctionExpression'
    ) {
      return;
    }
    const scope = new Scope(outer, true, node.type !== 'ArrowFunctionExpression');
    if (node.id && node.type === 'FunctionExpression') scope.names.add(node.id.name);
    // A function declaration at the root is an expression here, so its own name is inside as well.
    if (node.id && node.type === 'FunctionDeclaration') outer.names.add(node.id.name);
    for (const parameter of node.params) declarePattern(parameter, scope);
    if (node.body.type === 'BlockStatement') {
      declareVars(node.body.body, scope);
      declareBlock(node.body.body, scope);
    }
    for (const parameter of node.params) this.#pattern(parameter, scope);
    if (node.body.type === 'BlockStatement') {
      for (const statement of node.body.body) this.#visit(statement, scope);
    } else {
      this.#visit(node.body, scope);
    }
  }

  #class(node: AnyNode, outer: Scope): void {
    if (node.type !== 'ClassDeclaration' && node.type !== 'ClassExpression') return;
    const scope = new Scope(outer, false, false);
    if (node.id) scope.names.add(node.id.name);
    scope.names.add('super');
    this.#visit(node.superClass, scope);
    for (const member of node.body.body) {
      if (member.type === 'StaticBlock') {
        this.#visit(member, scope);
        continue;
      }
      const isPrivate = member.key.type === 'PrivateIdentifier';
      if (isPrivate && member.type === 'PropertyDefinition' && !member.static) this.hasPrivateState = true;
      if (member.computed) this.#visit(member.key as AnyNode, scope);
      const passes = member.type === 'MethodDefinition' && (isPrivate || member.kind === 'constructor');
      if (passes) this.#constructing++;
      // A field's value runs with the instance as `this`, like a method.
      this.#visit(member.value, new Scope(scope, true, true));
      if (passes) this.#constructing--;
    }
  }
}

function memberName(node: Extract<AnyNode, { type: 'MemberExpression' }>): string | undefined {
  if (!node.computed) return node.property.type === 'Identifier' ? node.property.name : undefined;
  return node.property.type === 'Literal' && typeof node.property.value === 'string' ? node.property.value : undefined;
}
