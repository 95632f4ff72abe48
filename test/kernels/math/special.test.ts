/** What the block functions answer for zeros, infinities, NaN and beyond their domains: C99's Annex F, and NumPy's mod. */
import { describe, expect, it } from 'vitest';
import { generator } from '../numbers.js';
import { binaryNames, callBlock, type FloatType, floats, floatTypes, machines, unaryNames } from './blocks.js';

const inf = Number.POSITIVE_INFINITY;
const nan = Number.NaN;

/** Results for −∞, −2, −1, −0, 0, 1, ∞ and NaN, where they are exact; undefined where they are not. */
const arguments_ = [-inf, -2, -1, -0, 0, 1, inf, nan];
type Row = readonly (number | undefined)[];
const some = undefined;
const table: Record<(typeof unaryNames)[number], Row> = {
  exp: [0, some, some, 1, 1, some, inf, nan],
  exp2: [0, 0.25, 0.5, 1, 1, 2, inf, nan],
  expm1: [-1, some, some, -0, 0, some, inf, nan],
  log: [nan, nan, nan, -inf, -inf, 0, inf, nan],
  log1p: [nan, nan, -inf, -0, 0, some, inf, nan],
  log2: [nan, nan, nan, -inf, -inf, 0, inf, nan],
  log10: [nan, nan, nan, -inf, -inf, 0, inf, nan],
  sin: [nan, some, some, -0, 0, some, nan, nan],
  cos: [nan, some, some, 1, 1, some, nan, nan],
  tan: [nan, some, some, -0, 0, some, nan, nan],
  asin: [nan, nan, -Math.PI / 2, -0, 0, Math.PI / 2, nan, nan],
  acos: [nan, nan, Math.PI, Math.PI / 2, Math.PI / 2, 0, nan, nan],
  atan: [-Math.PI / 2, some, -Math.PI / 4, -0, 0, Math.PI / 4, Math.PI / 2, nan],
  sinh: [-inf, some, some, -0, 0, some, inf, nan],
  cosh: [inf, some, some, 1, 1, some, inf, nan],
  tanh: [-1, some, some, -0, 0, some, 1, nan],
  asinh: [-inf, some, some, -0, 0, some, inf, nan],
  acosh: [nan, nan, nan, nan, nan, 0, inf, nan],
  atanh: [nan, nan, -inf, -0, 0, inf, nan, nan],
  cbrt: [-inf, some, -1, -0, 0, 1, inf, nan],
};

/** x, the least x whose result is ∞, the largest whose result is 0, and so on: beyond the ends of the range. */
const ends: readonly [string, FloatType, readonly [number, number][]][] = [
  [
    'exp',
    'float64',
    [
      [709.79, inf],
      [1e300, inf],
      [-746, 0],
      [-1e300, 0],
      [5e-324, 1],
    ],
  ],
  [
    'exp',
    'float32',
    [
      [88.73, inf],
      [-104, 0],
    ],
  ],
  [
    'exp2',
    'float64',
    [
      [1024, inf],
      [1e300, inf],
      [-1076, 0],
      [-1e300, 0],
    ],
  ],
  [
    'expm1',
    'float64',
    [
      [709.79, inf],
      [-50, -1],
      [-1e300, -1],
      [5e-324, 5e-324],
    ],
  ],
  [
    'sinh',
    'float64',
    [
      [710.48, inf],
      [-710.48, -inf],
      [1e300, inf],
      [5e-324, 5e-324],
    ],
  ],
  [
    'cosh',
    'float64',
    [
      [710.48, inf],
      [-710.48, inf],
      [1e300, inf],
    ],
  ],
  [
    'tanh',
    'float64',
    [
      [25, 1],
      [-25, -1],
      [1e300, 1],
      [5e-324, 5e-324],
    ],
  ],
  [
    'acosh',
    'float64',
    [
      [0.9999999999999999, nan],
      [-1e300, nan],
    ],
  ],
  [
    'atanh',
    'float64',
    [
      [1.0000000000000002, nan],
      [-5e-324, -5e-324],
    ],
  ],
  [
    'asin',
    'float64',
    [
      [1.0000000000000002, nan],
      [-1e300, nan],
      [5e-324, 5e-324],
    ],
  ],
  [
    'acos',
    'float64',
    [
      [-1.0000000000000002, nan],
      [1e300, nan],
    ],
  ],
  [
    'atan',
    'float64',
    [
      [1e300, Math.PI / 2],
      [-1e300, -Math.PI / 2],
      [5e-324, 5e-324],
    ],
  ],
  [
    'log',
    'float64',
    [
      [-5e-324, nan],
      [-1e300, nan],
    ],
  ],
  [
    'log1p',
    'float64',
    [
      [-1.0000000000000002, nan],
      [5e-324, 5e-324],
    ],
  ],
];

/** a, b and the result. Those that hold for any finite x > 0 are given with 3. */
const pow: readonly (readonly [number, number, number])[] = [
  [-0, -3, -inf],
  [0, -3, inf],
  [-0, -2, inf],
  [0, -2.5, inf],
  [-0, -2.5, inf],
  [0, -inf, inf],
  [-0, -inf, inf],
  [-0, 3, -0],
  [0, 3, 0],
  [-0, 2, 0],
  [-0, 2.5, 0],
  [-1, inf, 1],
  [-1, -inf, 1],
  [1, nan, 1],
  [1, inf, 1],
  [nan, 0, 1],
  [nan, -0, 1],
  [inf, 0, 1],
  [-3, 0.5, nan],
  [-3, 1e300, inf],
  [0.5, -inf, inf],
  [-0.5, -inf, inf],
  [3, -inf, 0],
  [0.5, inf, 0],
  [-0.5, inf, 0],
  [3, inf, inf],
  [-3, inf, inf],
  [-inf, -3, -0],
  [-inf, -2, 0],
  [-inf, -2.5, 0],
  [-inf, 3, -inf],
  [-inf, 2, inf],
  [-inf, 2.5, inf],
  [inf, -3, 0],
  [inf, 3, inf],
  [nan, 1, nan],
  [3, nan, nan],
  [-3, 3, -27],
  [-3, 2, 9],
  [-2, -3, -0.125],
  [-2, 1025, -inf],
  [2, 1024, inf],
  [2, -1076, 0],
  [-2, -1077, -0],
  [0.9999999999999999, 1e300, 0],
  [1.0000000000000002, 1e300, inf],
  [-1, 9007199254740991, -1],
  [-1, 9007199254740992, 1],
];
const atan2: readonly (readonly [number, number, number])[] = [
  [0, 0, 0],
  [-0, 0, -0],
  [0, -0, Math.PI],
  [-0, -0, -Math.PI],
  [0, 3, 0],
  [-0, 3, -0],
  [0, -3, Math.PI],
  [-0, -3, -Math.PI],
  [3, 0, Math.PI / 2],
  [3, -0, Math.PI / 2],
  [-3, 0, -Math.PI / 2],
  [-3, -0, -Math.PI / 2],
  [3, inf, 0],
  [-3, inf, -0],
  [3, -inf, Math.PI],
  [-3, -inf, -Math.PI],
  [inf, 3, Math.PI / 2],
  [-inf, 3, -Math.PI / 2],
  [inf, inf, Math.PI / 4],
  [inf, -inf, (3 * Math.PI) / 4],
  [-inf, inf, -Math.PI / 4],
  [-inf, -inf, (-3 * Math.PI) / 4],
  [nan, 1, nan],
  [1, nan, nan],
  [nan, inf, nan],
  [1e-30, -1e30, Math.PI],
  [1, 1, Math.PI / 4],
];
const hypot: readonly (readonly [number, number, number])[] = [
  [3, 4, 5],
  [-3, 4, 5],
  [0, 0, 0],
  [-0, -0, 0],
  [0, -7, 7],
  [inf, nan, inf],
  [nan, -inf, inf],
  [nan, 1, nan],
  [1, nan, nan],
  [inf, 1, inf],
  [1, -inf, inf],
  [3e30, 1e-30, 3e30],
];
const remainder: readonly (readonly [number, number, number])[] = [
  [7, 3, 1],
  [-7, 3, -1],
  [7, -3, 1],
  [-7, -3, -1],
  [6, 3, 0],
  [-6, 3, -0],
  [0, 3, 0],
  [-0, 3, -0],
  [7, 0, nan],
  [0, 0, nan],
  [inf, 3, nan],
  [7, inf, 7],
  [-7, -inf, -7],
  [inf, inf, nan],
  [nan, 3, nan],
  [7, nan, nan],
  [0.5, 3, 0.5],
  [-0.5, 3, -0.5],
];
/** As NumPy 2.4's mod. */
const mod: readonly (readonly [number, number, number])[] = [
  [7, 3, 1],
  [-7, 3, 2],
  [7, -3, -2],
  [-7, -3, -1],
  [6, 3, 0],
  [-6, 3, 0],
  [6, -3, -0],
  [-6, -3, -0],
  [0, 3, 0],
  [-0, 3, 0],
  [0, -3, -0],
  [-0, -3, -0],
  [7, 0, nan],
  [-7, -0, nan],
  [0, 0, nan],
  [inf, 3, nan],
  [-inf, 3, nan],
  [7, inf, 7],
  [-7, inf, inf],
  [7, -inf, -inf],
  [-7, -inf, -7],
  [inf, inf, nan],
  [nan, 3, nan],
  [7, nan, nan],
  [-0.5, 3, 2.5],
];
const binaryTables = { pow, atan2, hypot, remainder, mod };

describe.each(machines.map((machine) => [machine.build, machine] as const))('wasm %s', (_build, machine) => {
  describe.each(floatTypes)('%s', (type) => {
    it.each(unaryNames)('%s of special values', (name) => {
      const results = callBlock(machine, name, type, [floats(type, arguments_)]);
      table[name].forEach((expected, i) => {
        if (expected === undefined) expect(Number.isFinite(results[i]), `${name}(${arguments_[i]})`).toBe(true);
        else expect(results[i], `${name}(${arguments_[i]})`).toBe(floats(type, [expected])[0]);
      });
    });

    it.each(binaryNames)('%s of special values', (name) => {
      const rows = binaryTables[name].filter(
        ([a, b]) => type === 'float64' || [a, b].every((v) => Object.is(v, Math.fround(v))),
      );
      expect(rows.length).toBeGreaterThan(10);
      const [a, b, c] = [0, 1, 2].map((k) =>
        floats(
          type,
          rows.map((row) => row[k]!),
        ),
      );
      const results = callBlock(machine, name, type, [a!, b!]);
      rows.forEach(([x, y], i) => {
        expect(results[i], `${name}(${x}, ${y})`).toBe(c![i]);
      });
    });

    it('remainder is exactly %, whatever the sizes', () => {
      const random = generator(5);
      const wide = type === 'float64' ? 1000 : 120;
      const draw = (reach: number): number => (2 * random() - 1) * 2 ** Math.round((2 * random() - 1) * reach);
      const a = floats(
        type,
        Array.from({ length: 4000 }, (_, i) => draw(i % 2 ? wide : 30)),
      );
      const b = floats(
        type,
        Array.from({ length: 4000 }, (_, i) => draw(i % 2 ? wide : 30)),
      );
      const remainders = callBlock(machine, 'remainder', type, [a, b]);
      const mods = callBlock(machine, 'mod', type, [a, b]);
      for (let i = 0; i < a.length; i++) {
        const expected = a[i]! % b[i]!;
        expect(remainders[i]).toBe(expected);
        const floored = expected !== 0 && expected < 0 !== b[i]! < 0 ? expected + b[i]! : expected;
        expect(mods[i]).toBe(floored === 0 ? (b[i]! < 0 ? -0 : 0) : floats(type, [floored])[0]);
      }
    });
  });

  it.each(ends)('%s of %s beyond its ends', (name, type, rows) => {
    const results = callBlock(machine, name, type, [
      floats(
        type,
        rows.map(([x]) => x),
      ),
    ]);
    rows.forEach(([x, expected], i) => {
      expect(results[i], `${name}(${x})`).toBe(expected);
    });
  });
});
