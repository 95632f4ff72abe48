/**
 * The block functions against references of 240 bits (test/references/functions.py), which lie on hard places: near zeros,
 * branch points, borders of the reductions, at the ends of the range, far from zero for the periodic ones. The bounds
 * are those of the docstrings; identities and Math check dense samples besides.
 */
import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { generator } from '../numbers.js';
import { binaryNames, callBlock, floats, floatTypes, machines, ulps, unaryNames } from './blocks.js';

const references = JSON.parse(
  readFileSync(new URL('../../references/functions.json', import.meta.url), 'utf8'),
) as Record<string, number[][]>;

const exact = ['remainder', 'mod'];
const names = [...unaryNames, ...binaryNames].filter((name) => !exact.includes(name));

it('there are references for every function', () => {
  expect(Object.keys(references).sort()).toEqual(
    names.flatMap((name) => floatTypes.map((type) => `${name} ${type}`)).sort(),
  );
  for (const rows of Object.values(references)) expect(rows.length).toBeGreaterThan(30);
});

it('the distance is that from the exact result', () => {
  expect(ulps(1, 1, 0.25, 'float64')).toBe(0.25);
  expect(ulps(1 + 2 ** -52, 1, 0.25, 'float64')).toBe(0.75);
  expect(ulps(1 - 2 ** -53, 1, 0.25, 'float64')).toBe(0.75);
  expect(ulps(2 ** -149, 0, 0.5, 'float32')).toBe(0.5);
  expect(ulps(Number.NaN, 1, 0, 'float64')).toBe(Number.POSITIVE_INFINITY);
});

describe.each(machines.map((machine) => [machine.build, machine] as const))('wasm %s', (_build, machine) => {
  describe.each(floatTypes)('%s', (type) => {
    it.each(names)('%s is within 1 ulp', (name) => {
      const rows = references[`${name} ${type}`]!;
      const operands = rows[0]!.length - 2;
      const inputs = Array.from({ length: operands }, (_, k) =>
        floats(
          type,
          rows.map((row) => row[k]!),
        ),
      );
      const results = callBlock(machine, name, type, inputs);
      const wrong = rows
        .map((row, i) => ({
          args: row.slice(0, operands),
          result: results[i],
          ulps: ulps(results[i]!, row[operands]!, row[operands + 1]!, type),
        }))
        .filter((row) => !(row.ulps <= 1));
      expect(wrong).toEqual([]);
    });

    // Math's own error is up to 1 ulp more, and in float32 its result is the exact one for us
    const slack = type === 'float64' ? 2.5 : 1;
    const ranges: Record<(typeof unaryNames)[number], readonly [number, number]> = {
      exp: [-80, 80],
      exp2: [-100, 100],
      expm1: [-5, 5],
      log: [0, 50],
      log1p: [-1, 5],
      log2: [0, 50],
      log10: [0, 50],
      sin: [-1000, 1000],
      cos: [-1000, 1000],
      tan: [-1000, 1000],
      asin: [-1, 1],
      acos: [-1, 1],
      atan: [-10, 10],
      sinh: [-80, 80],
      cosh: [-80, 80],
      tanh: [-3, 3],
      asinh: [-20, 20],
      acosh: [1, 20],
      atanh: [-1, 1],
      cbrt: [-50, 50],
    };
    const formulas: Partial<Record<string, (x: number) => number>> = { exp2: (x) => 2 ** x };

    it.each(unaryNames)('%s agrees with Math on dense samples', (name) => {
      const random = generator(name.length * 31 + type.length);
      const [low, high] = ranges[name];
      const x = floats(
        type,
        Array.from({ length: 20000 }, () => low + (high - low) * random()),
      );
      const formula = formulas[name] ?? Math[name as keyof Math as 'exp'];
      const results = callBlock(machine, name, type, [x]);
      let worst = 0;
      for (let i = 0; i < x.length; i++) worst = Math.max(worst, ulps(results[i]!, formula(x[i]!), 0, type));
      expect(worst).toBeLessThanOrEqual(slack);
    });
  });

  it('pow gives whole powers of whole numbers exactly', () => {
    const a: number[] = [];
    const b: number[] = [];
    for (let base = -40; base <= 40; base++) {
      for (let power = 0; power <= 9; power++) {
        a.push(base);
        b.push(power);
      }
    }
    const expected = a.map((base, i) => Number(BigInt(base) ** BigInt(b[i]!)));
    expect([...callBlock(machine, 'pow', 'float64', [floats('float64', a), floats('float64', b)])]).toEqual(
      expected.map((value) => (value === 0 ? 0 : value)),
    );
  });

  it('logarithms of powers of their base, and exp2 of whole numbers, are exact', () => {
    const whole = Array.from({ length: 2098 }, (_, i) => i - 1074);
    const powers = floats(
      'float64',
      whole.map((k) => 2 ** k),
    );
    expect([...callBlock(machine, 'exp2', 'float64', [floats('float64', whole)])]).toEqual([...powers]);
    expect([...callBlock(machine, 'log2', 'float64', [powers])]).toEqual(whole);
    const tens = Array.from({ length: 23 }, (_, k) => k);
    const log10 = callBlock(machine, 'log10', 'float64', [
      floats(
        'float64',
        tens.map((k) => Number(`1e${k}`)),
      ),
    ]);
    expect([...log10]).toEqual(tens);
  });
});
