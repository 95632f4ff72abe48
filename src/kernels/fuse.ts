/**
 * Fusion: chains and trees of element-wise kernels, with or without a reduction at the end, become one kernel each, so
 * that nothing between them is ever written to memory.
 *
 * A task is taken into its consumers where all of them end in one group and nobody else wants its result. Groups are
 * found from the end of the program backwards: when a task is looked at, all its consumers have their groups, and what
 * they want of it (through which views) is known. Such a group has no way out of it but its last task, so fusing it
 * makes no cycle. What broadcasting or overlapping views would compute several times over is taken in only while that
 * costs less than writing it down. Linear in tasks and edges.
 *
 * Does badly on: a cheap task with consumers in two groups; it is written to memory although both could compute it.
 */
import { sizeOf } from '../array/ndarray.js';
import { wholeView } from '../array/view.js';
import { noSettings, type Op, TaskNode } from '../graph/node.js';
import type { Program } from '../graph/program.js';
import { holeAt } from '../graph/template.js';
import type { ArraySpec, Kernel, KernelOp } from './contract.js';
import { elementwise } from './elementwise.js';
import { NONE, VIEW, Writing } from './fusion-form.js';
import { type Plan, planOf, type Sight, seen, sightOf } from './fusion-plan.js';
import { kernelKey } from './key.js';
import { reduce } from './reduce.js';

/** The most inputs and instructions of a fused kernel. */
const MOST_INPUTS = 16;
const MOST_INSTRUCTIONS = 100;
/** What may be computed several times over: so many cheap operations for each element, or so many in all. */
const RECOMPUTED_EACH = 4;
const RECOMPUTED_ALL = 4096;

/** What a group wants of a task outside or inside it. */
interface Wish {
  readonly group: Group;
  readonly sight: Sight;
}

/** Tasks that become one kernel; `root` is the last of them. */
interface Group {
  readonly root: number;
  readonly size: number;
  readonly members: number[];
  /** `task view` of everything that the members want and that is not computed here. */
  readonly inputs: Set<string>;
  instructions: number;
  recomputed: number;
  isChanged: boolean;
}

function isKernel(op: Op, kernel: Kernel): boolean {
  return op.kind === 'kernel' && op.kernel === kernel;
}

/**
 * The same program with chains of element-wise kernels as one kernel each. Targets keep their keys.
 *
 * @param program is not changed; it is answered itself where there is nothing to fuse
 */
export function fuse(program: Program): Program {
  const { nodes } = program;
  let first = 0;
  while (first < nodes.length && !isKernel(nodes[first]!.op, elementwise)) first++;
  return first === nodes.length ? program : new Fusion(program).run();
}

class Fusion {
  readonly #program: Program;
  /** Of tasks that may be fused, and of those that want them. */
  readonly #plans: (Plan | undefined)[];
  /** The last task of each task's group, NONE or VIEW. */
  readonly #groupOf: Int32Array;
  readonly #groups = new Map<number, Group>();
  readonly #wishes = new Map<number, Wish[]>();

  constructor(program: Program) {
    this.#program = program;
    this.#plans = new Array<Plan | undefined>(program.nodes.length);
    this.#groupOf = new Int32Array(program.nodes.length).fill(NONE);
  }

  run(): Program {
    const candidates = this.#candidates();
    if (candidates === undefined) return this.#program;
    for (let task = this.#program.nodes.length - 1; task >= 0; task--) {
      if (this.#plans[task] === undefined) continue;
      if (candidates[task] === 1 && this.#takeIn(task)) continue;
      if (this.#hasCandidate(task, candidates)) this.#begin(task);
    }
    let isChanged = false;
    for (const group of this.#groups.values()) isChanged ||= group.isChanged;
    return isChanged ? this.#rewrite() : this.#program;
  }

  /** Element-wise tasks that only element-wise tasks and reductions want; undefined when there are none. */
  #candidates(): Uint8Array | undefined {
    const { nodes, succStart, succs, targets } = this.#program;
    const kinds = new Uint8Array(nodes.length);
    for (let task = 0; task < nodes.length; task++) {
      const { op, settings } = nodes[task] as TaskNode;
      if (op.kind !== 'kernel' || settings !== noSettings) continue;
      if (op.kernel === elementwise) kinds[task] = 2;
      else if (op.kernel === reduce) kinds[task] = 1;
    }
    const isTarget = new Uint8Array(nodes.length);
    for (const target of targets) isTarget[target] = 1;
    const candidates = new Uint8Array(nodes.length);
    let count = 0;
    for (let task = 0; task < nodes.length; task++) {
      const from = succStart[task] as number;
      const to = succStart[task + 1] as number;
      if (kinds[task] !== 2 || isTarget[task] === 1 || from === to) continue;
      let isOnly = true;
      for (let e = from; e < to && isOnly; e++) isOnly = kinds[succs[e] as number] !== 0;
      // Only what may be fused is looked into.
      isOnly &&= this.#plan(task) !== undefined;
      for (let e = from; e < to && isOnly; e++) isOnly = this.#plan(succs[e] as number) !== undefined;
      if (!isOnly) continue;
      candidates[task] = 1;
      count++;
    }
    return count === 0 ? undefined : candidates;
  }

  #plan(task: number): Plan | undefined {
    let plan = this.#plans[task];
    if (plan === undefined) {
      plan = planOf(this.#program.nodes[task] as TaskNode);
      this.#plans[task] = plan;
    }
    return plan;
  }

  #hasCandidate(task: number, candidates: Uint8Array): boolean {
    const { depStart, deps } = this.#program;
    for (let e = depStart[task] as number; e < (depStart[task + 1] as number); e++) {
      if (candidates[deps[e] as number] === 1) return true;
    }
    return false;
  }

  /** A group of this task alone. */
  #begin(task: number): void {
    const plan = this.#plans[task] as Plan;
    const group: Group = {
      root: task,
      size: sizeOf(plan.space),
      members: [task],
      inputs: new Set(),
      instructions: plan.size,
      recomputed: 0,
      isChanged: false,
    };
    this.#groups.set(task, group);
    this.#groupOf[task] = task;
    this.#wish(group, task, [sightOf(wholeView(plan.space))]);
  }

  /** `group` wants the inputs of `task`, of which it computes what is seen through `through`. */
  #wish(group: Group, task: number, through: readonly Sight[]): void {
    const { depStart, deps } = this.#program;
    const plan = this.#plans[task] as Plan;
    const first = depStart[task] as number;
    for (const outer of through) {
      for (let k = 0; k < plan.views.length; k++) {
        const dep = deps[first + k] as number;
        const sight = seen(outer, plan, k);
        const key = `${dep} ${sight.text}`;
        if (group.inputs.has(key)) continue;
        group.inputs.add(key);
        if (this.#plans[dep] === undefined) continue;
        const wishes = this.#wishes.get(dep);
        if (wishes === undefined) this.#wishes.set(dep, [{ group, sight }]);
        else wishes.push({ group, sight });
      }
    }
  }

  /** Takes a task into the group of its consumers. False when it stays a task of its own. */
  #takeIn(task: number): boolean {
    const plan = this.#plans[task] as Plan;
    const wishes = this.#wishes.get(task) as readonly Wish[];
    if (plan.isView) {
      for (const { group, sight } of wishes) {
        group.inputs.delete(`${task} ${sight.text}`);
        group.isChanged = true;
        this.#wish(group, task, [sight]);
      }
      this.#groupOf[task] = VIEW;
      return true;
    }
    const { group } = wishes[0] as Wish;
    for (const wish of wishes) if (wish.group !== group) return false;
    const instructions = group.instructions + wishes.length * plan.size;
    if (instructions + group.inputs.size > MOST_INSTRUCTIONS) return false;
    const recomputed = this.#recomputed(plan, group, wishes.length);
    if (recomputed === undefined) return false;
    if (group.inputs.size - wishes.length + this.#newInputs(group, task, wishes) > MOST_INPUTS) return false;
    for (const { sight } of wishes) group.inputs.delete(`${task} ${sight.text}`);
    group.instructions = instructions;
    group.recomputed = recomputed;
    group.isChanged = true;
    group.members.push(task);
    this.#groupOf[task] = group.root;
    this.#wish(
      group,
      task,
      wishes.map(({ sight }) => sight),
    );
    return true;
  }

  /** What the group computes several times over when it computes `plan` so many times; undefined when too much. */
  #recomputed(plan: Plan, group: Group, times: number): number | undefined {
    const more = times * group.size - sizeOf(plan.space);
    if (more <= 0) return group.recomputed;
    const each = group.recomputed + plan.cost * times;
    return each <= RECOMPUTED_EACH || more * plan.cost <= RECOMPUTED_ALL ? each : undefined;
  }

  #newInputs(group: Group, task: number, wishes: readonly Wish[]): number {
    const { depStart, deps } = this.#program;
    const plan = this.#plans[task] as Plan;
    const first = depStart[task] as number;
    const found = new Set<string>();
    for (const { sight } of wishes) {
      for (let k = 0; k < plan.views.length; k++) {
        const key = `${deps[first + k]} ${seen(sight, plan, k).text}`;
        if (!group.inputs.has(key)) found.add(key);
      }
    }
    return found.size;
  }

  /** The program with each group as one task in the place of its last one. */
  #rewrite(): Program {
    const { nodes, depStart, deps, targets } = this.#program;
    const isTarget = new Uint8Array(nodes.length);
    for (const target of targets) isTarget[target] = 1;
    const places = new Int32Array(nodes.length).fill(NONE);
    const kept: TaskNode[] = [];
    const edges: number[] = [];
    const starts: number[] = [0];
    for (let task = 0; task < nodes.length; task++) {
      const root = this.#groupOf[task] as number;
      if (root === VIEW || (root !== NONE && root !== task)) continue;
      const group = this.#groups.get(task);
      if (group?.isChanged) {
        const { node, inputs } = this.#fused(group, isTarget[task] === 1, kept, places);
        places[task] = kept.push(node) - 1;
        for (const input of inputs) edges.push(places[input] as number);
      } else {
        places[task] = kept.push(nodes[task] as TaskNode) - 1;
        for (let e = depStart[task] as number; e < (depStart[task + 1] as number); e++) {
          edges.push(places[deps[e] as number] as number);
        }
      }
      starts.push(edges.length);
    }
    return linked(
      kept,
      Int32Array.from(starts),
      Int32Array.from(edges),
      targets.map((target) => places[target] as number),
    );
  }

  #fused(
    group: Group,
    isTarget: boolean,
    kept: readonly TaskNode[],
    places: Int32Array,
  ): { readonly node: TaskNode; readonly inputs: readonly number[] } {
    const { nodes } = this.#program;
    const root = nodes[group.root] as TaskNode;
    const { kernel, params } = root.op as KernelOp;
    const writing = new Writing(this.#program, this.#plans, this.#groupOf, group.root);
    const { text, inputs, views, isPlain } = writing.run();
    const { views: _, ...own } = params;
    const fusedParams = { ...own, expression: text, ...(!isPlain && { views: JSON.stringify(views) }) };
    const deps = inputs.map((input) => kept[places[input] as number] as TaskNode);
    const name = nameOf(group.members.toSorted((a, b) => a - b).map((member) => (nodes[member] as TaskNode).op.name));
    const keys = deps.map(({ key }) => key);
    const key = isTarget ? root.key : kernelKey(kernel, fusedParams, keys, name);
    const specs = inputs.map((input) => this.#specOf(input));
    const known = specs.every((spec) => spec !== undefined) ? { specs } : undefined;
    const op: KernelOp = { kind: 'kernel', name, kernel, params: fusedParams, ...known };
    const holes = deps.map((_, i) => holeAt(i));
    return { node: new TaskNode(op, holes, deps, noSettings, key, true), inputs };
  }

  /** What a task gives, as somebody who takes it knew. */
  #specOf(task: number): ArraySpec | undefined {
    const { nodes, depStart, deps, succStart, succs } = this.#program;
    for (let e = succStart[task] as number; e < (succStart[task + 1] as number); e++) {
      const user = succs[e] as number;
      const { op } = nodes[user] as TaskNode;
      if (op.kind !== 'kernel') continue;
      const hole = deps.indexOf(task, depStart[user]) - (depStart[user] as number);
      const spec = (op as KernelOp).specs?.[hole];
      if (spec !== undefined) return spec;
    }
    return undefined;
  }
}

/** Names of the tasks in the order of their work: both ends of long lists. */
function nameOf(names: readonly string[]): string {
  if (names.length <= 5) return names.join('-');
  return [...names.slice(0, 2), `(${names.length - 4})`, ...names.slice(-2)].join('-');
}

/** A program of these tasks and edges. */
function linked(nodes: readonly TaskNode[], depStart: Int32Array, deps: Int32Array, targets: Int32Array): Program {
  const count = nodes.length;
  const pending = new Int32Array(count);
  const succStart = new Int32Array(count + 1);
  for (const dep of deps) (succStart[dep + 1] as number)++;
  for (let i = 0; i < count; i++) {
    (succStart[i + 1] as number) += succStart[i] as number;
    pending[i] = (depStart[i + 1] as number) - (depStart[i] as number);
  }
  const succs = new Int32Array(deps.length);
  const cursor = succStart.slice(0, count);
  for (let i = 0; i < count; i++) {
    for (let e = depStart[i] as number; e < (depStart[i + 1] as number); e++) {
      succs[(cursor[deps[e] as number] as number)++] = i;
    }
  }
  return { nodes, depStart, deps, succStart, succs, pending, targets };
}
