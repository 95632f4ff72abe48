/**
 * What an instance of the kernels is made from: the module, and for the build that imports its micro-kernels (see
 * devices/revectorize.ts) the small module that has them. Both are compiled once, on the main thread, and posted.
 */

/** A micro-kernel module; a later one, of the same arithmetic, has a higher version. */
export interface MicroCode {
  readonly module: WebAssembly.Module;
  readonly version: number;
}

export interface KernelCode {
  readonly module: WebAssembly.Module;
  /** The newest micro-kernels, for the build that imports them. */
  readonly micro?: (() => MicroCode) | undefined;
}

/** The name under which the kernels import them, as in assembly/micro.ts. */
const MICRO = 'micro';

/** Whether a module wants micro-kernels from outside. */
export function importsMicro(module: WebAssembly.Module): boolean {
  return WebAssembly.Module.imports(module).some((wanted) => wanted.module === MICRO);
}

/** The exports of an instance over `memory`, with its micro-kernels where it imports them. @throws LinkError */
export function instantiateKernels(
  module: WebAssembly.Module,
  memory: WebAssembly.Memory,
  micro: WebAssembly.Module | undefined,
): Readonly<Record<string, unknown>> {
  const env = { memory };
  if (micro === undefined) return new WebAssembly.Instance(module, { env }).exports;
  const { exports } = new WebAssembly.Instance(micro, { env });
  return new WebAssembly.Instance(module, { env, [MICRO]: exports }).exports;
}
