/**
 * What travels to a thread and back: a parcel, which is a table of entries that refer to each other by index, so that
 * cycles, shared objects and mutually recursive functions keep their identity. Everything in it is structured-cloneable.
 * A shipment is a parcel with one function at its root and an id that is a hash of its content.
 */
import type { DType, TypedArray } from '../array/dtype.js';

/** An index into `Parcel.entries`. */
export type Ref = number;

/** An error as plain data: class name, message, stack, cause and own properties. */
export interface ErrorWire {
  readonly name: string;
  readonly message: string;
  readonly stack: string | undefined;
  readonly code?: unknown;
  readonly cause?: ErrorWire | { readonly value: unknown };
  readonly errors?: readonly (ErrorWire | { readonly value: unknown })[];
  readonly properties?: Readonly<Record<string, unknown>>;
}

/** A function or class by its source text. */
export interface FunctionEntry {
  readonly kind: 'function';
  /** An expression whose value is the function. */
  readonly code: string;
  readonly name: string;
  readonly isClass: boolean;
  readonly isStrict: boolean;
  /** The script it comes from and the place of `code` in it, for stack traces and relative imports. */
  readonly url: string;
  readonly line: number;
  readonly column: number;
  /** Captured variables and what they stand for. */
  readonly names: readonly string[];
  readonly refs: readonly Ref[];
  /** Own enumerable properties of the function object. */
  readonly keys: readonly string[];
  readonly values: readonly Ref[];
  /** The name by which both sides know this class, so that its instances can travel. */
  readonly tag?: string;
}

/** A binding of a module, imported by the thread. `name` is '*' for the namespace. */
export interface ImportEntry {
  readonly kind: 'import';
  readonly specifier: string;
  /** The module relative to which `specifier` is resolved. */
  readonly base: string;
  readonly name: string;
  /** Loaded by `require`: `specifier` is a `file:` URL, and the namespace is `module.exports`. */
  readonly isCommon?: true;
  readonly tag?: string;
}

export type Entry =
  | { readonly kind: 'data'; readonly value: unknown }
  | { readonly kind: 'array'; readonly items: Ref[] }
  | {
      readonly kind: 'object';
      readonly keys: string[];
      readonly refs: Ref[];
      readonly accessors: [key: string, get: Ref, set: Ref][];
    }
  | { readonly kind: 'map'; readonly keys: Ref[]; readonly values: Ref[] }
  | { readonly kind: 'set'; readonly items: Ref[] }
  | {
      readonly kind: 'ndarray';
      readonly data: TypedArray;
      readonly shape: readonly number[];
      readonly strides: readonly number[];
      readonly offset: number;
      readonly dtype: DType;
    }
  | { readonly kind: 'buffer'; readonly data: Uint8Array }
  | { readonly kind: 'url'; readonly href: string }
  | { readonly kind: 'error'; readonly error: ErrorWire }
  | { readonly kind: 'symbol'; readonly description: string | undefined; readonly registered: boolean }
  /** An instance of a class that travels beside it (to a thread), or that both sides know by a tag (back). */
  | { readonly kind: 'instance'; readonly of: Ref | string; readonly keys: string[]; readonly refs: Ref[] }
  | FunctionEntry
  | { readonly kind: 'bound'; readonly target: Ref; readonly self: Ref; readonly args: Ref[] }
  | ImportEntry
  | { readonly kind: 'builtin'; readonly id: string; readonly name: string }
  | { readonly kind: 'global'; readonly path: readonly string[] }
  /** A class of lazuli's that arrays and their like are instances of: each side has its own. */
  | { readonly kind: 'own'; readonly name: 'NDArray' }
  /** `require` or `import()` as they work in the module `base`; 'vite' is Vitest's form of the latter. */
  | { readonly kind: 'loader'; readonly how: 'require' | 'import' | 'vite'; readonly base: string };

export interface Parcel {
  readonly entries: readonly Entry[];
  readonly root: Ref;
}

/** A function on its way to threads. Two shipments with one id are the same function with the same captured data. */
export interface Shipment extends Parcel {
  readonly id: string;
  /** The function's name, for messages. */
  readonly name: string;
}
