/**
 * Sums of products of two arrays seen through strides: C[item, i, j] = Σ_l A[item, i, l]·B[item, l, j], C row-major.
 * The plan is a record of float64s (src/kernels/contraction.ts writes it): which loops run, over what, in which units.
 * Units write to disjoint places and do not depend on the number of threads. Large products of matrices are the packed
 * one of gemm.ts, which takes any strides; what reads every element once has loops of its own here.
 */
import { ARENA_START } from './arena';
import { addTo, direct } from './direct';
import { product, wideProduct } from './gemm';
import { columns, dot, fourRows, isStream } from './matrix-vector';
import { CANCELLED, OK } from './status';
import { parallelFor } from './team';

const FLOAT64: i32 = 0, FLOAT32: i32 = 1, INT32: i32 = 2, UINT8: i32 = 3;
/** Loops; src/kernels/contraction.ts has the same numbers. */
const SHARED_PRODUCT: i32 = 0, PRODUCT: i32 = 1, PLAIN: i32 = 2, OUTER: i32 = 3, COLUMNS: i32 = 4, ROWS: i32 = 5,
  DIRECT: i32 = 6;

/** Places in the record. B may move along with i (rowB) where n is 1. */
const TYPE: usize = 0, MODE: usize = 8, M: usize = 16, N: usize = 24, K: usize = 32;
const ROW_A: usize = 40, STEP_A: usize = 48, STEP_B: usize = 56, COLUMN_B: usize = 64, ROW_B: usize = 72;
const A: usize = 80, B: usize = 88, C: usize = 96;
/** Rows of a unit, such blocks in an item, items of a unit, items; pieces that k is cut into, and how long they are. */
const ROWS_EACH: usize = 104, BLOCKS: usize = 112, ITEMS_EACH: usize = 120, ITEMS: usize = 128;
const UNITS: usize = 136, AXES: usize = 144, PARTIALS: usize = 152, PIECES: usize = 160, LENGTH: usize = 168;
/** Length, stride in A, stride in B of each axis of the items. */
const AXIS: usize = 176;

/** Sums of PLAIN that are made at a time, in the arena. */
const SUMS: i32 = 256;

// @ts-ignore: decorator
@inline function num(record: usize, place: usize): i32 {
  return <i32>load<f64>(record + place);
}

// @ts-ignore: decorator
@inline function get<T>(p: usize, stride: i32, i: i32): T {
  return load<T>(p + <usize>(stride * i) * sizeof<T>());
}

/** One row of an outer product. */
function scaled<T>(x: T, n: i32, b: usize, columnB: i32, c: usize): void {
  let j = 0;
  if (columnB == 1) {
    const v = v128.splat<T>(x);
    const end = c + ((<usize>n * sizeof<T>()) & ~15);
    j = <i32>((end - c) / sizeof<T>());
    for (; c < end; c += 16) {
      v128.store(c, v128.mul<T>(v, v128.load(b)));
      b += 16;
    }
    for (; j < n; j++) {
      store<T>(c, x * load<T>(b));
      b += sizeof<T>();
      c += sizeof<T>();
    }
    return;
  }
  for (; j < n; j++) store<T>(c + <usize>j * sizeof<T>(), x * get<T>(b, columnB, j));
}

/** A row of C by the definition, for what is no float: integers modulo 2³² (S = i32), of which bytes keep the low one; `any` for bools. */
function plain<T, S>(
  sums: usize, n: i32, k: i32, a: usize, stepA: i32, b: usize, stepB: i32, columnB: i32, c: usize, any: bool,
): void {
  for (let j0 = 0; j0 < n; j0 += SUMS) {
    const count = min(SUMS, n - j0);
    if (count == 1) {
      let sum: S = 0;
      const p = b + <usize>(j0 * columnB) * sizeof<T>();
      for (let l = 0; l < k; l++) sum += <S>get<T>(a, stepA, l) * <S>get<T>(p, stepB, l);
      store<T>(c + <usize>j0 * sizeof<T>(), any ? <T>(sum != 0 ? 1 : 0) : <T>sum);
      continue;
    }
    memory.fill(sums, 0, <usize>count * sizeof<S>());
    for (let l = 0; l < k; l++) {
      const x = <S>get<T>(a, stepA, l);
      let p = b + <usize>(l * stepB + j0 * columnB) * sizeof<T>();
      let j = 0;
      if (isInteger<T>()) {
        if (sizeof<T>() == 4 && columnB == 1) {
          const factor = i32x4.splat(<i32>x);
          for (; j + 4 <= count; j += 4) {
            const q = sums + (<usize>j << 2);
            v128.store(q, i32x4.add(v128.load(q), i32x4.mul(factor, v128.load(p))));
            p += 16;
          }
        }
      }
      for (; j < count; j++) {
        const q = sums + <usize>j * sizeof<S>();
        // of bools: no sum can wrap to zero
        if (any) store<S>(q, <S>(<i32>load<S>(q) | <i32>(x * <S>load<T>(p))));
        else store<S>(q, load<S>(q) + x * <S>load<T>(p));
        p += <usize>columnB * sizeof<T>();
      }
    }
    for (let j = 0; j < count; j++) {
      store<T>(c + <usize>(j0 + j) * sizeof<T>(), <T>load<S>(sums + <usize>j * sizeof<S>()));
    }
  }
}

/** The part of a unit that lies in one item: rows from … end − 1. */
// @ts-ignore: decorator
@inline function rows<T, S>(work: usize, r: usize, mode: i32, a: usize, b: usize, c: usize, from: i32, end: i32): void {
  const n = num(r, N), k = num(r, K), rowA = num(r, ROW_A), stepA = num(r, STEP_A), rowB = num(r, ROW_B);
  const stepB = num(r, STEP_B), columnB = num(r, COLUMN_B);
  const isAny = load<f64>(r + TYPE) == 4;
  if (isFloat<T>()) {
    if (mode == COLUMNS) {
      const start = <usize>from * sizeof<T>();
      columns<T>(end - from, k, a + start, stepA, rowB == 0 ? b : b + start, stepB, rowB, c + start);
      return;
    }
  }
  if (isFloat<T>()) {
    if (mode == ROWS && stepA == 1 && stepB == 1 && rowB == 0 && end - from > 1 && !isStream<T>(num(r, M), k)) {
      for (let i = from; i < end; i += 4) {
        const row = a + <usize>(i * rowA) * sizeof<T>();
        fourRows<T>(min(4, end - i), k, row, <usize>rowA * sizeof<T>(), b, c + <usize>i * sizeof<T>());
      }
      return;
    }
  }
  for (let i = from; i < end; i++) {
    const row = a + <usize>(i * rowA) * sizeof<T>(), other = b + <usize>(i * rowB) * sizeof<T>();
    const to = c + <usize>i * <usize>n * sizeof<T>();
    if (isFloat<T>()) {
      if (mode == ROWS) {
        store<T>(to, <T>dot<T>(row, stepA, other, stepB, k));
        continue;
      }
      if (mode == OUTER) {
        scaled<T>(load<T>(row), n, b, columnB, to);
        continue;
      }
    }
    if (!isFloat<T>()) plain<T, S>(work + ARENA_START, n, k, row, stepA, other, stepB, columnB, to, isAny);
  }
}

function unit<T, S>(work: usize, index: i32, r: usize): void {
  const mode = num(r, MODE), blocks = num(r, BLOCKS), each = num(r, ITEMS_EACH), axes = num(r, AXES);
  const m = num(r, M), n = num(r, N), k = num(r, K), rowsEach = num(r, ROWS_EACH);
  if (isFloat<T>()) {
    const pieces = num(r, PIECES);
    if (pieces > 0 && mode == COLUMNS) {
      // the columns of one piece, for some rows
      const length = num(r, LENGTH), stepA = num(r, STEP_A), stepB = num(r, STEP_B);
      const l = index % pieces * length, i = index / pieces * rowsEach;
      const a = <usize>load<f64>(r + A) + <usize>(l * stepA + i) * sizeof<T>();
      const b = <usize>load<f64>(r + B) + <usize>(l * stepB) * sizeof<T>();
      const to = r + <usize>num(r, PARTIALS) + (<usize>(index % pieces) * <usize>m + <usize>i) * sizeof<T>();
      columns<T>(min(rowsEach, m - i), min(length, k - l), a, stepA, b, stepB, 0, to);
      return;
    }
    if (pieces > 0) {
      // one piece of a long dot product of one row
      const length = num(r, LENGTH);
      const i = index / pieces, from = index % pieces * length;
      const stepA = num(r, STEP_A), stepB = num(r, STEP_B);
      const a = <usize>load<f64>(r + A) + <usize>(i * num(r, ROW_A) + from * stepA) * sizeof<T>();
      const b = <usize>load<f64>(r + B) + <usize>(i * num(r, ROW_B) + from * stepB) * sizeof<T>();
      const sum = dot<T>(a, stepA, b, stepB, min(length, k - from));
      store<f64>(r + <usize>num(r, PARTIALS) + (<usize>index << 3), sum);
      return;
    }
  }
  const end = min(num(r, ITEMS), (index / blocks + 1) * each);
  const first = index % blocks * rowsEach;
  for (let item = index / blocks * each; item < end; item++) {
    let rest = item, offsetA = 0, offsetB = 0;
    for (let axis = r + AXIS + <usize>(axes * 24) - 24; axis >= r + AXIS; axis -= 24) {
      const length = num(axis, 0), place = rest % length;
      rest /= length;
      offsetA += place * num(axis, 8);
      offsetB += place * num(axis, 16);
    }
    const a = <usize>load<f64>(r + A) + <usize>offsetA * sizeof<T>();
    const b = <usize>load<f64>(r + B) + <usize>offsetB * sizeof<T>();
    const c = <usize>load<f64>(r + C) + <usize>item * <usize>m * <usize>n * sizeof<T>();
    if (isFloat<T>()) {
      if (mode <= PRODUCT) {
        const rowA = num(r, ROW_A), stepA = num(r, STEP_A), stepB = num(r, STEP_B), columnB = num(r, COLUMN_B);
        if (mode == PRODUCT) product<T>(work, m, n, k, 1, a, rowA, stepA, b, stepB, columnB, c, n, false, false);
        else wideProduct<T>(work, m, n, k, 1, a, rowA, stepA, b, stepB, columnB, c, n, false, false);
        continue;
      }
      if (mode == DIRECT) {
        const rA = <usize>num(r, ROW_A) * sizeof<T>(), cA = <usize>num(r, STEP_A) * sizeof<T>();
        const rB = <usize>num(r, STEP_B) * sizeof<T>(), cB = <usize>num(r, COLUMN_B) * sizeof<T>();
        const to = c + <usize>first * <usize>n * sizeof<T>();
        direct<T>(work, min(rowsEach, m - first), n, k, a + <usize>first * rA, rA, cA, b, rB, cB, to);
        continue;
      }
    }
    rows<T, S>(work, r, mode, a, b, c, first, min(m, first + rowsEach));
  }
}

function unitF64(work: usize, index: i32, record: usize): void {
  unit<f64, f64>(work, index, record);
}
function unitF32(work: usize, index: i32, record: usize): void {
  unit<f32, f32>(work, index, record);
}
function unitI32(work: usize, index: i32, record: usize): void {
  unit<i32, i32>(work, index, record);
}
function unitU8(work: usize, index: i32, record: usize): void {
  unit<u8, i32>(work, index, record);
}

/** Columns that were made in pieces, added up. */
function addPieces<T>(r: usize, pieces: i32): void {
  const m = num(r, M), c = <usize>load<f64>(r + C), bytes = <usize>m * sizeof<T>();
  let partial = r + <usize>num(r, PARTIALS);
  memory.copy(c, partial, bytes);
  for (let piece = 1; piece < pieces; piece++) {
    partial += bytes;
    addTo<T>(m, partial, c);
  }
}

/** Runs the plan at `record`. */
export function contract(work: usize, record: usize): i32 {
  const type = num(record, TYPE), units = num(record, UNITS), pieces = num(record, PIECES);
  const isProduct = num(record, MODE) == SHARED_PRODUCT;
  if (isProduct && type <= FLOAT32) {
    // the product shares its own loops
    for (let index = 0; index < units; index++) {
      if (type == FLOAT64) unitF64(work, index, record);
      else unitF32(work, index, record);
      if (atomic.load<i32>(work) != 0) return CANCELLED;
    }
    return OK;
  }
  const body = type == FLOAT64 ? unitF64.index : type == FLOAT32 ? unitF32.index : type == INT32 ? unitI32.index : unitU8.index;
  if (!parallelFor(work, units, body, record)) return CANCELLED;
  if (pieces > 0 && num(record, MODE) == COLUMNS) {
    if (type == FLOAT64) addPieces<f64>(record, pieces);
    else addPieces<f32>(record, pieces);
  } else if (pieces > 0) {
    let partial = record + <usize>num(record, PARTIALS);
    const m = num(record, M), c = <usize>load<f64>(record + C);
    for (let i = 0; i < m; i++) {
      let sum: f64 = 0;
      for (let piece = 0; piece < pieces; piece++) {
        sum += load<f64>(partial);
        partial += 8;
      }
      if (type == FLOAT64) store<f64>(c + (<usize>i << 3), sum);
      else store<f32>(c + (<usize>i << 2), <f32>sum);
    }
  }
  return OK;
}
