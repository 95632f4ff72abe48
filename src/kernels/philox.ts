/**
 * The streams of random numbers in plain JavaScript: Philox 4×32-10 as in assembly/random/philox.ts, and the number
 * that each kind of stream has at a place. The readable reference: bit for bit what the WebAssembly gives.
 */
import { viewOf } from '../array/dtype.js';

/** Word 2 of a counter: what is drawn. As in assembly/random. */
export const UNIFORM64 = 0;
export const UNIFORM32 = 1;
export const NORMAL64 = 2;
export const NORMAL32 = 3;
export const INTEGERS = 4;
/** Integers of which one byte is stored; the stream is that of INTEGERS. */
export const BYTES = 5;
export const WIDE = 6;
export const BUCKET = 7;
export const PLACE = 8;
export const CHOICE = 9;

/** The high word of a product of two unsigned words. */
function high(a: number, b: number): number {
  const [a0, a1, b0, b1] = [a & 0xffff, a >>> 16, b & 0xffff, b >>> 16];
  const middle = a1 * b0 + Math.floor((a0 * b0) / 65536);
  return (a1 * b1 + Math.floor(middle / 65536) + Math.floor(((middle % 65536) + a0 * b1) / 65536)) >>> 0;
}

/**
 * Writes a block, the four words that belong to a counter and a key, to `out`.
 *
 * Source: Salmon, Moraes, Dror & Shaw, "Parallel random numbers: as easy as 1, 2, 3", SC 2011.
 */
export function philox(counter: readonly number[], key: readonly number[], out: Uint32Array): void {
  let [x0, x1, x2, x3] = counter as [number, number, number, number];
  let [k0, k1] = key as [number, number];
  for (let round = 0; round < 10; round++) {
    const [a, b, c, d] = [high(0xcd9e8d57, x2 >>> 0), high(0xd2511f53, x0 >>> 0), x1, x3];
    x1 = Math.imul(0xcd9e8d57, x2);
    x3 = Math.imul(0xd2511f53, x0);
    x0 = a ^ c ^ k0;
    x2 = b ^ d ^ k1;
    k0 = (k0 + 0x9e3779b9) | 0;
    k1 = (k1 + 0xbb67ae85) | 0;
  }
  out[0] = x0;
  out[1] = x1;
  out[2] = x2;
  out[3] = x3;
}

/** The two words of the key: the seed's low and high part. */
export function keyOf(seed: number): readonly [number, number] {
  return [seed >>> 0, Math.floor(seed / 2 ** 32) >>> 0];
}

/** The words of one stream; the block asked for last is remembered. */
export class Stream {
  readonly #key: readonly [number, number];
  readonly #kind: number;
  readonly #words = new Uint32Array(4);
  #block = -1;
  #attempt = 0;

  constructor(seed: number, kind: number) {
    this.#key = keyOf(seed);
    this.#kind = kind;
  }

  /** Word i of the stream: word i mod 4 of block ⌊i / 4⌋, the `attempt`-th time it is asked for. */
  word(i: number, attempt = 0): number {
    const block = Math.floor(i / 4);
    if (block !== this.#block || attempt !== this.#attempt) {
      philox([block, Math.floor(block / 2 ** 32), this.#kind, attempt], this.#key, this.#words);
      this.#block = block;
      this.#attempt = attempt;
    }
    return this.#words[i % 4]!;
  }

  /** Number i in [0, 1): a multiple of 2⁻⁵³. */
  uniform(i: number): number {
    return (this.word(2 * i + 1) * 2 ** 21 + (this.word(2 * i) >>> 11)) * 2 ** -53;
  }

  /** Number i with mean 0 and deviation 1, by Box and Muller; with `isSingle` from words of 32 bits. */
  normal(i: number, isSingle: boolean): number {
    const pair = i - (i % 2);
    let u: number;
    let f: number;
    let angle: number;
    if (isSingle) {
      u = (this.word(pair) + 0.5) * 2 ** -32;
      angle = this.word(pair + 1);
      f = (angle % 2 ** 29) * 2 ** -29 + 2 ** -53;
    } else {
      u = fraction(this.word(2 * pair + 1), this.word(2 * pair));
      const low = this.word(2 * pair + 2);
      angle = this.word(2 * pair + 3);
      f = fraction((angle << 3) | (low >>> 29), low << 3);
    }
    const isSteep = (angle & 0x20000000) !== 0;
    const isSine = i !== pair;
    const size = isSteep === isSine ? cosine(f) : sine(f);
    const isNegative = (angle & (isSine ? 0x40000000 : 0x80000000)) !== 0;
    return radius(u) * (isNegative ? -size : size);
  }

  /** A number 0 … bound − 1 from word i, each as likely: Lemire's multiplication (ACM TOMACS 29(1), 2019). */
  integer(i: number, bound: number): number {
    if (bound === 2 ** 32) return this.word(i);
    const threshold = (2 ** 32 - bound) % bound;
    for (let attempt = 0; ; attempt++) {
      const word = this.word(i, attempt);
      if (Math.imul(word, bound) >>> 0 >= threshold) return high(word, bound);
    }
  }

  /** A number 0 … bound − 1 from as many leading bits of number i as bound − 1 has. */
  wideInteger(i: number, bound: number): number {
    const bits = bitLength(bound - 1);
    for (let attempt = 0; ; attempt++) {
      const [low, top] = [this.word(2 * i, attempt), this.word(2 * i + 1, attempt)];
      const value = bits <= 32 ? Math.floor(top / 2 ** (32 - bits)) : top * 2 ** (bits - 32) + (low >>> (64 - bits));
      if (value < bound) return value;
    }
  }
}

/** How many bits a whole number < 2⁵³ has. */
export function bitLength(value: number): number {
  return value < 2 ** 32 ? 32 - Math.clz32(value) : 32 + bitLength(Math.floor(value / 2 ** 32));
}

/** The 52 high bits of two words as (bits + ½)·2⁻⁵². */
function fraction(top: number, low: number): number {
  return ((top >>> 0) * 2 ** 20 + (low >>> 12)) * 2 ** -52 + 2 ** -53;
}

const number = viewOf('float64', new ArrayBuffer(8), 0, 1);
const halves = viewOf('uint32', number.buffer, 0, 2);

/** √(−2 ln u) for 0 < u < 1, in the steps of assembly/random/normal.ts. */
export function radius(u: number): number {
  // u = 2ᵏ·m with √½ ≤ m < √2
  number[0] = u;
  let k = (halves[1]! >>> 20) - 1023;
  halves[1] = (halves[1]! & 0xfffff) | 0x3ff00000;
  let m = number[0]!;
  if (m >= Math.SQRT2) {
    m /= 2;
    k++;
  }
  const s = (m - 1) / (m + 1);
  const z = s * s;
  const z2 = z * z;
  const even = ((0.14616585424888623 * z2 + 0.18182889455674947) * z2 + 0.2857142862600327) * z2 + 0.666666666666667;
  const odd = (0.15331710618210773 * z2 + 0.22222211130259878) * z2 + 0.39999999999899444;
  return Math.sqrt((s * ((odd * z + even) * z + 2) + k * Math.LN2) * -2);
}

/** sin(πf/4) for 0 ≤ f ≤ 1. */
export function sine(f: number): number {
  const z = f * f;
  const z2 = z * z;
  const even =
    ((6.8874821400921975e-12 * z2 + 3.133616535431528e-7) * z2 + 0.0024903945701920073) * z2 + 0.7853981633974483;
  const odd = (-1.7571791752800344e-9 * z2 - 3.6576204173860995e-5) * z2 - 0.08074551218828077;
  return (odd * z + even) * f;
}

/** cos(πf/4) for 0 ≤ f ≤ 1. */
export function cosine(f: number): number {
  const z = f * f;
  const z2 = z * z;
  const even =
    ((-3.863156948832656e-13 * z2 - 2.4611366238309744e-8) * z2 - 0.0003259918869271996) * z2 - 0.30842513753404244;
  const odd = (1.1500679700940496e-10 * z2 + 3.590860447448612e-6) * z2 + 0.015854344243815488;
  return (odd * z + even) * z + 1;
}
