/** The cost model: what it answers before, while and after it learns, with noise, outliers and changes of the machine. */
import { describe, expect, it } from 'vitest';
import { generator } from '../../dist/kernels/generator.js';
import { type CallCost, CostModel } from '../../dist/scheduler/model.js';
import { normal } from '../../dist/scheduler/noise.js';

const speeds = new Map([['wasm', { overhead: 1e-5, flops: 3e10, bandwidth: 4e10 }]]);
const product = (n: number): CallCost => ({
  kernel: 'matmul@1',
  device: 'wasm',
  signature: `float64 (${n}, ${n})`,
  flops: 2 * n ** 3,
  bytes: 24 * n * n,
});
/** What a product takes on the test's machine. */
const truth = ({ flops, bytes }: CallCost): number => 2e-5 + flops / 2.7e10 + bytes / 5e10;

const relative = (model: CostModel, call: CallCost): number => Math.abs(model.predict(call) / truth(call) - 1);

function learned(sizes: readonly number[], rounds: number, noise: number, seed = 1): CostModel {
  const random = generator(seed);
  const model = new CostModel(speeds);
  for (let round = 0; round < rounds; round++) {
    for (const n of sizes) model.observe(product(n), truth(product(n)) * Math.exp(noise * normal(random)));
  }
  return model;
}

describe('CostModel', () => {
  it('answers from the calibration before it has seen anything, and from the hint where there is one', () => {
    const model = new CostModel(speeds);
    expect(model.predict(product(500))).toBeCloseTo(1e-5 + 2.5e8 / 3e10 / 0.5, 9);
    expect(model.predict({ ...product(500), hint: 0.25 })).toBe(0.25);
    expect(model.predict({ ...product(500), device: 'another' })).toBeGreaterThan(0);
  });

  it('leaves out the first time of a kernel on a device, which contains its compilation', () => {
    const model = new CostModel(speeds);
    const before = model.predict(product(100));
    model.observe(product(100), 3);
    expect(model.predict(product(100))).toBe(before);
  });

  it('predicts within 10 % after ten runs, in the median, and within 50 % nearly always', () => {
    const sizes = [64, 100, 200, 300, 500];
    const errors = Array.from({ length: 40 }, (_, seed) => {
      const model = learned(sizes, 10, 0.2, seed);
      return sizes.map((n) => relative(model, product(n)));
    })
      .flat()
      .sort((a, b) => a - b);
    expect(errors[errors.length >> 1]).toBeLessThanOrEqual(0.1);
    expect(errors[Math.floor(errors.length * 0.95)]).toBeLessThanOrEqual(0.5);
  });

  it('predicts sizes that it has not seen, from those that it has', () => {
    const model = learned([64, 100, 200, 300, 500], 10, 0.05);
    for (const n of [80, 150, 400, 1000]) expect(relative(model, product(n))).toBeLessThan(0.15);
  });

  it('does not take large calls for small ones after it has seen only those, whose time hardly depends on their size', () => {
    const random = generator(5);
    const model = new CostModel(speeds);
    for (let i = 0; i < 300; i++) model.observe(product(4 + (i % 12)), 3e-5 * Math.exp(0.5 * normal(random)));
    expect(relative(model, product(10))).toBeLessThan(1);
    for (const n of [1000, 1500, 4000]) expect(relative(model, product(n))).toBeLessThan(1);
  });

  it('is not moved by outliers', () => {
    const model = learned([200], 12, 0.05);
    const before = model.predict(product(200));
    for (let i = 0; i < 2; i++) model.observe(product(200), 100 * truth(product(200)));
    expect(model.predict(product(200))).toBe(before);
  });

  it('starts over when the machine has changed', () => {
    const model = learned([200], 16, 0.05);
    for (let i = 0; i < 12; i++) model.observe(product(200), 5 * truth(product(200)));
    expect(model.predict(product(200)) / (5 * truth(product(200)))).toBeCloseTo(1, 1);
  });

  it('does badly on kernels whose time depends on values: its error says so', () => {
    const random = generator(3);
    const model = new CostModel(speeds);
    for (let i = 0; i < 40; i++) model.observe(product(100), i % 2 === 0 ? 1e-4 : 1e-2 * (1 + random()));
    expect(model.error).toBeGreaterThan(1);
    expect(learned([100], 40, 0.05).error).toBeLessThan(0.15);
  });

  it('never fits a negative cost', () => {
    const model = new CostModel(speeds);
    // The more bytes, the faster: no such machine, but so it was measured.
    for (let i = 1; i < 20; i++) {
      model.observe({ ...product(10), signature: String(i), flops: 0, bytes: 1e6 * i }, 1e-3 / i);
    }
    for (const bytes of [0, 1e6, 1e9]) {
      expect(model.predict({ ...product(10), signature: 'new', flops: 0, bytes })).toBeGreaterThan(0);
    }
  });

  it('trusts what it saw of a call where the fit of its kernel was found wrong', () => {
    const model = new CostModel(speeds);
    // Of equal operations and bytes, so that no fit can tell them apart
    for (let i = 0; i < 12; i++) {
      model.observe({ ...product(50), signature: 'quick' }, 1e-4);
      model.observe({ ...product(50), signature: 'slow' }, 1e-2);
    }
    expect(model.predict({ ...product(50), signature: 'quick' }) / 1e-4).toBeCloseTo(1, 1);
    expect(model.predict({ ...product(50), signature: 'slow' }) / 1e-2).toBeCloseTo(1, 1);
  });

  it('answers what a kernel usually takes where sizes are not known yet', () => {
    const unknown = { ...product(1), signature: '?', flops: Number.NaN, bytes: Number.NaN };
    expect(new CostModel(speeds).predict(unknown)).toBe(1e-5);
    const model = learned([100, 200, 300], 6, 0);
    expect(model.predict(unknown) / truth(product(200))).toBeCloseTo(1, 3);
    model.observe(unknown, 1);
    expect(model.predict(product(200)) / truth(product(200))).toBeCloseTo(1, 1);
  });

  it('takes over what others learned, but where it has learned itself', () => {
    const model = learned([100], 8, 0);
    const before = model.predict(product(100));
    const other = new CostModel(speeds);
    for (let i = 0; i < 8; i++) {
      other.observe(product(100), 1);
      other.observe({ ...product(100), kernel: 'other@1' }, 0.5);
    }
    model.add(other.toJSON());
    expect(model.predict(product(100))).toBe(before);
    expect(model.predict({ ...product(100), kernel: 'other@1' })).toBeCloseTo(0.5, 3);
  });

  it('forgets what it did not see for longest, when it knows too much', () => {
    const model = learned([100], 8, 0);
    for (let i = 0; i < 5000; i++) model.observe({ ...product(10), kernel: 'many@1', signature: String(i) }, 1e-3);
    const { histories } = model.toJSON();
    expect(Object.keys(histories)).toHaveLength(4096);
    expect(Object.keys(histories).some((key) => key.startsWith('matmul@1'))).toBe(false);
    expect(Object.keys(histories).at(-1)).toBe('many@1 wasm 4999');
  });

  it('is the same after a way through JSON', () => {
    const model = learned([64, 200, 500], 6, 0.1);
    const again = new CostModel(speeds, JSON.parse(JSON.stringify(model)));
    for (const n of [64, 90, 200, 500, 800]) expect(again.predict(product(n))).toBe(model.predict(product(n)));
  });
});
