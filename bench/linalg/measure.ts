/**
 * How the bench of linear algebra measures one contestant: what takes less than a few hundredths of a second is repeated
 * until it takes so long, and the time of one call counts. Lazuli's own results stay where kernels reach them, as NumPy's do.
 */
import { persist } from '../../dist/index.js';
import { waitedSeconds } from '../support/contention.js';
import type { Contestant } from '../support/measure.js';

/** Seconds that one measurement takes at least, where a call takes less. */
export const LEAST = 0.03;
const MOST_CALLS = 1000;

export type Clock = 'wall' | 'cpu';

/** Seconds of this process's processors, or of the clock on the wall. */
export function now(clock: Clock): number {
  if (clock === 'wall') return performance.now() / 1e3;
  const { user, system } = process.cpuUsage();
  return (user + system) / 1e6;
}

/** One call's seconds. */
export function repeated(call: () => unknown, clock: Clock = 'wall'): Contestant {
  let count = 1;
  return async () => {
    // After a rest and others' turns the caches and the clock are cold
    if (count > 1) await call();
    const waited = waitedSeconds() ?? 0;
    const before = now(clock);
    for (let i = 0; i < count; i++) await call();
    const whole = now(clock) - before;
    const share = ((waitedSeconds() ?? 0) - waited) / whole;
    const seconds = whole / count;
    count = Math.max(1, Math.min(MOST_CALLS, Math.round(LEAST / seconds)));
    return { seconds, share };
  };
}

export interface Way {
  readonly scheduler?: 'sync';
  readonly workers?: number;
}

/** Computes what `make` makes, and gives the results up again. */
export function computing(make: () => unknown, way: Way, clock: Clock = 'wall'): Contestant {
  return repeated(async () => release(await persist(make(), way)), clock);
}

/** Gives up every persisted result in a structure. */
export function release(results: unknown): void {
  const held = results as { release?: () => void };
  if (typeof held.release === 'function') held.release();
  else for (const one of Object.values(results as object)) release(one);
}
