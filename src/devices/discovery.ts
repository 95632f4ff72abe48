/** Which devices there are: each with what it is, or the reason why it is not available. */
import { cpus, totalmem } from 'node:os';
import type { DeviceName } from '../config.js';
import { DeviceUnavailableError } from '../errors.js';
import { type Revectorization, revectorization } from './revectorize.js';
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
  /** What `lazuli calibrate` has measured of it on one thread. */
  readonly speed?: DeviceRates;
}

/** Float64 products and long arrays. */
export interface DeviceRates {
  /** 10⁹ operations a second. */
  readonly gflops: number;
  /** 10⁹ bytes a second. */
  readonly gbps: number;
  /** Seconds of a kernel that does nothing. */
  readonly overhead: number;
}

const notYet = 'this version of lazuli has no such device';

/**
 * Every device, the available ones first.
 * @param revectorize whether products are to use AVX2, which the description of `wasm` says then, or why they do not
 */
export function discover(revectorize = false): DeviceInfo[] {
  const processor = cpus()[0]?.model.trim() ?? 'unknown processor';
  return [
    {
      name: 'wasm',
      available: true,
      description: `WebAssembly SIMD${variant(revectorize ? revectorization() : undefined)} on ${processor}`,
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

function variant(found: Revectorization | undefined): string {
  if (found?.works) return ' (AVX2 by revectorisation)';
  const build = chosenBuild() === 'relaxed' ? ['relaxed'] : [];
  const notes = found === undefined ? build : [...build, `revectorize: ${found.reason}`];
  return notes.length === 0 ? '' : ` (${notes.join('; ')})`;
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
