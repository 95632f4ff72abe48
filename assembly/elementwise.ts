/**
 * Element-wise loops around generated code: the iteration space is cut into pieces that do not depend on the number of
 * threads, walked either as one row (in which the output is contiguous) or as planes of the last two dimensions.
 */
import { CANCELLED, OK } from './status';
import { parallelFor } from './team';
import {
  address, beginSegment, BLOCK, BLOCK_STEP, BLOCKS, BYTES, COLUMN_PIECES, compute, CONTIGUOUS, COORDINATES, COPIES, DIMS,
  FLAGS, FLAT, GATHER, GATHERS, gatherTile, GROUP, KIND, LEAST, line, loadTile, MODE, NDIM, operand, OPERANDS, OUT,
  OUT_BLOCK, OUT_BYTES, pad, PIECE_COLUMNS, PIECE_ROWS, POINTER, ROW_PIECES, setOperand, setWord, SPLAT, STRIDES, TILE,
  UNITS, unpack, word,
} from './tiles';

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
  if (word(c, KIND) == FLAT) {
    flat(work, from, to, c);
    return;
  }
  for (let unit = from; unit < to; unit++) tile(work, unit, c);
}

/** Elements from ≤ index < to of the row-major iteration space, in which the output is contiguous. */
function flat(work: usize, from: i32, to: i32, c: usize): void {
  if (!(word(c, FLAGS) & GATHERS) && to - from >= LEAST) {
    flatBlock(work, from, to - from, c);
    return;
  }
  for (let start = from; start < to; start += BLOCK) flatBlock(work, start, min(BLOCK, to - start), c);
}

function flatBlock(work: usize, start: i32, n: i32, c: usize): void {
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
      loadTile(work, c, segment, h, w, d - 2, d - 1);
      compute(work, c, segment, h, w, to, outStride);
    }
  }
}

