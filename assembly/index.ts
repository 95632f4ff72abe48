/**
 * The exports of the kernel module. Each takes the calling thread's arena first and returns a status (status.ts);
 * heapBase alone tells where free memory begins.
 */
export { heapBase } from './arena';
export { elementwise } from './elementwise';
export { expressionChunk } from './expression';
export { gram, squaredDistances } from './distances';
export { matmul, microKernel } from './gemm';
export { polynomialKernel, rbfKernel, sigmoidKernel } from './kernel-matrix';
export { powI32, powU32 } from './powers';
export { reduce } from './reduce';
export { standardize, svcGamma } from './statistics';
export { accuracy, smo, svcDecision, svcFit, svcVote } from './svc';
export { take, takeGrid } from './take';
