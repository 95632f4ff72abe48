/**
 * Functions of blocks of numbers from functions of vectors. A function is a class F without state whose methods are
 * `fast` (right for every lane that is not special), `special` (a mask of lanes) and `careful` (right for special
 * lanes, slow). Each lane's result depends on that lane alone, so that an element's bits depend neither on its place
 * nor on its neighbours: special lanes take their result from `careful`, the others from `fast`, whoever is beside
 * them. Elements past the last whole vector go through the same code one by one; nothing beyond n is read or written.
 * Two vectors a round hide latencies; four were no faster and doubled the code.
 */

/** F of two float64 lanes. */
// @ts-ignore: decorator
@inline export function lanes<F>(x: v128): v128 {
  const f = changetype<F>(0);
  const y = f.fast(x), special = f.special(x);
  if (v128.any_true(special)) return v128.bitselect(f.careful(x), y, special);
  return y;
}

function outOfLine<F>(x: v128): v128 {
  return lanes<F>(x);
}

/** out[i] = F(x[i]) for n float64. */
// @ts-ignore: decorator
@inline export function unary<F>(out: usize, x: usize, n: i32): void {
  const f = changetype<F>(0);
  const end = x + (<usize>n << 3);
  for (; x + 32 <= end; x += 32) {
    const a = v128.load(x), b = v128.load(x, 16);
    let p = f.fast(a), q = f.fast(b);
    const s = f.special(a), t = f.special(b);
    if (v128.any_true(v128.or(s, t))) {
      p = v128.bitselect(f.careful(a), p, s);
      q = v128.bitselect(f.careful(b), q, t);
    }
    v128.store(out, p);
    v128.store(out, q, 16);
    out += 32;
  }
  for (; x < end; x += 8) {
    v128.store_lane<f64>(out, outOfLine<F>(v128.load_splat<f64>(x)), 0);
    out += 8;
  }
}

/** out[i] = F(x[i]) for n float32, in float64 and rounded once. */
// @ts-ignore: decorator
@inline export function unaryThroughWide<F>(out: usize, x: usize, n: i32): void {
  const f = changetype<F>(0);
  const end = x + (<usize>n << 2);
  for (; x + 16 <= end; x += 16) {
    const a = f64x2.promote_low_f32x4(v128.load64_zero(x));
    const b = f64x2.promote_low_f32x4(v128.load64_zero(x, 8));
    let p = f.fast(a), q = f.fast(b);
    const s = f.special(a), t = f.special(b);
    if (v128.any_true(v128.or(s, t))) {
      p = v128.bitselect(f.careful(a), p, s);
      q = v128.bitselect(f.careful(b), q, t);
    }
    v128.store_lane<f64>(out, f32x4.demote_f64x2_zero(p), 0);
    v128.store_lane<f64>(out, f32x4.demote_f64x2_zero(q), 0, 8);
    out += 16;
  }
  for (; x < end; x += 4) {
    const y = outOfLine<F>(f64x2.splat(<f64>load<f32>(x)));
    v128.store_lane<f32>(out, f32x4.demote_f64x2_zero(y), 0);
    out += 4;
  }
}
