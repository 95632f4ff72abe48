/**
 * Reductions of an expression in one pass. Two ways to walk: along reduced dimensions, one output after the other
 * (`rows`), or along a kept dimension, many outputs at once (`columns`). The reduced positions of an output are cut into
 * pieces, pieces into blocks of at most 512; partial results are combined as a binary tree over them, which depends on
 * shapes only. So the error grows with the logarithm of the length, and the bits are those of any number of threads.
 *
 * Variance: (n, mean, Σ (x − mean)²) of a block, combined pairwise (Chan, Golub & LeVeque 1983).
 */
import { find, largest, product, smallest, squaresF32, squaresF64, sumF32, sumF64 } from './blocks';
import { addRowsF32, addRowsF64, argRows, maxRows, minRows, multiplyRows, spreadRows } from './columns';
import { CANCELLED, OK } from './status';
import { parallelFor } from './team';
import {
  address, beginSegment, BLOCK, compute, COORDINATES, DIMS, DIRECT, FINAL, FLAGS, GROUP, KEPT, KIND, LEAST, loadTile,
  NDIM, operand, OUT, OUT_BLOCK, OUT_TYPE, OUTPUTS, PARTIALS, PIECE_COLUMNS, PIECE_ROWS, PIECES, POINTER, REDUCTION,
  ROWS, setWord, STRIDES, TYPE, UNITS, unpack, word,
} from './tiles';

const SUM: i32 = 0;
const PRODUCT: i32 = 1;
const MIN: i32 = 2;
const MAX: i32 = 3;
const ARGMIN: i32 = 4;
const ARGMAX: i32 = 5;
const SPREAD: i32 = 6;

const F64: i32 = 0;
const F32: i32 = 1;
const I32: i32 = 2;
const U32: i32 = 3;
const U8: i32 = 4;

const PLAIN: i32 = 0;
const MEAN: i32 = 1;
const VARIANCE: i32 = 2;
const DEVIATION: i32 = 3;

/** Bytes of a state: up to three float64. Sum and product: the value; extremes: value, index; spread: n, mean, squares. */
const STATE: usize = 24;
/** Rows that are added up one after the other before they become a leaf of the tree. */
const LEAF_ROWS: i32 = 128;

// The upper three quarters of the arena: a stack of states (its two counters first), then accumulators of columns, one set of
// three arrays for each level of the tree.
const STACK: usize = 1 << 20;
const LEVELS: usize = STACK + 4096;
/** Columns of a strip: so many that memory is read in long runs, and that accumulators stay in the second-level cache. */
const STRIP: i32 = 4096;
/** Columns and rows that are computed at a time in it. */
const TILE: i32 = 128;
const ARRAY: usize = <usize>STRIP << 3;
const LEVEL: usize = 3 * ARRAY;

// @ts-ignore: decorator
@inline function at(state: usize, i: i32): f64 {
  return load<f64>(state + (<usize>i << 3));
}
// @ts-ignore: decorator
@inline function put(state: usize, i: i32, value: f64): void {
  store<f64>(state + (<usize>i << 3), value);
}
// @ts-ignore: decorator
@inline function sizeOfType(type: i32): i32 {
  return type == F64 ? 8 : type == U8 ? 1 : 4;
}
// @ts-ignore: decorator
@inline function isArg(reduction: i32): bool {
  return reduction == ARGMIN || reduction == ARGMAX;
}

/** Whether value b, found at index j, goes before value a, found at i. */
function goesBefore(b: f64, j: f64, a: f64, i: f64, isMax: bool): bool {
  if (a != a) return b != b && j < i;
  return b != b || (isMax ? b > a : b < a) || (b == a && j < i);
}

/** a ← a with b. */
function combine(reduction: i32, a: usize, b: usize): void {
  const x = at(a, 0), y = at(b, 0);
  if (reduction == SUM) put(a, 0, x + y);
  else if (reduction == PRODUCT) put(a, 0, x * y);
  else if (reduction == MIN) put(a, 0, min(x, y));
  else if (reduction == MAX) put(a, 0, max(x, y));
  else if (reduction == SPREAD) {
    if (x == 0 || y == 0) {
      if (x == 0) memory.copy(a, b, STATE);
      return;
    }
    const n = x + y, d = at(b, 1) - at(a, 1);
    put(a, 0, n);
    put(a, 2, at(a, 2) + at(b, 2) + d * d * (x * y / n));
    put(a, 1, at(a, 1) + d * (y / n));
  } else if (goesBefore(y, at(b, 1), x, at(a, 1), reduction == ARGMAX)) memory.copy(a, b, STATE);
}

/** The stack's next state, to be filled in before `push`. Words 0 and 1 of the stack: states in it, states pushed. */
// @ts-ignore: decorator
@inline function top(stack: usize): usize {
  return stack + 64 + <usize>word(stack, 0) * STATE;
}

/** Takes the state at the top in; two of equal weight become one. */
function push(stack: usize, reduction: i32): void {
  let depth = word(stack, 0) + 1;
  const count = word(stack, 1) + 1;
  for (let m = count; (m & 1) == 0; m >>= 1) {
    depth--;
    combine(reduction, stack + 64 + <usize>(depth - 1) * STATE, stack + 64 + <usize>depth * STATE);
  }
  setWord(stack, 0, depth);
  setWord(stack, 1, count);
}

/** All states of the stack as one, at its bottom. */
function fold(stack: usize, reduction: i32): usize {
  for (let depth = word(stack, 0); depth > 1; depth--) {
    combine(reduction, stack + 64 + <usize>(depth - 2) * STATE, stack + 64 + <usize>(depth - 1) * STATE);
  }
  return stack + 64;
}

function clear(stack: usize): void {
  setWord(stack, 0, 0);
  setWord(stack, 1, 0);
}

function extremeOf(type: i32, isMax: bool, p: usize, n: i32, tmp: usize): f64 {
  if (type == F64) return isMax ? largest<f64>(p, n, tmp) : smallest<f64>(p, n, tmp);
  if (type == F32) return isMax ? largest<f32>(p, n, tmp) : smallest<f32>(p, n, tmp);
  if (type == I32) return isMax ? largest<i32>(p, n, tmp) : smallest<i32>(p, n, tmp);
  if (type == U32) return isMax ? largest<u32>(p, n, tmp) : smallest<u32>(p, n, tmp);
  return isMax ? largest<u8>(p, n, tmp) : smallest<u8>(p, n, tmp);
}

function findIn(type: i32, p: usize, n: i32, value: f64): i32 {
  if (type == F64) return find<f64>(p, n, value);
  if (type == F32) return find<f32>(p, n, value);
  if (type == I32) return find<i32>(p, n, value);
  if (type == U32) return find<u32>(p, n, value);
  return find<u8>(p, n, value);
}

/** Blocks whose sums are added up before they join the stack: it costs a third of a block's own time. */
const BLOCKS_AT_ONCE: i32 = 8;

/** The sum of up to eight blocks, as a tree. */
function sumOf<T>(p: usize, n: i32): f64 {
  if (n > BLOCK) {
    let half = BLOCK;
    while (2 * half < n) half *= 2;
    return sumOf<T>(p, half) + sumOf<T>(p + <usize>half * sizeof<T>(), n - half);
  }
  return sizeof<T>() == 8 ? sumF64(p, n) : sumF32(p, n);
}

/** The state of a block of `n` values; `first` and `step`: the indices that argmin gives them. */
function blockState(reduction: i32, type: i32, p: usize, n: i32, state: usize, first: i32, step: i32): void {
  if (reduction == SUM) put(state, 0, type == F64 ? sumOf<f64>(p, n) : sumOf<f32>(p, n));
  else if (reduction == PRODUCT) put(state, 0, type == F64 ? product<f64>(p, n) : product<f32>(p, n));
  else if (reduction == SPREAD) {
    const mean = (type == F64 ? sumF64(p, n) : sumF32(p, n)) / <f64>n;
    put(state, 0, <f64>n);
    put(state, 1, mean);
    put(state, 2, type == F64 ? squaresF64(p, n, mean) : squaresF32(p, n, mean));
  } else {
    const isMax = reduction == MAX || reduction == ARGMAX;
    const value = extremeOf(type, isMax, p, n, state);
    put(state, 0, value);
    if (isArg(reduction)) put(state, 1, <f64>(first + step * findIn(type, p, n, value)));
  }
}

/** Bytes of a run, in which the least is found at once: no more need be searched for its place. */
const RUN: i32 = 16384;

/**
 * The least or largest of a direct row joins the stack, by way of runs that are longer than a block. Its place is
 * looked for once, in the run that has it, and only when the row has what is better than all before it, or as good.
 */
function pushRow(c: usize, stack: usize, p: usize, n: i32, first: i32, step: i32): void {
  const reduction = word(c, REDUCTION), type = word(c, TYPE), bytes = sizeOfType(type), run = RUN / bytes;
  const isMax = reduction == MAX || reduction == ARGMAX, isFirst = word(stack, 0) == 0;
  const bottom = stack + 64, state = isFirst ? bottom : bottom + STATE;
  let best = extremeOf(type, isMax, p, min(run, n), state), place = 0;
  // A NaN is never given up
  for (let from = run; from < n && best == best; from += run) {
    const value = extremeOf(type, isMax, p + <usize>(from * bytes), min(run, n - from), state);
    if (value != value || (isMax ? value > best : value < best)) {
      best = value;
      place = from;
    }
  }
  put(state, 0, best);
  setWord(stack, 0, 1);
  if (isArg(reduction)) {
    const known = at(bottom, 0);
    if (!isFirst && best == best && (known != known || (isMax ? known > best : known < best))) return;
    const found = findIn(type, p + <usize>(place * bytes), min(run, n - place), best);
    put(state, 1, <f64>(first + step * (place + found)));
  }
  if (!isFirst) combine(reduction, bottom, state);
}

/** A block joins the stack. Of argmin only one that is better than what is there, which is seldom. */
function pushBlock(c: usize, stack: usize, p: usize, n: i32, first: i32, step: i32): void {
  const reduction = word(c, REDUCTION), type = word(c, TYPE);
  if (isArg(reduction)) {
    const bottom = stack + 64;
    if (word(stack, 0) == 0) {
      blockState(reduction, type, p, n, bottom, first, step);
      setWord(stack, 0, 1);
      return;
    }
    const isMax = reduction == ARGMAX;
    const value = extremeOf(type, isMax, p, n, stack + 32), best = at(bottom, 0);
    if (best != best ? value == value : value == value && !(isMax ? value >= best : value <= best)) return;
    const state = bottom + STATE;
    put(state, 0, value);
    put(state, 1, <f64>(first + step * findIn(type, p, n, value)));
    combine(reduction, bottom, state);
    return;
  }
  blockState(reduction, type, p, n, top(stack), first, step);
  push(stack, reduction);
}

/** Reduces. `partials`: two numbers, then a state for each piece and output; `terms`: how many values an output has. */
export function reduce(
  work: usize, fn: i32, context: usize, count: i32, partials: usize, terms: f64, denominator: f64,
): i32 {
  unpack(fn, context, count);
  setWord(context, PARTIALS, <i32>partials);
  store<f64>(partials, terms);
  store<f64>(partials, denominator, 8);
  const outputs = word(context, OUTPUTS), pieces = word(context, PIECES), reduction = word(context, REDUCTION);
  const stack = work + STACK;
  if (terms == 0) {
    const state = stack + 64;
    put(state, 0, reduction == PRODUCT || reduction == MIN ? 1 : 0);
    put(state, 1, 0);
    put(state, 2, 0);
    for (let i = 0; i < outputs; i++) finish(context, state, outAddress(work, context, i));
    return OK;
  }
  const units = word(context, UNITS), group = word(context, GROUP);
  if (!parallelFor(work, (units + group - 1) / group, fn, context)) return CANCELLED;
  if (pieces == 1) return OK;
  if (word(context, KIND) != ROWS) {
    joinPieces(work, context);
    return OK;
  }
  for (let i = 0; i < outputs; i++) {
    clear(stack);
    for (let piece = 0; piece < pieces; piece++) {
      memory.copy(top(stack), partial(context, piece, i), STATE);
      push(stack, reduction);
    }
    finish(context, fold(stack, reduction), outAddress(work, context, i));
  }
  return OK;
}

export function reduceChunk(work: usize, index: i32, c: usize): void {
  const group = word(c, GROUP);
  const from = index * group, to = min(from + group, word(c, UNITS));
  if (word(c, KIND) != ROWS) for (let unit = from; unit < to; unit++) columnsUnit(work, unit, c);
  else if (isShort(c)) shortRows(work, from, to, c);
  else for (let unit = from; unit < to; unit++) rowsUnit(work, unit, c);
}

// @ts-ignore: decorator
@inline function partial(c: usize, piece: i32, output: i32): usize {
  return <usize>word(c, PARTIALS) + 16 + (<usize>piece * <usize>word(c, OUTPUTS) + <usize>output) * STATE;
}

/** Writes the number that a state stands for. */
function finish(c: usize, state: usize, out: usize): void {
  const reduction = word(c, REDUCTION), final = word(c, FINAL), partials = <usize>word(c, PARTIALS);
  let value = at(state, isArg(reduction) ? 1 : reduction == SPREAD ? 2 : 0);
  if (final == MEAN) value /= load<f64>(partials);
  else if (final != PLAIN) {
    value /= load<f64>(partials, 8);
    if (final == DEVIATION) value = sqrt(value);
  }
  const type = word(c, OUT_TYPE);
  if (type == F64) store<f64>(out, value);
  else if (type == F32) store<f32>(out, <f32>value);
  else if (type == I32) store<i32>(out, <i32>value);
  else if (type == U32) store<u32>(out, <u32>value);
  else store<u8>(out, <u8>value);
}

/** Sets the coordinates of the kept dimensions before `kept` for an output, or of any run of dimensions. */
function decode(work: usize, c: usize, from: i32, to: i32, position: i32): void {
  const dims = c + (DIMS << 2), coordinates = work + COORDINATES;
  for (let axis = to - 1; axis >= from; axis--) {
    const length = word(dims, axis), next = position / length;
    setWord(coordinates, axis, position - next * length);
    position = next;
  }
}

/** Where an output lies, by its position in the order in which the kept dimensions are walked. */
function outAddress(work: usize, c: usize, output: i32): usize {
  const d = word(c, NDIM), dims = c + (DIMS << 2), coordinates = work + COORDINATES;
  const kept = word(c, KEPT), isRows = word(c, KIND) == ROWS;
  for (let axis = 0; axis < d; axis++) setWord(coordinates, axis, 0);
  if (!isRows) {
    const width = word(dims, d - 1), rest = output / width;
    setWord(coordinates, d - 1, output - rest * width);
    output = rest;
  }
  decode(work, c, 0, kept, output);
  return address(word(c, OUT), coordinates, dims + (<usize>d << 2), d);
}

/** Whether an output's values are one row of at most a block. */
// @ts-ignore: decorator
@inline function isShort(c: usize): bool {
  const d = word(c, NDIM), dims = c + (DIMS << 2);
  return word(c, KEPT) == d - 1 && word(dims, d - 1) <= BLOCK;
}

/** The values of a tile from the coordinates on; rows of `columns` values, `step` bytes apart, at the address answered. */
// @ts-ignore: decorator
@inline function evaluate(work: usize, c: usize, rows: i32, columns: i32, d1: i32, d2: i32, step: i32): usize {
  const d = word(c, NDIM);
  if (word(c, FLAGS) & DIRECT) {
    const o = operand(c, 0);
    return address(word(o, POINTER), work + COORDINATES, o + (STRIDES << 2), d);
  }
  const segment = beginSegment(work, c);
  loadTile(work, c, segment, rows, columns, d1, d2);
  compute(work, c, segment, rows, max(columns, LEAST), work + OUT_BLOCK, step);
  return work + OUT_BLOCK;
}

/** Bytes between the rows of a tile that `evaluate` answers. */
// @ts-ignore: decorator
@inline function stepOf(c: usize, columns: i32, d1: i32): i32 {
  if (word(c, FLAGS) & DIRECT) return word(operand(c, 0) + (STRIDES << 2), d1);
  return max(columns, LEAST) * sizeOfType(word(c, TYPE));
}

/** How many rows of so many columns a block has room for. */
// @ts-ignore: decorator
@inline function rowsOf(columns: i32): i32 {
  return BLOCK / max(columns, LEAST);
}

/** Outputs from ≤ i < to, each a short row. */
function shortRows(work: usize, from: i32, to: i32, c: usize): void {
  const d = word(c, NDIM), dims = c + (DIMS << 2), outStrides = dims + (<usize>d << 2), indexStrides = outStrides + (<usize>d << 2);
  const coordinates = work + COORDINATES, stack = work + STACK, state = stack + 64;
  const columns = word(dims, d - 1), reduction = word(c, REDUCTION), type = word(c, TYPE);
  const indexStep = word(indexStrides, d - 1);
  const d1 = max(0, d - 2);
  const outStep = d > 1 ? word(outStrides, d1) : 0, room = rowsOf(columns);
  const step = stepOf(c, columns, d1);
  for (let output = from; output < to; ) {
    decode(work, c, 0, d - 1, output);
    setWord(coordinates, d - 1, 0);
    const h = d > 1 ? min(min(room, to - output), word(dims, d1) - word(coordinates, d1)) : 1;
    let out = address(word(c, OUT), coordinates, outStrides, d);
    let p = evaluate(work, c, h, columns, d1, d - 1, step);
    for (let r = 0; r < h; r++) {
      blockState(reduction, type, p, columns, state, 0, indexStep);
      finish(c, state, out);
      p += step;
      out += outStep;
    }
    output += h;
  }
}

/** One piece of one output. */
function rowsUnit(work: usize, unit: i32, c: usize): void {
  const d = word(c, NDIM), dims = c + (DIMS << 2), outStrides = dims + (<usize>d << 2), indexStrides = outStrides + (<usize>d << 2);
  const coordinates = work + COORDINATES, stack = work + STACK;
  const outputs = word(c, OUTPUTS), kept = word(c, KEPT), reduction = word(c, REDUCTION);
  const piece = unit / outputs, output = unit - piece * outputs;
  const width = word(dims, d - 1), pieceColumns = word(c, PIECE_COLUMNS), pieceRows = word(c, PIECE_ROWS);
  const columnPieces = (width + pieceColumns - 1) / pieceColumns;
  const rowPiece = piece / columnPieces;
  let rows = 1;
  for (let axis = kept; axis < d - 1; axis++) rows *= word(dims, axis);
  const firstRow = rowPiece * pieceRows, lastRow = min(rows, firstRow + pieceRows);
  const firstColumn = (piece - rowPiece * columnPieces) * pieceColumns;
  const lastColumn = min(width, firstColumn + pieceColumns);
  const d1 = d - 1 > kept ? d - 2 : d - 1;
  const whole = lastColumn - firstColumn <= BLOCK;
  const bytes = sizeOfType(word(c, TYPE)), indexStep = word(indexStrides, d - 1), rowIndexStep = word(indexStrides, d1);
  const keptCoordinates = coordinates + (<usize>kept << 2), keptSteps = indexStrides + (<usize>kept << 2);
  const isExtreme = reduction == MIN || reduction == MAX || isArg(reduction);
  const isDirect = (word(c, FLAGS) & DIRECT) != 0, inRuns = isExtreme && !whole && isDirect;
  const most = inRuns ? lastColumn - firstColumn : isDirect && reduction == SUM ? BLOCKS_AT_ONCE * BLOCK : BLOCK;
  clear(stack);
  decode(work, c, 0, kept, output);
  for (let row = firstRow; row < lastRow; ) {
    decode(work, c, kept, d - 1, row);
    let h = 1;
    if (whole && d1 != d - 1) {
      h = min(min(rowsOf(lastColumn - firstColumn), lastRow - row), word(dims, d1) - word(coordinates, d1));
    }
    for (let column = firstColumn; column < lastColumn; column += most) {
      const w = min(most, lastColumn - column);
      setWord(coordinates, d - 1, column);
      const step = stepOf(c, w, d1);
      let p = evaluate(work, c, h, w, d1, d - 1, step);
      if (inRuns) {
        pushRow(c, stack, p, w, <i32>address(0, keptCoordinates, keptSteps, d - kept), indexStep);
      } else if (step == w * bytes && !isArg(reduction)) pushBlock(c, stack, p, h * w, 0, 0);
      else {
        let index = <i32>address(0, keptCoordinates, keptSteps, d - kept);
        for (let r = 0; r < h; r++) {
          pushBlock(c, stack, p, w, index, indexStep);
          p += step;
          index += rowIndexStep;
        }
      }
    }
    row += h;
  }
  const state = fold(stack, reduction);
  if (word(c, PIECES) > 1) memory.copy(partial(c, piece, output), state, STATE);
  else {
    for (let axis = kept; axis < d; axis++) setWord(coordinates, axis, 0);
    finish(c, state, address(word(c, OUT), coordinates, outStrides, d));
  }
}

/** A piece of the rows of a strip of columns. */
function columnsUnit(work: usize, unit: i32, c: usize): void {
  const d = word(c, NDIM), dims = c + (DIMS << 2), outStrides = dims + (<usize>d << 2);
  const indexStrides = outStrides + (<usize>d << 2);
  const coordinates = work + COORDINATES, levels = work + LEVELS;
  const kept = word(c, KEPT), reduction = word(c, REDUCTION), type = word(c, TYPE), pieces = word(c, PIECES);
  const width = word(dims, d - 1), strips = (width + STRIP - 1) / STRIP;
  const rest = unit / strips, column = (unit - rest * strips) * STRIP;
  const outer = rest / pieces, piece = rest - outer * pieces;
  const w = min(STRIP, width - column), d1 = d - 2;
  let rows = 1;
  for (let axis = kept; axis < d - 1; axis++) rows *= word(dims, axis);
  const firstRow = piece * word(c, PIECE_ROWS), lastRow = min(rows, firstRow + word(c, PIECE_ROWS));
  decode(work, c, 0, kept, outer);
  const isDirect = (word(c, FLAGS) & DIRECT) != 0, isTree = reduction == SUM || reduction == SPREAD;
  const tile = isDirect ? w : w <= BLOCK / 4 ? w : TILE, room = isDirect ? LEAF_ROWS : rowsOf(tile);
  const bytes = <usize>sizeOfType(type);
  let inLeaf = 0, leaves = 0;
  for (let row = firstRow; row < lastRow; ) {
    decode(work, c, kept, d - 1, row);
    const h = min(min(lastRow - row, word(dims, d1) - word(coordinates, d1)), min(room, LEAF_ROWS - inLeaf));
    setWord(coordinates, d - 1, 0);
    const start = coordinates + (<usize>kept << 2), steps = indexStrides + (<usize>kept << 2);
    const index = isArg(reduction) ? <i32>address(0, start, steps, d - 1 - kept) : 0;
    const leaf = isTree ? level(levels, leaves) : levels;
    if (isTree && inLeaf == 0) {
      memory.fill(leaf, 0, <usize>w << 3);
      if (reduction == SPREAD) memory.fill(leaf + ARRAY, 0, <usize>w << 3);
    }
    for (let j = 0; j < w; j += tile) {
      const n = min(tile, w - j), step = stepOf(c, n, d1);
      setWord(coordinates, d - 1, column + j);
      const p = evaluate(work, c, h, n, d1, d - 1, step), acc = leaf + (<usize>j << 3);
      if (reduction == SUM) {
        if (type == F64) addRowsF64(acc, p, step, h, n);
        else addRowsF32(acc, p, step, h, n);
      } else if (reduction == SPREAD) {
        if (type == F64) spreadRows<f64>(acc, acc + ARRAY, p, step, h, n, inLeaf);
        else spreadRows<f32>(acc, acc + ARRAY, p, step, h, n, inLeaf);
      } else if (reduction == MIN || reduction == MAX) {
        const own = levels + <usize>j * bytes;
        if (row == firstRow) memory.copy(own, p, <usize>n * bytes);
        extremes(type, reduction == MAX, own, p, step, h, n);
      } else {
        if (row == firstRow) begin(reduction, acc, n, index);
        take(reduction, type, acc, p, step, h, n, index, word(indexStrides, d1));
      }
    }
    row += h;
    inLeaf += h;
    if (inLeaf == LEAF_ROWS) {
      inLeaf = 0;
      leaves++;
      if (isTree) join(reduction, levels, leaves, w);
    }
  }
  if (isTree) foldLevels(reduction, levels, leaves, inLeaf, w);
  // the result is in the lowest level
  if (pieces > 1) {
    keepColumns(c, levels, w, piece, outer * width + column, lastRow - firstRow);
    return;
  }
  for (let axis = kept; axis < d - 1; axis++) setWord(coordinates, axis, 0);
  setWord(coordinates, d - 1, column);
  finishColumns(c, levels, w, address(word(c, OUT), coordinates, outStrides, d), word(outStrides, d - 1));
}

/** An element of an array of values as float64. */
function valueAt(type: i32, array: usize, j: usize): f64 {
  if (type == F64) return load<f64>(array + (j << 3));
  if (type == F32) return <f64>load<f32>(array + (j << 2));
  if (type == I32) return <f64>load<i32>(array + (j << 2));
  if (type == U32) return <f64>load<u32>(array + (j << 2));
  return <f64>load<u8>(array + j);
}

/** Array k of the states that columns have for a piece: one number for each output. */
// @ts-ignore: decorator
@inline function plane(c: usize, piece: i32, k: i32): usize {
  return <usize>word(c, PARTIALS) + 16 + ((<usize>(3 * piece + k) * <usize>word(c, OUTPUTS)) << 3);
}

/** Keeps the states of a strip of outputs, from `output` on, to be combined with those of other pieces. */
function keepColumns(c: usize, levels: usize, w: i32, piece: i32, output: i32, rows: i32): void {
  const reduction = word(c, REDUCTION), type = word(c, TYPE), offset = <usize>output << 3, bytes = <usize>w << 3;
  const first = plane(c, piece, 0) + offset, second = plane(c, piece, 1) + offset, third = plane(c, piece, 2) + offset;
  if (reduction == SPREAD) {
    for (let j: usize = 0; j < bytes; j += 8) store<f64>(first + j, <f64>rows);
    memory.copy(second, levels, bytes);
    memory.copy(third, levels + ARRAY, bytes);
    return;
  }
  if (reduction == MIN || reduction == MAX) {
    for (let j = 0; j < w; j++) store<f64>(first + (<usize>j << 3), valueAt(type, levels, j));
  } else memory.copy(first, levels, bytes);
  if (isArg(reduction)) memory.copy(second, levels + ARRAY, bytes);
}

/** Combines the pieces of columns as a tree, into the first, and writes the outputs. */
function joinPieces(work: usize, c: usize): void {
  const outputs = word(c, OUTPUTS), pieces = word(c, PIECES), reduction = word(c, REDUCTION);
  const a = work + STACK + 64, b = a + STATE;
  for (let span = 1; span < pieces; span *= 2) {
    for (let piece = 0; piece + span < pieces; piece += 2 * span) {
      const to = plane(c, piece, 0), from = plane(c, piece + span, 0);
      if (reduction == SUM) addRowsF64(to, from, 0, 1, outputs);
      else if (reduction == MIN) minRows<f64>(to, from, 0, 1, outputs);
      else if (reduction == MAX) maxRows<f64>(to, from, 0, 1, outputs);
      else {
        for (let i = 0; i < outputs; i++) {
          loadState(c, piece, i, a);
          loadState(c, piece + span, i, b);
          combine(reduction, a, b);
          for (let k = 0; k < 3; k++) store<f64>(plane(c, piece, k) + (<usize>i << 3), at(a, k));
        }
      }
    }
  }
  const d = word(c, NDIM), dims = c + (DIMS << 2), width = word(dims, d - 1);
  const step = word(dims + (<usize>d << 2), d - 1);
  for (let first = 0; first < outputs; first += width) {
    let out = outAddress(work, c, first);
    for (let j = 0; j < width; j++, out += step) {
      loadState(c, 0, first + j, a);
      finish(c, a, out);
    }
  }
}

// @ts-ignore: decorator
@inline function loadState(c: usize, piece: i32, output: i32, state: usize): void {
  for (let k = 0; k < 3; k++) put(state, k, load<f64>(plane(c, piece, k) + (<usize>output << 3)));
}

/** Writes a strip of outputs, `step` bytes apart. */
function finishColumns(c: usize, levels: usize, w: i32, out: usize, step: i32): void {
  const reduction = word(c, REDUCTION), final = word(c, FINAL), type = word(c, OUT_TYPE);
  const partials = <usize>word(c, PARTIALS), bytes = sizeOfType(type);
  if (reduction == MIN || reduction == MAX) {
    if (step == bytes) memory.copy(out, levels, <usize>(w * bytes));
    else for (let j = 0; j < w; j++, out += step) memory.copy(out, levels + <usize>(j * bytes), <usize>bytes);
    return;
  }
  const from = isArg(reduction) || reduction == SPREAD ? levels + ARRAY : levels;
  const divisor = final == PLAIN ? 1 : final == MEAN ? load<f64>(partials) : load<f64>(partials, 8);
  for (let p = from, end = from + (<usize>w << 3); p < end; p += 8, out += step) {
    let value = load<f64>(p) / divisor;
    if (final == DEVIATION) value = sqrt(value);
    if (type == F64) store<f64>(out, value);
    else if (type == F32) store<f32>(out, <f32>value);
    else store<i32>(out, <i32>value);
  }
}

/** How many levels of the tree so many leaves occupy. */
// @ts-ignore: decorator
@inline function level(levels: usize, leaves: i32): usize {
  return levels + <usize>popcnt<i32>(leaves) * LEVEL;
}

/** After leaf number `leaves` levels of equal weight become one. */
function join(reduction: i32, levels: usize, leaves: i32, w: i32): void {
  let to = levels + <usize>(popcnt<i32>(leaves - 1)) * LEVEL;
  let weight = LEAF_ROWS;
  for (let m = leaves; (m & 1) == 0; m >>= 1) {
    to -= LEVEL;
    joinTwo(reduction, to, to + LEVEL, w, <f64>weight, <f64>weight);
    weight <<= 1;
  }
}

function joinTwo(reduction: i32, a: usize, b: usize, w: i32, na: f64, nb: f64): void {
  if (reduction == SUM) {
    addRowsF64(a, b, 0, 1, w);
    return;
  }
  for (let j: usize = 0, end = <usize>w << 3; j < end; j += 8) {
    const d = load<f64>(b + j) - load<f64>(a + j), n = na + nb;
    store<f64>(a + j, load<f64>(a + j) + d * (nb / n));
    store<f64>(a + j, load<f64>(a + j, ARRAY) + load<f64>(b + j, ARRAY) + d * d * (na * nb / n), ARRAY);
  }
}

/** All levels as one, at the lowest; `rest` rows are in an unfinished leaf. */
function foldLevels(reduction: i32, levels: usize, leaves: i32, rest: i32, w: i32): void {
  let depth = popcnt<i32>(leaves), weight = rest;
  if (rest == 0) {
    depth--;
    weight = (leaves & -leaves) * LEAF_ROWS;
    leaves &= leaves - 1;
  }
  for (; depth > 0; depth--) {
    const own = (leaves & -leaves) * LEAF_ROWS;
    leaves &= leaves - 1;
    const b = levels + <usize>depth * LEVEL;
    joinTwo(reduction, b - LEVEL, b, w, <f64>own, <f64>weight);
    weight += own;
  }
}

/** Accumulators of a product or of argmin before the first row. */
function begin(reduction: i32, acc: usize, n: i32, index: i32): void {
  const first: f64 = reduction == PRODUCT ? 1 : reduction == ARGMAX ? -Infinity : Infinity;
  for (let j: usize = 0; j < <usize>n; j++) {
    store<f64>(acc + (j << 3), first);
    store<f64>(acc + (j << 3), <f64>index, ARRAY);
  }
}

function extremes(type: i32, isMax: bool, acc: usize, p: usize, step: i32, rows: i32, n: i32): void {
  if (!isMax) {
    if (type == F64) minRows<f64>(acc, p, step, rows, n);
    else if (type == F32) minRows<f32>(acc, p, step, rows, n);
    else if (type == I32) minRows<i32>(acc, p, step, rows, n);
    else if (type == U32) minRows<u32>(acc, p, step, rows, n);
    else minRows<u8>(acc, p, step, rows, n);
  } else if (type == F64) maxRows<f64>(acc, p, step, rows, n);
  else if (type == F32) maxRows<f32>(acc, p, step, rows, n);
  else if (type == I32) maxRows<i32>(acc, p, step, rows, n);
  else if (type == U32) maxRows<u32>(acc, p, step, rows, n);
  else maxRows<u8>(acc, p, step, rows, n);
}

/** Rows join the accumulators of a product or of argmin. */
function take(
  reduction: i32, type: i32, acc: usize, p: usize, step: i32, rows: i32, n: i32, index: i32, indexStep: i32,
): void {
  const indices = acc + ARRAY, isMax = reduction == ARGMAX;
  if (reduction == PRODUCT) {
    if (type == F64) multiplyRows<f64>(acc, p, step, rows, n);
    else multiplyRows<f32>(acc, p, step, rows, n);
  } else if (type == F64) argRows<f64>(acc, indices, p, step, rows, n, isMax, index, indexStep);
  else if (type == F32) argRows<f32>(acc, indices, p, step, rows, n, isMax, index, indexStep);
  else if (type == I32) argRows<i32>(acc, indices, p, step, rows, n, isMax, index, indexStep);
  else if (type == U32) argRows<u32>(acc, indices, p, step, rows, n, isMax, index, indexStep);
  else argRows<u8>(acc, indices, p, step, rows, n, isMax, index, indexStep);
}
