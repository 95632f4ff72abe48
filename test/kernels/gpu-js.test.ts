/**
 * gpu.js's WebAssembly on arrays of the heap: the bits are those of gpu.js in its own memory, however a call is cut into
 * pieces, and nothing outside the arrays is read or written (the machine sees to that). This is also the test of what the
 * package relies on inside gpu.js.
 */
import { createRequire } from 'node:module';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { NDArray } from '../../dist/array/ndarray.js';
import { sectionsOf } from '../../dist/kernels/gpu-js/binary.js';
import { gpuKernel } from '../../dist/kernels/gpu-js/kernel.js';
import { relocated } from '../../dist/kernels/gpu-js/relocate.js';
import { pieceOf, translationOf } from '../../dist/kernels/gpu-js/web-assembly.js';
import { machines } from './harness.js';
import { generator } from './numbers.js';

type Nested = number | Float32Array | readonly Nested[];
interface GpuJs {
  readonly GPU: new (
    settings: object,
  ) => {
    createKernel(source: string, settings: object): (...args: unknown[]) => Nested;
  };
  readonly input: (data: Float32Array, size: readonly number[]) => unknown;
}
const { GPU, input } = createRequire(import.meta.url)('gpu.js') as GpuJs;

const machine = machines[0]!;

/** Functions of an array and a number. */
const sources = {
  gather: 'function (a, k) { return a[this.thread.x] * k + a[(this.thread.x * 7) % this.constants.n]; }',
  sum: 'function (a, k) { let s = 0; for (let i = 0; i < this.constants.n; i++) s += a[i] * k; return s + this.thread.x; }',
  functions:
    'function (a, k) { const x = a[this.thread.x % this.constants.n]; return Math.sin(x) + Math.pow(Math.abs(x), k) + Math.atan2(x, k) + Math.exp(x) * Math.log(x * x + 1) + Math.tanh(x); }',
  branches:
    'function (a, k) { const x = a[this.thread.x % this.constants.n]; if (x > k) return x; if (this.thread.y > 1) { k = k * 2; } let n = 0; while (n < 50) { if (x * n > k) break; n++; } return n + k; }',
  list: 'function (a, k) { const x = a[this.thread.x % this.constants.n]; if (x > 0) return [x, k, 1, this.thread.z]; return [this.thread.y, x, k * x, 0]; }',
  nothing: 'function (a, k) { if (a[this.thread.x % this.constants.n] > k) return 5; }',
  inside:
    'function (a, k) { function f(x, y) { if (x > y) return x; return this.thread.y + y; } return f(a[this.thread.x % this.constants.n], k) * this.output.x; }',
} as const;

function flatten(value: Nested): number[] {
  if (typeof value === 'number') return [value];
  return value instanceof Float32Array ? [...value] : value.flatMap(flatten);
}

describe('gpuKernel in WebAssembly', () => {
  it('has the bits of gpu.js for every function, however it is cut', () => {
    const names = Object.keys(sources) as (keyof typeof sources)[];
    const lengths = fc.array(fc.integer({ min: 1, max: 11 }), { minLength: 1, maxLength: 3 });
    // whether a piece has 4 elements or all of them
    const flops = fc.constantFrom(0, 1e9);
    for (const name of names) {
      const text = sources[name];
      fc.assert(
        fc.property(lengths, flops, fc.integer({ min: 1, max: 2 ** 30 }), (output, flops, seed) => {
          const random = generator(seed);
          const n = Math.max(11, output[0]!);
          const data = Float32Array.from({ length: n }, () => 4 * random() - 2);
          const k = Math.fround(random());
          const params = {
            name,
            source: text,
            output: JSON.stringify(output),
            constants: JSON.stringify({ n }),
            numbers: JSON.stringify([null, k]),
            flops,
          };
          const [found] = machine.run(gpuKernel, [new NDArray(data, { shape: [n], dtype: 'float32' })], params);
          const own = new GPU({ mode: 'webasm' }).createKernel(text, {
            output,
            constants: { n },
            constantTypes: { n: 'Float' },
            argumentTypes: ['Input', 'Float'],
            loopMaxIterations: 2 ** 31 - 1,
          });
          expect([...found!.data]).toEqual(flatten(own(input(data, [n]), k)));
        }),
        { numRuns: 12, seed: 20261123 },
      );
    }
  });

  it('finds the nearest element where an index is outside an array, in a row of four and beside it', () => {
    const a = new NDArray(Float32Array.of(10, 20, 30), { shape: [3], dtype: 'float32' });
    const run = (index: string, output: number): number[] => {
      const source = `function (a) { return a[${index}]; }`;
      const params = { name: 'f', source, output: `[${output}]`, constants: '{}', numbers: '[null]', flops: 1 };
      return [...machine.run(gpuKernel, [a], params)[0]!.data] as number[];
    };
    expect(run('this.thread.x - 2', 7)).toEqual([10, 10, 10, 20, 30, 30, 30]);
    expect(run('this.thread.x * 1000000', 3)).toEqual([10, 30, 30]);
    expect(run('-1', 5)).toEqual([10, 10, 10, 10, 10]);
    expect(run('3', 5)).toEqual([30, 30, 30, 30, 30]);
  });

  it('has one module for every number, and another for other lengths', () => {
    const source = {
      where: 'f',
      text: sources.gather,
      output: [5],
      constants: { n: 5 },
      kinds: ['array', 'number'] as const,
    };
    const first = translationOf(source, [[5, 1, 1], []]);
    expect(translationOf(source, [[5, 1, 1], []])).toBe(first);
    const second = translationOf(source, [[6, 1, 1], []]);
    if ('why' in first || 'why' in second) throw new Error('not translated');
    expect(first.code.key).not.toBe(second.code.key);
    expect(WebAssembly.validate(first.code.bytes())).toBe(true);
    const module = new WebAssembly.Module(first.code.bytes());
    expect(WebAssembly.Module.exports(module).map(({ name }) => name)).toEqual(['run']);
  });

  it('says why gpu.js has no WebAssembly of a function', () => {
    const text = 'function (a) {\n  const v = [1, 2];\n  v[0] = a[0];\n  return v[0];\n}';
    const source = { where: "nd.gpuKernel('f')", text, output: [2], constants: {}, kinds: ['array'] as const };
    const { why } = translationOf(source, [[3, 1, 1]]) as { why: string };
    expect(why).toContain("nd.gpuKernel('f'): line 3");
    expect(why).toContain('WebAssembly backend does not yet support assignment');
    const spec = (dtype: 'float32' | 'float64', shape: number[]) => ({ dtype, shape });
    const params = {
      name: 'f',
      source: sources.gather,
      output: '[2]',
      constants: '{"n":2}',
      numbers: '[null,1]',
      flops: 1,
    };
    const { wasm } = gpuKernel.bodies;
    expect(wasm!.why!([spec('float32', [2])], params)).toBeUndefined();
    expect(wasm!.can!([spec('float32', [2])], params)).toBe(true);
    expect(wasm!.why!([spec('float64', [2])], params)).toBe('it takes float32');
    expect(wasm!.why!([spec('float32', [0])], params)).toBe('an array has no elements');
    expect(wasm!.can!([spec('float32', [0])], params)).toBe(false);
    expect(wasm!.why!([spec('float32', [2 ** 29])], params)).toContain('more than 536870911 elements');
  });

  it('cuts calls into whole fours, small ones not at all, into as many pieces at most as are worth it', () => {
    expect(pieceOf(100, 1)).toBeGreaterThan(100);
    expect(pieceOf(1e6, 3000)).toBe(980);
    expect(pieceOf(1000, 1e7)).toBe(4);
    expect(pieceOf(5, 0) % 4).toBe(0);
  });

  it('refuses modules that are not as gpu.js writes them', () => {
    const relocation = { kinds: [], sizes: [], cells: 4, row: 4, components: 1 };
    const header = [0x00, 0x61, 0x73, 0x6d, 1, 0, 0, 0];
    const memory = [5, 3, 1, 0, 1];
    expect(() => sectionsOf(Uint8Array.from([...header, ...memory]))).toThrow('a section that is not known: 5');
    expect(() => relocated(Uint8Array.from(header), relocation)).toThrow('no export run');
    // (func (export "run") i32.const 0 i64.load drop)
    const parts = [
      [1, 4, 1, 0x60, 0, 0],
      [3, 2, 1, 0],
      [7, 7, 1, 3, 0x72, 0x75, 0x6e, 0, 0],
      [10, 10, 1, 8, 0, 0x41, 0, 0x29, 3, 0, 0x1a, 0x0b],
    ];
    expect(() => relocated(Uint8Array.from([...header, ...parts.flat()]), relocation)).toThrow(
      'an instruction that is not known: 0x29',
    );
  });
});
