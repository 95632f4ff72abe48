/** testKernel: what conforms passes, and every way of not conforming is found and named. */
import { beforeAll, describe, expect, it } from 'vitest';
import { ConformanceError, type JsBody, type KernelDefinition, nd, type Random, testKernel } from '../../dist/index.js';
import { compileAssembly, emptyModule } from '../lazy/user-wasm.js';

const sizeOf = ({ shape }: { readonly shape: readonly number[] }): number => shape.reduce((a, b) => a * b, 1);
const vector = (random: Random) => ({ inputs: [random.array([random.length()])] });

/** y = 2x of a vector. */
const definition = (js: JsBody, wasm?: Uint8Array): KernelDefinition => ({
  name: 'double',
  infer: ([x]) => ({ outputs: [{ dtype: 'float64', shape: x!.shape }] }),
  cost: ([x]) => ({ flops: sizeOf(x!), bytes: 16 * sizeOf(x!) }),
  bodies: {
    js,
    ...(wasm === undefined
      ? {}
      : { wasm: { module: wasm, chunks: ([x]) => Math.ceil(sizeOf(x!) / 8), values: ([x]) => [sizeOf(x!)] } }),
  },
});
const good: JsBody = ([x], [y]) => {
  for (let i = 0; i < x!.shape[0]!; i++) y!.data[i] = 2 * Number(x!.get(i));
};

const source = (factor: string, more = '') => `
  export function run(work: usize, index: i32, context: usize): void {
    const x = <usize>load<f64>(context, 24);
    const y = <usize>load<f64>(context, 32);
    const end = min(<i32>load<f64>(context, 40), index * 8 + 8);
    for (let i = index * 8; i < end; i++) store<f64>(y + (<usize>i << 3), ${factor} * load<f64>(x + (<usize>i << 3)));
    ${more}
  }`;

async function failuresOf(js: JsBody, wasm?: Uint8Array): Promise<ConformanceError> {
  const error = await testKernel(nd.defineKernel(definition(js, wasm)), { cases: vector, runs: 30 }).then(
    () => undefined,
    (reason: unknown) => reason,
  );
  expect(error).toBeInstanceOf(ConformanceError);
  return error as ConformanceError;
}

describe('testKernel of a kernel that conforms', () => {
  it('says what ran', async () => {
    const module = await compileAssembly(source('2.0'));
    const report = await testKernel(nd.defineKernel(definition(good, module)), { cases: vector, runs: 30 });
    expect(report).toMatchObject({ kernel: 'double', failures: [] });
    for (const body of ['js', 'strided', 'wasm baseline', 'threads js', 'threads wasm']) {
      expect(report.bodies).toContain(body);
    }
    expect(report.passed).toBeGreaterThan(90);
  });

  it('takes scalar kernels without cases, and compares them with the function', async () => {
    const gauss = nd.kernel('gauss', (x, mean, deviation) => {
      const z = (x - mean) / deviation;
      return deviation > 0 ? Math.exp(-0.5 * z * z) / (deviation * Math.sqrt(2 * Math.PI)) : NaN;
    });
    const report = await testKernel(gauss);
    expect(report.bodies).toEqual(expect.arrayContaining(['js', 'scalar', 'wasm baseline', 'threads wasm']));
    const cases = (random: Random) => ({ inputs: [random.array([3, 1]), 2, random.array([4], { dtype: 'int32' })] });
    expect((await testKernel(gauss, { cases, runs: 10 })).failures).toEqual([]);
  });

  it('takes kernels that fail where their reference does', async () => {
    const picky: JsBody = (inputs, outputs, params) => {
      if (sizeOf(inputs[0]!) === 0) throw new RangeError('empty');
      good(inputs, outputs, params);
    };
    expect((await testKernel(nd.defineKernel(definition(picky)), { cases: vector })).failures).toEqual([]);
  });

  it('draws the same cases from the same seed', async () => {
    const seen: string[][] = [];
    for (const seed of [5, 5, 6]) {
      const shapes: string[] = [];
      const cases = (random: Random) => {
        const { inputs } = vector(random);
        shapes.push(String(inputs[0]!.data));
        return { inputs };
      };
      await testKernel(nd.defineKernel(definition(good)), { cases, seed, runs: 20 });
      seen.push(shapes);
    }
    expect(seen[0]).toEqual(seen[1]);
    expect(seen[0]).not.toEqual(seen[2]);
  });

  it('draws special values, and lengths of zero', () => {
    const values: number[] = [];
    let empty = 0;
    const cases = (random: Random) => {
      const { inputs } = vector(random);
      values.push(...inputs[0]!.data);
      empty += Number(inputs[0]!.size === 0);
      return { inputs };
    };
    return testKernel(nd.defineKernel(definition(good)), { cases, runs: 300 }).then(() => {
      expect(empty).toBeGreaterThan(0);
      for (const special of [NaN, Infinity, -Infinity, -0, 5e-324]) {
        expect(values.some((value) => Object.is(value, special))).toBe(true);
      }
    });
  });
});

describe('testKernel of a js body that', () => {
  let calls = 0;
  const wrong: readonly [string, JsBody, string, RegExp][] = [
    ['writes its input', ([x], [y]) => void y!.data.fill(x!.data.fill(1)[0]!), 'js', /wrote its input 0/],
    [
      'leaves a place unwritten',
      ([x], [y]) => {
        for (let i = 1; i < x!.shape[0]!; i++) y!.data[i] = 2 * Number(x!.get(i));
      },
      'js',
      /other bits the second time/,
    ],
    ['gives something else every time', (_, [y]) => void y!.data.fill(++calls), 'js', /other bits the second time/],
    [
      'takes its inputs for contiguous',
      ([x], [y]) => {
        for (let i = 0; i < y!.data.length; i++) y!.data[i] = 2 * x!.data[i]!;
      },
      'strided',
      /on float64 \(\d+\) \{\}: element \d+ is/,
    ],
    [
      'always fails',
      () => {
        throw new Error('no');
      },
      'js',
      /no case was computed/,
    ],
  ];
  it.each(wrong)('%s', async (_title, js, body, message) => {
    const { report } = await failuresOf(js);
    const found = (report.failures as readonly { body: string; message: string }[]).find(
      (failure) => failure.body === body,
    );
    expect(found?.message).toMatch(message);
  });
});

describe('testKernel of a wasm body that', () => {
  const wrong: readonly [string, string, RegExp][] = [
    ['computes something else', source('2.1'), /element \d+ of output 0 is .*, the reference/],
    ['writes its input', source('2.0', 'store<f64>(x, 42);'), /wrote its input 0|outside its arrays/],
    ['writes behind its output', source('2.0', 'store<f64>(y + (<usize>load<f64>(context, 40) << 3), 42);'), /outside/],
    ['writes before its context', source('2.0', 'store<f64>(context - 8, 42);'), /outside its arrays/],
    [
      'fails',
      source('2.0', 'store<i32>(context, 3);'),
      /ends with Error: double: status 3, the reference with no error/,
    ],
  ];
  const modules: Uint8Array[] = [];
  beforeAll(async () => {
    for (const [, text] of wrong) modules.push(await compileAssembly(text));
  }, 60_000);
  it.each(wrong.map(([title, , message], i) => [title, message, i] as const))('%s', async (_title, message, i) => {
    const { report, message: whole } = await failuresOf(good, modules[i]);
    const found = (report.failures as readonly { body: string; message: string }[]).filter(({ body }) =>
      body.startsWith('wasm'),
    );
    expect(found.length).toBeGreaterThan(0);
    for (const failure of found) expect(failure.message).toMatch(message);
    expect(whole).toMatch(/^'double' does not conform \(seed 1, 30 cases\):\n {2}(js|wasm|strided|threads)/);
  });

  it('writes nothing', async () => {
    const { report } = await failuresOf(good, emptyModule());
    const bodies = (report.failures as readonly { body: string; message: string }[]).map(({ body }) => body);
    expect(bodies).toContain('wasm baseline');
    expect(bodies).not.toContain('js');
  });

  it('is within a tolerance that is said', async () => {
    const kernel = nd.defineKernel(definition(good, await compileAssembly(source('2.1'))));
    const cases = (random: Random) => ({ inputs: [random.array([5], { value: () => random.number() })] });
    const report = await testKernel(kernel, { cases, tolerance: { relative: 0.06 } });
    expect(report.failures).toEqual([]);
  });
});

describe('testKernel refuses', () => {
  const kernel = nd.defineKernel(definition(good));
  it.each([
    [{ runs: 0 }, 'runs must be a whole number'],
    [{ seeds: 1 }, "no option 'seeds' (did you mean 'seed'?)"],
    [{ cases: 1 }, 'cases must be a function'],
    [{}, "say which inputs 'double' takes"],
    [{ cases: () => 1 }, "a case of 'double' must be { inputs"],
    [{ cases: () => ({ inputs: ['x'] }) }, "a case of 'double': the string"],
  ])('%o', async (options, message) => {
    await expect(testKernel(kernel, options as never)).rejects.toThrow(message);
  });

  it('what is no kernel', async () => {
    await expect(testKernel(Math.exp as never)).rejects.toThrow('a kernel that nd.kernel or nd.defineKernel made');
  });
});
