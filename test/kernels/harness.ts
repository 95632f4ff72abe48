/** Runs kernel bodies as the runtime would, on every build that this engine accepts: src/conformance/machine.ts. */
import { allMachines, type Machine } from '../../dist/conformance/machine.js';

export { createMachine, type Machine, runJs } from '../../dist/conformance/machine.js';

/** The builds that this engine accepts. */
export const machines: readonly Machine[] = allMachines();
