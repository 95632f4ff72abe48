/**
 * Keys of arrays that are there: by content, so that equal arrays are one value however often they are written. Keys
 * are made when the call is made.
 */
import { createHash } from 'node:crypto';
import type { NDArray } from '../array/ndarray.js';
import { DIGITS } from '../kernels/key.js';

export { kernelKey } from '../kernels/key.js';

/** Beyond this many bytes an array's key is its identity rather than its content, which would take long to read. */
const HASHED_BYTES = 64 << 20;

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

/** From now on the array's key is its identity: for arrays of which no equal one will be asked for. */
export function nameByIdentity(array: NDArray): void {
  if (!arrayKeys.has(array)) arrayKeys.set(array, `array-once-${++unhashed}`);
}

function contentHash(array: NDArray): string {
  const { data, offset } = array.isContiguous ? array : array.copy();
  const from = data.byteOffset + offset * data.BYTES_PER_ELEMENT;
  const bytes = new Uint8Array(data.buffer, from, array.size * data.BYTES_PER_ELEMENT);
  const hash = createHash('sha1').update(`${array.dtype}[${array.shape.join(',')}]`);
  return hash.update(bytes).digest('hex').slice(0, DIGITS);
}
