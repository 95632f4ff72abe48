/** What a process knows of times: read at first use, learned from runs, written at the end, and never in the way. */
import { execFileSync } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { setImmediate as idle } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createRuntime, delayed, nd } from '../../dist/index.js';
import { CostFile, cacheFolder } from '../../dist/scheduler/cost-file.js';
import { costFolder, Knowledge, THREADS } from '../../dist/scheduler/knowledge.js';
import type { CallCost } from '../../dist/scheduler/model.js';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'knowledge-test-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const speed = { overhead: 1e-5, flops: 3e10, bandwidth: 4e10 };
const call = (signature: string): CallCost => ({ kernel: 'k@1', device: 'wasm', signature, flops: 1e6, bytes: 1e5 });

describe('Knowledge', () => {
  it('has an answer before anything was measured, and better ones from calibration on', () => {
    const knowledge = new Knowledge(undefined);
    expect(knowledge.speed('wasm')).toBeUndefined();
    expect(knowledge.model.predict(call('a'))).toBeGreaterThan(0);
    expect(knowledge.waking).toBeGreaterThan(0);
    knowledge.calibrated({ wasm: speed, [THREADS]: { ...speed, overhead: 4e-4 } });
    expect(knowledge.model.predict(call('a'))).toBeCloseTo(1e-5 + 1e6 / 3e10 / 0.5, 12);
    expect(knowledge.waking).toBe(4e-4);
    expect(knowledge.speed('wasm')).toEqual(speed);
  });

  it('writes only what is new, and keeps what other processes wrote meanwhile', () => {
    const first = new Knowledge(new CostFile(folder, 'machine'));
    expect(first.save()).toBe(false);
    expect(readdirSync(folder)).toEqual([]);
    const second = new Knowledge(new CostFile(folder, 'machine'));
    for (let i = 0; i < 3; i++) first.model.observe(call('first'), 0.25);
    first.calibrated({ wasm: speed });
    expect(first.save()).toBe(true);
    for (let i = 0; i < 3; i++) second.model.observe({ ...call('second'), kernel: 'other@1' }, 0.5);
    second.calibrated({ js: speed });
    expect(second.save()).toBe(true);
    expect(second.save()).toBe(false);
    const third = new Knowledge(new CostFile(folder, 'machine'));
    expect(third.speed('wasm')).toEqual(speed);
    expect(third.speed('js')).toEqual(speed);
    expect(third.model.predict(call('first'))).toBe(first.model.predict(call('first')));
    expect(third.model.predict(call('first'))).toBeCloseTo(0.25, 1);
    expect(third.model.predict({ ...call('second'), kernel: 'other@1' })).toBeCloseTo(0.5, 1);
  });

  it('never throws for a file', () => {
    writeFileSync(join(folder, 'file'), '');
    const knowledge = new Knowledge(new CostFile(join(folder, 'file'), 'machine'));
    knowledge.calibrated({ wasm: speed });
    expect(knowledge.save()).toBe(false);
  });

  it('lies where LAZULI_CACHE says, or nowhere', () => {
    expect(costFolder({ LAZULI_CACHE: 'off' })).toBeUndefined();
    expect(costFolder({ LAZULI_CACHE: 'here' })).toBe(resolve('here'));
    expect(costFolder({})).toBe(cacheFolder());
    // No test of this project writes to the cache of whoever runs it
    expect(costFolder()).toBeUndefined();
  });
});

describe('a process', () => {
  const program = (lines: string): string => {
    const index = JSON.stringify(new URL('../../dist/index.js', import.meta.url).href);
    return `import { delayed, lastRun, nd, compute } from ${index};\n${lines}`;
  };
  const run = (cache: string, lines: string): string =>
    execFileSync(process.execPath, ['--input-type=module', '-e', program(lines)], {
      encoding: 'utf8',
      env: { ...process.env, LAZULI_CACHE: cache, NODE_OPTIONS: '' },
      timeout: 60_000,
    });
  const wait = `const wait = delayed(function wait(ms) { const end = Date.now() + ms; while (Date.now() < end); return ms; });`;

  it('remembers at its end, and the next one knows what a function takes', () => {
    const slow = `${wait} for (let i = 0; i < 4; i++) await wait(60).compute();`;
    run(folder, slow);
    expect(readdirSync(folder)).toHaveLength(1);
    const answer = run(folder, `${wait} await wait(60).compute(); console.log(lastRun.tasks[0].predicted);`);
    expect(Number(answer)).toBeGreaterThan(0.04);
    const changed = wait.replace('return ms;', 'return -ms;');
    const other = run(folder, `${changed} await wait(60).compute(); console.log(lastRun.tasks[0].predicted);`);
    expect(Number(other)).toBeLessThan(0.02);
  });

  it('writes nothing where it is told to, whatever it computed', () => {
    const home = join(folder, 'home');
    const options = { ...process.env, LAZULI_CACHE: 'off', HOME: home, XDG_CACHE_HOME: home, LOCALAPPDATA: home };
    const lines = program('await nd.sum([1, 2]).compute(); await delayed(() => 1)().compute();');
    execFileSync(process.execPath, ['--input-type=module', '-e', lines], { env: { ...options, NODE_OPTIONS: '' } });
    expect(existsSync(home)).toBe(false);
  });

  it('keeps names and numbers in the file', () => {
    run(folder, 'for (let i = 0; i < 3; i++) await nd.matmul([[1, i]], [[1], [2]]).compute();');
    const [file] = readdirSync(folder) as [string];
    const text = readFileSync(join(folder, file), 'utf8');
    expect(text).toMatch(/"\w+@[0-9a-f]{10} wasm"/);
    expect(text).not.toContain(process.cwd());
  });
});

describe('a run', () => {
  it('predicts before it learns, and learns when it is over', async () => {
    await using runtime = createRuntime({ workers: 2 });
    const wait = delayed(function pause(ms: number) {
      const end = Date.now() + ms;
      while (Date.now() < end);
      return ms;
    });
    const predictions: (number | undefined)[] = [];
    for (let i = 0; i < 6; i++) {
      await runtime.compute(wait(40));
      if (i % 2 === 1) await idle();
      predictions.push(runtime.lastRun?.tasks[0]?.predicted);
    }
    expect(predictions[0]).toBeLessThan(0.01);
    // The first time of a function may contain its compilation and teaches nothing
    expect(predictions[1]).toBe(predictions[0]);
    expect(predictions.at(-1)).toBeGreaterThan(0.02);
    const record = JSON.parse(JSON.stringify(runtime.lastRun)) as { tasks: { predicted: number }[] };
    expect(record.tasks[0]?.predicted).toBe(predictions.at(-1));
  });

  it('learns of a few of many tasks and predicts all of one name', async () => {
    await using runtime = createRuntime({ workers: 2 });
    const many = (n: number) => Array.from({ length: 3000 }, (_, i) => delayed((x: number) => x + n)(i));
    await runtime.compute(many(1), { scheduler: 'sync' });
    const { tasks } = runtime.lastRun!;
    expect(tasks).toHaveLength(3000);
    for (const { predicted } of tasks) expect(predicted).toBeGreaterThan(0);
  });

  it('knows kernels by what they are called on, also where that is known only when they run', async () => {
    await using runtime = createRuntime({ workers: 2, scheduler: 'sync' });
    const known = nd.sort(nd.array([3, 1, 2, 1]));
    const { values } = nd.unique([3, 1, 2, 1], { returnCounts: true });
    for (let i = 0; i < 4; i++) await runtime.compute([known, nd.sort(nd.add(values, i))]);
    for (const { predicted } of runtime.lastRun!.tasks) expect(predicted).toBeGreaterThan(0);
  });
});
