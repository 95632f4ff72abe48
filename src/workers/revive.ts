/**
 * Values arriving from the other side of a thread boundary, rebuilt from a parcel. Modules are imported first, all of
 * them, so that the rest is synchronous; functions are evaluated before what they capture, so that cycles close, and
 * classes after it, since `extends` and static fields need it at once.
 */
import { existsSync } from 'node:fs';
import { createRequire } from 'node:module';
import { resolve } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { constants, Script } from 'node:vm';
import { NDArray } from '../array/ndarray.js';
import type { AnyFunction } from '../graph/node.js';
import { classOf, noteTag } from './class-tags.js';
import { reviveError } from './error-wire.js';
import type { Entry, FunctionEntry, ImportEntry, Parcel, Ref } from './shipment.js';

type Namespace = Readonly<Record<string, unknown>>;

/** What imports gave, by the entry that asked; an import that failed gives its error when it is needed. */
type Imports = ReadonlyMap<Entry, { readonly namespace: Namespace } | { readonly error: unknown }>;

const noImports: Imports = new Map();

/** A reviver for a table of entries; a promise of one where modules have to be imported first. Never rejects. */
export function reviverOf(entries: readonly Entry[]): Reviver | Promise<Reviver> {
  const needed = entries.some((entry) => entry.kind === 'import' || entry.kind === 'builtin');
  return needed ? importAll(entries).then((imports) => new Reviver(entries, imports)) : new Reviver(entries, noImports);
}

/** Revives a parcel that needs no imports. @throws what stands in the way */
export function revive(parcel: Parcel): unknown {
  return new Reviver(parcel.entries, noImports).value(parcel.root);
}

async function importAll(entries: readonly Entry[]): Promise<Imports> {
  const imports = new Map<Entry, { namespace: Namespace } | { error: unknown }>();
  for (const entry of entries) {
    if (entry.kind !== 'import' && entry.kind !== 'builtin') continue;
    try {
      const namespace = entry.kind === 'import' ? await importFrom(entry) : ((await import(entry.id)) as Namespace);
      imports.set(entry, { namespace });
    } catch (error) {
      imports.set(entry, { error });
    }
  }
  return imports;
}

const importers = new Map<string, (specifier: string) => Promise<Namespace>>();

async function importFrom(entry: ImportEntry): Promise<Namespace> {
  if (entry.isCommon) return createRequire(entry.base)(fileURLToPath(entry.specifier)) as Namespace;
  if (/^(file|node|data):/.test(entry.specifier)) return (await import(entry.specifier)) as Namespace;
  return importerOf(entry.base)(entry.specifier);
}

/** `import()` as it works inside the module `base`: packages and relative paths are found from there. */
function importerOf(base: string): (specifier: string) => Promise<Namespace> {
  let importer = importers.get(base);
  if (importer === undefined) {
    const script = new Script('(specifier) => import(specifier)', {
      filename: fileBase(base),
      importModuleDynamically: constants.USE_MAIN_CONTEXT_DEFAULT_LOADER as never,
    });
    const raw = script.runInThisContext() as (specifier: string) => Promise<Namespace>;
    importer = (specifier) => quietly(() => raw(specifier));
    importers.set(base, importer);
  }
  return importer;
}

/** Node announces that constant as experimental when it is first used; the user cannot do anything about it. */
function quietly<T>(run: () => T): T {
  const { emitWarning } = process;
  process.emitWarning = () => {};
  try {
    return run();
  } finally {
    process.emitWarning = emitWarning;
  }
}

/** Vite has resolved specifiers already: `/@fs/…` is an absolute path, and `/…` is one below the project's root. */
function viteImporterOf(base: string): (specifier: string) => Promise<Namespace> {
  return (specifier) => {
    let resolved = specifier;
    if (specifier.startsWith('/@fs/')) resolved = pathToFileURL(specifier.slice('/@fs'.length)).href;
    else if (specifier.startsWith('/')) {
      const below = resolve(`.${specifier}`);
      resolved = pathToFileURL(existsSync(below) ? below : specifier).href;
    }
    return importerOf(base)(resolved);
  };
}

/** Code without a file (`node -e`, standard input) finds modules from the working directory. */
function fileBase(base: string): string {
  return base.startsWith('file:') ? base : pathToFileURL(resolve('[eval]')).href;
}

const loaders: Readonly<Record<'require' | 'import' | 'vite', (base: string) => unknown>> = {
  require: (base) => createRequire(fileBase(base)),
  import: importerOf,
  vite: viteImporterOf,
};

/** What a captured function needs to get its variables: evaluated once, filled in afterwards. */
interface Closure {
  make(): AnyFunction;
  set(index: number, value: unknown): void;
}

const pending: unique symbol = Symbol('pending');

/** Rebuilds values from entries, each at most once, so that what is shared stays shared. */
export class Reviver {
  readonly #entries: readonly Entry[];
  readonly #imports: Imports;
  readonly #values: unknown[];
  readonly #started: boolean[];
  /** What waits for a class that is still being evaluated. */
  readonly #waiting = new Map<Ref, ((value: unknown) => void)[]>();

  constructor(entries: readonly Entry[], imports: Imports) {
    this.#entries = entries;
    this.#imports = imports;
    this.#values = new Array<unknown>(entries.length).fill(pending);
    this.#started = new Array<boolean>(entries.length).fill(false);
  }

  /** @throws what stands in the way, again at every call. */
  value(ref: Ref): unknown {
    if (this.#values[ref] !== pending) return this.#values[ref];
    if (this.#started[ref]) return pending;
    this.#started[ref] = true;
    const entry = this.#entries[ref];
    if (entry === undefined) throw new RangeError(`a parcel refers to entry ${ref}, which it does not have`);
    try {
      return this.#build(entry, ref);
    } catch (error) {
      // A half-built value must not be found by the next one who asks.
      this.#values[ref] = pending;
      this.#started[ref] = false;
      throw error;
    }
  }

  /** Notes a value before its parts, so that cycles find it. */
  #note<T>(ref: Ref, value: T): T {
    this.#values[ref] = value;
    for (const fill of this.#waiting.get(ref) ?? []) fill(value);
    this.#waiting.delete(ref);
    return value;
  }

  /** Calls `fill` with the value of `ref`: now, or once it is there. */
  #fill(ref: Ref, fill: (value: unknown) => void): void {
    const value = this.value(ref);
    if (value !== pending) {
      fill(value);
      return;
    }
    const list = this.#waiting.get(ref);
    if (list === undefined) this.#waiting.set(ref, [fill]);
    else list.push(fill);
  }

  #build(entry: Entry, ref: Ref): unknown {
    switch (entry.kind) {
      case 'data':
        return this.#note(ref, entry.value);
      case 'array': {
        const items = this.#note(ref, new Array<unknown>(entry.items.length));
        entry.items.forEach((item, i) => {
          this.#fill(item, (value) => {
            items[i] = value;
          });
        });
        return items;
      }
      case 'object': {
        const object = this.#note(ref, {});
        this.#properties(object, entry.keys, entry.refs);
        for (const [key, get, set] of entry.accessors) {
          Object.defineProperty(object, key, {
            ...(get < 0 ? {} : { get: this.value(get) as () => unknown }),
            ...(set < 0 ? {} : { set: this.value(set) as (value: unknown) => void }),
            enumerable: true,
            configurable: true,
          });
        }
        return object;
      }
      case 'map': {
        const map = this.#note(ref, new Map<unknown, unknown>());
        entry.keys.forEach((key, i) => {
          map.set(this.value(key), this.value(entry.values[i] as Ref));
        });
        return map;
      }
      case 'set': {
        const set = this.#note(ref, new Set<unknown>());
        for (const item of entry.items) set.add(this.value(item));
        return set;
      }
      case 'ndarray':
        return this.#note(ref, new NDArray(entry.data, entry));
      case 'buffer':
        return this.#note(ref, Buffer.from(entry.data.buffer, entry.data.byteOffset, entry.data.byteLength));
      case 'url':
        return this.#note(ref, new URL(entry.href));
      case 'error':
        return this.#note(ref, reviveError(entry.error));
      case 'symbol':
        return this.#note(ref, entry.registered ? Symbol.for(entry.description ?? '') : Symbol(entry.description));
      case 'instance':
        return this.#instance(entry, ref);
      case 'function':
        return this.#function(entry, ref);
      case 'bound': {
        const target = this.value(entry.target) as AnyFunction;
        const args = entry.args.map((arg) => this.value(arg));
        return this.#note(ref, target.bind(this.value(entry.self), ...args));
      }
      case 'import':
      case 'builtin':
        return this.#note(ref, this.#imported(entry));
      case 'global': {
        let value: unknown = globalThis;
        if (entry.path[0] !== 'globalThis') {
          for (const key of entry.path) value = (value as Record<string, unknown>)[key];
        }
        return this.#note(ref, value);
      }
      case 'loader':
        return this.#note(ref, loaders[entry.how](entry.base));
      case 'own':
        return this.#note(ref, NDArray);
      default: {
        entry satisfies never;
        throw new TypeError('a parcel has an entry of an unknown kind');
      }
    }
  }

  #properties(object: object, keys: readonly string[], refs: readonly Ref[]): void {
    keys.forEach((key, i) => {
      this.#fill(refs[i] as Ref, (value) => {
        Object.defineProperty(object, key, { value, writable: true, enumerable: true, configurable: true });
      });
    });
  }

  #instance(entry: Extract<Entry, { kind: 'instance' }>, ref: Ref): unknown {
    const cls = typeof entry.of === 'string' ? classOf(entry.of) : (this.value(entry.of) as AnyFunction);
    if (typeof cls !== 'function') throw new TypeError('an instance arrived whose class is not known here');
    const object = this.#note(ref, Object.create(cls.prototype as object) as object);
    this.#properties(object, entry.keys, entry.refs);
    return object;
  }

  #imported(entry: Extract<Entry, { kind: 'import' | 'builtin' }>): unknown {
    const imported = this.#imports.get(entry);
    if (imported === undefined) throw new Error('a parcel with imports was revived without them');
    if ('error' in imported) throw imported.error;
    const { namespace } = imported;
    let value: unknown;
    if (entry.name === '*') value = namespace;
    else if (Object.hasOwn(namespace, entry.name)) value = namespace[entry.name];
    else value = (namespace.default as Namespace | undefined)?.[entry.name];
    if (value === undefined && entry.kind === 'import') {
      throw new ReferenceError(`module '${entry.specifier}' has no export '${entry.name}'`);
    }
    if (entry.kind === 'import' && entry.tag !== undefined) noteTag(value as AnyFunction, entry.tag);
    return value;
  }

  #function(entry: FunctionEntry, ref: Ref): unknown {
    if (entry.tag !== undefined) {
      // One class stays one class, however many functions bring it.
      const before = classOf(entry.tag);
      if (before !== undefined) return this.#note(ref, before);
    }
    const closure = compile(entry);
    const capture = (): void => {
      entry.refs.forEach((captured, i) => {
        this.#fill(captured, (value) => {
          closure.set(i, value);
        });
      });
    };
    if (entry.isClass) capture();
    const fn = closure.make();
    if (fn.name !== entry.name) {
      Object.defineProperty(fn, 'name', { value: entry.name, configurable: true });
    }
    this.#note(ref, fn);
    if (entry.tag !== undefined) noteTag(fn, entry.tag);
    if (!entry.isClass) capture();
    this.#properties(fn, entry.keys, entry.values);
    return fn;
  }
}

function compile(entry: FunctionEntry): Closure {
  const { names } = entry;
  const strict = entry.isStrict ? '"use strict";' : '';
  const variables = names.length === 0 ? '' : `let ${names.join(',')};`;
  const setters = names.map((name, i) => `case ${i}:${name}=$value;break;`).join('');
  const set = `set($index,$value){switch($index){${setters}}}`;
  const head = `(function(){${strict}${variables}return{${renamed(set, names)},make:()=>(`;
  const script = new Script(`${head}${entry.code}\n)}})`, {
    filename: entry.url,
    lineOffset: entry.line,
    columnOffset: entry.column - head.length,
  });
  return (script.runInThisContext() as () => Closure)();
}

/** The setter's parameters must not be named like anything captured. */
function renamed(setter: string, names: readonly string[]): string {
  let mark = '$';
  while (names.includes(`${mark}index`) || names.includes(`${mark}value`)) mark += '$';
  return setter
    .replaceAll('($index,$value)', `(${mark}index,${mark}value)`)
    .replaceAll('switch($index)', `switch(${mark}index)`)
    .replaceAll('=$value;', `=${mark}value;`);
}
