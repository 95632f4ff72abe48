/** The devices of this machine with what calibration measured of them. */
import { type DeviceInfo, discover } from '../devices/discovery.js';
import { buildOf } from '../devices/wasm-module.js';
import { knowledgeOf } from './knowledge.js';

/** As `discover`, with the speeds that are known. */
export function measuredDevices(revectorize = false): DeviceInfo[] {
  const knowledge = knowledgeOf(buildOf(revectorize));
  return discover(revectorize).map((device) => {
    const found = device.available ? knowledge.speed(device.name) : undefined;
    if (found === undefined) return device;
    const speed = { gflops: found.flops / 1e9, gbps: found.bandwidth / 1e9, overhead: found.overhead };
    return { ...device, speed };
  });
}
