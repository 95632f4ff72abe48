/**
 * Elements of arrays at an address. Of float64 and int32 arrays `f` and `n` read, `setF` and `setN` write, `swapF` and
 * `swapN` exchange; `element` reads any dtype.
 */
// @ts-ignore: decorator
@inline export function f(array: usize, i: i32): f64 {
  return load<f64>(array + (<usize>i << 3));
}
// @ts-ignore: decorator
@inline export function setF(array: usize, i: i32, value: f64): void {
  store<f64>(array + (<usize>i << 3), value);
}
// @ts-ignore: decorator
@inline export function n(array: usize, i: i32): i32 {
  return load<i32>(array + (<usize>i << 2));
}
// @ts-ignore: decorator
@inline export function setN(array: usize, i: i32, value: i32): void {
  store<i32>(array + (<usize>i << 2), value);
}
// @ts-ignore: decorator
@inline export function swapF(array: usize, i: i32, j: i32): void {
  const value = f(array, i);
  setF(array, i, f(array, j));
  setF(array, j, value);
}
// @ts-ignore: decorator
@inline export function swapN(array: usize, i: i32, j: i32): void {
  const value = n(array, i);
  setN(array, i, n(array, j));
  setN(array, j, value);
}
/** Element `i` of an array of any dtype: 0 float64, 1 float32, 2 int32, 3 uint32, 4 uint8 and bool. */
// @ts-ignore: decorator
@inline export function element(type: i32, array: usize, i: usize): f64 {
  if (type == 0) return load<f64>(array + (i << 3));
  if (type == 1) return load<f32>(array + (i << 2));
  if (type == 2) return load<i32>(array + (i << 2));
  if (type == 3) return load<u32>(array + (i << 2));
  return load<u8>(array + i);
}
