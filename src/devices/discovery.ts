/** Which devices there are: each with what it is, or the reason why it is not available. */
import { cpus, totalmem } from 'node:os';
import type { DeviceName } from '../config.js';
import { DeviceUnavailableError } from '../errors.js';
import type { DeviceSource } from './contract.js';
import { type Revectorization, revectorization } from './revectorize.js';
import { deviceSources, sourceOf } from './sources.js';
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
  /** What `lazuli calibrate` has measured of it; of `wasm` and `js` on one thread. */
  readonly speed?: DeviceRates;
}

/** Of products, and of long arrays that are there already. */
export interface DeviceRates {
  /** Of what: float32 where the device has no float64 of its own. */
  readonly dtype: 'float64' | 'float32';
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
  const others = [
    ...new Set([...(['gpu', 'onnx', 'tensorflow'] as const), ...deviceSources().map(({ name }) => name)]),
  ];
  const found = others.map((name) => infoOf(name as DeviceName));
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
    ...found.filter(({ available }) => available),
    ...found.filter(({ available }) => !available),
  ];
}

function infoOf(name: DeviceName): DeviceInfo {
  const found = sourceOf(name)?.discover();
  if (found === undefined) return { name, available: false, reason: notYet };
  if (!found.available) return { name, available: false, reason: found.reason };
  return { name, available: true, description: found.description, memory: found.memory };
}

function variant(found: Revectorization | undefined): string {
  if (found?.works) return ' (AVX2 by revectorisation)';
  const build = chosenBuild() === 'relaxed' ? ['relaxed'] : [];
  const notes = found === undefined ? build : [...build, `revectorize: ${found.reason}`];
  return notes.length === 0 ? '' : ` (${notes.join('; ')})`;
}

/** Where kernels of a run may go. */
export interface KernelDevices {
  /** Of the bodies that the pool's threads have, best first. */
  readonly host: readonly ('wasm' | 'js')[];
  /** Devices of their own that are there; for `'auto'` those that may be, since looking for one can take a while. */
  readonly others: readonly DeviceSource[];
}

/**
 * The devices that kernels may run on. Of a list, those that are there are used.
 * @throws DeviceUnavailableError when none of those asked for is available, with the reason for each.
 */
export function kernelDevices(asked: readonly string[] | 'auto'): KernelDevices {
  if (asked === 'auto') return { host: ['wasm', 'js'], others: deviceSources() };
  const host = asked.filter((name): name is 'wasm' | 'js' => name === 'wasm' || name === 'js');
  const reasons: Record<string, string> = {};
  const others: DeviceSource[] = [];
  for (const name of asked) {
    if (name === 'wasm' || name === 'js') continue;
    const source = sourceOf(name);
    const found = source?.discover();
    if (source !== undefined && found?.available) others.push(source);
    else reasons[name] = found?.available === false ? found.reason : notYet;
  }
  if (host.length + others.length === 0) throw new DeviceUnavailableError(reasons);
  return { host, others };
}
