/**
 * σ, the safe order: an order of all tasks in which, run one after the other, they need little memory at once. Finding
 * the least is NP-hard on general graphs (Sethi 1975), so several rules each make an order and the one with the lowest peak
 * is taken; of equal ones the first named here:
 *
 * - `depth-first`: a task's inputs one after the other, each with all it needs, those that need much while they are made
 *   and leave little first (Liu 1987, hill and valley; optimal for trees among such orders). Bad where inputs are shared
 *   by far branches: what the first branch made for the second has to be kept for long.
 * - `steepest`: the same, but of several ends of the graph the one first that needs most. Bad where that leaves results
 *   for the others to take, which then lie there for long.
 * - `freeing`: always the ready task that frees most (XLA's list scheduler). Bad where a step that frees nothing opens
 *   the way to one that frees much: it sees one step ahead.
 * - `postorder`: as depth-first, inputs in the order given. Bad where a later input needs much room while it is made.
 * - `given`: as numbered. Bad where the graph was written level by level: each level is kept whole.
 */
import { MaxHeap } from './heap.js';
import { usesOf, type Workload, waitsOf } from './workload.js';

export interface SafeOrder {
  /** The tasks, first to last. */
  readonly order: Int32Array;
  /** The place of each task in `order`. */
  readonly position: Int32Array;
  /** Bytes that are in use while order[k] runs, all run one after the other. */
  readonly profile: Float64Array;
  /** The largest of `profile`, or of what is kept at the end. */
  readonly peak: number;
  readonly rule: OrderRule;
}

export type OrderRule = 'depth-first' | 'steepest' | 'freeing' | 'postorder' | 'given';

const rules: Readonly<Record<OrderRule, (work: Workload) => Int32Array>> = {
  'depth-first': (work) => depthFirst(work, hills(work).sorted, undefined),
  steepest: (work) => {
    const { hill, sorted } = hills(work);
    return depthFirst(work, sorted, hill);
  },
  freeing,
  postorder: (work) => depthFirst(work, undefined, undefined),
  given: ({ size }) => Int32Array.from({ length: size }, (_, i) => i),
};

export const orderRules = Object.keys(rules) as readonly OrderRule[];

/** The order that one rule makes. O(m log m) in tasks and inputs. */
export function orderBy(work: Workload, rule: OrderRule): SafeOrder {
  const order = rules[rule](work);
  const plain = describe(work, order, rule);
  if (rule === 'given') return plain;
  const tightened = describe(work, tighten(work, order), rule);
  return tightened.peak < plain.peak ? tightened : plain;
}

/** The order with the lowest peak. O(m log m) in tasks and inputs. */
export function safeOrder(work: Workload): SafeOrder {
  let best: SafeOrder | undefined;
  for (const rule of orderRules) {
    const candidate = orderBy(work, rule);
    if (best === undefined || candidate.peak < best.peak) best = candidate;
  }
  return best as SafeOrder;
}

function describe(work: Workload, order: Int32Array, rule: OrderRule): SafeOrder {
  const position = new Int32Array(work.size);
  order.forEach((task, k) => {
    position[task] = k;
  });
  const { profile, peak } = footprint(work, order);
  return { order, position, profile, peak, rule };
}

/** Bytes in use while each task of `order` runs, one after the other, and the most of them. Linear. */
export function footprint(work: Workload, order: Int32Array): Pick<SafeOrder, 'profile' | 'peak'> {
  const { size, inputStart, inputs, bytes, scratch, kept } = work;
  const left = usesOf(work);
  const profile = new Float64Array(size);
  let live = 0;
  for (let d = size; d < bytes.length; d++) live += bytes[d] as number;
  let peak = live;
  for (let k = 0; k < size; k++) {
    const task = order[k] as number;
    live += bytes[task] as number;
    const used = live + (scratch[task] as number);
    profile[k] = used;
    if (used > peak) peak = used;
    if (left[task] === 0 && kept[task] === 0) live -= bytes[task] as number;
    for (let e = inputStart[task] as number; e < (inputStart[task + 1] as number); e++) {
      const datum = inputs[e] as number;
      if (--(left[datum] as number) === 0 && kept[datum] === 0) live -= bytes[datum] as number;
    }
  }
  return { profile, peak };
}

/**
 * The most bytes in use while task i is made with all it needs, its inputs by the rule of Liu, as if nothing were
 * shared; and for each task its inputs in that order.
 */
function hills({ size, inputStart, inputs, bytes, scratch }: Workload): { hill: Float64Array; sorted: Int32Array } {
  const hill = new Float64Array(size);
  const sorted = inputs.slice();
  for (let i = 0; i < size; i++) {
    const first = inputStart[i] as number;
    const end = inputStart[i + 1] as number;
    if (end - first > 1) {
      const drop = (d: number): number => (d < size ? (hill[d] as number) - (bytes[d] as number) : 0);
      const own = Array.from(inputs.subarray(first, end)).sort((a, b) => drop(b) - drop(a));
      sorted.set(own, first);
    }
    let kept = 0;
    let most = 0;
    for (let e = first; e < end; e++) {
      const datum = sorted[e] as number;
      if (datum < size) most = Math.max(most, kept + (hill[datum] as number));
      kept += bytes[datum] as number;
    }
    hill[i] = Math.max(most, kept + (bytes[i] as number) + (scratch[i] as number));
  }
  return { hill, sorted };
}

/**
 * Each task after its inputs, which come as `sorted` has them, else as given. Ends of the graph in their order, or those
 * of the highest `hill` first.
 */
function depthFirst(
  { size, inputStart, inputs, userStart }: Workload,
  sorted: Int32Array | undefined,
  hill: Float64Array | undefined,
): Int32Array {
  const from = sorted ?? inputs;
  const order = new Int32Array(size);
  const isPlaced = new Uint8Array(size);
  const stack = new Int32Array(size);
  const next = inputStart.slice(0, size);
  let placed = 0;
  const roots: number[] = [];
  for (let task = 0; task < size; task++) if (userStart[task] === userStart[task + 1]) roots.push(task);
  if (hill !== undefined) roots.sort((a, b) => (hill[b] as number) - (hill[a] as number));
  for (const root of roots) {
    let top = 0;
    stack[0] = root;
    while (top >= 0) {
      const task = stack[top] as number;
      const e = next[task] as number;
      if (isPlaced[task] === 1) {
        top--;
      } else if (e < (inputStart[task + 1] as number)) {
        next[task] = e + 1;
        const datum = from[e] as number;
        if (datum < size && isPlaced[datum] === 0) stack[++top] = datum;
      } else {
        isPlaced[task] = 1;
        order[placed++] = task;
        top--;
      }
    }
  }
  return order;
}

/**
 * The same order with less time between use and release: what takes more than it frees waits until a later task needs
 * it, and what frees at least as much as it takes comes as soon as its inputs are there. Linear in tasks and inputs,
 * but for results with many users.
 */
function tighten(work: Workload, order: Int32Array): Int32Array {
  const { size, inputStart, inputs, userStart, users, bytes, scratch, kept } = work;
  const left = usesOf(work);
  const waits = waitsOf(work);
  const isPlaced = new Uint8Array(size);
  const tightened = new Int32Array(size);
  const next = inputStart.slice(0, size);
  const stack: number[] = [];
  let placed = 0;
  const growth = (task: number): number => {
    const isDropped = userStart[task] === userStart[task + 1] && kept[task] === 0;
    let more = isDropped ? 0 : (bytes[task] as number);
    for (let e = inputStart[task] as number; e < (inputStart[task + 1] as number); e++) {
      const datum = inputs[e] as number;
      if (left[datum] === 1 && kept[datum] === 0) more -= bytes[datum] as number;
    }
    return more;
  };
  const place = (task: number): void => {
    isPlaced[task] = 1;
    tightened[placed++] = task;
    for (let e = inputStart[task] as number; e < (inputStart[task + 1] as number); e++) {
      (left[inputs[e] as number] as number)--;
    }
    for (let u = userStart[task] as number; u < (userStart[task + 1] as number); u++) {
      const user = users[u] as number;
      if (--(waits[user] as number) === 0 && scratch[user] === 0 && growth(user) <= 0) stack.push(user);
    }
  };
  for (const first of order) {
    if (isPlaced[first] === 1) continue;
    if (userStart[first] !== userStart[first + 1] && growth(first) > 0) continue;
    stack.push(first);
    while (stack.length > 0) {
      const task = stack.at(-1) as number;
      const e = next[task] as number;
      if (isPlaced[task] === 1) {
        stack.pop();
      } else if (e < (inputStart[task + 1] as number)) {
        next[task] = e + 1;
        const datum = inputs[e] as number;
        if (datum < size && isPlaced[datum] === 0) stack.push(datum);
      } else {
        stack.pop();
        place(task);
      }
    }
  }
  return tightened;
}

/** Always the ready task that frees most bytes, less those it takes; among equal ones the one that came last. */
function freeing(work: Workload): Int32Array {
  const { size, inputStart, inputs, userStart, users, bytes, scratch, kept } = work;
  const waits = waitsOf(work);
  const left = usesOf(work);
  const gain = new Float64Array(size);
  const state = new Uint8Array(size); // 0 waits, 1 ready, 2 placed
  const ready = new MaxHeap();
  const gainOf = (task: number): number => {
    let freed = 0;
    for (let e = inputStart[task] as number; e < (inputStart[task + 1] as number); e++) {
      const datum = inputs[e] as number;
      if (left[datum] === 1 && kept[datum] === 0) freed += bytes[datum] as number;
    }
    const isDropped = userStart[task] === userStart[task + 1] && kept[task] === 0;
    return freed - (isDropped ? 0 : (bytes[task] as number)) - 1e-3 * (scratch[task] as number);
  };
  const push = (task: number): void => {
    gain[task] = gainOf(task);
    ready.push(task, gain[task] as number);
  };
  // From the last to the first, so that of equal ones the first task is on top
  for (let task = size - 1; task >= 0; task--) {
    if (waits[task] !== 0) continue;
    state[task] = 1;
    push(task);
  }
  const order = new Int32Array(size);
  for (let placed = 0; placed < size; ) {
    const key = ready.peekKey();
    const task = ready.pop();
    if (state[task] !== 1 || key !== gain[task]) continue;
    state[task] = 2;
    order[placed++] = task;
    for (let e = inputStart[task] as number; e < (inputStart[task + 1] as number); e++) {
      const datum = inputs[e] as number;
      if (--(left[datum] as number) !== 1 || kept[datum] !== 0) continue;
      // The one task that still takes it frees it now
      for (let u = userStart[datum] as number; u < (userStart[datum + 1] as number); u++) {
        const user = users[u] as number;
        if (state[user] === 1) push(user);
      }
    }
    for (let u = (userStart[task + 1] as number) - 1; u >= (userStart[task] as number); u--) {
      const user = users[u] as number;
      if (--(waits[user] as number) > 0) continue;
      state[user] = 1;
      push(user);
    }
  }
  return order;
}
