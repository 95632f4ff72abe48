/**
 * Ways to divide samples into training and test rows. They work on positions only, at once, and give what scikit-learn
 * gives: the same folds in order, and the same shuffled ones for the same seed.
 */
import type { TypedArray } from '../array/dtype.js';
import { NDArray } from '../array/ndarray.js';
import { ArgumentError, OptionError } from '../errors.js';
import { nodeOf } from '../graph/node.js';
import { type ArrayInput, LazyArray } from '../lazy/lazy-array.js';
import { checkNames } from '../lazy/options.js';
import { labelValues } from './labels.js';
import { MersenneTwister } from './mersenne-twister.js';

/** The training and the test rows of one fold, each ascending. */
export type Fold = [train: Int32Array, test: Int32Array];

/** What can be divided: samples along the first axis, or how many there are. */
export type Samples = number | ArrayInput;

export interface Splitter {
  readonly nSplits: number;
  split(x: Samples, y?: ArrayInput): Iterable<Fold>;
}

export interface FoldOptions {
  /** The number of folds, at least 2; default 5. */
  readonly nSplits?: number;
  /** Whether samples are shuffled before they are divided; default false. */
  readonly shuffle?: boolean;
  /** With `shuffle`: a whole number from 0 to 2³² − 1 that decides the folds (`random_state`); default: by chance. */
  readonly seed?: number;
}

/**
 * Consecutive folds of (nearly) equal size; each is the test set once.
 *
 * @example
 * [...new KFold({ nSplits: 2 }).split(4)]; // [[[2, 3], [0, 1]], [[0, 1], [2, 3]]]
 */
export class KFold implements Splitter {
  readonly nSplits: number;
  readonly shuffle: boolean;
  readonly seed: number | undefined;

  /** @throws OptionError for an option that does not exist or a value it cannot have */
  constructor(options: FoldOptions = {}) {
    const checked = checkOptions('KFold', options);
    this.nSplits = checked.nSplits;
    this.shuffle = checked.shuffle;
    this.seed = checked.seed;
  }

  /** @throws ArgumentError when there are more folds than samples */
  *split(x: Samples): Generator<Fold, void, undefined> {
    const n = countOf(x, 'KFold.split');
    const { nSplits } = this;
    if (nSplits > n)
      throw new ArgumentError(`KFold.split: ${nSplits} folds need at least as many samples, there are ${n}`);
    const order = Int32Array.from({ length: n }, (_, i) => i);
    if (this.shuffle) generator(this.seed).shuffle(order);
    const foldOf = new Int32Array(n);
    for (let fold = 0, start = 0; fold < nSplits; fold++) {
      const size = Math.floor(n / nSplits) + (fold < n % nSplits ? 1 : 0);
      for (let i = start; i < start + size; i++) foldOf[order[i]!] = fold;
      start += size;
    }
    yield* foldsOf(foldOf, nSplits);
  }
}

/**
 * Folds in which every class has (nearly) the share that it has in the whole. `split` needs the labels.
 *
 * @example
 * [...new StratifiedKFold({ nSplits: 2 }).split(4, [0, 0, 1, 1])]; // [[[1, 3], [0, 2]], [[0, 2], [1, 3]]]
 */
export class StratifiedKFold implements Splitter {
  readonly nSplits: number;
  readonly shuffle: boolean;
  readonly seed: number | undefined;

  /** @throws OptionError for an option that does not exist or a value it cannot have */
  constructor(options: FoldOptions = {}) {
    const checked = checkOptions('StratifiedKFold', options);
    this.nSplits = checked.nSplits;
    this.shuffle = checked.shuffle;
    this.seed = checked.seed;
  }

  /** @throws ArgumentError without labels, or when no class has as many samples as there are folds */
  *split(x: Samples, y?: ArrayInput): Generator<Fold, void, undefined> {
    const where = 'StratifiedKFold.split';
    if (y === undefined) throw new ArgumentError(`${where}: the labels are needed: split(x, y)`);
    const labels = labelValues(y, where);
    const n = countOf(x, where);
    if (labels.length !== n) throw new ArgumentError(`${where}: ${n} samples and ${labels.length} labels`);
    yield* foldsOf(this.#assign(labels), this.nSplits);
  }

  /**
   * The test fold of every sample. The labels, sorted, are dealt to the folds in turn, which says how many of each
   * class a fold gets; each class then fills its places in the order of the samples.
   */
  #assign(labels: Float64Array): Int32Array {
    const { nSplits } = this;
    const members = new Map<number, number[]>();
    labels.forEach((label, i) => {
      const own = members.get(label);
      if (own === undefined) members.set(label, [i]);
      else own.push(i);
    });
    const largest = Math.max(0, ...Array.from(members.values(), (own) => own.length));
    if (nSplits > largest) {
      throw new ArgumentError(
        `StratifiedKFold.split: ${nSplits} folds, and no class has as many samples (the largest has ${largest})`,
      );
    }
    const random = this.shuffle ? generator(this.seed) : undefined;
    const foldOf = new Int32Array(labels.length);
    let dealt = 0;
    for (const own of members.values()) {
      const counts = new Int32Array(nSplits);
      for (let i = 0; i < own.length; i++) counts[dealt++ % nSplits]!++;
      const places = new Int32Array(own.length);
      for (let fold = 0, start = 0; fold < nSplits; start += counts[fold++]!) {
        places.fill(fold, start, start + counts[fold]!);
      }
      random?.shuffle(places);
      own.forEach((sample, i) => {
        foldOf[sample] = places[i]!;
      });
    }
    return foldOf;
  }
}

function* foldsOf(foldOf: Int32Array, nSplits: number): Generator<Fold, void, undefined> {
  const rows = Int32Array.from(foldOf, (_, i) => i);
  for (let fold = 0; fold < nSplits; fold++) {
    yield [rows.filter((i) => foldOf[i] !== fold), rows.filter((i) => foldOf[i] === fold)];
  }
}

function generator(seed: number | undefined): MersenneTwister {
  return new MersenneTwister(seed ?? Math.floor(Math.random() * 2 ** 32));
}

/** The number of samples. */
export function countOf(x: Samples, where: string): number {
  if (typeof x === 'number') {
    if (Number.isSafeInteger(x) && x >= 0) return x;
    throw new ArgumentError(`${where}: ${x} is not a number of samples`);
  }
  if (Array.isArray(x)) return x.length;
  if (x instanceof NDArray || x instanceof LazyArray) return x.shape[0] ?? 0;
  if (ArrayBuffer.isView(x)) return (x as TypedArray).length;
  if (typeof x === 'object' && nodeOf(x) === undefined && 'rows' in x && typeof x.rows === 'number') return x.rows;
  throw new ArgumentError(`${where}: give the samples as an array whose length is known, or their number`);
}

function checkOptions(
  where: string,
  options: FoldOptions,
): Required<Omit<FoldOptions, 'seed'>> & { seed: number | undefined } {
  checkNames(where, options, ['nSplits', 'shuffle', 'seed']);
  const { nSplits = 5, shuffle = false, seed } = options;
  if (!Number.isSafeInteger(nSplits) || nSplits < 2) {
    throw new OptionError('nSplits', `${where}: nSplits must be a whole number of at least 2, got ${nSplits}`);
  }
  if (typeof shuffle !== 'boolean') {
    throw new OptionError('shuffle', `${where}: shuffle is true or false, got ${String(shuffle)}`);
  }
  if (seed !== undefined && !(Number.isInteger(seed) && seed >= 0 && seed < 2 ** 32)) {
    throw new OptionError('seed', `${where}: seed must be a whole number from 0 to 2³² − 1, got ${String(seed)}`);
  }
  if (seed !== undefined && !shuffle) {
    throw new OptionError('seed', `${where}: a seed has no effect without { shuffle: true }`);
  }
  return { nSplits, shuffle, seed };
}
