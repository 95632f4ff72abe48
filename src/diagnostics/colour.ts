/**
 * What the colours of a picture mean. Two kinds: categories (function, kind, device, thread), with a legend of
 * swatches and, where a box holds several, a strip of shares; and quantities (order, time, memory), with a scale.
 * Device, thread, time and memory come from the records of a run: without a single matching record that is an error,
 * never a picture that silently shows something else. Tasks of the graph that have no record (fused into another, or
 * not part of that run) are neutral.
 */
import { OptionError } from '../errors.js';
import type { TaskNode } from '../graph/node.js';
import { formatBytes, formatCount, formatSeconds, plural, shorten } from './format.js';
import { category, categoryCount, neutral, quantity, type Swatch } from './palette.js';

export const colourModes = ['function', 'kind', 'order', 'device', 'thread', 'time', 'memory', 'none'] as const;
export type ColourMode = (typeof colourModes)[number];

/** One task of a run, as in `lastRun.tasks`; times in seconds, sizes in bytes. */
export interface TaskRecord {
  readonly key: string;
  readonly device?: string;
  readonly thread?: number;
  readonly start?: number;
  readonly end?: number;
  readonly bytes?: number;
}

/** What drawing and reports need of a run: `lastRun`, or a `Profiler`. */
export interface RunRecord {
  readonly tasks: readonly TaskRecord[];
}

export type Legend =
  | {
      readonly kind: 'categories';
      readonly title: string;
      readonly entries: readonly { readonly label: string; readonly swatch: Swatch }[];
    }
  | {
      readonly kind: 'scale';
      readonly title: string;
      readonly low: string;
      readonly high: string;
      readonly steps: readonly string[];
    };

export interface BoxColour {
  readonly swatch: Swatch;
  readonly parts: readonly { readonly colour: string; readonly share: number }[];
  readonly note: string;
}

interface Colours {
  readonly boxes: readonly BoxColour[];
  readonly legend: Legend | undefined;
}

type Members = readonly Int32Array[];

/** The colour of every box; `members[box]` lists its tasks. */
export function colourBoxes(
  nodes: readonly TaskNode[],
  labels: readonly string[],
  members: Members,
  options: { readonly color: ColourMode; readonly run: RunRecord | undefined },
): Colours {
  const { color } = options;
  switch (color) {
    case 'none':
      return { boxes: members.map(() => ({ swatch: neutral, parts: [], note: '' })), legend: undefined };
    case 'function':
      return byCategory(members, (i) => (isGlue(nodes[i]!) ? undefined : labels[i]), 'function', false);
    case 'kind':
      return byCategory(members, (i) => kindNames[nodes[i]!.op.kind], 'kind of task', true);
    case 'order':
      return byQuantity(
        members,
        (i) => i,
        'mean',
        'order',
        (value) => formatCount(Math.round(value) + 1),
      );
    default: {
      const records = matchRecords(nodes, options.run, color);
      return byRecord(members, records, color);
    }
  }
}

const kindNames = {
  call: 'function',
  kernel: 'kernel',
  value: 'value',
  structure: 'collection',
  item: 'index or property',
  method: 'method',
} as const satisfies Record<TaskNode['op']['kind'], string>;

/** Tasks that only hand values on; they stay neutral where functions have colours. */
function isGlue(node: TaskNode): boolean {
  return node.op.kind === 'value' || node.op.kind === 'structure' || node.op.kind === 'item';
}

type Records = readonly (TaskRecord | undefined)[];

function byRecord(members: Members, records: Records, color: 'device' | 'thread' | 'time' | 'memory'): Colours {
  switch (color) {
    case 'device':
      return byCategory(members, (i) => records[i]?.device, 'device', true, 'no record');
    case 'thread':
      return byCategory(members, (i) => threadName(records[i]?.thread), 'thread', true, 'no record');
    case 'time':
      return byQuantity(
        members,
        (i) => secondsOf(records[i]),
        'sum',
        'seconds, all tasks of a box together',
        formatSeconds,
      );
    case 'memory':
      return byQuantity(
        members,
        (i) => records[i]?.bytes,
        'sum',
        'bytes of results, all tasks of a box together',
        formatBytes,
      );
    default:
      return color satisfies never;
  }
}

/** `main thread` or `thread n`. */
export function threadName(thread: number | undefined): string | undefined {
  if (thread === undefined) return undefined;
  return thread === 0 ? 'main thread' : `thread ${thread}`;
}

function secondsOf(record: TaskRecord | undefined): number | undefined {
  if (record?.start === undefined || record.end === undefined) return undefined;
  return record.end - record.start;
}

function matchRecords(nodes: readonly TaskNode[], run: RunRecord | undefined, color: string): Records {
  if (run === undefined) {
    throw new OptionError(
      'color',
      `color: '${color}' needs the records of a run, and nothing has run yet; compute first, or pass { run: lastRun }`,
    );
  }
  const byKey = new Map(run.tasks.map((record) => [record.key, record]));
  const records = nodes.map((node) => byKey.get(node.key));
  if (!records.some((record) => record !== undefined)) {
    const example = nodes[0] === undefined ? '' : ` (for example '${nodes[0].key}')`;
    throw new OptionError(
      'color',
      `color: '${color}' needs the records of a run of this graph; the given run of ${plural(run.tasks.length, 'task')} has none of its keys${example}; compute this graph first, or pass its run as { run }`,
    );
  }
  return records;
}

/** Most frequent categories first in the palette; `undefined` is neutral. */
function byCategory(
  members: Members,
  categoryOf: (task: number) => string | undefined,
  title: string,
  withLegend: boolean,
  missing = 'other',
): Colours {
  const counts = new Map<string, number>();
  let without = 0;
  const perBox = members.map((tasks) => {
    const own = new Map<string | undefined, number>();
    for (const i of tasks) {
      const name = categoryOf(i);
      own.set(name, (own.get(name) ?? 0) + 1);
      if (name === undefined) without++;
      else counts.set(name, (counts.get(name) ?? 0) + 1);
    }
    return own;
  });
  const names = [...counts.keys()].sort((a, b) => counts.get(b)! - counts.get(a)! || (a < b ? -1 : 1));
  const rank = new Map(names.map((name, index) => [name, index]));
  const swatchOf = (name: string | undefined): Swatch => (name === undefined ? neutral : category(rank.get(name)!));
  const boxes = perBox.map((own): BoxColour => {
    const shares = [...own].sort(
      (a, b) => b[1] - a[1] || (rank.get(a[0] ?? '') ?? 1e9) - (rank.get(b[0] ?? '') ?? 1e9),
    );
    const total = shares.reduce((sum, [, n]) => sum + n, 0);
    return {
      swatch: swatchOf(shares[0]?.[0]),
      parts: shares.length < 2 ? [] : shares.map(([name, n]) => ({ colour: swatchOf(name).stroke, share: n / total })),
      note: withLegend
        ? shares.map(([name, n]) => `${name ?? missing}${shares.length > 1 ? ` ×${formatCount(n)}` : ''}`).join(', ')
        : '',
    };
  });
  if (!withLegend) return { boxes, legend: undefined };
  const entries = names.slice(0, categoryCount).map((name, index) => ({
    label: `${shorten(name, 28)} (${formatCount(counts.get(name)!)})`,
    swatch: category(index),
  }));
  const rest = names.slice(categoryCount).reduce((sum, name) => sum + counts.get(name)!, without);
  if (rest > 0)
    entries.push({
      label: `${names.length > categoryCount ? 'other' : missing} (${formatCount(rest)})`,
      swatch: neutral,
    });
  return { boxes, legend: { kind: 'categories', title, entries } };
}

function byQuantity(
  members: Members,
  quantityOf: (task: number) => number | undefined,
  combine: 'sum' | 'mean',
  title: string,
  format: (value: number) => string,
): Colours {
  const values = members.map((tasks) => {
    let sum = 0;
    let known = 0;
    for (const i of tasks) {
      const value = quantityOf(i);
      if (value === undefined || !Number.isFinite(value)) continue;
      sum += value;
      known++;
    }
    if (known === 0) return undefined;
    return combine === 'sum' ? sum : sum / known;
  });
  let high = Number.NEGATIVE_INFINITY;
  let low = combine === 'sum' ? 0 : Number.POSITIVE_INFINITY;
  for (const value of values) {
    if (value === undefined) continue;
    high = Math.max(high, value);
    low = Math.min(low, value);
  }
  const span = high - low;
  const boxes = values.map((value): BoxColour => {
    if (value === undefined) return { swatch: neutral, parts: [], note: 'no record' };
    return {
      swatch: quantity(span > 0 ? (value - low) / span : 0),
      parts: [],
      note: `${combine === 'mean' ? title : ''} ${format(value)}`.trim(),
    };
  });
  const steps = Array.from({ length: 11 }, (_, i) => quantity(i / 10).fill);
  const legend: Legend = { kind: 'scale', title, low: format(low), high: format(Math.max(low, high)), steps };
  return { boxes, legend };
}
