/**
 * A block function's result for an element depends on that element alone: not on its place, its neighbours, the length
 * of the block, the build, nor on whether the result takes an argument's place. Nothing is written beyond the block.
 */
import { describe, expect, it } from 'vitest';
import { generator } from '../numbers.js';
import { binaryNames, callBlock, type Floats, floats, floatTypes, machines, sameBits, unaryNames } from './blocks.js';

const LONGEST = 40;

/** Ordinary values, with such in between as take the slow way. */
function mixed(seed: number, type: (typeof floatTypes)[number]): Floats {
  const random = generator(seed);
  const odd = [
    Number.NaN,
    Number.POSITIVE_INFINITY,
    Number.NEGATIVE_INFINITY,
    0,
    -0,
    1e-310,
    3e-45,
    1e25,
    -1e25,
    800,
    -800,
  ];
  return floats(
    type,
    Array.from({ length: LONGEST }, () => {
      const dice = random();
      if (dice < 0.15) return odd[Math.floor(random() * odd.length)]!;
      return dice < 0.5 ? 2 * random() - 1 : (2 * random() - 1) * 20;
    }),
  );
}

const operations = [...unaryNames.map((name) => [name, 1] as const), ...binaryNames.map((name) => [name, 2] as const)];

describe.each(floatTypes)('%s', (type) => {
  it.each(operations)('%s', (name, operands) => {
    for (const seed of [1, 2, 3]) {
      const inputs = Array.from({ length: operands }, (_, k) => mixed(seed * 10 + k, type));
      const alone = floats(
        type,
        Array.from(
          { length: LONGEST },
          (_, i) =>
            callBlock(
              machines[0]!,
              name,
              type,
              inputs.map((input) => input.slice(i, i + 1)),
            )[0]!,
        ),
      );
      for (const machine of machines) {
        for (let n = 0; n <= LONGEST; n++) {
          const part = inputs.map((input) => input.slice(LONGEST - n));
          const expected = alone.slice(LONGEST - n);
          expect(sameBits(callBlock(machine, name, type, part), expected), `${n} elements`).toBe(true);
          for (let place = 0; place < operands; place++) {
            expect(sameBits(callBlock(machine, name, type, part, place), expected), `${n} in place`).toBe(true);
          }
        }
      }
    }
  });
});
