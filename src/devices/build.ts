/**
 * The forms in which the kernels are compiled: for every engine that has SIMD, with relaxed SIMD besides, and for V8's
 * revectorisation.
 */
export type KernelBuild = 'baseline' | 'relaxed' | 'revectorized';
