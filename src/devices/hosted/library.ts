/**
 * What a library that computes on the host looks like from the thread it lives in, and what travels between that thread
 * and the device on the main thread. The calls of such libraries block the thread they are made on for as long as they
 * compute, which the main thread must not: so each library has a thread of its own, which sees the heap and copies.
 */
import type { TypedArray } from '../../array/dtype.js';
import type { ArraySpec } from '../../array/ndarray.js';
import type { KernelParams } from '../../kernels/contract.js';

/** A row-major array of the heap: its elements, all of them and no others. */
export interface HostedArray extends ArraySpec {
  readonly data: TypedArray;
}

/** A call as the thread gets it: kernels are known there by their names. */
export interface HostedCall {
  readonly id: number;
  readonly kernel: string;
  readonly params: KernelParams;
  readonly inputs: readonly HostedArray[];
  readonly outputs: readonly HostedArray[];
}

/** A loaded library. */
export interface HostedLibrary {
  /** Computes a call and writes its outputs. */
  run(call: HostedCall): Promise<void> | void;
  /** Gives back what it holds. */
  close(): Promise<void> | void;
}

/** Where the package was found, and how many threads it may use. */
export interface LibraryOptions {
  /** What to load: an absolute path. */
  readonly entry: string;
  readonly threads: number;
}

/** What the module of a library exports. */
export interface LibraryModule {
  /** Loads it, in the calling thread. @throws Error saying why it cannot be loaded */
  load(options: LibraryOptions): Promise<HostedLibrary>;
}

/** What a thread is started with. */
export interface HostData extends LibraryOptions {
  /** The URL of the LibraryModule. */
  readonly module: string;
}

export type ToHost = { readonly kind: 'calls'; readonly calls: readonly HostedCall[] } | { readonly kind: 'close' };

/** The end of a call; times in milliseconds since the epoch. */
export interface Ended {
  readonly id: number;
  readonly error: Failure | undefined;
  readonly start: number;
  readonly end: number;
}

export interface Failure {
  readonly name: string;
  readonly message: string;
  readonly stack?: string | undefined;
}

export type FromHost =
  | { readonly kind: 'ready' }
  | { readonly kind: 'failed'; readonly error: Failure }
  | { readonly kind: 'ended'; readonly ended: Ended };
