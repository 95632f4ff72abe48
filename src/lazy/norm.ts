/** Norms of vectors and matrices: reductions of magnitudes, in one pass each. `linalg` has those that need more. */
import type { ArraySource } from '../array/convert.js';
import type { NDArray } from '../array/ndarray.js';
import { isFloat } from '../array/promote.js';
import { OptionError } from '../errors.js';
import type { Delayed, Pending } from '../graph/types.js';
import { argument } from './argument.js';
import { pow } from './arithmetic.js';
import type { Numeric, Write } from './elementwise.js';
import { sqrt } from './functions.js';
import { inline } from './inline.js';
import { type ArrayInput, asLazy, type LazyArray, type LazyScalar } from './lazy-array.js';
import { type Operand, operations } from './operations.js';
import { checkNames } from './options.js';
import { holdsDelayed, type ReduceOptions, reduceArray, reducedAxes, scalarOrArray, type Whole } from './reduce.js';

export interface NormOptions extends ReduceOptions {
  /**
   * Of vectors: 2 (the default), 1, any other p, `Infinity` (the largest magnitude), `-Infinity` (the smallest), or 0 (how
   * many are not 0). Of matrices (two axes): `'fro'` (the default), 1 and -1 (the largest and smallest sum of a column's
   * magnitudes), `Infinity` and `-Infinity` (of a row's). The largest of nothing is 0.
   */
  readonly ord?: number | 'fro' | undefined;
}

/**
 * The norm of vectors along `axis`, of matrices over a pair of axes, or of all elements as one vector. Without `axis`
 * `ord` is that of a vector or a matrix, as many axes as there are. float32 stays, all else gives float64.
 *
 * @throws OptionError for an `ord` that there is not, ShapeError for axes that do not exist
 *
 * @example
 * await nd.norm([3, 4]).compute(); // 5
 * await nd.norm([[3, -4], [6, 8]], { axis: 1, ord: 1 }).compute(); // [7, 14]
 */
export function norm(x: ArraySource | LazyArray, options?: Whole<NormOptions>): LazyScalar;
export function norm(
  x: ArrayInput | Pending<NDArray> | readonly Numeric[],
  options?: Whole<NormOptions>,
): Delayed<number>;
export function norm(x: ArrayInput, options: NormOptions): LazyArray;
export function norm(x: unknown, options: NormOptions = {}): unknown {
  const where = 'nd.norm';
  checkNames(where, options, ['ord', 'axis', 'keepdims']);
  const { ord } = options;
  if (ord !== undefined && ord !== 'fro' && (typeof ord !== 'number' || Number.isNaN(ord))) {
    throw new OptionError('ord', `${where}: ord must be a number or 'fro', not ${JSON.stringify(ord)}`);
  }
  if (holdsDelayed(x)) return normTask(x, options);
  const arg = argument(x, where);
  if (arg.kind === 'unknown') return normTask(x, options);
  return normOf(arg.kind === 'array' ? arg.lazy : asLazy(x as ArrayInput, where), options);
}

/** @internal The norm of a value that is there. */
export function applyNorm(x: ArrayInput, options: NormOptions): unknown {
  return (norm(x, options) as LazyArray).compute();
}

const normTask = inline('norm', applyNorm, import.meta.url);

const magnitude: Write = (b, operands) => operations.abs.lower(b, floats(b, operands), 'nd.norm');
const squared: Write = (b, operands) => operations.square.lower(b, floats(b, operands), 'nd.norm');
const counted: Write = (b, operands) => {
  const [element] = operands;
  const isNot0 = operations.notEqual.lower(b, [element!, { kind: 'weak', value: 0 }], 'nd.norm');
  const dtype = element!.kind === 'strong' && element!.dtype === 'float32' ? 'float32' : 'float64';
  return { kind: 'strong', id: b.cast((isNot0 as { id: number }).id, dtype), dtype };
};

function floats(b: Parameters<Write>[0], [element]: readonly Operand[]): readonly Operand[] {
  if (element!.kind === 'weak' || isFloat(element!.dtype)) return [element!];
  return [{ kind: 'strong', id: b.cast(element!.id, 'float64'), dtype: 'float64' }];
}

function normOf(x: LazyArray, options: NormOptions): LazyArray | Delayed<number> {
  const { ord, axis, keepdims = false } = options;
  const axes = reducedAxes(x, { axis }, 'nd.norm');
  const all = { axis, keepdims };
  if (ord === undefined || (axes.length === 1 && ord === 2)) return root(x, all);
  if (axes.length === 1) return vectorNorm(x, ord, all);
  if (axes.length !== 2) {
    throw new OptionError(
      'ord',
      `nd.norm: ord ${ord} is for vectors or matrices (one or two axes), not for ${axes.length} axes; give axis, or leave ord out`,
    );
  }
  // NumPy takes the axes in the order given: rows first.
  const [rows, columns] = Array.isArray(axis) ? axis.map((one: number) => (one < 0 ? one + x.ndim : one)) : axes;
  switch (ord) {
    case 'fro':
      return root(x, all);
    case 1:
    case -1:
      return matrixNorm(x, rows!, columns!, ord, keepdims);
    case Number.POSITIVE_INFINITY:
    case Number.NEGATIVE_INFINITY:
      return matrixNorm(x, columns!, rows!, ord, keepdims);
    default:
      throw new OptionError(
        'ord',
        `nd.norm: there is no norm ${ord} of matrices here; use 'fro', 1, -1, Infinity or -Infinity, or give one axis for norms of vectors`,
      );
  }
}

function root(x: LazyArray, options: ReduceOptions): LazyArray | Delayed<number> {
  const total = reduceArray('norm', 'sum', x, options, 'squared', squared);
  return sqrt(scalarOrArray(total) as ArrayInput) as unknown as LazyArray;
}

function vectorNorm(x: LazyArray, ord: number | 'fro', options: ReduceOptions): LazyArray | Delayed<number> {
  switch (ord) {
    case 'fro':
      throw new OptionError('ord', "nd.norm: 'fro' is a norm of matrices, over two axes; leave ord out for vectors");
    case 0:
      return scalarOrArray(reduceArray('norm', 'sum', x, options, 'counted', counted));
    case 1:
      return scalarOrArray(reduceArray('norm', 'sum', x, options, 'magnitude', magnitude));
    case Number.POSITIVE_INFINITY:
      return scalarOrArray(reduceArray('norm', largestOf(x, options), x, options, 'magnitude', magnitude));
    case Number.NEGATIVE_INFINITY:
      return scalarOrArray(reduceArray('norm', 'min', x, options, 'magnitude', magnitude));
    default: {
      const power: Write = (b, operands) =>
        operations.pow.lower(b, [magnitude(b, operands), { kind: 'weak', value: ord }], 'nd.norm');
      const total = reduceArray('norm', 'sum', x, options, `magnitude to the ${ord}`, power);
      return pow(scalarOrArray(total) as ArrayInput, 1 / ord);
    }
  }
}

/** The largest of magnitudes; of none it is 0, as their sum. */
function largestOf(x: LazyArray, options: ReduceOptions): 'max' | 'sum' {
  return reducedAxes(x, options, 'nd.norm').some((axis) => x.shape[axis] === 0) ? 'sum' : 'max';
}

/** The extreme, along `over`, of the sums of magnitudes along `along`. */
function matrixNorm(
  x: LazyArray,
  along: number,
  over: number,
  ord: number,
  keepdims: boolean,
): LazyArray | Delayed<number> {
  const sums = reduceArray('norm', 'sum', x, { axis: along, keepdims: true }, 'magnitude', magnitude);
  const axis = keepdims ? over : [along, over];
  const extreme = reduceArray('norm', ord > 0 ? largestOf(sums, { axis }) : 'min', sums, { axis, keepdims });
  return scalarOrArray(extreme);
}
