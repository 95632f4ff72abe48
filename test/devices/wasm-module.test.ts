/** The choice of the kernel module's build, and the instance's few promises to the runtime. */
/// <reference path="../../src/webassembly.d.ts" />
import { describe, expect, it } from 'vitest';
import {
  chosenBuild,
  compileBuild,
  compileKernels,
  instantiate,
  LEAST_PAGES,
  MOST_PAGES,
} from '../../dist/devices/wasm-module.js';
import { SCRATCH_BYTES } from '../../dist/kernels/contract.js';
import { kernels } from '../../dist/kernels/registry.js';

describe('the kernel module', () => {
  it('is compiled once, in a build that the engine accepts', () => {
    expect(compileKernels()).toBe(compileKernels());
    expect(compileKernels()).toBe(compileBuild(chosenBuild()));
    if (compileBuild('relaxed') === undefined) expect(chosenBuild()).toBe('baseline');
  });

  it('can be instantiated over the smallest memory and over one that may grow to the largest', () => {
    for (const maximum of [LEAST_PAGES, MOST_PAGES]) {
      const memory = new WebAssembly.Memory({ initial: LEAST_PAGES, maximum, shared: true });
      const base = instantiate(compileKernels(), memory).heapBase!();
      expect(base % 64).toBe(0);
      expect(base).toBeGreaterThan(0);
      expect(base).toBeLessThan(LEAST_PAGES * 65536);
    }
  });

  it('leaves everything from heapBase on alone when another thread makes its instance', () => {
    const memory = new WebAssembly.Memory({ initial: LEAST_PAGES, maximum: LEAST_PAGES, shared: true });
    const base = instantiate(compileKernels(), memory).heapBase!();
    const free = new Uint8Array(memory.buffer, base);
    free.fill(0x5a);
    instantiate(compileKernels(), memory);
    expect(free.every((byte) => byte === 0x5a)).toBe(true);
  });

  it('has an export for every kernel body', () => {
    const memory = new WebAssembly.Memory({ initial: LEAST_PAGES, maximum: LEAST_PAGES, shared: true });
    const exports = instantiate(compileKernels(), memory);
    for (const { bodies } of kernels.values()) {
      if (bodies.wasm !== undefined) expect(exports[bodies.wasm.export]).toBeTypeOf('function');
    }
  });

  it('runs its micro-kernel within the arena', () => {
    const pages = LEAST_PAGES + SCRATCH_BYTES / 65536 + 1;
    const memory = new WebAssembly.Memory({ initial: pages, maximum: pages, shared: true });
    const exports = instantiate(compileKernels(), memory);
    const arena = exports.heapBase!();
    const bytes = new Uint8Array(memory.buffer);
    bytes.fill(0x5a, arena);
    for (const wide of [0, 1]) expect(exports.microKernel!(arena, wide, 3, 256)).toBe(0);
    const outside = [bytes.subarray(arena, arena + 64), bytes.subarray(arena + SCRATCH_BYTES)];
    expect(outside.every((part) => part.every((byte) => byte === 0x5a))).toBe(true);
  });
});
