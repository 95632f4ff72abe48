import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ReadySet } from '../../dist/scheduler/ready-set.js';

describe('ready set', () => {
  it('always takes the smallest of what was added and not taken', () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: -1, max: 70_000 }), { maxLength: 400 }), (steps) => {
        const set = new ReadySet(70_001);
        const model = new Set<number>();
        for (const step of steps) {
          const smallest = model.size === 0 ? -1 : Math.min(...model);
          expect(set.first()).toBe(smallest);
          if (step < 0) {
            expect(set.takeFirst()).toBe(smallest);
            model.delete(smallest);
          } else if (model.has(step)) {
            set.remove(step);
            model.delete(step);
          } else {
            set.add(step);
            model.add(step);
          }
          expect(set.size).toBe(model.size);
        }
      }),
      { seed: 3 },
    );
  });

  it('works for no tasks and for one', () => {
    expect(new ReadySet(0).takeFirst()).toBe(-1);
    const one = new ReadySet(1);
    one.add(0);
    expect([one.takeFirst(), one.takeFirst()]).toEqual([0, -1]);
  });
});
