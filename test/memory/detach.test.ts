/** Copies in place of heap views, wherever in a result they are, and nothing else touched. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { NDArray } from '../../dist/array/ndarray.js';
import { ArgumentError } from '../../dist/errors.js';
import { HeapMark } from '../../dist/memory/detach.js';
import { Handle } from '../../dist/memory/handle.js';
import { Heap } from '../../dist/memory/heap.js';

const heap = new Heap({ base: 1024 });
const mark = new HeapMark(heap);
const source = new NDArray(Float64Array.of(1, 2, 3, 4, 5, 6), { shape: [2, 3], dtype: 'float64' });
const onHeap = (): NDArray => Handle.from(heap, source).view();
/** As it comes back from a thread: another buffer object over the same memory. */
const clone = <T>(value: T): T => structuredClone(value);

describe('detach', () => {
  it('copies arrays and views of any kind, at the top', () => {
    const view = onHeap();
    const array = mark.detach(view) as NDArray;
    expect(array.toNested()).toEqual(source.toNested());
    const row = mark.detach(view.at(1)) as NDArray;
    expect([row.toNested(), row.offset]).toEqual([[4, 5, 6], 0]);
    const bytes = new Uint8Array(view.data.buffer, view.data.byteOffset, 8);
    const kinds = [
      view.data,
      bytes,
      Buffer.from(bytes.buffer as unknown as ArrayBuffer, bytes.byteOffset, 8),
      new DataView(bytes.buffer, bytes.byteOffset, 8),
      new BigInt64Array(bytes.buffer, bytes.byteOffset, 1),
      clone(view.data),
    ];
    for (const kind of kinds) {
      const copy = mark.detach(kind) as ArrayBufferView;
      expect(copy.constructor).toBe(kind.constructor);
      expect(copy.buffer).not.toBeInstanceOf(SharedArrayBuffer);
      expect(Buffer.from(copy.buffer as ArrayBuffer, copy.byteOffset, copy.byteLength).toString('hex')).toBe(
        Buffer.from(new Uint8Array(kind.buffer, kind.byteOffset, kind.byteLength)).toString('hex'),
      );
    }
  });

  it('leaves what has no heap view as it is, itself included', () => {
    const shared = new Float64Array(new SharedArrayBuffer(1 << 16));
    const own = { a: [1, 'x', null, undefined], shared, m: source, d: new Date(0), f: () => 1, s: new Set([source]) };
    const cyclic: Record<string, unknown> = { own };
    cyclic.me = cyclic;
    expect(mark.detach(own)).toBe(own);
    expect(mark.detach(cyclic)).toBe(cyclic);
    expect(mark.detach(3)).toBe(3);
  });

  it('keeps sharing and cycles, without a way back to the original', () => {
    const view = onHeap();
    const b: Record<string, unknown> = { view, untouched: { n: 1 } };
    const a = { b, again: [view, b], map: new Map<unknown, unknown>([[view, b]]), set: new Set<unknown>([view]) };
    b.back = a;
    const copy = mark.detach(a) as typeof a;
    expect(copy).not.toBe(a);
    expect(copy.b.back).toBe(copy);
    expect(copy.again).toEqual([copy.b.view, copy.b]);
    expect(copy.again[0]).toBe(copy.b.view);
    expect(copy.again[1]).toBe(copy.b);
    expect([...copy.map]).toEqual([[copy.b.view, copy.b]]);
    expect(copy.set.has(copy.b.view)).toBe(true);
    expect(copy.b.untouched).toBe(b.untouched);
    expect((copy.b.view as NDArray).data.buffer).toBeInstanceOf(ArrayBuffer);
    // The original is the user's.
    expect(b.view).toBe(view);
  });

  it('replaces fields of instances in place, and says which it cannot replace', () => {
    class Model {
      weights: unknown;
      readonly parts = new Map<string, unknown>();
      constructor(weights: unknown) {
        this.weights = weights;
        this.parts.set('w', { weights });
      }
    }
    class Registry extends Map<string, unknown> {}
    const model = new Model(onHeap());
    const registry = new Registry([['m', model.weights]]);
    const [same, other] = mark.detach([model, registry]) as [Model, Registry];
    expect([same, other]).toEqual([model, registry]);
    expect((model.weights as NDArray).data.buffer).toBeInstanceOf(ArrayBuffer);
    expect((model.parts.get('w') as Model).weights).toBe(model.weights);
    expect(registry.get('m')).toBe(model.weights);
    expect(() => mark.detach(Object.freeze(new Model(onHeap())))).toThrow(ArgumentError);
    const frozen = Object.freeze({ view: onHeap() });
    expect((mark.detach(frozen) as typeof frozen).view.data.buffer).toBeInstanceOf(ArrayBuffer);
  });

  it('refuses the memory itself', () => {
    expect(() => mark.detach({ all: onHeap().data.buffer })).toThrow(ArgumentError);
    expect(() => mark.detach(clone(heap.buffer))).toThrow('array.copy()');
  });

  it('does not recurse', () => {
    let deep: unknown = onHeap();
    for (let i = 0; i < 200_000; i++) deep = [deep];
    let copy = mark.detach(deep);
    while (Array.isArray(copy)) copy = copy[0];
    expect((copy as NDArray).data.buffer).toBeInstanceOf(ArrayBuffer);
  });

  it('leaves no view in any structure, and the same values', () => {
    const leaf = fc.oneof(fc.constant('view'), fc.constant('own'), fc.integer(), fc.string(), fc.constant(null));
    const { tree } = fc.letrec((tie) => ({
      tree: fc.oneof(
        { maxDepth: 5 },
        leaf,
        fc.array(tie('tree'), { maxLength: 4 }),
        fc.dictionary(fc.string(), tie('tree'), { maxKeys: 4 }),
        fc.array(tie('tree'), { maxLength: 3 }).map((items) => new Set(items)),
      ),
    }));
    const view = onHeap();
    const own = source.copy();
    const build = (value: unknown): unknown => {
      if (value === 'view') return view;
      if (value === 'own') return own;
      if (Array.isArray(value)) return value.map(build);
      if (value instanceof Set) return new Set([...value].map(build));
      if (typeof value !== 'object' || value === null) return value;
      return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, build(item)]));
    };
    const check = (before: unknown, after: unknown): void => {
      if (before instanceof NDArray) {
        expect((after as NDArray).data.buffer).toBeInstanceOf(ArrayBuffer);
        expect((after as NDArray).toNested()).toEqual(before.toNested());
      } else if (typeof before === 'object' && before !== null) {
        const [left, right] = [before, after as object].map((x) =>
          x instanceof Set ? [...x] : Object.entries(x).flat(),
        );
        expect(right).toHaveLength((left as unknown[]).length);
        (left as unknown[]).forEach((item, i) => {
          check(item, (right as unknown[])[i]);
        });
      } else expect(after).toBe(before);
    };
    fc.assert(
      fc.property(tree, (shape) => {
        const value = build(shape);
        check(value, mark.detach(value));
      }),
      { numRuns: 300, seed: 5 },
    );
  });
});
