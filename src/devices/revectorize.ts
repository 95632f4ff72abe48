/**
 * The option `revectorize`: products with AVX2, by an optimisation of V8 that is experimental, hence never the default.
 * It is used where all of this holds, and where not, everything computes as without it and `devices()` says why:
 *
 * 1. the version of V8 is one of those on which it was found to work;
 * 2. a process of its own compiled the micro-kernels that way, without a crash and in time, got the numbers of the plain
 *    code from them to the bit, and got them faster;
 * 3. so did this process.
 *
 * All that happens once per process, in about 0.2 s. The code is kept with the compiled module, which threads share: what
 * is posted to them is as fast there. One thing takes it away: V8 drops all optimised WebAssembly code of a module when
 * a debugger is attached to a thread that has the module. lazuli does that itself, for an instant, to read the source of
 * functions that it ships to threads (workers/locate.ts), so that `renew` compiles the module again afterwards.
 */
import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { isMainThread } from 'node:worker_threads';
import type { MicroCode } from '../workers/kernel-code.js';
import { debuggerUses } from '../workers/locate.js';
import { agrees, compileMicro, isWorthwhile } from './wide-micro.js';

/**
 * Versions of V8 that fuse what they should. Node 20 (11.3) has no such optimisation and in Node 22 (12.4) it finds
 * nothing to fuse. Tried, also with other threads that compile and run kernels meanwhile: Node 24.21 (13.6), 25.9 (14.1)
 * and 26.10 (14.6), each 2.7 times as fast as the plain code.
 */
const goodVersions = ['13.6', '14.1', '14.6'];

/** How long the probing process may take, in milliseconds; it takes 150. */
const PROBE_MS = 10_000;

export type Revectorization =
  | { readonly works: true; readonly micro: () => MicroCode }
  | { readonly works: false; readonly reason: string };

/** What decides before anything is tried. */
export interface Surroundings {
  /** As `process.versions.v8`. */
  readonly v8: string;
  readonly arch: string;
  readonly isMainThread: boolean;
  /** Options that the process was started with. */
  readonly options: readonly string[];
}

/** Why it is not even tried; undefined where it may be. */
export function refusal({ v8, arch, isMainThread: isMain, options }: Surroundings): string | undefined {
  if (arch !== 'x64') return `not on ${arch}: V8 makes such code for x64 only`;
  const version = v8.split('.').slice(0, 2).join('.');
  if (!goodVersions.includes(version)) {
    return `not with V8 ${version}: it works with ${goodVersions.slice(0, -1).join(', ')} and ${goodVersions.at(-1)}`;
  }
  const own = options.find((option) => /^--(?!experimental-wasm-modules).*(wasm|liftoff|jitless)/.test(option));
  if (own !== undefined) return `not with V8's option ${own}, which this process was started with`;
  return isMain ? undefined : 'only on the main thread, since it sets options of the whole process';
}

/**
 * Runs the program that tries it, apart from this process. Undefined when all is well, else the reason why not.
 * @param limit milliseconds
 */
export function probe(program: string, limit = PROBE_MS): string | undefined {
  const env: Record<string, string | undefined> = { ...process.env, ELECTRON_RUN_AS_NODE: '1', NODE_OPTIONS: '' };
  delete env.NODE_V8_COVERAGE;
  let ended: { readonly error?: Error; readonly signal: string | null; readonly status: number | null; stdout: string };
  try {
    ended = spawnSync(process.execPath, [program], {
      env,
      timeout: limit,
      killSignal: 'SIGKILL',
      stdio: ['ignore', 'pipe', 'ignore'],
      encoding: 'utf8',
    });
  } catch (error) {
    ended = { error: error as Error, signal: null, status: null, stdout: '' };
  }
  const { error, signal, status, stdout } = ended;
  if ((error as NodeJS.ErrnoException | undefined)?.code === 'ETIMEDOUT') {
    return `the process that tried it did not end within ${limit / 1000} s`;
  }
  if (error !== undefined) return `no process could be started to try it: ${error.message}`;
  if (signal !== null) return `the process that tried it crashed (${signal})`;
  if (status !== 0) return `the process that tried it failed with code ${status}`;
  return reasonOf(stdout.trim());
}

function reasonOf(answer: string): string | undefined {
  if (answer === 'good') return undefined;
  if (answer === 'slow') return 'it is no faster on this processor';
  return answer === 'wrong' ? 'it gives wrong numbers here' : 'the process that tried it did not answer';
}

let decided: Revectorization | undefined;
let newest: MicroCode | undefined;
/** As many uses of the debugger there had been when the newest was compiled. */
let compiledAt = 0;

/** Whether it works in this process, and why not. Takes about 0.2 s the first time. Never throws. */
export function revectorization(): Revectorization {
  decided ??= decide();
  return decided;
}

function decide(): Revectorization {
  const options = [...process.execArgv, ...(process.env.NODE_OPTIONS ?? '').split(/\s+/)];
  const { v8 } = process.versions;
  const reason =
    refusal({ v8, arch: process.arch, isMainThread, options }) ??
    probe(fileURLToPath(new URL('./wide-probe.js', import.meta.url))) ??
    adopt();
  return reason === undefined ? { works: true, micro: () => newest as MicroCode } : { works: false, reason };
}

/** Compiles and tests it in this process. Undefined when all is well, else the reason why not. */
function adopt(): string | undefined {
  try {
    compiledAt = debuggerUses();
    const pair = compileMicro();
    if (!agrees(pair)) return reasonOf('wrong');
    if (newest === undefined && !isWorthwhile(pair)) return reasonOf('slow');
    newest = { module: pair.wide, version: (newest?.version ?? 0) + 1 };
    return undefined;
  } catch (error) {
    return `this process could not compile it: ${error instanceof Error ? error.message : String(error)}`;
  }
}

/**
 * Compiles it again where a debugger has taken the fast code away. To be called while no kernel runs. What is there
 * stays where that fails: it is as right, and slow.
 */
export function renew(): void {
  if (newest !== undefined && debuggerUses() !== compiledAt) adopt();
}
