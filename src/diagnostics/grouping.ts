/**
 * Which tasks of a graph share one box of its picture.
 *
 * The rule: two tasks play the same role when they have the same label and when the roles of what they need, and of
 * what needs them, are the same sets (colour refinement, as in graph isomorphism tests, on sets rather than
 * multisets, so that a fold with one task fewer is still that fold). A small graph is drawn task by task. In a larger
 * one every role is a box, and then roles are opened again, the rarest and nearest to the results first, as long as
 * the picture stays readable: four outer folds become four strands, the eighty scores within them four boxes.
 * Opening is by whole roles, so what looks alike is drawn alike.
 *
 * Where it does badly: a long chain of one function has a role per task near its ends; the number of rounds is
 * bounded, so such a chain becomes one box with an arrow to itself.
 */

/** The shape of a graph, as in graph/program.ts: tasks in dependency order, dependencies in compressed rows. */
export interface GraphShape {
  readonly count: number;
  /** Length `count + 1`. */
  readonly depStart: Int32Array;
  readonly deps: Int32Array;
}

export type GroupMode = 'auto' | true | false;

/** `group[task]` is the task's box; boxes are numbered by their first task. */
export interface Grouping {
  readonly group: Int32Array;
  readonly boxes: number;
}

/** Above these a picture stops being readable. */
export const comfortable = { boxes: 64, width: 12 } as const;
/** Rounds of refinement: how far a role looks around itself. */
const rounds = 4;
/** Roles are opened only in graphs up to this size; each attempt walks the graph a few times. */
const openable = 20_000;

/**
 * Groups the tasks of a graph. `labels` gives each task's label as a number, equal for equal labels.
 *
 * O(edges) for each round of refinement; a million tasks take a few seconds.
 */
export function groupTasks(shape: GraphShape, labels: Int32Array, mode: GroupMode): Grouping {
  const identity = (): Grouping => ({
    group: Int32Array.from({ length: shape.count }, (_, i) => i),
    boxes: shape.count,
  });
  if (mode === false) return identity();
  const levels = levelsOf(shape);
  if (mode === 'auto' && shape.count <= comfortable.boxes && widest(identity(), levels) <= comfortable.width)
    return identity();
  const successors = reverse(shape);
  const byLabel = renumber(labels);
  if (byLabel.boxes > comfortable.boxes) return lumpRare(byLabel);
  const roles = refine(shape, successors, byLabel, comfortable.boxes);
  if (mode === true || shape.count > openable) return roles;
  return openRoles(shape, successors, roles, levels);
}

/** Longest way from a task without dependencies, in arrows. */
export function levelsOf({ count, depStart, deps }: GraphShape): Int32Array {
  const level = new Int32Array(count);
  for (let i = 0; i < count; i++) {
    let deepest = -1;
    for (let e = depStart[i]!; e < depStart[i + 1]!; e++) deepest = Math.max(deepest, level[deps[e]!]!);
    level[i] = deepest + 1;
  }
  return level;
}

/** The most boxes side by side, counting a box where its deepest task stands. */
function widest({ group, boxes }: Grouping, levels: Int32Array): number {
  const boxLevel = new Int32Array(boxes);
  for (let i = 0; i < group.length; i++) boxLevel[group[i]!] = Math.max(boxLevel[group[i]!]!, levels[i]!);
  const width = new Map<number, number>();
  let most = 0;
  for (const level of boxLevel) {
    const now = (width.get(level) ?? 0) + 1;
    width.set(level, now);
    most = Math.max(most, now);
  }
  return most;
}

interface Rows {
  readonly start: Int32Array;
  readonly items: Int32Array;
}

function reverse({ count, depStart, deps }: GraphShape): Rows {
  const start = new Int32Array(count + 1);
  for (let e = 0; e < deps.length; e++) start[deps[e]! + 1]!++;
  for (let i = 0; i < count; i++) start[i + 1]! += start[i]!;
  const next = start.slice(0, count);
  const items = new Int32Array(deps.length);
  for (let i = 0; i < count; i++) {
    for (let e = depStart[i]!; e < depStart[i + 1]!; e++) items[next[deps[e]!]!++] = i;
  }
  return { start, items };
}

/** Numbers groups by their first task, so that the same graph always gives the same picture. */
function renumber(colours: ArrayLike<number>): Grouping {
  const seen = new Map<number, number>();
  const group = new Int32Array(colours.length);
  for (let i = 0; i < colours.length; i++) {
    const colour = colours[i]!;
    let number = seen.get(colour);
    if (number === undefined) {
      number = seen.size;
      seen.set(colour, number);
    }
    group[i] = number;
  }
  return { group, boxes: seen.size };
}

/** Splits groups by the groups around their tasks until nothing changes, or until there would be more than `most`. */
function refine(shape: GraphShape, successors: Rows, from: Grouping, most: number): Grouping {
  const dependencies: Rows = { start: shape.depStart, items: shape.deps };
  let current = from;
  for (let round = 0; round < rounds; round++) {
    const colours = new Float64Array(shape.count);
    const scratch: number[] = [];
    for (let i = 0; i < shape.count; i++) {
      const above = hashRow(dependencies, i, current.group, scratch);
      const below = hashRow(successors, i, current.group, scratch);
      // 53 bits of two independent 32-bit mixes; a collision would only merge two boxes of a drawing.
      const high = mix(mix(current.group[i]!, above), below) >>> 0;
      const low = mix(mix(below ^ 0x51ed270b, current.group[i]!), above) >>> 11;
      colours[i] = high * 0x20_0000 + low;
    }
    const next = renumber(colours);
    if (next.boxes === current.boxes || next.boxes > most) break;
    current = next;
  }
  return current;
}

/** A hash of the set of groups in one row. */
function hashRow({ start, items }: Rows, row: number, group: Int32Array, scratch: number[]): number {
  const from = start[row]!;
  const to = start[row + 1]!;
  if (to - from === 1) return mix(0x2545f491, group[items[from]!]!);
  scratch.length = 0;
  for (let e = from; e < to; e++) scratch.push(group[items[e]!]!);
  scratch.sort((a, b) => a - b);
  let hash = 0x2545f491;
  for (let k = 0; k < scratch.length; k++) {
    if (k === 0 || scratch[k] !== scratch[k - 1]) hash = mix(hash, scratch[k]!);
  }
  return hash;
}

/** One step of MurmurHash3's 32-bit mix. */
function mix(hash: number, value: number): number {
  let k = Math.imul(value + 1, 0xcc9e2d51);
  k = Math.imul((k << 15) | (k >>> 17), 0x1b873593);
  const h = hash ^ k;
  return (Math.imul((h << 13) | (h >>> 19), 5) + 0xe6546b64) | 0;
}

/** Opens whole roles while the picture stays comfortable. */
function openRoles(shape: GraphShape, successors: Rows, roles: Grouping, levels: Int32Array): Grouping {
  const size = new Int32Array(roles.boxes);
  const depth = new Int32Array(roles.boxes);
  for (let i = 0; i < shape.count; i++) {
    const role = roles.group[i]!;
    size[role]!++;
    depth[role] = Math.max(depth[role]!, levels[i]!);
  }
  const candidates = Array.from(size.keys())
    .filter((role) => size[role]! > 1 && size[role]! <= comfortable.boxes)
    .sort((a, b) => size[a]! - size[b]! || depth[b]! - depth[a]! || a - b);
  let current = roles;
  for (const role of candidates) {
    const opened = new Float64Array(shape.count);
    for (let i = 0; i < shape.count; i++) {
      opened[i] = roles.group[i] === role ? current.boxes + i : current.group[i]!;
    }
    const start = renumber(opened);
    if (start.boxes > comfortable.boxes) continue;
    const refined = refine(shape, successors, start, Number.POSITIVE_INFINITY);
    if (refined.boxes <= comfortable.boxes && widest(refined, levels) <= comfortable.width) current = refined;
  }
  return current;
}

/** Too many different labels: the most frequent keep their boxes, the others share the last one. */
function lumpRare({ group, boxes }: Grouping): Grouping {
  const size = new Int32Array(boxes);
  for (const box of group) size[box]!++;
  const kept = Array.from(size.keys())
    .sort((a, b) => size[b]! - size[a]! || a - b)
    .slice(0, comfortable.boxes - 1);
  const keeps = new Set(kept);
  return renumber(group.map((box) => (keeps.has(box) ? box : -1)));
}
