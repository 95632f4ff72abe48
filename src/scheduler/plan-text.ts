/**
 * A plan as a table: every task of a small one; of a large one the kinds of tasks, the most time first, and the tasks
 * that start first and last, with the number of those left out. What only moves references takes no time and is counted,
 * not listed.
 */
import type { Plan, PlannedTask } from './planned.js';
import type { Platform } from './platform.js';
import { columns, short, size, time } from './quantity.js';

/** So many rows are read at a glance, or nearly. */
const MOST_ROWS = 60;
const MOST_KINDS = 20;
const FIRST = 10;
const LAST = 5;
/** Structures, items and values take less than this many seconds. */
const NOTICEABLE = 2e-7;

type Planned = Omit<Plan, 'explain' | 'toString'>;

/** @param names the kind of each of the plan's tasks, in their order */
export function planText(plan: Planned, platform: Platform, names: readonly string[]): string {
  const shown: { readonly task: PlannedTask; readonly name: string }[] = [];
  plan.tasks.forEach((task, i) => {
    if (task.end - task.start >= NOTICEABLE) shown.push({ task, name: names[i] as string });
  });
  const hidden = plan.tasks.length - shown.length;
  const lines = [summary(plan, platform)];
  if (shown.length <= MOST_ROWS) {
    lines.push(...taskTable(shown.map(({ task }) => task)));
  } else {
    const kinds = byKind(shown);
    const rest = kinds.length > MOST_KINDS ? `, the ${MOST_KINDS} that take most of ${kinds.length}` : '';
    lines.push(`${shown.length} tasks, by kind${rest}:`, ...kindTable(kinds.slice(0, MOST_KINDS)));
    lines.push(`the ${FIRST} that start first and the ${LAST} that start last:`);
    const tasks = shown.map(({ task }) => task);
    const table = taskTable([...tasks.slice(0, FIRST), ...tasks.slice(-LAST)]);
    table.splice(FIRST + 1, 0, `… ${tasks.length - FIRST - LAST} more, all of them in plan.tasks`);
    lines.push(...table);
  }
  if (hidden > 0) lines.push(`and ${hidden} that take no time: values that are there, and what passes them on`);
  return lines.join('\n');
}

function summary({ makespan, lowerBound, peak, policy, spilled }: Planned, platform: Platform): string {
  const ratio = lowerBound > 0 ? `, ${(makespan / lowerBound).toFixed(2)} of the lower bound` : '';
  const pools = platform.pools.map(({ name, slots }) => (slots === 1 ? name : `${slots} ${name}`)).join(', ');
  const peaks = platform.memories.map(({ name, budget }) => {
    const limit = budget === Number.POSITIVE_INFINITY ? '' : ` of ${size(budget)}`;
    return `${name} ${size(peak[name] ?? 0)}${limit}`;
  });
  const files = spilled > 0 ? `, ${size(spilled)} written to files` : '';
  return `${time(makespan)}${ratio}, on ${pools} (${policy}); at most ${peaks.join(', ')}${files}`;
}

function taskTable(tasks: readonly PlannedTask[]): string[] {
  const rows = tasks.map(({ key, device, start, end, bytes }) => [
    short(key),
    device,
    time(start),
    time(end - start),
    bytes === 0 ? '' : size(bytes),
  ]);
  return columns([['task', 'device', 'starts', 'takes', 'gives'], ...rows], new Set([2, 3, 4]));
}

interface Kind {
  readonly name: string;
  readonly device: string;
  tasks: number;
  seconds: number;
  bytes: number;
}

function byKind(shown: readonly { readonly task: PlannedTask; readonly name: string }[]): Kind[] {
  const kinds = new Map<string, Kind>();
  for (const { task, name } of shown) {
    const id = JSON.stringify([name, task.device]);
    const kind = kinds.get(id) ?? { name, device: task.device, tasks: 0, seconds: 0, bytes: 0 };
    kinds.set(id, kind);
    kind.tasks++;
    kind.seconds += task.end - task.start;
    kind.bytes += task.bytes;
  }
  return [...kinds.values()].sort((a, b) => b.seconds - a.seconds);
}

function kindTable(kinds: readonly Kind[]): string[] {
  const rows = kinds.map(({ name, device, tasks, seconds, bytes }) => [
    short(name),
    device,
    String(tasks),
    time(seconds),
    time(seconds / tasks),
    bytes === 0 ? '' : size(bytes / tasks),
  ]);
  const header = ['kind', 'device', 'tasks', 'take', 'each', 'gives each'];
  return columns([header, ...rows], new Set([2, 3, 4, 5]));
}
