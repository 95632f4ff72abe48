/**
 * How every bench measures: contestants alternate within a round, so that noise of the machine meets all of them, and
 * the median over the rounds counts. The collector is left alone: collecting by force between measurements makes V8
 * deoptimise, and short runs then take several times as long (README.md has the numbers). So these are times of warm code.
 */

/** One contestant: does the work once and answers what it measured, by name; undefined when it cannot take part. */
export type Contestant = () => Promise<Readonly<Record<string, number>> | undefined>;

/** The median of `values`; NaN without any. */
export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  const upper = sorted[middle] ?? Number.NaN;
  return sorted.length % 2 === 1 ? upper : ((sorted[middle - 1] ?? Number.NaN) + upper) / 2;
}

export interface AlternateOptions {
  readonly rounds: number;
  /** Rounds that are run and not counted. */
  readonly warmUps: number;
  /** What counts of the rounds; default: the median. */
  readonly pick?: (values: readonly number[]) => number;
  /** Done before each round, and not counted. */
  readonly before?: () => unknown;
  /** A contestant that has spent this much time, in seconds, sits out the remaining rounds. */
  readonly patience: number;
}

/**
 * Runs the contestants in turn and answers the medians of what each measured; no entry for those that did not take
 * part.
 *
 * @example
 * await alternate({ ours, theirs }, { rounds: 5, warmUps: 1, patience: 20 }); // { ours: { run: 0.1 }, … }
 */
export async function alternate<Name extends string>(
  contestants: Readonly<Record<Name, Contestant>>,
  { rounds, warmUps, patience, before: prepare, pick = median }: AlternateOptions,
): Promise<Partial<Record<Name, Record<string, number>>>> {
  const names = Object.keys(contestants) as Name[];
  const series = new Map<Name, Map<string, number[]>>();
  const spent = new Map<Name, number>();
  for (let round = 0; round < warmUps + rounds; round++) {
    await prepare?.();
    for (const name of names) {
      const hasResult = series.has(name);
      if (hasResult && (spent.get(name) ?? 0) > patience) continue;
      const before = performance.now();
      const measured = await contestants[name]();
      const seconds = (performance.now() - before) / 1000;
      spent.set(name, (spent.get(name) ?? 0) + seconds);
      // A warm-up counts all the same when it alone uses up the patience.
      if (measured === undefined || (round < warmUps && seconds < patience)) continue;
      const own = series.get(name) ?? new Map<string, number[]>();
      series.set(name, own);
      for (const [what, value] of Object.entries(measured)) own.set(what, [...(own.get(what) ?? []), value]);
    }
  }
  const medians: Partial<Record<Name, Record<string, number>>> = {};
  for (const [name, own] of series) {
    medians[name] = Object.fromEntries(Array.from(own, ([what, values]) => [what, pick(values)]));
  }
  return medians;
}

/** Seconds that `work` takes, and what it answers. */
export async function timed<T>(work: () => T | Promise<T>): Promise<[value: T, seconds: number]> {
  const before = performance.now();
  const value = await work();
  return [value, (performance.now() - before) / 1000];
}
