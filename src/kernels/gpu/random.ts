/**
 * Random numbers on the GPU, bit for bit those of the processor: Philox is made of whole numbers. Uniform float32 and
 * integers; normal numbers of float32 are those of the same words to within a few units in the last place,
 * since their steps are in float64 elsewhere.
 */
import { type DType, itemSize } from '../../array/dtype.js';
import { sizeOf } from '../../array/ndarray.js';
import type { GpuBody, GpuPass, KernelParams } from '../contract.js';
import { BYTES, INTEGERS, NORMAL32, UNIFORM32 } from '../philox.js';
import { functionsCode } from './functions.js';
import { indicesCode, NAN_WORD } from './places.js';
import { mainCode, spread } from './spread.js';
import { partsOf, windowOf } from './windows.js';
import { floatWord } from './words.js';

/** What random.ts knows of a call. */
export interface RandomCall {
  readonly dtype: DType;
  readonly kind: number;
  readonly numbers: readonly [number, number, number];
  readonly key: readonly [number, number];
  readonly shape: readonly number[];
  readonly strides: readonly number[];
  readonly first: number;
}

/** Source: Salmon, Moraes, Dror & Shaw, "Parallel random numbers: as easy as 1, 2, 3", SC 2011. */
const philox = `fn high(a: u32, b: u32) -> u32 {
  let a0 = a & 0xffffu; let a1 = a >> 16u; let b0 = b & 0xffffu; let b1 = b >> 16u;
  let middle = a1 * b0 + ((a0 * b0) >> 16u);
  let other = a0 * b1 + (middle & 0xffffu);
  return a1 * b1 + (middle >> 16u) + (other >> 16u);
}
fn draw(i: u32, kind: u32, attempt: u32) -> u32 {
  var x = vec4<u32>(i / 4u, 0u, kind, attempt);
  var k = vec2<u32>(p.key0, p.key1);
  for (var round = 0u; round < 10u; round++) {
    x = vec4<u32>(high(0xcd9e8d57u, x.z) ^ x.y ^ k.x, 0xcd9e8d57u * x.z, high(0xd2511f53u, x.x) ^ x.w ^ k.y, 0xd2511f53u * x.x);
    k += vec2<u32>(0x9e3779b9u, 0xbb67ae85u);
  }
  let at = i % 4u;
  return select(select(x.x, x.y, at == 1u), select(x.z, x.w, at == 3u), at >= 2u);
}`;

/** The product goes through a word that the compiler does not know, so that it is rounded before the sum. */
const uniform = `fn number(i: u32) -> f32 {
  let u = f32(draw(i, ${UNIFORM32}u, 0u) >> 8u) * 5.9604644775390625e-8;
  let scaled = bitcast<f32>(bitcast<u32>(u * bitcast<f32>(p.b)) ^ p.nan ^ ${NAN_WORD}u);
  return min(scaled + bitcast<f32>(p.a), bitcast<f32>(p.c));
}`;

/** Source: Lemire, "Fast random integer generation in an interval", ACM TOMACS 29(1), 2019. */
const integers = `fn number(i: u32) -> u32 {
  if (p.b == 0u) { return p.a + draw(i, ${INTEGERS}u, 0u); }
  for (var attempt = 0u; attempt < 4096u; attempt++) {
    let word = draw(i, ${INTEGERS}u, attempt);
    if (word * p.b >= p.c) { return p.a + high(word, p.b); }
  }
  return p.a;
}`;

/**
 * Box and Muller, as assembly/random/normal.ts: sign of the cosine, sign of the sine, which is the larger, and the place
 * within an eighth of a turn. Of u above a half 1 − u is exact, which is what the logarithm needs.
 */
const normal = `${functionsCode(['log_f', 'log1p_f'])}
fn number(i: u32) -> f32 {
  let word = draw(i & 0xfffffffeu, ${NORMAL32}u, 0u);
  let angle = draw(i | 1u, ${NORMAL32}u, 0u);
  var l = 0.0;
  if (word < 0x80000000u) { l = log_f((f32(word) + 0.5) * 2.3283064365386963e-10); }
  else { l = log1p_f((f32(~word) + 0.5) * -2.3283064365386963e-10); }
  let f = f32(angle & 0x1fffffffu) * 1.862645149230957e-9 + 1.1102230246251565e-16;
  let z = f * f;
  let s = f * (0.7853981633974483 + z * (-0.08074551218828077 + z * (0.0024903945701920073 + z * (-3.6576204173860995e-5 + z * 3.133616535431528e-7))));
  let c = 1.0 + z * (-0.30842513753404244 + z * (0.015854344243815488 + z * (-3.259918869271996e-4 + z * 3.590860447448612e-6)));
  let odd = (i & 1u) == 1u;
  let steep = (angle & 0x20000000u) != 0u;
  let size = select(s, c, steep == odd);
  let negative = (angle & select(0x80000000u, 0x40000000u, odd)) != 0u;
  return sqrt(-2.0 * l) * select(size, -size, negative) * bitcast<f32>(p.b) + bitcast<f32>(p.a);
}`;

function codeOf({ kind, dtype }: RandomCall, dims: readonly number[]): string {
  const isFloat = kind === UNIFORM32 || kind === NORMAL32;
  const isByte = itemSize(dtype) === 1;
  const steps = dims.map((dim) => ` + x${dim} * p.s${dim}`).join('');
  const fields = dims.map((dim) => `d${dim}: u32, s${dim}: u32`);
  const element = `fn element(i: u32) -> ${isFloat ? 'f32' : 'u32'} {
  let place = p.part + i;
  ${indicesCode('place', dims, 'rest')}
  return number(p.first${steps});
}`;
  const store = isByte
    ? `var word = 0u;
  for (var e = 0u; e < 4u; e++) { if (i * 4u + e < p.count) { word |= (element(i * 4u + e) & 255u) << (e * 8u); } }
  out[i] = word;`
    : 'out[i] = element(i);';
  const scalars =
    'size: u32, width: u32, count: u32, part: u32, first: u32, nan: u32, key0: u32, key1: u32, a: u32, b: u32, c: u32';
  return `struct P { ${[scalars, ...fields].join(', ')} }
@group(0) @binding(0) var<storage, read_write> out: array<${isFloat ? 'f32' : 'u32'}>;
@group(0) @binding(1) var<uniform> p: P;
${philox}
${kind === NORMAL32 ? normal : isFloat ? uniform : integers}
${element}
${mainCode(store)}`;
}

/** The body: `callOf` says what is drawn. */
export function randomBody(callOf: (params: KernelParams) => RandomCall): GpuBody {
  return {
    can(_inputs, params) {
      const { kind, shape, strides, first } = callOf(params);
      const last = shape.reduce((sum, length, axis) => sum + Math.max(0, length - 1) * strides[axis]!, first);
      return [UNIFORM32, NORMAL32, INTEGERS, BYTES].includes(kind) && last < 2 ** 32;
    },
    plan(_inputs, _outputs, params, gpu) {
      const call = callOf(params);
      const { kind, dtype, shape, strides, first, key, numbers } = call;
      const dims = shape.map((_, axis) => axis);
      const [total, each] = [sizeOf(shape), itemSize(dtype)];
      const drawn = kind === UNIFORM32 || kind === NORMAL32 ? numbers.map(floatWord) : numbers;
      const walks = dims.flatMap((axis) => [shape[axis]!, strides[axis]!]);
      const code = codeOf(call, dims);
      const passes = partsOf(total, each, gpu).map((part): GpuPass => {
        const [from, count] = part;
        const size = each === 1 ? Math.ceil(count / 4) : count;
        const { workgroups, width } = spread(size, gpu);
        const words = [size, width, count, from, first, NAN_WORD, ...key, ...drawn, ...walks];
        return { code, operands: [windowOf('output', 0, part, each, total)], numbers: words, workgroups };
      });
      return { passes };
    },
  };
}
