/**
 * The compiled kernel module: which of its builds this process uses, and instances of it over a shared memory.
 * Relaxed SIMD is taken only where the engine both accepts it and runs it faster (some engines emulate its
 * multiply-add), found by timing the micro-kernels of both. Results differ in the last bits between builds, so the
 * choice is made once, on the main thread, and the module is posted to the workers.
 */

import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { getEnvironmentData, setEnvironmentData } from 'node:worker_threads';
import { SCRATCH_BYTES } from '../kernels/contract.js';
import { importsMicro, instantiateKernels, type KernelCode } from '../workers/kernel-code.js';
import type { KernelBuild } from './build.js';
import { revectorization } from './revectorize.js';
import { compilePlainMicro } from './wide-micro.js';

/** An export: the thread's arena, then the arguments of a WasmBody; the answer is a status. */
export type KernelExport = (...args: number[]) => number;
export type KernelExports = Readonly<Record<string, KernelExport>>;

const files: Readonly<Record<KernelBuild, string>> = {
  baseline: 'kernels.wasm',
  relaxed: 'kernels.relaxed.wasm',
  revectorized: 'kernels.revectorized.wasm',
};

/** Pages of the smallest memory that the module can be instantiated over, as in asconfig.json. */
export const LEAST_PAGES = 16;
/** Pages of the largest memory: 4 GiB. A memory for the module must be shared and declare at most this maximum. */
export const MOST_PAGES = 65536;

/**
 * Relaxed SIMD is taken unless it takes so many times as long as the baseline. Where its multiply-add is one instruction
 * that is 0.5 to 0.95 times, where it is emulated or spills 1.7 and more: in between no machine lies, and the choice,
 * on which the last bits depend, is the same in every run.
 */
const SLOWER = 1.2;

/** Optimised code takes less than this part of the time of code that is not; measured: a quarter to a sixth. */
const OPTIMIZED = 0.55;
/** Rounds before anything can be optimised. */
const EARLY = 4;
/** Optimising takes 2 to 10 ms, on a thread that may have to wait for a core. */
const WAIT_MS = 100;

/** Where threads that this one starts find its choice. */
const CHOICE = 'lazuli.build';

const compiled = new Map<KernelBuild, WebAssembly.Module | undefined>();
let chosen: Exclude<KernelBuild, 'revectorized'> | undefined;

/** One build, compiled once per process; undefined where the engine does not accept it. */
export function compileBuild(build: KernelBuild): WebAssembly.Module | undefined {
  if (!compiled.has(build)) {
    const bytes = readBuild(build);
    const isAccepted = WebAssembly.validate(bytes) && (build !== 'revectorized' || plainMicro() !== undefined);
    compiled.set(build, isAccepted ? new WebAssembly.Module(bytes) : undefined);
  }
  return compiled.get(build);
}

const hashes = new Map<KernelBuild, string>();

/** A hash of a build's file: what is known of its kernels' times holds as long as it stays the same. */
export function codeHash(build: KernelBuild): string {
  let hash = hashes.get(build);
  if (hash === undefined) {
    hash = createHash('sha1').update(readBuild(build)).digest('hex').slice(0, 10);
    hashes.set(build, hash);
  }
  return hash;
}

function readBuild(build: KernelBuild): Uint8Array<ArrayBuffer> {
  return readFileSync(new URL(`../wasm/${files[build]}`, import.meta.url));
}

let micro: { readonly module: WebAssembly.Module | undefined } | undefined;

function plainMicro(): WebAssembly.Module | undefined {
  micro ??= { module: compilePlainMicro() };
  return micro.module;
}

/** The build that this process uses: chosen once, on the thread that is the first to ask. Threads inherit it. */
export function chosenBuild(): KernelBuild {
  if (chosen === undefined) {
    const inherited = getEnvironmentData(CHOICE);
    chosen = inherited === 'baseline' || inherited === 'relaxed' ? inherited : choose();
    setEnvironmentData(CHOICE, chosen);
  }
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

/** The build behind the kernels of a runtime with that option. */
export function buildOf(revectorize: boolean): KernelBuild {
  const isWide = revectorize && revectorization().works && compileBuild('revectorized') !== undefined;
  return isWide ? 'revectorized' : chosenBuild();
}

/** What a runtime's kernels are made from; with AVX2 where that is asked for and works. On the main thread. */
export function kernelCode(revectorize: boolean): KernelCode {
  const found = revectorize ? revectorization() : undefined;
  const module = found?.works ? compileBuild('revectorized') : undefined;
  if (!found?.works || module === undefined) return { module: compileKernels() };
  // Whatever computes in a thread by itself: by multiply-adds as well
  if (chosen === undefined) setEnvironmentData(CHOICE, 'relaxed');
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

function choose(): 'baseline' | 'relaxed' {
  const baseline = compileBuild('baseline');
  const relaxed = compileBuild('relaxed');
  if (baseline === undefined || relaxed === undefined) return 'baseline';
  const pages = LEAST_PAGES + SCRATCH_BYTES / 65536;
  const memory = new WebAssembly.Memory({ initial: pages, maximum: pages, shared: true });
  const rivals = [instantiate(baseline, memory), instantiate(relaxed, memory)] as const;
  const arena = rivals[0].heapBase!();
  return isFaster((which) => rivals[which].microKernel!(arena, 1, 4, 256)) ? 'relaxed' : 'baseline';
}

/**
 * Whether the second of two rivals is the faster one, or about as fast. Engines optimise code while it runs: until both
 * have become much faster than they were at first, their times say nothing. After that, rounds go on until the best
 * times have stopped falling. Takes a few milliseconds; where a rival never becomes faster, WAIT_MS, and the answer is no.
 *
 * @param run runs the rival 0 or 1
 * @param now milliseconds
 */
export function isFaster(run: (which: 0 | 1) => void, now: () => number = () => performance.now()): boolean {
  const first: [number, number] = [Number.POSITIVE_INFINITY, Number.POSITIVE_INFINITY];
  const best: [number, number] = [Number.POSITIVE_INFINITY, Number.POSITIVE_INFINITY];
  const isOptimized = (): boolean => best.every((time, which) => time < OPTIMIZED * (first[which] as number));
  const end = now() + WAIT_MS;
  for (let round = 0, calm = 0; calm < 20 && now() < end; round++, calm++) {
    for (const which of [0, 1] as const) {
      const start = now();
      run(which);
      const time = now() - start;
      // The first round compiles
      if (round === 0) continue;
      if (time < 0.95 * best[which]) calm = 0;
      best[which] = Math.min(best[which], time);
      if (round <= EARLY) first[which] = best[which];
    }
    if (!isOptimized()) calm = 0;
  }
  return isOptimized() && best[1] < SLOWER * best[0];
}
