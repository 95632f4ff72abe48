/**
 * What an export returns: 0 for success, CANCELLED when the runtime asked the running task to give up, or the number
 * of what is wrong with the input. src/kernels/status.ts has the same numbers and turns them into errors.
 */
export const OK: i32 = 0;
export const CANCELLED: i32 = -1;
export const INDEX_RANGE: i32 = 1;
export const NOT_CONVERGED: i32 = 2;
export const BAD_C: i32 = 3;
export const NOT_FINITE: i32 = 4;
export const ONE_CLASS: i32 = 5;
export const BAD_LABEL: i32 = 6;
export const BAD_COUNT: i32 = 7;
export const BAD_FRACTION: i32 = 8;
export const BAD_PROBABILITY: i32 = 10;
export const SINGULAR: i32 = 20;
export const NOT_POSITIVE: i32 = 21;
