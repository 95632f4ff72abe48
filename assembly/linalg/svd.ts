/**
 * A = U·diag(s)·Vᵀ, A m × n row-major, m ≥ n (LAPACK's gesdd): QR first when m > 1.6n, bidiagonal form, divide and
 * conquer, and the reflectors applied to its vectors, which lie as rows until the end; without vectors dqds. Values
 * descend. Only products, shared passes and the secular equation matter for time: about 8mn² + 9n³ flops with vectors,
 * ⁸⁄₃n³ without.
 *
 * Workspace is 3.5n² beside A and the results, `svdSpace`, since memories have several lives: reflectors lie where U and
 * Vᵀ will be, and A, used up, is one of the squares of divide and conquer.
 */
import { bidiagonalSpace, bidiagonalSvd, bidiagonalValues } from './bidiagonal';
import { bidiagonalise, bidiagonaliseSpace } from './bidiagonalise';
import { wideProduct } from '../gemm';
import { CANCELLED, OK } from '../status';
import { dqdsSpace } from './dqds';
import { qrFactor, qrForm, qrSpace } from './qr';
import { reflectRows, reflectSpace, rowCount, rowLength, transposeRows } from './reflect-rows';

/** Whether QR first saves time. */
// @ts-ignore: decorator
@inline function isTall(m: i32, n: i32): bool {
  return <f64>m > 1.6 * <f64>n;
}

/** float64 elements of workspace of `svdFactor`: of the QR where there is one, then of the bidiagonal form. */
export function svdSpace(m: i32, n: i32, hasVectors: bool): usize {
  const height = isTall(m, n) ? n : m;
  let own = <usize>(4 * n);
  if (isTall(m, n)) own += qrSpace(m, n, n);
  if (!hasVectors) return own + <usize>(height + n) * <usize>n + max<usize>(bidiagonaliseSpace(height, n), dqdsSpace(n));
  if (isTall(m, n)) own += <usize>m * <usize>n;
  const vectors = <usize>rowCount(n) * <usize>rowLength(height) * 2;
  return own + max<usize>(bidiagonaliseSpace(height, n), vectors + max<usize>(bidiagonalSpace(n), reflectSpace(height)));
}

/**
 * a (m × n) is destroyed; s (n) descending; u (m × n) and vt (n × n), or neither when u is 0. OK,
 * NOT_CONVERGED or CANCELLED.
 */
export function svdFactor(work: usize, m: i32, n: i32, a: usize, s: usize, u: usize, vt: usize, space: usize): i32 {
  if (n == 0) return OK;
  let height = m;
  let q: usize = 0;
  if (isTall(m, n)) {
    // the same of R, and then U = Q·U
    const factorSpace = space;
    const used = qrSpace(m, n, n);
    if (!qrFactor<f64>(work, m, n, a, n, factorSpace)) return CANCELLED;
    q = space + (used << 3);
    if (u != 0 && !qrForm<f64>(work, m, n, a, n, factorSpace, n, q)) return CANCELLED;
    for (let i = 1; i < n; i++) memory.fill(a + (<usize>i * <usize>n << 3), 0, <usize>i << 3);
    space = u == 0 ? q : q + (<usize>m * <usize>n << 3);
    height = n;
  }
  const d = space, e = d + (<usize>n << 3), tauU = e + (<usize>n << 3), tauV = tauU + (<usize>n << 3);
  const end = tauV + (<usize>n << 3);
  const us = u == 0 ? end : u, vs = u == 0 ? end + (<usize>n * <usize>height << 3) : vt;
  const free = u == 0 ? vs + (<usize>n * <usize>n << 3) : end;
  if (!bidiagonalise(work, height, n, a, n, d, e, us, tauU, vs, tauV, free)) return CANCELLED;
  if (u == 0) {
    const status = bidiagonalValues(work, n, d, e, free);
    for (let i = 0; i < n; i++) store<f64>(s + (<usize>i << 3), load<f64>(d + (<usize>(n - 1 - i) << 3)));
    return status;
  }
  // rows of n elements, and room for those of `height`
  const ld = rowLength(height), vectors = <usize>rowCount(n) * <usize>ld << 3;
  const uRows = free, vRows = uRows + vectors, rest = vRows + vectors;
  memory.fill(uRows, 0, 2 * vectors);
  const status = bidiagonalSvd(work, n, d, e, uRows, vRows, ld, a, rest);
  if (status != OK) return status;
  for (let i = 0; i < n; i++) store<f64>(s + (<usize>i << 3), load<f64>(d + (<usize>(n - 1 - i) << 3)));
  if (!reflectRows(work, n, height, 0, us, tauU, n, uRows, ld, rest)) return CANCELLED;
  if (!reflectRows(work, n - 1, n, 1, vs, tauV, n, vRows, ld, rest)) return CANCELLED;
  // rows were ascending
  const last = <usize>(n - 1) * <usize>ld << 3;
  for (let i = 0; i < n; i++) memory.copy(vt + (<usize>i * <usize>n << 3), vRows + last - (<usize>i * <usize>ld << 3), <usize>n << 3);
  if (q == 0) transposeRows<f64>(n, height, uRows + last, -ld, u);
  else if (!wideProduct<f64>(work, m, n, n, 1, q, n, 1, uRows + last, 1, -ld, u, n, false, false)) return CANCELLED;
  return OK;
}
