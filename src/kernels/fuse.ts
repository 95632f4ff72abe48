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
import { noSettings, type Op, TaskNode } from '../graph/node.js';
import type { Program } from '../graph/program.js';
import { holesFor } from '../graph/template.js';
import type { ArraySpec, Kernel, KernelOp } from './contract.js';
import { elementwise } from './elementwise.js';
import { forget, NONE, VIEW, Writing } from './fusion-form.js';
import { type Plan, planOf, type Sight, seen } from './fusion-plan.js';
import { kernelKey, renamed } from './key.js';
import { reduce } from './reduce.js';

/** The most inputs and instructions of a fused kernel. */
const MOST_INPUTS = 16;
const MOST_INSTRUCTIONS = 100;
/** What may be computed several times over: so many cheap operations for each element, or so many in all. */
const RECOMPUTED_EACH = 4;
const RECOMPUTED_ALL = 4096;

/** What a group wants of a task outside or inside it; `next` is what else is wanted of the task, the first wish last. */
interface Wish {
  readonly group: Group;
  readonly sight: Sight;
  readonly next: Wish | undefined;
}

/** Tasks that become one kernel; `root` is the last of them. */
interface Group {
  readonly root: number;
  readonly size: number;
  /** Everything that the members want and that is not computed here: tasks, and how each is seen. */
  readonly tasks: number[];
  readonly sights: Sight[];
  instructions: number;
  recomputed: number;
  isChanged: boolean;
}

/** The place of an input of a group, -1 where it is none. Groups have few inputs. */
function placeIn({ tasks, sights }: Group, task: number, sight: Sight): number {
  for (let i = tasks.length - 1; i >= 0; i--) if (tasks[i] === task && sights[i] === sight) return i;
  return -1;
}

function remove(group: Group, task: number, sight: Sight): void {
  const place = placeIn(group, task, sight);
  if (place < 0) return;
  const [lastTask, lastSight] = [group.tasks.pop() as number, group.sights.pop() as Sight];
  if (place === group.tasks.length) return;
  group.tasks[place] = lastTask;
  group.sights[place] = lastSight;
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
  if (first === nodes.length) return program;
  const fused = new Fusion(program).run();
  forget();
  return fused;
}

class Fusion {
  readonly #program: Program;
  /** Of tasks that may be fused, and of those that want them. */
  readonly #plans: (Plan | undefined)[];
  /** The last task of each task's group, NONE or VIEW. */
  readonly #groupOf: Int32Array;
  /** By their last tasks. */
  readonly #groups: (Group | undefined)[];
  readonly #wishes: (Wish | undefined)[];
  readonly #isTarget: Uint8Array;
  #isChanged = false;

  constructor(program: Program) {
    this.#program = program;
    this.#plans = new Array<Plan | undefined>(program.nodes.length);
    this.#groupOf = new Int32Array(program.nodes.length).fill(NONE);
    this.#groups = new Array<Group | undefined>(program.nodes.length);
    this.#wishes = new Array<Wish | undefined>(program.nodes.length);
    this.#isTarget = new Uint8Array(program.nodes.length);
    for (const target of program.targets) this.#isTarget[target] = 1;
  }

  run(): Program {
    const candidates = this.#candidates();
    if (candidates === undefined) return this.#program;
    for (let task = this.#program.nodes.length - 1; task >= 0; task--) {
      if (this.#plans[task] === undefined) continue;
      if (candidates[task] === 1 && this.#takeIn(task)) continue;
      if (this.#hasCandidate(task, candidates)) this.#begin(task);
    }
    return this.#isChanged ? this.#rewrite() : this.#program;
  }

  /** Element-wise tasks that only element-wise tasks and reductions want; undefined when there are none. */
  #candidates(): Uint8Array | undefined {
    const { nodes, succStart, succs } = this.#program;
    const kinds = new Uint8Array(nodes.length);
    for (let task = 0; task < nodes.length; task++) {
      const { op, settings } = nodes[task] as TaskNode;
      if (op.kind !== 'kernel' || settings !== noSettings) continue;
      if (op.kernel === elementwise) kinds[task] = 2;
      else if (op.kernel === reduce) kinds[task] = 1;
    }
    const isTarget = this.#isTarget;
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
      size: plan.volume,
      tasks: [],
      sights: [],
      instructions: plan.size,
      recomputed: 0,
      isChanged: false,
    };
    this.#groups[task] = group;
    this.#groupOf[task] = task;
    this.#wish(group, task, plan.whole);
  }

  /** `group` wants the inputs of `task`, of which it computes what is seen through `outer`. */
  #wish(group: Group, task: number, outer: Sight): void {
    const { depStart, deps } = this.#program;
    const all = seen(outer, this.#plans[task] as Plan);
    const first = depStart[task] as number;
    for (let k = 0; k < all.length; k++) {
      const dep = deps[first + k] as number;
      const sight = all[k] as Sight;
      if (placeIn(group, dep, sight) >= 0) continue;
      group.tasks.push(dep);
      group.sights.push(sight);
      if (this.#plans[dep] !== undefined) this.#wishes[dep] = { group, sight, next: this.#wishes[dep] };
    }
  }

  /** Takes a task into the group of its consumers. False when it stays a task of its own. */
  #takeIn(task: number): boolean {
    const plan = this.#plans[task] as Plan;
    const wishes = this.#wishes[task] as Wish;
    if (plan.isView) {
      for (let wish: Wish | undefined = wishes; wish !== undefined; wish = wish.next) {
        remove(wish.group, task, wish.sight);
        wish.group.isChanged = true;
        this.#wish(wish.group, task, wish.sight);
      }
      this.#groupOf[task] = VIEW;
      this.#isChanged = true;
      return true;
    }
    const { group } = wishes;
    let times = 0;
    for (let wish: Wish | undefined = wishes; wish !== undefined; wish = wish.next) {
      if (wish.group !== group) return false;
      times++;
    }
    const instructions = group.instructions + times * plan.size;
    if (instructions + group.tasks.length > MOST_INSTRUCTIONS) return false;
    const recomputed = this.#recomputed(plan, group, times);
    if (recomputed === undefined) return false;
    if (group.tasks.length - times + this.#newInputs(group, task, wishes) > MOST_INPUTS) return false;
    for (let wish: Wish | undefined = wishes; wish !== undefined; wish = wish.next) remove(group, task, wish.sight);
    group.instructions = instructions;
    group.recomputed = recomputed;
    group.isChanged = true;
    this.#groupOf[task] = group.root;
    this.#isChanged = true;
    for (let wish: Wish | undefined = wishes; wish !== undefined; wish = wish.next) this.#wish(group, task, wish.sight);
    return true;
  }

  /** What the group computes several times over when it computes `plan` so many times; undefined when too much. */
  #recomputed(plan: Plan, group: Group, times: number): number | undefined {
    const more = times * group.size - plan.volume;
    if (more <= 0) return group.recomputed;
    const each = group.recomputed + plan.cost * times;
    return each <= RECOMPUTED_EACH || more * plan.cost <= RECOMPUTED_ALL ? each : undefined;
  }

  #newInputs(group: Group, task: number, wishes: Wish): number {
    const { depStart, deps } = this.#program;
    const plan = this.#plans[task] as Plan;
    const first = depStart[task] as number;
    const tasks: number[] = [];
    const sights: Sight[] = [];
    for (let wish: Wish | undefined = wishes; wish !== undefined; wish = wish.next) {
      const all = seen(wish.sight, plan);
      for (let k = 0; k < all.length; k++) {
        const [dep, sight] = [deps[first + k] as number, all[k] as Sight];
        if (placeIn(group, dep, sight) >= 0 || tasks.some((other, i) => other === dep && sights[i] === sight)) continue;
        tasks.push(dep);
        sights.push(sight);
      }
    }
    return tasks.length;
  }

  /** The program with each group as one task in the place of its last one. */
  #rewrite(): Program {
    const { nodes, depStart, deps, targets } = this.#program;
    const writing = new Writing(this.#program, this.#plans, this.#groupOf);
    const places = new Int32Array(nodes.length).fill(NONE);
    const kept: TaskNode[] = [];
    const edges: number[] = [];
    const starts: number[] = [0];
    for (let task = 0; task < nodes.length; task++) {
      const root = this.#groupOf[task] as number;
      if (root === VIEW || (root !== NONE && root !== task)) continue;
      if (this.#groups[task]?.isChanged === true) {
        places[task] = kept.push(this.#fused(task, writing, kept, places)) - 1;
        for (const input of writing.inputs) edges.push(places[input] as number);
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

  /** The task of the group that ends in `task`. */
  #fused(task: number, writing: Writing, kept: readonly TaskNode[], places: Int32Array): TaskNode {
    const root = this.#program.nodes[task] as TaskNode;
    const { kernel } = root.op as KernelOp;
    const { params, name } = writing.run(task);
    const { inputs, specs } = writing;
    const deps = inputs.map((input) => kept[places[input] as number] as TaskNode);
    // It makes what the last task made, and that task's key says what that is
    const key =
      this.#isTarget[task] === 1
        ? root.key
        : (renamed(root.key, name) ?? kernelKey(kernel, params, keysOf(deps), name));
    const known = specs.includes(undefined) ? undefined : { specs: specs as readonly ArraySpec[] };
    const op: KernelOp = { kind: 'kernel', name, kernel, params, ...known };
    return new TaskNode(op, holesFor(deps.length), deps, noSettings, key, true);
  }
}

function keysOf(nodes: readonly TaskNode[]): string[] {
  return nodes.map(({ key }) => key);
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
