/**
 * What a kernel's status means. The numbers are those of assembly/status.ts; both bodies of a kernel report through
 * them, so that an error reads the same wherever the task ran. 0 is success and CANCELLED is the runtime's own.
 */
import { ArgumentError, ConvergenceError } from '../errors.js';

export const INDEX_RANGE = 1;
export const NOT_CONVERGED = 2;
export const BAD_C = 3;
export const NOT_FINITE = 4;
export const ONE_CLASS = 5;
export const BAD_LABEL = 6;
export const BAD_COUNT = 7;
export const BAD_FRACTION = 8;
export const BAD_PROBABILITY = 10;
export const SINGULAR = 20;
export const NOT_POSITIVE = 21;

/** The error that a non-zero status of kernel `name` stands for. */
export function failureOf(name: string, status: number): Error {
  switch (status) {
    case INDEX_RANGE:
      return new ArgumentError(`${name}: an index is outside the axis it picks from; check the index array`);
    case NOT_CONVERGED:
      return new ConvergenceError(
        `${name}: the solver reached its bound of iterations before the tolerance; scale the features, lower C, ` +
          'or raise tolerance or maxIterations',
      );
    case BAD_C:
      return new ArgumentError(`${name}: C must be a number > 0`);
    case NOT_FINITE:
      return new ArgumentError(
        `${name}: the kernel matrix has NaN or infinite values (or such that overflow float32); clean or scale the data`,
      );
    case ONE_CLASS:
      return new ArgumentError(`${name}: the samples must belong to at least two classes; all of these belong to one`);
    case BAD_LABEL:
      return new ArgumentError(
        `${name}: a label is not one of the allowed ones (±1 for smo, 0 … nClasses − 1 for svcFit)`,
      );
    case BAD_PROBABILITY:
      return new ArgumentError(
        `${name}: the probabilities must be numbers ≥ 0 that add up to 1; divide them by their sum`,
      );
    case BAD_COUNT:
      return new ArgumentError(
        `${name}: x has an element that is no whole number from 0 to length − 1; it counts such numbers only`,
      );
    case BAD_FRACTION:
      return new ArgumentError(`${name}: q must be numbers from 0 to 1`);
    default:
      return new Error(`${name}: the kernel ended with the unknown status ${status}`);
  }
}
