/**
 * Remainders, exact. a − q·b for q = ⌊|a/b|⌋ from one division, where q < 2^53: the quotient rounded is q or q + 1, q·b is
 * known in two parts and every difference is exact. `remainder` has the sign of a (C's fmod), `mod` of b (NumPy's mod).
 * Special: where a or the quotient is too large or b is 0, ∞ or too large: long division, 11 bits at a time.
 */
import { binary, binaryThroughWide } from './block';
import { one, productError, signOf } from './double';

const TABLE: usize = memory.data<f64>([
  9007199254740992.0, 9007199254740992.0, // 0: 2^53
], 16);

// @ts-ignore: decorator
@inline function at(i: i32): v128 {
  return v128.load(TABLE + (<usize>i << 4));
}

/** fmod of sizes, NaN where it is special. */
// @ts-ignore: decorator
@inline function rest(a: v128, b: v128): v128 {
  const quotient = f64x2.div(a, b), q = f64x2.trunc(quotient), p = f64x2.mul(q, b);
  const r = f64x2.sub(f64x2.sub(a, p), productError(q, b, p));
  const fixed = f64x2.add(r, v128.and(b, f64x2.lt(r, f64x2.sub(one(), one()))));
  return v128.or(fixed, f64x2.ge(quotient, at(0)));
}

/** NumPy's sign, from fmod's result. */
// @ts-ignore: decorator
@inline function floored(r: v128, b: v128): v128 {
  const zero = f64x2.sub(one(), one()), isZero = f64x2.eq(r, zero);
  const isTurned = v128.xor(f64x2.lt(r, zero), f64x2.lt(b, zero));
  const moved = v128.bitselect(f64x2.add(r, b), r, isTurned);
  return v128.bitselect(signOf(b), moved, isZero);
}

@final @unmanaged class Remainder {
  // @ts-ignore: decorator
  @inline fast(a: v128, b: v128): v128 {
    return v128.or(rest(f64x2.abs(a), f64x2.abs(b)), signOf(a));
  }

  // @ts-ignore: decorator
  @inline special(a: v128, b: v128, result: v128): v128 {
    return f64x2.ne(result, result);
  }

  careful(a: v128, b: v128): v128 {
    const r = specialRest(f64x2.extract_lane(a, 0), f64x2.extract_lane(b, 0));
    return f64x2.replace_lane(f64x2.splat(r), 1, specialRest(f64x2.extract_lane(a, 1), f64x2.extract_lane(b, 1)));
  }
}

@final @unmanaged class Mod {
  // @ts-ignore: decorator
  @inline fast(a: v128, b: v128): v128 {
    return floored(changetype<Remainder>(0).fast(a, b), b);
  }

  // @ts-ignore: decorator
  @inline special(a: v128, b: v128, result: v128): v128 {
    return f64x2.ne(result, result);
  }

  careful(a: v128, b: v128): v128 {
    return floored(changetype<Remainder>(0).careful(a, b), b);
  }
}

/** fmod by integers: a = m·2^e, b = d·2^g; m·2^(e − g) modulo d, eleven bits of the power at a time. */
function specialRest(a: f64, b: f64): f64 {
  if (a != a || b != b || b == 0 || abs(a) == Infinity) return NaN;
  if (abs(a) < abs(b)) return a;
  const x = reinterpret<u64>(abs(a)), y = reinterpret<u64>(abs(b));
  const e = max(<i32>(x >> 52), 1), g = max(<i32>(y >> 52), 1);
  const fraction: u64 = 0x000fffffffffffff, lead: u64 = 0x0010000000000000;
  const d = (y & fraction) | (y > fraction ? lead : 0);
  let m = ((x & fraction) | (x > fraction ? lead : 0)) % d;
  let left = e - g;
  while (left > 0 && m != 0) {
    const step = min(left, 11);
    m = (m << step) % d;
    left -= step;
  }
  // m < d: m·2^g with g that of b, in two factors since 2^g may be below the least number
  const power = reinterpret<f64>(<u64>g << 52), value = <f64>m * 2.220446049250313e-16;
  return copysign(value * power, a);
}

/** out[i] = the rest of a[i]/b[i] with the sign of a[i], exact (C's fmod); NaN for b[i] = 0 and infinite a[i]. */
export function remainderF64(out: usize, a: usize, b: usize, n: i32): void {
  binary<Remainder>(out, a, b, n);
}

/** out[i] = the rest of a[i]/b[i] with the sign of a[i], float32, exact. */
export function remainderF32(out: usize, a: usize, b: usize, n: i32): void {
  binaryThroughWide<Remainder>(out, a, b, n);
}

/** out[i] = a[i] − ⌊a[i]/b[i]⌋·b[i] as NumPy's mod: fmod, plus b[i] where the signs differ; NaN for b[i] = 0. */
export function modF64(out: usize, a: usize, b: usize, n: i32): void {
  binary<Mod>(out, a, b, n);
}

/** out[i] = a[i] − ⌊a[i]/b[i]⌋·b[i], float32, as NumPy's mod. */
export function modF32(out: usize, a: usize, b: usize, n: i32): void {
  binaryThroughWide<Mod>(out, a, b, n);
}
