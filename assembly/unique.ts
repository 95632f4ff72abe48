/**
 * unique: the line is sorted, then every first of its kind is kept, in fixed pieces that are pushed together at the end.
 * With indices, inverse or counts it is the indices that are sorted. −0 and 0 are one value, and so are all NaNs.
 */
import { shiftOf, sortLine, sortLong, WIDE } from './sort';
import { CANCELLED, OK } from './status';
import { parallelFor } from './team';

const PIECE: i32 = 1 << 15;

// @ts-ignore: decorator
@inline function same<T>(a: T, b: T): bool {
  if (isFloat<T>()) return a == b || (a != a && b != b);
  return a == b;
}

@unmanaged
class Distinct {
  type: i32;
  n: i32;
  values: usize;
  /** i32 per piece: how many it keeps. */
  kept: usize;
}

/** Moves the first of its kind to the front of elements begin … end of a sorted line; how many there are. */
function compact<T>(values: usize, begin: i32, end: i32): i32 {
  const start = values + <usize>begin * sizeof<T>(), stop = values + <usize>end * sizeof<T>();
  let target = start, p = start;
  if (begin == 0) {
    target += sizeof<T>();
    p += sizeof<T>();
  }
  // the piece before never writes anything but its own value to its last place, whatever it has kept by now
  let before = load<T>(p - sizeof<T>());
  for (; p < stop; p += sizeof<T>()) {
    const value = load<T>(p);
    if (same<T>(value, before)) continue;
    store<T>(target, value);
    target += sizeof<T>();
    before = value;
  }
  return <i32>((target - start) / sizeof<T>());
}

function compactPiece(_work: usize, piece: i32, context: usize): void {
  const distinct = changetype<Distinct>(context);
  const begin = piece * PIECE, end = min(distinct.n, begin + PIECE);
  const type = distinct.type, values = distinct.values;
  store<i32>(
    distinct.kept + (<usize>piece << 2),
    type == 0 ? compact<f64>(values, begin, end)
    : type == 1 ? compact<f32>(values, begin, end)
    : type == 4 ? compact<u8>(values, begin, end)
    : compact<u32>(values, begin, end),
  );
}

/** Walks the n sorted indices: distinct values, where each is first, how often, and for each element its value's place. */
function walk<T>(n: i32, x: usize, order: usize, values: usize, index: usize, inverse: usize, counts: usize): i32 {
  let kept = -1, since = 0;
  let before = load<T>(x);
  for (let i = 0; i < n; i++) {
    const place = load<u32>(order + (<usize>i << 2));
    const value = load<T>(x + <usize>place * sizeof<T>());
    if (i == 0 || !same<T>(value, before)) {
      if (counts && kept >= 0) store<i32>(counts + (<usize>kept << 2), i - since);
      kept++;
      since = i;
      before = value;
      store<T>(values + <usize>kept * sizeof<T>(), value);
      if (index) store<u32>(index + (<usize>kept << 2), place);
    }
    if (inverse) store<i32>(inverse + (<usize>place << 2), kept);
  }
  if (counts) store<i32>(counts + (<usize>kept << 2), n - since);
  return kept + 1;
}

/**
 * The distinct values of a line of n elements, ascending, at the front of `values` (room for n), and their number at
 * `count`; what is behind them is filled with zeros. `index`, `inverse` and `counts` (int32, n each) may be 0.
 * `scratch`: as uniqueScratch in src/kernels/unique.ts.
 */
export function unique(
  work: usize, type: i32, n: i32, x: usize, values: usize, count: usize, index: usize, inverse: usize, counts: usize,
  scratch: usize,
): i32 {
  store<i32>(count, 0);
  if (n == 0) return OK;
  const shift = shiftOf(type), isLong = n >= WIDE && type != 4;
  let kept = 0;
  if (index || inverse || counts) {
    const order = scratch, rest = order + ((<usize>n + 15 & ~15) << 2);
    if (!isLong) sortLine(work, type, true, x, n, order);
    else if (!sortLong(work, type, true, x, n, order, rest)) return CANCELLED;
    kept = type == 0 ? walk<f64>(n, x, order, values, index, inverse, counts)
      : type == 1 ? walk<f32>(n, x, order, values, index, inverse, counts)
      : type == 4 ? walk<u8>(n, x, order, values, index, inverse, counts)
      : walk<u32>(n, x, order, values, index, inverse, counts);
    const rest32 = <usize>(n - kept) << 2;
    if (index) memory.fill(index + (<usize>kept << 2), 0, rest32);
    if (counts) memory.fill(counts + (<usize>kept << 2), 0, rest32);
  } else {
    if (!isLong) sortLine(work, type, false, x, n, values);
    else if (!sortLong(work, type, false, x, n, values, scratch)) return CANCELLED;
    const distinct = changetype<Distinct>(scratch);
    const pieces = (n + PIECE - 1) / PIECE;
    distinct.type = type;
    distinct.n = n;
    distinct.values = values;
    distinct.kept = scratch + 64;
    if (!parallelFor(work, pieces, compactPiece.index, scratch)) return CANCELLED;
    for (let piece = 0; piece < pieces; piece++) {
      const more = load<i32>(distinct.kept + (<usize>piece << 2));
      if (piece > 0) {
        memory.copy(values + (<usize>kept << shift), values + (<usize>(piece * PIECE) << shift), <usize>more << shift);
      }
      kept += more;
    }
  }
  memory.fill(values + (<usize>kept << shift), 0, <usize>(n - kept) << shift);
  store<i32>(count, kept);
  return OK;
}
