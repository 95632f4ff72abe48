/**
 * Plain values: those that structured clone carries faithfully, so that they travel as they are. Everything else would
 * arrive as something else (a class instance as a bare object, a Buffer as a Uint8Array) or not at all.
 */
import { types } from 'node:util';
import { dtypeOf } from '../array/dtype.js';

/**
 * Whether structured clone alone carries `value` faithfully. O(size) for arrays, objects, Maps and Sets of values;
 * O(1) for numbers, strings and typed arrays.
 */
export function isPlain(value: unknown): boolean {
  switch (typeof value) {
    case 'function':
    case 'symbol':
      return false;
    case 'object':
      return value === null || isPlainDeep(value, undefined);
    default:
      return true;
  }
}

function isPlainDeep(value: object, outer: Set<object> | undefined): boolean {
  if (ArrayBuffer.isView(value)) return isPlainView(value);
  if (types.isProxy(value)) return false;
  let items: Iterable<unknown>;
  if (isPlainArray(value)) items = value;
  else if (isPlainObject(value)) {
    const own: unknown[] = [];
    for (const key of Object.keys(value)) {
      const descriptor = Object.getOwnPropertyDescriptor(value, key);
      if (descriptor === undefined || !('value' in descriptor)) return false;
      own.push(descriptor.value);
    }
    items = own;
  } else {
    const prototype: unknown = Object.getPrototypeOf(value);
    if (prototype === Map.prototype) items = mapItems(value as Map<unknown, unknown>);
    else if (prototype === Set.prototype) items = value as Set<unknown>;
    else return isPlainLeaf(value, prototype);
  }
  let seen = outer;
  for (const item of items) {
    if (typeof item === 'function' || typeof item === 'symbol') return false;
    if (typeof item !== 'object' || item === null) continue;
    if (seen === undefined) seen = new Set([value]);
    if (seen.has(item)) continue;
    seen.add(item);
    if (!isPlainDeep(item, seen)) return false;
  }
  return true;
}

function* mapItems(map: Map<unknown, unknown>): Generator<unknown> {
  for (const [key, value] of map) {
    yield key;
    yield value;
  }
}

/** A view that is no subclass (a Buffer would arrive as a Uint8Array) and does not drag a far larger buffer along. */
function isPlainView(view: ArrayBufferView): boolean {
  if (Buffer.isBuffer(view)) return false;
  const prototype: unknown = Object.getPrototypeOf(view);
  if (view.byteLength === 0 && !isCloneable(view)) return false;
  return prototype === DataView.prototype || viewPrototypes.has(prototype);
}

/** An empty buffer may be one that was given away, which clone refuses. */
function isCloneable(value: object): boolean {
  try {
    structuredClone(value);
    return true;
  } catch {
    return false;
  }
}

const viewPrototypes: ReadonlySet<unknown> = new Set(
  [
    Int8Array,
    Uint8Array,
    Uint8ClampedArray,
    Int16Array,
    Uint16Array,
    Int32Array,
    Uint32Array,
    Float32Array,
    Float64Array,
    BigInt64Array,
    BigUint64Array,
    (globalThis as { Float16Array?: { prototype: unknown } }).Float16Array ?? Float64Array,
  ].map((made) => made.prototype),
);

function isPlainLeaf(value: object, prototype: unknown): boolean {
  return (
    prototype === Date.prototype ||
    prototype === RegExp.prototype ||
    (prototype === ArrayBuffer.prototype && ((value as ArrayBuffer).byteLength > 0 || isCloneable(value))) ||
    prototype === SharedArrayBuffer.prototype ||
    isWebAssembly(value) ||
    prototype === Number.prototype ||
    prototype === String.prototype ||
    prototype === Boolean.prototype
  );
}

/** A compiled module, or a shared memory: both sides then work on the same one. */
function isWebAssembly(value: object): boolean {
  const tag = Object.prototype.toString.call(value);
  if (tag === '[object WebAssembly.Module]') return true;
  return tag === '[object WebAssembly.Memory]' && types.isSharedArrayBuffer((value as { buffer?: unknown }).buffer);
}

export function isPlainArray(value: object): value is unknown[] {
  return Array.isArray(value) && Object.getPrototypeOf(value) === Array.prototype;
}

/** Made by `{}` or without a prototype; another realm's `Object.prototype` counts too. */
export function isPlainObject(value: object): boolean {
  const prototype = Object.getPrototypeOf(value) as object | null;
  if (prototype === null || prototype === Object.prototype) return true;
  return Object.getPrototypeOf(prototype) === null && Object.hasOwn(prototype, 'hasOwnProperty');
}

/** A typed array that is a small window of a large buffer becomes a copy, or clone would send the whole buffer. */
export function compact(value: unknown): unknown {
  if (!ArrayBuffer.isView(value) || types.isSharedArrayBuffer(value.buffer)) return value;
  if (value.buffer.byteLength <= 2 * value.byteLength + 4096) return value;
  return dtypeOf(value) === undefined ? value : (value as Float64Array).slice();
}
