/**
 * QR of upper triangles on top of each other, what TSQR's tree is made of (Demmel, Grigori, Hoemmen & Langou, SIAM J. Sci.
 * Comput. 34(1), 2012, §4). Row i of every triangle is taken before row i + 1 of any: then what is not zero lies above a
 * staircase, and each block of reflectors has only the rows above its step. Of f triangles of n columns 2(f − 1)n³/3 flops,
 * as many again for Q, where the rectangle would take (2f − 2/3)n³.
 */
import { CANCELLED, OK } from '../status';
import { copyUpper } from './copy';
import { size } from './batch';
import { qrFactor, qrForm, qrSpace } from './qr';

/**
 * r0 to r7: `count` triangles, n × n, zeros below the diagonal. r (n × n), and q (count·n × n), whose row i·count + c is row
 * i of triangle c; with q 0 only r. Scratch: qrSpace(count·n, n, n) elements, and count·n² more without q.
 */
export function qrTriangles(
  work: usize, wide: i32, n: i32, count: i32,
  r0: usize, r1: usize, r2: usize, r3: usize, r4: usize, r5: usize, r6: usize, r7: usize,
  q: usize, r: usize, scratch: usize,
): i32 {
  const bytes = <usize>(count * n) * <usize>n * size(wide);
  const f = q == 0 ? scratch : q, space = q == 0 ? scratch + bytes : scratch;
  const row = <usize>n * size(wide), step = <usize>count * row;
  for (let c = 0; c < count; c++) {
    let from = c == 0 ? r0 : c == 1 ? r1 : c == 2 ? r2 : c == 3 ? r3 : c == 4 ? r4 : c == 5 ? r5 : c == 6 ? r6 : r7;
    let to = f + <usize>c * row;
    for (let i = 0; i < n; i++, from += row, to += step) memory.copy(to, from, row);
  }
  const isDone = wide ? factor<f64>(work, n, count, f, q != 0, r, space) : factor<f32>(work, n, count, f, q != 0, r, space);
  return isDone ? OK : CANCELLED;
}

function factor<T>(work: usize, n: i32, count: i32, f: usize, hasQ: bool, r: usize, space: usize): bool {
  const m = count * n;
  if (!qrFactor<T>(work, m, n, f, n, space, 0, count)) return false;
  copyUpper<T>(n, n, f, n, r, n);
  return !hasQ || qrForm<T>(work, m, n, f, n, space, n, f, count);
}
