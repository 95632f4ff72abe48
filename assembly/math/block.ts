/**
 * Functions of blocks of numbers from functions of vectors. A function is a class F without state whose methods are
 * `fast` (right for every lane that is not special), `special` (a mask of lanes; of two arguments also from `fast`'s
 * result) and `careful` (right for special lanes, slow); without the latter two nothing is special. Each lane's result
 * depends on that lane alone, so that an element's bits depend neither on its place nor on its neighbours: special lanes
 * take their result from `careful`, the others from `fast`, whoever is beside them. Elements past the last whole vector
 * go through the same code one by one; nothing beyond n is read or written.
 *
 * One vector a round: V8 keeps the order of loads and stores, so it moves all loads of constants to the start of their
 * branch, and with two vectors a round it spilled most of them to the stack (a tenth slower for exp); the processor
 * overlaps the rounds by itself. The test for special lanes comes first and its branch reads x again, so that nothing
 * lives across the call and the usual way stores nothing but its result (another tenth). Constants by f64x2.splat were
 * slower than loads by a tenth, and their loads outside of the loop come back as reloads from the stack.
 */

/** F of two float64 lanes. */
// @ts-ignore: decorator
@inline export function lanes<F>(x: v128): v128 {
  const f = changetype<F>(0);
  let y = f.fast(x);
  if (isDefined(f.special)) {
    const special = f.special(x);
    if (v128.any_true(special)) y = v128.bitselect(f.careful(x), y, special);
  }
  return y;
}

function outOfLine<F>(x: v128): v128 {
  return lanes<F>(x);
}

/** out[i] = F(x[i]) for n float64. */
// @ts-ignore: decorator
@inline export function unary<F>(out: usize, x: usize, n: i32): void {
  const end = x + (<usize>n << 3);
  const f = changetype<F>(0);
  for (; x + 16 <= end; x += 16) {
    const a = v128.load(x);
    if (isDefined(f.special)) {
      if (v128.any_true(f.special(a))) {
        v128.store(out, outOfLine<F>(v128.load(x)));
        out += 16;
        continue;
      }
    }
    v128.store(out, f.fast(a));
    out += 16;
  }
  if (x < end) v128.store_lane<f64>(out, outOfLine<F>(v128.load_splat<f64>(x)), 0);
}

/** out[i] = F(x[i]) for n float32, in float64 and rounded once. */
// @ts-ignore: decorator
@inline export function unaryThroughWide<F>(out: usize, x: usize, n: i32): void {
  const f = changetype<F>(0);
  const end = x + (<usize>n << 2);
  for (; x + 8 <= end; x += 8) {
    const a = f64x2.promote_low_f32x4(v128.load64_zero(x));
    if (isDefined(f.special)) {
      if (v128.any_true(f.special(a))) {
        const y = outOfLine<F>(f64x2.promote_low_f32x4(v128.load64_zero(x)));
        v128.store_lane<f64>(out, f32x4.demote_f64x2_zero(y), 0);
        out += 8;
        continue;
      }
    }
    v128.store_lane<f64>(out, f32x4.demote_f64x2_zero(f.fast(a)), 0);
    out += 8;
  }
  if (x < end) {
    const y = outOfLine<F>(f64x2.splat(<f64>load<f32>(x)));
    v128.store_lane<f32>(out, f32x4.demote_f64x2_zero(y), 0);
  }
}

/** F of four float32 lanes; the special ones by W in float64. */
function quad<F, W>(x: v128): v128 {
  const f = changetype<F>(0);
  const y = f.fast(x), special = f.special(x);
  if (!v128.any_true(special)) return y;
  const low = f32x4.demote_f64x2_zero(lanes<W>(f64x2.promote_low_f32x4(x)));
  const upper = i8x16.shuffle(x, x, 8, 9, 10, 11, 12, 13, 14, 15, 8, 9, 10, 11, 12, 13, 14, 15);
  const high = f32x4.demote_f64x2_zero(lanes<W>(f64x2.promote_low_f32x4(upper)));
  return v128.bitselect(v128.shuffle<f64>(low, high, 0, 2), y, special);
}

/** out[i] = F(x[i]) for n float32 in four lanes, special ones by W in float64. */
// @ts-ignore: decorator
@inline export function unaryQuad<F, W>(out: usize, x: usize, n: i32): void {
  const f = changetype<F>(0);
  const end = x + (<usize>n << 2);
  for (; x + 16 <= end; x += 16) {
    const a = v128.load(x);
    if (v128.any_true(f.special(a))) v128.store(out, quad<F, W>(v128.load(x)));
    else v128.store(out, f.fast(a));
    out += 16;
  }
  for (; x < end; x += 4) {
    v128.store_lane<f32>(out, quad<F, W>(v128.load_splat<f32>(x)), 0);
    out += 4;
  }
}

/** out[i] = F(a[i], b[i]) for n float64. */
// @ts-ignore: decorator
@inline export function binary<F>(out: usize, a: usize, b: usize, n: i32): void {
  const end = a + (<usize>n << 3);
  for (; a + 16 <= end; a += 16) {
    v128.store(out, lanes2<F>(v128.load(a), v128.load(b)));
    b += 16;
    out += 16;
  }
  if (a < end) v128.store_lane<f64>(out, outOfLine2<F>(v128.load_splat<f64>(a), v128.load_splat<f64>(b)), 0);
}

/** out[i] = F(a[i], b[i]) for n float32, in float64 and rounded once. */
// @ts-ignore: decorator
@inline export function binaryThroughWide<F>(out: usize, a: usize, b: usize, n: i32): void {
  const end = a + (<usize>n << 2);
  for (; a + 8 <= end; a += 8) {
    const p = f64x2.promote_low_f32x4(v128.load64_zero(a)), q = f64x2.promote_low_f32x4(v128.load64_zero(b));
    v128.store_lane<f64>(out, f32x4.demote_f64x2_zero(lanes2<F>(p, q)), 0);
    b += 8;
    out += 8;
  }
  if (a < end) {
    const y = outOfLine2<F>(f64x2.splat(<f64>load<f32>(a)), f64x2.splat(<f64>load<f32>(b)));
    v128.store_lane<f32>(out, f32x4.demote_f64x2_zero(y), 0);
  }
}

/** F of two pairs of float64 lanes. */
// @ts-ignore: decorator
@inline export function lanes2<F>(a: v128, b: v128): v128 {
  const f = changetype<F>(0);
  const y = f.fast(a, b), special = f.special(a, b, y);
  if (v128.any_true(special)) return v128.bitselect(f.careful(a, b), y, special);
  return y;
}

function outOfLine2<F>(a: v128, b: v128): v128 {
  return lanes2<F>(a, b);
}
