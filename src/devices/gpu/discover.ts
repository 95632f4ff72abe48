/** Whether there is a GPU: asked once per process, of a process of its own, which also takes what a driver may break. */
import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import type { AdapterFacts } from './adapter.js';

/** How long the probing process may take, in milliseconds; it takes 150 to 500. */
const PROBE_MS = 20_000;

export type Discovery = { readonly facts: AdapterFacts } | { readonly reason: string };

let known: Discovery | undefined;

/** What there is, or why there is none. Takes about 0.3 s the first time. Never throws. */
export function discoverGpu(): Discovery {
  known ??= ask(fileURLToPath(new URL('./probe.js', import.meta.url)));
  return known;
}

/** Runs the program that looks, apart from this process. */
export function ask(program: string, limit = PROBE_MS): Discovery {
  const env: Record<string, string | undefined> = { ...process.env, ELECTRON_RUN_AS_NODE: '1', NODE_OPTIONS: '' };
  delete env.NODE_V8_COVERAGE;
  try {
    const { error, signal, status, stdout, stderr } = spawnSync(process.execPath, [program], {
      env,
      timeout: limit,
      killSignal: 'SIGKILL',
      stdio: ['ignore', 'pipe', 'pipe'],
      encoding: 'utf8',
    });
    if ((error as NodeJS.ErrnoException | undefined)?.code === 'ETIMEDOUT') {
      return { reason: `the process that looked for a GPU did not end within ${limit / 1000} s` };
    }
    if (error !== undefined) return { reason: `no process could be started to look for a GPU: ${error.message}` };
    if (signal !== null) return { reason: `the process that looked for a GPU crashed (${signal})` };
    return answerOf(stdout, stderr, status ?? 0);
  } catch (error) {
    return { reason: `no process could be started to look for a GPU: ${(error as Error).message}` };
  }
}

function answerOf(stdout: string, stderr: string, status: number): Discovery {
  try {
    const answer = JSON.parse(stdout.trim().split('\n').at(-1) ?? '') as Discovery;
    if ('facts' in answer) return answer;
    const hint = /Couldn't load Vulkan[^\n]*/.exec(stderr)?.[0];
    return { reason: hint === undefined ? answer.reason : `${answer.reason} (${hint})` };
  } catch {
    return { reason: `the process that looked for a GPU failed with code ${status} and gave no answer` };
  }
}
