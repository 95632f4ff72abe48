/**
 * gpu.js as it is used here: what of it is called, loaded when the first function in its form is made, and what its three
 * translations of such a function (WGSL, WebAssembly, JavaScript) have in common. Its methods that begin with an underscore
 * are its own affair: a test in test/kernels/gpu-js.test.ts says what is relied on.
 */
import { createRequire } from 'node:module';

/** An argument as a translation sees it: an array, a number that is in an array of its own, or a number. */
export type ArgumentKind = 'array' | 'scalar' | 'number';

/** What a translation depends on. */
export interface Source {
  /** What the kernel is called in errors. */
  readonly where: string;
  readonly text: string;
  /** gpu.js's order: x, y, z. */
  readonly output: readonly number[];
  readonly constants: Readonly<Record<string, number>>;
  readonly kinds: readonly ArgumentKind[];
}

type Nested = Float32Array | number | readonly Nested[];

/** An argument by its place, with its name in the translated code. */
export interface Placed {
  readonly index: number;
  readonly name: string;
}

/** A translation to WGSL. */
export interface WgslKernel {
  readonly compiledSource: string;
  readonly componentCount: number;
  readonly workgroupSize: readonly [number, number, number];
  readonly paramsLayout: {
    readonly randomSeedOffset: number | null;
    readonly arrayArgs: readonly Placed[];
    readonly scalarArgs: readonly Placed[];
  };
  build(...args: unknown[]): unknown;
  _buildAsync(): Promise<void>;
}

/** Where its WebAssembly finds arguments and the result: bytes from the start of its memory. */
export interface ModuleLayout {
  readonly arrays: Readonly<Record<string, ModuleArray>>;
  readonly scalars: Readonly<
    Record<string, { readonly index: number; readonly offset: number; readonly type: string }>
  >;
  readonly constantArrays: Readonly<Record<string, never>>;
  readonly outputOffset: number;
}

export interface ModuleArray {
  readonly index: number;
  readonly offset: number;
  /** Lengths along x, y, z, and their product. */
  readonly dims: readonly number[];
  readonly flatLength: number;
}

/** A translation to WebAssembly. */
export interface ModuleKernel {
  readonly componentCount: number;
  readonly argumentNames: readonly string[];
  readonly fallbackReason: string | null;
  onRequestFallback: () => void;
  build(...args: unknown[]): unknown;
  computeLayout(): ModuleLayout;
  _assembleModule(layout: ModuleLayout, cells: number, shared: boolean): { readonly bytes: Uint8Array };
  _instantiate(): void;
}

/** A kernel that gpu.js runs itself. */
export type Run = (...args: unknown[]) => Nested;

export interface Library {
  readonly WebGPUKernel: new (source: string, settings: object) => WgslKernel;
  readonly WebAssemblyKernel: new (source: string, settings: object) => ModuleKernel;
  readonly GPU: new (settings: object) => { createKernel(source: string, settings: object): Run; destroy(): unknown };
  readonly input: (data: Float32Array, size: readonly number[]) => unknown;
}

let library: Library | undefined;

export function load(): Library {
  library ??= createRequire(import.meta.url)('gpu.js') as Library;
  return library;
}

/** As many iterations as a counter holds: by default gpu.js ends loops after a thousand without a word. */
const MOST_ITERATIONS = 2 ** 31 - 1;

export function settingsOf({ output, constants, kinds }: Source): object {
  return {
    output: [...output],
    constants,
    constantTypes: Object.fromEntries(Object.keys(constants).map((name) => [name, 'Float'])),
    argumentTypes: kinds.map((kind) => (kind === 'array' ? 'Input' : 'Float')),
    loopMaxIterations: MOST_ITERATIONS,
  };
}

/** Arguments from which a translation learns no more than their kinds. */
export function examplesOf(kinds: readonly ArgumentKind[]): unknown[] {
  const { input } = load();
  return kinds.map((kind) => (kind === 'array' ? input(new Float32Array(1), [1]) : 0));
}

/** Kept of each kind; more are made again. */
const MOST_KEPT = 256;

export function kept<T>(map: Map<string, T>, key: string, make: () => T): T {
  let found = map.get(key);
  if (found === undefined) {
    found = make();
    if (map.size >= MOST_KEPT) map.delete(map.keys().next().value!);
    map.set(key, found);
  }
  return found;
}
