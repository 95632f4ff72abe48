/**
 * Rows of kernel matrices in float32, as libsvm stores them: gathered from the whole float64 matrix, or from a copy in
 * a grouped order that several solvers share.
 */
import { align64 } from './arena';
import { f, n, setF } from './arrays';

/**
 * The part of a kernel matrix that several solvers share: the samples `columns` (int32 rows of the matrix) in an order
 * that puts what one solver uses side by side, rounded to float32, row by row on first use. Gathering from the whole
 * matrix touches every cache line of its rows, once per pair of classes; this does so once.
 */
@unmanaged
export class Grouped {
  count: i32;
  kernel: usize;
  pitch: usize;
  columns: usize;
  /** float64 diagonal, by place in the order. */
  diagonal: usize;
  /** One byte per row: whether it is filled. */
  ready: usize;
  values: usize;
}

/** Bytes of a Grouped with its arrays; as in src/kernels/smo.ts. */
export function groupedBytes(count: i32): usize {
  const padded = <usize>(count + 3) & ~3;
  return 256 + padded * (13 + 4 * padded) + 5 * 64;
}

/** Lays one out at `place`; the caller then fills columns and calls `readDiagonal`. */
export function layOutGrouped(place: usize, kernel: usize, pitch: usize, count: i32): Grouped {
  const g = changetype<Grouped>(place);
  const padded = <usize>(count + 3) & ~3;
  g.count = count;
  g.kernel = kernel;
  g.pitch = pitch;
  let next = align64(place + offsetof<Grouped>());
  g.columns = next; next = align64(next + (padded << 2));
  g.diagonal = next; next = align64(next + (padded << 3));
  g.ready = next; next = align64(next + padded);
  g.values = next;
  memory.fill(g.ready, 0, padded);
  return g;
}

export function readDiagonal(g: Grouped): void {
  for (let i = 0; i < g.count; i++) {
    const row = n(g.columns, i);
    setF(g.diagonal, i, f(g.kernel + <usize>row * g.pitch, row));
  }
}

/** The float32 row at place i of the order. */
export function groupedRow(g: Grouped, i: i32): usize {
  const target = g.values + <usize>i * ((<usize>(g.count + 3) & ~3) << 2);
  if (load<u8>(g.ready + i)) return target;
  store<u8>(g.ready + i, 1);
  convert(g.kernel + <usize>n(g.columns, i) * g.pitch, g.columns, target, 0, g.count);
  return target;
}

/** target[j] = source[columns[j]] for from ≤ j < to, float64 to float32. */
export function convert(source: usize, columns: usize, target: usize, from: i32, to: i32): void {
  let p = target + (<usize>from << 2), c = columns + (<usize>from << 2);
  const end = target + (<usize>to << 2);
  for (; p + 16 <= end; p += 16) {
    const a = load<f64>(source + (<usize>load<u32>(c) << 3)), b = load<f64>(source + (<usize>load<u32>(c, 4) << 3));
    const d = load<f64>(source + (<usize>load<u32>(c, 8) << 3)), e = load<f64>(source + (<usize>load<u32>(c, 12) << 3));
    store<f32>(p, <f32>a);
    store<f32>(p, <f32>b, 4);
    store<f32>(p, <f32>d, 8);
    store<f32>(p, <f32>e, 12);
    c += 16;
  }
  for (; p < end; p += 4) {
    store<f32>(p, <f32>load<f64>(source + (<usize>load<u32>(c) << 3)));
    c += 4;
  }
}

/** target[j] = source[columns[j]] for from ≤ j < to, in float32. */
export function pickSingle(source: usize, columns: usize, target: usize, from: i32, to: i32): void {
  let p = target + (<usize>from << 2), c = columns + (<usize>from << 2);
  const end = target + (<usize>to << 2);
  for (; p + 16 <= end; p += 16) {
    store<u32>(p, load<u32>(source + (<usize>load<u32>(c) << 2)));
    store<u32>(p, load<u32>(source + (<usize>load<u32>(c, 4) << 2)), 4);
    store<u32>(p, load<u32>(source + (<usize>load<u32>(c, 8) << 2)), 8);
    store<u32>(p, load<u32>(source + (<usize>load<u32>(c, 12) << 2)), 12);
    c += 16;
  }
  for (; p < end; p += 4) {
    store<u32>(p, load<u32>(source + (<usize>load<u32>(c) << 2)));
    c += 4;
  }
}

/** Whether all of these float32s are finite: x − x is NaN for NaN and the infinities, else zero. */
export function allFinite(values: usize, from: i32, to: i32): bool {
  let p = values + (<usize>from << 2);
  const end = values + (<usize>to << 2);
  let s0 = f32x4.splat(0), s1 = s0;
  for (; p + 32 <= end; p += 32) {
    const a = v128.load(p), b = v128.load(p, 16);
    s0 = f32x4.add(s0, f32x4.sub(a, a));
    s1 = f32x4.add(s1, f32x4.sub(b, b));
  }
  s0 = f32x4.add(s0, s1);
  let sum = f32x4.extract_lane(s0, 0) + f32x4.extract_lane(s0, 1) + f32x4.extract_lane(s0, 2) + f32x4.extract_lane(s0, 3);
  for (; p < end; p += 4) sum += load<f32>(p) - load<f32>(p);
  return sum == 0;
}
