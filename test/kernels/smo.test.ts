/**
 * The solver's own properties: its answers satisfy the optimality conditions, larger problems and small caches change
 * nothing, and what cannot be solved says so.
 */
import { describe, expect, it } from 'vitest';
import { NDArray } from '../../dist/array/ndarray.js';
import { CANCELLED } from '../../dist/kernels/contract.js';
import { kernels } from '../../dist/kernels/registry.js';
import { scalar } from './cases.js';
import { machines, runJs } from './harness.js';
import { array, generator } from './numbers.js';

const smo = kernels.get('smo')!;
const svcFit = kernels.get('svcFit')!;

/** n random samples in the plane with a noisy curved border: their Gaussian kernel matrix and labels ±1. */
function problem(n: number, seed: number): { matrix: NDArray; labels: NDArray } {
  const random = generator(seed);
  const x = array(random, [n, 2], 'float64');
  const distances = runJs(kernels.get('squaredDistances')!, [x], {})[0]!;
  const matrix = runJs(kernels.get('rbfKernel')!, [distances, scalar(2)], {})[0]!;
  let i = 0;
  const value = (): number => {
    const [a, b] = [x.get(i, 0) as number, x.get(i++, 1) as number];
    return a + b * b * 2 - 0.5 + 0.4 * (random() - 0.5) > 0 ? 1 : -1;
  };
  return { matrix, labels: array(random, [n], 'int32', { value }) };
}

describe.each(machines.map((machine) => [machine.build, machine] as const))('smo on wasm %s', (_build, machine) => {
  it.each([
    [60, 0.1, true],
    [60, 100, true],
    [200, 1, false],
    [300, 10, true],
    [300, 1000, true],
  ])('meets the optimality conditions: n %i, C %d, shrinking %s', (n, c, shrinking) => {
    const { matrix, labels } = problem(n, n + c);
    const tolerance = 1e-3;
    const [coefficients, info] = machine.run(smo, [matrix, labels, scalar(c)], { tolerance, shrinking });
    let balance = 0;
    let [top, bottom] = [Number.NEGATIVE_INFINITY, Number.POSITIVE_INFINITY];
    let objective = 0;
    let supportVectors = 0;
    for (let i = 0; i < n; i++) {
      const y = labels.data[i]!;
      const alpha = coefficients!.data[i]! * y;
      expect(alpha).toBeGreaterThanOrEqual(0);
      expect(alpha).toBeLessThanOrEqual(c);
      balance += coefficients!.data[i]!;
      // −y∇_i = y_i − Σ_j K_ij (alpha·y)_j
      let value = y;
      for (let j = 0; j < n; j++) value -= Math.fround(matrix.data[i * n + j]!) * coefficients!.data[j]!;
      if (y > 0 ? alpha < c : alpha > 0) top = Math.max(top, value);
      if (y > 0 ? alpha > 0 : alpha < c) bottom = Math.min(bottom, value);
      objective += alpha * (-y * value - 1);
      if (alpha > 0) supportVectors++;
    }
    const [rho, iterations, given, count] = info!.data as Float64Array;
    // sums of up to n terms of size C, over as many steps
    const rounding = 2 ** -52 * c * n * iterations!;
    expect(Math.abs(balance)).toBeLessThan(rounding);
    expect(top - bottom).toBeLessThan(tolerance + rounding);
    expect(-rho!).toBeGreaterThan(bottom - tolerance);
    expect(-rho!).toBeLessThan(top + tolerance);
    expect(Math.abs(objective / 2 - given!)).toBeLessThan(rounding * n);
    expect(count).toBe(supportVectors);
  });

  it('gives the same bits from a cache of few rows as from a whole one', () => {
    const n = 1100;
    const { matrix, labels } = problem(n, 5);
    // n is too large for the arena, so the cache lies in the scratch, whose size the last argument tells
    const small = {
      ...smo,
      bodies: {
        ...smo.bodies,
        wasm: {
          ...smo.bodies.wasm!,
          args: (...given: Parameters<NonNullable<typeof smo.bodies.wasm>['args']>) => {
            const args = [...smo.bodies.wasm!.args(...given)];
            args[args.length - 1] = 90_000 + 4 * 1100 * 5;
            return args;
          },
        },
      },
    };
    for (const shrinking of [true, false]) {
      const inputs = [matrix, labels, scalar(50)];
      const whole = machine.run(smo, inputs, { shrinking });
      const evicting = machine.run(small, inputs, { shrinking });
      expect(evicting[0]!.data).toEqual(whole[0]!.data);
      expect(evicting[1]!.data).toEqual(whole[1]!.data);
      expect(whole[1]!.data[1]).toBeGreaterThan(1100);
      const reference = runJs(smo, inputs, { shrinking });
      expect(whole[0]!.data).toEqual(reference[0]!.data);
    }
  });

  it.each([
    ['two classes', 2, (label: number) => (label > 0 ? 0 : 1)],
    ['three', 3, (label: number, i: number) => (label > 0 ? 0 : 1 + (i % 2))],
    ['three, one of them tiny', 3, (label: number, i: number) => (i < 5 ? 2 : label > 0 ? 0 : 1)],
  ])('fits more samples than the arena holds: %s', (_title, nClasses, classOf) => {
    const n = 1050;
    const { matrix, labels } = problem(n, 9);
    const classes = new NDArray(Int32Array.from(labels.data, classOf), { shape: [n], dtype: 'int32' });
    const inputs = [matrix, classes, scalar(3)];
    const actual = machine.run(svcFit, inputs, { nClasses });
    const expected = runJs(svcFit, inputs, { nClasses });
    expected.forEach((output, i) => {
      expect(actual[i]!.data).toEqual(output.data);
    });
  });

  it('svcFit looks at the cancel word between pairs', () => {
    const { matrix, labels } = problem(30, 4);
    let call: readonly number[] = [];
    const spy = {
      ...svcFit,
      bodies: {
        ...svcFit.bodies,
        wasm: {
          ...svcFit.bodies.wasm!,
          args: (...given: Parameters<NonNullable<typeof svcFit.bodies.wasm>['args']>) => {
            call = svcFit.bodies.wasm!.args(...given);
            return call;
          },
        },
      },
    };
    const classes = new NDArray(labels.data.map((label) => (label > 0 ? 1 : 0)) as Int32Array, {
      shape: [30],
      dtype: 'int32',
    });
    machine.run(spy, [matrix, classes, scalar(1)], { nClasses: 2 });
    new Int32Array(machine.memory.buffer, machine.arena, 1)[0] = 1;
    expect(machine.exports.svcFit!(machine.arena, ...call)).toBe(CANCELLED);
  });

  it('stops when the arena says cancelled', () => {
    const { matrix, labels } = problem(120, 3);
    const { memory } = machine;
    // a run to place the inputs, then the same call again with the word set and a tolerance that takes long
    let call: readonly number[] = [];
    const spy = {
      ...smo,
      bodies: {
        ...smo.bodies,
        wasm: {
          ...smo.bodies.wasm!,
          args: (...given: Parameters<NonNullable<typeof smo.bodies.wasm>['args']>) => {
            call = smo.bodies.wasm!.args(...given);
            return call;
          },
        },
      },
    };
    const [, info] = machine.run(spy, [matrix, labels, scalar(1e4)], { tolerance: 1e-9 });
    expect(info!.data[1]).toBeGreaterThan(4096);
    new Int32Array(memory.buffer, machine.arena, 1)[0] = 1;
    expect(machine.exports.smo!(machine.arena, ...call)).toBe(CANCELLED);
    new Int32Array(memory.buffer, machine.arena, 1)[0] = 0;
    expect(machine.exports.smo!(machine.arena, ...call)).toBe(0);
  });
});

describe('svcFit with a class that does not occur', () => {
  const { matrix, labels } = problem(40, 11);
  const run = (classOf: (label: number) => number, nClasses: number) => {
    const y = new NDArray(Int32Array.from(labels.data, classOf), { shape: [40], dtype: 'int32' });
    const [coefficients, rho] = machines[0]!.run(svcFit, [matrix, y, scalar(1)], { nClasses });
    const decisions = runJs(kernels.get('svcDecision')!, [matrix, coefficients!, rho!], {})[0]!;
    return [...runJs(kernels.get('svcVote')!, [decisions], { nClasses })[0]!.data];
  };

  it('predicts as if it did not exist', () => {
    const plain = run((label) => (label > 0 ? 1 : 0), 2);
    expect(new Set(plain)).toEqual(new Set([0, 1]));
    const names = [2, 4];
    expect(run((label) => names[label > 0 ? 1 : 0]!, 6)).toEqual(plain.map((value) => names[value]));
  });

  it('refuses a single class', () => {
    expect(() => run(() => 1, 3)).toThrow('svcFit: the samples must belong to at least two classes');
  });
});
