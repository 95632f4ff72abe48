/** How the model knows a task: same work, same name; another source, another one. */
import { describe, expect, it } from 'vitest';
import { collect } from '../../dist/graph/collect.js';
import type { TaskNode } from '../../dist/graph/node.js';
import { delayed, type NDArray } from '../../dist/index.js';
import type { ArraySpec } from '../../dist/kernels/contract.js';
import { kernelFrom } from '../../dist/kernels/define.js';
import { kernels } from '../../dist/kernels/registry.js';
import { functionCall, kernelCall, kernelIdentity } from '../../dist/scheduler/calls.js';

const matmul = kernels.get('matmul')!;
const square = (n: number) => ({ dtype: 'float64', shape: [n, n] }) as const;
const alone = { code: 'a', threads: 1 };

describe('kernelCall', () => {
  it('names a kernel by its source, and its compiled code where that runs', () => {
    expect(kernelIdentity(matmul, 'wasm', 'a')).toMatch(/^matmul@[0-9a-f]{10}$/);
    expect(kernelIdentity(matmul, 'wasm', 'a')).toBe(kernelIdentity({ ...matmul }, 'wasm', 'a'));
    expect(kernelIdentity(matmul, 'wasm', 'a')).not.toBe(kernelIdentity(matmul, 'wasm', 'b'));
    expect(kernelIdentity(matmul, 'js', 'a')).toBe(kernelIdentity(matmul, 'js', 'b'));
  });

  it('takes a kernel of the user whose body changed for another', () => {
    const make = (js: (inputs: readonly NDArray[], outputs: readonly NDArray[]) => void) =>
      kernelFrom({
        name: 'mine',
        infer: ([x]: readonly ArraySpec[]) => ({ outputs: [x!] }),
        cost: () => ({ flops: 1, bytes: 8 }),
        bodies: { js },
      });
    const first = make(([x], [out]) => out!.data.set(x!.data));
    const second = make(([x], [out]) => out!.data.set(x!.data.map((value) => value + 1)));
    expect(kernelIdentity(first, 'js', '')).not.toBe(kernelIdentity(second, 'js', ''));
  });

  it('tells calls apart by dtypes, shapes and parameters', () => {
    const of = (...shapes: number[]) => kernelCall(matmul, shapes.map(square), {}, 'wasm', alone);
    expect(of(10, 10)).toMatchObject({ device: 'wasm', flops: 2000 });
    expect(of(10, 10).signature).toBe(of(10, 10).signature);
    expect(of(20, 20).signature).not.toBe(of(10, 10).signature);
    const withParams = kernelCall(matmul, [square(10), square(10)], { transposeA: true }, 'wasm', alone);
    expect(withParams.signature).not.toBe(of(10, 10).signature);
    expect(kernelCall(matmul, undefined, {}, 'wasm', alone)).toMatchObject({ signature: '?', flops: Number.NaN });
  });

  it('knows wide kernels by the threads that share them, small ones not', () => {
    const on = (n: number, threads: number) =>
      kernelCall(matmul, [square(n), square(n)], {}, 'wasm', { code: 'a', threads }).kernel;
    expect(on(1000, 2)).toBe(`${on(1000, 1)}×2`);
    expect(on(4, 2)).toBe(on(4, 1));
  });
});

describe('a float64 product on a GPU', () => {
  it('is counted as what it is made of, on a GPU that is there', () => {
    const matmul = kernels.get('matmul')!;
    const flops = (dtype: 'float64' | 'float32', device: string, isDescribed = false): number => {
      const spec = { dtype, shape: [8, 8] };
      return kernelCall(matmul, [spec, spec], {}, device, { code: '', threads: 1, isDescribed }).flops;
    };
    expect([flops('float64', 'wasm'), flops('float32', 'gpu')]).toEqual([1024, 1024]);
    expect(flops('float64', 'gpu')).toBe(16 * 1024);
    expect(flops('float64', 'gpu', true)).toBe(1024);
  });
});

describe('functionCall', () => {
  const nodeOf = (target: unknown): TaskNode => collect(target).nodes[0]!;
  const call = (target: unknown) => functionCall(nodeOf(target), () => 800);

  it('knows functions by name and text, whatever they captured', () => {
    const make = (n: number) =>
      delayed(function add(x: number) {
        return x + n;
      });
    expect(call(make(1)(5)).kernel).toBe(call(make(2)(5)).kernel);
    expect(call(make(1)(5)).kernel).toMatch(/^add@[0-9a-f]{10}$/);
    const other = delayed(function add(x: number) {
      return x - 1;
    });
    expect(call(other(5)).kernel).not.toBe(call(make(1)(5)).kernel);
  });

  it('tells calls apart by numbers to two digits, texts, and bytes', () => {
    const f = delayed((...args: unknown[]) => args.length);
    const signature = (...args: unknown[]): string => call(f(...args)).signature;
    expect(signature(1000)).toBe(signature(1004));
    expect(signature(1000)).not.toBe(signature(1100));
    expect(signature('a')).not.toBe(signature('b'));
    expect(signature('a'.repeat(500)).length).toBeLessThan(40);
    expect(signature(new Float64Array(10))).not.toBe(signature(new Float64Array(1000)));
    expect(signature(new Float64Array(10), f(1))).toBe('80b 8.0e+2b ');
    expect(call(f(new Float64Array(10), f(1))).bytes).toBe(880);
    expect(signature({ deep: [1] }, null, [1, 2], () => 1)).toBe('{} null [2] function ');
  });

  it('takes hints, and unknown sizes for unknown', () => {
    const f = delayed((x: unknown) => x, { cost: { flops: 7, seconds: 2 } });
    expect(call(f(1))).toMatchObject({ device: 'js', flops: 7, hint: 2 });
    const said = (seconds: number) => call(delayed((x: unknown) => x, { cost: { seconds } })(1)).kernel;
    expect(said(1)).not.toBe(said(2));
    expect(functionCall(nodeOf(f(f(1))), () => Number.NaN)).toMatchObject({ bytes: Number.NaN, signature: '? ' });
  });
});
