/** Grids of parameters, in the order of scikit-learn's ParameterGrid: names sorted, the last one varying fastest. */
import { NDArray } from '../array/ndarray.js';
import { ArgumentError, OptionError } from '../errors.js';
import { LazyArray, leafValue } from '../lazy/lazy-array.js';

export type ParameterValue = number | string | boolean;
export type Parameters = Readonly<Record<string, ParameterValue>>;

/** The values to try by parameter: a list, or an array of numbers such as `nd.logspace(-2, 2, 5)`. */
export type Grid = Readonly<Record<string, readonly ParameterValue[] | Float64Array | NDArray | LazyArray>>;

/**
 * Every combination.
 *
 * @throws ArgumentError for an empty grid or list, or a lazy array that is still to be computed
 *
 * @example
 * parameterGrid({ gamma: [1, 2], C: [10] }); // [{ C: 10, gamma: 1 }, { C: 10, gamma: 2 }]
 */
export function parameterGrid(grid: Grid, where = 'parameterGrid'): Parameters[] {
  const names = Object.keys(grid).sort();
  if (names.length === 0) throw new ArgumentError(`${where}: the grid is empty; give it like { C: [0.1, 1, 10] }`);
  let combinations: Record<string, ParameterValue>[] = [{}];
  for (const name of names) {
    const values = valuesOf(grid[name], name, where);
    combinations = combinations.flatMap((before) => values.map((value) => ({ ...before, [name]: value })));
  }
  return combinations;
}

function valuesOf(given: Grid[string] | undefined, name: string, where: string): readonly ParameterValue[] {
  const array = given instanceof LazyArray ? leafValue(given) : given;
  const values = array instanceof NDArray ? Array.from(array) : ArrayBuffer.isView(array) ? Array.from(array) : array;
  if (!Array.isArray(values)) throw new ArgumentError(`${where}: the values of '${name}' are not a list`);
  if (values.length === 0) throw new ArgumentError(`${where}: the list of values of '${name}' is empty`);
  for (const value of values as unknown[]) {
    if (typeof value === 'number' || typeof value === 'string' || typeof value === 'boolean') continue;
    throw new OptionError(name, `${where}: a value of '${name}' is neither a number nor a string nor a boolean`);
  }
  return values as readonly ParameterValue[];
}
