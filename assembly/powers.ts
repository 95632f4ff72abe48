/** Integer powers modulo 2^32, by squaring. A negative exponent gives the reciprocal truncated: 0 but for ±1. */

// @ts-ignore: decorator
@inline function power(base: u32, exponent: u32): u32 {
  let result: u32 = 1;
  for (; exponent != 0; exponent >>= 1) {
    if (exponent & 1) result *= base;
    base *= base;
  }
  return result;
}

export function powI32(out: usize, a: usize, b: usize, n: i32): void {
  for (const end = out + (<usize>n << 2); out < end; out += 4, a += 4, b += 4) {
    const x = load<i32>(a), y = load<i32>(b);
    let result = <i32>power(x, y);
    if (y < 0) result = x == 1 ? 1 : x == -1 ? ((y & 1) ? -1 : 1) : 0;
    store<i32>(out, result);
  }
}

export function powU32(out: usize, a: usize, b: usize, n: i32): void {
  for (const end = out + (<usize>n << 2); out < end; out += 4, a += 4, b += 4) {
    store<u32>(out, power(load<u32>(a), load<u32>(b)));
  }
}
