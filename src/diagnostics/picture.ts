/**
 * A graph made ready for drawing, independent of any format: boxes that stand for one task or many, links with
 * their counts, a legend, and a caption that says how many tasks the picture stands for. Everything in it follows
 * from the graph and the options, in the graph's order: the same graph gives the same picture.
 */
import type { Op, TaskNode } from '../graph/node.js';
import { type ColourMode, colourBoxes, type Legend, type RunRecord } from './colour.js';
import { formatCount, plural, previewValue, shorten } from './format.js';
import { type GroupMode, groupTasks } from './grouping.js';
import type { Swatch } from './palette.js';

/** What drawing needs of a program (graph/program.ts). */
export interface Drawable {
  /** Dependencies before those who need them. */
  readonly nodes: readonly TaskNode[];
  /**
   * Length `nodes.length + 1`: the dependencies of task i are `deps[depStart[i]] … deps[depStart[i + 1] - 1]`; one may
   * repeat.
   */
  readonly depStart: Int32Array;
  readonly deps: Int32Array;
  readonly targets: ArrayLike<number>;
}

export interface Box {
  readonly id: string;
  readonly label: string;
  /** Constant arguments in a few characters; the empty string when there is nothing to say. */
  readonly hint: string;
  readonly kind: Op['kind'];
  /** Tasks this box stands for. */
  readonly count: number;
  /** The first few of their keys. */
  readonly keys: readonly string[];
  /** Whether its tasks are among those asked for. */
  readonly isTarget: boolean;
  /** Dependencies of all its tasks together. */
  readonly dependencies: number;
  readonly swatch: Swatch;
  /** Shares of several categories within the box, when it has more than one; they add up to 1. */
  readonly parts: readonly { readonly colour: string; readonly share: number }[];
  /** What the colour stands for, for the tooltip. */
  readonly note: string;
}

export interface Link {
  /** Indices of boxes: `to` needs `from`. */
  readonly from: number;
  readonly to: number;
  /** Dependencies this link stands for. */
  readonly count: number;
  /** How many tasks meet how many, where it is not one to one. */
  readonly label: string;
}

export interface Picture {
  readonly boxes: readonly Box[];
  readonly links: readonly Link[];
  readonly tasks: number;
  readonly dependencies: number;
  readonly caption: string;
  readonly legend: Legend | undefined;
}

export interface PictureOptions {
  readonly color: ColourMode;
  readonly group: GroupMode;
  readonly run: RunRecord | undefined;
}

const keysShown = 8;

/** Groups, labels and colours a graph. O(tasks + dependencies) times a small constant. */
export function makePicture(program: Drawable, options: PictureOptions): Picture {
  const graph = withoutRepeats(program);
  const count = graph.nodes.length;
  const isTarget = new Uint8Array(count);
  for (let t = 0; t < graph.targets.length; t++) isTarget[graph.targets[t]!] = 1;

  const labels = graph.nodes.map(labelOf);
  const shape = { count, depStart: graph.depStart, deps: graph.deps };
  const { group, boxes: boxCount } = groupTasks(shape, numberLabels(graph.nodes, labels, isTarget), options.group);
  const members = membersOf(group, boxCount);
  const colours = colourBoxes(graph.nodes, labels, members, options);

  const boxes = members.map((tasks, b): Box => {
    const first = tasks[0]!;
    const names = new Set(Array.from(tasks, (i) => labels[i]!));
    let dependencies = 0;
    for (const i of tasks) dependencies += graph.depStart[i + 1]! - graph.depStart[i]!;
    return {
      id: `b${b}`,
      label: names.size === 1 ? shorten(labels[first]!, 34) : `${formatCount(names.size)} other functions`,
      hint: names.size === 1 ? commonHint(tasks, graph.nodes) : '',
      kind: graph.nodes[first]!.op.kind,
      count: tasks.length,
      keys: Array.from(tasks.subarray(0, keysShown), (i) => graph.nodes[i]!.key),
      isTarget: tasks.some((i) => isTarget[i] === 1),
      dependencies,
      ...colours.boxes[b]!,
    };
  });
  const links = linksOf(graph, group, boxes);
  return {
    boxes,
    links,
    tasks: count,
    dependencies: graph.deps.length,
    caption: captionOf(count, graph.deps.length, boxCount),
    legend: colours.legend,
  };
}

/** A task that takes one result twice depends on it once. */
function withoutRepeats(program: Drawable): Drawable {
  const { nodes, depStart, deps } = program;
  const start = new Int32Array(nodes.length + 1);
  const distinct = new Int32Array(deps.length);
  const seenBy = new Int32Array(nodes.length).fill(-1);
  let length = 0;
  for (let i = 0; i < nodes.length; i++) {
    for (let e = depStart[i]!; e < depStart[i + 1]!; e++) {
      const dep = deps[e]!;
      if (seenBy[dep] === i) continue;
      seenBy[dep] = i;
      distinct[length++] = dep;
    }
    start[i + 1] = length;
  }
  return { ...program, depStart: start, deps: distinct.subarray(0, length) };
}

/** What a task is called in the picture. */
export function labelOf(node: TaskNode): string {
  const { op, args } = node;
  if (op.kind === 'item') {
    const place = args[1];
    return typeof place === 'string' && /^[\p{ID_Start}$_][\p{ID_Continue}$]*$/u.test(place)
      ? `.${place}`
      : `[${previewValue(place)}]`;
  }
  if (op.kind === 'method') return `.${typeof args[1] === 'string' ? args[1] : previewValue(args[1])}()`;
  return op.name || op.kind;
}

/** Equal numbers for tasks that may share a box: same label, same kind, both asked for or both not. */
function numberLabels(nodes: readonly TaskNode[], labels: readonly string[], isTarget: Uint8Array): Int32Array {
  const numbers = new Map<string, number>();
  const result = new Int32Array(nodes.length);
  for (let i = 0; i < nodes.length; i++) {
    const id = `${isTarget[i]}${nodes[i]!.op.kind} ${labels[i]}`;
    let number = numbers.get(id);
    if (number === undefined) {
      number = numbers.size;
      numbers.set(id, number);
    }
    result[i] = number;
  }
  return result;
}

function membersOf(group: Int32Array, boxes: number): Int32Array[] {
  const size = new Int32Array(boxes);
  for (const box of group) size[box]!++;
  const members = Array.from(size, (length) => new Int32Array(length));
  size.fill(0);
  for (let i = 0; i < group.length; i++) {
    const box = group[i]!;
    members[box]![size[box]!++] = i;
  }
  return members;
}

/** The constants of a task; for several tasks, what all of them have in common. */
function commonHint(tasks: Int32Array, nodes: readonly TaskNode[]): string {
  const hint = hintOf(nodes[tasks[0]!]!);
  // A large box need not look at every task: a hint is only shown where all looked at agree.
  for (let k = 1; k < Math.min(tasks.length, 2048); k++) {
    if (hint === '' || hintOf(nodes[tasks[k]!]!) !== hint) return '';
  }
  return tasks.length > 2048 ? '' : hint;
}

function hintOf({ op, args }: TaskNode): string {
  let parts: string[];
  if (op.kind === 'kernel') parts = Object.entries(op.params).map(([name, value]) => `${name} ${previewValue(value)}`);
  else if (op.kind === 'item' || op.kind === 'structure') return '';
  else parts = (op.kind === 'method' ? args.slice(2) : args.slice(0, 6)).map(previewValue);
  return shorten(parts.filter((part) => part !== '').join(', '), 30);
}

function linksOf(graph: Drawable, group: Int32Array, boxes: readonly Box[]): Link[] {
  const counts = new Map<number, number>();
  for (let i = 0; i < group.length; i++) {
    for (let e = graph.depStart[i]!; e < graph.depStart[i + 1]!; e++) {
      const id = group[graph.deps[e]!]! * boxes.length + group[i]!;
      counts.set(id, (counts.get(id) ?? 0) + 1);
    }
  }
  return Array.from(counts, ([id, count]) => {
    const from = Math.floor(id / boxes.length);
    const to = id % boxes.length;
    return { from, to, count, label: linkLabel(count, boxes[from]!.count, boxes[to]!.count, from === to) };
  });
}

/**
 * Between groups: `4 to 1` when every task at the arrow's head needs four of those at its tail. Silent where the boxes'
 * own counts say it: one to one, and one for all.
 */
function linkLabel(count: number, from: number, to: number, isLoop: boolean): string {
  if (isLoop) return `×${formatCount(count)}`;
  if (count === to && (from === 1 || from === to)) return '';
  if (count % to === 0 && count === from) return `${formatCount(count / to)} to 1`;
  if (count % from === 0 && count === to) return `1 to ${formatCount(count / from)}`;
  return `×${formatCount(count)}`;
}

function captionOf(tasks: number, dependencies: number, boxes: number): string {
  const size = `${plural(tasks, 'task')}, ${plural(dependencies, 'dependency', 'dependencies')}`;
  if (boxes === tasks) return size;
  return `${size} in ${plural(boxes, 'box', 'boxes')}; ×n marks a box of n tasks`;
}
