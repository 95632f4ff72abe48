/** All built-in kernels by name. A kernel is in here or it does not run on a thread: workers look it up by name. */
import { assemble } from './assemble.js';
import type { Kernel } from './contract.js';
import { contract } from './contraction.js';
import { linearKernel, squaredDistances } from './distances.js';
import { elementwise } from './elementwise.js';
import { gpuKernel } from './gpu-js/kernel.js';
import { polynomialKernel, rbfKernel, sigmoidKernel } from './kernel-matrix.js';
import { cholesky, lu, qr, qrPivoted } from './linalg/factor.js';
import { det, inv, lstsq, slogdet, solve } from './linalg/solve.js';
import { solveRight } from './linalg/solve-right.js';
import { eigh, svd, svdvals } from './linalg/spectral.js';
import { qrTriangles } from './linalg/triangles-qr.js';
import { matmul } from './matmul.js';
import { matmulAdd } from './matmul-add.js';
import { quantile } from './quantile.js';
import { randomIntegers, randomNormal, randomUniform } from './random.js';
import { randomChoice, randomPermutation } from './random-order.js';
import { reduce } from './reduce.js';
import { reshape } from './reshape.js';
import { cumprod, cumsum } from './scan.js';
import { bincount, searchsorted } from './search.js';
import { smo, svcFit } from './smo.js';
import { argsort, sort } from './sort.js';
import { standardize, svcGamma } from './statistics.js';
import { accuracy, svcDecision, svcVote } from './svc.js';
import { take, takeGrid } from './take.js';
import { unique } from './unique.js';

const all: readonly Kernel[] = [
  matmul,
  matmulAdd,
  contract,
  squaredDistances,
  linearKernel,
  rbfKernel,
  polynomialKernel,
  sigmoidKernel,
  take,
  takeGrid,
  svcGamma,
  standardize,
  smo,
  svcFit,
  svcDecision,
  svcVote,
  accuracy,
  cholesky,
  lu,
  qr,
  qrTriangles,
  gpuKernel,
  qrPivoted,
  solve,
  solveRight,
  inv,
  det,
  slogdet,
  lstsq,
  eigh,
  svd,
  svdvals,
  elementwise,
  assemble,
  reshape,
  randomUniform,
  randomNormal,
  randomIntegers,
  randomPermutation,
  randomChoice,
  sort,
  argsort,
  unique,
  searchsorted,
  bincount,
  cumsum,
  cumprod,
  quantile,
  reduce,
];

export const kernels: ReadonlyMap<string, Kernel> = new Map(all.map((kernel) => [kernel.name, kernel]));
