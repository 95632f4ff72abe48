/**
 * Random graphs for the run loop: kernels of several shapes (also with two outputs, with scratch, and one whose inputs
 * only its js body takes), arrays shown in other shapes, functions that are slow, asynchronous, small, unsendable, or
 * fail at first, items, methods and structures, in any mixture. Every function counts its calls in shared memory.
 */

import { NDArray } from '../../dist/array/ndarray.js';
import { delayed, wrapPersisted } from '../../dist/graph/delayed.js';
import { type KernelLike, nodeOf, type Params, TaskNode, type TaskSettings } from '../../dist/graph/node.js';
import { holeAt } from '../../dist/graph/template.js';
import { kernels } from '../../dist/kernels/registry.js';

export type Random = () => number;

/** The same numbers for the same seed (a linear congruential generator, upper bits). */
export function randomOf(seed: number): Random {
  let state = seed | 0;
  return () => {
    state = (Math.imul(state, 1664525) + 1013904223) | 0;
    return (state >>> 8) / 2 ** 24;
  };
}

const matrix = (values: readonly number[]): NDArray =>
  new NDArray(Float64Array.from(values), { shape: [3, 3], dtype: 'float64' });

/** A call of a kernel as a delayed value. */
export function call(
  name: string,
  inputs: readonly unknown[],
  params: Params = {},
  settings: TaskSettings = {},
): unknown {
  const deps = inputs.map((input) => {
    const node = nodeOf(input);
    return node ?? new TaskNode({ kind: 'value', name: 'array' }, [input], []);
  });
  const kernel = kernels.get(name) as KernelLike;
  const op = { kind: 'kernel', name, kernel, params } as const;
  return wrapPersisted(
    new TaskNode(
      op,
      deps.map((_, i) => holeAt(i)),
      deps,
      settings,
    ),
    () => {},
  );
}

type Counter = Int32Array;

const sum = (m: NDArray): number => Array.from(m.data).reduce((total, value) => total + Math.fround(value), 0);
/** Numbers stay small whatever the graph does. */
const settle = (values: ArrayLike<number>): number[] =>
  Array.from({ length: 9 }, (_, i) => Math.round(16 * Math.sin(Number(values[i % values.length] ?? 0) + i)) / 16);

const fresh = delayed((counter: Counter, at: number, m: NDArray): NDArray => {
  Atomics.add(counter, at, 1);
  return new NDArray(Float64Array.from(settle(m.data)), {
    shape: [3, 3],
    dtype: 'float64',
  });
});
const wrapped = delayed((counter: Counter, at: number, a: NDArray, b: NDArray) => {
  Atomics.add(counter, at, 1);
  return { inside: [a, { deep: b }], total: sum(a) };
});
const later = delayed(async (counter: Counter, at: number, m: NDArray) => {
  await new Promise((resolve) => setTimeout(resolve, 1));
  Atomics.add(counter, at, 1);
  return m;
});
const tiny = delayed(
  (counter: Counter, at: number, m: NDArray) => {
    Atomics.add(counter, at, 1);
    return [m];
  },
  { cost: { seconds: 1e-7 } },
);
const flaky = delayed(
  (counter: Counter, at: number, attempts: Counter, m: NDArray) => {
    if (Atomics.add(attempts, at, 1) < 2) throw new Error('not yet');
    Atomics.add(counter, at, 1);
    return m;
  },
  { retries: 2 },
);
const broken = delayed((_: unknown): never => {
  throw new RangeError('broken');
});
class Box {
  readonly #m: NDArray;
  constructor(m: NDArray) {
    this.#m = m;
  }
  get(): NDArray {
    return this.#m;
  }
}
const here = new Box(matrix([1, 0, 0, 0, 1, 0, 0, 0, 1]));
/** Its private field cannot be sent. */
const unsendable = delayed((counter: Counter, at: number, m: NDArray) => {
  Atomics.add(counter, at, 1);
  return [m, here.get()];
});

const spd = matrix([2, 1, 0, 1, 3, 1, 0, 1, 4]);
const unit = matrix([1, 0, 0, 0, 1, 0, 0, 0, 1]);
const labels = new NDArray(Int32Array.of(1, -1, 1), { shape: [3], dtype: 'int32' });
const one = new NDArray(Float64Array.of(1), { shape: [], dtype: 'float64' });
const rows = new NDArray(Int32Array.of(2, 0, 1), { shape: [3], dtype: 'int32' });

const reshaped = (x: unknown, shape: readonly number[]): unknown =>
  call('reshape', [x], { shape: JSON.stringify(shape) });

export interface Graph {
  readonly target: unknown;
  /** Calls of functions that must be made once each, and no others. */
  readonly calls: number;
  readonly counter: Int32Array;
  readonly willFail: boolean;
}

/** A graph of about `size` tasks. */
export function randomGraph(random: Random, size: number, failing: boolean): Graph {
  const counter = new Int32Array(new SharedArrayBuffer(4 * size));
  const attempts = new Int32Array(new SharedArrayBuffer(4 * size));
  const matrices: unknown[] = [spd, unit, fresh(counter, 0, unit)];
  const vectors: unknown[] = [];
  const others: unknown[] = [];
  let calls = 1;
  const reach = 1 + Math.floor(random() * 12);
  const pick = (): unknown => matrices[Math.max(0, matrices.length - 1 - Math.floor(random() * reach))];
  // biome-ignore lint/suspicious/noExplicitAny: delayed values of any shape
  const as = (value: unknown): any => value;
  // Products grow: each goes through a function or a kernel that bounds it.
  const bounded = (m: unknown): unknown => call('standardize', [m]);
  while (matrices.length + vectors.length < size) {
    if (random() < 0.12) matrices.push(reshaped(reshaped(pick(), [9]), [3, 3]));
    if (random() < 0.05) others.push(reshaped(pick(), [1, 9]));
    const kind = random();
    if (kind < 0.4) matrices.push(bounded(call('matmul', [pick(), pick()])));
    else if (kind < 0.5) matrices.push(call('take', [pick(), rows], { axis: 0 }));
    else if (kind < 0.55)
      matrices.push(
        bounded(call('polynomialKernel', [call('matmul', [unit, pick()]), one], { degree: 1.5, coef0: 30 })),
      );
    else if (kind < 0.65) {
      const fit = as(call('smo', [call('matmul', [spd, unit]), labels, one]));
      vectors.push(call('take', [random() < 0.5 ? fit[0] : reshaped(fit[0], [3]), rows], { axis: 0 }));
      others.push(fit[1]);
    } else if (kind < 0.75) matrices.push(fresh(counter, calls++, as(pick())));
    else if (kind < 0.83) {
      const pair = as(wrapped(counter, calls++, as(pick()), as(pick())));
      matrices.push(pair.inside[1].deep, pair.inside[0]);
      others.push(pair);
    } else if (kind < 0.86) matrices.push(later(counter, calls++, as(pick())));
    else if (kind < 0.93) matrices.push(as(tiny(counter, calls++, as(pick())))[0]);
    else if (kind < 0.96) matrices.push(flaky(counter, calls++, attempts, as(pick())));
    else if (kind < 0.98) matrices.push(as(unsendable(counter, calls++, as(pick())))[0]);
    else others.push(as(pick()).toNested());
  }
  const all = [...matrices, ...vectors, ...others];
  if (failing) all.splice(Math.floor(random() * all.length), 0, broken(pick()));
  return { target: { all, map: new Map([['last', all.at(-1)]]) }, calls, counter, willFail: failing };
}

/** Results as plain data that can be compared: numbers by their bits. */
export function plain(value: unknown): unknown {
  if (value instanceof NDArray)
    return { shape: value.shape, dtype: value.dtype, values: Array.from(value.copy().data) };
  if (Array.isArray(value)) return value.map(plain);
  if (value instanceof Map) return new Map([...value].map(([key, item]) => [key, plain(item)]));
  if (typeof value === 'object' && value !== null)
    return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, plain(item)]));
  return value;
}
