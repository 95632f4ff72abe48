import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Profiler } from '../../dist/diagnostics/index.js';
import { drawProgram } from '../../dist/diagnostics/visualize.js';
import { OptionError } from '../../dist/errors.js';
import { pipeline } from './graphs.js';
import { byClass, parseXml } from './xml.js';

let folder = '';
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'lazuli-profile-'));
});
afterAll(async () => rm(folder, { recursive: true }));

/** A run of the pipeline on two threads: loads of 1 s, cleans of 2 s, the rest instantaneous. */
function profiled(): Profiler {
  const profiler = new Profiler();
  profiler.onStart({ tasks: 8, scheduler: 'threads', workers: 2, startedAt: 1.7e12 });
  let time = 0;
  pipeline().nodes.forEach(({ key, op }, index) => {
    const seconds = op.name === 'load' ? 1 : op.name === 'clean' ? 2 : 0;
    const event = {
      key,
      name: op.name,
      index,
      device: index % 2 ? 'wasm' : 'js',
      thread: 1 + (index % 2),
      start: time,
      end: time + seconds,
    };
    profiler.onTaskEnd({ ...event, bytes: 100, used: 100 * (index + 1) });
    time += seconds;
  });
  profiler.onTransfer({ key: 'load-1', from: 'host', to: 'gpu', bytes: 8, start: 1, end: 1.25 });
  profiler.onSpill({ key: 'load-2', direction: 'out', bytes: 8, start: 2, end: 2.5 });
  profiler.onError({
    key: 'clean-1',
    name: 'clean',
    index: 1,
    error: new RangeError('a <b> & "c"'),
    time: 1.5,
    retrying: true,
  });
  profiler.onFinish({ ok: true, tasks: 8, makespan: time });
  return profiler;
}

describe('Profiler', () => {
  it('sums up by function, the most expensive first', () => {
    const summary = profiled().summary();
    expect(summary.map((row) => [row.name, row.count, row.total, row.mean, row.max, row.bytes])).toEqual([
      ['clean', 3, 6, 2, 2, 300],
      ['load', 3, 3, 1, 1, 300],
      ['analyze', 1, 0, 0, 0, 100],
      ['store', 1, 0, 0, 0, 100],
    ]);
    expect(summary[1]!.devices).toEqual(['js']);
  });

  it('forgets the run before when another starts', () => {
    const profiler = profiled();
    profiler.onStart({ tasks: 0, scheduler: 'sync', workers: 0, startedAt: 0 });
    expect(profiler.tasks).toEqual([]);
    expect(profiler.summary()).toEqual([]);
    const { transfers, spills, errors, finish } = profiler.profile;
    expect([transfers, spills, errors, finish]).toEqual([[], [], [], undefined]);
  });

  it('writes Chrome trace events in microseconds', () => {
    const trace = JSON.parse(JSON.stringify(profiled().toTrace())) as ReturnType<Profiler['toTrace']>;
    const tasks = trace.traceEvents.filter((event) => event.cat === 'task');
    expect(tasks).toHaveLength(8);
    expect(tasks[0]).toEqual({
      name: 'load',
      cat: 'task',
      ph: 'X',
      pid: 1,
      tid: 1,
      ts: 0,
      dur: 1e6,
      args: { key: 'load-1', device: 'js', bytes: 100 },
    });
    for (const event of trace.traceEvents) {
      if (event.ph === 'X') expect(event.dur).toBeGreaterThanOrEqual(0);
      if (event.ph !== 'M') expect(event.ts).toBeGreaterThanOrEqual(0);
    }
    const lanes = trace.traceEvents.filter((event) => event.name === 'thread_name').map((event) => event.args.name);
    expect(lanes).toEqual(['thread 1', 'thread 2', 'transfers', 'disk']);
    expect(trace.traceEvents.filter((event) => event.ph === 'C').map((event) => event.args.bytes)).toEqual([
      100, 200, 300, 400, 500, 600, 700, 800,
    ]);
    expect(trace.traceEvents.find((event) => event.ph === 'i')?.args.error).toBe('RangeError: a <b> & "c"');
    expect(trace.otherData).toEqual({ tasks: 8, scheduler: 'threads', workers: 2, startedAt: 1.7e12 });
  });

  it('reports in one offline file: threads, memory, errors, functions', async () => {
    const path = await profiled().report(join(folder, 'run.html'));
    const html = await readFile(path, 'utf8');
    expect(html.replaceAll('http://www.w3.org/2000/svg', '')).not.toMatch(/https?:|<script|src=|@import|url\(/);
    const drawings = [...html.matchAll(/<svg[\s\S]*?<\/svg>/g)].map(([svg]) => parseXml(svg));
    expect(drawings).toHaveLength(2);
    for (const heading of ['Threads', 'Memory', 'Errors', 'Functions']) expect(html).toContain(`<h2>${heading}</h2>`);
    expect(html).toContain('RangeError: a &lt;b&gt; &amp; &quot;c&quot;');
    expect(html).toContain('thread 1 ');
    expect(html.match(/<tr>/g)).toHaveLength(5);
  });

  it('bundles tasks too short to see, so that a long run stays a small file', async () => {
    const profiler = new Profiler();
    for (let i = 0; i < 50_000; i++) {
      profiler.onTaskEnd({
        key: `t-${i}`,
        name: `f${i % 20}`,
        index: i,
        device: 'js',
        thread: 1,
        start: i,
        end: i + 1,
        bytes: 0,
      });
    }
    const html = await readFile(await profiler.report(join(folder, 'long.html')), 'utf8');
    const bars = html.match(/<rect[^>]*><title>([\d,]+) tasks/g)!;
    const counted = bars.reduce((sum, bar) => sum + Number(bar.match(/<title>([\d,]+)/)![1]!.replaceAll(',', '')), 0);
    expect(counted).toBe(50_000);
    expect(bars.length).toBeLessThan(1000);
    expect(html).not.toContain('<h2>Memory</h2>');
  });

  it('reports a run without results, and one that failed', async () => {
    const empty = await readFile(await new Profiler().report(join(folder, 'empty.html')), 'utf8');
    expect(empty).toContain('No task has a result');
    const profiler = profiled();
    profiler.onFinish({ ok: false, tasks: 3, makespan: 1 });
    expect(await readFile(await profiler.report(join(folder, 'failed.html')), 'utf8')).toContain('failed');
  });

  it('takes only .html for a report', async () => {
    await expect(profiled().report(join(folder, 'run.pdf'))).rejects.toBeInstanceOf(OptionError);
  });

  it('colours a picture', async () => {
    const svg = parseXml(await drawProgram(pipeline(), { color: 'time', run: profiled() }));
    expect(byClass(svg, 'legend')).toHaveLength(1);
  });
});
