/**
 * Reductions on the GPU, with the expression whose values are reduced computed on the way. Threads make partial results
 * of every output, each of every so-many-th value, in blocks, so that no sum of float32 is long; further passes put
 * partial results together, and the last one makes the answer. No thread waits for another. Variances take two rounds:
 * the mean, then the squares of what differs from it. The order depends on shapes alone, so the bits are always the same.
 */
import type { DType } from '../../array/dtype.js';
import { itemSize } from '../../array/dtype.js';
import type { ArraySpec } from '../../array/ndarray.js';
import { rowMajorStrides, sizeOf } from '../../array/ndarray.js';
import type { GpuBody, GpuOperand, GpuPass, GpuTraits, KernelParams } from '../contract.js';
import type { ReduceCall } from '../reduction-form.js';
import { type Space, spaceOf } from '../tiles.js';
import { storedCode, typeOf } from './expression.js';
import { functionsCode } from './functions.js';
import { indicesCode, NAN_WORD, type Places, placesOf } from './places.js';
import { mainCode, spread } from './spread.js';
import { floatWord } from './words.js';

/** Threads that keep a GPU busy, values that a thread should have, and values of a block of a sum. */
const BUSY = 16384;
const EACH = 32;
const BLOCK = 32;
/** With more partial results than this they are put together in two steps. */
const MOST_PARTIALS = 64;

/** `fn join(a, b)`, what nothing is, and the functions it uses, for states of type S. */
interface Joining {
  readonly state: string;
  readonly empty: string;
  readonly join: string;
  readonly functions: readonly string[];
}

const limits: Readonly<Record<string, readonly [least: string, most: string]>> = {
  f32: ['-inf()', 'inf()'],
  i32: ['bitcast<i32>(0x80000000u)', '2147483647'],
  u32: ['0u', '0xffffffffu'],
};

function joiningOf(reduction: string, type: string): Joining {
  const plain = (empty: string, join: string, functions: readonly string[] = []): Joining => ({
    state: type,
    empty,
    join,
    functions,
  });
  const isFloat = type === 'f32';
  const [least, most] = limits[type]!;
  switch (reduction) {
    case 'prod':
      return plain('1.0', 'a * b');
    case 'min':
    case 'all':
      return plain(most, isFloat ? 'min_f(a, b)' : 'min(a, b)', isFloat ? ['min_f', 'inf'] : []);
    case 'max':
    case 'any':
      return plain(least, isFloat ? 'max_f(a, b)' : 'max(a, b)', isFloat ? ['max_f', 'inf'] : []);
    case 'argmin':
    case 'argmax': {
      const better = reduction === 'argmin' ? '<' : '>';
      const nans = isFloat
        ? `let na = is_nan(a.v); let nb = is_nan(b.v);
  if (na && nb) { if (a.i < b.i) { return a; } return b; }
  if (na) { return a; }
  if (nb) { return b; }`
        : '';
      const join = `if (a.i == 0xffffffffu) { return b; }
  if (b.i == 0xffffffffu) { return a; }
  ${nans}
  if (a.v ${better} b.v || (a.v == b.v && a.i < b.i)) { return a; }
  return b;`;
      return { state: 'S', empty: `S(${type}(0), 0xffffffffu)`, join, functions: isFloat ? ['is_nan'] : [] };
    }
    default:
      return plain('0.0', 'a + b');
  }
}

/** Declarations of the state: how it is joined, and kept in two words (arg) or one. */
function stateCode(reduction: string, type: string): { code: string; words: number; functions: readonly string[] } {
  const { state, empty, join, functions } = joiningOf(reduction, type);
  const isArg = state === 'S';
  const body = isArg ? join : `return ${join};`;
  const keep = isArg
    ? 'partials[at * 2u] = bitcast<u32>(s.v); partials[at * 2u + 1u] = s.i;'
    : 'partials[at] = bitcast<u32>(s);';
  const get = isArg
    ? `return S(bitcast<${type}>(FROM[at * 2u]), FROM[at * 2u + 1u]);`
    : `return bitcast<${type}>(FROM[at]);`;
  const code = `${isArg ? `struct S { v: ${type}, i: u32 }` : ''}
fn empty() -> ${state} { return ${empty}; }
fn join(a: ${state}, b: ${state}) -> ${state} {
  ${body}
}
fn keep(at: u32, s: ${state}) { ${keep} }
fn kept_at(at: u32) -> ${state} { ${get} }`;
  return { code, words: isArg ? 2 : 1, functions };
}

interface Plan {
  readonly space: Space;
  readonly kept: readonly number[];
  readonly gone: readonly number[];
  readonly outputs: number;
  readonly pieces: number;
  /** Neighbouring threads take neighbouring values of one output, else neighbouring outputs. */
  readonly isAlong: boolean;
}

function planOf({ values, reduced, terms }: ReduceCall): Plan {
  const { shape, program, inputs, views } = values;
  const keptStrides = rowMajorStrides(shape.map((length, axis) => (reduced[axis] ? 1 : length)));
  const out = shape.map((_, axis) => (reduced[axis] ? 0 : keptStrides[axis]!));
  const space = spaceOf(program, inputs, views, shape, out, reduced);
  const dims = space.dims.map((_, dim) => dim);
  const outputs = sizeOf(shape.filter((_, axis) => !reduced[axis]));
  const wanted = Math.min(Math.ceil(terms / EACH), Math.ceil(BUSY / Math.max(1, outputs)));
  return {
    space,
    kept: dims.filter((dim) => !space.reduced[dim]),
    gone: dims.filter((dim) => space.reduced[dim]),
    outputs,
    pieces: Math.max(1, wanted),
    isAlong: space.reduced.at(-1) === true,
  };
}

/** The value's type in partial results: bools are words. */
function stateType(dtype: DType): string {
  return dtype === 'bool' ? 'u32' : typeOf(dtype);
}

/** A thread's values, put together into its partial result. `centre`: the squares of what differs from the mean. */
function gatherCode(plan: Plan, places: Places, dtype: DType, reduction: string, centre: boolean): string {
  const { operands, declarations, fields, functions, statements, result } = places;
  const type = stateType(dtype);
  const { code, functions: own } = stateCode(reduction, type);
  const isArg = reduction.startsWith('arg');
  const value = `value(o, t${centre ? ', mean' : ''})`;
  const item = isArg ? `S(${value}, t)` : value;
  const last = operands.length + (centre ? 1 : 0);
  const raw = storedCode(dtype, result);
  return `struct P { ${['size: u32, width: u32, outputs: u32, pieces: u32, terms: u32', ...fields].join(', ')} }
${declarations}
${centre ? `@group(0) @binding(${operands.length}) var<storage, read_write> means: array<f32>;` : ''}
@group(0) @binding(${last}) var<storage, read_write> partials: array<u32>;
@group(0) @binding(${last + 1}) var<uniform> p: P;
${functionsCode([...functions, ...own])}
${code.replaceAll('FROM', 'partials')}
fn value(o: u32, t: u32${centre ? ', mean: f32' : ''}) -> ${type} {
  ${indicesCode('o', plan.kept, 'rest')}
  ${indicesCode('t', plan.gone, 'more')}
  ${statements}
  ${centre ? `let d = ${raw} - mean; return d * d;` : `return ${raw};`}
}
${mainCode(`let o = ${plan.isAlong ? 'i / p.pieces' : 'i % p.outputs'};
  let piece = ${plan.isAlong ? 'i % p.pieces' : 'i / p.outputs'};
  ${centre ? 'let mean = means[o];' : ''}
  var all = empty();
  var block = empty();
  var count = 0u;
  for (var t = piece; t < p.terms; t += p.pieces) {
    block = join(block, ${item});
    count++;
    if (count == ${BLOCK}u) { all = join(all, block); block = empty(); count = 0u; }
  }
  keep(piece * p.outputs + o, join(all, block));`)}`;
}

/** Partial results into fewer: piece q of so many takes every so-many-th. */
function joinCode(dtype: DType, reduction: string): string {
  const { code, functions } = stateCode(reduction, stateType(dtype));
  return `struct P { size: u32, width: u32, outputs: u32, pieces: u32, into: u32, nan: u32 }
@group(0) @binding(0) var<storage, read_write> given: array<u32>;
@group(0) @binding(1) var<storage, read_write> partials: array<u32>;
@group(0) @binding(2) var<uniform> p: P;
${functionsCode(functions)}
${code.replaceAll('FROM', 'given')}
${mainCode(`let o = i % p.outputs;
  var all = empty();
  for (var piece = i / p.outputs; piece < p.pieces; piece += p.into) { all = join(all, kept_at(piece * p.outputs + o)); }
  keep(i, all);`)}`;
}

/** Partial results into answers, one word each, or one for four answers of one byte. */
function endCode(reduction: string, values: DType, answer: DType): string {
  const { code, functions } = stateCode(reduction, stateType(values));
  const isByte = itemSize(answer) === 1;
  const type = isByte ? 'u32' : typeOf(answer);
  const finals: Readonly<Record<string, string>> = {
    mean: 'all / p.by',
    var: 'all / p.by',
    std: 'sqrt(all / p.by)',
    argmin: 'i32(all.i)',
    argmax: 'i32(all.i)',
  };
  const store = isByte
    ? `var word = 0u;
  for (var e = 0u; e < 4u; e++) { if (i * 4u + e < p.outputs) { word |= answer(i * 4u + e) << (e * 8u); } }
  out[i] = word;`
    : 'out[i] = answer(i);';
  return `struct P { size: u32, width: u32, outputs: u32, pieces: u32, nan: u32, by: f32 }
@group(0) @binding(0) var<storage, read_write> partials: array<u32>;
@group(0) @binding(1) var<storage, read_write> out: array<${type}>;
@group(0) @binding(2) var<uniform> p: P;
${functionsCode(functions)}
${code.replaceAll('FROM', 'partials')}
fn answer(o: u32) -> ${type} {
  var all = empty();
  for (var piece = 0u; piece < p.pieces; piece++) { all = join(all, kept_at(piece * p.outputs + o)); }
  return ${finals[reduction] ?? 'all'};
}
${mainCode(store)}`;
}

/** The body: `reducingOf` says what a call reduces. */
export function reduceBody(reducingOf: (inputs: readonly ArraySpec[], params: KernelParams) => ReduceCall): GpuBody {
  return {
    can(inputs, params, gpu) {
      const reducing = reducingOf(inputs, params);
      const { values, dtype, reduction } = reducing;
      if (values.dtype === 'float64' || dtype === 'float64') return false;
      // a division by zero, whose answer WGSL leaves open
      if (['mean', 'var', 'std'].includes(reduction) && reducing.terms <= reducing.ddof) return false;
      const plan = planOf(reducing);
      // results that are larger than a binding are made of more than the GPU holds
      if (8 * plan.pieces * plan.outputs > gpu.maxBinding) return false;
      const places = placesOf(values, plan.space, gpu);
      return places !== undefined && places.operands.length + 2 <= gpu.maxArrays;
    },
    plan(inputs, _outputs, params, gpu) {
      const reducing = reducingOf(inputs, params);
      const { reduction, dtype, terms, ddof } = reducing;
      const maker = new Maker(reducing, gpu);
      const output: GpuOperand = { of: 'output', index: 0 };
      if (reduction === 'var' || reduction === 'std') {
        const means = maker.scratch(4 * maker.plan.outputs);
        maker.round('mean', undefined, means, 'float32', terms);
        maker.round(reduction, means, output, dtype, terms - ddof);
      } else maker.round(reduction, undefined, output, dtype, terms);
      return { passes: maker.passes, scratch: maker.sizes };
    },
  };
}

class Maker {
  readonly passes: GpuPass[] = [];
  readonly sizes: number[] = [];
  readonly plan: Plan;
  readonly #reducing: ReduceCall;
  readonly #places: Places;
  readonly #gpu: GpuTraits;

  constructor(reducing: ReduceCall, gpu: GpuTraits) {
    this.#reducing = reducing;
    this.plan = planOf(reducing);
    this.#places = placesOf(reducing.values, this.plan.space, gpu)!;
    this.#gpu = gpu;
  }

  scratch(bytes: number): GpuOperand {
    this.sizes.push(Math.max(4, bytes));
    return { of: 'scratch', index: this.sizes.length - 1 };
  }

  /** One reduction of all values into `target`. */
  round(reduction: string, means: GpuOperand | undefined, target: GpuOperand, answer: DType, by: number): void {
    const { values, terms } = this.#reducing;
    const { outputs } = this.plan;
    const { dtype } = values;
    const { words } = stateCode(reduction, stateType(dtype));
    const state = 4 * words * outputs;
    let { pieces } = this.plan;
    let partials = this.scratch(state * pieces);
    this.#add(
      gatherCode(this.plan, this.#places, dtype, reduction, means !== undefined),
      [...this.#places.operands, ...(means === undefined ? [] : [means]), partials],
      outputs * pieces,
      [outputs, pieces, terms, ...this.#places.words],
    );
    if (pieces > MOST_PARTIALS) {
      const into = Math.ceil(Math.sqrt(pieces));
      const fewer = this.scratch(state * into);
      this.#add(joinCode(dtype, reduction), [partials, fewer], outputs * into, [outputs, pieces, into, NAN_WORD]);
      [partials, pieces] = [fewer, into];
    }
    const size = itemSize(answer) === 1 ? Math.ceil(outputs / 4) : outputs;
    const numbers = [outputs, pieces, NAN_WORD, floatWord(by)];
    this.#add(endCode(reduction, dtype, answer), [partials, target], size, numbers);
  }

  #add(code: string, operands: readonly GpuOperand[], size: number, numbers: readonly number[]): void {
    const { workgroups, width } = spread(size, this.#gpu);
    this.passes.push({ code, operands, numbers: [size, width, ...numbers], workgroups });
  }
}
