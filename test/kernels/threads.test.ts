/** Chunks in any order, on any arena, give the same bits: what lets threads share them. */
import { describe, expect, it } from 'vitest';
import { itemSize } from '../../dist/array/dtype.js';
import type { NDArray } from '../../dist/array/ndarray.js';
import { SCRATCH_BYTES } from '../../dist/kernels/contract.js';
import { ExpressionBuilder } from '../../dist/kernels/expression-builder.js';
import { serialize } from '../../dist/kernels/expression-text.js';
import { kernels } from '../../dist/kernels/registry.js';
import { CodeTable } from './generated.js';
import { machines } from './harness.js';
import { array, generator } from './numbers.js';

const GROUP = 7;
const UNITS = 8;

/** Every chunk once more over the descriptor that the call left: backwards, every other one on a second arena. */
function chunksAgain(
  kernel: string,
  x: NDArray,
  params: Record<string, string | number>,
  order: 'forwards' | 'backwards',
) {
  const { exports, memory } = machines[0]!;
  const body = kernels.get(kernel)!.bodies.wasm!;
  const { outputs, scratch = 0 } = kernels.get(kernel)!.infer([x], params);
  const base = Math.ceil(exports.heapBase!() / 64) * 64;
  const arenas = [base, base + SCRATCH_BYTES];
  const pointer = base + 2 * SCRATCH_BYTES;
  const out = pointer + x.nbytes + 64;
  const size = outputs[0]!.shape.reduce((product, length) => product * length, 1);
  const bytes = itemSize(outputs[0]!.dtype);
  const at = Math.ceil((out + 8 * size + 64) / 64) * 64;
  const missing = Math.ceil((at + scratch - memory.buffer.byteLength) / 65536);
  if (missing > 0) memory.grow(missing);
  for (const arena of arenas) new Int32Array(memory.buffer, arena, 16).fill(0);
  new Float64Array(memory.buffer, pointer, x.size).set(x.data);
  const input = [{ dtype: x.dtype, shape: x.shape, pointer }];
  const output = [{ ...outputs[0]!, pointer: out }];
  const block = body.block!(input, output, params);
  new Float64Array(memory.buffer, at, block.length).set(block);
  const fn = new CodeTable(exports, memory).load(body.code!(input, params));
  expect(exports[body.export]!(arenas[0]!, fn, ...body.args(input, output, params, at))).toBe(0);
  const words = new Int32Array(memory.buffer, at, 32);
  const chunks = Math.ceil(words[UNITS]! / words[GROUP]!);
  // What the chunks write: the outputs, or of each partial state (three numbers) those that the reduction has
  const used = { sum: 1, min: 1, argmax: 2, var: 3 }[String(params.reduction)] ?? 0;
  const states = Math.floor((scratch - 8 * block.length - 16) / 24);
  const isPartial = kernel === 'reduce' && states > 0;
  const view = (): Uint8Array => {
    if (!isPartial) return new Uint8Array(memory.buffer, out, size * bytes).slice();
    const numbers = new Float64Array(memory.buffer, at + 8 * block.length + 16, 3 * states);
    return new Uint8Array(numbers.filter((_, k) => k % 3 < used).buffer);
  };
  const first = view();
  if (isPartial) new Float64Array(memory.buffer, at + 8 * block.length + 16, 3 * states).fill(Number.NaN);
  else new Uint8Array(memory.buffer, out, size * bytes).fill(0x5b);
  for (let i = 0; i < chunks; i++) {
    const chunk = order === 'forwards' ? i : chunks - 1 - i;
    exports.expressionChunk!(arenas[chunk % 2]!, chunk, at);
  }
  return { chunks, same: Buffer.compare(first, view()) === 0 };
}

describe.each(['forwards', 'backwards'] as const)('chunks %s on two arenas', (order) => {
  const b = new ExpressionBuilder();
  const x = b.input(0, 'float64');
  const expression = serialize(b.build(b.unary('exp', b.binary('mul', x, x))));

  it('elementwise', () => {
    const values = array(generator(1), [100_003], 'float64');
    const { chunks, same } = chunksAgain('elementwise', values, { expression }, order);
    expect(chunks).toBeGreaterThan(2);
    expect(same).toBe(true);
  });

  it.each(['[0]', '[1]', '[0,1]'])('reduce over %s', (axes) => {
    const values = array(generator(2), [701, 333], 'float64');
    for (const reduction of ['sum', 'var', 'min', 'argmax']) {
      if (reduction === 'argmax' && axes === '[0,1]') continue;
      const { chunks, same } = chunksAgain('reduce', values, { expression, reduction, axes }, order);
      expect(chunks, reduction).toBeGreaterThan(2);
      expect(same, reduction).toBe(true);
    }
  });
});
