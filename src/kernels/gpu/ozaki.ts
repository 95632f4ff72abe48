/**
 * The float64 product on a GPU that has no float64, without loss. Every row of a and every column of b is scaled by a
 * power of two and cut into eight slices of integers of 8 bits; products of slices are exact sums of integers, and those
 * of one weight are summed in one; the 36 that reach the result are put together in 96 bits and rounded once. All of it is
 * integers: nothing depends on the order or the rounding of a GPU's float32.
 *
 * What is left out is at most k·2⁻⁵⁹ of the largest |a| of the row times the largest |b| of the column. Where the slices'
 * leading digits show that this is less than k·2⁻⁵³·(|a|·|b|) the element is as exact as the processor's own; where they do
 * not (graded rows, huge ranges, infinities, NaN), that element is computed in float64 done by integers (double.ts), the
 * way the reference does: slowly, and never worse.
 *
 * Sources: Ozaki, Ogita, Oishi & Rump, "Error-free transformations of matrix multiplication by using fast routines of
 * matrix multiplication and its applications", Numer. Algorithms 59 (2012); with integers Ootomo, Ozaki & Yokota, "DGEMM
 * on integer matrix multiplication unit", IJHPCA 38 (2024).
 */
import type { GpuOperand, GpuPass, GpuPlan, GpuTraits } from '../contract.js';
import { doubleCode } from './double.js';
import { hasPanels, type ProductSizes } from './product.js';
import { mainCode, spread } from './spread.js';

/** Operations of the GPU's float32 that take as long as one of these. */
export const DOUBLE_FACTOR = 16;

/** Slices of 8 bits; beside them an array of the leading digits without sign, and of whether there is anything. */
const SLICES = 8;
const PARTS = SLICES + 1;
/** Elements that one vector of a slice holds. */
const QUAD = 16;
/** Vectors along k whose products fit an int32 whatever they are: 8 · 16 · 1023 · 2¹⁴ < 2³¹. */
const MOST_QUADS = 1023;
/** Σ of products of leading digits from which on what is left out is small enough: 2¹⁴ · 8.03 · 2⁻⁶² / 2⁻⁵³, and a bit. */
const ENOUGH = 260;
const WORD = 4;

/** Bytes of each scratch array at most: of larger products parts are made, one after the other. */
const MOST_SCRATCH = 2 ** 29;
/** Parts that are not the last have a multiple of so many lines, so that windows begin at multiples of 256 bytes. */
const ALIGNED = 32;

/** Lines of an operand: rows of a, columns of b. `line` and `step` are elements from one line, and one k, to the next. */
interface Lines {
  readonly input: number;
  readonly count: number;
  readonly line: number;
  readonly step: number;
  /** Bytes of the array. */
  readonly bytes: number;
}

/** The largest exponent of each line: 0 where all of it is zero, 2047 where something is infinite or NaN. */
const scanCode = `struct P { size: u32, width: u32, first: u32, k: u32, line: u32, step: u32 }
@group(0) @binding(0) var<storage, read> x: array<vec2<u32>>;
@group(0) @binding(1) var<storage, read_write> exponents: array<u32>;
@group(0) @binding(2) var<uniform> p: P;
${mainCode(`var largest = 0u;
  for (var l = 0u; l < p.k; l++) {
    let bits = x[p.first + i * p.line + l * p.step];
    let high = bits.y & 0x7fffffffu;
    if ((high | bits.x) != 0u) { largest = max(largest, max(1u, high >> 20u)); }
  }
  exponents[i] = largest;`)}`;

/**
 * Slices of four elements: |x| < 2^e of its line is the integer X = x · 2^(62 − e), rounded, whose bytes with signs are
 * its digits. Adding 128 to every byte makes them unsigned ones, turning the top bit makes that signed.
 */
const splitCode = `struct P { size: u32, width: u32, first: u32, k: u32, line: u32, step: u32, lines: u32, words: u32, across: u32 }
@group(0) @binding(0) var<storage, read> x: array<vec2<u32>>;
@group(0) @binding(1) var<storage, read_write> exponents: array<u32>;
@group(0) @binding(2) var<storage, read_write> slices: array<u32>;
@group(0) @binding(3) var<uniform> p: P;
${mainCode(`let line = select(i / p.words, i % p.lines, p.across == 1u);
  let word = select(i % p.words, i / p.lines, p.across == 1u);
  let largest = exponents[line];
  var made: array<u32, ${PARTS}>;
  for (var t = 0u; t < 4u; t++) {
    let l = word * 4u + t;
    if (l >= p.k) { continue; }
    let bits = x[p.first + line * p.line + l * p.step];
    let exponent = (bits.y >> 20u) & 0x7ffu;
    var m = vec2<u32>(bits.x, (bits.y & 0xfffffu) | select(0u, 0x100000u, exponent != 0u));
    if ((m.x | m.y) == 0u) { continue; }
    let shift = i32(max(1u, exponent)) - i32(largest) + 9;
    if (shift > 0) {
      let s = u32(shift);
      m = vec2<u32>(m.x << s, (m.y << s) | (m.x >> (32u - s)));
    } else if (shift < -53) {
      m = vec2<u32>();
    } else if (shift < 0) {
      // half of the last place, and then what is above it
      let s = u32(-shift);
      let half = select(vec2<u32>(0u, 1u << ((s - 1u) & 31u)), vec2<u32>(1u << ((s - 1u) & 31u), 0u), s <= 32u);
      let low = m.x + half.x;
      m = vec2<u32>(low, m.y + half.y + u32(low < m.x));
      if (s >= 32u) { m = vec2<u32>(m.y >> (s - 32u), 0u); }
      else { m = vec2<u32>((m.x >> s) | (m.y << (32u - s)), m.y >> s); }
    }
    let at = t * 8u;
    made[${SLICES}] |= (0x80u | min(127u, m.y >> 23u)) << at;
    if ((bits.y & 0x80000000u) != 0u) {
      let low = ~m.x + 1u;
      m = vec2<u32>(low, ~m.y + u32(low == 0u));
    }
    let biased = m.x + 0x80808080u;
    let digits = vec2<u32>(biased, m.y + 0x80808080u + u32(biased < m.x)) ^ vec2<u32>(0x80808080u);
    for (var s = 0u; s < 4u; s++) {
      made[s] |= ((digits.y >> (24u - 8u * s)) & 255u) << at;
      made[4u + s] |= ((digits.x >> (24u - 8u * s)) & 255u) << at;
    }
  }
  for (var s = 0u; s < ${PARTS}u; s++) { slices[(s * p.lines + line) * p.words + word] = made[s]; }`)}`;

const lines = (count: number, line: (i: number) => string): string =>
  Array.from({ length: count }, (_, i) => line(i)).join('\n');

/** Outputs of a thread along each side. */
const SIDE = 4;

/**
 * Products of slices: of level 0 those of the leading digits, of level d those of slices p and q with p + q + 1 = d, which
 * all have the same weight. A workgroup makes a tile of one level of one piece of k; with panels, which it brings into
 * its own memory, or without, where a processor plays the GPU and has caches of its own.
 */
function levelsCode(panels: boolean): string {
  const threads = panels ? 16 : 8;
  const tile = threads * SIDE;
  const depth = panels ? 4 : 1;
  const elements = ['x', 'y', 'z', 'w'];
  const each = (text: (i: number, j: number) => string): string => lines(SIDE, (i) => lines(SIDE, (j) => text(i, j)));
  // Where no GPU multiplies packed bytes they are unpacked once for all products of a thread
  const dots = (isLeading: boolean): string => {
    const [mask, sign] = isLeading ? [' & 0x7f7f7f7fu', 'U8'] : ['', 'I8'];
    const marks = isLeading ? each((i, j) => `any${i}_${j} |= (x${i} & y${j});`) : '';
    const packed = (e: string): string =>
      each((i, j) => `c${i}_${j} += dot4${sign}Packed(x${i}.${e}${mask}, y${j}.${e}${mask});`);
    const unpacked = (e: string): string => `{
        ${lines(SIDE, (i) => `let u${i} = unpack4x${sign}(x${i}.${e}${mask}); let v${i} = unpack4x${sign}(y${i}.${e}${mask});`)}
        ${each((i, j) => `c${i}_${j} += dot(u${i}, v${j});`)}
      }`;
    return `${marks}\n${elements.map(panels ? packed : unpacked).join('\n')}`;
  };
  const step = (isLeading: boolean): string =>
    panels
      ? `for (var l = begin; l < end; l += ${depth}u) {
      for (var at = thread; at < ${tile * depth}u; at += ${threads * threads}u) {
        let line = at / ${depth}u;
        let q = l + at % ${depth}u;
        let isInside = q < end;
        panel_a[at] = select(vec4<u32>(), a[(in_a + min(row + line, p.m - 1u)) * p.quads + min(q, end - 1u)], isInside);
        panel_b[at] = select(vec4<u32>(), b[(in_b + min(column + line, p.n - 1u)) * p.quads + min(q, end - 1u)], isInside);
      }
      workgroupBarrier();
      for (var d = 0u; d < ${depth}u; d++) {
        ${lines(SIDE, (i) => `let x${i} = panel_a[(own_row + ${i * threads}u) * ${depth}u + d];`)}
        ${lines(SIDE, (j) => `let y${j} = panel_b[(own_column + ${j * threads}u) * ${depth}u + d];`)}
        ${dots(isLeading)}
      }
      workgroupBarrier();
    }`
      : `for (var l = begin; l < end; l++) {
      ${lines(SIDE, (i) => `let x${i} = a[(in_a + min(row + own_row + ${i * threads}u, p.m - 1u)) * p.quads + l];`)}
      ${lines(SIDE, (j) => `let y${j} = b[(in_b + min(column + own_column + ${j * threads}u, p.n - 1u)) * p.quads + l];`)}
      ${dots(isLeading)}
    }`;
  const put = (value: (i: number, j: number) => string): string =>
    each(
      (i, j) => `put(row + own_row + ${i * threads}u, column + own_column + ${j * threads}u, group.z, ${value(i, j)});`,
    );
  return `struct P { m: u32, n: u32, quads: u32, piece: u32 }
@group(0) @binding(0) var<storage, read_write> a: array<vec4<u32>>;
@group(0) @binding(1) var<storage, read_write> b: array<vec4<u32>>;
@group(0) @binding(2) var<storage, read_write> sums: array<u32>;
@group(0) @binding(3) var<uniform> p: P;
${panels ? `var<workgroup> panel_a: array<vec4<u32>, ${tile * depth}>;\nvar<workgroup> panel_b: array<vec4<u32>, ${tile * depth}>;` : ''}
fn put(i: u32, j: u32, part: u32, sum: u32) {
  if (i < p.m && j < p.n) { sums[(part * p.m + i) * p.n + j] = sum; }
}
@compute @workgroup_size(${threads * threads})
fn main(@builtin(workgroup_id) group: vec3<u32>, @builtin(local_invocation_index) thread: u32) {
  let row = group.y * ${tile}u;
  let column = group.x * ${tile}u;
  let own_row = thread / ${threads}u;
  let own_column = thread % ${threads}u;
  let level = group.z % ${PARTS}u;
  let begin = group.z / ${PARTS}u * p.piece;
  let end = min(p.quads, begin + p.piece);
  if (level == 0u) {
    let in_a = ${SLICES}u * p.m;
    let in_b = ${SLICES}u * p.n;
    ${each((i, j) => `var c${i}_${j} = 0u; var any${i}_${j} = vec4<u32>();`)}
    ${step(true)}
    ${put((i, j) => `c${i}_${j} | select(0u, 0x80000000u, any((any${i}_${j} & vec4<u32>(0x80808080u)) != vec4<u32>()))`)}
    return;
  }
  ${each((i, j) => `var c${i}_${j} = 0;`)}
  for (var s = 0u; s < level; s++) {
    let in_a = s * p.m;
    let in_b = (level - 1u - s) * p.n;
    ${step(false)}
  }
  ${put((i, j) => `bitcast<u32>(c${i}_${j})`)}
}
`;
}

/**
 * Levels put together and rounded; elements that need another way are marked in the first level. Of a part of n columns,
 * whose first element lies at `first` of a result with rows of length `row`.
 */
const combineCode = `struct P { size: u32, width: u32, n: u32, first: u32, row: u32, pieces: u32 }
@group(0) @binding(0) var<storage, read_write> sums: array<u32>;
@group(0) @binding(1) var<storage, read_write> rows: array<u32>;
@group(0) @binding(2) var<storage, read_write> columns: array<u32>;
@group(0) @binding(3) var<storage, read_write> c: array<vec2<u32>>;
@group(0) @binding(4) var<uniform> p: P;
${doubleCode}
${mainCode(`let ea = rows[i / p.n];
  let eb = columns[i % p.n];
  var leading = 0u;
  var anything = 0u;
  for (var piece = 0u; piece < p.pieces; piece++) {
    let word = sums[piece * ${PARTS}u * p.size + i];
    leading = min(leading, 0x10000u) + (word & 0x7fffffffu);
    anything |= word & 0x80000000u;
  }
  let isHard = max(ea, eb) == 2047u || (anything != 0u && leading < ${ENOUGH}u);
  sums[i] = u32(isHard);
  if (isHard) { return; }
  var sum = vec4<u32>();
  for (var level = 1u; level < ${PARTS}u; level++) {
    sum = shl128(sum, 8u);
    for (var piece = 0u; piece < p.pieces; piece++) {
      let word = sums[(piece * ${PARTS}u + level) * p.size + i];
      sum = add128(sum, vec4<u32>(word, vec3<u32>(select(0u, 0xffffffffu, (word & 0x80000000u) != 0u))));
    }
  }
  let isNegative = (sum.w & 0x80000000u) != 0u;
  if (isNegative) { sum = neg128(sum); }
  c[p.first + i / p.n * p.row + i % p.n] = dpack(select(0u, 0x80000000u, isNegative), sum, i32(ea) + i32(eb) - 2112);`)}`;

/** The marked elements, in float64 by integers. */
const hardCode = `struct P {
  size: u32, width: u32, n: u32, first: u32, row: u32, k: u32,
  first_a: u32, line_a: u32, step_a: u32, first_b: u32, line_b: u32, step_b: u32
}
@group(0) @binding(0) var<storage, read> a: array<vec2<u32>>;
@group(0) @binding(1) var<storage, read> b: array<vec2<u32>>;
@group(0) @binding(2) var<storage, read_write> marks: array<u32>;
@group(0) @binding(3) var<storage, read_write> c: array<vec2<u32>>;
@group(0) @binding(4) var<uniform> p: P;
${doubleCode}
${mainCode(`if (marks[i] == 0u) { return; }
  var sum = vec2<u32>();
  for (var l = 0u; l < p.k; l++) {
    let x = a[p.first_a + i / p.n * p.line_a + l * p.step_a];
    let y = b[p.first_b + i % p.n * p.line_b + l * p.step_b];
    sum = dadd(sum, dmul(x, y));
  }
  c[p.first + i / p.n * p.row + i % p.n] = sum;`)}`;

function linesOf({ m, n, k, transposeA, transposeB }: ProductSizes, second: number): readonly [Lines, Lines] {
  return [
    { input: 0, count: m, line: transposeA ? 1 : k, step: transposeA ? m : 1, bytes: 8 * m * k },
    { input: second, count: n, line: transposeB ? k : 1, step: transposeB ? 1 : n, bytes: 8 * n * k },
  ];
}

const zeroCode = `struct P { size: u32, width: u32 }
@group(0) @binding(0) var<storage, read_write> c: array<vec2<u32>>;
@group(0) @binding(1) var<uniform> p: P;
${mainCode('c[i] = vec2<u32>();')}`;

/** Vectors of a slice of a line, those of a piece of k, and how many pieces there are. */
function cut(k: number): { readonly quads: number; readonly piece: number; readonly pieces: number } {
  const quads = Math.ceil(k / QUAD);
  const pieces = Math.max(1, Math.ceil(quads / MOST_QUADS));
  return { quads, piece: Math.ceil(quads / pieces), pieces };
}

/** Rows and columns of a part, so that all it needs fits bindings; undefined where nothing does. */
function partOf(sizes: ProductSizes, gpu: GpuTraits): readonly [rows: number, columns: number] | undefined {
  const { m, n, k } = sizes;
  const { quads, pieces } = cut(k);
  const tile = (hasPanels(gpu) ? 16 : 8) * SIDE;
  const room = Math.min(gpu.maxBinding, MOST_SCRATCH);
  const whole = (length: number, count: number): number =>
    length >= count ? count : Math.floor(length / ALIGNED) * ALIGNED;
  const [rows, columns] = linesOf(sizes, 1).map(({ count, line, bytes }) => {
    const isWhole = bytes <= gpu.maxBinding;
    // lines that lie across its rows are all over an array
    if (!isWhole && line !== k) return 0;
    const own = isWhole ? count : Math.floor(gpu.maxBinding / (8 * k));
    return Math.min(own, Math.floor(room / (PARTS * quads * QUAD)), tile * gpu.maxWorkgroups);
  }) as [number, number];
  const isResultWhole = 8 * m * n <= gpu.maxBinding;
  const height = whole(Math.min(rows, isResultWhole ? m : Math.floor(gpu.maxBinding / (8 * n))), m);
  // of sums as many as there is room for, in a square where that is not for all
  const sums = Math.floor(room / (PARTS * pieces * WORD));
  const width = whole(Math.min(columns, Math.max(Math.floor(Math.sqrt(sums)), Math.floor(sums / height))), n);
  const part = [whole(Math.min(height, Math.floor(sums / width)), m), width] as const;
  return Math.min(...part) > 0 && PARTS * pieces <= gpu.maxWorkgroups ? part : undefined;
}

/** Whether all that such a product needs fits the bindings, in parts where it is large. */
export function canSplit(sizes: ProductSizes, gpu: GpuTraits): boolean {
  return sizes.m * sizes.n === 0 || sizes.k === 0
    ? 8 * sizes.m * sizes.n <= gpu.maxBinding
    : partOf(sizes, gpu) !== undefined;
}

/** Lines of an operand in a part: where they begin in what is bound, and their exponents and slices. */
interface Side extends Lines {
  readonly source: GpuOperand;
  readonly from: number;
  readonly exponents: GpuOperand;
  readonly slices: GpuOperand;
}

/** @param second the input that is b */
export function splitProduct(sizes: ProductSizes, second: number, gpu: GpuTraits): GpuPlan {
  const { m, n, k } = sizes;
  if (m * n === 0) return { passes: [] };
  if (k === 0) {
    const { workgroups, width } = spread(m * n, gpu);
    const operands: GpuOperand[] = [{ of: 'output', index: 0 }];
    return { passes: [{ code: zeroCode, operands, numbers: [m * n, width], workgroups }] };
  }
  const { quads, piece, pieces } = cut(k);
  const words = quads * (QUAD / WORD);
  const [rows, columns] = partOf(sizes, gpu)!;
  const scratch: number[] = [];
  const passes: GpuPass[] = [];
  const room = (bytes: number): GpuOperand => ({ of: 'scratch', index: scratch.push(Math.max(16, bytes)) - 1 });
  const pass = (code: string, operands: readonly GpuOperand[], size: number, numbers: readonly number[]): void => {
    const { workgroups, width } = spread(size, gpu);
    passes.push({ code, operands, numbers: [size, width, ...numbers], workgroups });
  };
  const sides = linesOf(sizes, second).map((lines, i) => {
    const most = i === 0 ? rows : columns;
    return { ...lines, exponents: room(most * WORD), slices: room(PARTS * most * words * WORD) };
  }) as [Omit<Side, 'source' | 'from'>, Omit<Side, 'source' | 'from'>];
  const sums = room(pieces * PARTS * rows * columns * WORD);

  /** The slices of so many lines of an operand. */
  const slice = (side: Omit<Side, 'source' | 'from'>, first: number, count: number): Side => {
    const { input, line, step, bytes, exponents, slices } = side;
    const isWhole = bytes <= gpu.maxBinding;
    const window = isWhole ? {} : { offset: 8 * first * k, bytes: 8 * count * k };
    const source: GpuOperand = { of: 'input', index: input, ...window };
    const from = isWhole ? first * line : 0;
    pass(scanCode, [source, exponents], count, [from, k, line, step]);
    const numbers = [from, k, line, step, count, words, Number(step !== 1)];
    pass(splitCode, [source, exponents, slices], count * words, numbers);
    return { ...side, count, source, from };
  };

  const multiply = (a: Side, b: Side, row: number, column: number): void => {
    const panels = hasPanels(gpu);
    const tile = (panels ? 16 : 8) * SIDE;
    passes.push({
      code: levelsCode(panels),
      operands: [a.slices, b.slices, sums],
      numbers: [a.count, b.count, quads, piece],
      workgroups: [Math.ceil(b.count / tile), Math.ceil(a.count / tile), PARTS * pieces],
    });
    const isWhole = 8 * m * n <= gpu.maxBinding;
    const window = isWhole ? {} : { offset: 8 * row * n, bytes: 8 * a.count * n };
    const c: GpuOperand = { of: 'output', index: 0, ...window };
    const size = a.count * b.count;
    const place = [b.count, (isWhole ? row * n : 0) + column, n];
    pass(combineCode, [sums, a.exponents, b.exponents, c], size, [...place, pieces]);
    const lines = [a.from, a.line, a.step, b.from, b.line, b.step];
    pass(hardCode, [a.source, b.source, sums, c], size, [...place, k, ...lines]);
  };

  let a: Side | undefined;
  for (let column = 0; column < n; column += columns) {
    const b = slice(sides[1], column, Math.min(columns, n - column));
    for (let row = 0; row < m; row += rows) {
      // where it is one part it is cut once
      if (a === undefined || rows < m) a = slice(sides[0], row, Math.min(rows, m - row));
      multiply(a, b, row, column);
    }
  }
  return { scratch, passes };
}
