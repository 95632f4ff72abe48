/**
 * Tiles of an expression's iteration space: what generated code (src/kernels/emit) computes at a time. It takes rows ×
 * columns of operands that lie contiguously along the columns or stay; operands with other strides are gathered into
 * blocks of the arena first. Small enough for the first-level cache, the extra copy costs less than strided access in
 * every loop would.
 *
 * The descriptor that src/kernels/tiles.ts writes is a list of i32 (names below), followed by the constants (float64).
 */
import { ARENA_START } from './arena';

// Words of the descriptor
export const FUNCTION: i32 = 0;
export const KIND: i32 = 1;
export const OPERANDS: i32 = 2;
export const NDIM: i32 = 3;
export const CONSTANTS: i32 = 4;
export const OUT: i32 = 5;
export const OUT_BYTES: i32 = 6;
export const GROUP: i32 = 7;
export const UNITS: i32 = 8;
export const ROW_PIECES: i32 = 9;
export const COLUMN_PIECES: i32 = 10;
export const PIECE_ROWS: i32 = 11;
export const PIECE_COLUMNS: i32 = 12;
export const FLAGS: i32 = 13;
// The rest is for reductions
export const PARTIALS: i32 = 14;
export const KEPT: i32 = 15;
export const REDUCTION: i32 = 16;
export const TYPE: i32 = 17;
export const FINAL: i32 = 18;
export const OUT_TYPE: i32 = 19;
export const PIECES: i32 = 20;
export const OUTPUTS: i32 = 21;
/** Lengths of the dimensions, the output's strides (bytes), the strides of argmin's indices; then the operands. */
export const DIMS: i32 = 24;

// Kinds of walks
export const FLAT: i32 = 0;
export const TILES: i32 = 1;
export const ROWS: i32 = 2;
export const COLUMNS: i32 = 3;

export const GATHERS: i32 = 1;
export const COPIES: i32 = 2;
/** The values lie in memory: nothing is to be computed. */
export const DIRECT: i32 = 4;

// Words of an operand, before its strides
export const POINTER: i32 = 0;
export const BYTES: i32 = 1;
export const MODE: i32 = 2;
export const STRIDES: i32 = 3;

export const CONTIGUOUS: i32 = 0;
export const SPLAT: i32 = 1;
export const GATHER: i32 = 2;
export const INDEX_F64: i32 = 3;
export const INDEX_I32: i32 = 4;

/** Elements of a block of the arena. */
export const BLOCK: i32 = 512;
/** Columns of a tile that gathers from transposed operands: 64 rows of memory at a time. */
export const TILE: i32 = 64;
/** The fewest columns that generated code takes. */
export const LEAST: i32 = 8;
/** Bytes from one block to the next: a line more than the block, or all of them would fall into the same sets. */
export const BLOCK_STEP: usize = 4096 + 64;

// The arena: coordinates, the segment that generated code reads, a block for each operand and the output, then the
// blocks that generated code uses itself.
export const COORDINATES: usize = ARENA_START;
export const SEGMENT: usize = COORDINATES + 256;
export const BLOCKS: usize = SEGMENT + 512;
export const OUT_BLOCK: usize = BLOCKS + 56 * BLOCK_STEP;
export const TEMPORARIES: usize = OUT_BLOCK + BLOCK_STEP;

// @ts-ignore: decorator
@inline export function word(array: usize, i: i32): i32 {
  return load<i32>(array + (<usize>i << 2));
}
// @ts-ignore: decorator
@inline export function setWord(array: usize, i: i32, value: i32): void {
  store<i32>(array + (<usize>i << 2), value);
}
// @ts-ignore: decorator
@inline export function operand(c: usize, i: i32): usize {
  const d = word(c, NDIM);
  return c + (<usize>(DIMS + 3 * d + i * (STRIDES + d)) << 2);
}

/** Turns the descriptor's first `count` numbers from float64 to i32, in place, and completes them. */
export function unpack(fn: i32, context: usize, count: i32): void {
  for (let i = 0; i < count; i++) setWord(context, i, <i32>load<f64>(context + (<usize>i << 3)));
  setWord(context, FUNCTION, fn);
  setWord(context, CONSTANTS, <i32>(context + (<usize>count << 3)));
}

/** Fills in what all segments of a chunk share. */
export function beginSegment(work: usize, c: usize): usize {
  const segment = work + SEGMENT;
  setWord(segment, 2, word(c, CONSTANTS));
  setWord(segment, 5, <i32>(work + TEMPORARIES));
  return segment;
}

// @ts-ignore: decorator
@inline export function setOperand(segment: usize, i: i32, pointer: usize, rowStride: i32): void {
  setWord(segment, 6 + 2 * i, <i32>pointer);
  setWord(segment, 7 + 2 * i, rowStride);
}

/** Computes `rows` × `columns` (≥ LEAST) elements into `out`; the operands are set. */
// @ts-ignore: decorator
@inline export function compute(work: usize, c: usize, segment: usize, rows: i32, columns: i32, out: usize, stride: i32): void {
  setWord(segment, 0, columns);
  setWord(segment, 1, rows);
  setWord(segment, 3, <i32>out);
  setWord(segment, 4, stride);
  call_indirect<void>(word(c, FUNCTION), work, -1, segment);
}

/** Repeats the last of `n` elements up to the LEAST that generated code takes. */
export function pad(block: usize, n: i32, bytes: i32): void {
  const last = block + <usize>((n - 1) * bytes);
  for (let i = n; i < LEAST; i++) memory.copy(block + <usize>(i * bytes), last, <usize>bytes);
}

/** `n` elements at `from`, `stride` bytes apart, or the whole numbers from `from` on. */
// @ts-ignore: decorator
@inline export function line(to: usize, from: i32, n: i32, stride: i32, bytes: i32, mode: i32): void {
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

export function indices(to: usize, from: i32, n: i32, step: i32, mode: i32): void {
  for (let i = 0; i < n; i++) {
    if (mode == INDEX_F64) store<f64>(to + (<usize>i << 3), <f64>(from + i * step));
    else store<i32>(to + (<usize>i << 2), from + i * step);
  }
}

// @ts-ignore: decorator
@inline export function address(pointer: i32, coordinates: usize, strides: usize, d: i32): usize {
  for (let axis = 0; axis < d; axis++) pointer += word(coordinates, axis) * word(strides, axis);
  return <usize>pointer;
}

/** Copies a tile. Where its columns lie closer together than its rows do, it is read along them. */
export function gatherTile(
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

/**
 * Gives generated code a tile's operands: `rows` along dimension `d1`, `columns` along `d2`, from the coordinates on.
 * Fewer than LEAST columns are filled up with the last one.
 */
export function loadTile(work: usize, c: usize, segment: usize, rows: i32, columns: i32, d1: i32, d2: i32): void {
  const operands = word(c, OPERANDS), d = word(c, NDIM), coordinates = work + COORDINATES;
  const width = max(columns, LEAST);
  for (let k = 0; k < operands; k++) {
    const o = operand(c, k), strides = o + (STRIDES << 2), mode = word(o, MODE), bytes = word(o, BYTES);
    const source = address(word(o, POINTER), coordinates, strides, d);
    const rowStride = word(strides, d1), columnStride = word(strides, d2);
    if (mode == SPLAT || (mode == CONTIGUOUS && columns == width)) {
      setOperand(segment, k, source, rowStride);
      continue;
    }
    const block = work + BLOCKS + <usize>k * BLOCK_STEP, step = width * bytes;
    if (mode <= GATHER) gatherTile(block, step, source, rows, columns, rowStride, columnStride, bytes);
    else {
      for (let r = 0; r < rows; r++) {
        indices(block + <usize>(r * step), <i32>source + r * rowStride, columns, columnStride, mode);
      }
    }
    if (columns < width) for (let r = 0; r < rows; r++) pad(block + <usize>(r * step), columns, bytes);
    setOperand(segment, k, block, step);
  }
}
