/** Every built-in kernel's WebAssembly body, on every build that this engine accepts, against its reference. */
import { kernels } from '../../dist/kernels/registry.js';
import { cases } from './cases.js';
import { conformance } from './conformance.js';
import { machines } from './harness.js';

conformance(
  kernels,
  cases,
  machines.map((machine) => ({ title: `wasm ${machine.build}`, has: machine.has, run: machine.run })),
  120,
);
