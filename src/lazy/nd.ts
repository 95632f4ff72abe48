/** `nd`: arrays that are computed later. Everything here takes values or lazy arrays and does no numeric work itself. */
export * from './arithmetic.js';
export { astype } from './cast.js';
export {
  arange,
  array,
  eye,
  full,
  fullLike,
  linspace,
  logspace,
  ones,
  onesLike,
  zeros,
  zerosLike,
} from './creation.js';
export { defineKernel } from './define-kernel.js';
export { diag, diagonal, tril, triu } from './diagonal.js';
export { fromDelayed } from './from-delayed.js';
export * from './functions.js';
export { gpuKernel } from './gpu-kernel.js';
export { compress, take } from './index-arrays.js';
export { concat, split, stack } from './join.js';
export { kernel } from './kernel.js';
export { load } from './load.js';
export * from './logic.js';
export {
  atleast1d,
  atleast2d,
  broadcastTo,
  expandDims,
  flatten,
  flip,
  moveaxis,
  ravel,
  reshape,
  squeeze,
  swapaxes,
  transpose,
} from './manipulate.js';
export { fromBlocks, mapBlocks } from './map-blocks.js';
export { mapOverlap } from './map-overlap.js';
export { norm } from './norm.js';
export { pad } from './pad.js';
export * from './products.js';
export { median, percentile, quantile } from './quantiles.js';
export { rechunk } from './rechunk.js';
export * from './reductions.js';
export { repeat, roll, tile } from './repeat.js';
export { save } from './save.js';
export { cumprod, cumsum } from './scans.js';
export { slice } from './slice.js';
export { argsort, bincount, searchsorted, sort, unique } from './sorting.js';
export { expr } from './template.js';
