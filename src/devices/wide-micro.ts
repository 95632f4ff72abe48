/**
 * The micro-kernels compiled to 256-bit code, and whether they are worth it. V8 has an optimisation of WebAssembly that
 * fuses pairs of 128-bit operations into AVX2 ones and is off by default. Here it is on for as long as one small module
 * takes to compile (about 3 ms), together with what makes V8 optimise that module then and there: code that is optimised
 * later, when it turns out to be hot, would be made without it.
 *
 * Modules of the same bytes share their code, whatever options they were compiled with, so every compilation here adds a
 * section of its own to the bytes. This file imports nothing of lazuli: it is also what the probing process runs.
 */
import { readFileSync } from 'node:fs';
import { setFlagsFromString } from 'node:v8';

/**
 * Options of V8 and their opposites. The mask is of the functions, by their number in their module, that are optimised
 * at once: there are four. `--no-liftoff` does the same for all functions of all modules, and is what V8 14 crashes on
 * when another thread has a function of the kernels compiled meanwhile.
 */
const fuses = ['--experimental-wasm-revectorize', '--no-experimental-wasm-revectorize'] as const;
const optimizes = [
  ['--wasm-tier-mask-for-testing=15', '--wasm-tier-mask-for-testing=0'],
  ['--no-wasm-lazy-compilation', '--wasm-lazy-compilation'],
] as const;

/** The wide code must take at most this part of the plain one's time: what AVX2 gives is half or less. */
const WORTHWHILE = 0.7;

const PAGES = 16;
const [A, B, C] = [65536, 131072, 262144];
const ROWS = 6;
const ROW_BYTES = 64;
/** As long as a panel of a product is at most. */
const DEEPEST = 256;

type Micro = (steps: number, a: number, b: number, c: number, rowBytes: number) => void;
type MicroExports = Readonly<Record<string, Micro>>;

let count = 0;

function readBytes(): Uint8Array {
  return readFileSync(new URL('../wasm/micro.wasm', import.meta.url));
}

/** The bytes with an empty custom section whose name was not used before in this process. */
function unique(bytes: Uint8Array): Uint8Array {
  const name = Buffer.from(`lazuli-${++count}`);
  return Buffer.concat([bytes, Buffer.from([0, name.length + 1, name.length]), name]);
}

export interface MicroPair {
  /** Compiled as V8 would. */
  readonly plain: WebAssembly.Module;
  /** Compiled with pairs of operations fused, where V8 does that. */
  readonly wide: WebAssembly.Module;
}

/** The module compiled both ways, with all optimisation. The options of V8 are the process's: nothing else compiles. */
export function compileMicro(): MicroPair {
  const bytes = readBytes();
  const [first, second] = [unique(bytes), unique(bytes)];
  try {
    for (const [on] of optimizes) setFlagsFromString(on);
    const plain = new WebAssembly.Module(first);
    setFlagsFromString(fuses[0]);
    return { plain, wide: new WebAssembly.Module(second) };
  } finally {
    setFlagsFromString(fuses[1]);
    for (const [, off] of optimizes) setFlagsFromString(off);
  }
}

/**
 * The module compiled in the ordinary way, for what needs the arithmetic and not the speed; undefined where the engine
 * does not accept it.
 */
export function compilePlainMicro(): WebAssembly.Module | undefined {
  const bytes = readBytes();
  return WebAssembly.validate(bytes) ? new WebAssembly.Module(unique(bytes)) : undefined;
}

interface Bench {
  readonly memory: WebAssembly.Memory;
  readonly plain: MicroExports;
  readonly wide: MicroExports;
}

function benchOf({ plain, wide }: MicroPair): Bench {
  const memory = new WebAssembly.Memory({ initial: PAGES, maximum: PAGES, shared: true });
  const exportsOf = (module: WebAssembly.Module): MicroExports =>
    new WebAssembly.Instance(module, { env: { memory } }).exports as MicroExports;
  return { memory, plain: exportsOf(plain), wide: exportsOf(wide) };
}

/** The same numbers in every process: a linear congruence, with what is special among numbers strewn in. */
function* numbers(): Generator<number, never> {
  const special = [0, -0, 1e-310, -1e-42, Number.POSITIVE_INFINITY, 1e30, -1e-30, Number.NaN];
  for (let state = 12345, i = 0; ; i++) {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    yield i % 61 === 60 ? (special[(i / 61) & 7] as number) : state / 2 ** 32 - 0.5;
  }
}

/**
 * Whether the wide code's products of random panels are the plain one's, to the bit (both multiply and add in one step,
 * in the same order): every kernel, all depths around the unrolling, several distances between the rows of C, and
 * nothing written beside them.
 */
export function agrees(pair: MicroPair): boolean {
  const { memory, plain, wide } = benchOf(pair);
  const source = numbers();
  for (const [name, item] of kernels) {
    const floats = (at: number, length: number): Float64Array | Float32Array =>
      item === 8 ? new Float64Array(memory.buffer, at, length) : new Float32Array(memory.buffer, at, length);
    for (const steps of [1, 2, 3, 4, 5, 6, 7, 8, 9, 31, 64, 101, DEEPEST]) {
      for (const rowBytes of [ROW_BYTES, ROW_BYTES + item, 1000]) {
        fill(floats(A, ROWS * steps), source);
        fill(floats(B, (ROW_BYTES / item) * steps), source);
        const at = C + item * (steps % 5);
        const out = floats(C, (rowBytes * ROWS) / item + 64);
        fill(out, source);
        const before = out.slice();
        (plain[name] as Micro)(steps, A, B, at, rowBytes);
        const expected = out.slice();
        out.set(before);
        (wide[name] as Micro)(steps, A, B, at, rowBytes);
        if (!out.every((value, i) => Object.is(value, expected[i]))) return false;
      }
    }
  }
  return true;
}

/** Each with the bytes of its numbers. */
const kernels = [
  ['setF64', 8],
  ['addF64', 8],
  ['setF32', 4],
  ['addF32', 4],
] as const;

function fill(array: Float64Array | Float32Array, source: Iterator<number, never>): void {
  for (let i = 0; i < array.length; i++) array[i] = source.next().value;
}

/** Whether the wide code is the faster one, for both kinds of numbers: the least of many short times, alternating. */
export function isWorthwhile(pair: MicroPair): boolean {
  const { memory, plain, wide } = benchOf(pair);
  new Uint8Array(memory.buffer).fill(0);
  return ['addF64', 'addF32'].every((name) => {
    const best = [Number.POSITIVE_INFINITY, Number.POSITIVE_INFINITY];
    for (let round = 0; round < 40; round++) {
      [plain, wide].forEach((exports, which) => {
        const micro = exports[name] as Micro;
        const start = performance.now();
        for (let i = 0; i < 8; i++) micro(DEEPEST, A, B, C, ROW_BYTES);
        best[which] = Math.min(best[which] as number, performance.now() - start);
      });
    }
    return (best[1] as number) < WORTHWHILE * (best[0] as number);
  });
}
