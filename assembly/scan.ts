/**
 * Running sums and products along an axis of x (outer, length, inner): each element is the one before plus or times its
 * own, one after the other as NumPy does it, so a line's bits depend on nothing else. Contiguous lines are shared among
 * threads; where lines lie side by side, whole rows are added at once and blocks of columns are shared.
 */
import { CANCELLED, OK } from './status';
import { parallelFor } from './team';

/** Elements of one iteration of a shared loop, about, and columns of a block. */
const SHARE: i32 = 1 << 15;
const COLUMNS: i32 = 512;

@unmanaged
class Scan {
  type: i32;
  isProduct: bool;
  outer: i32;
  length: i32;
  inner: i32;
  x: usize;
  out: usize;
  linesPerShare: i32;
  blocks: i32;
}

// @ts-ignore: decorator
@inline function join<O>(a: O, b: O, isProduct: bool): O {
  return isProduct ? a * b : a + b;
}

function line<T, O>(x: usize, out: usize, n: usize, isProduct: bool): void {
  let sum: O = isProduct ? 1 : -0.0;
  for (let i: usize = 0; i < n; i++) {
    sum = join<O>(sum, <O>load<T>(x + i * sizeof<T>()), isProduct);
    store<O>(out + i * sizeof<O>(), sum);
  }
}

/** Columns begin … end of a matrix of `length` rows of `inner` elements. */
function columns<T, O>(x: usize, out: usize, length: i32, inner: i32, begin: i32, end: i32, isProduct: bool): void {
  for (let i: usize = <usize>begin; i < <usize>end; i++) {
    store<O>(out + i * sizeof<O>(), <O>load<T>(x + i * sizeof<T>()));
  }
  for (let row: usize = 1; row < <usize>length; row++) {
    const first = row * <usize>inner;
    let i = first + <usize>begin;
    const stop = first + <usize>end;
    let before = out + (i - <usize>inner) * sizeof<O>(), p = x + i * sizeof<T>(), q = out + i * sizeof<O>();
    if (sizeof<T>() == sizeof<O>() && isFloat<T>()) {
      const lanes: usize = 16 / sizeof<T>();
      for (; i + lanes <= stop; i += lanes) {
        const a = v128.load(before), b = v128.load(p);
        v128.store(q, isProduct ? v128.mul<T>(a, b) : v128.add<T>(a, b));
        before += 16;
        p += 16;
        q += 16;
      }
    }
    for (; i < stop; i++) {
      store<O>(q, join<O>(load<O>(before), <O>load<T>(p), isProduct));
      before += sizeof<O>();
      p += sizeof<T>();
      q += sizeof<O>();
    }
  }
}

function scanAs<T, O>(share: i32, scan: Scan, isProduct: bool): void {
  const length = scan.length, inner = scan.inner;
  if (inner == 1) {
    const begin = share * scan.linesPerShare, end = min(scan.outer, begin + scan.linesPerShare);
    for (let k = begin; k < end; k++) {
      const at = <usize>k * <usize>length;
      line<T, O>(scan.x + at * sizeof<T>(), scan.out + at * sizeof<O>(), <usize>length, isProduct);
    }
    return;
  }
  const at = <usize>(share / scan.blocks) * <usize>length * <usize>inner;
  const begin = (share % scan.blocks) * COLUMNS, end = min(inner, begin + COLUMNS);
  columns<T, O>(scan.x + at * sizeof<T>(), scan.out + at * sizeof<O>(), length, inner, begin, end, isProduct);
}

function scanShare(_work: usize, share: i32, context: usize): void {
  const scan = changetype<Scan>(context);
  const type = scan.type, isProduct = scan.isProduct;
  if (type == 0) {
    if (isProduct) scanAs<f64, f64>(share, scan, true);
    else scanAs<f64, f64>(share, scan, false);
  } else if (type == 1) {
    if (isProduct) scanAs<f32, f32>(share, scan, true);
    else scanAs<f32, f32>(share, scan, false);
  } else if (type == 2) scanAs<i32, f64>(share, scan, isProduct);
  else if (type == 3) scanAs<u32, f64>(share, scan, isProduct);
  else scanAs<u8, f64>(share, scan, isProduct);
}

/** type: 0 float64, 1 float32, 2 int32, 3 uint32, 4 uint8 and bool; integers answer float64. */
export function cumulate(
  work: usize, type: i32, isProduct: i32, outer: i32, length: i32, inner: i32, x: usize, out: usize, scratch: usize,
): i32 {
  if (outer == 0 || length == 0 || inner == 0) return OK;
  const scan = changetype<Scan>(scratch);
  scan.type = type;
  scan.isProduct = isProduct != 0;
  scan.outer = outer;
  scan.length = length;
  scan.inner = inner;
  scan.x = x;
  scan.out = out;
  scan.linesPerShare = max(1, SHARE / length);
  scan.blocks = (inner + COLUMNS - 1) / COLUMNS;
  const shares = inner == 1 ? (outer + scan.linesPerShare - 1) / scan.linesPerShare : outer * scan.blocks;
  return parallelFor(work, shares, scanShare.index, scratch) ? OK : CANCELLED;
}
