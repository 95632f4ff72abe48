/**
 * How long a task will take: three sources, from what is known of the device to what was seen of this very call.
 *
 *   prior    t₀ = overhead + max(flops / peak, bytes / bandwidth) / efficiency          of the device's calibration
 *   fit      t  = θ₀ + θ₁·flops + θ₂·bytes, θ ≥ 0, least squares of the relative error   of the kernel on the device
 *   history  the median of the logarithms of the last 16 times                           of the same kernel and shapes
 *   answer   log t = (n·log history + w·log prior) / (n + w), the fit in the prior's place once there is one
 *
 * where w is 3, but less where the prior was found wrong for the kernel: the ratio of the variances of a single time (20 %,
 * which is usual) and of the prior, as in the mean of normal variables with a normal prior.
 * So there is always an answer, and nothing is run only to be measured. The first time of a kernel on a device contains
 * its compilation and is left out. A time further from the history's median than 3 · 1.48 median absolute deviations is
 * an outlier; when four of the last eight are, the machine has changed, and what was known of the call is forgotten.
 * (StarPU's history and regression models, Augonnet et al. 2009; outliers by the median absolute deviation, Hampel 1974.)
 *
 * Does badly: on kernels whose time depends on values, such as solvers that iterate; their history is as wide as they are.
 */

/** One call, as far as its time can depend on it. */
export interface CallCost {
  /** Who: the name of a kernel and a hash of its source, so that a changed kernel is another one. */
  readonly kernel: string;
  readonly device: string;
  /** What it was called on: dtypes and shapes. Calls with one signature share a history. */
  readonly signature: string;
  /** Floating point operations and bytes moved, 0 where nobody counted them, NaN where they depend on what is not there yet. */
  readonly flops: number;
  readonly bytes: number;
  /** Seconds that the user expects, where a hint was given. */
  readonly hint?: number | undefined;
}

/** What calibration measured of a device. */
export interface DeviceSpeed {
  /** Seconds of a task that does nothing. */
  readonly overhead: number;
  /** Operations a second at best. */
  readonly flops: number;
  /** Bytes a second at best. */
  readonly bandwidth: number;
}

/** The name under which the speed of a device is kept that may be another one tomorrow: another adapter, another library. */
export const speedKey = (device: string, description: string): string => `${device}: ${description}`;

/** What is known of one signature. */
interface History {
  readonly logs: number[];
  /** For the last eight times, whether each was an outlier. */
  readonly outliers: boolean[];
  /** The median of `logs`, once somebody asked. */
  middle: number | undefined;
}

/** Sums of the normal equations of θ, weighted by 1/t² and the age of each sample. */
interface Fit {
  readonly matrix: Float64Array;
  readonly right: Float64Array;
  weight: number;
  hasSkippedFirst: boolean;
  /** Logarithms of the last times, whatever the signature. */
  readonly logs: number[];
  /** Absolute errors of the logarithms of the last estimates, with their median once somebody asked. */
  readonly errors: number[];
  error: number | undefined;
  /** Solved once somebody asked. */
  theta: readonly number[] | undefined;
}

/** The model as plain data. */
export interface ModelData {
  readonly fits: Readonly<
    Record<
      string,
      {
        readonly matrix: readonly number[];
        readonly right: readonly number[];
        readonly weight: number;
        readonly logs: readonly number[];
        readonly errors: readonly number[];
      }
    >
  >;
  readonly histories: Readonly<Record<string, readonly number[]>>;
}

const RING = 16;
const PRIOR_WEIGHT = 3;
/** The usual deviation of a time's logarithm. */
const DEVIATION = 0.2;
const FORGETTING = 0.98;
/** Samples before the fit takes the prior's place. */
const FITTED = 4;
/** Times before an outlier can be told. */
const KNOWN = 5;
/** A history whose times hardly differ would call everything an outlier. */
const LEAST_DEVIATION = 0.05;
/** Of the device's peaks, what a kernel that nobody has measured reaches. */
const EFFICIENCY = 0.5;
/**
 * A fit that makes a call so many times as fast as that knows nothing of calls of its size: of many small ones, which take
 * what a call takes, it has learned that size does not matter.
 */
const FASTER_AT_MOST = 200;
/** Where not even the device was measured. */
const UNKNOWN: DeviceSpeed = { overhead: 5e-6, flops: 2e9, bandwidth: 4e9 };
const SHORTEST = 1e-9;
/** Signatures and kernels beyond these are forgotten, those that were not seen for longest first. */
const MOST_HISTORIES = 4096;
const MOST_FITS = 1024;

export class CostModel {
  /** A hash of the compiled kernels whose times are known here. */
  readonly code: string;
  readonly #speeds: ReadonlyMap<string, DeviceSpeed>;
  readonly #assumed = new Map<string, DeviceSpeed>();
  /** Both in the order in which they were last learned from. */
  readonly #fits = new Map<string, Fit>();
  readonly #histories = new Map<string, History>();
  /** Absolute errors of the last predictions' logarithms. */
  readonly #errors: number[] = [];

  /** @param speeds is asked whenever a prediction needs it: what calibration adds later counts at once */
  constructor(speeds: ReadonlyMap<string, DeviceSpeed> = new Map(), data?: ModelData, code = '') {
    this.#speeds = speeds;
    this.code = code;
    if (data !== undefined) this.add(data);
  }

  /** What another process learned, where this one has learned nothing of it. */
  add({ fits, histories }: ModelData): void {
    for (const [key, { matrix, right, weight, logs, errors }] of Object.entries(fits)) {
      if (this.#fits.has(key)) continue;
      this.#fits.set(key, {
        matrix: Float64Array.from(matrix),
        right: Float64Array.from(right),
        weight,
        hasSkippedFirst: true,
        logs: logs.slice(-RING),
        errors: errors.slice(-RING),
        error: undefined,
        theta: undefined,
      });
    }
    for (const [key, logs] of Object.entries(histories)) {
      if (this.#histories.has(key)) continue;
      this.#histories.set(key, { logs: logs.slice(-RING), outliers: [], middle: undefined });
    }
  }

  /** What calibration measured of a device, or what is assumed where it was not. */
  speedOf(device: string): DeviceSpeed {
    return this.#speeds.get(device) ?? this.#assumed.get(device) ?? UNKNOWN;
  }

  /** What a device says of itself, unless calibration has measured one of that description. */
  assume(device: string, description: string, { overhead, flops, bandwidth }: DeviceSpeed): void {
    const measured = this.#speeds.get(speedKey(device, description));
    this.#assumed.set(device, measured ?? { overhead, flops, bandwidth });
  }

  /** Expected seconds. */
  predict(call: CallCost): number {
    const prior = this.estimate(call);
    const history = this.#histories.get(historyKey(call));
    const count = history?.logs.length ?? 0;
    if (history === undefined || count === 0) return prior;
    history.middle ??= median(history.logs);
    const weight = this.#priorWeight(call);
    return Math.exp((count * history.middle + weight * Math.log(prior)) / (count + weight));
  }

  #priorWeight(call: CallCost): number {
    const fit = this.#fits.get(fitKey(call));
    if (fit === undefined || fit.errors.length === 0) return PRIOR_WEIGHT;
    fit.error ??= median(fit.errors);
    return Math.min(PRIOR_WEIGHT, (DEVIATION / fit.error) ** 2);
  }

  /** Expected seconds by operations and bytes alone, whatever was seen of the very signature: quicker, and rougher. */
  estimate(call: Omit<CallCost, 'signature'>): number {
    const fit = this.#fits.get(fitKey(call));
    const isKnown = !Number.isNaN(call.flops + call.bytes);
    if (fit !== undefined && isKnown && fit.weight >= FITTED) {
      fit.theta ??= solve(fit);
      const seconds = evaluate(fit.theta, call);
      if (seconds > SHORTEST && seconds * FASTER_AT_MOST > this.#byPeaks(call)) return seconds;
    }
    if (call.hint !== undefined) return Math.max(SHORTEST, call.hint);
    if (fit !== undefined && !isKnown && fit.logs.length > 0) return Math.exp(median(fit.logs));
    return isKnown ? this.#byPeaks(call) : this.speedOf(call.device).overhead;
  }

  #byPeaks({ device, flops, bytes }: Omit<CallCost, 'signature'>): number {
    const speed = this.speedOf(device);
    return speed.overhead + Math.max(flops / speed.flops, bytes / speed.bandwidth) / EFFICIENCY;
  }

  /** What a call took. O(1) but for the history's median. */
  observe(call: CallCost, seconds: number): void {
    const time = Math.max(SHORTEST, seconds);
    const log = short(Math.log(time));
    const key = fitKey(call);
    const fit = this.#fits.get(key) ?? newFit();
    touch(this.#fits, key, fit, MOST_FITS);
    if (!fit.hasSkippedFirst) {
      fit.hasSkippedFirst = true;
      return;
    }
    this.#errors.push(Math.abs(Math.log(this.predict(call)) - log));
    if (this.#errors.length > 64) this.#errors.shift();
    if (this.#isOutlier(call, fit, log)) return;
    fit.errors.push(short(Math.abs(Math.log(this.estimate(call)) - log)));
    if (fit.errors.length > RING) fit.errors.shift();
    fit.error = undefined;
    fit.logs.push(log);
    if (fit.logs.length > RING) fit.logs.shift();
    if (!Number.isNaN(call.flops + call.bytes)) addSample(fit, call, time);
  }

  /** Enters the time into the history. Whether it is an outlier, that nothing should be learned from. */
  #isOutlier(call: CallCost, fit: Fit, log: number): boolean {
    const key = historyKey(call);
    const history = this.#histories.get(key) ?? { logs: [], outliers: [], middle: undefined };
    touch(this.#histories, key, history, MOST_HISTORIES);
    const { logs, outliers } = history;
    let isOutlier = false;
    if (logs.length >= KNOWN) {
      const middle = median(logs);
      const deviation = Math.max(LEAST_DEVIATION, median(logs.map((other) => Math.abs(other - middle))));
      isOutlier = Math.abs(log - middle) > 3 * 1.48 * deviation;
    }
    outliers.push(isOutlier);
    if (outliers.length > 8) outliers.shift();
    if (isOutlier && outliers.filter(Boolean).length >= 4) {
      logs.length = 0;
      outliers.length = 0;
      // What the kernel takes elsewhere may have changed with it
      fit.matrix.fill(0);
      fit.right.fill(0);
      fit.weight = 0;
      fit.logs.length = 0;
      fit.errors.length = 0;
      fit.theta = undefined;
      isOutlier = false;
    }
    if (isOutlier) return true;
    logs.push(log);
    if (logs.length > RING) logs.shift();
    history.middle = undefined;
    return false;
  }

  /** The median error of the last predictions, in logarithms: 0.1 is 10 %. 0 before there were any. */
  get error(): number {
    return this.#errors.length === 0 ? 0 : median(this.#errors);
  }

  /** All that was learned. */
  toJSON(): ModelData {
    const fits: Record<string, ModelData['fits'][string]> = {};
    for (const [key, { matrix, right, weight, logs, errors }] of this.#fits) {
      if (logs.length === 0) continue;
      fits[key] = { matrix: [...matrix], right: [...right], weight, logs: [...logs], errors: [...errors] };
    }
    const histories: Record<string, number[]> = {};
    for (const [key, { logs }] of this.#histories) if (logs.length > 0) histories[key] = [...logs];
    return { fits, histories };
  }
}

/** More digits would tell nothing and lengthen the file. */
const short = (log: number): number => Math.round(log * 1e4) / 1e4;

function newFit(): Fit {
  const [matrix, right] = [new Float64Array(9), new Float64Array(3)];
  return { matrix, right, weight: 0, hasSkippedFirst: false, logs: [], errors: [], error: undefined, theta: undefined };
}

/** Makes an entry the newest one; the oldest goes where there are too many. */
function touch<T>(map: Map<string, T>, key: string, value: T, most: number): void {
  map.delete(key);
  map.set(key, value);
  if (map.size <= most) return;
  for (const oldest of map.keys()) {
    map.delete(oldest);
    return;
  }
}

const fitKey = ({ kernel, device }: Omit<CallCost, 'signature'>): string => `${kernel} ${device}`;
const historyKey = ({ kernel, device, signature }: CallCost): string => `${kernel} ${device} ${signature}`;

function median(numbers: readonly number[]): number {
  const sorted = [...numbers].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  const upper = sorted[middle] as number;
  return sorted.length % 2 === 1 ? upper : ((sorted[middle - 1] as number) + upper) / 2;
}

/** Flops and bytes are counted in millions, so that θ's equations are well scaled. */
const terms = ({ flops, bytes }: Omit<CallCost, 'signature'>): readonly [number, number, number] => [
  1,
  flops * 1e-6,
  bytes * 1e-6,
];

function addSample(fit: Fit, call: CallCost, seconds: number): void {
  const x = terms(call);
  const weight = 1 / (seconds * seconds);
  for (let i = 0; i < 3; i++) {
    for (let j = 0; j < 3; j++) {
      const at = 3 * i + j;
      fit.matrix[at] = FORGETTING * (fit.matrix[at] as number) + weight * (x[i] as number) * (x[j] as number);
    }
    fit.right[i] = FORGETTING * (fit.right[i] as number) + weight * (x[i] as number) * seconds;
  }
  fit.weight = FORGETTING * fit.weight + 1;
  fit.theta = undefined;
}

function evaluate(theta: readonly number[], { flops, bytes }: Omit<CallCost, 'signature'>): number {
  return (theta[0] as number) + flops * 1e-6 * (theta[1] as number) + bytes * 1e-6 * (theta[2] as number);
}

/**
 * θ ≥ 0 of least error. Of three unknowns, every choice of those that are not zero is tried: the least error among the
 * solutions without negative numbers is the answer (the Kuhn–Tucker conditions, Lawson & Hanson 1974, ch. 23).
 */
function solve({ matrix, right }: Fit): readonly number[] {
  let best: readonly number[] = [0, 0, 0];
  let least = 0;
  for (let choice = 1; choice < 8; choice++) {
    const free = [0, 1, 2].filter((i) => choice & (1 << i));
    const theta = solveFree(matrix, right, free);
    if (theta === undefined || theta.some((value) => value < 0)) continue;
    // ½ θᵀMθ − bᵀθ, which at a solution is −½ bᵀθ
    const error = -theta.reduce((sum, value, i) => sum + value * (right[i] as number), 0);
    if (error < least * (1 + 1e-12)) {
      best = theta;
      least = error;
    }
  }
  return best;
}

/** Gaussian elimination on the rows and columns of the unknowns that are free; undefined where they depend. */
function solveFree(matrix: Float64Array, right: Float64Array, free: readonly number[]): number[] | undefined {
  const n = free.length;
  const rows = free.map((i) => [...free.map((j) => matrix[3 * i + j] as number), right[i] as number]);
  const scale = free.map((i) => matrix[4 * i] as number);
  for (let k = 0; k < n; k++) {
    const pivot = rows[k] as number[];
    if (!((pivot[k] as number) > 1e-10 * (scale[k] as number))) return undefined;
    for (let i = k + 1; i < n; i++) {
      const row = rows[i] as number[];
      const factor = (row[k] as number) / (pivot[k] as number);
      for (let j = k; j <= n; j++) (row[j] as number) -= factor * (pivot[j] as number);
    }
  }
  const theta = [0, 0, 0];
  for (let k = n - 1; k >= 0; k--) {
    const row = rows[k] as number[];
    let value = row[n] as number;
    for (let j = k + 1; j < n; j++) value -= (row[j] as number) * (theta[free[j] as number] as number);
    theta[free[k] as number] = value / (row[k] as number);
  }
  return theta;
}
