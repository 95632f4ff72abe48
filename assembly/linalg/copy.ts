/** Copies of matrices on the way in and out of the factorisations: triangles, transposes, precision, scale. */

// @ts-ignore: decorator
@inline export function real<T>(p: usize, i: usize): T {
  return load<T>(p + i * sizeof<T>());
}
// @ts-ignore: decorator
@inline export function setReal<T>(p: usize, i: usize, value: T): void {
  store<T>(p + i * sizeof<T>(), value);
}

/** A block of rows × columns. */
export function copyMatrix<T>(rows: i32, columns: i32, from: usize, ldf: i32, to: usize, ldt: i32): void {
  const bytes = <usize>columns * sizeof<T>();
  for (let i = 0; i < rows; i++) {
    let at: usize = 0;
    for (; at + 16 <= bytes; at += 16) v128.store(to + at, v128.load(from + at));
    for (; at < bytes; at += sizeof<T>()) store<T>(to + at, load<T>(from + at));
    from += <usize>ldf * sizeof<T>(); to += <usize>ldt * sizeof<T>();
  }
}

/** The lower triangle of `from` (rows × columns, leading dimension ldf); above it zeros, on it ones when `unit`. */
export function copyLower<T>(rows: i32, columns: i32, from: usize, ldf: i32, to: usize, ldt: i32, unit: bool): void {
  for (let i = 0; i < rows; i++) {
    const source = from + <usize>i * <usize>ldf * sizeof<T>(), target = to + <usize>i * <usize>ldt * sizeof<T>();
    const known = min(columns, unit ? i : i + 1);
    memory.copy(target, source, <usize>known * sizeof<T>());
    memory.fill(target + <usize>known * sizeof<T>(), 0, <usize>(columns - known) * sizeof<T>());
    if (unit && i < columns) setReal<T>(target, i, 1);
  }
}

/** The upper triangle of `from`, below it zeros. */
export function copyUpper<T>(rows: i32, columns: i32, from: usize, ldf: i32, to: usize, ldt: i32): void {
  for (let i = 0; i < rows; i++) {
    const source = from + <usize>i * <usize>ldf * sizeof<T>(), target = to + <usize>i * <usize>ldt * sizeof<T>();
    const zeros = min(columns, i);
    memory.fill(target, 0, <usize>zeros * sizeof<T>());
    memory.copy(target + <usize>zeros * sizeof<T>(), source + <usize>zeros * sizeof<T>(), <usize>(columns - zeros) * sizeof<T>());
  }
}

/** to (columns × rows) = fromᵀ, in tiles so that both sides stay in L1. */
export function transposeInto<T>(rows: i32, columns: i32, from: usize, to: usize): void {
  for (let i0 = 0; i0 < rows; i0 += 16) {
    for (let j0 = 0; j0 < columns; j0 += 16) {
      const iEnd = min(rows, i0 + 16), jEnd = min(columns, j0 + 16);
      for (let i = i0; i < iEnd; i++) {
        for (let j = j0; j < jEnd; j++) {
          setReal<T>(to, <usize>j * <usize>rows + <usize>i, real<T>(from, <usize>i * <usize>columns + <usize>j));
        }
      }
    }
  }
}

/**
 * The power of two that brings the largest of `count` elements to between ½ and 1; 0 when all are zero, NaN when one is
 * NaN or infinite.
 */
export function scaleOf<T>(count: usize, a: usize): f64 {
  let largest: f64 = 0;
  let poison: f64 = 0;
  let i: usize = 0;
  if (sizeof<T>() == 8) {
    let most = f64x2.splat(0), more = most, sum = most, other = most;
    const zero = most;
    for (; i + 4 <= count; i += 4) {
      const x = v128.load(a + (i << 3)), y = v128.load(a + (i << 3), 16);
      most = f64x2.max(most, f64x2.abs(x));
      more = f64x2.max(more, f64x2.abs(y));
      sum = f64x2.add(sum, f64x2.mul(x, zero));
      other = f64x2.add(other, f64x2.mul(y, zero));
    }
    most = f64x2.max(most, more);
    sum = f64x2.add(sum, other);
    largest = max(f64x2.extract_lane(most, 0), f64x2.extract_lane(most, 1));
    poison = f64x2.extract_lane(sum, 0) + f64x2.extract_lane(sum, 1);
  }
  for (; i < count; i++) {
    const value = <f64>abs<T>(real<T>(a, i));
    largest = max(largest, value);
    poison += value * 0;
  }
  if (poison != 0) return NaN;
  if (largest == 0) return 0;
  // exponents as bits; a denormal is brought into range first
  let shift: i64 = 0;
  if (largest < 1e-300) {
    largest *= 2.037035976334486e90; // 2³⁰⁰
    shift = 300;
  }
  const exponent = (reinterpret<i64>(largest) >> 52) - 1022 - shift;
  return reinterpret<f64>((1023 - min<i64>(max<i64>(exponent, -1022), 1022)) << 52);
}

/** `count` elements of `from` in float64, times `factor`. */
export function widen<T>(count: usize, from: usize, to: usize, factor: f64): void {
  for (let i: usize = 0; i < count; i++) store<f64>(to + (i << 3), <f64>real<T>(from, i) * factor);
}

/** `count` float64 elements of `from` in T, divided by `factor`. */
export function narrow<T>(count: usize, from: usize, to: usize, factor: f64): void {
  const inverse = 1 / factor;
  const isExact = abs(inverse) < Infinity;
  for (let i: usize = 0; i < count; i++) {
    const value = load<f64>(from + (i << 3));
    setReal<T>(to, i, <T>(isExact ? value * inverse : value / factor));
  }
}
