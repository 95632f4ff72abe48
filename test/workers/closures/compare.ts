/** Runs the cases here and in a thread and says which differ. */
import { isDeepStrictEqual } from 'node:util';
import { ThreadPool } from '../../../dist/workers/pool.js';
import { ship } from '../../../dist/workers/ship.js';
import { cases } from './cases.js';

export interface Report {
  readonly ran: number;
  readonly differences: { readonly name: string; readonly expected: string; readonly got: string }[];
}

export async function compareAll(): Promise<Report> {
  const pool = new ThreadPool({ threads: 1 });
  const report: Report = { ran: 0, differences: [] };
  let ran = 0;
  for (const { name, fn, args } of cases) {
    ran++;
    const expected: unknown = await fn(...args);
    let got: unknown;
    try {
      const [outcome] = (await pool.runBatch({ calls: [{ fn: ship(fn), args }] })).calls;
      got = outcome?.status === 'done' ? outcome.value : outcome;
    } catch (error) {
      got = error;
    }
    if (!isDeepStrictEqual(got, expected)) {
      report.differences.push({ name, expected: String(show(expected)), got: String(show(got)) });
    }
  }
  return { ran, differences: report.differences };
}

function show(value: unknown): unknown {
  if (value instanceof Error) return value.stack;
  const inner = (value as { error?: unknown } | undefined)?.error;
  if (inner instanceof Error) return inner.stack;
  try {
    return JSON.stringify(value);
  } catch {
    return value;
  }
}
