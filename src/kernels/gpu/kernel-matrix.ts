/**
 * Distances and kernel matrices on the GPU. A distance is made where a product's tile is stored, from the rows' squared
 * norms. gamma is a float64: it is taken as the sum of two float32, so that its product with a distance is as exact as
 * the distance.
 */
import { sizeOf } from '../../array/ndarray.js';
import type { ArraySpec, GpuBody, GpuOperand, GpuPass, GpuTraits, KernelParams } from '../contract.js';
import { functionsCode } from './functions.js';
import { NAN_WORD } from './places.js';
import { type ProductTile, productCode, productTiles } from './product.js';
import { mainCode, spread } from './spread.js';
import { partsOf, windowOf } from './windows.js';
import { floatWord } from './words.js';

/** Squares are added up in blocks of 32, so that no sum is long. */
const normsCode = `struct P { size: u32, width: u32, columns: u32 }
@group(0) @binding(0) var<storage, read> x: array<f32>;
@group(0) @binding(1) var<storage, read_write> norms: array<f32>;
@group(0) @binding(2) var<uniform> p: P;
${mainCode(`var all = 0.0;
  var block = 0.0;
  for (var l = 0u; l < p.columns; l++) {
    let v = x[i * p.columns + l];
    block += v * v;
    if ((l & 31u) == 31u) { all += block; block = 0.0; }
  }
  norms[i] = all + block;`)}`;

const storeDistance = `@group(0) @binding(2) var<storage, read_write> of_x: array<f32>;
@group(0) @binding(3) var<storage, read_write> of_y: array<f32>;
@group(0) @binding(4) var<storage, read_write> c: array<f32>;
fn store(row: u32, column: u32, sum: f32, piece: u32) {
  let d = (of_x[p.first + row] + of_y[column]) - 2.0 * sum;
  c[row * p.n + column] = select(select(d, 0.0, d < 0.0), 0.0, p.same == 1u && p.first + row == column);
}`;

const storeOwnDistance = storeDistance
  .replace('@group(0) @binding(3) var<storage, read_write> of_y: array<f32>;\n', '')
  .replace('@binding(4)', '@binding(3)')
  .replace('of_y', 'of_x');

/** Rows of x and y, and whether y is x. */
export interface RowSizes {
  readonly n: number;
  readonly m: number;
  readonly d: number;
  readonly same: boolean;
}

const FLOAT = 4;

/** Rows of x whose elements and distances fit a binding; 0 where y does not. */
function rowsOfPart({ n, m, d }: RowSizes, { maxBinding }: GpuTraits): number {
  if (FLOAT * m * d > maxBinding) return 0;
  const row = FLOAT * Math.max(m, d);
  if (n * row <= maxBinding) return Math.max(1, n);
  // windows begin at multiples of 256 bytes
  return Math.floor(maxBinding / row / 64) * 64;
}

/** The body of `squaredDistances`. */
export function distancesBody(sizesOf: (inputs: readonly ArraySpec[], params: KernelParams) => RowSizes): GpuBody {
  const tileOf = (gpu: GpuTraits): ProductTile => productTiles[gpu.productTile] as ProductTile;
  return {
    can(inputs, params, gpu) {
      const sizes = sizesOf(inputs, params);
      const tile = tileOf(gpu);
      const rows = rowsOfPart(sizes, gpu);
      const groups = Math.max(rows / tile.rows, sizes.m / tile.columns);
      return inputs[0]!.dtype === 'float32' && rows > 0 && groups <= gpu.maxWorkgroups;
    },
    plan(inputs, _outputs, params, gpu) {
      const sizes = sizesOf(inputs, params);
      const { n, m, d, same } = sizes;
      const tile = tileOf(gpu);
      const y: GpuOperand = { of: 'input', index: same ? 0 : 1 };
      const [ofX, ofY] = [0, 1].map((index): GpuOperand => ({ of: 'scratch', index })) as [GpuOperand, GpuOperand];
      const store = same ? storeOwnDistance : storeDistance;
      const form = { tile, transposeA: false, transposeB: true, vectors: d % 4 === 0 && d > 0, store };
      const passes: GpuPass[] = [];
      const norms = (operands: readonly GpuOperand[], rows: number): void => {
        const { workgroups, width } = spread(rows, gpu);
        passes.push({ code: normsCode, operands, numbers: [rows, width, d], workgroups });
      };
      if (!same) norms([y, ofY], m);
      else norms([y, ofX], n);
      const each = rowsOfPart(sizes, gpu);
      for (let first = 0; first < n; first += each) {
        const rows = Math.min(each, n - first);
        const x = windowOf('input', 0, [first * d, rows * d], FLOAT, n * d);
        const c = windowOf('output', 0, [first * m, rows * m], FLOAT, n * m);
        if (!same) norms([x, ofX], rows);
        const operands = [x, y, ofX, ...(same ? [] : [ofY]), c];
        passes.push({
          code: productCode(form, operands.length, 'same: u32, first: u32'),
          operands,
          numbers: [rows, m, d, d, d, 0, 0, Math.max(1, d), Number(same), same ? first : 0],
          workgroups: [Math.ceil(m / tile.columns), Math.ceil(rows / tile.rows), 1],
        });
      }
      const scratch = same ? [FLOAT * n] : [FLOAT * each, FLOAT * m];
      return { scratch: scratch.map((bytes) => Math.max(FLOAT, bytes)), passes };
    },
  };
}

/** gamma as two float32, .x and what is left, from the words of a float64; its product with v as two. */
const gammaCode = `fn gamma_of(low: u32, top: u32) -> vec2<f32> {
  let e = i32((top >> 20u) & 0x7ffu) - 1023;
  if (e < -126 || e > 127) { return vec2<f32>(select(0.0, inf(), e > 127), 0.0); }
  let m = (((top & 0xfffffu) << 3u) | (low >> 29u)) | 0x800000u;
  let rest = (low & 0x1fffffffu) >> 5u;
  let scale = bitcast<f32>(u32(e + 127) << 23u);
  let value = vec2<f32>(f32(m) * 1.1920928955078125e-7, f32(rest) * 7.105427357601002e-15) * scale;
  return select(value, -value, (top >> 31u) == 1u);
}
fn times(gamma: vec2<f32>, v: f32) -> vec2<f32> {
  let t = gamma.x * v;
  return vec2<f32>(t, fma(gamma.x, v, -t) + gamma.y * v);
}`;

const answers: Readonly<Record<string, { readonly code: string; readonly functions: readonly string[] }>> = {
  rbfKernel: {
    code: 'let t = -times(gamma, v); let e = exp_f(t.x); return select(e + e * t.y, e, e == 0.0 || !is_finite(t.y) || !is_finite(e));',
    functions: ['exp_f', 'is_finite', 'inf'],
  },
  polynomialKernel: {
    code: `let t = times(gamma, v);
  var base = t.x + bitcast<f32>(p.coef0);
  var result = 1.0;
  for (var rest = p.degree; rest > 0u; rest = rest >> 1u) {
    if ((rest & 1u) == 1u) { result *= base; }
    base *= base;
  }
  return result;`,
    functions: ['inf'],
  },
  sigmoidKernel: { code: 'return tanh_f(times(gamma, v).x + bitcast<f32>(p.coef0));', functions: ['tanh_f', 'inf'] },
};

/** The body of `rbfKernel`, `polynomialKernel` or `sigmoidKernel`: of a float32 matrix and gamma. */
export function kernelMatrixBody(name: 'rbfKernel' | 'polynomialKernel' | 'sigmoidKernel'): GpuBody {
  const { code, functions } = answers[name]!;
  const shader = `struct P { size: u32, width: u32, nan: u32, coef0: u32, degree: u32 }
@group(0) @binding(0) var<storage, read> x: array<f32>;
@group(0) @binding(1) var<storage, read> words: array<u32>;
@group(0) @binding(2) var<storage, read_write> out: array<f32>;
@group(0) @binding(3) var<uniform> p: P;
${functionsCode(functions)}
${gammaCode}
fn answer(v: f32) -> f32 {
  let gamma = gamma_of(words[0], words[1]);
  ${code}
}
${mainCode('out[i] = answer(x[i]);')}`;
  return {
    can([matrix], { degree = 1 }) {
      const isPower = Number.isInteger(degree) && Number(degree) >= 0 && Number(degree) < 2 ** 31;
      return matrix!.dtype === 'float32' && isPower;
    },
    plan([matrix], _outputs, { coef0 = 0, degree = 1 }, gpu) {
      const total = sizeOf(matrix!.shape);
      const passes = partsOf(total, 4, gpu).map((part): GpuPass => {
        const [, size] = part;
        const { workgroups, width } = spread(size, gpu);
        const [from, to] = (['input', 'output'] as const).map((of) => windowOf(of, 0, part, 4, total));
        const numbers = [size, width, NAN_WORD, floatWord(Number(coef0)), Number(degree)];
        return { code: shader, operands: [from!, { of: 'input', index: 1 }, to!], numbers, workgroups };
      });
      return { passes };
    },
  };
}
