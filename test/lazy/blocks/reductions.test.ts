/** Arrays in blocks answer what the same arrays in one block do: element-wise functions and reductions. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { nd } from '../../../dist/index.js';
import { arrayInChunks, closeTo, nested } from './arrays.js';

describe('element-wise functions of arrays in blocks', () => {
  it('give the same bits for any blocks, whatever the operands broadcast to', async () => {
    const pair = arrayInChunks().chain((first) => arrayInChunks(first.shape).map((second) => [first, second] as const));
    await fc.assert(
      fc.asyncProperty(pair, async ([a, b]) => {
        const formula = (x: Parameters<typeof nd.add>[0], y: Parameters<typeof nd.add>[0]) =>
          nd.where(nd.less(x as never, 0), nd.mul(x as never, y as never), nd.add(nd.exp(y as never), 1) as never);
        const whole = await formula(a.whole as never, b.whole as never).compute();
        const blocks = formula(a.chunked as never, b.chunked as never);
        expect(nested(await blocks.compute())).toEqual(nested(whole));
      }),
      { numRuns: 40 },
    );
  });
});

const reductions = ['sum', 'prod', 'mean', 'var', 'std', 'min', 'max', 'argmin', 'argmax', 'any', 'all'] as const;

describe('reductions of arrays in blocks', () => {
  it.each(reductions)('%s is that of the whole array, for any axes and blocks', async (name) => {
    const call = arrayInChunks().chain((x) =>
      fc.record({
        x: fc.constant(x),
        axis: fc.option(fc.integer({ min: -x.shape.length, max: x.shape.length - 1 }), { nil: null }),
        keepdims: fc.boolean(),
      }),
    );
    await fc.assert(
      fc.asyncProperty(call, async ({ x, axis, keepdims }) => {
        const options = { axis, keepdims } as { axis: number; keepdims: boolean };
        const reduce = nd[name] as (x: unknown, options: object) => { compute(): Promise<unknown> };
        if (x.shape.includes(0) && /min|max/.test(name)) return;
        const whole = await reduce(x.whole, options).compute();
        closeTo(await reduce(x.chunked, options).compute(), whole);
      }),
      { numRuns: 40 },
    );
  });
});
