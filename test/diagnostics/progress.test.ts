import { describe, expect, it } from 'vitest';
import { ProgressBar } from '../../dist/diagnostics/index.js';
import { OptionError } from '../../dist/errors.js';

/** A stream that keeps what is written, and a clock that only the test moves. */
function scene(isTTY: boolean, columns = 100) {
  const written: string[] = [];
  const stream = { write: (text: string) => written.push(text), isTTY, columns };
  const time = { now: 0 };
  const bar = new ProgressBar({ stream, clock: () => time.now });
  const start = (tasks: number) => bar.onStart({ tasks, scheduler: 'threads', workers: 2, startedAt: 0 });
  const run = (i: number, milliseconds: number, name = 'score') => {
    const event = { key: `${name}-${i}`, name, index: i, device: 'js', thread: 1, start: 0 };
    bar.onTaskStart(event);
    time.now += milliseconds;
    bar.onTaskEnd();
  };
  const finish = (tasks: number, ok = true) => bar.onFinish({ ok, tasks, makespan: time.now / 1000 });
  return { written, bar, time, start, run, finish, text: () => written.join('') };
}

describe('ProgressBar on a terminal', () => {
  it('redraws one line with counts and an estimate, and ends it', () => {
    const { start, run, finish, written } = scene(true);
    start(10);
    for (let i = 0; i < 5; i++) run(i, 200);
    const bar = '█'.repeat(12) + '░'.repeat(12);
    expect(written.at(-1)).toBe(`\r${bar}  50%  5 of 10 tasks  1 s, about 1 s left  score\u001b[K`);
    expect(written.every((text) => !text.includes('\n'))).toBe(true);
    for (let i = 5; i < 10; i++) run(i, 200);
    finish(10);
    expect(written.at(-1)).toBe('\r10 tasks in 2 s\u001b[K\n');
  });

  it('redraws at most ten times a second, however many tasks there are', () => {
    const { start, run, written } = scene(true);
    start(1000);
    for (let i = 0; i < 1000; i++) run(i, 1);
    expect(written.length).toBeGreaterThan(5);
    expect(written.length).toBeLessThanOrEqual(10);
  });

  it('never writes more than one row, nor control characters of a name', () => {
    const { start, run, written } = scene(true, 40);
    start(3);
    run(0, 500, 'evil\n\u001b[2Jname');
    run(1, 500, 'evil\n\u001b[2Jname');
    expect(written.length).toBe(2);
    for (const text of written) {
      expect(text.startsWith('\r') && text.endsWith('\u001b[K')).toBe(true);
      const row = text.slice(1, -3);
      expect(row).not.toMatch(/\p{Cc}/u);
      expect(row.length).toBeLessThan(40);
    }
  });

  it('says which task failed, and counts retries', () => {
    const { bar, start, run, finish, written } = scene(true);
    start(4);
    run(0, 10);
    const failure = { key: 'score-1', name: 'score', index: 1, error: new Error('no'), time: 0 };
    bar.onError({ ...failure, retrying: true });
    bar.onError({ ...failure, retrying: false });
    finish(1, false);
    expect(written.at(-1)).toBe("\rfailed at 'score-1' after 1 of 4 tasks (1 retried), 10 ms\u001b[K\n");
  });

  it('says that an aborted run stopped, and may be used for the next', () => {
    const { start, run, finish, written } = scene(true);
    start(4);
    run(0, 10);
    finish(1, false);
    expect(written.at(-1)).toBe('\rstopped after 1 of 4 tasks, 10 ms\u001b[K\n');
    start(1);
    run(0, 30);
    finish(1);
    expect(written.at(-1)).toBe('\r1 task in 30 ms\u001b[K\n');
  });

  it('writes nothing more after the end', () => {
    const { bar, time, start, finish, written } = scene(true);
    start(1);
    finish(1);
    const before = written.length;
    time.now += 10_000;
    bar.onTaskEnd();
    finish(1);
    expect(written.length).toBe(before);
  });
});

describe('ProgressBar options', () => {
  it('refuses what it does not know', () => {
    expect(() => new ProgressBar({ labl: 'x' } as never)).toThrow(/no option 'labl' \(did you mean 'label'\?\)/);
    expect(() => new ProgressBar({ stream: {} } as never)).toThrow(OptionError);
  });

  it('puts its label first', () => {
    const written: string[] = [];
    const bar = new ProgressBar({
      label: 'fit',
      stream: { write: (text: string) => written.push(text), isTTY: true },
      clock: () => 0,
    });
    bar.onStart({ tasks: 2, scheduler: 'sync', workers: 0, startedAt: 0 });
    bar.onFinish({ ok: true, tasks: 2, makespan: 0 });
    expect(written).toEqual(['\rfit  2 tasks in 0 s\u001b[K\n']);
  });
});

describe('ProgressBar in a log', () => {
  it('is silent for a short run', () => {
    const { start, run, finish, written } = scene(false);
    start(100);
    for (let i = 0; i < 100; i++) run(i, 9);
    finish(100);
    expect(written).toEqual([]);
  });

  it('writes plain lines, ever more rarely, and a last one', () => {
    const { start, run, finish, written, text } = scene(false);
    start(100);
    for (let i = 0; i < 100; i++) run(i, 1000);
    finish(100);
    expect(written[0]).toBe('1 of 100 tasks, 1 s, about 1 min 39 s left\n');
    expect(written.length).toBe(8); // at 1, 2, 4, 8, 16, 32 and 64 s, and the end
    expect(written.at(-1)).toBe('100 tasks in 1 min 40 s\n');
    for (const sign of ['\r', '\u001b', '█']) expect(text()).not.toContain(sign);
  });
});
