/**
 * A DeviceSource made of a package. Looking for it reads its files and loads nothing, so that it costs next to nothing
 * where nobody uses the device; it is tried out (try-out.ts) when it is first opened. Where that fails, the reason is
 * what looking for it answers from then on.
 */
import { totalmem } from 'node:os';
import { DeviceUnavailableError } from '../../errors.js';
import type { ArraySpec, Kernel, KernelParams } from '../../kernels/contract.js';
import type { Device, DeviceSource, DeviceTraits, Found } from '../contract.js';
import { openHosted } from './hosted-device.js';
import type { HostData } from './library.js';
import type { Peer } from './peer.js';
import { tryOut } from './try-out.js';

export interface HostedSourceOptions {
  readonly name: string;
  /** The name of the package. */
  readonly package: string;
  /** The URL of its LibraryModule. */
  readonly module: string;
  readonly traits: DeviceTraits;
  readonly threads: number;
  /** As in DeviceSource. */
  readonly isSingle?: boolean;
  find(): Peer | undefined;
  /** Why a package that is there cannot be used, as far as its files tell. */
  lacks?(peer: Peer): string | undefined;
  can(kernel: Kernel, inputs: readonly ArraySpec[], params: KernelParams): boolean;
}

export function hostedSource(options: HostedSourceOptions): DeviceSource {
  const { name, module, threads, traits } = options;
  let found: Found | undefined;
  let peer: Peer | undefined;
  const look = (): Found => {
    peer = options.find();
    if (peer === undefined) {
      const reason = `the package ${options.package} is not installed (npm install ${options.package})`;
      return { available: false, reason };
    }
    const reason = options.lacks?.(peer);
    if (reason !== undefined) return { available: false, reason };
    const cores = threads === 1 ? '1 thread' : `${threads} threads`;
    return { available: true, description: `${options.package} ${peer.version}, ${cores}`, memory: totalmem() };
  };
  const discover = (): Found => {
    found ??= look();
    return found;
  };
  return {
    name,
    isSingle: options.isSingle ?? false,
    discover,
    async open(): Promise<Device> {
      const answer = discover();
      if (!answer.available) throw new DeviceUnavailableError({ [name]: answer.reason });
      const host: HostData = { module, entry: (peer as Peer).entry, threads };
      const reason = await tryOut(host);
      if (reason !== undefined) {
        found = { available: false, reason: `${options.package} cannot be loaded: ${reason}` };
        throw new DeviceUnavailableError({ [name]: found.reason });
      }
      return openHosted({ name, traits, host, can: options.can });
    },
  };
}
