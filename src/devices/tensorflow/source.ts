/**
 * The device 'tensorflow': @tensorflow/tfjs-node, an optional peer, in float32. Its native part is downloaded or built
 * when it is installed (docs/tensorflow.md), which often fails: then the reason says so.
 */
import { existsSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import type { DeviceSource } from '../contract.js';
import { hostedSource } from '../hosted/hosted-source.js';
import { findPeer, type Peer } from '../hosted/peer.js';

const native = '@tensorflow/tfjs-node';

export interface TensorFlowOptions {
  /** URLs of files from whose place the package is looked for; default: where lazuli is, where the program is. */
  readonly from?: readonly string[];
  /** Another build of TensorFlow.js: `@tensorflow/tfjs` computes in plain JavaScript. Default: tfjs-node. */
  readonly package?: string;
}

/** Its threads are those of TensorFlow: as many as there are cores. */
export function tensorflowSource({ from, package: name = native }: TensorFlowOptions = {}): DeviceSource {
  const threads = name === native ? availableParallelism() : 1;
  return hostedSource({
    name: 'tensorflow',
    package: name,
    module: new URL('./library.js', import.meta.url).href,
    threads,
    isSingle: true,
    traits: {
      slots: 1,
      ahead: 2,
      cores: threads,
      // there and back between threads, and a few operators
      overhead: 300e-6,
      flops: (name === native ? 60e9 : 1e9) * threads,
      // of the copies: it makes one of its own of every input and output
      bandwidth: 3e9,
      isOrdered: true,
    },
    find: () => findPeer(name, from),
    ...(name === native && { lacks: missingPart }),
    can: ({ bodies }, inputs, params) => bodies.tensorflow?.can(inputs, params) ?? false,
  });
}

/** What of tfjs-node's native part is not there: the addon that its loader would take, for this version of Node-API. */
export function missingPart({ root, manifest }: Peer): string | undefined {
  const { binary } = manifest as { binary?: { module_name?: string; module_path?: string; napi_versions?: number[] } };
  const version = Math.max(...(binary?.napi_versions ?? [8]).filter((each) => each <= Number(process.versions.napi)));
  const folder = (binary?.module_path ?? './lib/napi-v{napi_build_version}').replace(
    '{napi_build_version}',
    String(version),
  );
  const addon = join(folder, `${binary?.module_name ?? 'tfjs_binding'}.node`);
  if (existsSync(join(root, addon))) return undefined;
  return (
    `the native part of ${native} is missing (${addon}): its install script has not run or could not download it; ` +
    `run npm rebuild ${native} --build-addon-from-source, or build it as docs/tensorflow.md says`
  );
}
