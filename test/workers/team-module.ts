/**
 * Kernels for tests of shared loops, compiled here from assembly/team.ts and a few exports that no package should have.
 * Each takes the arena first and answers with a status, as all exports do.
 */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('../../', import.meta.url));

const source = `
import { parallelFor } from './assembly/team';
export { assist } from './assembly/team';
export { heapBase } from './assembly/arena';

// count[i] += 1 and sum[i] += i, the loop as often as asked for; helped[i] is how often another thread than the leader's ran it.
function countBody(work: usize, index: i32, context: usize): void {
  const cell = <usize>load<i32>(context) + 16 * <usize>index;
  store<i32>(cell, load<i32>(cell) + 1);
  store<i32>(cell + 4, load<i32>(cell + 4) + index);
  if (work + 64 != context) store<i32>(cell + 8, load<i32>(cell + 8) + 1);
  const spins = load<i32>(context, 4);
  let x: f64 = 1;
  for (let i = 0; i < spins; i++) x = x * 1.0000001 + 1e-9;
  store<f32>(cell + 12, <f32>x);
}
export function count(work: usize, cells: usize, n: i32, loops: i32, spins: i32, pause: i32): i32 {
  const context = work + 64;
  store<i32>(context, <i32>cells);
  store<i32>(context, spins, 4);
  for (let loop = 0; loop < loops; loop++) {
    if (!parallelFor(work, n, countBody.index, context)) return -1;
    let x: f64 = 1;
    for (let i = 0; i < pause; i++) x = x * 1.0000001 + 1e-9;
    store<f64>(context, x, 16);
    // What one loop wrote the next statement sees.
    for (let i = 0; i < n; i++) if (load<i32>(cells + 16 * <usize>i) <= loop) return 9;
  }
  return 0;
}

// Traps at one index. The gate holds the leader's other iterations until somebody has been there.
function trapBody(work: usize, index: i32, context: usize): void {
  if (index == load<i32>(context, 4)) {
    atomic.store<i32>(<usize>load<i32>(context), 1);
    unreachable();
  }
}
export function trap(work: usize, n: i32, at: i32, gate: usize): i32 {
  store<i32>(work + 64, <i32>gate);
  store<i32>(work + 64, at, 4);
  parallelFor(work, n, trapBody.index, work + 64);
  return 0;
}

// Two iterations that wait for each other, so that two threads run them; then each waits at a gate of its own. The
// leader's arena and gate are words 0 and 2, the helper's 1 and 3.
function meetBody(work: usize, index: i32, context: usize): void {
  const cells = <usize>load<i32>(context);
  const isHelper = <usize>(work + 64 != context);
  atomic.store<i32>(cells + 4 * isHelper, <i32>work);
  while (atomic.load<i32>(cells + 4 * (1 - isHelper)) == 0) {}
  while (atomic.load<i32>(cells + 8 + 4 * isHelper) == 0) {}
}
export function meet(work: usize, cells: usize): i32 {
  store<i32>(work + 64, <i32>cells);
  return parallelFor(work, 2, meetBody.index, work + 64) ? 0 : -1;
}

// A loop that ends only when the task is cancelled.
function endlessBody(work: usize, index: i32, context: usize): void {
  atomic.add<i32>(<usize>load<i32>(context), 1);
}
export function endless(work: usize, cell: usize): i32 {
  store<i32>(work + 64, <i32>cell);
  return parallelFor(work, 0x7fffffff, endlessBody.index, work + 64) ? 0 : -1;
}

// A loop in a loop.
function innerBody(work: usize, index: i32, context: usize): void {
  atomic.add<i32>(context, 1);
}
function outerBody(work: usize, index: i32, context: usize): void {
  parallelFor(work, 10, innerBody.index, <usize>load<i32>(context));
}
export function nested(work: usize, n: i32, cell: usize): i32 {
  store<i32>(work + 64, <i32>cell);
  return parallelFor(work, n, outerBody.index, work + 64) ? 0 : -1;
}

// The body is generated code.
export function generated(work: usize, body: i32, n: i32, cells: usize): i32 {
  return parallelFor(work, n, body, cells) ? 0 : -1;
}

// The sum of n float64s, in order.
export function sumBlock(work: usize, block: usize, n: i32, out: usize): i32 {
  let sum: f64 = 0;
  for (let i = 0; i < n; i++) sum += load<f64>(block + 8 * <usize>i);
  store<f64>(out, sum);
  return 0;
}

// For generated code to import.
export function triple(x: f64): f64 {
  return 3 * x;
}
`;

/** The part of the compiler's interface that is used here: its own types declare globals of another language. */
interface Compiler {
  main(
    args: readonly string[],
    host: {
      readFile: (name: string) => string | null;
      writeFile: (name: string, contents: Uint8Array<ArrayBuffer>) => void;
      listFiles: () => string[];
    },
  ): Promise<{ readonly error: Error | null; readonly stderr: { toString(): string } }>;
}

/** The exports' places in the module, in its order. */
export interface TeamModule {
  readonly module: WebAssembly.Module;
  readonly place: (name: string) => number;
  /** Where free memory begins: every new instance writes the module's constants below it. */
  readonly base: number;
}

let compiled: Promise<TeamModule> | undefined;

/** Compiled once; that takes seconds. */
export function teamModule(): Promise<TeamModule> {
  compiled ??= compile();
  return compiled;
}

async function compile(): Promise<TeamModule> {
  const { default: asc } = (await import('assemblyscript/asc' as string)) as { readonly default: Compiler };
  let bytes: Uint8Array<ArrayBuffer> | undefined;
  const options = ['--runtime', 'stub', '--importMemory', '--sharedMemory', '--initialMemory', '16', '--maximumMemory'];
  const features = ['--enable', 'simd', '--enable', 'threads', '--enable', 'bulk-memory'];
  const { error, stderr } = await asc.main(
    ['team-test.ts', ...options, '65536', '--exportTable', '-O2', '--use', 'abort=', '-o', 'out.wasm', ...features],
    {
      readFile: (name) => {
        if (name === 'team-test.ts') return source;
        try {
          return readFileSync(join(root, name), 'utf8');
        } catch {
          return null;
        }
      },
      writeFile: (_name, contents) => {
        bytes = contents;
      },
      listFiles: () => [],
    },
  );
  if (error !== null || bytes === undefined) throw new Error(`asc: ${stderr.toString()}`);
  const module = new WebAssembly.Module(bytes);
  const names = WebAssembly.Module.exports(module).map(({ name }) => name);
  const memory = new WebAssembly.Memory({ initial: 16, maximum: 65536, shared: true });
  const { heapBase } = new WebAssembly.Instance(module, { env: { memory } }).exports as { heapBase: () => number };
  return { module, place: (name) => names.indexOf(name), base: heapBase() };
}

/** A generated module: `run` stores factor × (index + 1), tripled by the kernel module, at cells[index]. */
export async function generatedModule(factor: number): Promise<Uint8Array<ArrayBuffer>> {
  const { default: binaryen } = await import('binaryen');
  const module = binaryen.parseText(`
  (module
    (import "env" "memory" (memory 1 65536 shared))
    (import "env" "triple" (func $triple (param f64) (result f64)))
    (func (export "run") (param $work i32) (param $index i32) (param $cells i32)
      (f64.store (i32.add (local.get $cells) (i32.shl (local.get $index) (i32.const 3)))
        (call $triple (f64.mul (f64.const ${factor})
          (f64.convert_i32_s (i32.add (local.get $index) (i32.const 1))))))))`);
  module.setFeatures(binaryen.Features.All);
  const bytes = module.emitBinary() as Uint8Array<ArrayBuffer>;
  module.dispose();
  return bytes;
}
