/**
 * The matrix product in other JavaScript libraries, one thread each. tfjs and jax-js are optional: `npm install --prefix
 * bench/peers`. A library that does not work here is reported with the reason.
 */
import { createRequire } from 'node:module';
import { Matrix } from 'ml-matrix';

export type Floats = Float64Array | Float32Array;

/** Two matrices where the library keeps its own: a product of them, and its elements afterwards. */
export interface Prepared {
  multiply(): unknown;
  elements(): Promise<ArrayLike<number>>;
  dispose?(): void;
}

export interface ProductRival {
  readonly name: string;
  readonly dtypes: readonly string[];
  /** The largest n that is worth waiting for. */
  readonly most: number;
  prepare(n: number, a: Floats, b: Floats): Promise<Prepared>;
}

const load = createRequire(new URL('../peers/package.json', import.meta.url));

interface Tensor {
  dispose(): void;
  data(): Promise<Float32Array>;
}
interface Tfjs {
  setBackend(name: string): Promise<boolean>;
  ready(): Promise<void>;
  tensor2d(values: Floats, shape: readonly [number, number]): Tensor;
  matMul(a: Tensor, b: Tensor): Tensor;
}

async function tfjs(): Promise<ProductRival> {
  const events = ['uncaughtException', 'unhandledRejection'] as const;
  const before = new Set(events.flatMap((event) => process.listeners(event as 'uncaughtException')));
  // Its Node detection calls a function that Node has dropped.
  const util = load('node:util') as Record<string, unknown>;
  util.isNullOrUndefined ??= (value: unknown) => value === null || value === undefined;
  const tf = load('@tensorflow/tfjs-core') as Tfjs;
  load('@tensorflow/tfjs-backend-wasm');
  if (!(await tf.setBackend('wasm'))) throw new Error('the backend does not start');
  await tf.ready();
  // It catches every error of the process, and throws it again with a page of its own source.
  for (const event of events) {
    for (const listener of process.listeners(event as 'uncaughtException')) {
      if (!before.has(listener)) process.removeListener(event, listener);
    }
  }
  return {
    name: 'tfjs-wasm',
    dtypes: ['float32'],
    most: 2000,
    async prepare(n, a, b) {
      const [x, y] = [tf.tensor2d(a, [n, n]), tf.tensor2d(b, [n, n])];
      return {
        multiply: () => tf.matMul(x, y).dispose(),
        async elements() {
          const product = tf.matMul(x, y);
          const values = await product.data();
          product.dispose();
          return values;
        },
        dispose: () => [x, y].map((one) => one.dispose()),
      };
    },
  };
}

interface JaxArray {
  readonly ref: JaxArray;
  blockUntilReady(): Promise<JaxArray>;
  data(): Promise<ArrayLike<number>>;
  reshape(shape: readonly number[]): JaxArray;
  dispose(): void;
}
interface Jax {
  readonly init: (backend: string) => Promise<unknown>;
  readonly defaultDevice: (device: string) => unknown;
  readonly jit: (fn: (x: JaxArray, y: JaxArray) => JaxArray) => (x: JaxArray, y: JaxArray) => JaxArray;
  readonly numpy: {
    array(values: Floats): JaxArray;
    matmul(x: JaxArray, y: JaxArray): JaxArray;
  };
}

async function jax(): Promise<ProductRival> {
  const { init, defaultDevice, jit, numpy } = (await import(load.resolve('@jax-js/jax'))) as Jax;
  await init('wasm');
  defaultDevice('wasm');
  const product = jit((x, y) => numpy.matmul(x, y));
  return {
    name: 'jax-js',
    dtypes: ['float32'],
    most: 1000,
    async prepare(n, a, b) {
      const [x, y] = [numpy.array(a).reshape([n, n]), numpy.array(b).reshape([n, n])];
      return {
        async multiply() {
          const result = await product(x.ref, y.ref).blockUntilReady();
          result.dispose();
        },
        elements: () => product(x.ref, y.ref).data(),
        dispose: () => [x, y].map((one) => one.dispose()),
      };
    },
  };
}

interface OnnxTensor {
  readonly data: Floats;
}
interface Onnx {
  readonly InferenceSession: {
    create(
      model: Uint8Array,
      options: object,
    ): Promise<{
      run(inputs: Readonly<Record<string, OnnxTensor>>): Promise<Readonly<Record<'c', OnnxTensor>>>;
      release(): Promise<void>;
    }>;
  };
  readonly Tensor: new (type: string, data: Floats, dims: readonly number[]) => OnnxTensor;
}

/** A protobuf field: bytes with their length, or a small number. */
function field(number: number, value: Uint8Array | string | number): number[] {
  if (typeof value === 'number') return [number << 3, value];
  const bytes = typeof value === 'string' ? new TextEncoder().encode(value) : value;
  if (bytes.length > 127) throw new Error('a length of one byte is all that this model needs');
  return [(number << 3) | 2, bytes.length, ...bytes];
}

const message = (...fields: readonly number[][]): Uint8Array => Uint8Array.from(fields.flat());

/** An ONNX model c = MatMul(a, b), opset 13; numbers of fields as in onnx.proto3. */
function matMulModel(elementType: number): Uint8Array {
  const type = message(field(1, message(field(1, elementType))));
  const value = (name: string): Uint8Array => message(field(1, name), field(2, type));
  const node = message(field(1, 'a'), field(1, 'b'), field(2, 'c'), field(4, 'MatMul'));
  const inputs = [field(11, value('a')), field(11, value('b'))];
  const graph = message(field(1, node), field(2, 'g'), ...inputs, field(12, value('c')));
  return message(field(1, 8), field(7, graph), field(8, message(field(2, 13))));
}

async function onnx(): Promise<ProductRival> {
  const { InferenceSession, Tensor } = createRequire(import.meta.url)('onnxruntime-node') as Onnx;
  return {
    name: 'onnxruntime',
    dtypes: ['float64', 'float32'],
    most: 2000,
    async prepare(n, a, b) {
      const isDouble = a instanceof Float64Array;
      const session = await InferenceSession.create(matMulModel(isDouble ? 11 : 1), {
        intraOpNumThreads: 1,
        interOpNumThreads: 1,
      });
      const tensor = (values: Floats) => new Tensor(isDouble ? 'float64' : 'float32', values, [n, n]);
      const inputs = { a: tensor(a), b: tensor(b) };
      return {
        multiply: () => session.run(inputs),
        elements: async () => (await session.run(inputs)).c.data,
        dispose: () => void session.release(),
      };
    },
  };
}

const mlMatrix: ProductRival = {
  name: 'ml-matrix',
  dtypes: ['float64'],
  most: 500,
  async prepare(n, a, b) {
    const [x, y] = [Matrix.from1DArray(n, n, Array.from(a)), Matrix.from1DArray(n, n, Array.from(b))];
    return { multiply: () => x.mmul(y), elements: async () => x.mmul(y).to1DArray() };
  },
};

/** Those that work here, and for the others the reasons why not. */
export async function productRivals(): Promise<{ rivals: ProductRival[]; absent: string[] }> {
  const rivals: ProductRival[] = [];
  const absent: string[] = [];
  for (const [name, start] of [
    ['tfjs-wasm', tfjs],
    ['jax-js', jax],
    ['onnxruntime', onnx],
  ] as const) {
    try {
      const rival = await start();
      const prepared = await rival.prepare(2, Float32Array.of(1, 2, 3, 4), Float32Array.of(1, 1, 0, 1));
      const found = Array.from(await prepared.elements());
      prepared.dispose?.();
      if (found.join() !== '1,3,3,7') throw new Error(`a product of 2 × 2 matrices gives ${found.join(', ')}`);
      rivals.push(rival);
    } catch (error) {
      absent.push(`${name}: ${(error as Error).message.split('\n')[0]}`);
    }
  }
  return { rivals: [...rivals, mlMatrix], absent };
}
