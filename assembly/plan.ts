/**
 * What the steps of a radix sort share: one line, its buffers, its digit and its tables, in scratch memory. A line is cut
 * into fixed pieces, each step is one shared loop over them.
 */
import { align64 } from './arena';
import { parallelFor } from './team';

/** Elements of a piece and most pieces of a line; pieces do not depend on the number of threads. */
const PIECE: i32 = 1 << 15;
const MOST_PIECES: i32 = 64;
/** Bits of the widest digit. */
export const MOST_BITS: i32 = 11;

/** One line being sorted; lives in scratch memory. All offsets are bytes. */
@unmanaged
export class Plan {
  source: usize;
  out: usize;
  /** Elements now, and the other buffer. */
  from: usize;
  to: usize;
  n: i32;
  pieces: i32;
  size: i32;
  /** What is added to floats: 0 makes −0 and 0 one key, −0 keeps them apart. */
  zero: f64;
  /** XORed to the bits of integers: the sign bit for signed ones. */
  flip: u32;
  /** Per piece: u64 bits that vary, i32 whether ascending (16 bytes). */
  facts: usize;
  /** Per piece a table of 2^bits u32: counts, then addresses. */
  tables: usize;
  /** One table more, for the sums over pieces. */
  totals: usize;
  /** The digit of the running pass. */
  low: i32;
  bits: i32;
  /** Constant leading bits, shifted out when keys and indices are packed. */
  prefix: i32;
  /** The lowest bit sorted by the passes. */
  lowest: i32;
  /** Bits of the index in packed words; 0 for bare keys. */
  indexBits: i32;
  /** Whether packed words lack bits of the key that vary. */
  partial: bool;
  /** Whether the passes left nothing to the insertion. */
  settled: bool;
  /** u32 first element of each piece of the last pass, and the end. */
  borders: usize;
}

/** Pieces of a line of n elements. */
function piecesOf(n: i32): i32 {
  return max(1, min(MOST_PIECES, n / PIECE));
}

/** Lays a plan out at `place`. `a` and `b` have room for n words each; the sorted line goes to `out`. */
export function layOut(place: usize, source: usize, n: i32, a: usize, b: usize, out: usize): Plan {
  const plan = changetype<Plan>(place);
  const pieces = piecesOf(n);
  plan.source = source;
  plan.out = out;
  plan.from = a;
  plan.to = b;
  plan.n = n;
  plan.pieces = pieces;
  plan.size = (n + pieces - 1) / pieces;
  plan.prefix = 0;
  plan.indexBits = 0;
  plan.partial = false;
  plan.settled = false;
  plan.flip = 0;
  plan.zero = -0.0;
  plan.facts = place + 256;
  plan.borders = plan.facts + align64(<usize>pieces << 4);
  plan.totals = plan.borders + align64(<usize>(pieces + 1) << 2);
  plan.tables = plan.totals + (1 << (MOST_BITS + 2));
  return plan;
}

// @ts-ignore: decorator
@inline export function first(plan: Plan, piece: i32): i32 {
  return min(plan.n, piece * plan.size);
}

/** Runs a step for every piece; a single piece is a plain call, so that it can be inside another shared loop. */
export function each(work: usize, plan: Plan, step: i32): bool {
  if (plan.pieces > 1) return parallelFor(work, plan.pieces, step, changetype<usize>(plan));
  call_indirect(step, work, 0, changetype<usize>(plan));
  return true;
}
