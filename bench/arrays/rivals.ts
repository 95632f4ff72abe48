/**
 * Other JavaScript libraries on the same chains, in single precision as far as they have nothing else. They are
 * optional: `npm install --prefix bench/peers`. A library that does not work here is reported with the reason.
 */
import { createRequire } from 'node:module';
import { GPU, type IKernelFunctionThis } from 'gpu.js';

/** One fused chain: seconds of one run and what it gives. */
export type Rival = (x: Float64Array, y: Float64Array) => Promise<{ seconds: number; check: number }>;

type Chains = Readonly<Record<string, Rival>>;

/** What the benches use of tfjs; its own types are not installed with the project. */
interface Tensor {
  dispose(): void;
  data(): Promise<Float32Array>;
}
type Fn = (...args: readonly unknown[]) => Tensor;
type Tfjs = Readonly<
  Record<'tensor1d' | 'sum' | 'exp' | 'neg' | 'div' | 'add' | 'mul' | 'sub' | 'mean' | 'sqrt' | 'square' | 'log1p', Fn>
> & {
  setBackend(name: string): Promise<boolean>;
  ready(): Promise<void>;
  tidy(work: () => Tensor): Tensor;
};

const load = createRequire(new URL('../peers/package.json', import.meta.url));

/** tfjs on the backend `cpu` or `wasm`: chains by name, or the reason why not. */
export async function tfjs(backend: 'cpu' | 'wasm'): Promise<Chains | string> {
  let tf: Tfjs;
  try {
    // Its Node detection calls a function that Node has dropped.
    const util = load('node:util') as Record<string, unknown>;
    util.isNullOrUndefined ??= (value: unknown) => value === null || value === undefined;
    tf = load('@tensorflow/tfjs-core') as Tfjs;
    load(`@tensorflow/tfjs-backend-${backend}`);
    if (!(await tf.setBackend(backend))) return `tfjs ${backend}: the backend does not start`;
    await tf.ready();
  } catch (error) {
    return `tfjs ${backend}: ${(error as Error).message.split('\n')[0]}`;
  }
  const chain =
    (work: (x: Tensor, y: Tensor) => Tensor): Rival =>
    async (a, b) => {
      await tf.setBackend(backend);
      const [x, y] = [tf.tensor1d(Float32Array.from(a)), tf.tensor1d(Float32Array.from(b))];
      const before = performance.now();
      const result = tf.tidy(() => work(x, y));
      const [check = Number.NaN] = await result.data();
      const seconds = (performance.now() - before) / 1000;
      for (const tensor of [x, y, result]) tensor.dispose();
      return { seconds, check };
    };
  return {
    gaussian: chain((x, y) => tf.sum(tf.exp(tf.div(tf.neg(tf.add(tf.mul(x, x), tf.mul(y, y))), 0.3)))),
    distance: chain((x, y) => tf.sqrt(tf.sum(tf.square(tf.sub(x, y))))),
    'logistic loss': chain((x, y) => tf.mean(tf.log1p(tf.exp(tf.neg(tf.mul(x, y)))))),
  };
}

interface JaxArray {
  readonly ref: JaxArray;
  data(): Promise<ArrayLike<number>>;
  add(other: unknown): JaxArray;
  sub(other: unknown): JaxArray;
  mul(other: unknown): JaxArray;
  neg(): JaxArray;
  sum(): JaxArray;
}
interface Jax {
  readonly init: (backend: string) => Promise<unknown>;
  readonly defaultDevice: (device: string) => unknown;
  readonly jit: (fn: (x: JaxArray, y: JaxArray) => JaxArray) => (x: JaxArray, y: JaxArray) => JaxArray;
  readonly numpy: Readonly<Record<'array' | 'exp' | 'sqrt', (...args: readonly unknown[]) => JaxArray>>;
}

/** jax-js on WebAssembly, compiled by its `jit`: chains by name, or the reason why not. */
export async function jax(): Promise<Chains | string> {
  try {
    const { init, defaultDevice, jit, numpy: np } = (await import(load.resolve('@jax-js/jax'))) as Jax;
    await init('wasm');
    defaultDevice('wasm');
    const chain = (work: (x: JaxArray, y: JaxArray) => JaxArray): Rival => {
      const compiled = jit(work);
      return async (a, b) => {
        const [x, y] = [np.array(Float32Array.from(a)), np.array(Float32Array.from(b))];
        await x.ref.data();
        const before = performance.now();
        const check = Number((await compiled(x, y).data())[0]);
        return { seconds: (performance.now() - before) / 1000, check };
      };
    };
    return {
      gaussian: chain((x, y) =>
        np
          .exp(
            x.ref
              .mul(x)
              .add(y.ref.mul(y))
              .neg()
              .mul(1 / 0.3),
          )
          .sum(),
      ),
      distance: chain((x, y) => {
        const difference = x.sub(y);
        return np.sqrt(difference.ref.mul(difference).sum());
      }),
    };
  } catch (error) {
    return `jax-js: ${(error as Error).message.split('\n')[0]}`;
  }
}

type Scalar = (this: IKernelFunctionThis, a: number[], b: number[]) => number;

/** gpu.js on its WebAssembly backend: an element-wise kernel, whose values are then added in a loop. */
export function gpujs(): Chains | string {
  try {
    const gpu = new GPU({ mode: 'webasm' as 'cpu' });
    const chain = (scalar: Scalar, finish: (sum: number, n: number) => number): Rival => {
      const kernel = gpu.createKernel(scalar).setDynamicOutput(true);
      return async (a, b) => {
        const [x, y] = [Float32Array.from(a), Float32Array.from(b)];
        kernel.setOutput([x.length]);
        const before = performance.now();
        const values = (await kernel(x, y)) as Float32Array;
        let sum = 0;
        for (let i = 0; i < values.length; i++) sum += values[i]!;
        return { seconds: (performance.now() - before) / 1000, check: finish(sum, x.length) };
      };
    };
    return {
      gaussian: chain(
        function (a, b) {
          const x = a[this.thread.x]!;
          const y = b[this.thread.x]!;
          return Math.exp(-(x * x + y * y) / 0.3);
        },
        (sum) => sum,
      ),
      distance: chain(
        function (a, b) {
          const d = a[this.thread.x]! - b[this.thread.x]!;
          return d * d;
        },
        (sum) => Math.sqrt(sum),
      ),
      'logistic loss': chain(
        function (a, b) {
          return Math.log(1 + Math.exp(-(a[this.thread.x]! * b[this.thread.x]!)));
        },
        (sum, n) => sum / n,
      ),
    };
  } catch (error) {
    return `gpu.js: ${(error as Error).message.split('\n')[0]}`;
  }
}
