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
  let d = (of_x[row] + of_y[column]) - 2.0 * sum;
  c[row * p.n + column] = select(select(d, 0.0, d < 0.0), 0.0, p.same == 1u && row == column);
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

/** The body of `squaredDistances`. */
export function distancesBody(sizesOf: (inputs: readonly ArraySpec[], params: KernelParams) => RowSizes): GpuBody {
  const tileOf = (gpu: GpuTraits): ProductTile => productTiles[gpu.productTile] as ProductTile;
  return {
    can(inputs, params, gpu) {
      const { n, m, d } = sizesOf(inputs, params);
      const tile = tileOf(gpu);
      const isFitting = [n * d, m * d, n * m].every((size) => 4 * size <= gpu.maxBinding);
      const groups = Math.max(n / tile.rows, m / tile.columns);
      return inputs[0]!.dtype === 'float32' && isFitting && groups <= gpu.maxWorkgroups;
    },
    plan(inputs, _outputs, params, gpu) {
      const { n, m, d, same } = sizesOf(inputs, params);
      const tile = tileOf(gpu);
      const y = same ? 0 : 1;
      const norms = (index: number, rows: number): GpuPass => {
        const { workgroups, width } = spread(rows, gpu);
        const operands: GpuOperand[] = [
          { of: 'input', index },
          { of: 'scratch', index },
        ];
        return { code: normsCode, operands, numbers: [rows, width, d], workgroups };
      };
      const store = same ? storeOwnDistance : storeDistance;
      const form = { tile, transposeA: false, transposeB: true, vectors: d % 4 === 0 && d > 0, store };
      const scratch = same ? [4 * n] : [4 * n, 4 * m];
      const operands: GpuOperand[] = [
        { of: 'input', index: 0 },
        { of: 'input', index: y },
        ...scratch.map((_, index): GpuOperand => ({ of: 'scratch', index })),
        { of: 'output', index: 0 },
      ];
      const product: GpuPass = {
        code: productCode(form, operands.length, 'same: u32'),
        operands,
        numbers: [n, m, d, d, d, 0, 0, Math.max(1, d), Number(same)],
        workgroups: [Math.ceil(m / tile.columns), Math.ceil(n / tile.rows), 1],
      };
      const passes = [norms(0, n), ...(same ? [] : [norms(1, m)]), product];
      return { scratch: scratch.map((bytes) => Math.max(4, bytes)), passes };
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
    can([matrix], { degree = 1 }, gpu) {
      const isPower = Number.isInteger(degree) && Number(degree) >= 0 && Number(degree) < 2 ** 31;
      return matrix!.dtype === 'float32' && isPower && 4 * sizeOf(matrix!.shape) <= gpu.maxBinding;
    },
    plan([matrix], _outputs, { coef0 = 0, degree = 1 }, gpu) {
      const size = sizeOf(matrix!.shape);
      const { workgroups, width } = spread(size, gpu);
      const operands: GpuOperand[] = [
        { of: 'input', index: 0 },
        { of: 'input', index: 1 },
        { of: 'output', index: 0 },
      ];
      const numbers = [size, width, NAN_WORD, floatWord(Number(coef0)), Number(degree)];
      return { passes: [{ code: shader, operands, numbers, workgroups }] };
    },
  };
}
