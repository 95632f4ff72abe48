/** What a program is forecast to take: bytes, scratch and costs of real graphs, and what shows other arrays. */
import { describe, expect, it } from 'vitest';
import { NODE, type TaskNode } from '../../dist/graph/node.js';
import { buildProgram } from '../../dist/graph/program.js';
import { delayed, linalg, nd } from '../../dist/index.js';
import { type Forecast, forecast } from '../../dist/scheduler/forecast.js';
import { CostModel } from '../../dist/scheduler/model.js';
import { safeOrder } from '../../dist/scheduler/order.js';

const nodeOf = (target: unknown): TaskNode => (target as { [NODE]: TaskNode })[NODE];
const of = (...targets: readonly unknown[]): Forecast =>
  forecast(buildProgram(targets.map(nodeOf)), ['wasm', 'js'], new CostModel());
/** The only task whose key begins with a name. */
const find = ({ keys }: Forecast, name: string): number => {
  const found = keys.flatMap((key, i) => (key.startsWith(name) ? [i] : []));
  expect(found).toHaveLength(1);
  return found[0]!;
};
const values = (length: number): Float64Array => Float64Array.from({ length }, (_, i) => i);

describe('forecast', () => {
  it('knows the bytes, in whole cache lines, and the cost of every kernel', () => {
    const x = nd.array(values(600), { shape: [20, 30] });
    const seen = of(nd.matmul(x, nd.exp(nd.transpose(x))));
    const product = find(seen, 'matmul');
    expect(seen.work.bytes[product]).toBe(20 * 20 * 8);
    expect(seen.calls(product, 0)).toMatchObject({
      kernel: expect.stringMatching(/^matmul@[0-9a-f]{10}$/),
      device: 'wasm',
      flops: 2 * 20 * 20 * 30,
    });
    expect(seen.calls(product, 1)).toMatchObject({ device: 'js' });
    expect(seen.specs[product]).toMatchObject([{ dtype: 'float64', shape: [20, 20] }]);
    expect(seen.work.kept[product]).toBe(1);
    expect(seen.work.kept[find(seen, 'exp')]).toBe(0);
    expect(seen.work.bytes[find(seen, 'exp')]).toBe(4800 + ((64 - (4800 % 64)) % 64));
  });

  it('gives an alias no bytes, and its users what it shows', () => {
    const x = nd.exp(nd.array(values(64)));
    const seen = of(nd.sum(nd.reshape(x, [8, 8]), { axis: 0 }));
    const alias = find(seen, 'reshape');
    const exp = find(seen, 'exp');
    expect(seen.work.bytes[alias]).toBe(0);
    const sum = find(seen, 'sum');
    const inputs = seen.work.inputs.subarray(seen.work.inputStart[sum], seen.work.inputStart[sum + 1]);
    expect([...inputs].sort()).toEqual([alias, exp].sort());
    expect(of(nd.reshape(x, [8, 8])).work.kept.filter(Boolean)).toHaveLength(2);
  });

  it('counts the outputs of a kernel once, with its scratch', () => {
    const { q, r } = linalg.qr(nd.array(values(900), { shape: [30, 30] }));
    const seen = of(q, r);
    const qr = seen.specs.findIndex((specs) => specs?.length === 2);
    expect(seen.work.bytes[qr]).toBeGreaterThanOrEqual(2 * 7200);
    const total = seen.work.bytes.reduce((sum, bytes) => sum + bytes, 0);
    expect(total).toBe(seen.work.bytes[qr]! + 7232);
    expect(seen.work.kept[qr]).toBe(1);
  });

  it('takes the hints of JavaScript functions, which run on js alone', () => {
    const slow = delayed((a: number) => a + 1, { name: 'slow', cost: { seconds: 0.5 }, memory: 1000 });
    const seen = of(slow(1));
    const task = find(seen, 'slow');
    expect([...seen.work.seconds.subarray(2 * task, 2 * task + 2)]).toEqual([Number.POSITIVE_INFINITY, 0.5]);
    expect(seen.work.scratch[task]).toBe(1000);
  });

  it('plans on although shapes are known only later', () => {
    const picked = nd.unique(nd.array(values(10)));
    const seen = of(nd.sum(picked));
    for (let task = 0; task < seen.work.size; task++) {
      const able = [0, 1].map((d) => seen.work.seconds[2 * task + d]!);
      expect(Math.min(...able)).toBeLessThan(1);
      expect(able.some(Number.isNaN)).toBe(false);
    }
  });

  it('feeds the safe order', () => {
    const x = nd.array(values(1 << 14), { shape: [128, 128] });
    const seen = of(nd.matmul(nd.exp(x), nd.sin(x)));
    const matrix = 128 * 128 * 8;
    // While the second function is made: x, the first one, and what the second works in
    expect(safeOrder(seen.work).peak).toBe(3 * matrix + seen.work.scratch[find(seen, 'sin')]!);
  });
});
