/**
 * The entry `lazuli/learn`: what `learn/index.ts` has, with the runtime loaded, so that a program which imports nothing
 * else can compute, persist and draw.
 */
import './index.js';

export * from './learn/index.js';
