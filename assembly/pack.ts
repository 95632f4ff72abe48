/**
 * Packing of blocks of A and B into the panels that the micro-kernels read front to back, from any strides (in bytes):
 * transposes are paid here. Panels at the edge are filled up with zeros.
 */
import { MR, NRB } from './micro';

/** Two rows of A, `kc` long and contiguous, interleaved: the panel of the 2-row micro-kernel. Returns the end. */
function packPair<T>(kc: i32, p: usize, q: usize, to: usize): usize {
  let k = 0;
  if (sizeof<T>() == 8) {
    for (; k + 2 <= kc; k += 2) {
      const x = v128.load(p), y = v128.load(q);
      v128.store(to, v128.shuffle<f64>(x, y, 0, 2));
      v128.store(to, v128.shuffle<f64>(x, y, 1, 3), 16);
      p += 16; q += 16; to += 32;
    }
  } else {
    for (; k + 4 <= kc; k += 4) {
      const x = v128.load(p), y = v128.load(q);
      v128.store(to, v128.shuffle<f32>(x, y, 0, 4, 1, 5));
      v128.store(to, v128.shuffle<f32>(x, y, 2, 6, 3, 7), 16);
      p += 16; q += 16; to += 32;
    }
  }
  for (; k < kc; k++) {
    store<T>(to, load<T>(p));
    store<T>(to, load<T>(q), sizeof<T>());
    p += sizeof<T>(); q += sizeof<T>(); to += 2 * sizeof<T>();
  }
  return to;
}

/** Six rows of A interleaved: the panel of the 6-row micro-kernel. Returns the end. */
function packSix<T>(kc: i32, p: usize, rows: usize, columns: usize, to: usize): usize {
  const r2 = rows + rows, r3 = r2 + rows, r4 = r2 + r2, r5 = r4 + rows;
  let k = 0;
  if (sizeof<T>() == 8 && columns == 8) {
    for (; k + 2 <= kc; k += 2) {
      const x = v128.load(p), y = v128.load(p + rows), z = v128.load(p + r2);
      const w = v128.load(p + r3), u = v128.load(p + r4), v = v128.load(p + r5);
      v128.store(to, v128.shuffle<f64>(x, y, 0, 2));
      v128.store(to, v128.shuffle<f64>(z, w, 0, 2), 16);
      v128.store(to, v128.shuffle<f64>(u, v, 0, 2), 32);
      v128.store(to, v128.shuffle<f64>(x, y, 1, 3), 48);
      v128.store(to, v128.shuffle<f64>(z, w, 1, 3), 64);
      v128.store(to, v128.shuffle<f64>(u, v, 1, 3), 80);
      p += 16; to += 96;
    }
  }
  if (sizeof<T>() == 4 && columns == 4) {
    for (; k + 4 <= kc; k += 4) {
      const x = v128.load(p), y = v128.load(p + rows), z = v128.load(p + r2);
      const w = v128.load(p + r3), u = v128.load(p + r4), v = v128.load(p + r5);
      let a = v128.shuffle<f32>(x, y, 0, 4, 1, 5), b = v128.shuffle<f32>(z, w, 0, 4, 1, 5);
      let c = v128.shuffle<f32>(u, v, 0, 4, 1, 5);
      v128.store(to, v128.shuffle<f64>(a, b, 0, 2));
      v128.store(to, v128.shuffle<f64>(c, a, 0, 3), 16);
      v128.store(to, v128.shuffle<f64>(b, c, 1, 3), 32);
      a = v128.shuffle<f32>(x, y, 2, 6, 3, 7);
      b = v128.shuffle<f32>(z, w, 2, 6, 3, 7);
      c = v128.shuffle<f32>(u, v, 2, 6, 3, 7);
      v128.store(to, v128.shuffle<f64>(a, b, 0, 2), 48);
      v128.store(to, v128.shuffle<f64>(c, a, 0, 3), 64);
      v128.store(to, v128.shuffle<f64>(b, c, 1, 3), 80);
      p += 16; to += 96;
    }
  }
  if (rows == sizeof<T>()) {
    // A transposed: the six lie together already
    for (; k < kc; k++) {
      v128.store(to, v128.load(p));
      if (sizeof<T>() == 8) {
        v128.store(to, v128.load(p, 16), 16);
        v128.store(to, v128.load(p, 32), 32);
      } else {
        store<u64>(to, load<u64>(p, 16), 16);
      }
      p += columns; to += 6 * sizeof<T>();
    }
  }
  for (; k < kc; k++) {
    store<T>(to, load<T>(p));
    store<T>(to, load<T>(p + rows), sizeof<T>());
    store<T>(to, load<T>(p + r2), 2 * sizeof<T>());
    store<T>(to, load<T>(p + r3), 3 * sizeof<T>());
    store<T>(to, load<T>(p + r4), 4 * sizeof<T>());
    store<T>(to, load<T>(p + r5), 5 * sizeof<T>());
    p += columns; to += 6 * sizeof<T>();
  }
  return to;
}

/** Bytes of A's rows that lie side by side and are packed together: a cache line. */
const LINE: i32 = 64;

/**
 * Rows of A that lie side by side (A transposed), a cache line of them at a time, as panels of the 2-row micro-kernel.
 * Returns how many.
 */
function packAside<T>(mc: i32, kc: i32, a: usize, columns: usize, to: usize): i32 {
  const many = LINE / <i32>sizeof<T>();
  const panel = <usize>kc * 2 * sizeof<T>();
  let i = 0;
  for (; i + many <= mc; i += many) {
    let p = a + <usize>i * sizeof<T>(), d = to + <usize>i * <usize>kc * sizeof<T>();
    for (let k = 0; k < kc; k++) {
      const x = v128.load(p), y = v128.load(p, 16), z = v128.load(p, 32), w = v128.load(p, 48);
      if (sizeof<T>() == 8) {
        v128.store(d, x);
        v128.store(d + panel, y);
        v128.store(d + 2 * panel, z);
        v128.store(d + 3 * panel, w);
      } else {
        v128.store_lane<f64>(d, x, 0);
        v128.store_lane<f64>(d + panel, x, 1);
        v128.store_lane<f64>(d + 2 * panel, y, 0);
        v128.store_lane<f64>(d + 3 * panel, y, 1);
        v128.store_lane<f64>(d + 4 * panel, z, 0);
        v128.store_lane<f64>(d + 5 * panel, z, 1);
        v128.store_lane<f64>(d + 6 * panel, w, 0);
        v128.store_lane<f64>(d + 7 * panel, w, 1);
      }
      p += columns; d += 2 * sizeof<T>();
    }
  }
  return i;
}

/** Six rows of A that lie side by side, as one panel of the 6-row micro-kernel. Returns the end. */
function packSixAside<T>(kc: i32, p: usize, columns: usize, to: usize): usize {
  for (let k = 0; k < kc; k++) {
    v128.store(to, v128.load(p));
    if (sizeof<T>() == 8) {
      v128.store(to, v128.load(p, 16), 16);
      v128.store(to, v128.load(p, 32), 32);
    } else store<f64>(to, load<f64>(p, 16), 16);
    p += columns; to += 6 * sizeof<T>();
  }
  return to;
}

/** A block of A (mc × kc) as panels of MR rows, [panel][k][MR]; the last panel is filled up with zeros. */
export function packA<T>(mc: i32, kc: i32, a: usize, rows: usize, columns: usize, to: usize): void {
  let i = 0;
  if (MR == 2 && rows == sizeof<T>()) {
    i = packAside<T>(mc, kc, a, columns, to);
    to += <usize>i * <usize>kc * sizeof<T>();
  }
  for (; i < mc; i += MR) {
    const m = min(MR, mc - i);
    let p = a + <usize>i * rows;
    if (m == MR && MR == 6 && rows == sizeof<T>()) {
      to = packSixAside<T>(kc, p, columns, to);
    } else if (m == MR && MR == 6) {
      to = packSix<T>(kc, p, rows, columns, to);
    } else if (m == MR && columns == sizeof<T>()) {
      to = packPair<T>(kc, p, p + rows, to);
    } else if (m == MR && MR == 2 && rows == sizeof<T>()) {
      // A transposed: pairs lie together already
      for (let k = 0; k < kc; k++) {
        if (sizeof<T>() == 8) v128.store(to, v128.load(p));
        else store<u64>(to, load<u64>(p));
        p += columns; to += 2 * sizeof<T>();
      }
    } else {
      for (let k = 0; k < kc; k++) {
        let q = p;
        for (let r = 0; r < MR; r++) {
          store<T>(to, r < m ? load<T>(q) : <T>0);
          q += rows; to += sizeof<T>();
        }
        p += columns;
      }
    }
  }
}

/** NR columns of B that each lie contiguous along k (B transposed), as one panel [k][NR]. */
function packColumns<T>(kc: i32, p: usize, columns: usize, to: usize): void {
  const NR = NRB / <i32>sizeof<T>();
  for (let c = 0; c < NR; c += 2) {
    let x = p + <usize>c * columns, y = x + columns, d = to + <usize>c * sizeof<T>(), k = 0;
    if (sizeof<T>() == 8) {
      for (; k + 2 <= kc; k += 2) {
        const u = v128.load(x), v = v128.load(y);
        v128.store(d, v128.shuffle<f64>(u, v, 0, 2));
        v128.store(d + NRB, v128.shuffle<f64>(u, v, 1, 3));
        x += 16; y += 16; d += 2 * NRB;
      }
    } else {
      for (; k + 4 <= kc; k += 4) {
        const u = v128.load(x), v = v128.load(y);
        const low = v128.shuffle<f32>(u, v, 0, 4, 1, 5), high = v128.shuffle<f32>(u, v, 2, 6, 3, 7);
        v128.store_lane<f64>(d, low, 0);
        v128.store_lane<f64>(d + NRB, low, 1);
        v128.store_lane<f64>(d + 2 * NRB, high, 0);
        v128.store_lane<f64>(d + 3 * NRB, high, 1);
        x += 16; y += 16; d += 4 * NRB;
      }
    }
    for (; k < kc; k++) {
      store<T>(d, load<T>(x));
      store<T>(d, load<T>(y), sizeof<T>());
      x += sizeof<T>(); y += sizeof<T>(); d += NRB;
    }
  }
}

/** A block of B (kc × nc) as panels of NR columns, [panel][k][NR]; the last panel is filled up with zeros. */
export function packB<T>(kc: i32, nc: i32, b: usize, rows: usize, columns: usize, to: usize): void {
  const NR = NRB / <i32>sizeof<T>();
  for (let j = 0; j < nc; j += NR) {
    const n = min(NR, nc - j);
    let p = b + <usize>j * columns;
    if (n == NR && columns == sizeof<T>()) {
      for (let k = 0; k < kc; k++) {
        v128.store(to, v128.load(p));
        v128.store(to, v128.load(p, 16), 16);
        if (NRB == 64) {
          v128.store(to, v128.load(p, 32), 32);
          v128.store(to, v128.load(p, 48), 48);
        }
        p += rows; to += NRB;
      }
    } else if (n == NR && rows == sizeof<T>()) {
      packColumns<T>(kc, p, columns, to);
      to += <usize>kc * NRB;
    } else {
      for (let k = 0; k < kc; k++) {
        let q = p;
        for (let c = 0; c < NR; c++) {
          store<T>(to, c < n ? load<T>(q) : <T>0);
          q += columns; to += sizeof<T>();
        }
        p += rows;
      }
    }
  }
}
