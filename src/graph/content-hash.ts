/**
 * Content hashes: values with equal content have equal hashes, in every process; a value whose content cannot be
 * told (an instance of a class, a promise …) has none. Keys of pure tasks are made of them.
 *
 * A collection's encoding is its kind and the encodings of its items, each item delimiting itself; a long encoding is
 * replaced by its digest. Values that contain themselves get a second pass in which every collection is numbered when
 * it is entered and met again as that number, so that different cycles never look alike. No recursion.
 */
import { hash } from 'node:crypto';
import { types } from 'node:util';
import { type AnyFunction, nodeOf } from './node.js';

/** The content of a function, or undefined where it is not known. */
export type FunctionHash = (fn: AnyFunction) => string | undefined;

/** Encodings longer than this are replaced by their digest. */
const LONGEST = 128;

/** A hash of 24 hexadecimal digits (96 bits: among a million tasks a collision has a chance of 10⁻¹⁷). */
const DIGITS = 24;

function digest(data: string | Uint8Array): string {
  const bytes = typeof data === 'string' ? Buffer.from(data, 'utf16le') : data;
  return hash('sha256', bytes, 'hex').slice(0, DIGITS);
}

/**
 * The hash of a value's content, or undefined when it has none. Known are primitives, arrays, plain objects (in any
 * order of their keys), Map, Set, Date, RegExp, URL, typed arrays, buffers, n-dimensional arrays (by logical content)
 * and delayed values (by key). O(size).
 *
 * @param ofFunction the content of functions among the values; without it they have none.
 * @example
 * contentHash({ a: 1, b: [2] }) === contentHash({ b: [2], a: 1 }); // true
 */
export function contentHash(value: unknown, ofFunction?: FunctionHash): string | undefined {
  const encoding = encode(value, ofFunction, false) ?? encode(value, ofFunction, true);
  return encoding === undefined || encoding === UNKNOWN ? undefined : digest(encoding);
}

/** The encoding of something without content. */
const UNKNOWN = '';

interface Frame {
  readonly value: object;
  readonly open: string;
  readonly items: readonly unknown[];
  readonly parts: string[];
}

/** The encoding; UNKNOWN without content; undefined when `value` contains itself and `numbered` is false. */
function encode(root: unknown, ofFunction: FunctionHash | undefined, numbered: boolean): string | undefined {
  const known = new Map<object, string | undefined>();
  const stack: Frame[] = [];
  let last = leaf(root, ofFunction);
  if (last === undefined) stack.push(enter(root as object));
  for (let frame = stack.at(-1); frame !== undefined; frame = stack.at(-1)) {
    const { items, parts, value } = frame;
    if (parts.length === 0) known.set(value, numbered ? `@${known.size};` : undefined);
    const depth = stack.length;
    while (parts.length < items.length && stack.length === depth) {
      const item = items[parts.length];
      let part = leaf(item, ofFunction);
      if (part === undefined) {
        const collection = item as object;
        part = known.get(collection);
        if (part === undefined) {
          if (known.has(collection)) return undefined;
          stack.push(enter(collection));
          break;
        }
      }
      if (part === UNKNOWN) return UNKNOWN;
      parts.push(part);
    }
    if (stack.length > depth) continue;
    stack.pop();
    last = shorten(`${frame.open}${parts.length}:${parts.join('')}`);
    if (!numbered) known.set(value, last);
    stack.at(-1)?.parts.push(last);
  }
  return last;
}

function shorten(encoding: string): string {
  return encoding.length <= LONGEST ? encoding : `#${digest(encoding)}`;
}

function enter(value: object): Frame {
  if (Array.isArray(value)) return { value, open: 'A', items: value, parts: [] };
  if (types.isMap(value)) return { value, open: 'M', items: [...value].flat(), parts: [] };
  if (types.isSet(value)) return { value, open: 'S', items: [...value], parts: [] };
  const keys = Object.keys(value).sort();
  const record = value as Readonly<Record<string, unknown>>;
  return {
    value,
    open: Object.getPrototypeOf(value) === null ? 'N' : 'O',
    items: keys.flatMap((key) => [key, record[key]]),
    parts: [],
  };
}

/** The encoding of what is not a collection; undefined for a collection. */
function leaf(value: unknown, ofFunction: FunctionHash | undefined): string | undefined {
  switch (typeof value) {
    case 'number':
      return Object.is(value, -0) ? 'n-0;' : `n${value};`;
    case 'string':
      return shortText('s', value);
    case 'boolean':
      return value ? 't;' : 'f;';
    case 'undefined':
      return 'u;';
    case 'bigint':
      return `i${value};`;
    case 'symbol': {
      const name = Symbol.keyFor(value);
      return name === undefined ? UNKNOWN : shortText('y', name);
    }
    default:
      return value === null ? '0;' : objectLeaf(value as object, ofFunction);
  }
}

function shortText(kind: string, text: string): string {
  return text.length <= LONGEST ? `${kind}${text.length}:${text}` : `${kind}#${digest(text)}`;
}

function objectLeaf(value: object, ofFunction: FunctionHash | undefined): string | undefined {
  const node = nodeOf(value);
  if (node !== undefined) return shortText('k', node.key);
  if (typeof value === 'function') {
    const content = ofFunction?.(value as AnyFunction);
    return content === undefined ? UNKNOWN : shortText('c', content);
  }
  if (Array.isArray(value)) {
    if (Object.getPrototypeOf(value) !== Array.prototype) return UNKNOWN;
    return numbersOf(value);
  }
  const prototype: unknown = Object.getPrototypeOf(value);
  if (prototype === Object.prototype || prototype === null) {
    return Object.getOwnPropertySymbols(value).length === 0 ? undefined : UNKNOWN;
  }
  if (prototype === Map.prototype || prototype === Set.prototype) return undefined;
  if (ArrayBuffer.isView(value)) return viewContent(value);
  if (types.isAnyArrayBuffer(value)) return `b${value.byteLength}:${digestOfBytes(new Uint8Array(value))}`;
  if (prototype === Date.prototype) return `d${(value as Date).getTime()};`;
  if (prototype === URL.prototype) return shortText('l', (value as URL).href);
  if (prototype === RegExp.prototype) {
    const { source, flags, lastIndex } = value as RegExp;
    return `${shortText('r', source)}${flags}${lastIndex};`;
  }
  return isNdarray(value) ? ndarrayContent(value) : UNKNOWN;
}

/** A long array of numbers goes by its bytes; undefined for any other array. */
function numbersOf(array: readonly unknown[]): string | undefined {
  if (array.length < 16 || typeof array[0] !== 'number') return undefined;
  const numbers = new Float64Array(array.length);
  for (let i = 0; i < array.length; i++) {
    const item = array[i];
    if (typeof item !== 'number') return undefined;
    numbers[i] = Number.isNaN(item) ? Number.NaN : item;
  }
  return `F${array.length}:${digestOfBytes(numbers)}`;
}

function digestOfBytes(view: ArrayBufferView): string {
  return digest(new Uint8Array(view.buffer, view.byteOffset, view.byteLength));
}

function viewContent(view: ArrayBufferView): string {
  return `v${view.constructor.name}${view.byteLength}:${digestOfBytes(view)}`;
}

/** What every library's n-dimensional array has, ours and stdlib's. */
interface NdarrayLike {
  readonly data: ArrayBufferView & { readonly length: number; [index: number]: number };
  readonly shape: readonly number[];
  readonly strides: readonly number[];
  readonly offset: number;
  readonly dtype: string;
}

function isNdarray(value: object): value is NdarrayLike {
  const { data, shape, strides, offset, dtype } = value as Partial<NdarrayLike>;
  return (
    ArrayBuffer.isView(data) &&
    !(data instanceof DataView) &&
    Array.isArray(shape) &&
    Array.isArray(strides) &&
    typeof offset === 'number' &&
    typeof dtype === 'string'
  );
}

/** By dtype, shape and elements in row-major order: a view and its copy have one content. */
function ndarrayContent(array: NdarrayLike): string {
  const { data, shape, strides, offset, dtype } = array;
  const size = shape.reduce((product, length) => product * length, 1);
  const Elements = data.constructor as new (length: number) => NdarrayLike['data'];
  const elements = new Elements(size);
  const index = new Array<number>(shape.length).fill(0);
  let position = offset;
  for (let i = 0; i < size; i++) {
    elements[i] = data[position] as number;
    for (let axis = shape.length - 1; axis >= 0; axis--) {
      const next = (index[axis] as number) + 1;
      position += strides[axis] as number;
      if (next < (shape[axis] as number)) {
        index[axis] = next;
        break;
      }
      position -= next * (strides[axis] as number);
      index[axis] = 0;
    }
  }
  return `x${array.constructor.name}:${dtype}:${shape.join(',')}:${digestOfBytes(elements)}`;
}
