/** Loads generated code into an instance of the kernel module, as a thread does: once, into a place of its table. */
/// <reference path="../../src/webassembly.d.ts" />
import type { KernelExports } from '../../dist/devices/wasm-module.js';
import type { GeneratedCode } from '../../dist/kernels/contract.js';

/** Code by key for one instance. */
export class CodeTable {
  readonly #exports: KernelExports;
  readonly #memory: WebAssembly.Memory;
  readonly #indices = new Map<string, number>();

  constructor(exports: KernelExports, memory: WebAssembly.Memory) {
    this.#exports = exports;
    this.#memory = memory;
  }

  /** How many modules were made. */
  get size(): number {
    return this.#indices.size;
  }

  /** The index of the code in the table. */
  load(code: GeneratedCode): number {
    const known = this.#indices.get(code.key);
    if (known !== undefined) return known;
    const { exports } = new WebAssembly.Instance(new WebAssembly.Module(code.bytes()), {
      env: { ...(this.#exports as object), memory: this.#memory },
    });
    type Table = { grow(by: number): number; set(index: number, value: unknown): void };
    const { table } = this.#exports as unknown as { readonly table: Table };
    const index = table.grow(1);
    table.set(index, (exports as { readonly run: unknown }).run);
    this.#indices.set(code.key, index);
    return index;
  }
}
