/**
 * NumPy's promotion rules over the dtypes there are. NumPy's int64 and float16 are not: where NumPy answers them, the
 * result is float64 (exact for integers up to 2⁵³). A plain number is weak, as Python's are: beside an array it takes
 * the array's dtype when it fits its kind, else the default of its own kind.
 */
import type { DType } from './dtype.js';

const rank: Readonly<Record<DType, number>> = { bool: 0, uint8: 1, int32: 2, uint32: 2, float32: 3, float64: 4 };

/** The dtype that holds both. `int32` with `uint32` and 32-bit integers with `float32` meet in float64, as in NumPy. */
export function promoteTypes(a: DType, b: DType): DType {
  if (a === b) return a;
  const [low, high] = rank[a] <= rank[b] ? [a, b] : [b, a];
  if (rank[low] === rank[high]) return 'float64';
  if (high === 'float32' && rank[low] === 2) return 'float64';
  return high;
}

export function isFloat(dtype: DType): boolean {
  return dtype === 'float64' || dtype === 'float32';
}

export function isInteger(dtype: DType): boolean {
  return dtype === 'int32' || dtype === 'uint32' || dtype === 'uint8';
}

/** The dtype of a function that answers floats: floats keep theirs, all else gives float64. */
export function floatType(dtype: DType): DType {
  return isFloat(dtype) ? dtype : 'float64';
}

/**
 * The dtype of an operation on arrays of `dtypes` and plain numbers (`weak`; NaN for a number still to be computed). As
 * NumPy 2: a whole number beside integers takes their dtype (the caller checks that it is in range), a fraction or a
 * number not known yet makes them float64; numbers beside floats take theirs; numbers beside bools give int32 when
 * whole. Without arrays it is float64.
 */
export function resultType(dtypes: readonly DType[], weak: readonly number[] = []): DType {
  if (dtypes.length === 0) return 'float64';
  const strong = dtypes.reduce(promoteTypes);
  if (weak.length === 0 || isFloat(strong)) return strong;
  if (!weak.every((value) => Number.isInteger(value))) return 'float64';
  return strong === 'bool' ? 'int32' : strong;
}
