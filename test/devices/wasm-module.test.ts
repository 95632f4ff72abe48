/** The choice of the kernel module's build, and the instance's few promises to the runtime. */
/// <reference path="../../src/webassembly.d.ts" />
import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  chosenBuild,
  compileBuild,
  compileKernels,
  instantiate,
  isFaster,
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

describe('the choice of the build', () => {
  /** Two rivals on a clock of their own: `cost` says how long a run of either takes. */
  function race(cost: (which: 0 | 1, time: number) => number): { readonly isFaster: boolean; readonly time: number } {
    let time = 0;
    const answer = isFaster(
      (which) => {
        time += cost(which, time);
      },
      () => time,
    );
    return { isFaster: answer, time };
  }

  /** Costs in milliseconds before the code is optimised, and after, which it is at the times given. */
  const tiers =
    (slow: readonly number[], fast: readonly number[], at: readonly number[]) =>
    (which: 0 | 1, time: number): number =>
      (time < at[which]! ? slow : fast)[which]!;

  it.each([
    ['clearly faster', [0.02, 0.02], [0.004, 0.002], true],
    ['a little faster', [0.02, 0.02], [0.0033, 0.0031], true],
    ['a little slower', [0.02, 0.02], [0.0031, 0.0033], true],
    ['faster only once it is optimised', [0.02, 0.03], [0.004, 0.003], true],
    ['faster only until it is optimised', [0.03, 0.02], [0.0033, 0.006], false],
    ['emulated', [0.02, 0.02], [0.0033, 0.006], false],
  ])('takes the rival that is %s as it should', (_what, slow, fast, expected) => {
    for (const at of [
      [1, 1],
      [2, 9],
      [9, 2],
      [30, 40],
    ]) {
      expect(race(tiers(slow, fast, at)).isFaster).toBe(expected);
    }
  });

  it('says no in the end when nothing is ever optimised', () => {
    const { isFaster: answer, time } = race(() => 0.01);
    expect(answer).toBe(false);
    expect(time).toBeLessThan(200);
  });

  it('is the same however much the times are disturbed', () => {
    fc.assert(
      fc.property(fc.nat(), fc.boolean(), fc.double({ min: 1, max: 12, noNaN: true }), (seed, isEmulated, late) => {
        const cost = tiers([0.02, 0.022], [0.0033, isEmulated ? 0.0058 : 0.0031], [late, 1.5 * late]);
        let state = seed;
        const disturbed = race((which, time) => {
          state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
          const noise = state / 2 ** 32;
          // Every tenth run is interrupted, the others vary by a twentieth
          return cost(which, time) * (1 + 0.05 * noise) + (noise > 0.9 ? 3 * (noise - 0.9) : 0);
        });
        expect(disturbed.isFaster).toBe(!isEmulated);
      }),
      { numRuns: 300, seed: 4 },
    );
  });

  it('is made once in a process: threads that are started later have the same', async () => {
    const module = new URL('../../dist/devices/wasm-module.js', import.meta.url).href;
    const inThread = `import('${module}').then(({ chosenBuild }) =>
      import('node:worker_threads').then(({ parentPort }) => parentPort.postMessage(chosenBuild())));`;
    const choices = async (first: string): Promise<unknown> => {
      const source = `
        import { setEnvironmentData, Worker } from 'node:worker_threads';
        import { chosenBuild } from '${module}';
        ${first}
        const own = chosenBuild();
        new Worker(${JSON.stringify(inThread)}, { eval: true, execArgv: [] })
          .once('message', (other) => console.log(JSON.stringify([own, other])));`;
      const { stdout } = await promisify(execFile)(process.execPath, ['--input-type=module', '--eval', source]);
      return JSON.parse(stdout);
    };
    const [own, other] = (await choices('')) as string[];
    expect(other).toBe(own);
    // What was chosen before is not timed again, whichever it is
    expect(await choices("setEnvironmentData('lazuli.build', 'baseline');")).toEqual(['baseline', 'baseline']);
  });
});
