/** The lazy floor's public names: `nd` and the types of what it takes and gives. */
export type { Binary, Numeric, Reduction, Unary } from './arithmetic.js';
export type { ArrayOptions } from './creation.js';
export { type ArrayInput, LazyArray, type PersistedLazyArray } from './lazy-array.js';
export * as nd from './nd.js';
export * as random from './random.js';
