/**
 * The orthogonal matrix of a reduction applied to vectors that lie as rows: C ← C·Qᵀ for Q = H₀H₁…, that is Q times each
 * row. Blocks of 32 reflectors in compact WY form (Schreiber & Van Loan, SIAM J. Sci. Stat. Comput. 10(1), 1989):
 * C ← C − (C·V)·(Tᵀ·Vᵀ). 4·p·m·b flops for a block of b reflectors of m elements and p rows, 2pn² in all.
 *
 * Both products take rows of C two at a time as they lie: only V, which is small, is packed, once for all, and a group of
 * rows is still in the cache for the second product. Groups of rows are shared by threads.
 */
import { GEMM_END, wideProduct } from '../gemm';
import { Body, parallelFor } from '../team';
import { blockFactorRows } from './householder';
import { at, set } from './vector';

const RELAXED: bool = ASC_FEATURE_RELAXED_SIMD;
const BLOCK: i32 = 32;
/** Rows of an iteration. */
const GROUP: i32 = 64;
/** Elements of rows of C that are multiplied before the next panel of V: a panel's part stays in L1. */
const CHUNK: i32 = 256;
const CONTEXT: usize = 64 + 896;

/** Leading dimension that `reflectRows` wants for rows of n elements: whole tiles. */
export function rowLength(n: i32): i32 {
  return (n + 7) & ~7;
}
/** How many rows it wants room for where there are n. */
export function rowCount(n: i32): i32 {
  return (n + 1) & ~1;
}

/** float64 elements of workspace for rows of n elements. */
export function reflectSpace(n: i32): usize {
  return <usize>(3 * BLOCK) * <usize>rowLength(n) + 2 * <usize>(BLOCK * BLOCK);
}

@unmanaged class Apply {
  c: usize; row: usize;
  /** V in panels of 8 columns, −Tᵀ·Vᵀ in panels of 8 columns. */
  panels: usize; back: usize;
  rows: i32; width: i32; b: i32;
}

/**
 * c: p rows of `length` elements, leading dimension ldc ≥ rowLength(length), with room for rowCount(p) rows; what lies
 * behind the p × length elements is written too, and should be zero. `count` reflectors lie as rows of `q` (leading
 * dimension `length`), the first with its one at `shift`, with their taus. False when cancelled.
 */
export function reflectRows(
  work: usize, count: i32, length: i32, shift: i32, q: usize, taus: usize, p: i32, c: usize, ldc: i32, space: usize,
): bool {
  const list = <usize>(BLOCK * rowLength(length)) << 3;
  const t = space, gram = t + (<usize>(BLOCK * BLOCK) << 3), rows = gram + (<usize>(BLOCK * BLOCK) << 3);
  const panels = rows + list, back = panels + list;
  const body: Body = reflectGroup;
  for (let first = (count - 1) / BLOCK * BLOCK; first >= 0 && count > 0; first -= BLOCK) {
    const b = min(BLOCK, count - first);
    const start = first + shift, from = start & ~7;
    const width = rowLength(length) - from, m = length - start;
    const v = q + (<usize>first * <usize>length + <usize>start << 3);
    blockFactorRows<f64>(work, m, b, v, length, taus + (<usize>first << 3), t, gram);
    if (!wideProduct<f64>(work, b, m, b, -1, t, 1, b, v, length, 1, rows, m, false, false)) return false;
    packPanels(b, m, start - from, width, v, length, panels);
    packBack(b, m, start - from, width, rows, back);
    const apply = changetype<Apply>(work + CONTEXT);
    apply.c = c + (<usize>from << 3); apply.row = <usize>ldc << 3;
    apply.panels = panels; apply.back = back;
    apply.rows = rowCount(p); apply.width = width; apply.b = b;
    if (!parallelFor(work, (p + GROUP - 1) / GROUP, body.index, work + CONTEXT)) return false;
  }
  return true;
}

/** to (length × count) = the rows as columns, in tiles so that both sides stay in L1; ld may be negative. */
export function transposeRows<T>(count: i32, length: i32, rows: usize, ld: i32, to: usize): void {
  for (let i0 = 0; i0 < length; i0 += 16) {
    const iEnd = min(length, i0 + 16);
    for (let j0 = 0; j0 < count; j0 += 16) {
      const jEnd = min(count, j0 + 16);
      for (let i = i0; i < iEnd; i++) {
        let p = to + (<usize>i * <usize>count + <usize>j0) * sizeof<T>();
        for (let j = j0; j < jEnd; j++, p += sizeof<T>()) store<T>(p, <T>at(rows, j * ld + i));
      }
    }
  }
}

/** V (m × b, its columns as rows of `v`) as panels [panel][width][8], behind `lead` zeros. */
function packPanels(b: i32, m: i32, lead: i32, width: i32, v: usize, ldv: i32, to: usize): void {
  memory.fill(to, 0, <usize>((b + 7) / 8 * width) << 6);
  for (let l = 0; l < b; l++) {
    const from = v + (<usize>l * <usize>ldv << 3);
    let p = to + (<usize>(l / 8 * width + lead) << 6) + (<usize>(l & 7) << 3);
    for (let k = 0; k < m; k++, p += 64) store<f64>(p, at(from, k));
  }
}

/** b rows of m elements as panels [panel][b][8], behind `lead` zeros. */
function packBack(b: i32, m: i32, lead: i32, width: i32, rows: usize, to: usize): void {
  const panel = <usize>b << 6;
  memory.fill(to, 0, <usize>(width / 8) * panel);
  for (let k = 0; k < b; k++) {
    const from = rows + (<usize>(k * m) << 3), target = to + (<usize>k << 6);
    for (let i = 0; i < m; i++) {
      const column = i + lead;
      set(target + <usize>(column >> 3) * panel, column & 7, at(from, i));
    }
  }
}

/** A group of rows: X = C·V, in this thread's arena, and C ← C + X·(−Tᵀ·Vᵀ). */
function reflectGroup(work: usize, group: i32, context: usize): void {
  const s = changetype<Apply>(context);
  const first = group * GROUP, count = min(GROUP, s.rows - first);
  const row = s.row, width = s.width, b = s.b;
  const c = s.c + <usize>first * row, x = work + GEMM_END;
  const panels = (b + 7) / 8;
  for (let from = 0; from < width; from += CHUNK) {
    const k = min(CHUNK, width - from);
    for (let j = 0; j < panels; j++) {
      const panel = s.panels + (<usize>(j * width + from) << 6);
      let p = c + (<usize>from << 3), to = x + (<usize>j << 6);
      for (let i = 0; i < count; i += 2, p += 2 * row, to += 16 * BLOCK) tile(k, p, row, panel, to, 8 * BLOCK, from > 0);
    }
  }
  const step = <usize>b << 6;
  let panel = s.back;
  for (let j = 0; j < width; j += 8, panel += step) {
    let p = x, to = c + (<usize>j << 3);
    for (let i = 0; i < count; i += 2, p += 16 * BLOCK, to += 2 * row) tile(b, p, 8 * BLOCK, panel, to, row, true);
  }
}

// @ts-ignore: decorator
@inline function madd(a: v128, b: v128, c: v128): v128 {
  if (RELAXED) return f64x2.relaxed_madd(a, b, c);
  return f64x2.add(c, f64x2.mul(a, b));
}

/**
 * Two rows by eight columns of C (=, +=) A·B: two rows of A as they lie, `row` bytes apart, and a packed panel of B. In
 * the manner of micro.ts, with exits between the copies of the step for the same reason.
 */
function tile(k: i32, a: usize, row: usize, b: usize, c: usize, rowC: usize, accumulate: bool): void {
  let c00 = f64x2.splat(0), c01 = c00, c02 = c00, c03 = c00, c10 = c00, c11 = c00, c12 = c00, c13 = c00;
  let a1 = a + row;
  const end = b + (<usize>k << 6);
  while (b < end) {
    {
      const b0 = v128.load(b), b1 = v128.load(b, 16), b2 = v128.load(b, 32), b3 = v128.load(b, 48);
      const f = v128.load64_splat(a);
      c00 = madd(f, b0, c00); c01 = madd(f, b1, c01); c02 = madd(f, b2, c02); c03 = madd(f, b3, c03);
      const g = v128.load64_splat(a1);
      c10 = madd(g, b0, c10); c11 = madd(g, b1, c11); c12 = madd(g, b2, c12); c13 = madd(g, b3, c13);
    }
    a += 8; a1 += 8; b += 64;
    if (b >= end) break;
    {
      const b0 = v128.load(b), b1 = v128.load(b, 16), b2 = v128.load(b, 32), b3 = v128.load(b, 48);
      const f = v128.load64_splat(a);
      c00 = madd(f, b0, c00); c01 = madd(f, b1, c01); c02 = madd(f, b2, c02); c03 = madd(f, b3, c03);
      const g = v128.load64_splat(a1);
      c10 = madd(g, b0, c10); c11 = madd(g, b1, c11); c12 = madd(g, b2, c12); c13 = madd(g, b3, c13);
    }
    a += 8; a1 += 8; b += 64;
    if (b >= end) break;
    {
      const b0 = v128.load(b), b1 = v128.load(b, 16), b2 = v128.load(b, 32), b3 = v128.load(b, 48);
      const f = v128.load64_splat(a);
      c00 = madd(f, b0, c00); c01 = madd(f, b1, c01); c02 = madd(f, b2, c02); c03 = madd(f, b3, c03);
      const g = v128.load64_splat(a1);
      c10 = madd(g, b0, c10); c11 = madd(g, b1, c11); c12 = madd(g, b2, c12); c13 = madd(g, b3, c13);
    }
    a += 8; a1 += 8; b += 64;
    if (b >= end) break;
    {
      const b0 = v128.load(b), b1 = v128.load(b, 16), b2 = v128.load(b, 32), b3 = v128.load(b, 48);
      const f = v128.load64_splat(a);
      c00 = madd(f, b0, c00); c01 = madd(f, b1, c01); c02 = madd(f, b2, c02); c03 = madd(f, b3, c03);
      const g = v128.load64_splat(a1);
      c10 = madd(g, b0, c10); c11 = madd(g, b1, c11); c12 = madd(g, b2, c12); c13 = madd(g, b3, c13);
    }
    a += 8; a1 += 8; b += 64;
  }
  put(c, c00, accumulate); put(c + 16, c01, accumulate); put(c + 32, c02, accumulate); put(c + 48, c03, accumulate);
  c += rowC;
  put(c, c10, accumulate); put(c + 16, c11, accumulate); put(c + 32, c12, accumulate); put(c + 48, c13, accumulate);
}

// @ts-ignore: decorator
@inline function put(c: usize, value: v128, accumulate: bool): void {
  v128.store(c, accumulate ? f64x2.add(value, v128.load(c)) : value);
}
