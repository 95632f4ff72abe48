/** The cost model between processes: kept by machine, whole or not at all, and never in the way. */
import { chmodSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { CostFile, type CostRecord, cacheFolder, machineKey } from '../../dist/scheduler/cost-file.js';
import { type CallCost, CostModel } from '../../dist/scheduler/model.js';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'costs-test-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const speeds = { wasm: { overhead: 1e-5, flops: 3e10, bandwidth: 4e10 } };
const call = (n: number): CallCost => ({
  kernel: 'k@1',
  device: 'wasm',
  signature: `${n}`,
  flops: n ** 3,
  bytes: 8 * n * n,
});

function record(): CostRecord {
  const model = new CostModel(new Map(Object.entries(speeds)));
  for (let run = 0; run < 8; run++) for (const n of [50, 100]) model.observe(call(n), 1e-5 + n ** 3 / 2e10);
  return { speeds, model: model.toJSON() };
}

describe('CostFile', () => {
  it('gives back what was kept: the next process predicts the same', () => {
    const kept = record();
    expect(new CostFile(join(folder, 'deep', 'down')).load()).toBeUndefined();
    const file = new CostFile(join(folder, 'deep', 'down'));
    expect(file.save(kept)).toBe(true);
    expect(readdirSync(join(folder, 'deep', 'down'))).toHaveLength(1);
    const loaded = new CostFile(join(folder, 'deep', 'down')).load()!;
    expect(loaded).toEqual(kept);
    const [before, after] = [kept, loaded].map(({ model }) => new CostModel(new Map(Object.entries(speeds)), model));
    for (const n of [50, 77, 100]) expect(after!.predict(call(n))).toBe(before!.predict(call(n)));
    file.remove();
    expect(file.load()).toBeUndefined();
  });

  it('keeps machines apart', () => {
    new CostFile(folder, 'one').save(record());
    expect(new CostFile(folder, 'another').load()).toBeUndefined();
    expect(new CostFile(folder, 'one').load()).toBeDefined();
    expect(machineKey()).toContain(process.version);
  });

  it.each([
    ['half a file', '{"form":2,"key":"one","speeds":{'],
    ['another form', JSON.stringify({ form: 1, key: 'one', ...record() })],
    ['another key', JSON.stringify({ form: 2, key: 'two', ...record() })],
    ['a speed of nothing', JSON.stringify({ form: 2, key: 'one', ...record(), speeds: { wasm: { flops: 0 } } })],
    ['a fit that is none', JSON.stringify({ form: 2, key: 'one', speeds, model: { fits: { a: 1 }, histories: {} } })],
    ['a list', '[]'],
  ])('takes %s for nothing', (_, text) => {
    const file = new CostFile(folder, 'one');
    writeFileSync(file.path, text);
    expect(file.load()).toBeUndefined();
    expect(file.save(record())).toBe(true);
    expect(file.load()).toEqual(record());
  });

  it('is not in the way where the folder cannot be written', () => {
    // A file where the folder should be: also root cannot write there
    writeFileSync(join(folder, 'file'), '');
    expect(new CostFile(join(folder, 'file', 'costs')).save(record())).toBe(false);
    mkdirSync(join(folder, 'locked'));
    chmodSync(join(folder, 'locked'), 0o500);
    expect(() => new CostFile(join(folder, 'locked')).save(record())).not.toThrow();
  });

  it('lies where the system keeps such things', () => {
    expect(cacheFolder('linux', {}, '/home/a')).toBe(join('/home/a', '.cache', 'lazuli'));
    expect(cacheFolder('linux', { XDG_CACHE_HOME: '/x' }, '/home/a')).toBe(join('/x', 'lazuli'));
    expect(cacheFolder('darwin', {}, '/Users/a')).toBe(join('/Users/a', 'Library', 'Caches', 'lazuli'));
    expect(cacheFolder('win32', { LOCALAPPDATA: 'C:/L' }, 'C:/a')).toBe(join('C:/L', 'lazuli', 'Cache'));
  });
});
