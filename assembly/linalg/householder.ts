/**
 * Householder reflectors and their blocks in compact WY form: H = I − τ·v·vᵀ with v[0] = 1, and
 * H₁H₂…H_b = I − V·T·Vᵀ with V unit lower trapezoidal and T upper triangular (Schreiber & Van Loan, SIAM J. Sci. Stat.
 * Comput. 10(1), 1989; LAPACK's larfg, larft, larfb). Signs are LAPACK's: β = −sign(α)·‖x‖.
 *
 * A reflector overwrites the vector it was made of, 4n flops; T of a block takes 2mb² flops by the Gram matrix VᵀV, and applying it
 * to n columns 4mnb. Workspace is what each function names.
 */
import { product, wideProduct } from '../gemm';

/** A reflector with H·(α, x) = (β, 0): answers τ and stores β, with x (n elements, `step` bytes apart) turned into v. */
export function reflector<T>(n: i32, alpha: usize, x: usize, step: usize): T {
  const a = load<T>(alpha);
  let largest: T = 0;
  let p = x;
  for (let i = 0; i < n; i++) {
    const size = abs<T>(load<T>(p));
    // keeps a NaN
    if (!(size <= largest)) largest = size;
    p += step;
  }
  if (largest == <T>0) return 0;
  // scaled, so that no square overflows or vanishes
  const scale = max<T>(largest, abs<T>(a));
  let sum: T = 0;
  const inverse = <T>1 / scale;
  const isSafe = inverse < <T>(sizeof<T>() == 8 ? 1e300 : 1e37) && inverse > <T>(sizeof<T>() == 8 ? 1e-300 : 1e-37);
  p = x;
  for (let i = 0; i < n; i++) {
    const value = isSafe ? load<T>(p) * inverse : load<T>(p) / scale;
    sum += value * value;
    p += step;
  }
  // everything in units of `scale`: as right for denormals, whose own digits are few
  const head = a / scale;
  const size = sqrt<T>(head * head + sum);
  const beta = head < <T>0 ? size : -size;
  const below = <T>1 / (head - beta);
  p = x;
  if (isSafe) {
    const factor = inverse * below;
    for (let i = 0; i < n; i++) {
      store<T>(p, load<T>(p) * factor);
      p += step;
    }
  } else {
    for (let i = 0; i < n; i++) {
      store<T>(p, load<T>(p) / scale * below);
      p += step;
    }
  }
  store<T>(alpha, beta * scale);
  return (beta - head) / beta;
}

/**
 * QR of a panel, m × b row-major, column by column: R above, the reflectors' tails below the diagonal, `tau` b scalars.
 * Rows are short and adjacent, so sums over rows run in registers, 64 bytes of columns at a time.
 */
export function panelFactor<T>(m: i32, b: i32, a: usize, lda: i32, tau: usize): void {
  const row = <usize>lda * sizeof<T>();
  for (let j = 0; j < min(m, b); j++) {
    const head = a + <usize>j * (row + sizeof<T>());
    const t = reflector<T>(m - j - 1, head, head + row, row);
    store<T>(tau + <usize>j * sizeof<T>(), t);
    if (t == <T>0 || j + 1 == b) continue;
    applyOne<T>(m - j, b - j - 1, t, head, row, head + sizeof<T>());
  }
}

/** C ← (I − τ·v·vᵀ)·C for one reflector: v[0] = 1 implied, the others `row` bytes apart as the rows of C (m × n) are. */
export function applyOne<T>(m: i32, n: i32, tau: T, v: usize, row: usize, c: usize): void {
  let columns = <usize>n * sizeof<T>();
  while (columns >= 64) {
    applyOne64<T>(m, tau, v, row, c);
    c += 64; columns -= 64;
  }
  while (columns >= 16) {
    applyOne16<T>(m, tau, v, row, c);
    c += 16; columns -= 16;
  }
  for (; columns > 0; columns -= sizeof<T>()) {
    let sum = load<T>(c);
    for (let i = 1; i < m; i++) sum += load<T>(v + <usize>i * row) * load<T>(c + <usize>i * row);
    sum *= tau;
    store<T>(c, load<T>(c) - sum);
    for (let i = 1; i < m; i++) {
      const at = c + <usize>i * row;
      store<T>(at, load<T>(at) - load<T>(v + <usize>i * row) * sum);
    }
    c += sizeof<T>();
  }
}

function applyOne64<T>(m: i32, tau: T, v: usize, row: usize, c: usize): void {
  let s0 = v128.load(c), s1 = v128.load(c, 16), s2 = v128.load(c, 32), s3 = v128.load(c, 48);
  let p = c, q = v;
  for (let i = 1; i < m; i++) {
    p += row; q += row;
    const f = v128.load_splat<T>(q);
    s0 = v128.add<T>(s0, v128.mul<T>(f, v128.load(p)));
    s1 = v128.add<T>(s1, v128.mul<T>(f, v128.load(p, 16)));
    s2 = v128.add<T>(s2, v128.mul<T>(f, v128.load(p, 32)));
    s3 = v128.add<T>(s3, v128.mul<T>(f, v128.load(p, 48)));
  }
  const t = v128.splat<T>(tau);
  s0 = v128.mul<T>(t, s0); s1 = v128.mul<T>(t, s1); s2 = v128.mul<T>(t, s2); s3 = v128.mul<T>(t, s3);
  v128.store(c, v128.sub<T>(v128.load(c), s0));
  v128.store(c, v128.sub<T>(v128.load(c, 16), s1), 16);
  v128.store(c, v128.sub<T>(v128.load(c, 32), s2), 32);
  v128.store(c, v128.sub<T>(v128.load(c, 48), s3), 48);
  p = c; q = v;
  for (let i = 1; i < m; i++) {
    p += row; q += row;
    const f = v128.load_splat<T>(q);
    v128.store(p, v128.sub<T>(v128.load(p), v128.mul<T>(f, s0)));
    v128.store(p, v128.sub<T>(v128.load(p, 16), v128.mul<T>(f, s1)), 16);
    v128.store(p, v128.sub<T>(v128.load(p, 32), v128.mul<T>(f, s2)), 32);
    v128.store(p, v128.sub<T>(v128.load(p, 48), v128.mul<T>(f, s3)), 48);
  }
}

function applyOne16<T>(m: i32, tau: T, v: usize, row: usize, c: usize): void {
  let s = v128.load(c);
  let p = c, q = v;
  for (let i = 1; i < m; i++) {
    p += row; q += row;
    s = v128.add<T>(s, v128.mul<T>(v128.load_splat<T>(q), v128.load(p)));
  }
  s = v128.mul<T>(v128.splat<T>(tau), s);
  v128.store(c, v128.sub<T>(v128.load(c), s));
  p = c; q = v;
  for (let i = 1; i < m; i++) {
    p += row; q += row;
    v128.store(p, v128.sub<T>(v128.load(p), v128.mul<T>(v128.load_splat<T>(q), s)));
  }
}

/** The reflectors of a factored panel with their ones and zeros: V, m × b, leading dimension b. */
export function unpackReflectors<T>(m: i32, b: i32, a: usize, lda: i32, v: usize): void {
  const row = <usize>lda * sizeof<T>(), out = <usize>b * sizeof<T>();
  for (let i = 0; i < m; i++) {
    const known = min(i, b);
    memory.copy(v, a, <usize>known * sizeof<T>());
    if (i < b) {
      store<T>(v + <usize>i * sizeof<T>(), 1);
      memory.fill(v + <usize>(i + 1) * sizeof<T>(), 0, <usize>(b - i - 1) * sizeof<T>());
    }
    a += row; v += out;
  }
}

/** The same of a panel that was factored where V is to be. */
export function maskReflectors<T>(m: i32, b: i32, v: usize): void {
  for (let i = 0; i < min(m, b); i++) {
    const at = v + <usize>(i * b + i) * sizeof<T>();
    store<T>(at, 1);
    memory.fill(at + sizeof<T>(), 0, <usize>(b - i - 1) * sizeof<T>());
  }
}

/** T (b × b, upper triangular with zeros below) of I − V·T·Vᵀ; V m × b with its ones and zeros. */
export function blockFactor<T>(work: usize, m: i32, b: i32, v: usize, tau: usize, t: usize, gram: usize): void {
  product<T>(work, b, b, m, <T>1, v, 1, b, v, b, 1, gram, b, false, false);
  fillFactor<T>(b, tau, t, gram);
}

/** As `blockFactor` for reflectors that are rows: Vᵀ is b × m with leading dimension `ldv`. */
export function blockFactorRows<T>(
  work: usize, m: i32, b: i32, v: usize, ldv: i32, tau: usize, t: usize, gram: usize,
): void {
  product<T>(work, b, b, m, <T>1, v, ldv, 1, v, 1, ldv, gram, b, false, false);
  fillFactor<T>(b, tau, t, gram);
}

function fillFactor<T>(b: i32, tau: usize, t: usize, gram: usize): void {
  memory.fill(t, 0, <usize>(b * b) * sizeof<T>());
  for (let j = 0; j < b; j++) {
    const factor = load<T>(tau + <usize>j * sizeof<T>());
    store<T>(t + <usize>(j * b + j) * sizeof<T>(), factor);
    // column j above the diagonal: −τ·T·(Vᵀv)
    for (let i = 0; i < j; i++) {
      let sum: T = 0;
      for (let k = i; k < j; k++) {
        sum += load<T>(t + <usize>(i * b + k) * sizeof<T>()) * load<T>(gram + <usize>(k * b + j) * sizeof<T>());
      }
      store<T>(t + <usize>(i * b + j) * sizeof<T>(), -factor * sum);
    }
  }
}

/**
 * C ← (I − V·T·Vᵀ)·C, or with Tᵀ (the inverse) when `transposed`; C m × n, V m × b at element strides rV and cV, `w`
 * room for 2·b·n elements. 4mnb flops on all threads. False when cancelled.
 */
export function applyBlock<T>(
  work: usize, m: i32, n: i32, b: i32, v: usize, rV: i32, cV: i32, t: usize, transposed: bool,
  c: usize, ldc: i32, w: usize,
): bool {
  const w2 = w + <usize>(b * n) * sizeof<T>();
  if (!wideProduct<T>(work, b, n, m, <T>1, v, cV, rV, c, ldc, 1, w, n, false, false)) return false;
  const rT = transposed ? 1 : b, cT = transposed ? b : 1;
  if (!wideProduct<T>(work, b, n, b, <T>1, t, rT, cT, w, n, 1, w2, n, false, false)) return false;
  return wideProduct<T>(work, m, n, b, <T>-1, v, rV, cV, w2, n, 1, c, ldc, true, false);
}
