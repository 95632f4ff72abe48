/**
 * A profile as one HTML file that works offline and without scripts: a timeline of every thread, memory over time
 * where it is known, errors, and a table by function. However many tasks there were, the timeline has at most a few
 * hundred bars per thread: tasks too short to see share a bar, whose tooltip says how many they are.
 */
import type { TaskEndEvent } from '../scheduler/observer.js';
import { threadName } from './colour.js';
import { describeError, escapeXml, formatBytes, formatCount, formatSeconds, plural, shorten } from './format.js';
import { fontStack } from './measure.js';
import { category, categoryCount, ink, mutedInk, neutral, type Swatch } from './palette.js';
import type { FunctionSummary, Profile } from './profile.js';

const width = 1120;
const gutter = 96;
const lane = 26;
const plot = width - gutter - 8;
/** Points: tasks narrower than this share a bar. */
const narrowest = 1.5;
const errorsShown = 20;

const style = `
body { margin: 0 auto; max-width: ${width + 48}px; padding: 24px; font: 14px/1.5 ${fontStack}; color: ${ink}; background: #fff; }
h1 { font-size: 20px; margin: 0 0 4px; } h2 { font-size: 15px; margin: 28px 0 8px; } p { margin: 0 0 8px; color: ${mutedInk}; }
svg { display: block; max-width: 100%; height: auto; } .failed { color: #a33c00; }
table { border-collapse: collapse; width: 100%; font-variant-numeric: tabular-nums; }
th, td { text-align: right; padding: 5px 10px; border-bottom: 1px solid #e1e5ea; } th { font-weight: 600; }
th:first-child, td:first-child, th:last-child, td:last-child { text-align: left; }
td i { display: inline-block; width: 11px; height: 11px; border-radius: 3px; border: 1.3px solid; margin-right: 8px; vertical-align: -1px; }
li { overflow-wrap: anywhere; }
`;

export function toReport(profile: Profile, summary: readonly FunctionSummary[]): string {
  const { start, finish, tasks } = profile;
  const end = tasks.reduce((latest, task) => Math.max(latest, task.end), finish?.makespan ?? 0);
  const swatches = new Map(summary.map((row, index) => [row.name, category(index)]));
  const state = finish === undefined ? 'not finished' : finish.ok ? '' : 'failed';
  const facts = [plural(tasks.length, 'task'), formatSeconds(end)];
  if (start !== undefined) {
    facts.push(
      `scheduler '${start.scheduler}'`,
      plural(start.workers, 'worker'),
      `started ${new Date(start.startedAt).toISOString()}`,
    );
  }
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">
<title>lazuli run: ${escapeXml(facts.slice(0, 2).join(', '))}</title>
<style>${style}</style>
</head>
<body>
<h1>Run${state === '' ? '' : ` <span class="failed">${state}</span>`}</h1>
<p>${escapeXml(facts.join(' · '))}</p>
${tasks.length === 0 ? '<p>No task has a result.</p>' : `<h2>Threads</h2>\n${timeline(tasks, end, swatches)}`}
${memory(tasks, end)}
${errors(profile)}
<h2>Functions</h2>
${table(summary, swatches)}
</body>
</html>
`;
}

function timeline(tasks: readonly TaskEndEvent[], end: number, swatches: ReadonlyMap<string, Swatch>): string {
  const byThread = new Map<number, TaskEndEvent[]>();
  for (const task of tasks) {
    const own = byThread.get(task.thread);
    if (own === undefined) byThread.set(task.thread, [task]);
    else own.push(task);
  }
  const threads = [...byThread.keys()].sort((a, b) => a - b);
  const height = threads.length * lane + 24;
  const scale = end > 0 ? plot / end : 0;
  const rows = threads.map((thread, row) => {
    const own = byThread.get(thread)!.sort((a, b) => a.start - b.start);
    const busy = own.reduce((sum, task) => sum + task.end - task.start, 0);
    const y = row * lane;
    const name = `${threadName(thread)}`;
    const share = end > 0 ? Math.round((100 * busy) / end) : 0;
    return `<g><title>${name}: busy ${share}% of ${formatSeconds(end)}</title><rect x="${gutter}" y="${y + 2}" width="${plot}" height="${lane - 5}" fill="#f3f5f7"/><text x="0" y="${y + 17}" font-size="11" fill="${mutedInk}">${name} ${share}%</text></g>${bars(own, y, scale, swatches)}`;
  });
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" width="${width}" height="${height}" font-family="${escapeXml(fontStack)}" role="img" aria-label="What ran when on which thread">${rows.join('\n')}${axis(end, threads.length * lane)}</svg>`;
}

/** The bars of one thread; `tasks` by start. */
function bars(tasks: readonly TaskEndEvent[], y: number, scale: number, swatches: ReadonlyMap<string, Swatch>): string {
  const out: string[] = [];
  let bundle: TaskEndEvent[] = [];
  const bar = (from: number, to: number, swatch: Swatch, title: string) =>
    out.push(
      `<rect x="${round(gutter + from)}" y="${y + 2}" width="${round(Math.max(0.75, to - from))}" height="${lane - 5}" fill="${swatch.stroke}" stroke="#ffffff" stroke-width="${to - from > 4 ? 0.6 : 0}"><title>${escapeXml(title)}</title></rect>`,
    );
  const swatchOf = (name: string) => swatches.get(name) ?? neutral;
  const flush = () => {
    const first = bundle[0];
    if (first === undefined) return;
    const last = bundle.reduce((latest, task) => Math.max(latest, task.end), 0);
    const title =
      bundle.length === 1
        ? titleOf(first)
        : `${plural(bundle.length, 'task')}, ${formatSeconds(first.start)} to ${formatSeconds(last)}`;
    bar(first.start * scale, last * scale, swatchOf(longestOf(bundle)), title);
    bundle = [];
  };
  for (const task of tasks) {
    if ((task.end - task.start) * scale >= narrowest) {
      flush();
      bar(task.start * scale, task.end * scale, swatchOf(task.name), titleOf(task));
      continue;
    }
    if (bundle[0] !== undefined && (task.end - bundle[0].start) * scale > 2 * narrowest) flush();
    bundle.push(task);
  }
  flush();
  return out.join('');
}

function titleOf(task: TaskEndEvent): string {
  const size = task.bytes > 0 ? `\n${formatBytes(task.bytes)}` : '';
  return `${shorten(task.key, 80)}\n${task.device}, ${formatSeconds(task.end - task.start)} from ${formatSeconds(task.start)}${size}`;
}

/** The function that takes most of a bundle's time. */
function longestOf(bundle: readonly TaskEndEvent[]): string {
  const seconds = new Map<string, number>();
  for (const { name, start, end } of bundle) seconds.set(name, (seconds.get(name) ?? 0) + end - start);
  return [...seconds].reduce((best, entry) => (entry[1] > best[1] ? entry : best))[0];
}

/** Host memory as a step line; of all samples that fall on one point the highest counts. */
function memory(tasks: readonly TaskEndEvent[], end: number): string {
  const highest = new Map<number, number>();
  let peak = 0;
  for (const { end: time, used } of tasks) {
    if (used === undefined || end <= 0) continue;
    const x = Math.round((time / end) * plot);
    highest.set(x, Math.max(highest.get(x) ?? 0, used));
    peak = Math.max(peak, used);
  }
  if (highest.size === 0) return '';
  const height = 120;
  const top = 12;
  const yOf = (bytes: number) => round(top + (height - top) * (1 - (peak > 0 ? bytes / peak : 0)));
  let path = `M${gutter} ${height}`;
  for (const [x, used] of [...highest].sort((a, b) => a[0] - b[0])) path += `H${gutter + x}V${yOf(used)}`;
  path += `H${gutter + plot}V${height}Z`;
  const { fill, stroke } = category(0);
  return `<h2>Memory</h2>
<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height + 24}" width="${width}" height="${height + 24}" font-family="${escapeXml(fontStack)}" role="img" aria-label="Host memory over time"><path d="${path}" fill="${fill}" stroke="${stroke}"/><text x="0" y="${top + 4}" font-size="11" fill="${mutedInk}">${formatBytes(peak)}</text><text x="0" y="${height}" font-size="11" fill="${mutedInk}">0</text>${axis(end, height)}</svg>`;
}

/** Five marks from zero to the end. */
function axis(end: number, y: number): string {
  return [0, 0.25, 0.5, 0.75, 1]
    .map((share) => {
      const anchor = share === 0 ? 'start' : share === 1 ? 'end' : 'middle';
      return `<text x="${round(gutter + share * plot)}" y="${y + 16}" font-size="11" fill="${mutedInk}" text-anchor="${anchor}">${formatSeconds(end * share)}</text>`;
    })
    .join('');
}

function errors({ errors: failures }: Profile): string {
  if (failures.length === 0) return '';
  const rows = failures.slice(0, errorsShown).map(({ key, error, time, retrying }) => {
    const what = describeError(error);
    return `<li>${escapeXml(`${formatSeconds(time)}: '${shorten(key, 80)}' ${retrying ? 'failed and was tried again' : 'failed'}: ${what}`)}</li>`;
  });
  if (failures.length > errorsShown) rows.push(`<li>and ${formatCount(failures.length - errorsShown)} more</li>`);
  return `<h2>Errors</h2>\n<ul>${rows.join('')}</ul>`;
}

function table(summary: readonly FunctionSummary[], swatches: ReadonlyMap<string, Swatch>): string {
  const total = summary.reduce((sum, row) => sum + row.total, 0);
  const rows = summary.map((row) => {
    const { stroke } = swatches.get(row.name) ?? neutral;
    const share = total > 0 ? `${((100 * row.total) / total).toFixed(1)}%` : '';
    return `<tr><td><i style="background:${stroke};border-color:${stroke}"></i>${escapeXml(shorten(row.name, 60))}</td><td>${formatCount(row.count)}</td><td>${formatSeconds(row.total)}</td><td>${share}</td><td>${formatSeconds(row.mean)}</td><td>${formatSeconds(row.max)}</td><td>${formatBytes(row.bytes)}</td><td>${escapeXml(row.devices.join(', '))}</td></tr>`;
  });
  const note =
    summary.length > categoryCount
      ? `<p>The ${categoryCount} functions that took longest have colours of their own.</p>`
      : '';
  return `${note}<table><thead><tr><th>function</th><th>tasks</th><th>total</th><th>share</th><th>mean</th><th>longest</th><th>results</th><th>devices</th></tr></thead><tbody>${rows.join('')}</tbody></table>`;
}

function round(value: number): number {
  return Math.round(value * 100) / 100;
}
