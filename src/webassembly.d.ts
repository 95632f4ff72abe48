/**
 * The part of the WebAssembly JavaScript interface that lazuli uses: TypeScript declares it for browsers only (lib
 * "dom"), and @types/node does not.
 */
declare namespace WebAssembly {
  class Module {
    constructor(bytes: ArrayBufferView | ArrayBufferLike);
    static imports(module: Module): { readonly module: string; readonly name: string; readonly kind: string }[];
    static exports(module: Module): { readonly name: string; readonly kind: string }[];
  }

  class Instance {
    constructor(module: Module, imports?: Readonly<Record<string, Readonly<Record<string, unknown>>>>);
    readonly exports: Readonly<Record<string, unknown>>;
  }

  class Memory {
    constructor(descriptor: { initial: number; maximum?: number; shared?: boolean });
    /** A SharedArrayBuffer where the memory is shared; a new object after the memory grew. */
    readonly buffer: ArrayBufferLike;
    /** Adds pages of 64 KiB; answers how many there were. */
    grow(pages: number): number;
  }

  class Table {
    readonly length: number;
    /** Adds empty places; answers how many there were. */
    grow(places: number): number;
    set(index: number, value: unknown): void;
  }

  class CompileError extends Error {}

  class LinkError extends Error {}

  function validate(bytes: ArrayBufferView | ArrayBufferLike): boolean;
}
