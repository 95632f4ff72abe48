/**
 * TensorFlow.js in the thread of the device: tfjs-node with its native library, or any other build of it with the same
 * functions. All tensors of a call live in one `tidy`, which disposes of them whatever happens.
 */
import { createRequire } from 'node:module';
import { itemSize, viewOf } from '../../array/dtype.js';
import { kernels } from '../../kernels/registry.js';
import type { Tensor, TensorFlow } from '../../kernels/tensorflow/tensors.js';
import type { HostedArray, HostedCall, HostedLibrary, LibraryOptions } from '../hosted/library.js';
import { Staging } from '../hosted/staging.js';
import { singleSpec } from '../single-precision.js';
import { restoreUtil } from './shim.js';

/** Bytes of staging that are kept. */
const STAGING = 256 << 20;

/** The functions that the device itself uses. */
interface Package extends TensorFlow {
  ready(): Promise<void>;
  getBackend(): string;
  tidy(run: () => void): void;
  memory(): { readonly numTensors: number };
}

/** Loads the package. @throws Error when it chose another backend than the one it is for */
export async function load({ entry }: LibraryOptions): Promise<HostedLibrary> {
  restoreUtil();
  const tf = createRequire(entry)(entry) as Package;
  await tf.ready();
  return new TensorFlowLibrary(tf);
}

class TensorFlowLibrary implements HostedLibrary {
  readonly #tf: Package;
  readonly #staging = new Staging(STAGING);

  constructor(tf: Package) {
    this.#tf = tf;
  }

  run({ kernel, params, inputs, outputs }: HostedCall): void {
    const body = kernels.get(kernel)?.bodies.tensorflow;
    if (body === undefined) throw new Error('it has no body for TensorFlow.js');
    const tf = this.#tf;
    const before = tf.memory().numTensors;
    const buffers: ArrayBuffer[] = [];
    const tensor = ({ data, ...spec }: HostedArray): Tensor => {
      // of float64, which only calls in single precision bring, the copy is rounded
      const { dtype, shape } = singleSpec(spec);
      const buffer = this.#staging.take(data.length * itemSize(dtype));
      buffers.push(buffer);
      const copy = viewOf(dtype, buffer, 0, data.length);
      copy.set(data);
      return tf.tensor(copy, [...shape], dtype);
    };
    tf.tidy(() => {
      const results = body.run(tf, inputs.map(tensor), inputs.map(singleSpec), params);
      outputs.forEach(({ data, ...spec }, i) => {
        const { dtype } = singleSpec(spec);
        const result = results[i]!;
        const values = result.dataSync();
        if (result.dtype !== dtype || values.length !== data.length) {
          throw new Error(
            `output ${i} is ${result.dtype} of ${values.length} elements, not ${dtype} of ${data.length}`,
          );
        }
        data.set(values);
      });
    });
    const left = tf.memory().numTensors - before;
    if (left !== 0) throw new Error(`${left} tensors were left behind`);
    for (const buffer of buffers) this.#staging.give(buffer);
  }

  close(): void {}
}
