/** `linalg`: linear algebra on matrices and stacks of them, by LAPACK's algorithms. Everything is lazy, as in `nd`. */
export { cholesky, type LU, lu, type PivotedQR, type QR, type QrOptions, qr } from './factor.js';
export type { PerMatrix } from './input.js';
export { type LeastSquares, lstsq, pinv, type RcondOptions } from './least-squares.js';
export { cond, type MatrixRankOptions, matrixRank, type NormOptions, type NormOrder, norm } from './norms.js';
export {
  det,
  inv,
  type SignAndLogarithm,
  type SolveOptions,
  type SolveTriangularOptions,
  slogdet,
  solve,
  solveTriangular,
} from './solve.js';
export {
  type Eigen,
  type EighOptions,
  eigh,
  type SVD,
  type SvdOptions,
  type SvdValuesOptions,
  svd,
  svdvals,
} from './spectral.js';
export { type SvdCompressedOptions, svdCompressed } from './svd-compressed.js';
