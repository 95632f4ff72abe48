/**
 * How long a task will take: three sources, from what is known of the device to what was seen of this very call.
 *
 *   prior    t₀ = overhead + max(flops / peak, bytes / bandwidth) / efficiency          of the device's calibration
 *   fit      t  = θ₀ + θ₁·flops + θ₂·bytes, θ ≥ 0, least squares of the relative error   of the kernel on the device
 *   history  the median of the logarithms of the last 16 times                           of the same kernel and shapes
 *   answer   log t = (n·log history + 3·log prior) / (n + 3), the fit in the prior's place once there is one
 *
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
  /** Floating point operations and bytes moved, 0 where nobody knows. */
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

/** What is known of one signature. */
interface History {
  readonly logs: number[];
  /** For the last eight times, whether each was an outlier. */
  readonly outliers: boolean[];
}

/** Sums of the normal equations of θ, weighted by 1/t² and the age of each sample. */
interface Fit {
  readonly matrix: Float64Array;
  readonly right: Float64Array;
  weight: number;
  hasSkippedFirst: boolean;
}

/** The model as plain data. */
export interface ModelData {
  readonly fits: Readonly<
    Record<string, { readonly matrix: readonly number[]; readonly right: readonly number[]; readonly weight: number }>
  >;
  readonly histories: Readonly<Record<string, readonly number[]>>;
}

const RING = 16;
const PRIOR_WEIGHT = 3;
const FORGETTING = 0.98;
/** Samples before the fit takes the prior's place. */
const FITTED = 4;
/** Times before an outlier can be told. */
const KNOWN = 5;
/** A history whose times hardly differ would call everything an outlier. */
const LEAST_DEVIATION = 0.05;
/** Of the device's peaks, what a kernel that nobody has measured reaches. */
const EFFICIENCY = 0.5;
/** Where not even the device was measured. */
const UNKNOWN: DeviceSpeed = { overhead: 5e-6, flops: 2e9, bandwidth: 4e9 };
const SHORTEST = 1e-9;

export class CostModel {
  readonly #speeds: ReadonlyMap<string, DeviceSpeed>;
  readonly #fits = new Map<string, Fit>();
  readonly #histories = new Map<string, History>();
  /** Absolute errors of the last predictions' logarithms. */
  readonly #errors: number[] = [];

  constructor(speeds: ReadonlyMap<string, DeviceSpeed> = new Map(), data?: ModelData) {
    this.#speeds = speeds;
    for (const [key, { matrix, right, weight }] of Object.entries(data?.fits ?? {})) {
      const fit = { matrix: Float64Array.from(matrix), right: Float64Array.from(right), weight, hasSkippedFirst: true };
      this.#fits.set(key, fit);
    }
    for (const [key, logs] of Object.entries(data?.histories ?? {})) {
      this.#histories.set(key, { logs: logs.slice(-RING), outliers: [] });
    }
  }

  /** What calibration measured of a device, or what is assumed where it was not. */
  speedOf(device: string): DeviceSpeed {
    return this.#speeds.get(device) ?? UNKNOWN;
  }

  /** Expected seconds. */
  predict(call: CallCost): number {
    const prior = Math.log(this.#prior(call));
    const logs = this.#histories.get(historyKey(call))?.logs ?? [];
    if (logs.length === 0) return Math.exp(prior);
    const count = logs.length;
    return Math.exp((count * median(logs) + PRIOR_WEIGHT * prior) / (count + PRIOR_WEIGHT));
  }

  #prior(call: CallCost): number {
    const fit = this.#fits.get(fitKey(call));
    if (fit !== undefined && fit.weight >= FITTED) {
      const seconds = evaluate(solve(fit), call);
      if (seconds > SHORTEST) return seconds;
    }
    if (call.hint !== undefined) return Math.max(SHORTEST, call.hint);
    const speed = this.speedOf(call.device);
    return speed.overhead + Math.max(call.flops / speed.flops, call.bytes / speed.bandwidth) / EFFICIENCY;
  }

  /** What a call took. O(1) but for the history's median. */
  observe(call: CallCost, seconds: number): void {
    const time = Math.max(SHORTEST, seconds);
    let fit = this.#fits.get(fitKey(call));
    if (fit === undefined) {
      fit = { matrix: new Float64Array(9), right: new Float64Array(3), weight: 0, hasSkippedFirst: false };
      this.#fits.set(fitKey(call), fit);
    }
    if (!fit.hasSkippedFirst) {
      fit.hasSkippedFirst = true;
      return;
    }
    this.#errors.push(Math.abs(Math.log(this.predict(call)) - Math.log(time)));
    if (this.#errors.length > 64) this.#errors.shift();
    if (this.#isOutlier(call, Math.log(time))) return;
    addSample(fit, call, time);
  }

  /** Enters the time into the history. Whether it is an outlier, that nothing should be learned from. */
  #isOutlier(call: CallCost, log: number): boolean {
    const key = historyKey(call);
    let history = this.#histories.get(key);
    if (history === undefined) {
      history = { logs: [], outliers: [] };
      this.#histories.set(key, history);
    }
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
      const fit = this.#fits.get(fitKey(call)) as Fit;
      fit.matrix.fill(0);
      fit.right.fill(0);
      fit.weight = 0;
      isOutlier = false;
    }
    if (isOutlier) return true;
    logs.push(log);
    if (logs.length > RING) logs.shift();
    return false;
  }

  /** The median error of the last predictions, in logarithms: 0.1 is 10 %. 0 before there were any. */
  get error(): number {
    return this.#errors.length === 0 ? 0 : median(this.#errors);
  }

  /** All that was learned. */
  toJSON(): ModelData {
    const fits: Record<string, { matrix: number[]; right: number[]; weight: number }> = {};
    for (const [key, { matrix, right, weight }] of this.#fits) {
      if (weight > 0) fits[key] = { matrix: [...matrix], right: [...right], weight };
    }
    const histories: Record<string, number[]> = {};
    for (const [key, { logs }] of this.#histories) if (logs.length > 0) histories[key] = [...logs];
    return { fits, histories };
  }
}

const fitKey = ({ kernel, device }: CallCost): string => `${kernel} ${device}`;
const historyKey = ({ kernel, device, signature }: CallCost): string => `${kernel} ${device} ${signature}`;

function median(numbers: readonly number[]): number {
  const sorted = [...numbers].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  const upper = sorted[middle] as number;
  return sorted.length % 2 === 1 ? upper : ((sorted[middle - 1] as number) + upper) / 2;
}

/** Flops and bytes are counted in millions, so that θ's equations are well scaled. */
const terms = ({ flops, bytes }: CallCost): readonly [number, number, number] => [1, flops * 1e-6, bytes * 1e-6];

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
}

function evaluate(theta: readonly number[], call: CallCost): number {
  return terms(call).reduce((sum, term, i) => sum + term * (theta[i] as number), 0);
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
