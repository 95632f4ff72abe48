/**
 * Shipping a function to threads, by Python's rule: by reference when a thread can import it, else by value with
 * everything it captures, recursively. Captured variables are read at the time of the call. What cannot be sent is a
 * CaptureError that names the variable and the path to it. See ARCHITECTURE.md, “Shipping functions to threads”.
 */
import { createRequire } from 'node:module';
import { fileURLToPath } from 'node:url';
import { types } from 'node:util';
import { NDArray } from '../array/ndarray.js';
import { ArgumentError } from '../errors.js';
import type { AnyFunction } from '../graph/node.js';
import { type Analysis, analyze } from './analyze.js';
import { tagOf } from './class-tags.js';
import { type FreeVariable, IMPORT_NAME, META_NAME } from './free-variables.js';
import { hashEntries, type SharedMemory } from './hash.js';
import { boundParts, type Examined, examine, type Location, type ScopeRecord } from './locate.js';
import { checkUnchanged } from './mutation.js';
import { Packer, Path, refuse, type Sender } from './pack.js';
import { isPlain } from './plain.js';
import { isPackage, type Reference, referenceTo } from './reference.js';
import type { FunctionEntry, Ref, Shipment } from './shipment.js';
import { builtinExport, findBuiltin, globalPath, isBuiltin, isStandardGlobal } from './well-known.js';

/**
 * Makes a function ready for threads. First call 20–50 ms (V8's inspector starts), then about 0.3 ms for a function
 * that captures something and nothing at all for one that does not.
 *
 * @throws CaptureError naming the captured variable that cannot be sent, and the path to it.
 * @example
 * const k = 3;
 * ship((x: number) => x * k).id; // the same for every function with this text and k = 3
 */
export function ship(fn: AnyFunction): Shipment {
  const known = constants.get(fn);
  if (known !== undefined) return known;
  const { shipment, isConstant } = build(fn, false);
  if (isConstant) constants.set(fn, shipment);
  origins.set(shipment, fn);
  return shipment;
}

/** Functions that capture nothing that could change. */
const constants = new WeakMap<AnyFunction, Shipment>();
const origins = new WeakMap<Shipment, AnyFunction>();
let unique = 0;

/**
 * A shipment for an export of a module, without looking at the function: for bundles, and for `delayed.module`.
 * @param reference `url`: a `file:` URL or a package's name; `export`: the export's name, 'default' by default.
 * @throws ArgumentError when `url` is empty or relative.
 */
export function shipReference(reference: { readonly url: string | URL; readonly export?: string }): Shipment {
  const specifier = String(reference.url);
  const name = reference.export ?? 'default';
  if (specifier === '' || specifier.startsWith('.')) {
    throw new ArgumentError(
      `a reference to a function needs an absolute URL such as new URL('./tasks.js', import.meta.url), not '${specifier}'`,
    );
  }
  const entry = { kind: 'import', specifier, base: import.meta.url, name } as const;
  const id = hashEntries([entry], 'identity', []) ?? `${specifier}#${name}`;
  return { id, name, entries: [entry], root: 0 };
}

/**
 * The same function by value, under the same id, for when a thread could not import it.
 * undefined for a shipment that was made from a reference alone.
 * @throws CaptureError when it cannot travel by value either.
 */
export function shipByValue(shipment: Shipment): Shipment | undefined {
  const fn = origins.get(shipment);
  if (fn === undefined) return undefined;
  const byValue = { ...build(fn, true).shipment, id: shipment.id };
  return byValue;
}

/**
 * A hash of what a function does: its text and the content of what it captures, or undefined when that cannot be told.
 * The same for equal functions of different processes.
 */
export function functionHash(fn: AnyFunction): string | undefined {
  try {
    const sender = new FunctionSender(false);
    const packer = new Packer(sender);
    packer.pack(fn, rootPath(fn));
    return hashEntries(packer.entries, 'content', sender.texts);
  } catch {
    return undefined;
  }
}

/** A sender for values that go to a thread beside a shipment: arguments. */
export function argumentSender(): Sender {
  return new FunctionSender(false);
}

function rootPath(fn: AnyFunction): Path {
  return new Path([fn.name === '' ? 'function' : fn.name]);
}

function build(fn: AnyFunction, byValue: boolean): { shipment: Shipment; isConstant: boolean } {
  const sender = new FunctionSender(byValue);
  const packer = new Packer(sender);
  const root = packer.pack(fn, rootPath(fn));
  const shared: SharedMemory = 'identity';
  const id = hashEntries(packer.entries, shared, sender.texts) ?? `unique-${++unique}`;
  return { shipment: { id, name: fn.name, entries: packer.entries, root }, isConstant: !sender.readsVariables };
}

/** By name and text: closures made in a loop share one analysis. */
const analyses = new Map<string, Analysis>();
const analysisLimit = 500;

/** Objects that stand for modules in transpiled code: only their members that are used travel. */
const viteImport = /^(__vi_import_\d+__|__vite_ssr_import_\d+__)$/;
const transpiledImport = /^(import_\w+|\w+_\d+)$/;
const importMeta = /^(__vite_ssr_import_meta__|__vi_import_meta__|import_meta)$/;
const dynamicImport = /^(__vite_ssr_dynamic_import__|__vi_dynamic_import__)$/;
const moduleScope = /^Module$/;

class FunctionSender implements Sender {
  readonly #byValue: boolean;
  /** Source texts of functions that travel by reference: part of the content. */
  readonly texts: string[] = [];
  readsVariables = false;

  constructor(byValue: boolean) {
    this.#byValue = byValue;
  }

  classRef(cls: AnyFunction, packer: Packer, path: Path): Ref {
    return packer.pack(cls, path.variable(cls.name));
  }

  packFunction(fn: AnyFunction, packer: Packer, path: Path): Ref {
    const global = globalPath(fn);
    if (global !== undefined) return packer.add({ kind: 'global', path: global });
    if (fn === (NDArray as unknown)) return packer.add({ kind: 'own', name: 'NDArray' });
    const source = Function.prototype.toString.call(fn);
    let examined: Examined;
    try {
      examined = examine(fn);
    } catch (error) {
      refuse(path, 'V8’s inspector is not available here', 'name it by { url, export } instead', { cause: error });
    }
    const { location } = examined;
    if (location === undefined) return this.#nativeFunction(fn, packer, path);
    if (location.script.url.startsWith('node:')) {
      const id = location.script.url;
      const name = builtinExport(id, fn);
      const found = name === undefined ? findBuiltin(fn) : { id, name };
      if (found !== undefined) return packer.add({ kind: 'builtin', ...found });
      refuse(path, `it is a function inside ${id}`, 'call it from a function of your own');
    }
    const reference = this.#reference(fn, location);
    if (reference !== undefined) {
      this.texts.push(source);
      const { url, name, isCommon } = reference;
      return this.#import(fn, url, url, name, packer, isCommon);
    }
    return this.#value(fn, source, location, examined, packer, path);
  }

  #reference(fn: AnyFunction, location: Location): Reference | undefined {
    if (this.#byValue && !isPackage(location.script.url)) return undefined;
    return referenceTo(fn, location);
  }

  #import(fn: unknown, specifier: string, base: string, name: string, packer: Packer, isCommon = false): Ref {
    const entry = { kind: 'import', specifier, base, name, ...(isCommon ? { isCommon } : {}) } as const;
    const ref = packer.reserve(fn);
    packer.entries[ref] = isClass(fn) ? { ...entry, tag: tagOf(fn) } : entry;
    return ref;
  }

  #nativeFunction(fn: AnyFunction, packer: Packer, path: Path): Ref {
    const parts = boundParts(fn);
    if (parts !== undefined) {
      const ref = packer.reserve(fn);
      this.readsVariables = true;
      const target = packer.pack(parts.target, path.variable(parts.target.name));
      const self = packer.pack(parts.self, path.variable('this'));
      const args = parts.args.map((value, i) => packer.pack(value, path.member(i)));
      packer.entries[ref] = { kind: 'bound', target, self, args };
      return ref;
    }
    const builtin = findBuiltin(fn);
    if (builtin !== undefined) return packer.add({ kind: 'builtin', ...builtin });
    refuse(path, 'it is a native function', 'call it from a function of your own that gets it by an import');
  }

  #value(fn: AnyFunction, source: string, location: Location, examined: Examined, packer: Packer, path: Path): Ref {
    const analysis = this.#analysis(fn, source, path);
    if (analysis.bound !== undefined) refuseBound(analysis.bound, path);
    const { script } = location;
    const ref = packer.reserve(fn);
    const names: string[] = [];
    const refs: Ref[] = [];
    const capture = (name: string, captured: Ref): void => {
      names.push(name);
      refs.push(captured);
    };
    if (analysis.usesImportMeta) capture(META_NAME, packMeta(script.url, packer));
    if (analysis.usesImport) capture(IMPORT_NAME, packer.add({ kind: 'loader', how: 'import', base: script.url }));
    // Also where every name is a global's: a module may have its own `performance` or `fetch`.
    if (analysis.free.length > 0) {
      const scopes = examined.scopes();
      for (const variable of analysis.free) {
        const captured = this.#variable(variable, scopes, location, packer, path);
        if (captured !== undefined) capture(variable.name, captured);
      }
    }
    const keys: string[] = [];
    const values: Ref[] = [];
    if (!analysis.isClass) {
      for (const key of Object.keys(fn)) {
        keys.push(key);
        values.push(packer.pack((fn as unknown as Record<string, unknown>)[key], path.member(key)));
        this.readsVariables = true;
      }
    }
    const entry: FunctionEntry = {
      kind: 'function',
      code: analysis.code,
      name: fn.name,
      isClass: analysis.isClass,
      isStrict: isStrict(fn, location),
      url: script.url,
      line: location.line,
      column: location.column - analysis.shift,
      names,
      refs,
      keys,
      values,
    };
    packer.entries[ref] = analysis.isClass ? { ...entry, tag: tagOf(fn) } : entry;
    return ref;
  }

  #analysis(fn: AnyFunction, source: string, path: Path): Analysis {
    const key = `${fn.name}\n${source}`;
    let analysis = analyses.get(key);
    if (analysis === undefined) {
      try {
        analysis = analyze(source, fn.name);
      } catch (error) {
        refuse(path, 'its source text cannot be read', 'write it as an ordinary function', { cause: error });
      }
      if (analyses.size >= analysisLimit) analyses.delete(analyses.keys().next().value as string);
      analyses.set(key, analysis);
    }
    return analysis;
  }

  /** undefined for a variable that threads have by themselves, or that does not exist (`typeof maybe`). */
  #variable(
    variable: FreeVariable,
    scopes: readonly ScopeRecord[],
    { script }: Location,
    packer: Packer,
    path: Path,
  ): Ref | undefined {
    const { name } = variable;
    const inner = path.variable(name);
    const scope = scopes.find(({ variables }) => Object.hasOwn(variables, name));
    if (scope === undefined) {
      if (isStandardGlobal(name) || !(name in globalThis)) return undefined;
      this.readsVariables = true;
      const value = (globalThis as Record<string, unknown>)[name];
      if (isRequire(value)) return packer.add({ kind: 'loader', how: 'require', base: script.url });
      checkUnchanged(variable, value, inner);
      return packer.pack(value, inner);
    }
    if (name === '__name') return packer.add({ kind: 'function', ...nameShim });
    this.readsVariables = true;
    if (importMeta.test(name)) return packMeta(script.url, packer);
    if (dynamicImport.test(name)) return packer.add({ kind: 'loader', how: 'vite', base: script.url });
    let value: unknown;
    try {
      value = scope.variables[name];
    } catch (error) {
      refuse(inner, 'it is not initialised yet', 'compute after its declaration has run', { cause: error });
    }
    if (isRequire(value)) return packer.add({ kind: 'loader', how: 'require', base: script.url });
    checkUnchanged(variable, value, inner);
    const imported = moduleScope.test(scope.description) ? script.module.imports.get(name) : undefined;
    if (imported !== undefined && isBuiltin(imported.specifier)) {
      const id = imported.specifier.startsWith('node:') ? imported.specifier : `node:${imported.specifier}`;
      return packer.add({ kind: 'builtin', id, name: imported.name });
    }
    if (imported !== undefined && !imported.specifier.startsWith('.') && !isPlain(value)) {
      return this.#import(value, imported.specifier, script.url, imported.name, packer);
    }
    const { members } = variable;
    if (typeof value === 'object' && value !== null && members !== undefined) {
      // Vitest puts a Proxy around modules that it did not transform.
      if (viteImport.test(name) || (!types.isProxy(value) && isModuleLike(name, value))) {
        return packer.members(value, [...members], inner);
      }
    }
    return packer.pack(value, inner);
  }
}

function isModuleLike(name: string, value: object): boolean {
  return types.isModuleNamespaceObject(value) || (transpiledImport.test(name) && !isPlain(value));
}

const nameShim = {
  code: `(target, value) => Object.defineProperty(target, 'name', { value, configurable: true })`,
  name: '__name',
  isClass: false,
  isStrict: true,
  url: 'lazuli:name',
  line: 0,
  column: 0,
  names: [],
  refs: [],
  keys: [],
  values: [],
};

const boundMeanings: Readonly<Record<string, string>> = {
  this: 'it uses the `this` of the code around it',
  arguments: 'it uses the `arguments` of the function around it',
  super: 'it uses `super`',
  'new.target': 'it uses the `new.target` of the function around it',
  eval: 'it calls eval, which may read any variable',
};

function refuseBound(bound: string, path: Path): never {
  refuse(path.variable(bound), boundMeanings[bound] ?? bound, 'pass what it needs as an argument');
}

/** What `import.meta` offers a moved function: where it comes from. */
function packMeta(url: string, packer: Packer): Ref {
  let value: Record<string, string> = { url };
  if (url.startsWith('file://')) {
    const filename = fileURLToPath(url);
    value = { url, filename, dirname: fileURLToPath(new URL('.', url)).replace(/(.)[\\/]$/, '$1') };
  }
  return packer.add({ kind: 'data', value });
}

function isClass(value: unknown): value is AnyFunction {
  return typeof value === 'function' && /^class\b/.test(Function.prototype.toString.call(value));
}

/** The `require` that a CommonJS module gets; it belongs to the module whose function captured it. */
function isRequire(value: unknown): boolean {
  if (typeof value !== 'function' || value.name !== 'require') return false;
  return (value as { cache?: unknown }).cache === createRequire(import.meta.url).cache;
}

/** Modules and classes are strict; elsewhere a sloppy function has `caller`, and arrows follow their script's directive. */
function isStrict(fn: AnyFunction, { script }: Location): boolean {
  if (script.isModule) return true;
  if (Object.hasOwn(fn, 'caller')) return false;
  return /^\s*(?:\/\/[^\n]*\n|\/\*[\s\S]*?\*\/|\s)*(['"])use strict\1/.test(script.source.slice(0, 2048));
}
