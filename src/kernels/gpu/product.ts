/**
 * WGSL for the product of two float32 matrices: a workgroup makes a tile of the result from panels of both that it
 * brings into its own memory, each thread a block of it in registers. Panels are brought in blocks of 4 × 4, which are
 * turned on the way where the matrix lies the other way round, so that the loop reads whole vectors whatever is
 * transposed. All bounds are checked when panels are loaded: what lies beyond is zero.
 *
 * Source of the scheme: Volkov & Demmel, "Benchmarking GPUs to tune dense linear algebra", SC 2008.
 */
import type { GpuTraits } from '../contract.js';

/** Sizes of a product, and how its operands are stored. */
export interface ProductSizes {
  readonly m: number;
  readonly n: number;
  readonly k: number;
  readonly transposeA: boolean;
  readonly transposeB: boolean;
  /** Lengths of the stored rows where they are not whole: operands are parts of arrays, each bound as a whole. */
  readonly lda?: number;
  readonly ldb?: number;
  /** The product times `alpha` is added to the first input, of which the lower half counts where it is symmetric. */
  readonly onto?: { readonly alpha: number; readonly symmetric: boolean };
}

/** A tile of rows × columns in steps of `depth`; each thread makes a block of tr × tc. All multiples of 4. */
export interface ProductTile {
  readonly rows: number;
  readonly columns: number;
  readonly depth: number;
  readonly tr: number;
  readonly tc: number;
}

/**
 * Among these the fastest is chosen once for every adapter. The first is good for small results. With depth 0 there are
 * no panels: threads read from memory, for a GPU that a processor plays, where caches do that and barriers are dear.
 */
export const productTiles: readonly ProductTile[] = [
  { rows: 32, columns: 32, depth: 16, tr: 4, tc: 4 },
  { rows: 64, columns: 64, depth: 16, tr: 8, tc: 8 },
  { rows: 64, columns: 64, depth: 16, tr: 4, tc: 8 },
  { rows: 64, columns: 64, depth: 16, tr: 4, tc: 4 },
  { rows: 128, columns: 64, depth: 16, tr: 8, tc: 8 },
  { rows: 32, columns: 64, depth: 0, tr: 4, tc: 8 },
  { rows: 64, columns: 64, depth: 0, tr: 8, tc: 8 },
  { rows: 32, columns: 32, depth: 0, tr: 4, tc: 4 },
];

/** Whether workgroups' own memory pays: not where a processor plays the GPU. */
export const hasPanels = ({ productTile }: GpuTraits): boolean => (productTiles[productTile]?.depth ?? 0) > 0;

/** How the operands lie, and what becomes of the tile. */
export interface ProductForm {
  readonly tile: ProductTile;
  readonly transposeA: boolean;
  readonly transposeB: boolean;
  /** Rows of the stored a and b are multiples of 4 and begin at multiples of 16 bytes: they are read by vectors. */
  readonly vectors: boolean;
  /** WGSL of a function `store(row: u32, column: u32, sum: f32)`, and what it needs. Binds from 2 on. */
  readonly store: string;
}

/** Threads of a workgroup. */
export const threadsOf = ({ rows, columns, tr, tc }: ProductTile): number => (rows / tr) * (columns / tc);

/** Bytes of workgroup memory. */
export const tileBytes = ({ rows, columns, depth }: ProductTile): number => 4 * depth * (rows + columns);

const lines = (count: number, line: (i: number) => string): string =>
  Array.from({ length: count }, (_, i) => line(i)).join('\n');

/**
 * Loads the block (r, k) of 4 × 4 of a matrix as four vectors along r, one for each k. `isTurned`: the matrix is stored
 * with k as its rows.
 */
function loader(name: string, isTurned: boolean, vectors: boolean): string {
  const at = (r: string, k: string): string =>
    `p.in_${name} + ${isTurned ? `(${k}) * p.ld${name} + ${r}` : `(${r}) * p.ld${name} + ${k}`}`;
  const limit = name === 'a' ? 'p.m' : 'p.n';
  const inside = (r: string, k: string): string => `${r} < ${limit} && ${k} < end`;
  if (!vectors) {
    const one = (r: number, k: number): string => {
      const [row, step] = [`r + ${r}u`, `k + ${k}u`];
      return `select(0.0, ${name}[min(${at(row, step)}, last_${name})], ${inside(row, step)})`;
    };
    return `fn load_${name}(r: u32, k: u32, end: u32) -> mat4x4<f32> {
  let last_${name} = arrayLength(&${name}) - 1u;
  return mat4x4<f32>(${[0, 1, 2, 3].map((k) => `vec4<f32>(${[0, 1, 2, 3].map((r) => one(r, k)).join(', ')})`).join(',\n    ')});
}`;
  }
  // Whole vectors: along r where it is turned, else along k, and the block is transposed in registers
  const vector = (i: number): string => {
    const [row, step] = isTurned ? ['r', `k + ${i}u`] : [`r + ${i}u`, 'k'];
    return `select(vec4<f32>(), ${name}[min((${at(row, step)}) / 4u, last_${name})], ${inside(row, step)})`;
  };
  const block = `mat4x4<f32>(${[0, 1, 2, 3].map(vector).join(',\n    ')})`;
  return `fn load_${name}(r: u32, k: u32, end: u32) -> mat4x4<f32> {
  let last_${name} = arrayLength(&${name}) - 1u;
  return ${isTurned ? block : `transpose(${block})`};
}`;
}

/**
 * The shader. Bindings: 0 a, 1 b, from 2 on what `store` needs; its uniform is `p` with m, n, k, the stored row lengths
 * lda, ldb, where in a row they begin, and `piece`, the length of the pieces along k that workgroups of different z make.
 *
 * @param uniform WGSL of further fields of the uniform
 * @param binding of the uniform
 */
export function productCode(form: ProductForm, binding: number, uniform = ''): string {
  if (form.tile.depth === 0) return directCode(form, binding, uniform);
  const { tile, transposeA, transposeB, vectors, store } = form;
  const { rows, columns, depth, tr, tc } = tile;
  const threads = threadsOf(tile);
  const element = vectors ? 'vec4<f32>' : 'f32';
  const load = (name: string, side: number): string => {
    const blocks = (side / 4) * (depth / 4);
    // neighbouring threads along the direction in which the matrix is stored
    const isTurned = name === 'a' ? transposeA : !transposeB;
    const split = isTurned
      ? `let r = block % ${side / 4}u; let s = block / ${side / 4}u;`
      : `let s = block % ${depth / 4}u; let r = block / ${depth / 4}u;`;
    const from = name === 'a' ? 'row' : 'column';
    return `for (var block = thread; block < ${blocks}u; block += ${threads}u) {
      ${split}
      let part = load_${name}(${from} + r * 4u, k + s * 4u, end);
      ${lines(4, (i) => `panel_${name}[(s * 4u + ${i}u) * ${side / 4}u + r] = part[${i}];`)}
    }`;
  };
  const accumulators = lines(tr, (i) => lines(tc / 4, (j) => `var c${i}_${j} = vec4<f32>();`));
  const step = [
    lines(tr / 4, (i) => `let x${i} = panel_a[l * ${rows / 4}u + own_row * ${tr / 4}u + ${i}u];`),
    lines(tc / 4, (j) => `let y${j} = panel_b[l * ${columns / 4}u + own_column * ${tc / 4}u + ${j}u];`),
    lines(tr, (i) => lines(tc / 4, (j) => `c${i}_${j} += x${i >> 2}[${i & 3}] * y${j};`)),
  ].join('\n');
  const out = lines(tr, (i) =>
    lines(
      tc,
      (j) =>
        `put(row + own_row * ${tr}u + ${i}u, column + own_column * ${tc}u + ${j}u, c${i}_${j >> 2}[${j & 3}], group.z);`,
    ),
  );
  return `struct P { m: u32, n: u32, k: u32, lda: u32, ldb: u32, in_a: u32, in_b: u32, piece: u32, ${uniform} }
@group(0) @binding(0) var<storage, read> a: array<${element}>;
@group(0) @binding(1) var<storage, read> b: array<${element}>;
@group(0) @binding(${binding}) var<uniform> p: P;
var<workgroup> panel_a: array<vec4<f32>, ${(depth * rows) / 4}>;
var<workgroup> panel_b: array<vec4<f32>, ${(depth * columns) / 4}>;
${loader('a', transposeA, vectors)}
${loader('b', !transposeB, vectors)}
${store}
fn put(row: u32, column: u32, sum: f32, piece: u32) {
  if (row < p.m && column < p.n) { store(row, column, sum, piece); }
}
@compute @workgroup_size(${threads})
fn main(@builtin(workgroup_id) group: vec3<u32>, @builtin(local_invocation_index) thread: u32) {
  let row = group.y * ${rows}u;
  let column = group.x * ${columns}u;
  let own_row = thread / ${columns / tc}u;
  let own_column = thread % ${columns / tc}u;
  let begin = group.z * p.piece;
  let end = min(p.k, begin + p.piece);
  ${accumulators}
  for (var k = begin; k < end; k += ${depth}u) {
    ${load('a', rows)}
    ${load('b', columns)}
    workgroupBarrier();
    for (var l = 0u; l < ${depth}u; l++) {
      ${step}
    }
    workgroupBarrier();
  }
  ${out}
}
`;
}

/** The same without panels: every thread reads what it needs, clamped to what is there, and stores what is inside. */
function directCode(
  { tile, transposeA, transposeB, vectors, store }: ProductForm,
  binding: number,
  uniform: string,
): string {
  const { rows, columns, tr, tc } = tile;
  const isWide = vectors && !transposeB;
  const atA = (i: number): string => (transposeA ? `l * p.lda + p.in_a + r${i}` : `r${i} * p.lda + p.in_a + l`);
  const atB = (j: number): string => (transposeB ? `q${j} * p.ldb + p.in_b + l` : `l * p.ldb + p.in_b + q${j}`);
  const vectorB = (j: number): string =>
    isWide
      ? `let y${j} = b[(${atB(j * 4)}) / 4u];`
      : `let y${j} = vec4<f32>(${[0, 1, 2, 3].map((e) => `b[${atB(j * 4 + e)}]`).join(', ')});`;
  const held = isWide ? 'min(column + COLUMNu, (p.n - 1u) / 4u * 4u)' : 'min(column + COLUMNu, p.n - 1u)';
  return `struct P { m: u32, n: u32, k: u32, lda: u32, ldb: u32, in_a: u32, in_b: u32, piece: u32, ${uniform} }
@group(0) @binding(0) var<storage, read> a: array<f32>;
@group(0) @binding(1) var<storage, read> b: array<${isWide ? 'vec4<f32>' : 'f32'}>;
@group(0) @binding(${binding}) var<uniform> p: P;
${store}
fn put(row: u32, column: u32, sum: f32, piece: u32) {
  if (row < p.m && column < p.n) { store(row, column, sum, piece); }
}
@compute @workgroup_size(${threadsOf(tile)})
fn main(@builtin(workgroup_id) group: vec3<u32>, @builtin(local_invocation_index) thread: u32) {
  let row = group.y * ${rows}u + thread / ${columns / tc}u * ${tr}u;
  let column = group.x * ${columns}u + thread % ${columns / tc}u * ${tc}u;
  ${lines(tr, (i) => `let r${i} = min(row + ${i}u, p.m - 1u);`)}
  ${lines(tc, (j) => `let q${j} = ${held.replace('COLUMN', `${j}`)};`)}
  ${lines(tr, (i) => lines(tc / 4, (j) => `var c${i}_${j} = vec4<f32>();`))}
  let begin = group.z * p.piece;
  let end = min(p.k, begin + p.piece);
  for (var l = begin; l < end; l++) {
    ${lines(tc / 4, vectorB)}
    ${lines(tr, (i) => `{ let x = a[${atA(i)}];\n${lines(tc / 4, (j) => `c${i}_${j} += x * y${j};`)} }`)}
  }
  ${lines(tr, (i) => lines(tc, (j) => `put(row + ${i}u, column + ${j}u, c${i}_${j >> 2}[${j & 3}], group.z);`))}
}
`;
}
