/** The device 'onnx': onnxruntime-node, an optional peer, with threads of its own on the cores of the host. */
import { availableParallelism, totalmem } from 'node:os';
import { DeviceUnavailableError } from '../../errors.js';
import type { ArraySpec, Kernel, KernelParams } from '../../kernels/contract.js';
import type { Device, DeviceSource, DeviceTraits, Found } from '../contract.js';
import { openHosted } from '../hosted/hosted-device.js';
import { findPeer, type Peer } from '../hosted/peer.js';

const PACKAGE = 'onnxruntime-node';

/** What a core does before it has been measured: operations a second in float64. */
const CORE_FLOPS = 40e9;

/**
 * @param threads that one call computes with
 */
export function onnxSource(threads: number = availableParallelism()): DeviceSource {
  const module = new URL('./library.js', import.meta.url).href;
  const name = 'onnx';
  let peer: Peer | undefined;
  let found: Found | undefined;
  const discover = (): Found => {
    if (found !== undefined) return found;
    peer = findPeer(PACKAGE);
    found =
      peer === undefined
        ? { available: false, reason: `the package ${PACKAGE} is not installed; npm install ${PACKAGE}` }
        : { available: true, description: `${PACKAGE} ${peer.version}, ${threads} threads`, memory: totalmem() };
    return found;
  };
  return {
    name,
    discover,
    async open(): Promise<Device> {
      const answer = discover();
      if (!answer.available || peer === undefined) {
        throw new DeviceUnavailableError({ [name]: answer.available ? 'it is gone' : answer.reason });
      }
      const traits: DeviceTraits = {
        slots: 1,
        ahead: 2,
        cores: threads,
        overhead: 150e-6,
        flops: CORE_FLOPS * threads,
        bandwidth: 10e9,
        isOrdered: true,
      };
      return openHosted({ name, traits, can, host: { module, entry: peer.entry, threads } });
    },
  };
}

function can({ bodies }: Kernel, inputs: readonly ArraySpec[], params: KernelParams): boolean {
  return bodies.onnx?.can(inputs, params) ?? false;
}
