/** The devices of this machine with what calibration measured of them. */
import { type DeviceInfo, discover } from '../devices/discovery.js';
import { sourceOf } from '../devices/sources.js';
import { buildOf } from '../devices/wasm-module.js';
import { knowledgeOf } from './knowledge.js';
import { speedKey } from './model.js';

/** As `discover`, with the speeds that are known. */
export function measuredDevices(revectorize = false): DeviceInfo[] {
  const knowledge = knowledgeOf(buildOf(revectorize));
  return discover(revectorize).map((device) => {
    const { available, name, description = '' } = device;
    const source = sourceOf(name);
    const found = available ? knowledge.speed(source === undefined ? name : speedKey(name, description)) : undefined;
    if (found === undefined) return device;
    const dtype = source?.isSingle === true ? 'float32' : 'float64';
    const speed = { dtype, gflops: found.flops / 1e9, gbps: found.bandwidth / 1e9, overhead: found.overhead } as const;
    return { ...device, speed };
  });
}
