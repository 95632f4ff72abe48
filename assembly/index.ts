/**
 * The exports of the kernel module. Each takes the calling thread's arena first and returns a status (status.ts);
 * heapBase alone tells where free memory begins.
 */
export { heapBase } from './arena';
export { elementwise, elementwiseChunk } from './elementwise';
export { gram, squaredDistances } from './distances';
export { matmul, microKernel } from './gemm';
export { polynomialKernel, rbfKernel, sigmoidKernel } from './kernel-matrix';
export { standardize, svcGamma } from './statistics';
export { accuracy, smo, svcDecision, svcFit, svcVote } from './svc';
export { take, takeGrid } from './take';
export { assist } from './team';
export { userKernel } from './user';
