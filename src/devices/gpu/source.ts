/** The GPU as a device source: WebGPU through Dawn, in this process. */
import type { DeviceSource, Found } from '../contract.js';
import { discoverGpu } from './discover.js';
import { openGpu } from './open.js';

function found(): Found {
  const discovery = discoverGpu();
  if ('reason' in discovery) return { available: false, reason: discovery.reason };
  const { description, memory, limits } = discovery.facts;
  const largest = Math.round(Math.min(limits.maxBufferSize, limits.maxStorageBufferBindingSize) / 2 ** 20);
  return { available: true, description: `${description}, arrays up to ${largest} MiB in one piece`, memory };
}

let answer: Found | undefined;

/** The device `gpu`. */
export const gpuSource: DeviceSource = {
  name: 'gpu',
  isSingle: true,
  discover() {
    answer ??= found();
    return answer;
  },
  might: ({ bodies }, inputs) =>
    bodies.gpu !== undefined && (bodies.gpu.doubles !== undefined || !inputs.some(({ dtype }) => dtype === 'float64')),
  open: () => openGpu(),
};
