/** The conformance suite on simulated devices: with a memory of their own and on the heap, with order and without. */
import { SimulatedSource } from '../../dist/devices/simulated.js';
import { deviceConformance } from './conform.js';

const numRuns = 4;
const capacity = 256 << 20;

deviceConformance(new SimulatedSource('sim-own', { memory: { capacity } }), { numRuns, isRequired: true });
deviceConformance(new SimulatedSource('sim-heap'), { numRuns: 1, isRequired: true });
deviceConformance(
  new SimulatedSource('sim-unordered', { memory: { capacity }, traits: { isOrdered: false, slots: 3 } }),
  { numRuns: 1, isRequired: true },
);
deviceConformance(new SimulatedSource('sim-absent', { reason: 'it is only simulated' }));
