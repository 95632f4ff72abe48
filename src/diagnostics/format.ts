/**
 * Numbers and text for people: seconds, bytes, counts, short previews of values, and the escapes of XML. Previews
 * look at user values, so nothing here may throw, whatever a getter or a proxy does.
 */
import { Hole, Pattern } from '../graph/node.js';

/** `0.00123` → `1.23 ms`. */
export function formatSeconds(seconds: number): string {
  const size = Math.abs(seconds);
  if (size >= 3600) return `${Math.floor(seconds / 3600)} h ${Math.round((seconds % 3600) / 60)} min`;
  if (size >= 60) return `${Math.floor(seconds / 60)} min ${Math.round(seconds % 60)} s`;
  if (size >= 1 || size === 0) return `${significant(seconds)} s`;
  if (size >= 1e-3) return `${significant(seconds * 1e3)} ms`;
  return `${significant(seconds * 1e6)} µs`;
}

const byteUnits = ['B', 'KiB', 'MiB', 'GiB', 'TiB'] as const;

/** `3_500_000` → `3.34 MiB`. */
export function formatBytes(bytes: number): string {
  let value = bytes;
  let unit = 0;
  while (Math.abs(value) >= 1024 && unit < byteUnits.length - 1) {
    value /= 1024;
    unit++;
  }
  return `${unit === 0 ? Math.round(value) : significant(value)} ${byteUnits[unit]}`;
}

/** `1234567` → `1,234,567`. */
export function formatCount(count: number): string {
  return String(count).replace(/\B(?=(\d{3})+$)/g, ',');
}

/** `1 task`, `2 tasks`. */
export function plural(count: number, one: string, many = `${one}s`): string {
  return `${formatCount(count)} ${count === 1 ? one : many}`;
}

/** Three significant digits without trailing zeros or an exponent in the usual range. */
export function significant(value: number): string {
  if (!Number.isFinite(value)) return String(value);
  return String(Number(value.toPrecision(3)));
}

/** At most `length` characters, the middle replaced: names differ at their ends. */
export function shorten(text: string, length: number): string {
  const characters = [...text];
  if (characters.length <= length) return text;
  const head = Math.ceil((length - 1) / 2);
  return `${characters.slice(0, head).join('')}…${characters.slice(characters.length - (length - 1 - head)).join('')}`;
}

/** One argument in a few characters; the empty string for a hole or a pattern, which arrows show. */
export function previewValue(value: unknown): string {
  try {
    if (value instanceof Hole || value instanceof Pattern) return '';
    switch (typeof value) {
      case 'number':
        return Number.isInteger(value) ? String(value) : String(Number(value.toPrecision(4)));
      case 'string':
        return `'${shorten(value.replace(/\s+/g, ' '), 22)}'`;
      case 'bigint':
      case 'boolean':
      case 'undefined':
        return String(value);
      case 'symbol':
        return 'symbol';
      case 'function':
        return shorten(value.name || 'function', 22);
      default:
        return previewObject(value as object | null);
    }
  } catch {
    return '…';
  }
}

function previewObject(value: object | null): string {
  if (value === null) return 'null';
  if (Array.isArray(value))
    return value.length <= 4 && value.every(isScalar) ? `[${value.join(', ')}]` : `[${value.length}]`;
  const name = shorten(String(value.constructor?.name ?? 'object'), 22);
  if ('dtype' in value && 'shape' in value && Array.isArray(value.shape)) {
    return `${String(value.dtype)} ${value.shape.join('×')}`;
  }
  if (ArrayBuffer.isView(value)) return `${name}(${'length' in value ? Number(value.length) : value.byteLength})`;
  if (value instanceof Map || value instanceof Set) return `${name}(${value.size})`;
  return name === 'Object' ? '{…}' : name;
}

function isScalar(value: unknown): boolean {
  return typeof value === 'number' || typeof value === 'boolean';
}

/** A thrown value in one line; anything can be thrown, also what cannot become a string. */
export function describeError(error: unknown): string {
  try {
    return error instanceof Error ? `${error.name}: ${error.message}` : String(error);
  } catch {
    return 'a thrown value that cannot be shown';
  }
}

/** Characters XML 1.0 does not allow, lone surrogates among them. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: these are the characters to remove
const notXml = /[\u0000-\u0008\u000b\u000c\u000e-\u001f\ufffe\uffff]|\p{Surrogate}/gu;

/** Text for an XML or HTML element or attribute. */
export function escapeXml(text: string): string {
  return text
    .replace(notXml, '\ufffd')
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;')
    .replaceAll('"', '&quot;')
    .replaceAll("'", '&#39;');
}

/** JSON that may stand inside a `<script>` element. */
export function scriptJson(value: unknown): string {
  return JSON.stringify(value)
    .replaceAll('<', '\\u003c')
    .replaceAll('\u2028', '\\u2028')
    .replaceAll('\u2029', '\\u2029');
}
