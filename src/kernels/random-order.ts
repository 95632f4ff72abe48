/**
 * `randomPermutation` and `randomChoice`: whole numbers in a random order, and drawn with given probabilities. As the
 * other random kernels: the seed decides, threads change nothing.
 */
import { OptionError, ShapeError } from '../errors.js';
import { checkDTypeIn, checkInputs, checkNdim, checkParams, numeric } from './checks.js';
import type { ArraySpec, Kernel, KernelParams } from './contract.js';
import { flat } from './flat.js';
import { BUCKET, CHOICE, keyOf, PLACE, Stream } from './philox.js';
import { seedOf } from './random.js';
import { BAD_PROBABILITY, failureOf } from './status.js';

/** The functions in messages. */
const ORDER = 'random.permutation';
const DRAW = 'random.choice';

function count(kernel: string, params: KernelParams, name: string): number {
  const value = numeric(kernel, params, name);
  if (Number.isInteger(value) && value >= 0 && value < 2 ** 31) return value;
  throw new OptionError(name, `${kernel}: ${name} must be a whole number from 0 to 2 ** 31 - 1, not ${value}`);
}

/** Numbers that a bucket holds on average at most: 128 KB, which stay in L2 while they are put in order. */
const BUCKET_SIZE = 32768;
const MOST_BITS = 11;
const MOST_PIECES = 64;

/** 2^bits buckets; the numbers in `pieces` pieces of `size`, a multiple of what a group of blocks makes. */
function buckets(n: number): { bits: number; pieces: number; size: number } {
  const bits = Math.min(MOST_BITS, Math.ceil(Math.log2(Math.max(1, n / BUCKET_SIZE))));
  const size = Math.ceil(n / Math.min(MOST_PIECES, Math.ceil(Math.max(1, n) / BUCKET_SIZE)) / 16) * 16;
  return { bits, pieces: Math.ceil(n / Math.max(1, size)), size };
}

function checkOrder(inputs: readonly ArraySpec[], params: KernelParams): number {
  checkParams(ORDER, params, ['n', 'seed']);
  checkInputs(ORDER, inputs, 0, 0, 'none');
  seedOf(ORDER, params);
  return count(ORDER, params, 'n');
}

/**
 * () → 0 … n − 1 in a random order, int32 (n); all n! orders are equally likely, as far as a seed of 53 bits goes.
 * Parameters `n`, `seed`. Buckets at random (Rao 1961; Sandelius 1962), each then in order by Fisher and Yates.
 * O(n), 7 ns an element.
 */
export const randomPermutation: Kernel = {
  name: 'randomPermutation',
  infer(inputs, params) {
    const n = checkOrder(inputs, params);
    const { bits, pieces } = buckets(n);
    const scratch = bits === 0 ? 0 : 4 * ((pieces + 1) * 2 ** bits + 1);
    return { outputs: [{ dtype: 'int32', shape: [n] }], scratch };
  },
  cost(_inputs, params) {
    const n = numeric(ORDER, params, 'n');
    return { flops: 60 * n, bytes: 12 * n };
  },
  bodies: {
    js(inputs, outputs, params) {
      const n = checkOrder(inputs, params);
      const { bits } = buckets(n);
      const out = outputs[0]!.data.subarray(outputs[0]!.offset, outputs[0]!.offset + n);
      const bucketOf = new Stream(seedOf(ORDER, params), BUCKET);
      const chosen = Uint16Array.from(out, (_, i) => (bits === 0 ? 0 : bucketOf.word(i) >>> (32 - bits)));
      const starts = new Uint32Array(2 ** bits + 1);
      for (const bucket of chosen) starts[bucket + 1]!++;
      for (let bucket = 0; bucket < 2 ** bits; bucket++) starts[bucket + 1]! += starts[bucket]!;
      const next = starts.slice();
      for (let i = 0; i < n; i++) out[next[chosen[i]!]!++] = i;
      const placeOf = new Stream(seedOf(ORDER, params), PLACE);
      for (let bucket = 0; bucket < 2 ** bits; bucket++) {
        const start = starts[bucket]!;
        for (let j = start; j < starts[bucket + 1]!; j++) {
          const i = start + placeOf.integer(j, j - start + 1);
          const value = out[i]!;
          out[i] = out[j]!;
          out[j] = value;
        }
      }
    },
    wasm: {
      export: 'randomPermutation',
      isWide: (_inputs, params) => buckets(numeric(ORDER, params, 'n')).bits > 0,
      args(inputs, outputs, params, scratch) {
        const n = checkOrder(inputs, params);
        const { bits, pieces, size } = buckets(n);
        const key = keyOf(seedOf(ORDER, params));
        return [...key, n, bits, pieces, size, outputs[0]!.pointer, scratch];
      },
    },
  },
};

function checkChoice(inputs: readonly ArraySpec[], params: KernelParams): number {
  checkParams(DRAW, params, ['count', 'seed']);
  checkInputs(DRAW, inputs, 1, 1, 'p');
  checkNdim(DRAW, 'p', inputs[0]!, 1);
  checkDTypeIn(DRAW, 'p', inputs[0]!, 'float64');
  if (inputs[0]!.shape[0] === 0) throw new ShapeError('randomChoice: p is empty; there is nothing to choose from');
  seedOf(DRAW, params);
  return count(DRAW, params, 'count');
}

/** How far the sum of the probabilities may be from 1, as in NumPy: √eps. */
const TOLERANCE = 1.5e-8;

/**
 * p (n) float64, probabilities → `count` numbers 0 … n − 1, int32, each with its probability, independent of each other.
 * Parameters `count`, `seed`. O(n + count·log n).
 *
 * @throws ArgumentError for probabilities that are negative, NaN, or do not add up to 1
 */
export const randomChoice: Kernel = {
  name: 'randomChoice',
  infer(inputs, params) {
    const length = checkChoice(inputs, params);
    return { outputs: [{ dtype: 'int32', shape: [length] }], scratch: 8 * inputs[0]!.shape[0]! };
  },
  cost(inputs, params) {
    const [n, length] = [inputs[0]!.shape[0]!, numeric(DRAW, params, 'count')];
    return { flops: 2 * n + length * (40 + 8 * Math.log2(n + 1)), bytes: 24 * n + 4 * length };
  },
  failure: (status) => failureOf(DRAW, status),
  bodies: {
    js(inputs, outputs, params) {
      const length = checkChoice(inputs, params);
      let sum = 0;
      const sums = Float64Array.from(flat(inputs[0]!), (value) => {
        if (!(value >= 0)) throw failureOf(DRAW, BAD_PROBABILITY);
        sum += value;
        return sum;
      });
      if (!(Math.abs(sum - 1) <= TOLERANCE)) throw failureOf(DRAW, BAD_PROBABILITY);
      const stream = new Stream(seedOf(DRAW, params), CHOICE);
      const steps = sums.map((value) => value / sum);
      for (let i = 0; i < length; i++) {
        const u = stream.uniform(i);
        outputs[0]!.data[outputs[0]!.offset + i] = steps.findIndex((value) => value > u);
      }
    },
    wasm: {
      export: 'randomChoice',
      isWide: (_inputs, params) => numeric(DRAW, params, 'count') >= 32768,
      args(inputs, outputs, params, scratch) {
        const length = checkChoice(inputs, params);
        const [p] = inputs;
        const key = keyOf(seedOf(DRAW, params));
        return [...key, p!.shape[0]!, p!.pointer, length, outputs[0]!.pointer, scratch];
      },
    },
  },
};
