/**
 * The checks that every kernel's `infer` makes of its inputs and parameters, each with an error that names the kernel,
 * the argument, what it is and what it should be.
 */
import type { DType } from '../array/dtype.js';
import { ArgumentError, DTypeError, nearest, OptionError, ShapeError } from '../errors.js';
import type { ArraySpec, KernelParams } from './contract.js';

/** A spec in words: `float64 (3, 4)`. */
export function show(spec: ArraySpec): string {
  return `${spec.dtype} (${spec.shape.join(', ')})`;
}

/** @throws ArgumentError when there are not between `least` and `most` inputs; `what` lists them. */
export function checkInputs(
  kernel: string,
  inputs: readonly ArraySpec[],
  least: number,
  most: number,
  what: string,
): void {
  if (inputs.length < least || inputs.length > most) {
    throw new ArgumentError(`${kernel}: ${inputs.length} inputs given; it takes ${what}`);
  }
}

/** @throws ShapeError when the number of axes is not `ndim`. */
export function checkNdim(kernel: string, argument: string, spec: ArraySpec, ndim: number): void {
  if (spec.shape.length !== ndim) {
    const wanted = ndim === 0 ? 'a single number (no axes)' : ndim === 1 ? 'a vector' : 'a matrix';
    throw new ShapeError(`${kernel}: ${argument} must be ${wanted}, not ${show(spec)}`);
  }
}

/** @throws ShapeError when `spec` has not exactly this shape; `why` says where it comes from. */
export function checkExactShape(
  kernel: string,
  argument: string,
  spec: ArraySpec,
  shape: readonly number[],
  why: string,
): void {
  if (spec.shape.length !== shape.length || spec.shape.some((length, axis) => length !== shape[axis])) {
    throw new ShapeError(`${kernel}: ${argument} is ${show(spec)}, expected shape (${shape.join(', ')}): ${why}`);
  }
}

/** @throws DTypeError when the dtype is not one of `allowed`. */
export function checkDTypeIn(kernel: string, argument: string, spec: ArraySpec, ...allowed: readonly DType[]): void {
  if (!allowed.includes(spec.dtype)) {
    throw new DTypeError(`${kernel}: ${argument} is ${show(spec)}; its dtype must be ${allowed.join(' or ')}`);
  }
}

/** @throws DTypeError when the two dtypes differ. */
export function checkSameDType(kernel: string, a: string, specA: ArraySpec, b: string, specB: ArraySpec): void {
  if (specA.dtype !== specB.dtype) {
    throw new DTypeError(`${kernel}: ${a} is ${show(specA)} and ${b} is ${show(specB)}; make their dtypes equal`);
  }
}

/** @throws OptionError for a parameter that the kernel does not have. */
export function checkParams(kernel: string, params: KernelParams, allowed: readonly string[]): void {
  for (const name of Object.keys(params)) {
    if (allowed.includes(name)) continue;
    const guess = nearest(name, allowed);
    const hint = guess === undefined ? '' : ` (did you mean '${guess}'?)`;
    const list = allowed.length > 0 ? allowed.join(', ') : 'none';
    throw new OptionError(name, `${kernel}: there is no parameter '${name}'${hint}; it has: ${list}`);
  }
}

/** A boolean parameter. @throws OptionError when it is something else. */
export function flag(kernel: string, params: KernelParams, name: string, missing: boolean): boolean {
  const value = params[name] ?? missing;
  if (typeof value !== 'boolean') {
    throw new OptionError(name, `${kernel}: ${name} must be true or false, not ${JSON.stringify(value)}`);
  }
  return value;
}

/** A numeric parameter. @throws OptionError when it is missing without a default, not a number, or NaN. */
export function numeric(kernel: string, params: KernelParams, name: string, missing?: number): number {
  const value = params[name] ?? missing;
  if (typeof value !== 'number' || Number.isNaN(value)) {
    const given = value === undefined ? 'is missing' : `is ${JSON.stringify(value)}`;
    throw new OptionError(name, `${kernel}: ${name} ${given}; it must be a number`);
  }
  return value;
}
