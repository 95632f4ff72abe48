/**
 * C-support vector classification, one machine for every pair of classes, with libsvm's algorithm, parameters and
 * defaults as scikit-learn has them. Fitting builds a small graph: one kernel matrix and one task that trains all
 * pairs; nothing runs before something is computed.
 *
 * Source: C.-C. Chang, C.-J. Lin, "LIBSVM: A library for support vector machines", ACM TIST 2 (2011).
 */
import { NDArray } from '../array/ndarray.js';
import { ArgumentError, ShapeError } from '../errors.js';
import type { Params } from '../graph/node.js';
import type { Delayed } from '../graph/types.js';
import { polynomialKernel, rbfKernel, sigmoidKernel } from '../kernels/kernel-matrix.js';
import { svcFit } from '../kernels/smo.js';
import { svcGamma } from '../kernels/statistics.js';
import { svcDecision, svcVote } from '../kernels/svc.js';
import { asFloat64 } from '../lazy/cast.js';
import { inline, lazyResult } from '../lazy/inline.js';
import {
  type ArrayInput,
  asLazy,
  kernelCall,
  kernelCall1,
  type LazyArray,
  leaf,
  scalarInput,
} from '../lazy/lazy-array.js';
import { rowsLeaf, takenFrom, takeRows } from '../lazy/take.js';
import type { Estimator, Model } from './estimator.js';
import { classesOf, encode, knownLabels, labelValues } from './labels.js';
import { accuracyOf, accuracyScore } from './metrics.js';
import { ovrDecision } from './ovr-decision.js';
import { type Block, between, type Finish } from './pairwise.js';
import { checkedOptions, type SVCOptions, type SVCParameters } from './svc-options.js';

const ovrTask = inline('ovrDecision', ovrDecision, new URL('./ovr-decision.js', import.meta.url).href);

/**
 * A support vector classifier.
 *
 * @example
 * const model = new SVC({ C: 10 }).fit(xTrain, yTrain);
 * await model.score(xTest, yTest).compute(); // the accuracy
 */
export class SVC implements Estimator<SVCOptions> {
  readonly options: Readonly<SVCOptions>;
  readonly delayable: ReadonlySet<string> = new Set(['C', 'gamma']);
  readonly #parameters: SVCParameters;

  /** @throws OptionError for an option that does not exist or a value it cannot have */
  constructor(options: SVCOptions = {}) {
    this.#parameters = checkedOptions(options);
    this.options = Object.freeze({ ...options });
  }

  /** The same classifier with some options changed. */
  with(options: SVCOptions): SVC {
    return new SVC({ ...this.options, ...options });
  }

  /**
   * The model of samples `x` (n, d) and their labels `y` (n), which must be there already.
   *
   * @throws ShapeError when the shapes do not fit, ArgumentError with fewer than two classes
   */
  fit(x: ArrayInput, y: ArrayInput): SVCModel {
    const where = 'SVC.fit';
    const samples = matrix(x, where);
    const labels = labelValues(y, where);
    if (labels.length !== samples.shape[0]) {
      throw new ShapeError(`${where}: ${samples.shape[0]} samples and ${labels.length} labels`);
    }
    const classes = classesOf(labels, where);
    if (classes.length < 2) {
      throw new ArgumentError(
        `${where}: there must be at least two classes, all ${labels.length} labels are ${classes[0]}`,
      );
    }
    return new SVCModel(this.#parameters, samples, labels, classes);
  }
}

/** A fitted classifier. Made by `SVC.fit`; everything it answers is lazy. */
export class SVCModel implements Model {
  /** The different labels, ascending: (classes). */
  readonly classes: NDArray;
  /** The dual coefficients of the samples in each pair's machine: (pairs, n); pairs are (0, 1), (0, 2) … (1, 2) … */
  readonly coefficients: LazyArray;
  /** The thresholds: (pairs); a machine decides for the first class of its pair where K·coefficients − rho > 0. */
  readonly rho: LazyArray;
  readonly #parameters: SVCParameters;
  readonly #samples: LazyArray;
  readonly #labels: Float64Array;
  readonly #gamma: LazyArray | undefined;

  /** @internal */
  constructor(parameters: SVCParameters, samples: LazyArray, labels: Float64Array, classes: Float64Array) {
    this.#parameters = parameters;
    this.#samples = samples;
    this.#labels = classes;
    this.classes = new NDArray(classes, { shape: [classes.length], dtype: 'float64' });
    this.#gamma = gammaOf(parameters, samples);
    const { matrix, columns } = this.#kernelMatrix(samples);
    const inputs = [matrix, encode(labels, classes), scalarInput(parameters.C, 'SVC.fit: C')];
    const [coefficients, rho] = kernelCall(svcFit, columns === undefined ? inputs : [...inputs, columns], {
      nClasses: classes.length,
      ...solverParams(parameters),
    });
    this.coefficients = coefficients!;
    this.rho = rho!;
  }

  /** The label of every sample of `x` (m, d): (m). */
  predict(x: ArrayInput): LazyArray {
    return takeRows(leaf(this.classes, 'classes'), this.#vote(matrix(x, 'SVC.predict')));
  }

  /**
   * How far every sample lies from the deciding surfaces. Two classes: (m), positive for the second. More:
   * (m, classes), the largest for the class predicted; with `decisionFunctionShape: 'ovo'` (m, pairs), positive for
   * the first class of the pair.
   */
  decisionFunction(x: ArrayInput): LazyArray {
    const decisions = this.#decide(matrix(x, 'SVC.decisionFunction'));
    const m = decisions.shape[0] ?? 0;
    const classes = this.#labels.length;
    if (classes > 2 && this.#parameters.decisionFunctionShape === 'ovo') return decisions;
    const shape = classes === 2 ? [m] : [m, classes];
    return lazyResult(ovrTask(decisions, classes), { shape, dtype: 'float64' });
  }

  /** The share of the samples of `x` (m, d) whose label is predicted as in `y` (m). */
  score(x: ArrayInput, y: ArrayInput): Delayed<number> {
    const where = 'SVC.score';
    const samples = matrix(x, where);
    const labels = asLazy(y, where);
    if (labels.shape[0] !== samples.shape[0]) {
      throw new ShapeError(`${where}: ${samples.shape[0]} samples and labels of shape [${labels.shape.join(', ')}]`);
    }
    const known = knownLabels(labels, where);
    if (known === undefined) return accuracyScore(labels, this.predict(samples));
    return accuracyOf(this.#vote(samples), encode(known, this.#labels));
  }

  #vote(samples: LazyArray): LazyArray {
    return kernelCall1(svcVote, [this.#decide(samples)], { nClasses: this.#labels.length });
  }

  #decide(samples: LazyArray): LazyArray {
    const { matrix, rows, columns } = this.#kernelMatrix(samples);
    const inputs = [matrix, this.coefficients, this.rho];
    return kernelCall1(svcDecision, rows === undefined || columns === undefined ? inputs : [...inputs, rows, columns]);
  }

  #kernelMatrix(samples: LazyArray): Block {
    const measure = this.#parameters.kernel === 'rbf' ? 'distances' : 'products';
    return between(measure, samples, this.#samples, this.#finish(), 'SVC');
  }

  #finish(): Finish {
    const { kernel, degree, coef0, gamma } = this.#parameters;
    if (kernel === 'linear') return { shareable: true, apply: (products) => products };
    const width = this.#gamma!;
    const shareable = typeof gamma === 'number' || gamma === 'auto';
    if (kernel === 'rbf') return { shareable, apply: (distances) => kernelCall1(rbfKernel, [distances, width]) };
    if (kernel === 'poly') {
      return { shareable, apply: (products) => kernelCall1(polynomialKernel, [products, width], { coef0, degree }) };
    }
    return { shareable, apply: (products) => kernelCall1(sigmoidKernel, [products, width], { coef0 }) };
  }
}

/** The solver's parameters that are not its defaults: keys and drawings say what is special, and no more. */
function solverParams({ tol, shrinking, maxIter }: SVCParameters): Params {
  return {
    ...(tol === 1e-3 ? {} : { tolerance: tol }),
    ...(shrinking ? {} : { shrinking }),
    ...(maxIter === -1 ? {} : { maxIterations: maxIter }),
  };
}

function gammaOf({ kernel, gamma }: SVCParameters, samples: LazyArray): LazyArray | undefined {
  if (kernel === 'linear') return undefined;
  if (gamma === 'scale') {
    const { base, rows } = takenFrom(samples);
    return kernelCall1(svcGamma, rows === undefined ? [base] : [base, rowsLeaf(rows)]);
  }
  return scalarInput(gamma === 'auto' ? 1 / (samples.shape[1] ?? 1) : gamma, 'SVC: gamma');
}

/** Samples: a matrix with at least one row and one column. */
function matrix(x: ArrayInput, where: string): LazyArray {
  const samples = asFloat64(asLazy(x, where, undefined));
  if (samples.ndim !== 2 || samples.size === 0) {
    throw new ShapeError(
      `${where}: samples are a matrix (samples, features) that is not empty, got the shape [${samples.shape.join(', ')}]`,
    );
  }
  return samples;
}
