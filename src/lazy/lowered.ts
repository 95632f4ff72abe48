/** What the makers of expression calls share. */
import type { DType } from '../array/dtype.js';

/** An expression as text, and the dtype of what it makes. */
export interface Lowered {
  readonly text: string;
  readonly dtype: DType;
}
