/** What numeric tests draw their inputs from; users' kernels are tested with the same: src/conformance/numbers.ts. */
export * from '../../dist/conformance/numbers.js';
