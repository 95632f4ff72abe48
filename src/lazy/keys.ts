/**
 * Keys of pure tasks. A kernel's key is a hash of its name, its parameters and the keys of its inputs, so the same call
 * on the same arrays is one task however often it is written. Keys are made when the call is made: each is one short
 * hash over keys that exist already, and no depth of graph makes it recurse.
 */
import { createHash } from 'node:crypto';
import type { NDArray } from '../array/ndarray.js';
import type { Params } from '../graph/node.js';
import type { Kernel } from '../kernels/contract.js';

/** Hex digits of a key's hash: 80 bits, so among a million tasks a clash has odds of 1 in 10¹². */
const DIGITS = 20;

/** Beyond this many bytes an array's key is its identity rather than its content, which would take long to read. */
const HASHED_BYTES = 64 << 20;

export function digest(text: string): string {
  return createHash('sha1').update(text).digest('hex').slice(0, DIGITS);
}

/** @param label what the key begins with; it says nothing about the task that the rest does not say */
export function kernelKey(
  kernel: Kernel,
  params: Params,
  inputKeys: readonly string[],
  label: string = kernel.name,
): string {
  const names = Object.keys(params).sort();
  const settings = names.map((name) => `${name}=${typeof params[name]}:${String(params[name])}`).join(',');
  return `${label}-${digest(`${identify(kernel)}(${settings})${inputKeys.join('|')}`)}`;
}

const identities = new WeakMap<Kernel, string>();
const sameNamed = new Map<string, number>();

/** A kernel's name, numbered where two different kernels share it. */
function identify(kernel: Kernel): string {
  let identity = identities.get(kernel);
  if (identity === undefined) {
    const count = sameNamed.get(kernel.name) ?? 0;
    sameNamed.set(kernel.name, count + 1);
    identity = count === 0 ? kernel.name : `${kernel.name}#${count}`;
    identities.set(kernel, identity);
  }
  return identity;
}

const arrayKeys = new WeakMap<NDArray, string>();
let unhashed = 0;

/**
 * The key of an array by its content, remembered for as long as the object lives: an array handed over must not be
 * changed until what was built on it has been computed. O(bytes) the first time.
 */
export function arrayKey(array: NDArray): string {
  let key = arrayKeys.get(array);
  if (key === undefined) {
    key = array.nbytes > HASHED_BYTES ? `array-large-${++unhashed}` : `array-${contentHash(array)}`;
    arrayKeys.set(array, key);
  }
  return key;
}

function contentHash(array: NDArray): string {
  const { data, offset } = array.isContiguous ? array : array.copy();
  const from = data.byteOffset + offset * data.BYTES_PER_ELEMENT;
  const bytes = new Uint8Array(data.buffer, from, array.size * data.BYTES_PER_ELEMENT);
  const hash = createHash('sha1').update(`${array.dtype}[${array.shape.join(',')}]`);
  return hash.update(bytes).digest('hex').slice(0, DIGITS);
}
