/**
 * Things every thread has under the same name: the language's and Node's globals with their members, and the exports of
 * Node's own modules. They travel by name.
 */
import { builtinModules } from 'node:module';

/** Globals of Node beside those of the language. */
const nodeGlobals =
  'AbortController AbortSignal Blob BroadcastChannel Buffer ByteLengthQueuingStrategy CompressionStream CountQueuingStrategy Crypto CryptoKey CustomEvent DOMException DecompressionStream Event EventSource EventTarget File FormData Headers MessageChannel MessageEvent MessagePort Navigator Performance PerformanceEntry PerformanceMark PerformanceMeasure PerformanceObserver PerformanceObserverEntryList PerformanceResourceTiming ReadableByteStreamController ReadableStream ReadableStreamBYOBReader ReadableStreamBYOBRequest ReadableStreamDefaultController ReadableStreamDefaultReader Request Response Storage SubtleCrypto TextDecoder TextDecoderStream TextEncoder TextEncoderStream TransformStream TransformStreamDefaultController URL URLPattern URLSearchParams WebAssembly WebSocket WritableStream WritableStreamDefaultController WritableStreamDefaultWriter atob btoa clearImmediate clearInterval clearTimeout console crypto fetch global navigator performance process queueMicrotask setImmediate setInterval setTimeout structuredClone'.split(
    ' ',
  );

const languageGlobals =
  'AggregateError Array ArrayBuffer AsyncDisposableStack Atomics BigInt BigInt64Array BigUint64Array Boolean DataView Date DisposableStack Error EvalError FinalizationRegistry Float16Array Float32Array Float64Array Function Infinity Int16Array Int32Array Int8Array Intl Iterator JSON Map Math NaN Number Object Promise Proxy RangeError ReferenceError Reflect RegExp Set SharedArrayBuffer String SuppressedError Symbol SyntaxError TypeError URIError Uint16Array Uint32Array Uint8Array Uint8ClampedArray WeakMap WeakRef WeakSet decodeURI decodeURIComponent encodeURI encodeURIComponent escape eval globalThis isFinite isNaN parseFloat parseInt undefined unescape'.split(
    ' ',
  );

const standard: ReadonlySet<string> = new Set([...languageGlobals, ...nodeGlobals]);

/** Whether every thread has this global by itself. */
export function isStandardGlobal(name: string): boolean {
  return standard.has(name);
}

let globals: Map<unknown, readonly string[]> | undefined;

/** The path from `globalThis` to a global object, function or well-known symbol; undefined for anything else. */
export function globalPath(value: unknown): readonly string[] | undefined {
  globals ??= collectGlobals();
  return globals.get(value);
}

function collectGlobals(): Map<unknown, readonly string[]> {
  const found = new Map<unknown, readonly string[]>([[globalThis, ['globalThis']]]);
  // A breadth-first walk, so that the shortest path to a thing wins. Getters are not run: some globals load lazily.
  let level: [value: object, path: readonly string[]][] = [];
  const add = (value: unknown, path: readonly string[]): void => {
    if ((typeof value !== 'object' && typeof value !== 'function' && typeof value !== 'symbol') || value === null)
      return;
    if (found.has(value)) return;
    found.set(value, path);
    if (typeof value !== 'symbol') level.push([value, path]);
  };
  const expand = (owner: object, path: readonly string[]): void => {
    for (const key of Object.getOwnPropertyNames(owner)) {
      if (path.length === 0 ? !standard.has(key) : key === 'constructor' || key === 'caller' || key === 'arguments')
        continue;
      const descriptor = Object.getOwnPropertyDescriptor(owner, key);
      if (descriptor !== undefined && 'value' in descriptor) add(descriptor.value, [...path, key]);
    }
  };
  expand(globalThis, []);
  for (let depth = 0; depth < 2; depth++) {
    const current = level;
    level = [];
    for (const [value, path] of current) {
      if (path[0] !== 'process' && path[0] !== 'globalThis') expand(value, path);
    }
  }
  // `process` holds live things of this thread: only what it does itself travels.
  for (const key of Object.keys(process)) {
    const descriptor = Object.getOwnPropertyDescriptor(process, key);
    const value: unknown = descriptor !== undefined && 'value' in descriptor ? descriptor.value : undefined;
    if (typeof value === 'function' && !found.has(value)) found.set(value, ['process', key]);
  }
  for (const [key, value] of [
    ['process', process],
    ['Buffer', Buffer],
    ['performance', performance],
  ] as const) {
    if (!found.has(value)) found.set(value, [key]);
  }
  return found;
}

const builtinNames: ReadonlySet<string> = new Set(builtinModules);
const byModule = new Map<string, Map<unknown, string>>();

export function isBuiltin(specifier: string): boolean {
  return specifier.startsWith('node:') || builtinNames.has(specifier);
}

/** The export of a module of Node that `value` is; 'default' for the module itself. `id` is such as 'node:path'. */
export function builtinExport(id: string, value: unknown): string | undefined {
  let names = byModule.get(id);
  if (names === undefined) {
    names = new Map();
    const exported: unknown = process.getBuiltinModule?.(id);
    if (exported !== undefined && exported !== null) {
      names.set(exported, 'default');
      for (const key of Object.keys(exported)) {
        const descriptor = Object.getOwnPropertyDescriptor(exported, key);
        if (descriptor === undefined || !('value' in descriptor)) continue;
        const member: unknown = descriptor.value;
        if ((typeof member === 'function' || typeof member === 'object') && member !== null && !names.has(member)) {
          names.set(member, key);
        }
      }
    }
    byModule.set(id, names);
  }
  return names.get(value);
}

const common =
  'assert assert/strict buffer child_process crypto dns events fs fs/promises http https net os path path/posix perf_hooks process querystring readline stream stream/promises string_decoder timers timers/promises tty url util v8 vm worker_threads zlib'.split(
    ' ',
  );

/** The module of Node, among those commonly used, that `value` is or is exported by. */
export function findBuiltin(value: unknown): { readonly id: string; readonly name: string } | undefined {
  const loaded = new Set((process as { moduleLoadList?: readonly string[] }).moduleLoadList);
  for (const name of common) {
    // Nothing is an export of a module that was never loaded, and loading them all would be slow.
    if (loaded.size > 0 && !loaded.has(`NativeModule ${name}`)) continue;
    const id = `node:${name}`;
    const exported = builtinExport(id, value);
    if (exported !== undefined) return { id, name: exported };
  }
  return undefined;
}
