/**
 * sort and argsort along an axis: x is seen as (outer, length, inner), a line being its elements at one outer and one
 * inner index. Lines below WIDE elements are shared among threads whole, in the thread's arena; a longer line is
 * sorted by all threads together, line after line, in the call's scratch. Lines that are not contiguous are gathered,
 * several neighbours at a time, sorted, and put back.
 */
import { align64, ARENA_START } from './arena';
import { layOut } from './plan';
import { sortIndices, sortValues } from './radix';
import { SHORT, sortShort } from './short';
import { CANCELLED, OK } from './status';
import { parallelFor } from './team';

/** Lines of this length and longer are sorted by all threads together; as in src/kernels/sort.ts. */
export const WIDE: i32 = 1 << 16;
/** Bytes of the plan of a long line, with slack for alignment; as in src/kernels/sort.ts. */
const PLAN_BYTES: usize = 1 << 20;
/** Elements that one iteration of a shared loop sorts, about. */
const SHARE: i32 = 1 << 15;
/** Bytes of one buffer in the arena: the longest line that is not WIDE, in 64-bit words. */
const BUFFER: usize = <usize>WIDE << 3;

/** Element types: 0 float64, 1 float32, 2 int32, 3 uint32, 4 uint8 and bool. */
// @ts-ignore: decorator
@inline export function shiftOf(type: i32): usize {
  return type == 0 ? 3 : type == 4 ? 0 : 2;
}

@unmanaged
class Lines {
  type: i32;
  isIndex: bool;
  length: i32;
  inner: i32;
  /** Lines side by side that are gathered together, and iterations' worth of them. */
  tile: i32;
  tiles: i32;
  tilesPerShare: i32;
  x: usize;
  out: usize;
}

/** Sorts n contiguous bytes by counting them. `counts`: 1 KiB. */
function sortBytes(x: usize, n: i32, out: usize, counts: usize): void {
  memory.fill(counts, 0, 1024);
  for (let p = x; p < x + <usize>n; p++) {
    const place = counts + (<usize>load<u8>(p) << 2);
    store<i32>(place, load<i32>(place) + 1);
  }
  for (let value = 0; value < 256; value++) {
    const count = load<i32>(counts + (<usize>value << 2));
    memory.fill(out, <u8>value, count);
    out += count;
  }
}

function argsortBytes(x: usize, n: i32, out: usize, counts: usize): void {
  memory.fill(counts, 0, 1024);
  for (let p = x; p < x + <usize>n; p++) {
    const place = counts + (<usize>load<u8>(p) << 2);
    store<i32>(place, load<i32>(place) + 1);
  }
  let next: i32 = 0;
  for (let value: usize = 0; value < 1024; value += 4) {
    const count = load<i32>(counts + value);
    store<i32>(counts + value, next);
    next += count;
  }
  for (let i = 0; i < n; i++) {
    const place = counts + (<usize>load<u8>(x + <usize>i) << 2);
    const target = load<i32>(place);
    store<i32>(place, target + 1);
    store<i32>(out + (<usize>target << 2), i);
  }
}

/** Sorts one contiguous line of fewer than WIDE elements (bytes: any number) in the arena. */
export function sortLine(work: usize, type: i32, isIndex: bool, x: usize, n: i32, out: usize): void {
  if (type == 4) {
    const counts = work + ARENA_START;
    if (isIndex) argsortBytes(x, n, out, counts);
    else sortBytes(x, n, out, counts);
    return;
  }
  if (n <= SHORT) {
    const keys = work + ARENA_START;
    if (type == 0) sortShort<f64>(x, n, out, isIndex, keys);
    else if (type == 1) sortShort<f32>(x, n, out, isIndex, keys);
    else if (type == 2) sortShort<i32>(x, n, out, isIndex, keys);
    else sortShort<u32>(x, n, out, isIndex, keys);
    return;
  }
  const place = work + (1 << 16), a = work + (1 << 18), b = a + BUFFER;
  const plan = layOut(place, x, n, a, b, out);
  if (isIndex) sortIndices(work, plan, type);
  else sortValues(work, plan, type);
}

/** Copies `tile` lines between their places in an array (elements `inner` apart) and rows of `length` elements. */
function exchange<T>(array: usize, inner: i32, length: i32, tile: i32, rows: usize, gathers: bool): void {
  const step = <usize>inner * sizeof<T>(), pitch = <usize>length * sizeof<T>();
  for (let i: usize = 0; i < <usize>length; i++) {
    let p = array + i * step, row = rows + i * sizeof<T>();
    for (let j = 0; j < tile; j++) {
      if (gathers) store<T>(row, load<T>(p));
      else store<T>(p, load<T>(row));
      p += sizeof<T>();
      row += pitch;
    }
  }
}

export function gatherLines(type: i32, array: usize, inner: i32, length: i32, tile: i32, rows: usize): void {
  if (type == 0) exchange<u64>(array, inner, length, tile, rows, true);
  else if (type == 4) exchange<u8>(array, inner, length, tile, rows, true);
  else exchange<u32>(array, inner, length, tile, rows, true);
}

export function scatterLines(type: i32, array: usize, inner: i32, length: i32, tile: i32, rows: usize): void {
  if (type == 0) exchange<u64>(array, inner, length, tile, rows, false);
  else if (type == 4) exchange<u8>(array, inner, length, tile, rows, false);
  else exchange<u32>(array, inner, length, tile, rows, false);
}

/** One share of the lines: tiles of `tile` lines side by side, or single lines where they are contiguous. */
function sortShare(work: usize, share: i32, context: usize): void {
  const lines = changetype<Lines>(context);
  const type = lines.type, length = lines.length, inner = lines.inner;
  const shift = shiftOf(type), outShift: usize = lines.isIndex ? 2 : shift;
  const firstTile = share * lines.tilesPerShare, end = min(lines.tiles, firstTile + lines.tilesPerShare);
  if (inner == 1) {
    for (let line = firstTile; line < end; line++) {
      const at = <usize>line * <usize>length;
      sortLine(work, type, lines.isIndex, lines.x + (at << shift), length, lines.out + (at << outShift));
    }
    return;
  }
  const rows = work + (1 << 18) + 2 * BUFFER, sorted = rows + BUFFER;
  const across = (inner + lines.tile - 1) / lines.tile;
  for (let t = firstTile; t < end; t++) {
    const column = (t % across) * lines.tile;
    const tile = min(lines.tile, inner - column);
    const at = <usize>(t / across) * <usize>length * <usize>inner + <usize>column;
    gatherLines(type, lines.x + (at << shift), inner, length, tile, rows);
    for (let j: usize = 0; j < <usize>tile; j++) {
      const row = j * <usize>length;
      sortLine(work, type, lines.isIndex, rows + (row << shift), length, sorted + (row << outShift));
    }
    scatterLines(lines.isIndex ? 2 : type, lines.out + (at << outShift), inner, length, tile, sorted);
  }
}

/** Sorts one contiguous line of any length with all threads. `scratch`: PLAN_BYTES and the buffers. */
export function sortLong(work: usize, type: i32, isIndex: bool, x: usize, n: i32, out: usize, scratch: usize): bool {
  const a = align64(scratch + PLAN_BYTES), b = isIndex ? align64(a + (<usize>n << 3)) : out;
  const plan = layOut(scratch, x, n, a, b, out);
  return isIndex ? sortIndices(work, plan, type) : sortValues(work, plan, type);
}

function sortLines(
  work: usize, isIndex: bool, type: i32, outer: i32, length: i32, inner: i32, x: usize, out: usize, scratch: usize,
): i32 {
  if (outer == 0 || length == 0 || inner == 0) return OK;
  if (length >= WIDE && (type != 4 || inner > 1)) {
    return sortLongLines(work, isIndex, type, outer, length, inner, x, out, scratch);
  }
  const lines = changetype<Lines>(scratch);
  lines.type = type;
  lines.isIndex = isIndex;
  lines.length = length;
  lines.inner = inner;
  lines.x = x;
  lines.out = out;
  lines.tile = inner == 1 ? 1 : max(1, min(16, min(inner, (WIDE - 1) / length)));
  lines.tiles = outer * ((inner + lines.tile - 1) / lines.tile);
  lines.tilesPerShare = max(1, SHARE / (length * lines.tile));
  const shares = (lines.tiles + lines.tilesPerShare - 1) / lines.tilesPerShare;
  return parallelFor(work, shares, sortShare.index, scratch) ? OK : CANCELLED;
}

/** Lines of WIDE elements or more, one after the other. */
function sortLongLines(
  work: usize, isIndex: bool, type: i32, outer: i32, length: i32, inner: i32, x: usize, out: usize, scratch: usize,
): i32 {
  const shift = shiftOf(type), outShift: usize = isIndex ? 2 : shift;
  const lineBytes = align64(<usize>length << shift);
  const row = scratch, sorted = row + lineBytes;
  const rest = inner == 1 ? scratch : align64(sorted + (<usize>length << outShift));
  for (let line = 0; line < outer * inner; line++) {
    const at = <usize>(line / inner) * <usize>length * <usize>inner + <usize>(line % inner);
    const from = x + (at << shift), to = out + (at << outShift);
    if (inner > 1) gatherLines(type, from, inner, length, 1, row);
    const source = inner == 1 ? from : row, target = inner == 1 ? to : sorted;
    if (type == 4) sortLine(work, type, isIndex, source, length, target);
    else if (!sortLong(work, type, isIndex, source, length, target, rest)) return CANCELLED;
    if (inner > 1) scatterLines(isIndex ? 2 : type, to, inner, length, 1, sorted);
  }
  return OK;
}

/** Sorts the lines of x (outer, length, inner) into `out`. `scratch`: as sortScratch in src/kernels/sort.ts. */
export function sort(
  work: usize, type: i32, outer: i32, length: i32, inner: i32, x: usize, out: usize, scratch: usize,
): i32 {
  return sortLines(work, false, type, outer, length, inner, x, out, scratch);
}

/** The int32 indices that sort the lines of x stably. */
export function argsort(
  work: usize, type: i32, outer: i32, length: i32, inner: i32, x: usize, out: usize, scratch: usize,
): i32 {
  return sortLines(work, true, type, outer, length, inner, x, out, scratch);
}
