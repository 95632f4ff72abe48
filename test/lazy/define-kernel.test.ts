/** nd.defineKernel: kernels of a user's own, on this thread and on the pool, in JavaScript and in WebAssembly. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createRuntime, type KernelDefinition, type NDArray, nd } from '../../dist/index.js';
import { compileAssembly, emptyModule, type ModuleParts } from './user-wasm.js';

const runtime = createRuntime({ workers: 2 });
afterAll(() => runtime.close());

const sizeOf = ({ shape }: { readonly shape: readonly number[] }): number => shape.reduce((a, b) => a * b, 1);

/** y = scale·x + shift of a vector. */
const affine: KernelDefinition = {
  name: 'affine',
  infer: ([x]) => ({ outputs: [{ dtype: 'float64', shape: x!.shape }] }),
  cost: ([x]) => ({ flops: 2 * sizeOf(x!), bytes: 16 * sizeOf(x!) }),
  bodies: {
    js: ([x], [y], { scale = 1, shift = 0 }) => {
      for (let i = 0; i < x!.shape[0]!; i++) y!.data[i] = Number(x!.get(i)) * Number(scale) + Number(shift);
    },
  },
};

describe('a kernel defined in JavaScript', () => {
  it.each([{ scheduler: 'sync' }, { scheduler: 'threads' }] as const)(
    'is a function of arrays, %o',
    async (options) => {
      const f = nd.defineKernel(affine);
      const y = f(Float64Array.of(1, 2, 3), { scale: 2, shift: 1 });
      expect([y.shape, y.dtype]).toEqual([[3], 'float64']);
      expect((await runtime.compute(y, options)).toNested()).toEqual([3, 5, 7]);
      const again = f([f(nd.arange(3))], { shift: -1 });
      expect((await runtime.compute(again, options)).toNested()).toEqual([-1, 0, 1]);
    },
  );

  /** On which thread the tasks of this name ran last. */
  const threadsOf = (name: string): number[] =>
    runtime.lastRun!.tasks.filter(({ key }) => key.startsWith(`${name}-`)).map(({ thread }) => thread);

  async function withWarnings<T>(run: () => Promise<T>): Promise<{ result: T; warnings: string[] }> {
    const warnings: string[] = [];
    const warn = ({ message }: Error): void => void warnings.push(message);
    process.on('warning', warn);
    const result = await run();
    // Warnings come in a turn of their own
    await new Promise((resolve) => setTimeout(resolve, 20));
    process.off('warning', warn);
    return { result, warnings };
  }

  it('runs on the threads of the pool, with what it captured', async () => {
    const factor = 10;
    const scaled = nd.defineKernel({
      ...affine,
      name: 'scaled',
      bodies: { js: ([x], [y]) => void y!.data.fill(factor * Number(x!.get(0))) },
    });
    const { result, warnings } = await withWarnings(() => runtime.compute(scaled(nd.array([5, 6]))));
    expect(result.toNested()).toEqual([50, 50]);
    expect(threadsOf('scaled')).toEqual([expect.any(Number)]);
    expect(threadsOf('scaled')).not.toContain(0);
    expect(warnings).toEqual([]);
    expect((await runtime.compute(scaled(nd.array([5, 6])), { scheduler: 'sync' })).toNested()).toEqual([50, 50]);
    expect(threadsOf('scaled')).toEqual([0]);
  });

  it('runs on the main thread, with one warning, when it cannot be sent; others still are', async () => {
    const promise = Promise.resolve();
    const here = nd.defineKernel({
      ...affine,
      name: 'here',
      bodies: { js: (_, [y]) => void y!.data.fill(promise instanceof Promise ? 1 : 0) },
    });
    const there = nd.defineKernel({ ...affine, name: 'there', bodies: { js: (_, [y]) => void y!.data.fill(2) } });
    const x = nd.arange(2);
    const { result, warnings } = await withWarnings(() =>
      runtime.compute([here(x), here([x], { a: 1 }), there(x), there([x], { a: 1 })]),
    );
    expect(result.map((one) => (one as NDArray).get(0))).toEqual([1, 1, 2, 2]);
    expect(threadsOf('here')).toEqual([0, 0]);
    expect(threadsOf('there')).not.toContain(0);
    expect(warnings).toEqual([expect.stringContaining("'here' runs on the main thread")]);
  });

  it('may have several outputs', async () => {
    const minMax = nd.defineKernel({
      name: 'minMax',
      infer: () => ({
        outputs: [
          { dtype: 'float64', shape: [] },
          { dtype: 'float64', shape: [] },
        ],
      }),
      cost: () => ({ flops: 1, bytes: 1 }),
      bodies: {
        js: ([x], [low, high]) => {
          low!.data[0] = Math.min(...x!.copy().data);
          high!.data[0] = Math.max(...x!.copy().data);
        },
      },
    });
    const [low, high] = minMax(nd.array([3, 1, 2]));
    expect(await runtime.compute([nd.add(low, 0), nd.add(high, 0)])).toEqual([1, 3]);
  });

  it('is another task than a kernel of the same name, and the same as itself', async () => {
    const one = nd.defineKernel(affine);
    const body = affine.bodies.js;
    const two = nd.defineKernel({ ...affine, bodies: { js: ([x], [y]) => body([x!], [y!], { scale: 100 }) } });
    const x = nd.array([1]);
    expect(one(x).key).toBe(one([x]).key);
    expect(one(x).key).not.toBe(two(x).key);
    expect(one(x).key).not.toBe(one(x, { scale: 3 }).key);
    const results = await runtime.compute([one(x), two(x)], { scheduler: 'sync' });
    expect(results.map((result) => (result as NDArray).get(0))).toEqual([1, 100]);
  });

  it('fails with its own error, naming the task', async () => {
    const fails = nd.defineKernel({
      ...affine,
      name: 'fails',
      bodies: {
        js: () => {
          throw new RangeError('no such thing');
        },
      },
    });
    for (const scheduler of ['sync', 'threads'] as const) {
      await expect(runtime.compute(fails(nd.arange(2)), { scheduler })).rejects.toThrow(
        /'fails-\w+' failed with RangeError: no such thing/,
      );
    }
  });
});

describe('a kernel with WebAssembly', () => {
  /** Each chunk squares 1000 elements; negative ones are status 7. */
  const source = `
    export function run(work: usize, index: i32, context: usize): void {
      const n = <i32>load<f64>(context, 8 * 5);
      const x = <usize>load<f64>(context, 8 * 3);
      const y = <usize>load<f64>(context, 8 * 4);
      const scratch = context + <usize>load<f64>(context, 8 * 2);
      const end = min(n, (index + 1) * 1000);
      for (let i = index * 1000; i < end; i++) {
        const value = load<f64>(x + (<usize>i << 3));
        if (value < 0) { store<i32>(context, 7); return; }
        store<f64>(scratch + (<usize>i << 3), value);
        store<f64>(y + (<usize>i << 3), value * load<f64>(scratch + (<usize>i << 3)));
      }
    }`;
  let module: Uint8Array;
  beforeAll(async () => {
    module = await compileAssembly(source);
  }, 60_000);
  const squares = () =>
    nd.defineKernel({
      name: 'squares',
      infer: ([x]) => ({ outputs: [{ dtype: 'float64', shape: x!.shape }], scratch: 8 * sizeOf(x!) }),
      cost: ([x]) => ({ flops: sizeOf(x!), bytes: 16 * sizeOf(x!) }),
      bodies: {
        js: ([x], [y]) => {
          const { data } = x!.copy();
          for (let i = 0; i < data.length; i++) {
            if (data[i]! < 0) throw new RangeError('negative');
            y!.data[i] = data[i]! ** 2;
          }
        },
        wasm: {
          module,
          chunks: ([x]) => Math.ceil(sizeOf(x!) / 1000),
          values: ([x]) => [sizeOf(x!)],
          can: ([x]) => x!.dtype === 'float64',
        },
      },
      failure: (status) => new RangeError(`status ${status}: negative`),
    });

  it.each([{ scheduler: 'sync' }, { scheduler: 'threads' }] as const)(
    'gives what its js body gives, %o',
    async (options) => {
      const f = squares();
      for (const n of [0, 1, 999, 1001, 250_000]) {
        const x = nd.arange(n);
        const [wasm, js] = await Promise.all([
          runtime.compute(f(x), { ...options, device: 'wasm' }),
          runtime.compute(f(x), { ...options, device: 'js' }),
        ]);
        expect(wasm.shape).toEqual([n]);
        expect(Buffer.compare(Buffer.from(wasm.data.buffer), Buffer.from(js.data.buffer))).toBe(0);
      }
    },
  );

  it.each([{ scheduler: 'sync' }, { scheduler: 'threads' }] as const)(
    'fails with what failure says, %o',
    async (options) => {
      const x = nd.array([1, -1]);
      await expect(runtime.compute(squares()(x), { ...options, device: 'wasm' })).rejects.toThrow('status 7: negative');
      await expect(runtime.compute(squares()(x), { ...options, device: 'js' })).rejects.toThrow('RangeError: negative');
    },
  );

  it('runs its js body where it cannot', async () => {
    const x = nd.array([1, 2], { dtype: 'int32' });
    expect((await runtime.compute(squares()(x), { device: ['wasm', 'js'] })).toNested()).toEqual([1, 4]);
  });

  const bad: readonly [string, ModuleParts | Uint8Array, string][] = [
    ['no module', Uint8Array.of(1, 2, 3), 'no WebAssembly module'],
    ['another import', { memory: ['env', 'memori'] }, 'the module imports env.memori'],
    ['no run', { export: 'ran' }, 'must export a function run'],
    ['data', { data: true }, 'data segments'],
    ['a start function', { start: true }, 'a start function'],
    ['a small memory', { most: [16] }, 'at most 65536'],
    ['two parameters', { parameters: 2 }, 'run takes 2 parameters'],
  ];
  it.each(bad)('is refused when the module has %s', (_title, parts, message) => {
    const bytes = parts instanceof Uint8Array ? parts : emptyModule(parts);
    expect(() => nd.defineKernel({ ...affine, bodies: { ...affine.bodies, wasm: { module: bytes } } })).toThrow(
      message,
    );
  });

  it('takes a module that does nothing', () => {
    const wasm = { module: emptyModule() };
    expect(nd.defineKernel({ ...affine, bodies: { ...affine.bodies, wasm } }).kernelName).toBe('affine');
  });
});

describe('a definition that is none', () => {
  const refused: readonly [string, object, string][] = [
    ['no name', { ...affine, name: '' }, 'needs a name'],
    ['nothing', Object.create(null) as object, 'needs a name'],
    ['no infer', { ...affine, infer: 1 }, "'affine': infer must be a function"],
    ['no cost', { ...affine, cost: undefined }, 'cost must be a function'],
    ['no bodies', { ...affine, bodies: null }, 'bodies must be an object'],
    ['no js body', { ...affine, bodies: {} }, 'bodies.js must be a function'],
    ['an asynchronous body', { ...affine, bodies: { js: async () => {} } }, 'bodies.js must be an ordinary function'],
    ['a field too many', { ...affine, costs: 1 }, "there is no field 'costs' (did you mean 'cost'?)"],
    ['a body too many', { ...affine, bodies: { ...affine.bodies, cuda: 1 } }, "there is no field 'cuda'"],
    ['a module that is none', { ...affine, bodies: { ...affine.bodies, wasm: { module: 'x' } } }, 'module must be'],
    ['a failure that is none', { ...affine, failure: 'x' }, 'failure must be a function'],
  ];
  it.each(refused)('has %s', (_title, definition, message) => {
    expect(() => nd.defineKernel(definition as KernelDefinition)).toThrow(message);
  });

  const inferred: readonly [string, unknown, string][] = [
    ['nothing', undefined, 'affine: infer must answer { outputs'],
    ['no outputs', { outputs: [] }, 'affine: infer must answer { outputs'],
    ['a dtype that is none', { outputs: [{ dtype: 'float', shape: [] }] }, 'output 0 of infer: dtype "float"'],
    ['a length that is none', { outputs: [{ dtype: 'float64', shape: [1.5] }] }, 'output 0 of infer: shape [1.5]'],
    ['no shape', { outputs: [{ dtype: 'float64' }] }, 'output 0 of infer: shape must be a list'],
    ['scratch that is none', { outputs: [{ dtype: 'bool', shape: [] }], scratch: -1 }, 'whole number of bytes'],
    ['something else', { outputs: [{ dtype: 'bool', shape: [] }], flops: 1 }, "there is no field 'flops'"],
  ];
  it.each(inferred)('infers %s', (_title, answer, message) => {
    const f = nd.defineKernel({ ...affine, infer: () => answer as never });
    expect(() => f(nd.arange(2))).toThrow(message);
  });

  it('is told of parameters that are no plain values', () => {
    const f = nd.defineKernel(affine);
    expect(() => f(nd.arange(2), { a: [1] } as never)).toThrow('the parameter a must be');
    expect(() => (f as (...args: unknown[]) => unknown)(nd.arange(2), nd.arange(2))).toThrow('an object of parameters');
  });

  it('may refuse its inputs', () => {
    const f = nd.defineKernel({
      ...affine,
      infer: () => {
        throw new TypeError('only vectors');
      },
    });
    expect(() => f(nd.arange(2))).toThrow(TypeError);
  });
});
