/**
 * Support vector classification on kernel matrices: one binary fit, all one-vs-one fits of a classifier, decision
 * values, votes and accuracy. Every function that takes a kernel matrix can take the rows of a larger one instead, so
 * that folds and pairs of classes share one matrix and nothing is gathered but the cached rows of the solver.
 */
import { align64, ARENA_BYTES, ARENA_START, isCancelled } from './arena';
import { n as int, setN as setInt } from './arrays';
import { Grouped, groupedBytes, layOutGrouped, readDiagonal } from './grouped';
import { layOut, solve, Solver, solverBytes } from './smo';
import { BAD_C, BAD_LABEL, CANCELLED, INDEX_RANGE, OK, ONE_CLASS } from './status';

/** rows[i], or i itself where there is no list of rows. */
// @ts-ignore: decorator
@inline function rowAt(rows: usize, i: i32): i32 {
  return rows ? int(rows, i) : i;
}

function rowsOutside(rows: usize, count: i32, length: i32): bool {
  for (let i = 0; i < count; i++) {
    const row = rowAt(rows, i);
    if (row < 0 || row >= length) return true;
  }
  return false;
}

/** A solver in the arena where it fits there, which keeps it in cache from call to call, else in the scratch. */
function solverFor(
  work: usize, arenaUsed: usize, scratch: usize, bytes: usize, kernel: usize, length: i32, size: i32,
): Solver {
  const place = align64(work + ARENA_START + arenaUsed);
  const room = work + ARENA_BYTES - place;
  if (scratch == 0 || solverBytes(size) <= room) return layOut(place, room, work, kernel, <usize>length << 3, size);
  return layOut(align64(scratch), bytes - 64, work, kernel, <usize>length << 3, size);
}

/** Writes alpha·y of every sample to its place in `coefficients`. */
function writeCoefficients(s: Solver, coefficients: usize): void {
  for (let t = 0; t < s.size; t++) {
    const value = load<f64>(s.alpha + (<usize>t << 3)) * <f64>int(s.label, t);
    store<f64>(coefficients + (<usize>int(s.origin, t) << 3), value);
  }
}

/**
 * One binary problem: the kernel matrix (length × length, float64), `count` rows of it (rows 0: all, in order), their
 * labels ±1 (int32, or float64 when `wideLabels`). Outputs: alpha·y (count), and [rho, iterations, objective, number of
 * support vectors].
 */
export function smo(
  work: usize, kernel: usize, length: i32, count: i32, rows: usize, labels: usize, wideLabels: i32, c: usize,
  tolerance: f64, shrinking: i32, maxIterations: f64, coefficients: usize, info: usize, scratch: usize, bytes: usize,
): i32 {
  if (rowsOutside(rows, count, length)) return INDEX_RANGE;
  let positive = 0, negative = 0;
  for (let i = 0; i < count; i++) {
    const label = wideLabels ? load<f64>(labels + (<usize>i << 3)) : <f64>int(labels, i);
    if (label == 1) positive++;
    else if (label == -1) negative++;
    else return BAD_LABEL;
  }
  if (positive == 0 || negative == 0) return ONE_CLASS;
  const s = solverFor(work, 0, scratch, bytes, kernel, length, count);
  s.c = load<f64>(c);
  for (let i = 0; i < count; i++) {
    setInt(s.row, i, rowAt(rows, i));
    setInt(s.origin, i, i);
    const label = wideLabels ? <i32>load<f64>(labels + (<usize>i << 3)) : int(labels, i);
    setInt(s.label, i, label);
  }
  const status = solve(s, tolerance, shrinking != 0, maxIterations);
  if (status != OK) return status;
  writeCoefficients(s, coefficients);
  store<f64>(info, s.rho);
  store<f64>(info, <f64>s.iterations, 8);
  store<f64>(info, s.objective, 16);
  store<f64>(info, <f64>s.supportVectors, 24);
  return OK;
}

/**
 * All one-vs-one problems of `classes` classes, pair (0, 1), (0, 2) … (1, 2) …: class i's rows, in their own order and
 * with label +1, then class j's with −1, as libsvm groups them. Outputs: alpha·y (pairs × count), rho and iterations
 * (pairs). A class without rows loses every pair: rho is ±infinity there, and 0 where both classes are without.
 * `groups`: the scratch has room for the samples' own part of the matrix, grouped by class.
 */
export function svcFit(
  work: usize, kernel: usize, length: i32, count: i32, rows: usize, labels: usize, classes: i32, c: usize,
  tolerance: f64, shrinking: i32, maxIterations: f64, coefficients: usize, rho: usize, iterations: usize,
  groups: i32, scratch: usize, bytes: usize,
): i32 {
  if (!(load<f64>(c) > 0)) return BAD_C;
  if (rowsOutside(rows, count, length)) return INDEX_RANGE;
  // starts (classes + 1) and order (count): the samples grouped by class
  const lists = align64(<usize>(classes + 1 + count) << 2);
  const starts = scratch ? align64(scratch) : work + ARENA_START;
  const order = starts + (<usize>(classes + 1) << 2);
  memory.fill(starts, 0, <usize>(classes + 1) << 2);
  for (let i = 0; i < count; i++) {
    const label = int(labels, i);
    if (label < 0 || label >= classes) return BAD_LABEL;
    setInt(starts, label + 1, int(starts, label + 1) + 1);
  }
  let present = 0;
  for (let k = 0; k < classes; k++) {
    if (int(starts, k + 1) > 0) present++;
    setInt(starts, k + 1, int(starts, k + 1) + int(starts, k));
  }
  if (present < 2) return ONE_CLASS;
  // counting sort: starts moves to the ends and back
  for (let i = 0; i < count; i++) {
    const label = int(labels, i), at = int(starts, label);
    setInt(order, at, i);
    setInt(starts, label, at + 1);
  }
  for (let k = classes; k > 0; k--) setInt(starts, k, int(starts, k - 1));
  setInt(starts, 0, 0);

  const arenaUsed: usize = scratch ? 0 : lists;
  let solverScratch: usize = scratch ? align64(scratch) + lists : 0;
  let solverBytesLeft = bytes - lists - 64;
  let grouped: Grouped | null = null;
  if (groups) {
    grouped = layOutGrouped(solverScratch, kernel, <usize>length << 3, count);
    for (let t = 0; t < count; t++) setInt(grouped.columns, t, rowAt(rows, int(order, t)));
    readDiagonal(grouped);
    solverScratch = align64(solverScratch + groupedBytes(count));
    solverBytesLeft -= groupedBytes(count) + 64;
  }
  const rowBytes = <usize>count << 3;
  let pair = 0;
  for (let i = 0; i < classes; i++) {
    for (let j = i + 1; j < classes; j++) {
      if (isCancelled(work)) return CANCELLED;
      const target = coefficients + <usize>pair * rowBytes;
      memory.fill(target, 0, rowBytes);
      const firstI = int(starts, i), ni = int(starts, i + 1) - firstI;
      const firstJ = int(starts, j), nj = int(starts, j + 1) - firstJ;
      let pairRho: f64 = 0, pairIterations = 0;
      if (ni > 0 && nj > 0) {
        const s = solverFor(work, arenaUsed, solverScratch, solverBytesLeft, kernel, length, ni + nj);
        s.grouped = grouped;
        s.c = load<f64>(c);
        for (let t = 0; t < ni + nj; t++) {
          const place = t < ni ? firstI + t : firstJ + t - ni;
          const sample = int(order, place);
          setInt(s.row, t, grouped ? place : rowAt(rows, sample));
          setInt(s.origin, t, sample);
          setInt(s.label, t, t < ni ? 1 : -1);
        }
        const status = solve(s, tolerance, shrinking != 0, maxIterations);
        if (status != OK) return status;
        writeCoefficients(s, target);
        pairRho = s.rho;
        pairIterations = s.iterations;
      } else if (ni > 0) {
        pairRho = -Infinity;
      } else if (nj > 0) {
        pairRho = Infinity;
      }
      store<f64>(rho + (<usize>pair << 3), pairRho);
      setInt(iterations, pair, pairIterations);
      pair++;
    }
  }
  return OK;
}

/**
 * Decision values (m × pairs): Σ_j K[test_i, train_j]·coefficients[p, j] − rho[p] over the non-zero coefficients, j
 * ascending. The kernel matrix is height × length; testRows (m) and trainRows (n) pick from it (0: all, in order).
 * Eight test rows at a time lie transposed, for the columns that any pair needs, so that a coefficient meets eight
 * values at once. `scratch`: 12·pairs·n + 4·(2n + pairs + 1) + 64·n bytes and 512 for alignment.
 */
export function svcDecision(
  work: usize, kernel: usize, height: i32, length: i32, m: i32, testRows: usize, count: i32, trainRows: usize,
  pairs: i32, coefficients: usize, rho: usize, out: usize, scratch: usize,
): i32 {
  if (rowsOutside(testRows, m, height) || rowsOutside(trainRows, count, length)) return INDEX_RANGE;
  const values = align64(scratch);
  const places = align64(values + ((<usize>pairs * <usize>count) << 3));
  const starts = align64(places + ((<usize>pairs * <usize>count) << 2));
  const compact = align64(starts + (<usize>(pairs + 1) << 2));
  const columns = align64(compact + (<usize>count << 2));
  const block = align64(columns + (<usize>count << 2));

  // which columns any pair needs, and their places in the block
  memory.fill(compact, 0, <usize>count << 2);
  for (let p = 0; p < pairs; p++) {
    const row = coefficients + ((<usize>p * <usize>count) << 3);
    for (let j = 0; j < count; j++) {
      if (load<f64>(row + (<usize>j << 3)) != 0) setInt(compact, j, 1);
    }
  }
  let width = 0;
  for (let j = 0; j < count; j++) {
    if (int(compact, j) == 0) continue;
    setInt(compact, j, width);
    setInt(columns, width, rowAt(trainRows, j) << 3);
    width++;
  }
  // the non-zero coefficients of each pair, as byte offsets into the block and values
  let entries = 0;
  for (let p = 0; p < pairs; p++) {
    setInt(starts, p, entries);
    const row = coefficients + ((<usize>p * <usize>count) << 3);
    for (let j = 0; j < count; j++) {
      const value = load<f64>(row + (<usize>j << 3));
      if (value == 0) continue;
      store<f64>(values + (<usize>entries << 3), value);
      setInt(places, entries, int(compact, j) << 6);
      entries++;
    }
  }
  setInt(starts, pairs, entries);

  for (let i = 0; i < m; i += 8) {
    const rows = min(8, m - i);
    for (let r = 0; r < 8; r++) {
      // the last block repeats its first row
      const source = kernel + ((<usize>rowAt(testRows, r < rows ? i + r : i) * <usize>length) << 3);
      const to = block + (<usize>r << 3);
      for (let w = 0; w < width; w++) {
        store<f64>(to + (<usize>w << 6), load<f64>(source + <usize>load<u32>(columns + (<usize>w << 2))));
      }
    }
    for (let p = 0; p < pairs; p++) {
      let s0 = f64x2.splat(0), s1 = s0, s2 = s0, s3 = s0;
      const end = int(starts, p + 1);
      for (let e = int(starts, p); e < end; e++) {
        const value = v128.load64_splat(values + (<usize>e << 3));
        const at = block + <usize>load<u32>(places + (<usize>e << 2));
        s0 = f64x2.add(s0, f64x2.mul(value, v128.load(at)));
        s1 = f64x2.add(s1, f64x2.mul(value, v128.load(at, 16)));
        s2 = f64x2.add(s2, f64x2.mul(value, v128.load(at, 32)));
        s3 = f64x2.add(s3, f64x2.mul(value, v128.load(at, 48)));
      }
      const shift = v128.load64_splat(rho + (<usize>p << 3));
      const sums = work + ARENA_START;
      v128.store(sums, f64x2.sub(s0, shift));
      v128.store(sums, f64x2.sub(s1, shift), 16);
      v128.store(sums, f64x2.sub(s2, shift), 32);
      v128.store(sums, f64x2.sub(s3, shift), 48);
      for (let r = 0; r < rows; r++) {
        store<f64>(out + ((<usize>(i + r) * <usize>pairs + <usize>p) << 3), load<f64>(sums + (<usize>r << 3)));
      }
    }
  }
  return OK;
}

/** The class with the most votes for each of m rows of decision values (pairs in svcFit's order), the lowest of equals. */
export function svcVote(work: usize, m: i32, classes: i32, decisions: usize, out: usize): i32 {
  const votes = work + ARENA_START;
  for (let i = 0; i < m; i++) {
    memory.fill(votes, 0, <usize>classes << 2);
    for (let a = 0; a < classes; a++) {
      for (let b = a + 1; b < classes; b++) {
        const winner = load<f64>(decisions) > 0 ? a : b;
        setInt(votes, winner, int(votes, winner) + 1);
        decisions += 8;
      }
    }
    let best = 0;
    for (let k = 1; k < classes; k++) {
      if (int(votes, k) > int(votes, best)) best = k;
    }
    setInt(out, i, best);
  }
  return OK;
}

/** The share of equal elements of two int32 vectors. */
export function accuracy(work: usize, count: i32, predicted: usize, truth: usize, out: usize): i32 {
  let hits = 0;
  for (let i = 0; i < count; i++) {
    if (int(predicted, i) == int(truth, i)) hits++;
  }
  store<f64>(out, <f64>hits / <f64>count);
  return OK;
}
