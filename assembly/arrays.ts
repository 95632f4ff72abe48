/** Elements of float64 and int32 arrays at an address: `f`, `n` read, `setF`, `setN` write, `swapF`, `swapN` exchange. */
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
