/**
 * `sort` and `argsort` of float32 on the GPU, with arrays that lie there and with the way there and back, beside the
 * WebAssembly kernels on one thread and on all, the JavaScript reference, and NumPy (argsort stable, as ours). They take
 * turns; medians. Before anything is timed the results are compared, ours element by element.
 *
 *     npm run build && npx tsx bench/gpu/sort.ts [--rounds 7]
 */
import { availableParallelism } from 'node:os';
import { parseArgs } from 'node:util';
import { NDArray, sizeOf } from '../../dist/array/ndarray.js';
import { acquire, release } from '../../dist/devices/gpu/context.js';
import { openGpu } from '../../dist/devices/gpu/open.js';
import { createRuntime, nd } from '../../dist/index.js';
import { argsort, sort } from '../../dist/kernels/sort.js';
import { noGpu } from '../../test/support/software-gpu.js';
import { alternate, type Contestant, timed } from '../support/measure.js';
import { PythonPeer } from '../support/python.js';
import { machine, printTable } from '../support/report.js';

const { values: given } = parseArgs({ options: { rounds: { type: 'string', default: '7' } } });
const kernels = { sort, argsort };
type Name = keyof typeof kernels;

/** The same bits as in sort.py. */
function mixed(n: number): Float32Array {
  const values = new Float32Array(n);
  for (let i = 0; i < n; i++) {
    let h = i;
    h = Math.imul(h ^ (h >>> 16), 0x7feb352d);
    h = Math.imul(h ^ (h >>> 15), 0x846ca68b);
    h ^= h >>> 16;
    values[i] = (h >>> 8) / 2 ** 24 - 0.5;
  }
  return values;
}

/** What NumPy makes of its result too: a sum of whole numbers, exact. */
function checkOf({ data }: NDArray, name: Name): number {
  let sum = 0;
  for (let i = 0; i < data.length; i++)
    sum += (name === 'sort' ? (data[i]! + 0.5) * 2 ** 24 : data[i]!) * ((i % 101) + 1);
  return sum;
}

/** Far below one where a processor plays the GPU. */
const ratio = (theirs: number | undefined, own: number | undefined): string =>
  theirs === undefined || own === undefined ? '–' : `${(theirs / own).toPrecision(2)}×`;

function compare(name: string, expected: NDArray, actual: NDArray): void {
  const wrong = expected.data.findIndex((value, i) => value !== actual.data[i]);
  if (wrong >= 0)
    throw new Error(`${name}: element ${wrong} is ${actual.data[wrong]}, expected ${expected.data[wrong]}`);
}

async function bench(): Promise<void> {
  const context = await acquire();
  const device = await openGpu();
  const runtime = createRuntime();
  const peer = await PythonPeer.start(new URL('./sort.py', import.meta.url));
  if (typeof peer === 'string') console.log(peer);
  console.log(`${machine()}${typeof peer === 'string' ? '' : `, ${peer.versions}`}`);
  console.log(`${context.facts.description}\n`);
  const shapes = [[1e5], [1e6], [1000, 1000], ...(context.facts.isSoftware ? [] : [[1e7], [1e5, 100]])];
  const rows: string[][] = [];
  try {
    for (const shape of shapes) {
      if (typeof peer !== 'string') await peer.ask({ shape });
      const x = new NDArray(mixed(sizeOf(shape)), { shape, dtype: 'float32' });
      for (const name of Object.keys(kernels) as Name[]) rows.push(await race(name, x));
    }
  } finally {
    if (typeof peer !== 'string') peer.close();
    await runtime.close();
    await device.close();
    await release(context);
  }
  const header = ['', 'gpu', 'there and back', 'wasm, 1 thread', 'wasm, all', 'js', 'NumPy'];
  printTable([...header, 'wasm, 1 thread / gpu', 'NumPy / gpu'], rows);

  /** A line of the table: milliseconds. */
  async function race(name: Name, x: NDArray): Promise<string[]> {
    const kernel = kernels[name];
    const params = { axis: x.ndim - 1 };
    const [made] = kernel.infer([x], params).outputs;
    const [input, output] = [x, made!].map((spec) => device.memory.allocate(spec));
    if (input === undefined || output === undefined) throw new Error('the GPU has no room');
    device.memory.write(input, x);
    const call = async (): Promise<void> => {
      const error = await new Promise<unknown>((resolve) => {
        device.submit({ kernel, params, inputs: [input], outputs: [output], onDone: resolve });
        device.flush();
      });
      if (error !== undefined) throw error;
    };
    const result = NDArray.zeros(made!.shape, made!.dtype);
    const fetch = (): Promise<void> => device.memory.read(output, result);
    const held = await nd.array(x).persist();
    const ours = (where: 'wasm' | 'js', workers: number) => async () => {
      const way = workers === 0 ? ({ scheduler: 'sync' } as const) : ({ workers } as const);
      const [kept, seconds] = await timed(() => runtime.persist(nd[name](held), { device: where, ...way }));
      return { kept, seconds };
    };
    const threads = { one: ours('wasm', 0), all: ours('wasm', availableParallelism()), js: ours('js', 0) };

    await call();
    await fetch();
    for (const [label, run] of Object.entries(threads)) {
      const { kept } = await run();
      compare(`${name} on the GPU and ${label}`, (await kept.compute()) as NDArray, result);
      kept.release();
    }
    const ask = async (): Promise<{ seconds: number; check: number } | null> =>
      typeof peer === 'string' ? null : peer.ask({ kernel: name });
    const theirs = await ask();
    if (theirs !== null && theirs.check !== checkOf(result, name)) throw new Error(`${name}: NumPy answers otherwise`);

    const timing = (run: (typeof threads)['one']): Contestant => {
      return async () => {
        const { kept, seconds } = await run();
        kept.release();
        return { seconds };
      };
    };
    const contestants: Record<string, Contestant> = {
      gpu: async () => ({ seconds: (await timed(call))[1] }),
      back: async () => {
        const [, seconds] = await timed(async () => {
          device.memory.write(input, x);
          const called = call();
          await fetch();
          await called;
        });
        return { seconds };
      },
      one: timing(threads.one),
      all: timing(threads.all),
      js: timing(threads.js),
      numpy: async () => (await ask()) ?? undefined,
    };
    const medians = await alternate(contestants, { rounds: Number(given.rounds), warmUps: 2, patience: 20 });
    for (const array of [input, output]) device.memory.free(array);
    held.release();
    const [gpu, back, one, all, js, numpy] = Object.keys(contestants).map((each) => medians[each]?.seconds);
    const cells = [gpu, back, one, all, js, numpy].map((seconds) =>
      seconds === undefined ? '–' : `${(seconds * 1000).toPrecision(3)} ms`,
    );
    return [`${name}, ${x.shape.join(' × ')}`, ...cells, ratio(one, gpu), ratio(numpy, gpu)];
  }
}

if (noGpu === undefined) await bench();
else console.log(noGpu);
