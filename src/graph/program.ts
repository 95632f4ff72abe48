/**
 * The program: the graph reachable from what is asked for, as a struct of arrays over integer ids. One depth-first
 * walk makes it, which is also the cull. Ids are in postorder, so every task comes after its inputs and what was
 * begun is finished before something else is; where inputs can come in either order, higher priority goes first and
 * then left to right. Pure tasks with one key are one task; otherwise two tasks with one key are an error.
 */
import { DuplicateKeyError } from '../errors.js';
import type { TaskNode } from './node.js';
import { sameTemplate } from './template.js';

export interface Program {
  /** By id; every dependency of a task has a smaller id. */
  readonly nodes: readonly TaskNode[];
  /** The dependencies of task i are deps[depStart[i]] … deps[depStart[i + 1] − 1]: hole by hole, so one may repeat. */
  readonly depStart: Int32Array;
  readonly deps: Int32Array;
  /** The same edges the other way round; a successor that uses task i twice is there twice. */
  readonly succStart: Int32Array;
  readonly succs: Int32Array;
  /** The number of dependencies of each task, repeated ones counted: what is counted down along `succs`. */
  readonly pending: Int32Array;
  /** The ids of the tasks that were asked for, in the order asked; may repeat. */
  readonly targets: Int32Array;
}

let walks = 0;

/**
 * @param hasUniqueKeys when it is known that no two tasks have one key, so that nobody need look
 *
 * Linear in tasks and edges, without recursion. The scratch fields of the nodes belong to the walk only while it runs.
 *
 * @throws DuplicateKeyError when two different tasks have one key.
 */
export function buildProgram(targets: readonly TaskNode[], hasUniqueKeys = false): Program {
  const walk = new Walk(hasUniqueKeys);
  for (const target of byPriority(targets)) walk.visit(target);
  walk.checkCounters();
  return link(walk.nodes, walk.edges, targets);
}

class Walk {
  readonly nodes: TaskNode[] = [];
  edges = 0;
  readonly #id = ++walks;
  readonly #hasUniqueKeys: boolean;
  /** The place of every task with a given key. */
  #byKey: Map<string, number> | undefined;
  #counters = 0;

  constructor(hasUniqueKeys: boolean) {
    this.#hasUniqueKeys = hasUniqueKeys;
  }

  /** Places everything that `target` needs, and then itself. */
  visit(target: TaskNode): void {
    if (!this.#enter(target)) return;
    const stack: TaskNode[] = [target];
    const inputs: (readonly TaskNode[])[] = [byPriority(target.deps)];
    const next: number[] = [0];
    for (let top = 0; top >= 0; ) {
      const deps = inputs[top] as readonly TaskNode[];
      let i = next[top] as number;
      let found: TaskNode | undefined;
      while (i < deps.length && found === undefined) {
        const dep = deps[i++] as TaskNode;
        if (dep.mark !== this.#id && this.#enter(dep)) found = dep;
      }
      next[top] = i;
      if (found === undefined) {
        this.#place(stack[top] as TaskNode);
        top--;
      } else if (found.deps.length === 0) {
        this.#place(found);
      } else {
        top++;
        stack[top] = found;
        inputs[top] = byPriority(found.deps);
        next[top] = 0;
      }
    }
  }

  /** Marks a node; false when it is a task that the program has already. */
  #enter(node: TaskNode): boolean {
    if (node.mark === this.#id) return false;
    node.mark = this.#id;
    node.place = -1;
    if (!node.isPure || node.givenKey === undefined) return true;
    const place = this.#byKey?.get(node.givenKey);
    if (place === undefined || !(this.nodes[place] as TaskNode).isPure) return true;
    node.place = place;
    return false;
  }

  #place(node: TaskNode): void {
    const key = node.givenKey;
    if (key === undefined || this.#hasUniqueKeys) {
      this.#counters++;
    } else {
      this.#byKey ??= new Map();
      const place = this.#byKey.get(key);
      if (place !== undefined) {
        const other = this.nodes[place] as TaskNode;
        if (!(node.isPure && other.isPure) && !sameTask(node, other)) throw duplicate(key, node, other);
        node.place = place;
        return;
      }
      this.#byKey.set(key, this.nodes.length);
    }
    node.place = this.nodes.push(node) - 1;
    this.edges += node.deps.length;
  }

  /** Given keys that look like counters (`load-17`) must not be those of other tasks. */
  checkCounters(): void {
    if (this.#byKey === undefined || this.#counters === 0) return;
    const suspects = new Map<number, TaskNode>();
    for (const place of this.#byKey.values()) {
      const node = this.nodes[place] as TaskNode;
      const counter = /-([1-9]\d*)$/.exec(node.givenKey as string);
      if (counter !== null) suspects.set(Number(counter[1]), node);
    }
    if (suspects.size === 0) return;
    for (const node of this.nodes) {
      if (node.givenKey !== undefined) continue;
      const suspect = suspects.get(node.serial);
      if (suspect !== undefined && suspect.givenKey === node.key) throw duplicate(node.key, node, suspect);
    }
  }
}

/** The same nodes, higher priority first, otherwise in the order given. */
function byPriority(nodes: readonly TaskNode[]): readonly TaskNode[] {
  for (let i = 0; i < nodes.length; i++) {
    if ((nodes[i] as TaskNode).settings.priority !== undefined) {
      return [...nodes].sort((a, b) => (b.settings.priority ?? 0) - (a.settings.priority ?? 0));
    }
  }
  return nodes;
}

/** Whether two placed tasks run the same function on the same arguments. */
function sameTask(a: TaskNode, b: TaskNode): boolean {
  if (a.op.kind !== b.op.kind || a.args.length !== b.args.length || a.deps.length !== b.deps.length) return false;
  if (a.op.kind === 'call' && b.op.kind === 'call' && a.op.fn !== b.op.fn) return false;
  if (a.op.kind === 'kernel' && b.op.kind === 'kernel') {
    if (a.op.kernel !== b.op.kernel || a.op.params !== b.op.params) return false;
  }
  if (a.deps.some((dep, i) => dep.place !== b.deps[i]?.place)) return false;
  return sameArgs(a, b);
}

function sameArgs(a: TaskNode, b: TaskNode): boolean {
  return a.args.every((arg, i) => sameTemplate(arg, b.args[i]));
}

function duplicate(key: string, a: TaskNode, b: TaskNode): DuplicateKeyError {
  const isOneFunction = a.op.kind === 'call' && b.op.kind === 'call' && a.op.fn === b.op.fn;
  const what = isOneFunction
    ? `'${a.op.name}' was called more than once, with different arguments, under the key '${key}'`
    : `two different tasks ('${b.op.name}' and '${a.op.name}') have the key '${key}'`;
  return new DuplicateKeyError(
    key,
    `${what}; give each task a key of its own (.with({ key })), or use 'name' instead, which makes keys by counting`,
  );
}

/** Edges in compressed rows, both ways. */
function link(nodes: readonly TaskNode[], edges: number, targets: readonly TaskNode[]): Program {
  const count = nodes.length;
  const depStart = new Int32Array(count + 1);
  const deps = new Int32Array(edges);
  const pending = new Int32Array(count);
  const succStart = new Int32Array(count + 1);
  let edge = 0;
  for (let i = 0; i < count; i++) {
    const inputs = (nodes[i] as TaskNode).deps;
    for (let j = 0; j < inputs.length; j++) {
      const dep = (inputs[j] as TaskNode).place;
      deps[edge++] = dep;
      (succStart[dep + 1] as number)++;
    }
    depStart[i + 1] = edge;
    pending[i] = inputs.length;
  }
  for (let i = 0; i < count; i++) (succStart[i + 1] as number) += succStart[i] as number;
  const succs = new Int32Array(edges);
  const cursor = succStart.slice(0, count);
  for (let i = 0; i < count; i++) {
    for (let e = depStart[i] as number; e < (depStart[i + 1] as number); e++) {
      const dep = deps[e] as number;
      succs[(cursor[dep] as number)++] = i;
    }
  }
  return { nodes, depStart, deps, succStart, succs, pending, targets: Int32Array.from(targets, (node) => node.place) };
}

/** The keys on a shortest way from a task to something that was asked for, both included. O(tasks + edges). */
export function pathTo(program: Program, task: number): string[] {
  const { nodes, succStart, succs, targets } = program;
  const wanted = new Set(targets);
  const from = new Int32Array(nodes.length).fill(-1);
  from[task] = task;
  const queue = [task];
  for (let head = 0; head < queue.length; head++) {
    const i = queue[head] as number;
    if (wanted.has(i)) return trace(program, from, i);
    for (let e = succStart[i] as number; e < (succStart[i + 1] as number); e++) {
      const succ = succs[e] as number;
      if (from[succ] !== -1) continue;
      from[succ] = i;
      queue.push(succ);
    }
  }
  return [(nodes[task] as TaskNode).key];
}

function trace(program: Program, from: Int32Array, end: number): string[] {
  const keys = [(program.nodes[end] as TaskNode).key];
  for (let i = end; from[i] !== i; ) {
    i = from[i] as number;
    keys.push((program.nodes[i] as TaskNode).key);
  }
  return keys.reverse();
}
