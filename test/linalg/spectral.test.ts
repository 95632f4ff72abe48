/**
 * Eigenvalues and singular values of larger matrices: sizes around the borders of blocks, strips, pieces and leaves up to
 * 1000, by residuals on samples; bidiagonal matrices that implicit QR would give up on; cancellation in the middle. Calls
 * are those of a kernel's WebAssembly body with exactly the scratch it asked for, garbage in it and a guard around it.
 */
import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import { Worker } from 'node:worker_threads';
import { describe, expect, it } from 'vitest';
import type { NDArray } from '../../dist/array/ndarray.js';
import { compileBuild } from '../../dist/devices/wasm-module.js';
import { ComputationAbortedError, createRuntime, linalg } from '../../dist/index.js';
import { CANCELLED } from '../../dist/kernels/contract.js';
import { kernels } from '../../dist/kernels/registry.js';
import { machines } from '../kernels/harness.js';
import { generator } from '../kernels/numbers.js';
import {
  type Dense,
  dense,
  LIMIT,
  type MatrixKind,
  matricesIn,
  matrixOf,
  stacked,
  timesDiagonal,
  transposed,
} from './matrices.js';
import { isOrthogonal, isProduct } from './samples.js';

const EPS = 2 ** -52;
const machine = machines.at(-1)!;
const arrayOf = (a: Dense): NDArray => stacked([a], [], 'float64', a.m, a.n);
const matrixIn = (x: NDArray): Dense => matricesIn(x)[0]!;
const run = (name: string, a: Dense): NDArray[] => machine.run(kernels.get(name)!, [arrayOf(a)], {});

/** Each size with one kind, so that all kinds are met. */
const KINDS: readonly MatrixKind[] = [
  'random',
  'deficient',
  'graded rows',
  'graded',
  'kahan',
  'huge',
  'tiny',
  'random',
];

function checkEigh(random: () => number, kind: MatrixKind, n: number): void {
  const what = `eigh of ${kind}, ${n}`;
  const full = matrixOf(random, kind, n, n);
  const a = dense(n, n, (i, j) => full.data[Math.max(i, j) * n + Math.min(i, j)]!);
  const [values, vectors] = run('eigh', full) as [NDArray, NDArray];
  const all = Array.from(values.data, Number);
  expect(all, what).toEqual(all.toSorted((p, q) => p - q));
  const z = matrixIn(vectors);
  isOrthogonal(z, random, EPS, what);
  isProduct(a, [timesDiagonal(z, all), transposed(z)], random, EPS, what);
}

function checkSvd(random: () => number, kind: MatrixKind, m: number, n: number): void {
  const what = `svd of ${kind}, ${m} × ${n}`;
  const a = matrixOf(random, kind, m, n);
  const [first, s, second] = run('svd', a) as [NDArray, NDArray, NDArray];
  const [u, vt] = [matrixIn(first), matrixIn(second)];
  const values = Array.from(s.data, Number);
  expect(values, what).toEqual(values.toSorted((p, q) => q - p));
  isOrthogonal(u, random, EPS, what);
  isOrthogonal(transposed(vt), random, EPS, what);
  isProduct(a, [timesDiagonal(u, values), vt], random, EPS, what);
  const alone = Array.from(run('svdvals', a)[0]!.data, Number);
  const apart = Math.max(...values.map((value, i) => Math.abs(value - alone[i]!)));
  expect(apart / (Math.max(m, n) * EPS * values[0]!), what).toBeLessThan(LIMIT);
}

describe('around the borders of blocks', () => {
  it.each([
    [[287, 288, 289, 319, 321, 383, 385, 447, 449]],
    [[495, 496, 497, 511, 512, 513, 514, 575, 577]],
    [[639, 641, 705, 767, 769]],
    [[895, 961, 1000]],
  ])('symmetric matrices of %j', (sizes) => {
    sizes.forEach((n, i) => {
      checkEigh(generator(n), KINDS[i % KINDS.length]!, n);
    });
  });

  it.each([
    [[287, 288, 289, 319, 321, 383, 385]],
    [[449, 495, 496, 497, 511, 512, 513]],
    [[575, 577, 640, 705]],
    [[993]],
  ])('singular values of square matrices of %j', (sizes) => {
    sizes.forEach((n, i) => {
      checkSvd(generator(n), KINDS[i % KINDS.length]!, n, n);
    });
  });

  it('singular values around the shape from which on QR comes first, and of wide ones', () => {
    for (const [m, n] of [
      [320, 200],
      [321, 200],
      [319, 199],
      [207, 193],
      [200, 321],
      [193, 320],
      [800, 97],
      [33, 700],
    ] as const) {
      checkSvd(generator(m * n), 'random', m, n);
    }
  });
});

describe('bidiagonal matrices', () => {
  const hard: Readonly<
    Record<string, (n: number, random: () => number) => [(i: number) => number, (i: number) => number]>
  > = {
    'graded downwards': (n, random) => [
      (i) => 10 ** ((-16 * i) / n) * (random() + 0.1),
      (i) => 10 ** ((-16 * i) / n) * random(),
    ],
    'graded upwards': (n, random) => [
      (i) => 10 ** (16 * (i / n - 1)) * (random() + 0.1),
      (i) => 10 ** (16 * (i / n - 1)) * random(),
    ],
    glued: () => [(i) => (i % 7 === 0 ? 1e-8 : 1), (i) => (i % 7 === 0 ? 1e-8 : 1)],
    'of all magnitudes': (_, random) => [() => 10 ** (-18 * random()), () => 10 ** (-18 * random())],
    'with zeros': (_, random) => [() => (random() < 0.3 ? 0 : random()), () => (random() < 0.3 ? 0 : random())],
    'of two clusters': () => [(i) => 1 + (i % 2), () => 1e-9],
    toeplitz: () => [() => 2, () => -1],
    nilpotent: (_, random) => [() => 0, random],
  };

  it.each(Object.keys(hard))('%s: values alone are those of divide and conquer', (kind) => {
    for (const n of [17, 64, 150, 500]) {
      const [d, e] = hard[kind]!(n, generator(n));
      const a = dense(n, n, (i, j) => (i === j ? d(i) : j === i + 1 ? e(i) : 0));
      const [, s] = run('svd', a) as [NDArray, NDArray, NDArray];
      const alone = run('svdvals', a)[0]!;
      const unit = n * EPS * Number(s.data[0]);
      alone.data.forEach((value, i) => {
        expect(Math.abs(Number(value) - Number(s.data[i])) / unit, `value ${i} of ${n}`).toBeLessThan(LIMIT);
      });
    }
  });

  it('toeplitz: values as their formula has them', () => {
    // B with 1 on and right of the diagonal: BBᵀ is 2 and 1 but for its last element, σ = 2·cos(kπ/(2n + 1))
    for (const n of [20, 100, 333]) {
      const a = dense(n, n, (i, j) => Number(i === j || j === i + 1));
      const values = run('svdvals', a)[0]!.data;
      for (let k = 1; k <= n; k++) {
        const expected = 2 * Math.cos((k * Math.PI) / (2 * n + 1));
        expect(Math.abs(Number(values[k - 1]) - expected)).toBeLessThan(LIMIT * EPS * 2);
      }
    }
  });
});

describe('a cancelled call', () => {
  it.each(['eigh', 'svd', 'svdvals'])('%s gives up in the middle', async (name) => {
    const n = 1000;
    const memory = new WebAssembly.Memory({ initial: 4096, maximum: 4096, shared: true });
    const arena = 1 << 20;
    const [input, first, second, values, scratch] = [1, 2, 3, 4, 5].map((i) => i * (10 << 20)) as [
      number,
      number,
      number,
      number,
      number,
    ];
    new Float64Array(memory.buffer, input, n * n).set(matrixOf(generator(n), 'random', n, n).data);
    const isVectors = Number(name === 'svd');
    const args =
      name === 'eigh'
        ? [arena, 1, 1, n, input, values, first, scratch]
        : [arena, 1, 1, n, n, isVectors, 0, input, isVectors * first, values, isVectors * second, scratch];
    const flag = new Int32Array(memory.buffer, arena, 1);
    // another thread runs the export, as it blocks the one that it runs on
    const worker = new Worker(
      `const { parentPort, workerData } = require('node:worker_threads');
      const { module, memory, name, args } = workerData;
      const run = new WebAssembly.Instance(module, { env: { memory } }).exports[name];
      parentPort.on('message', () => parentPort.postMessage(run(...args)));
      parentPort.postMessage('ready');`,
      {
        eval: true,
        workerData: { module: compileBuild(machine.build), memory, name: name === 'eigh' ? 'eigh' : 'svd', args },
      },
    );
    const answer = async (): Promise<unknown> => (await once(worker, 'message'))[0];
    try {
      await answer();
      for (const delay of [10, 30]) {
        worker.postMessage('run');
        await sleep(delay);
        Atomics.store(flag, 0, 1);
        expect(await answer(), `after ${delay} ms`).toBe(CANCELLED);
        Atomics.store(flag, 0, 0);
      }
      worker.postMessage('run');
      expect(await answer()).toBe(0);
    } finally {
      await worker.terminate();
    }
  });

  it('stops in the middle of a large decomposition, and the runtime works on', async () => {
    const runtime = createRuntime({ workers: 2 });
    try {
      const n = 1000;
      const large = arrayOf(matrixOf(generator(n), 'random', n, n));
      // threads are there, and the code has been compiled
      await runtime.compute(linalg.svdvals(arrayOf(matrixOf(generator(2), 'random', 100, 100))));
      for (const delay of [20, 60]) {
        const controller = new AbortController();
        const { u, s, vt } = linalg.svd(large);
        const running = runtime.compute({ u, s, vt }, { signal: controller.signal }).then(
          () => 'done',
          (error: unknown) => error,
        );
        setTimeout(() => controller.abort(), delay);
        expect(await running).toBeInstanceOf(ComputationAbortedError);
        const next = linalg.svdvals([
          [3, 0],
          [0, -4],
        ]);
        expect(Array.from(((await runtime.compute(next)) as NDArray).data)).toEqual([4, 3]);
      }
      const again = arrayOf(matrixOf(generator(3), 'random', 150, 150));
      const { u, s, vt } = linalg.svd(again);
      const found = (await runtime.compute({ u, s, vt })) as Record<'u' | 's' | 'vt', NDArray>;
      const random = generator(4);
      isProduct(
        matrixIn(again),
        [timesDiagonal(matrixIn(found.u), Array.from(found.s.data, Number)), matrixIn(found.vt)],
        random,
        EPS,
      );
    } finally {
      await runtime.close();
    }
  });
});
