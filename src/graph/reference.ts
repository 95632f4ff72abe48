/**
 * Functions by reference: `{ url, export }` instead of source text. Such a function imports its module where it is
 * called, so a thread needs nothing but the two strings; it works in bundles and without the inspector.
 */
import { isAbsolute } from 'node:path';
import { pathToFileURL } from 'node:url';
import { ArgumentError } from '../errors.js';
import type { AnyFunction } from './node.js';

export interface Reference {
  /** An absolute module URL: file:, data:, node: … */
  readonly url: string;
  /** The name of the export; 'default' for the default one. */
  readonly export: string;
}

/** What ships a function looks here first: the reference of a function made by `reference`. */
export const REFERENCE: unique symbol = Symbol('lazuli.reference');

/** The reference that a function carries, if it was made by `reference` or `delayed.module`. */
export function referenceOf(fn: AnyFunction): Reference | undefined {
  return (fn as { readonly [REFERENCE]?: Reference })[REFERENCE];
}

/**
 * A function that imports `url` when it is first called, and calls the export. Each thread imports the module once.
 *
 * @throws ArgumentError when the URL is relative; when called, an ArgumentError if the export is not a function.
 * @example
 * const load = reference({ url: import.meta.resolve('./files.js'), export: 'load' });
 */
export function reference(to: { readonly url: string | URL; readonly export: string }): AnyFunction {
  const url = moduleUrl(to.url);
  const name = to.export;
  if (typeof name !== 'string' || name === '') {
    throw new ArgumentError(
      `reference: 'export' is ${String(name)}; expected the name of an export, such as 'default'`,
    );
  }
  let loaded: AnyFunction | undefined;
  const load = async (): Promise<AnyFunction> => {
    const module = (await import(url)) as Readonly<Record<string, unknown>>;
    const found = module[name];
    if (typeof found !== 'function') {
      const names = Object.keys(module).filter((key) => typeof module[key] === 'function');
      throw new ArgumentError(`module ${url} exports no function '${name}'; it exports ${names.join(', ') || 'none'}`);
    }
    loaded = found as AnyFunction;
    return loaded;
  };
  const fn = (...args: unknown[]): unknown => {
    return loaded === undefined ? load().then((found) => found(...args)) : loaded(...args);
  };
  Object.defineProperty(fn, 'name', { value: name });
  Object.defineProperty(fn, REFERENCE, { value: Object.freeze({ url, export: name }) });
  return fn;
}

/** @throws ArgumentError for a relative one: the caller's place is not known here. */
function moduleUrl(url: string | URL): string {
  if (url instanceof URL) return url.href;
  if (typeof url === 'string') {
    if (isAbsolute(url)) return pathToFileURL(url).href;
    if (URL.canParse(url)) return url;
  }
  throw new ArgumentError(
    `module '${String(url)}' is not an absolute URL; write new URL('./tasks.js', import.meta.url), or import.meta.resolve('a-package')`,
  );
}
