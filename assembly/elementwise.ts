/**
 * Element-wise loops around generated code (src/kernels/emit). The generated function computes a tile of rows × columns
 * whose operands lie contiguously along the columns or stay; here the iteration space is cut into such tiles, in pieces
 * that do not depend on the number of threads, and operands with other strides are gathered into blocks of the arena
 * first. Small enough for the first-level cache, the extra copy costs less than strided access in every loop would.
 *
 * The descriptor that src/kernels/tiles.ts writes is a list of i32 (names below), followed by the constants (float64).
 */
import { ARENA_START } from './arena';
import { CANCELLED, OK } from './status';
import { parallelFor } from './team';

// Words of the descriptor
const FUNCTION: i32 = 0;
const KIND: i32 = 1;
const OPERANDS: i32 = 2;
const NDIM: i32 = 3;
const CONSTANTS: i32 = 4;
const OUT: i32 = 5;
const OUT_BYTES: i32 = 6;
const GROUP: i32 = 7;
const UNITS: i32 = 8;
const ROW_PIECES: i32 = 9;
const COLUMN_PIECES: i32 = 10;
const PIECE_ROWS: i32 = 11;
const PIECE_COLUMNS: i32 = 12;
const FLAGS: i32 = 13;
const DIMS: i32 = 16;

const KIND_FLAT: i32 = 0;
const KIND_TILES: i32 = 1;

const GATHERS: i32 = 1;
const COPIES: i32 = 2;

// Words of an operand, before its strides
const POINTER: i32 = 0;
const BYTES: i32 = 1;
const MODE: i32 = 2;
const STRIDES: i32 = 3;

const CONTIGUOUS: i32 = 0;
const SPLAT: i32 = 1;
const GATHER: i32 = 2;
const INDEX_F64: i32 = 3;
const INDEX_I32: i32 = 4;

/** Elements of a block of the arena. */
const BLOCK: i32 = 512;
/** Columns of a tile that gathers from transposed operands: 64 rows of memory at a time. */
const TILE: i32 = 64;
/** The fewest columns that generated code takes. */
const LEAST: i32 = 8;
/** Bytes from one block to the next: a line more than the block, or all of them would fall into the same sets. */
const BLOCK_STEP: usize = 4096 + 64;

// The arena: coordinates, the segment that generated code reads, a block for each operand and the output, then the
// blocks that generated code uses itself.
const COORDINATES: usize = ARENA_START;
const SEGMENT: usize = COORDINATES + 256;
const BLOCKS: usize = SEGMENT + 512;
const OUT_BLOCK: usize = BLOCKS + 56 * BLOCK_STEP;
const TEMPORARIES: usize = OUT_BLOCK + BLOCK_STEP;

// @ts-ignore: decorator
@inline function word(array: usize, i: i32): i32 {
  return load<i32>(array + (<usize>i << 2));
}
// @ts-ignore: decorator
@inline function setWord(array: usize, i: i32, value: i32): void {
  store<i32>(array + (<usize>i << 2), value);
}
// @ts-ignore: decorator
@inline function operand(c: usize, i: i32): usize {
  const d = word(c, NDIM);
  return c + (<usize>(DIMS + 2 * d + i * (STRIDES + d)) << 2);
}

/** Turns the descriptor's first `count` numbers from float64 to i32, in place, and completes them. */
export function unpack(fn: i32, context: usize, count: i32): void {
  for (let i = 0; i < count; i++) setWord(context, i, <i32>load<f64>(context + (<usize>i << 3)));
  setWord(context, FUNCTION, fn);
  setWord(context, CONSTANTS, <i32>(context + (<usize>count << 3)));
}

/** Computes an expression over its iteration space. `context`: the descriptor, `count` of whose numbers are words. */
export function elementwise(work: usize, fn: i32, context: usize, count: i32): i32 {
  unpack(fn, context, count);
  const units = word(context, UNITS), group = word(context, GROUP);
  return parallelFor(work, (units + group - 1) / group, fn, context) ? OK : CANCELLED;
}

/** A chunk: what generated code calls back for. */
export function elementwiseChunk(work: usize, index: i32, c: usize): void {
  const group = word(c, GROUP);
  const from = index * group, to = min(from + group, word(c, UNITS));
  if (word(c, KIND) == KIND_FLAT) {
    flat(work, from, to, c);
    return;
  }
  for (let unit = from; unit < to; unit++) tile(work, unit, c);
}

/** Fills in what all segments of a chunk share. */
function beginSegment(work: usize, c: usize): usize {
  const segment = work + SEGMENT;
  setWord(segment, 2, word(c, CONSTANTS));
  setWord(segment, 5, <i32>(work + TEMPORARIES));
  return segment;
}

// @ts-ignore: decorator
@inline function setOperand(segment: usize, i: i32, pointer: usize, rowStride: i32): void {
  setWord(segment, 6 + 2 * i, <i32>pointer);
  setWord(segment, 7 + 2 * i, rowStride);
}

/** Computes `rows` × `columns` (≥ LEAST) elements into `out`; the operands are set. */
// @ts-ignore: decorator
@inline function compute(work: usize, c: usize, segment: usize, rows: i32, columns: i32, out: usize, stride: i32): void {
  setWord(segment, 0, columns);
  setWord(segment, 1, rows);
  setWord(segment, 3, <i32>out);
  setWord(segment, 4, stride);
  call_indirect<void>(word(c, FUNCTION), work, -1, segment);
}

/** Elements from ≤ index < to of the row-major iteration space, in which the output is contiguous. */
function flat(work: usize, from: i32, to: i32, c: usize): void {
  if (!(word(c, FLAGS) & GATHERS) && to - from >= LEAST) {
    flatBlock(work, from, to - from, c, work);
    return;
  }
  for (let start = from; start < to; start += BLOCK) flatBlock(work, start, min(BLOCK, to - start), c, work);
}

function flatBlock(work: usize, start: i32, n: i32, c: usize, _: usize): void {
  const segment = beginSegment(work, c);
  const operands = word(c, OPERANDS);
  const short = n < LEAST;
  for (let i = 0; i < operands; i++) {
    const o = operand(c, i), bytes = word(o, BYTES), mode = word(o, MODE);
    let pointer = <usize>word(o, POINTER);
    if (mode == CONTIGUOUS && !short) pointer += <usize>start * <usize>bytes;
    else if (mode != SPLAT) {
      const block = work + BLOCKS + <usize>i * BLOCK_STEP;
      gatherFlat(work, o, block, start, n, c);
      if (short) pad(block, n, bytes);
      pointer = block;
    }
    setOperand(segment, i, pointer, 0);
  }
  const bytes = word(c, OUT_BYTES);
  const out = <usize>word(c, OUT) + <usize>start * <usize>bytes;
  if (!short) {
    compute(work, c, segment, 1, n, out, 0);
    return;
  }
  compute(work, c, segment, 1, LEAST, work + OUT_BLOCK, 0);
  memory.copy(out, work + OUT_BLOCK, <usize>(n * bytes));
}

/** Repeats the last of `n` elements up to the LEAST that generated code takes. */
function pad(block: usize, n: i32, bytes: i32): void {
  const last = block + <usize>((n - 1) * bytes);
  for (let i = n; i < LEAST; i++) memory.copy(block + <usize>(i * bytes), last, <usize>bytes);
}

/** `n` elements of an operand from row-major position `start` on, one after the other. */
function gatherFlat(work: usize, o: usize, to: usize, start: i32, n: i32, c: usize): void {
  const d = word(c, NDIM), dims = c + (DIMS << 2), coordinates = work + COORDINATES;
  const strides = o + (STRIDES << 2);
  let offset = word(o, POINTER);
  let rest = <u32>start;
  for (let axis = d - 1; axis >= 0; axis--) {
    const length = <u32>word(dims, axis);
    const at = rest % length;
    rest /= length;
    setWord(coordinates, axis, at);
    offset += at * word(strides, axis);
  }
  const inner = d - 1, length = word(dims, inner), stride = word(strides, inner);
  const bytes = word(o, BYTES), mode = word(o, MODE);
  while (true) {
    const run = min(n, length - word(coordinates, inner));
    line(to, offset, run, stride, bytes, mode);
    n -= run;
    if (n == 0) return;
    to += <usize>(run * bytes);
    offset -= word(coordinates, inner) * stride;
    setWord(coordinates, inner, 0);
    for (let axis = inner - 1; axis >= 0; axis--) {
      const next = word(coordinates, axis) + 1, step = word(strides, axis);
      offset += step;
      if (next < word(dims, axis)) {
        setWord(coordinates, axis, next);
        break;
      }
      offset -= next * step;
      setWord(coordinates, axis, 0);
    }
  }
}

/** `n` elements at `from`, `stride` bytes apart, or the whole numbers from `from` on. */
// @ts-ignore: decorator
@inline function line(to: usize, from: i32, n: i32, stride: i32, bytes: i32, mode: i32): void {
  if (mode >= INDEX_F64) indices(to, from, n, stride, mode);
  else if (bytes == 8) strided<u64>(to, from, n, stride);
  else if (bytes == 4) strided<u32>(to, from, n, stride);
  else strided<u8>(to, from, n, stride);
}

// @ts-ignore: decorator
@inline function strided<T>(to: usize, from: usize, n: i32, stride: i32): void {
  const end = to + <usize>n * sizeof<T>();
  while (to < end) {
    store<T>(to, load<T>(from));
    to += sizeof<T>();
    from += stride;
  }
}

function indices(to: usize, from: i32, n: i32, step: i32, mode: i32): void {
  for (let i = 0; i < n; i++) {
    if (mode == INDEX_F64) store<f64>(to + (<usize>i << 3), <f64>(from + i * step));
    else store<i32>(to + (<usize>i << 2), from + i * step);
  }
}

/** One unit of the tiled form: a piece of the plane of the last two dimensions. */
function tile(work: usize, unit: i32, c: usize): void {
  const d = word(c, NDIM), dims = c + (DIMS << 2), outStrides = dims + (<usize>d << 2);
  const columnPieces = word(c, COLUMN_PIECES), rowPieces = word(c, ROW_PIECES);
  const pieceColumns = word(c, PIECE_COLUMNS), pieceRows = word(c, PIECE_ROWS);
  const width = word(dims, d - 1);
  let rest = unit / columnPieces;
  let column = (unit - rest * columnPieces) * pieceColumns;
  let outer = rest / rowPieces;
  const row = (rest - outer * rowPieces) * pieceRows;
  const rows = min(pieceRows, word(dims, d - 2) - row);
  let columns = min(pieceColumns, width - column);
  if (columns < LEAST) {
    // computes some of the previous piece again
    columns = LEAST;
    column = width - LEAST;
  }
  const coordinates = work + COORDINATES;
  setWord(coordinates, d - 1, column);
  setWord(coordinates, d - 2, row);
  for (let axis = d - 3; axis >= 0; axis--) {
    const length = word(dims, axis);
    const next = outer / length;
    setWord(coordinates, axis, outer - next * length);
    outer = next;
  }
  const out = address(word(c, OUT), coordinates, outStrides, d);
  const outStride = word(outStrides, d - 2), outBytes = word(c, OUT_BYTES);
  const operands = word(c, OPERANDS), flags = word(c, FLAGS);
  const segment = beginSegment(work, c);
  if (!(flags & GATHERS)) {
    for (let i = 0; i < operands; i++) {
      const o = operand(c, i), strides = o + (STRIDES << 2);
      setOperand(segment, i, address(word(o, POINTER), coordinates, strides, d), word(strides, d - 2));
    }
    compute(work, c, segment, rows, columns, out, outStride);
    return;
  }
  const width2 = min(columns, rows > 1 ? TILE : BLOCK);
  const height2 = min(rows, BLOCK / width2);
  for (let i = 0; i < rows; i += height2) {
    const h = min(height2, rows - i);
    setWord(coordinates, d - 2, row + i);
    for (let j = 0; j < columns; j += width2) {
      let w = width2, from = j;
      if (columns - j < width2) {
        w = max(LEAST, columns - j);
        from = columns - w;
      }
      setWord(coordinates, d - 1, column + from);
      const to = out + <usize>(i * outStride + from * outBytes);
      if (flags & COPIES) {
        const o = operand(c, 0), strides = o + (STRIDES << 2);
        const source = address(word(o, POINTER), coordinates, strides, d);
        gatherTile(to, outStride, source, h, w, word(strides, d - 2), word(strides, d - 1), word(o, BYTES));
        continue;
      }
      for (let k = 0; k < operands; k++) {
        const o = operand(c, k), strides = o + (STRIDES << 2), mode = word(o, MODE), bytes = word(o, BYTES);
        const source = address(word(o, POINTER), coordinates, strides, d);
        const rowStride = word(strides, d - 2), columnStride = word(strides, d - 1);
        if (mode <= SPLAT) {
          setOperand(segment, k, source, rowStride);
          continue;
        }
        const block = work + BLOCKS + <usize>k * BLOCK_STEP;
        if (mode == GATHER) gatherTile(block, w * bytes, source, h, w, rowStride, columnStride, bytes);
        else {
          for (let r = 0; r < h; r++) {
            indices(block + <usize>(r * w * bytes), <i32>source + r * rowStride, w, columnStride, mode);
          }
        }
        setOperand(segment, k, block, w * bytes);
      }
      compute(work, c, segment, h, w, to, outStride);
    }
  }
}

// @ts-ignore: decorator
@inline function address(pointer: i32, coordinates: usize, strides: usize, d: i32): usize {
  for (let axis = 0; axis < d; axis++) pointer += word(coordinates, axis) * word(strides, axis);
  return <usize>pointer;
}

/** Copies a tile. Where its columns lie closer together than its rows do, it is read along them. */
function gatherTile(
  to: usize, toStride: i32, from: usize, rows: i32, columns: i32, rowStride: i32, columnStride: i32, bytes: i32,
): void {
  if (abs(rowStride) < abs(columnStride) && rows > 1) {
    if (bytes == 8) across<u64>(to, toStride, from, rows, columns, rowStride, columnStride);
    else if (bytes == 4) across<u32>(to, toStride, from, rows, columns, rowStride, columnStride);
    else across<u8>(to, toStride, from, rows, columns, rowStride, columnStride);
    return;
  }
  for (let r = 0; r < rows; r++) {
    if (columnStride == bytes) memory.copy(to, from, <usize>(columns * bytes));
    else line(to, <i32>from, columns, columnStride, bytes, GATHER);
    to += toStride;
    from += rowStride;
  }
}

// @ts-ignore: decorator
@inline function across<T>(
  to: usize, toStride: i32, from: usize, rows: i32, columns: i32, rowStride: i32, columnStride: i32,
): void {
  for (let k = 0; k < columns; k++) {
    let p = from, q = to;
    for (let r = 0; r < rows; r++) {
      store<T>(q, load<T>(p));
      p += rowStride;
      q += toStride;
    }
    from += columnStride;
    to += sizeof<T>();
  }
}
