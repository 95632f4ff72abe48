import assert from 'node:assert';
import { describe, expect, it } from 'vitest';
import { DelayedUseError } from '../../dist/errors.js';
import { delayed } from '../../dist/graph/delayed.js';

const value = delayed((n: number) => n)(1) as unknown as number & Record<string, unknown> & Iterable<unknown>;
const property = (delayed({ a: 1 }) as unknown as { a: typeof value }).a;

const misuses: readonly (readonly [string, (v: typeof value) => unknown, RegExp])[] = [
  ['+', (v) => v + 1, /nd\.add/],
  ['unary minus', (v) => -v, /nd\.expr/],
  ['<', (v) => v < 2, /compute/],
  // biome-ignore lint/suspicious/noDoubleEquals: what is tested
  ['== with a number', (v) => v == 1, /number or string/],
  ['a template', (v) => `${v as number}!`, /used as a string/],
  ['String()', (v) => String(v), /used as a string/],
  ['Number()', (v) => Number(v), /number/],
  ['join', (v) => [v].join(), /used as a string/],
  ['a property name', (v) => ({})[v as unknown as string], /used as a string/],
  ['JSON', (v) => JSON.stringify({ v }), /JSON.*compute/],
  [
    'for of',
    (v) => {
      for (const _ of v) break;
    },
    /nout/,
  ],
  [
    'array destructuring',
    (v) => {
      const [first] = v;
      return first;
    },
    /nout: 2/,
  ],
  ['spread into an array', (v) => [...v], /nout/],
  ['spread into a call', (v) => Math.max(...(v as Iterable<number>)), /nout/],
  ['spread into an object', (v) => ({ ...(v as object) }), /compute/],
  ['Array.from', (v) => Array.from(v), /nout/],
  ['Object.keys', (v) => Object.keys(v), /property names/],
  ['in', (v) => 'x' in v, /'x' with 'in'/],
  [
    'assignment',
    (v) => {
      (v as Record<string, unknown>).x = 1;
    },
    /never changed/,
  ],
  [
    'delete',
    (v) => {
      delete (v as Record<string, unknown>).x;
    },
    /never changed/,
  ],
  ['defineProperty', (v) => Object.defineProperty(v, 'x', { value: 1 }), /never changed/],
  ['freeze', (v) => Object.freeze(v), /frozen/],
  ['setPrototypeOf', (v) => Object.setPrototypeOf(v, null), /prototype/],
];

describe.each([
  ['a delayed value', value],
  ['a delayed property', property],
])('%s used as if it were there', (_name, subject) => {
  it.each(misuses)('%s', (_what, use, message) => {
    expect(() => use(subject)).toThrow(DelayedUseError);
    expect(() => use(subject)).toThrow(TypeError);
    expect(() => use(subject)).toThrow(message);
    expect(() => use(subject)).toThrow(subject.key as string);
  });

  it('for await', async () => {
    const use = async (): Promise<void> => {
      for await (const _ of subject as unknown as AsyncIterable<unknown>) break;
    };
    await expect(use()).rejects.toThrow(DelayedUseError);
  });

  it('is not truthy or falsy by its value, and this cannot be seen', () => {
    expect(Boolean(subject)).toBe(true);
  });

  it('survives equality checks and printing by test libraries without hanging', () => {
    const other = delayed(2);
    expect(() => assert.deepStrictEqual(subject, other)).toThrow();
    expect(() => expect(subject).toEqual(other)).toThrow();
    expect(() => expect({ a: subject }).toEqual({ a: 1 })).toThrow();
    expect(subject).toBe(subject);
    assert.deepStrictEqual({ a: subject }, { a: subject });
    expect(() => structuredClone(subject)).toThrow();
  });
});
