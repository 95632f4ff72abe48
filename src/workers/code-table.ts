/**
 * Generated code on one thread. The table of the kernel module's instance has the same functions at the same places on
 * every thread, so an index says everywhere the same; generated functions follow behind those of the module. Their
 * bytes lie on the heap, and whoever first needs one compiles it: the engine finds by the bytes that another thread has
 * compiled them already, so that costs some 10 µs.
 */
import type { CodePlace } from './team.js';

/** Functions of Math that generated code may import, as `math_sin`: they take and answer numbers of any kind. */
const mathematics = Object.fromEntries(
  Object.getOwnPropertyNames(Math).flatMap((name) => {
    const value: unknown = Math[name as keyof Math];
    return typeof value === 'function' ? [[`math_${name}`, value]] : [];
  }),
) as Record<string, (...numbers: number[]) => number>;

export class CodeTable {
  readonly #exports: Readonly<Record<string, unknown>>;
  readonly #memory: WebAssembly.Memory;
  readonly #table: WebAssembly.Table | undefined;
  readonly #base: number;
  readonly #loaded = new Set<number>();
  /** The code at each place behind the base. */
  readonly #ids: number[] = [];

  /** @param exports of the instance of the kernel module */
  constructor(exports: Readonly<Record<string, unknown>>, memory: WebAssembly.Memory) {
    this.#exports = exports;
    this.#memory = memory;
    this.#table = exports.table as WebAssembly.Table | undefined;
    this.#base = this.#table?.length ?? 0;
  }

  has(id: number): boolean {
    return this.#loaded.has(id);
  }

  /** Where in the table the function at this place is. */
  at(index: number): number {
    return this.#base + index;
  }

  /**
   * Puts the code into the table, in the place of what was there; what that was is not used by anybody.
   * @param isStill said after the bytes were read: false when they may have been others
   * @throws WebAssembly.CompileError, WebAssembly.LinkError
   */
  load({ id, index, address, bytes }: CodePlace, isStill: () => boolean = () => true): boolean {
    if (this.#loaded.has(id)) return true;
    const table = this.#table;
    if (table === undefined) throw new WebAssembly.LinkError('the module exports no table for generated code');
    const { buffer } = this.#memory;
    if (!isStill() || address + bytes > buffer.byteLength) return false;
    const copy = new Uint8Array(buffer, address, bytes).slice();
    if (!isStill()) return false;
    const { exports } = new WebAssembly.Instance(new WebAssembly.Module(copy), {
      env: { ...mathematics, ...this.#exports, memory: this.#memory },
    });
    if (table.length <= this.#base + index) table.grow(this.#base + index + 1 - table.length);
    table.set(this.#base + index, exports.run as () => void);
    const old = this.#ids[index];
    if (old !== undefined) this.#loaded.delete(old);
    this.#ids[index] = id;
    this.#loaded.add(id);
    return true;
  }
}
