/**
 * The compiled kernel module: which of its builds this process uses, and instances of it over a shared memory.
 * Relaxed SIMD is taken only where the engine both accepts it and runs it faster (some engines emulate its
 * multiply-add), found by timing the micro-kernels of both. Results differ in the last bits between builds, so the
 * choice is made once, on the main thread, and the module is posted to the workers.
 */
import { readFileSync } from 'node:fs';
import { SCRATCH_BYTES } from '../kernels/contract.js';
import { importsMicro, instantiateKernels, type KernelCode } from '../workers/kernel-code.js';
import { revectorization } from './revectorize.js';
import { compilePlainMicro } from './wide-micro.js';

/** An export: the thread's arena, then the arguments of a WasmBody; the answer is a status. */
export type KernelExport = (...args: number[]) => number;
export type KernelExports = Readonly<Record<string, KernelExport>>;
export type KernelBuild = 'baseline' | 'relaxed' | 'revectorized';

const files: Readonly<Record<KernelBuild, string>> = {
  baseline: 'kernels.wasm',
  relaxed: 'kernels.relaxed.wasm',
  revectorized: 'kernels.revectorized.wasm',
};

/** Pages of the smallest memory that the module can be instantiated over, as in asconfig.json. */
export const LEAST_PAGES = 16;
/** Pages of the largest memory: 4 GiB. A memory for the module must be shared and declare at most this maximum. */
export const MOST_PAGES = 65536;

/** A smaller gain is not worth bits that change from run to run with the timing's noise. */
const WORTHWHILE = 0.9;

const compiled = new Map<KernelBuild, WebAssembly.Module | undefined>();
let chosen: KernelBuild | undefined;

/** One build, compiled once per process; undefined where the engine does not accept it. */
export function compileBuild(build: KernelBuild): WebAssembly.Module | undefined {
  if (!compiled.has(build)) {
    const bytes = readFileSync(new URL(`../wasm/${files[build]}`, import.meta.url));
    const isAccepted = WebAssembly.validate(bytes) && (build !== 'revectorized' || plainMicro() !== undefined);
    compiled.set(build, isAccepted ? new WebAssembly.Module(bytes) : undefined);
  }
  return compiled.get(build);
}

let micro: { readonly module: WebAssembly.Module | undefined } | undefined;

function plainMicro(): WebAssembly.Module | undefined {
  micro ??= { module: compilePlainMicro() };
  return micro.module;
}

/** The build that this process uses. */
export function chosenBuild(): KernelBuild {
  chosen ??= choose();
  return chosen;
}

/**
 * The module of the build that this process uses, compiled once. To be called on the main thread and posted.
 * @throws Error where the engine has no WebAssembly SIMD and threads.
 */
export function compileKernels(): WebAssembly.Module {
  const module = compileBuild(chosenBuild());
  if (module === undefined) {
    throw new Error('this JavaScript engine does not accept the kernels: it lacks WebAssembly SIMD or threads');
  }
  return module;
}

/** What a runtime's kernels are made from; with AVX2 where that is asked for and works. On the main thread. */
export function kernelCode(revectorize: boolean): KernelCode {
  const found = revectorize ? revectorization() : undefined;
  const module = found?.works ? compileBuild('revectorized') : undefined;
  if (!found?.works || module === undefined) return { module: compileKernels() };
  return { module, micro: found.micro };
}

/**
 * An instance over `memory`, which is shared, has at least LEAST_PAGES and declares at most MOST_PAGES. A module that
 * imports its micro-kernels gets plain ones unless some are given.
 */
export function instantiate(
  module: WebAssembly.Module,
  memory: WebAssembly.Memory,
  micro?: WebAssembly.Module,
): KernelExports {
  const wanted = importsMicro(module) ? (micro ?? plainMicro()) : undefined;
  return instantiateKernels(module, memory, wanted) as KernelExports;
}

function choose(): KernelBuild {
  const baseline = compileBuild('baseline');
  const relaxed = compileBuild('relaxed');
  if (baseline === undefined || relaxed === undefined) return 'baseline';
  const pages = LEAST_PAGES + SCRATCH_BYTES / 65536;
  const memory = new WebAssembly.Memory({ initial: pages, maximum: pages, shared: true });
  const rivals = [instantiate(baseline, memory), instantiate(relaxed, memory)] as const;
  const arena = rivals[0].heapBase!();
  const best: [number, number] = [Number.POSITIVE_INFINITY, Number.POSITIVE_INFINITY];
  // Code is optimised while it runs: rounds go on until the best times have stopped falling, about 1 ms in all
  for (let round = 0, calm = 0; round < 200 && calm < 10; round++, calm++) {
    for (const which of [0, 1] as const) {
      const start = performance.now();
      rivals[which].microKernel!(arena, 1, 4, 256);
      const time = performance.now() - start;
      if (time < 0.95 * best[which]) calm = 0;
      best[which] = Math.min(best[which], time);
    }
  }
  return best[1] < WORTHWHILE * best[0] ? 'relaxed' : 'baseline';
}
