/**
 * The exports of the kernel module. Each takes the calling thread's arena first and returns a status (status.ts);
 * heapBase alone tells where free memory begins.
 */
export { heapBase } from './arena';
export { assemble, copyBytes } from './assemble';
export { contract } from './contract';
export { gram, squaredDistances } from './distances';
export { elementwise, elementwiseChunk } from './elementwise';
export { matmul, microKernel } from './gemm';
export { polynomialKernel, rbfKernel, sigmoidKernel } from './kernel-matrix';
export { quantile } from './quantile';
export { cumulate } from './scan';
export { bincount, searchsorted } from './search';
export { argsort, sort } from './sort';
export { randomChoice } from './random/choice';
export { randomFill } from './random/fill';
export { randomPermutation } from './random/permutation';
export { philoxGroups } from './random/philox';
export { assist } from './team';
export { expressionChunk } from './expression';
export { powI32, powU32 } from './powers';
export { reduce } from './reduce';
export { standardize, svcGamma } from './statistics';
export { accuracy, smo, svcDecision, svcFit, svcVote } from './svc';
export { unique } from './unique';
export { take, takeGrid } from './take';
export { userKernel } from './user';
export { exp2F32, exp2F64, expF32, expF64, expm1F32, expm1F64 } from './math/exp';
export { log10F32, log10F64, log1pF32, log1pF64, log2F32, log2F64, logF32, logF64 } from './math/log';
export { cosF32, cosF64, sinF32, sinF64, tanF32, tanF64 } from './math/trig';
export { acosF32, acosF64, asinF32, asinF64, atan2F32, atan2F64, atanF32, atanF64 } from './math/inverse-trig';
export { acoshF32, acoshF64, asinhF32, asinhF64, atanhF32, atanhF64 } from './math/inverse-hyperbolic';
export { coshF32, coshF64, sinhF32, sinhF64, tanhF32, tanhF64 } from './math/hyperbolic';
export { modF32, modF64, remainderF32, remainderF64 } from './math/modulo';
export { cbrtF32, cbrtF64, hypotF32, hypotF64, powF32, powF64 } from './math/power';
export { cholesky, det, eigh, inv, lstsq, lu, qr, qrPivoted, slogdet, solve, svd } from './linalg/drivers';
