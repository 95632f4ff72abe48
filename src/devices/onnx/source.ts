/** The device 'onnx': onnxruntime-node, an optional peer, with threads of its own on the cores of the host. */
import { availableParallelism } from 'node:os';
import type { DeviceSource } from '../contract.js';
import { hostedSource } from '../hosted/hosted-source.js';
import { findPeer } from '../hosted/peer.js';

const name = 'onnxruntime-node';

/** What a core does before it has been measured: operations a second in float64 with AVX2. */
const CORE_FLOPS = 40e9;

/**
 * @param threads that one call computes with
 * @param from URLs of files from whose place the package is looked for; default: where lazuli is, where the program is
 */
export function onnxSource(threads: number = availableParallelism(), from?: readonly string[]): DeviceSource {
  return hostedSource({
    name: 'onnx',
    package: name,
    module: new URL('./library.js', import.meta.url).href,
    threads,
    traits: {
      slots: 1,
      ahead: 2,
      cores: threads,
      // there and back between threads
      overhead: 150e-6,
      flops: CORE_FLOPS * threads,
      // of the copies
      bandwidth: 8e9,
      isOrdered: true,
    },
    find: () => findPeer(name, from),
    can: ({ bodies }, inputs, params) => bodies.onnx?.can(inputs, params) ?? false,
  });
}
