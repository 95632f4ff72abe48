/** The lazy floor's public names: `nd` and the types of what it takes and gives. */
export type { ArrayOptions } from './creation.js';

import './methods.js';

export type { Binary, Comparison, Logical, Numeric, Test, Unary } from './elementwise.js';
export type { RoundOptions } from './functions.js';
export { type ArrayInput, LazyArray, type LazyScalar, type PersistedLazyArray } from './lazy-array.js';
export type { BlockPlace, BlockValue, FromBlocksOptions, MapBlocksOptions } from './map-blocks.js';
export type { Boundary, MapOverlapOptions } from './map-overlap.js';
export * as nd from './nd.js';
export type { NormOptions } from './norm.js';
export * as random from './random.js';
export type { ReduceOptions, Reduction, VarianceOptions, Whole } from './reduce.js';
export type { ArgOptions } from './reductions.js';
