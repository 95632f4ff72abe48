/** Which devices there are: each with what it is, or the reason why it is not available. */
import { cpus, totalmem } from 'node:os';
import type { DeviceName } from '../config.js';
import { DeviceUnavailableError } from '../errors.js';
import { chosenBuild } from './wasm-module.js';

export interface DeviceInfo {
  readonly name: DeviceName;
  readonly available: boolean;
  /** Why not, when it is not. */
  readonly reason?: string;
  /** What it is. */
  readonly description?: string;
  /** Bytes of the memory it computes in. */
  readonly memory?: number;
}

const notYet = 'this version of lazuli has no such device';

/** Every device, the available ones first. */
export function discover(): DeviceInfo[] {
  const processor = cpus()[0]?.model.trim() ?? 'unknown processor';
  return [
    {
      name: 'wasm',
      available: true,
      description: `WebAssembly SIMD${chosenBuild() === 'relaxed' ? ' (relaxed)' : ''} on ${processor}`,
      memory: Math.min(totalmem(), 2 ** 32),
    },
    {
      name: 'js',
      available: true,
      description: `JavaScript, Node ${process.version}, on ${processor}`,
      memory: totalmem(),
    },
    { name: 'gpu', available: false, reason: notYet },
    { name: 'onnx', available: false, reason: notYet },
    { name: 'tensorflow', available: false, reason: notYet },
  ];
}

/**
 * The devices that kernels may run on, best first. Of a list, those that are there are used.
 * @throws DeviceUnavailableError when none of those asked for is available, with the reason for each.
 */
export function kernelDevices(asked: readonly DeviceName[] | 'auto'): ('wasm' | 'js')[] {
  if (asked === 'auto') return ['wasm', 'js'];
  const usable = asked.filter((name): name is 'wasm' | 'js' => name === 'wasm' || name === 'js');
  if (usable.length > 0) return usable;
  const found = discover();
  throw new DeviceUnavailableError(
    Object.fromEntries(asked.map((name) => [name, found.find((device) => device.name === name)?.reason ?? notYet])),
  );
}
