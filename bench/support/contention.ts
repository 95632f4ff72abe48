/**
 * How long this process's threads were ready to run and waited for a core that others had (Linux's schedstat). On a
 * shared machine two threads may get no more than one core; a measurement of scaling made then says nothing.
 */
import { readdirSync, readFileSync } from 'node:fs';

/** Seconds that all threads of this process have waited for a core so far; undefined where that is not known. */
export function waitedSeconds(): number | undefined {
  let names: string[];
  try {
    names = readdirSync('/proc/self/task');
  } catch {
    return undefined;
  }
  let sum = 0;
  for (const name of names) {
    try {
      sum += Number(readFileSync(`/proc/self/task/${name}/schedstat`, 'utf8').split(' ')[1]) / 1e9;
    } catch {
      // A thread that has just ended.
    }
  }
  return Number.isNaN(sum) ? undefined : sum;
}
