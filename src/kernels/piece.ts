/** What `assemble` copies, for the kernel and for its bodies on devices. */

/** input, offset there, offset in the output, shape of the box, strides in the input, strides in the output. */
export type Piece = readonly [
  input: number,
  from: number,
  to: number,
  shape: readonly number[],
  fromStrides: readonly number[],
  toStrides: readonly number[],
];
