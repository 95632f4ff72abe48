/**
 * Arrays against NumPy, dask.array, other JavaScript libraries and plain loops. Inputs lie where each contestant keeps
 * its arrays before the clock starts, and results stay there; every answer is compared before its time counts.
 * Contestants alternate within a round; medians.
 *
 *     npm run build && npx tsx bench/arrays/arrays.ts [--only memory|reductions|chains|functions|sorting|random|first]
 */
import { parseArgs } from 'node:util';
import type { LazyArray } from '../../dist/index.js';
import { nd, random } from '../../dist/index.js';
import { alternate, type Contestant, timed } from '../support/measure.js';
import { PythonPeer } from '../support/python.js';
import { machine, printTable, times } from '../support/report.js';
import { gpujs, jax, type Rival, tfjs } from './rivals.js';

const { only } = parseArgs({ options: { only: { type: 'string' } } }).values;
const wanted = (table: string): boolean => only === undefined || only === table;

const peer = await PythonPeer.start(new URL('./peers.py', import.meta.url));
if (typeof peer === 'string') console.log(peer);
console.log(`${machine()}${typeof peer === 'string' ? '' : `, ${peer.versions}`}\n`);

/** The same bits as in peers.py. */
const fractions = (n: number, factor: number): Float64Array => {
  const values = new Float64Array(n);
  for (let i = 0; i < n; i++) values[i] = ((i * factor) % 1) - 0.5;
  return values;
};

interface Inputs {
  readonly n: number;
  readonly shape: readonly number[];
  readonly plain: { readonly x: Float64Array; readonly y: Float64Array };
  readonly x: LazyArray;
  readonly y: LazyArray;
  release(): void;
}

/** x and y of this shape everywhere; ours persisted, which is where NumPy's are: in memory that kernels reach. */
async function inputs(shape: readonly number[]): Promise<Inputs> {
  const n = shape.reduce((a, b) => a * b, 1);
  if (typeof peer !== 'string') await peer.ask({ arrays: n, shape });
  const plain = { x: fractions(n, 0.6180339887498949), y: fractions(n, 0.7548776662466927) };
  const [x, y] = [await nd.array(plain.x, { shape }).persist(), await nd.array(plain.y, { shape }).persist()];
  return { n, shape, plain, x, y, release: () => void [x, y].map((array) => array.release()) };
}

/** One line of a table: the same work in every contestant's words. */
interface Work {
  readonly name: string;
  ours(x: LazyArray, y: LazyArray): unknown;
  /** Python expressions over x, y (NumPy) and dx, dy (dask); z and w are arrays to write to. */
  readonly numpy?: string;
  readonly dask?: string;
  /** What is compared, as an expression of the result r in Python; default: the sum. */
  readonly check?: string;
  /** The same of our result, where it is an array; default: the sum. */
  answer?(values: ArrayLike<number>): number;
  /** How far, relative to the answer of NumPy, ours may be from it; default 1e-9. */
  readonly tolerance?: number;
  loop?(x: Float64Array, y: Float64Array): number;
  readonly rivals?: Readonly<Record<string, Rival>>;
  /** Bytes read and written at least, for the bandwidth. */
  bytes?(n: number): number;
}

type Outcome = Readonly<Record<string, Readonly<Record<string, number>> | undefined>>;

/** Seconds by contestant. @throws when their answers differ */
async function race(work: Work, given: Inputs, rounds = 9): Promise<Outcome> {
  const { check = 'np.sum(r)', tolerance = 1e-9 } = work;
  const answers = new Map<string, number>();
  const ours =
    (workers: number): Contestant =>
    async () => {
      const target = work.ours(given.x, given.y) as LazyArray;
      const [kept, seconds] = await timed(() => target.persist({ workers }));
      const label = `lazuli ${workers}`;
      if (!answers.has(label)) {
        const result = await kept.compute();
        answers.set(label, typeof result === 'object' ? (work.answer ?? sumOf)(result.data) : Number(result));
      }
      kept.release();
      return { seconds };
    };
  const python =
    (name: string, run: string, dask: boolean): Contestant =>
    async () => {
      if (typeof peer === 'string') return undefined;
      const answer = await peer.ask<{ seconds: number; check: number }>({ run, check, dask });
      if (answer === null) return undefined;
      answers.set(name, answer.check);
      return { seconds: answer.seconds };
    };
  const contestants: Record<string, Contestant> = { 'lazuli 1': ours(1), 'lazuli 2': ours(2) };
  if (work.numpy !== undefined) contestants.numpy = python('numpy', work.numpy, false);
  if (work.dask !== undefined) contestants.dask = python('dask', work.dask, true);
  if (work.loop !== undefined) {
    const { loop } = work;
    contestants.loop = async () => {
      const [answer, seconds] = await timed(() => loop(given.plain.x, given.plain.y));
      answers.set('loop', answer);
      return { seconds };
    };
  }
  for (const [name, rival] of Object.entries(work.rivals ?? {})) {
    contestants[name] = async () => {
      const { seconds, check: answer } = await rival(given.plain.x, given.plain.y);
      answers.set(name, answer);
      return { seconds };
    };
  }
  const medians = await alternate(contestants, { rounds, warmUps: 2, patience: 12 });
  const reference = answers.get('numpy') ?? answers.get('lazuli 1') ?? Number.NaN;
  for (const [name, answer] of answers) {
    // Libraries of single precision add ten million terms one after the other in it, and lose digits.
    const allowed = name in (work.rivals ?? {}) ? 0.1 : tolerance;
    if (!(Math.abs(answer - reference) <= allowed * Math.max(1, Math.abs(reference)))) {
      throw new Error(`${work.name}: ${name} answers ${answer}, the reference ${reference}`);
    }
  }
  return medians;
}

function sumOf(values: ArrayLike<number>): number {
  // In blocks, so that ten million terms lose no more digits than NumPy's pairwise sum.
  let total = 0;
  for (let from = 0; from < values.length; from += 1024) {
    let block = 0;
    for (let i = from; i < Math.min(values.length, from + 1024); i++) block += values[i]!;
    total += block;
  }
  return total;
}

const ms = (outcome: Outcome, name: string): string => {
  const seconds = outcome[name]?.seconds;
  if (seconds === undefined) return '–';
  return seconds >= 0.1 ? (seconds * 1e3).toFixed(0) : (seconds * 1e3).toPrecision(3);
};
const ratio = (outcome: Outcome, theirs: string, ours: string): string =>
  times(outcome[theirs]?.seconds, outcome[ours]?.seconds);

async function table(
  title: string,
  given: Inputs,
  works: readonly Work[],
  more: readonly string[] = [],
): Promise<void> {
  console.log(`### ${title}\n`);
  const hasBytes = works.some(({ bytes }) => bytes !== undefined);
  const rows: string[][] = [];
  for (const work of works) {
    const outcome = await race(work, given);
    const row = [work.name, ms(outcome, 'lazuli 1'), ms(outcome, 'lazuli 2'), ms(outcome, 'numpy')];
    row.push(ratio(outcome, 'numpy', 'lazuli 1'), ratio(outcome, 'numpy', 'lazuli 2'));
    if (hasBytes) {
      const seconds = outcome['lazuli 1']?.seconds;
      row.push(seconds === undefined ? '–' : ((work.bytes?.(given.n) ?? Number.NaN) / seconds / 1e9).toFixed(1));
    }
    for (const name of more) row.push(ms(outcome, name), ratio(outcome, name, 'lazuli 2'));
    rows.push(row);
  }
  const header = ['ms', '1 thread', '2 threads', 'NumPy', '× (1 thread)', '× (2 threads)'];
  if (hasBytes) header.push('GB/s, 1 thread');
  printTable([...header, ...more.flatMap((name) => [name, '×'])], rows);
}

const million = 1_000_000;

if (wanted('memory')) {
  const given = await inputs([10 * million]);
  await table('One pass over memory, 1e7 float64', given, [
    {
      name: 'copy',
      ours: (x) => nd.astype(nd.slice(x, [[0, null]]).add(0), 'float64'),
      numpy: 'np.copyto(z, x) or z',
      bytes: (n) => 16 * n,
    },
    {
      name: 'axpy: 2.5 x + y',
      ours: (x, y) => x.mul(2.5).add(y),
      numpy: 'np.add(np.multiply(x, 2.5, out=z), y, out=z)',
      bytes: (n) => 24 * n,
    },
    {
      name: 'triad: x + 2.5 y',
      ours: (x, y) => x.add(y.mul(2.5)),
      numpy: 'np.add(x, np.multiply(y, 2.5, out=z), out=z)',
      bytes: (n) => 24 * n,
    },
    { name: 'dot', ours: (x, y) => nd.sum(x.mul(y)), numpy: 'np.dot(x, y)', bytes: (n) => 16 * n },
  ]);
  given.release();
}

if (wanted('reductions')) {
  const names = ['sum', 'mean', 'var', 'min', 'argmax'] as const;
  const one = (name: (typeof names)[number], axis: number | undefined): Work => ({
    name: axis === undefined ? name : `${name}, axis ${axis}`,
    ours: (x) => (axis === undefined ? nd[name](x, {}) : nd[name](x, { axis } as never)),
    numpy: `np.${name}(x${axis === undefined ? '' : `, axis=${axis}`})`,
  });
  for (const shape of [[10 * million], [2000, 5000], [3 * million, 3], [100_000]]) {
    const given = await inputs(shape);
    const axes = shape.length === 1 ? [undefined] : [undefined, 0, 1];
    await table(
      `Reductions of ${shape.join(' × ')} float64`,
      given,
      axes.flatMap((axis) => names.map((name) => one(name, axis))),
    );
    given.release();
  }
}

if (wanted('chains')) {
  const given = await inputs([10 * million]);
  const cpu = await tfjs('cpu');
  const wasm = await tfjs('wasm');
  const jit = await jax();
  const shader = gpujs();
  for (const absent of [cpu, wasm, jit, shader]) if (typeof absent === 'string') console.log(`${absent}\n`);
  const rivals = (chain: string): Readonly<Record<string, Rival>> => {
    const found: Record<string, Rival> = {};
    for (const [name, chains] of [
      ['tfjs-cpu', cpu],
      ['tfjs-wasm', wasm],
      ['jax-js', jit],
      ['gpu.js', shader],
    ] as const) {
      const rival = typeof chains === 'string' ? undefined : chains[chain];
      if (rival !== undefined) found[name] = rival;
    }
    return found;
  };
  const works: Work[] = [
    {
      name: '`exp(-(x*x + y*y)/s).sum()`',
      ours: (x, y) => nd.sum(nd.exp(nd.div(nd.neg(nd.add(nd.mul(x, x), nd.mul(y, y))), 0.3))),
      numpy: 'np.exp(-(x * x + y * y) / 0.3).sum()',
      dask: 'da.exp(-(dx * dx + dy * dy) / 0.3).sum()',
      rivals: rivals('gaussian'),
      loop(x, y) {
        let sum = 0;
        for (let i = 0; i < x.length; i++) sum += Math.exp(-(x[i]! * x[i]! + y[i]! * y[i]!) / 0.3);
        return sum;
      },
    },
    {
      name: 'standardisation',
      ours: (x) => nd.div(nd.sub(x, nd.mean(x)), nd.std(x)),
      numpy: '(x - x.mean()) / x.std()',
      dask: '(dx - dx.mean()) / dx.std()',
      check: 'np.sum(r * r) / r.size',
      answer: (values) => sumOf(Float64Array.from(values, (value) => value * value)) / values.length,
      loop(x) {
        let sum = 0;
        for (let i = 0; i < x.length; i++) sum += x[i]!;
        const mean = sum / x.length;
        let squares = 0;
        for (let i = 0; i < x.length; i++) squares += (x[i]! - mean) ** 2;
        const deviation = Math.sqrt(squares / x.length);
        const out = new Float64Array(x.length);
        for (let i = 0; i < x.length; i++) out[i] = (x[i]! - mean) / deviation;
        return out.reduce((total, value) => total + value * value, 0) / out.length;
      },
    },
    {
      name: 'logistic loss',
      ours: (x, y) => nd.mean(nd.log1p(nd.exp(nd.neg(nd.mul(x, y))))),
      numpy: 'np.log1p(np.exp(-(x * y))).mean()',
      dask: 'da.log1p(da.exp(-(dx * dy))).mean()',
      rivals: rivals('logistic loss'),
      loop(x, y) {
        let sum = 0;
        for (let i = 0; i < x.length; i++) sum += Math.log1p(Math.exp(-(x[i]! * y[i]!)));
        return sum / x.length;
      },
    },
    {
      name: 'distance',
      ours: (x, y) => nd.sqrt(nd.sum(nd.square(nd.sub(x, y)))),
      numpy: 'np.sqrt(((x - y) ** 2).sum())',
      dask: 'da.sqrt(((dx - dy) ** 2).sum())',
      rivals: rivals('distance'),
      loop(x, y) {
        let sum = 0;
        for (let i = 0; i < x.length; i++) sum += (x[i]! - y[i]!) ** 2;
        return Math.sqrt(sum);
      },
    },
  ];
  await table('Fused chains, 1e7 float64', given, works, ['dask', 'loop', 'tfjs-cpu', 'tfjs-wasm', 'jax-js', 'gpu.js']);
  given.release();
}

if (wanted('functions')) {
  const given = await inputs([million]);
  const one = (name: 'exp' | 'log' | 'tanh' | 'sin' | 'cos'): Work => {
    const shifted = name === 'log';
    return {
      name,
      ours: (x) => nd[name](shifted ? nd.add(x, 0.6) : x),
      numpy: `np.${name}(${shifted ? 'x + 0.6' : 'x'})`,
      loop(x) {
        const out = new Float64Array(x.length);
        for (let i = 0; i < x.length; i++) out[i] = Math[name](shifted ? x[i]! + 0.6 : x[i]!);
        return sumOf(out);
      },
    };
  };
  const names = ['exp', 'log', 'tanh', 'sin', 'cos'] as const;
  await table('Functions, 1e6 float64', given, names.map(one), ['loop']);
  given.release();
}

if (wanted('sorting')) {
  const given = await inputs([million]);
  await table(
    'Sorting, 1e6 float64',
    given,
    [
      {
        name: 'sort',
        ours: (x: LazyArray) => nd.sort(x),
        numpy: 'np.sort(x)',
        loop: (x: Float64Array) => sumOf(x.slice().sort()),
      },
      { name: 'argsort', ours: (x) => nd.argsort(x), numpy: "np.argsort(x, kind='stable')", tolerance: 0 },
      { name: 'unique', ours: (x) => nd.unique(nd.floor(nd.mul(x, 1e5))), numpy: 'np.unique(np.floor(x * 1e5))' },
      { name: 'unique, all different', ours: (x) => nd.unique(x), numpy: 'np.unique(x)' },
    ],
    ['loop'],
  );
  given.release();
}

if (wanted('random')) {
  const given = await inputs([10 * million]);
  const shape = given.shape;
  await table('Random numbers, 1e7 float64 (answers differ: only their mean is compared)', given, [
    {
      name: 'normal',
      ours: () => nd.mean(random.normal(shape, { seed: 1 })),
      numpy: 'rng.normal(size=n).mean()',
      check: 'r',
      tolerance: 5e-3,
    },
    {
      name: 'uniform',
      ours: () => nd.mean(random.uniform(shape, { seed: 1 })),
      numpy: 'rng.uniform(size=n).mean()',
      check: 'r',
      tolerance: 5e-3,
    },
  ]);
  given.release();
}

if (wanted('first')) {
  // Shapes of expressions that nothing before has used; the work itself is next to nothing.
  const x = await nd.array([1, 2, 3]).persist();
  await nd.sum(nd.mul(x, x)).compute();
  const first: number[] = [];
  const again: number[] = [];
  for (let i = 0; i < 60; i++) {
    let target: LazyArray = x;
    for (let bit = 0; bit < 6; bit++) {
      const operation = (i >> bit) & 1;
      target = operation === 1 ? nd.add(nd.mul(target, 2), x) : nd.sqrt(nd.abs(nd.sub(target, 3)));
    }
    first.push((await timed(() => nd.sum(target).compute({ scheduler: 'sync' })))[1]);
    again.push((await timed(() => nd.sum(target).compute({ scheduler: 'sync' })))[1]);
  }
  const middle = (values: number[]): string => (values.sort((a, b) => a - b)[values.length >> 1]! * 1e3).toFixed(2);
  console.log('### The first call of a new expression\n');
  printTable(
    ['ms', 'median', 'longest'],
    [
      ['first call', middle(first), (first.at(-1)! * 1e3).toFixed(2)],
      ['again', middle(again), (again.at(-1)! * 1e3).toFixed(2)],
    ],
  );
}

if (typeof peer !== 'string') peer.close();
