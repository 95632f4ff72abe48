/**
 * Functions in gpu.js's form as WebAssembly by gpu.js, on arrays of the heap: each call is cut into pieces that idle threads
 * share. What its code depends on are the lengths of the arrays; numbers are given with each call.
 */
import { sizeOf } from '../../array/ndarray.js';
import type { GeneratedCode } from '../contract.js';
import { HEAD, WORD } from './driver.js';
import {
  type ArgumentKind,
  examplesOf,
  kept,
  load,
  type ModuleArray,
  type ModuleLayout,
  type Source,
  settingsOf,
} from './library.js';
import { relocated, STRIDE } from './relocate.js';
import { sourceError } from './translate.js';

/** A translation, or why there is none. */
export type Translation = { readonly code: GeneratedCode } | { readonly why: string };

const translations = new Map<string, Translation>();

/** The function for arrays of these lengths (along x, y and z; of numbers, none). */
export function translationOf(source: Source, lengths: readonly (readonly number[])[]): Translation {
  const { text, output, constants, kinds } = source;
  const key = `gpu.js ${JSON.stringify([text, output, constants, kinds, lengths])}`;
  return kept(translations, key, () => translate(source, lengths, key));
}

function translate(source: Source, lengths: readonly (readonly number[])[], key: string): Translation {
  const { WebAssemblyKernel } = load();
  const { kinds, output } = source;
  let assembled: Uint8Array | undefined;
  class Translator extends WebAssemblyKernel {
    /** Arguments where `relocated` expects them. */
    override computeLayout(): ModuleLayout {
      return layoutOf(this.argumentNames, kinds, lengths);
    }

    /** It is not to run there. */
    override _instantiate(): void {
      assembled = this._assembleModule(this.computeLayout(), sizeOf(output), true).bytes;
    }
  }
  let components: number;
  try {
    const made = new Translator(source.text, settingsOf(source));
    made.onRequestFallback = () => {};
    made.build(...examplesOf(kinds));
    if (assembled === undefined) return { why: `gpu.js says: ${made.fallbackReason}` };
    components = made.componentCount;
  } catch (error) {
    return { why: sourceError(source, error).message };
  }
  const sizes = lengths.map((list) => sizeOf(list));
  try {
    const bytes = relocated(assembled, { kinds, sizes, cells: sizeOf(output), row: output[0]!, components });
    return { code: { key, bytes: () => bytes } };
  } catch (error) {
    return { why: `gpu.js's WebAssembly cannot be used here: ${(error as Error).message}` };
  }
}

/** Operations of a piece, some 100 µs; and the most pieces of a call. */
const PIECE = 2e5;
const MOST_PIECES = 1024;

/** How many elements of the result a piece has: whole fours of them, the same for any number of threads. */
export function pieceOf(cells: number, flops: number): number {
  return 4 * Math.ceil(Math.max(PIECE / Math.max(1, flops), cells / MOST_PIECES) / 4);
}

/** Bytes of the context of a call with so many arguments. */
export const contextBytes = (args: number): number => Math.ceil(((HEAD + args + 1) * WORD) / 64) * 64;

function layoutOf(
  names: readonly string[],
  kinds: readonly ArgumentKind[],
  lengths: readonly (readonly number[])[],
): ModuleLayout {
  const arrays: Record<string, ModuleArray> = {};
  const scalars: Record<string, ModuleLayout['scalars'][string]> = {};
  names.forEach((name, index) => {
    const offset = index * STRIDE;
    const dims = lengths[index]!;
    if (kinds[index] === 'array') arrays[name] = { index, offset, dims, flatLength: sizeOf(dims) };
    else scalars[name] = { index, offset, type: 'Float' };
  });
  return { arrays, scalars, constantArrays: {}, outputOffset: names.length * STRIDE };
}
