/**
 * The expression form as WGSL: each instruction a value, loops as loops. A dtype is a type of WGSL in registers (uint8
 * an unsigned word whose upper bits are zero, bool a bool, float64 the two words of its bits) and keeps its own bytes in
 * memory. float64 is moved and converted here, nothing else. Constants and strides are in the uniform, so that the same
 * code serves all shapes of as many dimensions.
 */
import type { DType } from '../../array/dtype.js';
import type { Expression, Instruction, ValueId } from '../expression.js';
import type { Reading } from './windows.js';
import { doubleWords, floatWord, intWord } from './words.js';

const types: Readonly<Record<DType, string>> = {
  float64: 'vec2<u32>',
  float32: 'f32',
  int32: 'i32',
  uint32: 'u32',
  uint8: 'u32',
  bool: 'bool',
};

/** The WGSL type of a value. */
export function typeOf(dtype: DType): string {
  return types[dtype];
}

/** The WGSL type that arrays of a dtype are bound as the elements of. */
export function storedType(dtype: DType): string {
  return dtype === 'bool' ? 'u32' : typeOf(dtype);
}

/** WGSL of the element at `at` of an array, whose elements or, for one-byte dtypes, words are those of `array`. */
export function loadCode(array: Pick<Reading, 'at'>, dtype: DType, at: string): string {
  if (dtype !== 'uint8' && dtype !== 'bool') return array.at(at);
  const byte = `((${array.at(`(${at}) >> 2u`)} >> (((${at}) & 3u) * 8u)) & 255u)`;
  return dtype === 'bool' ? `(${byte} != 0u)` : byte;
}

/** A value of a dtype as what is stored: a word, or for one-byte dtypes a byte. */
export function storedCode(dtype: DType, value: string): string {
  return dtype === 'bool' ? `select(0u, 1u, ${value})` : value;
}

const floatUnary: Readonly<Record<string, string>> = {
  sqrt: 'sqrt(X)',
  reciprocal: '(1.0 / X)',
  neg: '(-X)',
  abs: 'abs(X)',
  square: '(X * X)',
  floor: 'floor(X)',
  ceil: 'ceil(X)',
  trunc: 'trunc(X)',
  round: 'round(X)',
  sign: '@sign_f(X)',
  exp: '@exp_f(X)',
  exp2: '@exp2_f(X)',
  expm1: '@expm1_f(X)',
  log: '@log_f(X)',
  log1p: '@log1p_f(X)',
  log2: '@log2_f(X)',
  log10: '@log10_f(X)',
  sin: '@sin_f(X)',
  cos: '@cos_f(X)',
  sinh: '@sinh_f(X)',
  cosh: '@cosh_f(X)',
  tanh: '@tanh_f(X)',
  tan: '@tan_f(X)',
  asin: '@asin_f(X)',
  acos: '@acos_f(X)',
  atan: '@atan_f(X)',
  asinh: '@asinh_f(X)',
  acosh: '@acosh_f(X)',
  atanh: '@atanh_f(X)',
  cbrt: '@cbrt_f(X)',
  isnan: '@is_nan(X)',
  isinf: '@is_inf(X)',
  isfinite: '@is_finite(X)',
};

const floatBinary: Readonly<Record<string, string>> = {
  add: '(X + Y)',
  sub: '(X - Y)',
  mul: '(X * Y)',
  div: '(X / Y)',
  maximum: '@max_f(X, Y)',
  minimum: '@min_f(X, Y)',
  floorDivide: '@floor_div_f(X, Y)',
  mod: '@mod_f(X, Y)',
  remainder: '@rem_f(X, Y)',
  atan2: '@atan2_f(X, Y)',
  hypot: '@hypot_f(X, Y)',
  pow: '@pow_f(X, Y)',
};

const comparisons: Readonly<Record<string, string>> = {
  equal: '(X == Y)',
  notEqual: '(X != Y)',
  less: '(X < Y)',
  lessEqual: '(X <= Y)',
  greater: '(X > Y)',
  greaterEqual: '(X >= Y)',
};

const integerUnary: Readonly<Record<string, string>> = {
  square: '(X * X)',
  floor: 'X',
  ceil: 'X',
  round: 'X',
  trunc: 'X',
  bitwiseNot: '(~X)',
  isnan: 'false',
  isinf: 'false',
  isfinite: 'true',
};
const signed: Readonly<Record<string, string>> = { neg: '(-X)', abs: 'abs(X)', sign: 'sign(X)' };
const unsigned: Readonly<Record<string, string>> = { neg: '(0u - X)', abs: 'X', sign: 'min(X, 1u)' };

const integerBinary: Readonly<Record<string, string>> = {
  add: '(X + Y)',
  sub: '(X - Y)',
  mul: '(X * Y)',
  maximum: 'max(X, Y)',
  minimum: 'min(X, Y)',
  bitwiseAnd: '(X & Y)',
  bitwiseOr: '(X | Y)',
  bitwiseXor: '(X ^ Y)',
};
const signedBinary: Readonly<Record<string, string>> = {
  floorDivide: '@div_i(X, Y)',
  mod: '@mod_i(X, Y)',
  remainder: '@rem_i(X, Y)',
  pow: '@pow_i(X, Y)',
  shiftLeft: 'bitcast<i32>(@shl(bitcast<u32>(X), bitcast<u32>(Y)))',
  shiftRight: '@shr_i(X, Y)',
};
const unsignedBinary: Readonly<Record<string, string>> = {
  floorDivide: '@div_u(X, Y)',
  mod: '@mod_u(X, Y)',
  remainder: '@mod_u(X, Y)',
  pow: '@pow_u(X, Y)',
  shiftLeft: '@shl(X, Y)',
  shiftRight: '@shr_u(X, Y)',
};

const ofBools: Readonly<Record<string, string>> = {
  logicalNot: '(!X)',
  bitwiseNot: '(!X)',
  isnan: 'false',
  isinf: 'false',
  isfinite: 'true',
  logicalAnd: '(X && Y)',
  logicalOr: '(X || Y)',
  logicalXor: '(X != Y)',
  bitwiseAnd: '(X && Y)',
  bitwiseOr: '(X || Y)',
  bitwiseXor: '(X != Y)',
  maximum: '(X || Y)',
  minimum: '(X && Y)',
  equal: '(X == Y)',
  notEqual: '(X != Y)',
  less: '(!X && Y)',
  lessEqual: '(!X || Y)',
  greater: '(X && !Y)',
  greaterEqual: '(X || !Y)',
};

/** The pattern of an operation on values of `dtype`; undefined where there is none. */
function patternOf(op: string, dtype: DType): string | undefined {
  if (dtype === 'float64') return undefined;
  if (dtype === 'bool') return ofBools[op];
  if (dtype === 'float32') return floatUnary[op] ?? floatBinary[op] ?? comparisons[op];
  const own = dtype === 'int32' ? { ...signed, ...signedBinary } : { ...unsigned, ...unsignedBinary };
  const found = own[op] ?? integerUnary[op] ?? integerBinary[op];
  if (found === undefined) return comparisons[op];
  // one byte of it
  return dtype === 'uint8' && !['isnan', 'isinf', 'isfinite'].includes(op) ? `(${found} & 255u)` : found;
}

/** What makes a float64 of a value. */
const doubles: Readonly<Record<DType, string>> = {
  float64: 'X',
  float32: '@double_of_float(X)',
  int32: '@double_of_int(X)',
  uint32: '@double_of_word(X)',
  uint8: '@double_of_word(X)',
  bool: 'select(vec2<u32>(), vec2<u32>(0u, 0x3ff00000u), X)',
};

function fromDouble(to: Exclude<DType, 'float64'>): string {
  switch (to) {
    case 'float32':
      return '@float_of_double(X)';
    case 'bool':
      return '((X.x | (X.y & 0x7fffffffu)) != 0u)';
    case 'int32':
      return 'bitcast<i32>(@word_of_double(X))';
    default:
      return to === 'uint8' ? '(@word_of_double(X) & 255u)' : '@word_of_double(X)';
  }
}

function castPattern(from: DType, to: DType): string {
  if (from === to) return 'X';
  if (to === 'float64') return doubles[from];
  if (from === 'float64') return fromDouble(to);
  if (to === 'bool') return from === 'float32' ? '((@bits_of(X) & 0x7fffffffu) != 0u)' : `(X != ${typeOf(from)}(0))`;
  if (from === 'float32') {
    const word = '@wrap_f(X)';
    return to === 'int32' ? `bitcast<i32>(${word})` : to === 'uint8' ? `(${word} & 255u)` : word;
  }
  const value = `${typeOf(to)}(X)`;
  return to === 'uint8' ? `(${value} & 255u)` : value;
}

/** What an expression is in WGSL. */
export interface ExpressionCode {
  /** Statements that make the values, and the name of the result. */
  readonly statements: string;
  readonly result: string;
  /** Functions of functions.ts that it uses. */
  readonly functions: ReadonlySet<string>;
  /** Fields of the uniform for its constants, and their words. */
  readonly fields: readonly string[];
  readonly words: readonly number[];
}

/** Where inputs and indices come from. */
export interface Sources {
  /** WGSL of this place's element of an input; of its index along an axis, a u32. Undefined where there is none. */
  input(input: number, dtype: DType): string | undefined;
  index(axis: number): string | undefined;
}

class Emitter {
  readonly functions = new Set<string>();
  readonly fields: string[] = [];
  readonly words: number[] = [];
  readonly dtypes = new Map<ValueId, DType>();
  readonly #sources: Sources;

  constructor(sources: Sources) {
    this.#sources = sources;
  }

  /** Undefined where something has no WGSL. */
  run(instructions: readonly Instruction[]): string | undefined {
    const out: string[] = [];
    for (const instruction of instructions) {
      const code = instruction.op === 'loop' ? this.#loop(instruction) : this.#value(instruction);
      if (code === undefined) return undefined;
      out.push(code);
    }
    return out.join('\n');
  }

  #value(instruction: Exclude<Instruction, { op: 'loop' }>): string | undefined {
    const { id, dtype } = instruction;
    this.dtypes.set(id, dtype);
    const code = this.#expression(instruction);
    return code && `let e${id}: ${typeOf(dtype)} = ${code};`;
  }

  #expression(instruction: Exclude<Instruction, { op: 'loop' }>): string | undefined {
    const { dtype } = instruction;
    switch (instruction.op) {
      case 'input':
        return this.#sources.input(instruction.input, dtype);
      case 'index': {
        const index = this.#sources.index(instruction.axis);
        if (dtype === 'float64' && index !== undefined) this.functions.add('double_of_word');
        return index && (dtype === 'float64' ? `double_of_word(${index})` : `i32(${index})`);
      }
      case 'constant':
        return this.#constant(dtype, instruction.value);
      case 'variable':
      case 'final':
        return `v${instruction.loop}_${instruction.index}`;
      case 'where':
        return `select(e${instruction.args[2]}, e${instruction.args[1]}, e${instruction.args[0]})`;
      case 'cast':
        return this.#fill(castPattern(this.dtypes.get(instruction.args[0])!, dtype), instruction.args);
      default:
        return this.#fill(patternOf(instruction.op, this.dtypes.get(instruction.args[0])!), instruction.args);
    }
  }

  #constant(dtype: DType, value: number): string {
    if (dtype === 'bool') return value === 0 ? 'false' : 'true';
    if (dtype === 'float64') {
      const [low, high] = doubleWords(value);
      return `vec2<u32>(${this.#field('u32', low)}, ${this.#field('u32', high)})`;
    }
    return this.#field(typeOf(dtype), dtype === 'float32' ? floatWord(value) : intWord(value));
  }

  #field(type: string, word: number): string {
    const name = `k${this.fields.length}`;
    this.fields.push(`${name}: ${type}`);
    this.words.push(word);
    return `p.${name}`;
  }

  #fill(pattern: string | undefined, args: readonly ValueId[]): string | undefined {
    return pattern
      ?.replaceAll(/@(\w+)/g, (_, name: string) => {
        this.functions.add(name);
        return name;
      })
      .replaceAll(/\bX\b/g, `e${args[0]}`)
      .replaceAll(/\bY\b/g, `e${args[1]}`);
  }

  #loop(loop: Extract<Instruction, { op: 'loop' }>): string | undefined {
    const { id, variables, limit, condition } = loop;
    const test = this.run(loop.test);
    const body = this.run(loop.body);
    if (test === undefined || body === undefined) return undefined;
    const begin = variables.map(({ dtype, initial }, i) => `var v${id}_${i}: ${typeOf(dtype)} = e${initial};`);
    const next = variables.map(({ next: value }, i) => `v${id}_${i} = e${value};`);
    return `${begin.join(' ')}
for (var n${id} = 0u; n${id} < ${limit}u; n${id}++) {
${test}
if (!e${condition}) { break; }
${body}
${next.join(' ')}
}`;
  }
}

/** The WGSL of an expression; undefined where something in it has none: arithmetic of float64, functions that would not be exact. */
export function expressionCode({ instructions, result }: Expression, sources: Sources): ExpressionCode | undefined {
  const emitter = new Emitter(sources);
  const statements = emitter.run(instructions);
  if (statements === undefined) return undefined;
  const { functions, fields, words } = emitter;
  return { statements, result: `e${result}`, functions, fields, words };
}
