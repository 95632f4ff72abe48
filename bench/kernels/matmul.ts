/**
 * The matrix product, one thread: ours against its own micro-kernel running alone in cache (what the packing, the
 * edges and the memory may cost) and against ml-matrix. Results are checked before anything is timed. Times are CPU
 * times of this process, so that other processes on the same cores do not count; medians.
 *
 *     npm run build && npx tsx bench/kernels/matmul.ts
 */
import { Matrix } from 'ml-matrix';
import { chosenBuild, compileKernels, instantiate } from '../../dist/devices/wasm-module.js';
import { SCRATCH_BYTES } from '../../dist/kernels/contract.js';

const sizes = [64, 128, 256, 384, 512, 768, 1024];
const largestRival = 1024;

const memory = new WebAssembly.Memory({ initial: 1024, maximum: 65536, shared: true });
const exports = instantiate(compileKernels(), memory);
const arena = exports.heapBase!();
const start = arena + SCRATCH_BYTES;

/** Seconds of CPU time that this process used while `work` ran. */
function cpuSeconds(work: () => void): number {
  const before = process.cpuUsage();
  work();
  const { user, system } = process.cpuUsage(before);
  return (user + system) / 1e6;
}

/** Median seconds of one call: 7 timings of as many calls as take 10 ms, after a warm-up. */
function median(work: () => void): number {
  work();
  const repeats = Math.max(1, Math.ceil(0.01 / Math.max(cpuSeconds(work), 1e-6)));
  const times = Array.from({ length: 7 }, () => {
    const seconds = cpuSeconds(() => {
      for (let i = 0; i < repeats; i++) work();
    });
    return seconds / repeats;
  });
  return times.sort((x, y) => x - y)[3]!;
}

/** GFLOP/s of the micro-kernel alone. */
function microKernel(wide: boolean): number {
  const rounds = 2000;
  const multiplyAdds = (wide ? 48 : 96) * 256 * rounds;
  return (2 * multiplyAdds) / median(() => exports.microKernel!(arena, wide ? 1 : 0, rounds, 256)) / 1e9;
}

/** GFLOP/s of n × n products, checked against plain sums at 100 places. */
function product(n: number, wide: boolean): number {
  const bytes = n * n * (wide ? 8 : 4);
  const view = (at: number) =>
    wide ? new Float64Array(memory.buffer, at, n * n) : new Float32Array(memory.buffer, at, n * n);
  const [a, b, c] = [start, start + bytes, start + 2 * bytes];
  const [x, y, z] = [a, b, c].map(view);
  for (let i = 0; i < n * n; i++) {
    x![i] = Math.random() - 0.5;
    y![i] = Math.random() - 0.5;
  }
  const run = (): void => {
    exports.matmul!(arena, wide ? 1 : 0, n, n, n, a!, 0, b!, 0, c!);
  };
  run();
  for (let check = 0; check < 100; check++) {
    const i = Math.floor(Math.random() * n);
    const j = Math.floor(Math.random() * n);
    let sum = 0;
    for (let k = 0; k < n; k++) sum += x![i * n + k]! * y![k * n + j]!;
    if (!(Math.abs(sum - z![i * n + j]!) < n * (wide ? 2 ** -52 : 2 ** -23))) throw new Error(`wrong product at ${n}`);
  }
  return (2 * n ** 3) / median(run) / 1e9;
}

function mlMatrix(n: number): number {
  const a = Matrix.random(n, n);
  const b = Matrix.random(n, n);
  return (2 * n ** 3) / median(() => a.mmul(b)) / 1e9;
}

/** Median of rounds in which ours, the micro-kernel and the rival alternate, so that noise meets all of them. */
function alternate(n: number): { f64: number; f32: number; micro64: number; micro32: number; rival: number } {
  const rounds = Array.from({ length: 3 }, () => ({
    f64: product(n, true),
    micro64: microKernel(true),
    f32: product(n, false),
    micro32: microKernel(false),
    rival: n <= largestRival ? mlMatrix(n) : Number.NaN,
  }));
  const middle = (key: keyof (typeof rounds)[number]): number =>
    rounds.map((round) => round[key]).sort((a, b) => a - b)[1]!;
  return {
    f64: middle('f64'),
    f32: middle('f32'),
    micro64: middle('micro64'),
    micro32: middle('micro32'),
    rival: middle('rival'),
  };
}

console.log(`Node ${process.version}, build '${chosenBuild()}', GFLOP/s on one thread\n`);
console.log('| n | float64 | of its micro-kernel | ml-matrix | × ml-matrix | float32 | of its micro-kernel |');
console.log('|---|---|---|---|---|---|---|');
for (const n of sizes) {
  const { f64, f32, micro64, micro32, rival } = alternate(n);
  const cells = [
    f64.toFixed(1),
    (f64 / micro64).toFixed(2),
    rival.toFixed(2),
    (f64 / rival).toFixed(1),
    f32.toFixed(1),
    (f32 / micro32).toFixed(2),
  ];
  console.log(`| ${n} | ${cells.join(' | ')} |`);
}
