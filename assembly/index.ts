/**
 * The exports of the kernel module. Each takes the calling thread's arena first and returns a status (status.ts);
 * heapBase alone tells where free memory begins.
 */
export { heapBase } from './arena';
export { assemble, copyBytes } from './assemble';
export { contract } from './contract';
export { gram, squaredDistances } from './distances';
export { matmul, microKernel } from './gemm';
export { polynomialKernel, rbfKernel, sigmoidKernel } from './kernel-matrix';
export { argsort, sort } from './sort';
export { randomChoice } from './random/choice';
export { randomFill } from './random/fill';
export { randomPermutation } from './random/permutation';
export { philoxGroups } from './random/philox';
export { standardize, svcGamma } from './statistics';
export { accuracy, smo, svcDecision, svcFit, svcVote } from './svc';
export { take, takeGrid } from './take';
export { expF32, expF64 } from './math/exp';
export { logF32, logF64 } from './math/log';
export { assist } from './team';
