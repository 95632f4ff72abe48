/**
 * The reference solver of C-SVC: sequential minimal optimisation as libsvm does it (Fan, Chen & Lin, JMLR 6, 2005;
 * Chang & Lin, ACM TIST 2(3), 2011), in the papers' own terms, readable rather than fast. The wasm body
 * (assembly/smo.ts) takes the same steps in the same order with the same rounding.
 *
 * It minimises ½ αᵀQα − Σα over 0 ≤ α ≤ C, yᵀα = 0, where Q_ij = y_i y_j K_ij in float32 as libsvm stores it.
 * A sample is in I_up when α may grow along y, in I_low when it may shrink; at the optimum −y∇ is nowhere in I_up above
 * what it is in I_low. Samples shrunk away keep a stale gradient until it is rebuilt.
 */
import { BAD_C, failureOf, NOT_CONVERGED, NOT_FINITE } from './status.js';

/** The curvature that stands in for one that is not positive. */
const TAU = 1e-12;

export interface SmoProblem {
  /** The kernel that asks, for error messages. */
  readonly name: string;
  readonly size: number;
  /** K_ij in float64. */
  readonly kernel: (i: number, j: number) => number;
  /** ±1 per sample. */
  readonly labels: ArrayLike<number>;
  readonly c: number;
  readonly tolerance: number;
  readonly shrinking: boolean;
  /** −1: libsvm's own bound, max(10⁷, 100 · size). */
  readonly maxIterations: number;
}

export interface SmoSolution {
  readonly alpha: Float64Array;
  readonly rho: number;
  readonly iterations: number;
  readonly objective: number;
  readonly supportVectors: number;
}

/** Solves one binary problem. @throws ArgumentError | ConvergenceError */
export function solveSmo(problem: SmoProblem): SmoSolution {
  if (!(problem.c > 0)) throw failureOf(problem.name, BAD_C);
  return new Solver(problem).solve();
}

class Solver {
  readonly #problem: SmoProblem;
  readonly #alpha: Float64Array;
  readonly #gradient: Float64Array;
  readonly #diagonal: Float64Array;
  /** Samples by position; those at positions ≥ active are shrunk. */
  readonly #order: Int32Array;
  readonly #rows: (Float32Array | undefined)[];
  #active: number;
  #hasUnshrunk = false;

  constructor(problem: SmoProblem) {
    const { size } = problem;
    this.#problem = problem;
    this.#alpha = new Float64Array(size);
    this.#gradient = new Float64Array(size).fill(-1);
    this.#diagonal = Float64Array.from({ length: size }, (_, i) => problem.kernel(i, i));
    this.#order = Int32Array.from({ length: size }, (_, i) => i);
    this.#rows = new Array(size);
    this.#active = size;
    if (!this.#diagonal.every(Number.isFinite)) throw failureOf(problem.name, NOT_FINITE);
  }

  solve(): SmoSolution {
    const { size, shrinking, maxIterations, name } = this.#problem;
    const bound = maxIterations < 0 ? Math.max(1e7, 100 * size) : maxIterations;
    const interval = Math.min(size, 1000);
    let countdown = interval + 1;
    let iterations = 0;
    for (;;) {
      if (--countdown === 0) {
        countdown = interval;
        if (shrinking) this.#shrink();
      }
      let pair = this.#select();
      if (pair === undefined) {
        // optimal on the active samples: look at all of them before believing it
        this.#reconstruct();
        pair = this.#select();
        if (pair === undefined) break;
        countdown = 1;
      }
      if (iterations >= bound) throw failureOf(name, NOT_CONVERGED);
      iterations++;
      this.#step(...pair);
    }
    return { alpha: this.#alpha, iterations, ...this.#finish() };
  }

  #label(i: number): number {
    return this.#problem.labels[i]!;
  }

  #isUpper(i: number): boolean {
    return this.#alpha[i]! >= this.#problem.c;
  }

  #isLower(i: number): boolean {
    return this.#alpha[i]! <= 0;
  }

  #isInUp(i: number): boolean {
    return this.#label(i) > 0 ? !this.#isUpper(i) : !this.#isLower(i);
  }

  #isInLow(i: number): boolean {
    return this.#label(i) > 0 ? !this.#isLower(i) : !this.#isUpper(i);
  }

  /** −y∇ of sample i. */
  #value(i: number): number {
    return -this.#label(i) * this.#gradient[i]!;
  }

  /** Row i of Q, by sample. */
  #row(i: number): Float32Array {
    let row = this.#rows[i];
    if (row === undefined) {
      const { size, kernel, name } = this.#problem;
      row = Float32Array.from({ length: size }, (_, j) => this.#label(i) * this.#label(j) * kernel(i, j));
      if (!row.every(Number.isFinite)) throw failureOf(name, NOT_FINITE);
      this.#rows[i] = row;
    }
    return row;
  }

  /** The pair to move: i the most violating of I_up, j the best gain of I_low with it; the last among equals. */
  #select(): [number, number] | undefined {
    let top = Number.NEGATIVE_INFINITY;
    let i = -1;
    for (let t = 0; t < this.#active; t++) {
      const s = this.#order[t]!;
      if (this.#isInUp(s) && this.#value(s) >= top) {
        top = this.#value(s);
        i = s;
      }
    }
    if (i < 0) return undefined;
    const row = this.#row(i);
    let bottom = Number.POSITIVE_INFINITY;
    let best = Number.NEGATIVE_INFINITY;
    let j = -1;
    for (let t = 0; t < this.#active; t++) {
      const s = this.#order[t]!;
      if (!this.#isInLow(s)) continue;
      bottom = Math.min(bottom, this.#value(s));
      const gap = top - this.#value(s);
      if (gap <= 0) continue;
      const gain = (gap * gap) / this.#curvature(i, s, row);
      if (gain >= best) {
        best = gain;
        j = s;
      }
    }
    return j < 0 || top - bottom < this.#problem.tolerance ? undefined : [i, j];
  }

  /** K_ii + K_jj − 2 K_ij, kept positive. */
  #curvature(i: number, j: number, rowI: Float32Array): number {
    const sign = this.#label(i) * this.#label(j);
    const value = this.#diagonal[i]! + this.#diagonal[j]! - 2 * sign * rowI[j]!;
    return value > 0 ? value : TAU;
  }

  /** Moves α_i and α_j to the minimum along their line within the box, and the gradient with them. */
  #step(i: number, j: number): void {
    const { c } = this.#problem;
    const rowI = this.#row(i);
    const rowJ = this.#row(j);
    const curvature = this.#curvature(i, j, rowI);
    const oldI = this.#alpha[i]!;
    const oldJ = this.#alpha[j]!;
    let [newI, newJ] = [oldI, oldJ];
    if (this.#label(i) !== this.#label(j)) {
      const delta = (-this.#gradient[i]! - this.#gradient[j]!) / curvature;
      const difference = oldI - oldJ;
      newI += delta;
      newJ += delta;
      if (difference > 0) {
        if (newJ < 0) [newI, newJ] = [difference, 0];
        if (newI > c) [newI, newJ] = [c, c - difference];
      } else {
        if (newI < 0) [newI, newJ] = [0, -difference];
        if (newJ > c) [newI, newJ] = [c + difference, c];
      }
    } else {
      const delta = (this.#gradient[i]! - this.#gradient[j]!) / curvature;
      const sum = oldI + oldJ;
      newI -= delta;
      newJ += delta;
      if (sum > c) {
        if (newI > c) [newI, newJ] = [c, sum - c];
        if (newJ > c) [newI, newJ] = [sum - c, c];
      } else {
        if (newJ < 0) [newI, newJ] = [sum, 0];
        if (newI < 0) [newI, newJ] = [0, sum];
      }
    }
    this.#alpha[i] = newI;
    this.#alpha[j] = newJ;
    for (let t = 0; t < this.#active; t++) {
      const s = this.#order[t]!;
      this.#gradient[s]! += rowI[s]! * (newI - oldI) + rowJ[s]! * (newJ - oldJ);
    }
  }

  /** Shrinks away the bounded samples that lie clearly on their side; near the end all come back once. */
  #shrink(): void {
    let top = Number.NEGATIVE_INFINITY;
    let bottom = Number.POSITIVE_INFINITY;
    for (let t = 0; t < this.#active; t++) {
      const s = this.#order[t]!;
      if (this.#isInUp(s)) top = Math.max(top, this.#value(s));
      if (this.#isInLow(s)) bottom = Math.min(bottom, this.#value(s));
    }
    if (!this.#hasUnshrunk && top - bottom <= this.#problem.tolerance * 10) {
      this.#hasUnshrunk = true;
      this.#reconstruct();
    }
    const isIdle = (s: number): boolean => {
      if (!this.#isInUp(s)) return this.#value(s) > top;
      return !this.#isInLow(s) && this.#value(s) < bottom;
    };
    const order = this.#order;
    for (let t = 0; t < this.#active; t++) {
      if (!isIdle(order[t]!)) continue;
      this.#active--;
      while (this.#active > t && isIdle(order[this.#active]!)) this.#active--;
      const last = order[this.#active]!;
      order[this.#active] = order[t]!;
      order[t] = last;
    }
  }

  /** Rebuilds the gradient of the shrunk samples and makes all active; bounded samples' shares are added first. */
  #reconstruct(): void {
    const { size } = this.#problem;
    const shrunk = this.#order.subarray(this.#active, size);
    for (const s of shrunk) this.#gradient[s] = -1;
    for (const bounded of [true, false]) {
      for (const i of this.#order) {
        if (this.#isLower(i) || this.#isUpper(i) !== bounded || shrunk.length === 0) continue;
        const row = this.#row(i);
        for (const s of shrunk) this.#gradient[s]! += this.#alpha[i]! * row[s]!;
      }
    }
    this.#active = size;
  }

  /** rho is y∇ averaged over the free samples, or the middle of what the bounded ones allow. */
  #finish(): { rho: number; objective: number; supportVectors: number } {
    let least = Number.NEGATIVE_INFINITY;
    let most = Number.POSITIVE_INFINITY;
    let sum = 0;
    let free = 0;
    let objective = 0;
    let supportVectors = 0;
    for (const s of this.#order) {
      const value = -this.#value(s);
      if (!this.#isUpper(s) && !this.#isLower(s)) {
        free++;
        sum += value;
      } else if (this.#isInUp(s)) most = Math.min(most, value);
      else least = Math.max(least, value);
      if (!this.#isLower(s)) supportVectors++;
      objective += this.#alpha[s]! * (this.#gradient[s]! - 1);
    }
    return { rho: free > 0 ? sum / free : (most + least) / 2, objective: objective / 2, supportVectors };
  }
}
