/** Numbers as the 32-bit words of a uniform. */
import { viewOf } from '../../array/dtype.js';

const one = new ArrayBuffer(8);
const double = viewOf('float64', one, 0, 1);
const float = viewOf('float32', one, 0, 1);
const bits = viewOf('uint32', one, 0, 2);

/** The word of a float32. */
export function floatWord(value: number): number {
  float[0] = value;
  return bits[0]!;
}

/** The words of a float64, the lower one first. */
export function doubleWords(value: number): readonly [low: number, high: number] {
  double[0] = value;
  return [bits[0]!, bits[1]!];
}

/** The word of an int32. */
export function intWord(value: number): number {
  return value >>> 0;
}
