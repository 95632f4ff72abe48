/** What a contraction is, for the kernel and for its bodies on devices. */

/** An axis of a contraction: its length, and how far a step along it goes in a and in b, in elements. */
export type ContractionAxis = readonly [length: number, a: number, b: number];

/** out[items…, i, j] = Σ_l a[items…, i, l]·b[items…, l, j], row-major, in the shape `shape`. */
export interface Contraction {
  readonly shape: readonly number[];
  readonly items: readonly ContractionAxis[];
  /** Steps in b only where n has length 1. */
  readonly m: ContractionAxis;
  /** Steps in b only. */
  readonly n: ContractionAxis;
  readonly k: ContractionAxis;
  /** The first element of a and of b. */
  readonly fromA: number;
  readonly fromB: number;
}
