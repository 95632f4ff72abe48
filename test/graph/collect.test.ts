import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { collect, rebuild } from '../../dist/graph/collect.js';
import { delayed } from '../../dist/graph/delayed.js';
import { nodeOf } from '../../dist/graph/node.js';
import { sameTemplate } from '../../dist/graph/template.js';

/** Any structure of plain collections, with numbers below 1000 where `Slot`s make them delayed. */
class Slot {
  readonly value: number;
  constructor(value: number) {
    this.value = value;
  }
}

const structure = fc.letrec<{ tree: unknown }>((tie) => ({
  tree: fc.oneof(
    { depthSize: 'small', withCrossShrink: true },
    fc.nat(999).map((n) => new Slot(n)),
    fc.oneof(fc.string(), fc.double(), fc.constant(null), fc.constant(undefined), fc.bigInt()),
    fc.array(tie('tree')),
    fc.dictionary(fc.string(), tie('tree')),
    fc.array(fc.tuple(fc.string(), tie('tree'))).map((entries) => new Map(entries)),
    fc.array(tie('tree')).map((items) => new Set(items)),
  ),
})).tree;

/** `tree` with every slot replaced; a recursive model of what collect and rebuild do together. */
function replace(tree: unknown, by: (slot: Slot) => unknown): unknown {
  if (tree instanceof Slot) return by(tree);
  if (Array.isArray(tree)) return tree.map((item) => replace(item, by));
  if (tree instanceof Map) return new Map([...tree].map(([key, item]) => [key, replace(item, by)]));
  if (tree instanceof Set) return new Set([...tree].map((item) => replace(item, by)));
  if (typeof tree !== 'object' || tree === null) return tree;
  return Object.fromEntries(Object.entries(tree).map(([key, item]) => [key, replace(item, by)]));
}

describe('collect and rebuild', () => {
  it('give the same structure with results in place, for any structure', () => {
    fc.assert(
      fc.property(structure, (tree) => {
        const values: number[] = [];
        const target = replace(tree, ({ value }) => delayed(value));
        const { nodes, template } = collect(target);
        for (const node of nodes) values.push(node.args[0] as number);
        expect(rebuild(template, values)).toEqual(replace(tree, ({ value }) => value));
        expect(sameTemplate(template, collect(target).template)).toBe(true);
      }),
    );
  });

  it('answer the very object when there is no delayed value in it', () => {
    fc.assert(
      fc.property(structure, (tree) => {
        const target = replace(tree, ({ value }) => value);
        const { nodes, template } = collect(target);
        expect(nodes).toEqual([]);
        expect(rebuild(template, [])).toBe(target);
      }),
    );
  });

  it('list the tasks from left to right, one entry for each place', () => {
    const [a, b, c] = [delayed('a'), delayed('b'), delayed('c')];
    const { nodes, template } = collect([a, [b, { x: a }], c]);
    expect(nodes).toEqual([a, b, a, c].map(nodeOf));
    expect(rebuild(template, [1, 2, 3, 4])).toEqual([1, [2, { x: 3 }], 4]);
  });

  it('take a delayed value alone', () => {
    const { nodes, template } = collect(delayed(5));
    expect(nodes).toHaveLength(1);
    expect(rebuild(template, ['r'])).toBe('r');
  });

  it('share what was shared', () => {
    const shared = [delayed(1)];
    const { nodes, template } = collect({ x: shared, y: [shared] });
    expect(nodes).toHaveLength(1);
    const result = rebuild(template, [5]) as { x: unknown; y: unknown[] };
    expect(result.x).toEqual([5]);
    expect(result.y[0]).toBe(result.x);
  });

  it('keep holes of sparse arrays out of the way and read long arrays once', () => {
    const many = Array.from({ length: 100_000 }, (_, i) => (i % 2 === 0 ? delayed(i) : i));
    const { nodes, template } = collect(many);
    expect(nodes).toHaveLength(50_000);
    const result = rebuild(
      template,
      nodes.map((node) => node.args[0]),
    ) as number[];
    expect(result.every((value, i) => value === i)).toBe(true);
  });

  it('do not overflow on deep nesting', () => {
    let deep: unknown = [delayed(1)];
    let plain: unknown = [1];
    for (let i = 0; i < 50_000; i++) {
      deep = i % 2 === 0 ? [deep] : { deep };
      plain = [plain];
    }
    const { nodes, template } = collect(deep);
    expect(nodes).toHaveLength(1);
    let result = rebuild(template, [7]) as unknown[] & { deep: unknown };
    for (let i = 49_999; i >= 0; i--) result = (i % 2 === 0 ? result[0] : result.deep) as typeof result;
    expect(result).toEqual([7]);
    expect(collect(plain).template).toBe(plain);
  });
});
