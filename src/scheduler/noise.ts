/** Times as they may turn out: what plans are tried with, and simulations disturbed. */

/** A standard normal number from two uniform ones (Box & Muller 1958). */
export function normal(random: () => number): number {
  return Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random());
}

/** Lognormal times with these means; `deviation` is that of their logarithms. */
export function noisy(seconds: Float64Array, deviation: number, random: () => number): Float64Array {
  return seconds.map((time) => time * Math.exp(deviation * normal(random) - (deviation * deviation) / 2));
}
