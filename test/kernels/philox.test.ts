/** Philox 4×32-10 against the known answers of its authors, and the functions that normal numbers are made with. */
import { describe, expect, it } from 'vitest';
import { cosine, philox, radius, Stream, sine } from '../../dist/kernels/philox.js';
import { machines } from './harness.js';
import { generator, ulps } from './numbers.js';

/** Random123's kat_vectors for philox4x32 with 10 rounds: counter, key, answer. */
const known = [
  {
    counter: [0, 0, 0, 0],
    key: [0, 0],
    answer: [0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8],
  },
  {
    counter: [0xffffffff, 0xffffffff, 0xffffffff, 0xffffffff],
    key: [0xffffffff, 0xffffffff],
    answer: [0x408f276d, 0x41c83b0e, 0xa20bc7c6, 0x6d5451fd],
  },
  {
    counter: [0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344],
    key: [0xa4093822, 0x299f31d0],
    answer: [0xd16cfe09, 0x94fdcceb, 0x5001e420, 0x24126ea1],
  },
] as const;

const plain = (counter: readonly number[], key: readonly number[]): number[] => {
  const words = new Uint32Array(4);
  philox(counter, key, words);
  return [...words];
};

describe('Philox 4×32-10', () => {
  it.each(known)('answers $counter, $key in plain JavaScript', ({ counter, key, answer }) => {
    expect(plain(counter, key)).toEqual([...answer]);
  });

  for (const machine of machines) {
    const blocks = (counter: readonly number[], key: readonly number[], groups: number): Uint32Array => {
      const out = machine.arena + 65536;
      const [c0, c1, c2, c3] = counter as [number, number, number, number];
      expect(machine.exports.philoxGroups!(machine.arena, key[0]!, key[1]!, c0, c1, c2, c3, groups, out)).toBe(0);
      return new Uint32Array(machine.memory.buffer, out, 16 * groups).slice();
    };

    it.each(known)(`answers $counter, $key on ${machine.build}`, ({ counter, key, answer }) => {
      const lane = counter[0] % 4;
      const words = blocks([counter[0] - lane, ...counter.slice(1)], key, 2);
      expect([...words.slice(4 * lane, 4 * lane + 4)]).toEqual([...answer]);
    });

    it(`counts on over 32 bits on ${machine.build}`, () => {
      const words = blocks([0xfffffffc, 7, 1, 2], [3, 4], 2);
      for (let i = 0; i < 8; i++) {
        const counter = i < 4 ? [0xfffffffc + i, 7, 1, 2] : [i - 4, 8, 1, 2];
        expect([...words.slice(4 * i, 4 * i + 4)]).toEqual(plain(counter, [3, 4]));
      }
    });
  }
});

describe('what normal numbers are made with', () => {
  it('is as accurate as it says', () => {
    const random = generator(5);
    let worst = { radius: 0, sine: 0, cosine: 0 };
    for (let i = 0; i < 20000; i++) {
      const whole = Math.floor(random() * 2 ** 52) / 2 ** (i % 50);
      const u = (Math.floor(whole) + 0.5) * 2 ** -52;
      const f = random() * 2 ** -(i % 20);
      worst = {
        radius: Math.max(worst.radius, ulps(radius(u), Math.sqrt(-2 * Math.log(u)))),
        sine: Math.max(worst.sine, ulps(sine(f), Math.sin((f * Math.PI) / 4))),
        cosine: Math.max(worst.cosine, ulps(cosine(f), Math.cos((f * Math.PI) / 4))),
      };
    }
    // 2 ulp of ours, and at most 1.5 of the reference and its argument
    expect(worst.radius).toBeLessThanOrEqual(3);
    expect(worst.sine).toBeLessThanOrEqual(3);
    expect(worst.cosine).toBeLessThanOrEqual(2);
    expect(worst.radius).toBeGreaterThan(0);
  });

  it('reaches as far as its bits do', () => {
    expect(radius(2 ** -53)).toBeCloseTo(Math.sqrt(106 * Math.LN2), 12);
    expect(radius(1 - 2 ** -53)).toBeCloseTo(2 ** -26, 20);
    expect(radius(2 ** -53)).toBeLessThan(8.58);
  });
});

describe('whole numbers', () => {
  it('are drawn again where the first words are turned down, from the same place of the block', () => {
    const stream = new Stream(1, 4);
    const bound = 2 ** 31 + 1;
    let again = 0;
    for (let i = 0; i < 1000; i++) {
      let attempt = 0;
      while (Number((BigInt(stream.word(i, attempt)) * BigInt(bound)) & 0xffffffffn) < 2 ** 32 % bound) attempt++;
      again += attempt;
      expect(stream.integer(i, bound)).toBe(Number((BigInt(stream.word(i, attempt)) * BigInt(bound)) >> 32n));
    }
    expect(again / 1000).toBeGreaterThan(0.9);
    expect(again / 1000).toBeLessThan(1.1);
  });
});
