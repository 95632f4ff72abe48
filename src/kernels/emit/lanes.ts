/**
 * Four elements at a time: how values of each dtype lie in SIMD registers, and the instructions for every operation of
 * the expression form. float64 takes two registers, everything else one: uint8 is widened to 32 bits, bools are masks
 * of 32-bit lanes (`narrow`) or, as float64 comparisons give them, of 64-bit lanes (`wide`).
 */
import type { DType } from '../../array/dtype.js';
import { type Code, I32, plain, simd, V128 } from './encoder.js';

export type Form = 'f64' | 'f32' | 'i32' | 'narrow' | 'wide';

export interface Lanes {
  readonly form: Form;
  /** One register, or two for `f64` and `wide`. */
  readonly locals: readonly number[];
}

/** The form in which values of a dtype are loaded. */
export function formOf(dtype: DType): Form {
  if (dtype === 'float64') return 'f64';
  if (dtype === 'float32') return 'f32';
  return dtype === 'bool' ? 'narrow' : 'i32';
}

/** 2^52 + 2^51: added to a float64 below 2^51 it leaves the whole number, modulo 2^32, in the low 32 bits. */
const SHIFTER = 6755399441055744;
const LOW_WORDS = [0, 1, 2, 3, 8, 9, 10, 11, 16, 17, 18, 19, 24, 25, 26, 27];
const LOW_HALVES = [0, 1, 2, 3, 4, 5, 6, 7, 16, 17, 18, 19, 20, 21, 22, 23];
const HIGH_HALF = [8, 9, 10, 11, 12, 13, 14, 15, 8, 9, 10, 11, 12, 13, 14, 15];

const f64Unary: Readonly<Record<string, number>> = {
  neg: simd.f64x2Neg,
  abs: simd.f64x2Abs,
  sqrt: simd.f64x2Sqrt,
  floor: simd.f64x2Floor,
  ceil: simd.f64x2Ceil,
  trunc: simd.f64x2Trunc,
  round: simd.f64x2Nearest,
};
const f32Unary: Readonly<Record<string, number>> = {
  neg: simd.f32x4Neg,
  abs: simd.f32x4Abs,
  sqrt: simd.f32x4Sqrt,
  floor: simd.f32x4Floor,
  ceil: simd.f32x4Ceil,
  trunc: simd.f32x4Trunc,
  round: simd.f32x4Nearest,
};
const f64Binary: Readonly<Record<string, number>> = {
  add: simd.f64x2Add,
  sub: simd.f64x2Sub,
  mul: simd.f64x2Mul,
  div: simd.f64x2Div,
  maximum: simd.f64x2Max,
  minimum: simd.f64x2Min,
  equal: simd.f64x2Eq,
  notEqual: simd.f64x2Ne,
  less: simd.f64x2Lt,
  lessEqual: simd.f64x2Le,
  greater: simd.f64x2Gt,
  greaterEqual: simd.f64x2Ge,
};
const f32Binary: Readonly<Record<string, number>> = {
  add: simd.f32x4Add,
  sub: simd.f32x4Sub,
  mul: simd.f32x4Mul,
  div: simd.f32x4Div,
  maximum: simd.f32x4Max,
  minimum: simd.f32x4Min,
  equal: simd.f32x4Eq,
  notEqual: simd.f32x4Ne,
  less: simd.f32x4Lt,
  lessEqual: simd.f32x4Le,
  greater: simd.f32x4Gt,
  greaterEqual: simd.f32x4Ge,
};
const bits: Readonly<Record<string, number>> = {
  add: simd.i32x4Add,
  sub: simd.i32x4Sub,
  mul: simd.i32x4Mul,
  equal: simd.i32x4Eq,
  notEqual: simd.i32x4Ne,
  bitwiseAnd: simd.and,
  bitwiseOr: simd.or,
  bitwiseXor: simd.xor,
};
const signedBinary: Readonly<Record<string, number>> = {
  ...bits,
  maximum: simd.i32x4MaxS,
  minimum: simd.i32x4MinS,
  less: simd.i32x4LtS,
  lessEqual: simd.i32x4LeS,
  greater: simd.i32x4GtS,
  greaterEqual: simd.i32x4GeS,
};
const unsignedBinary: Readonly<Record<string, number>> = {
  ...bits,
  maximum: simd.i32x4MaxU,
  minimum: simd.i32x4MinU,
  less: simd.i32x4LtU,
  lessEqual: simd.i32x4LeU,
  greater: simd.i32x4GtU,
  greaterEqual: simd.i32x4GeU,
};

const comparisons = new Set(['equal', 'notEqual', 'less', 'lessEqual', 'greater', 'greaterEqual']);
export type LiteralKind = 'f64' | 'f32' | 'i32';

/** Emits operations on values of four elements into a function. */
export class LaneEmitter {
  readonly code: Code;
  /** Numbers that generated code reads after the expression's own constants. */
  readonly literals: { readonly kind: LiteralKind; readonly value: number }[] = [];
  readonly #literalLocals = new Map<string, number>();
  readonly #constants: number;
  readonly #ownConstants: number;
  readonly #registers: number[] = [];
  #next = 0;

  /** `constants`: the local that holds their address; `own`: how many belong to the expression. */
  constructor(code: Code, constants: number, own: number) {
    this.code = code;
    this.#constants = constants;
    this.#ownConstants = own;
  }

  /** Registers may be used again: a new step begins. */
  reset(): void {
    this.#next = 0;
  }

  register(): number {
    if (this.#next === this.#registers.length) this.#registers.push(this.code.local(V128));
    return this.#registers[this.#next++]!;
  }

  /** A register with number `index` of the constants in every lane, read once, at the start. */
  constant(index: number, kind: LiteralKind): number {
    const local = this.code.local(V128);
    this.code.atStart(() => {
      this.code.get(this.#constants);
      if (kind === 'f64') this.code.simdMemory(simd.load64Splat, 8 * index);
      else {
        this.code.f64Load(8 * index);
        this.code.op(kind === 'f32' ? plain.f32DemoteF64 : plain.i32TruncSatF64);
        this.code.simd(kind === 'f32' ? simd.f32x4Splat : simd.i32x4Splat);
      }
      this.code.set(local);
    });
    return local;
  }

  literal(kind: LiteralKind, value: number): number {
    const name = `${kind} ${value}`;
    let local = this.#literalLocals.get(name);
    if (local === undefined) {
      local = this.constant(this.#ownConstants + this.literals.length, kind);
      this.literals.push({ kind, value });
      this.#literalLocals.set(name, local);
    }
    return local;
  }

  one(opcode: number, a: number): number {
    this.code.get(a);
    this.code.simd(opcode);
    return this.#keep();
  }

  two(opcode: number, a: number, b: number): number {
    this.code.get(a);
    this.code.get(b);
    this.code.simd(opcode);
    return this.#keep();
  }

  /** mask ? a : b */
  select(mask: number, a: number, b: number): number {
    this.code.get(a);
    this.code.get(b);
    this.code.get(mask);
    this.code.simd(simd.bitselect);
    return this.#keep();
  }

  #keep(): number {
    const local = this.register();
    this.code.set(local);
    return local;
  }

  #shuffle(a: number, b: number, lanes: readonly number[]): number {
    this.code.get(a);
    this.code.get(b);
    this.code.shuffle(lanes);
    return this.#keep();
  }

  #zero(): number {
    this.code.zero();
    return this.#keep();
  }

  #shift(opcode: number, a: number, count: number): number {
    this.code.get(a);
    this.code.i32(count);
    this.code.simd(opcode);
    return this.#keep();
  }

  #map(form: Form, values: readonly Lanes[], f: (...locals: number[]) => number): Lanes {
    return { form, locals: values[0]!.locals.map((_, i) => f(...values.map(({ locals }) => locals[i]!))) };
  }

  /** A mask in the form that goes with values of form `form`. */
  mask(value: Lanes, form: Form): Lanes {
    const wanted = form === 'f64' || form === 'wide' ? 'wide' : 'narrow';
    if (value.form === wanted) return value;
    const [a, b] = value.locals as [number, number];
    if (wanted === 'narrow') return { form: wanted, locals: [this.#shuffle(a, b, LOW_WORDS)] };
    return { form: wanted, locals: [this.one(simd.i64x2ExtendLowS, a), this.one(simd.i64x2ExtendHighS, a)] };
  }

  /** Loads four elements at the address on the stack plus `offset`. */
  load(dtype: DType, address: () => void, offset: number): Lanes {
    const read = (opcode: number, at: number): number => {
      address();
      this.code.simdMemory(opcode, at);
      return this.#keep();
    };
    if (dtype === 'float64') return { form: 'f64', locals: [read(simd.load, offset), read(simd.load, offset + 16)] };
    if (dtype === 'float32') return { form: 'f32', locals: [read(simd.load, offset)] };
    if (dtype === 'int32' || dtype === 'uint32') return { form: 'i32', locals: [read(simd.load, offset)] };
    const bytes = read(simd.load32Zero, offset);
    const wide = this.one(simd.i32x4ExtendLowU, this.one(simd.i16x8ExtendLowU, bytes));
    if (dtype === 'uint8') return { form: 'i32', locals: [wide] };
    return { form: 'narrow', locals: [this.two(simd.i32x4GtS, wide, this.#zero())] };
  }

  /** Stores four elements. */
  store(dtype: DType, value: Lanes, address: () => void, offset: number): void {
    const write = (local: number, at: number): void => {
      address();
      this.code.get(local);
      this.code.simdMemory(simd.store, at);
    };
    if (dtype !== 'bool' && dtype !== 'uint8') {
      value.locals.forEach((local, i) => {
        write(local, offset + 16 * i);
      });
      return;
    }
    const isBool = dtype === 'bool';
    const [words] = isBool ? this.mask(value, 'narrow').locals : value.locals;
    const halves = this.two(isBool ? simd.i16x8NarrowS : simd.i16x8NarrowU, words!, words!);
    let bytes = this.two(isBool ? simd.i8x16NarrowS : simd.i8x16NarrowU, halves, halves);
    // a mask's bytes are −1
    if (isBool) bytes = this.one(simd.i8x16Abs, bytes);
    address();
    this.code.get(bytes);
    this.code.simdMemory(simd.store32Lane, offset, 0);
  }

  where(condition: Lanes, a: Lanes, b: Lanes): Lanes {
    if (a.form === 'narrow' || a.form === 'wide') {
      const form = a.form === 'wide' && b.form === 'wide' ? 'wide' : 'narrow';
      const masks = [condition, a, b].map((value) => this.mask(value, form));
      return this.#map(form, masks, (m, x, y) => this.select(m!, x!, y!));
    }
    return this.#map(a.form, [this.mask(condition, a.form), a, b], (m, x, y) => this.select(m!, x!, y!));
  }

  unary(op: string, dtype: DType, value: Lanes): Lanes {
    const each = (f: (x: number) => number, form = value.form): Lanes => this.#map(form, [value], (x) => f(x!));
    if (value.form === 'f64' || value.form === 'f32') return this.#floatUnary(op, value.form, value);
    if (dtype === 'bool') {
      if (op === 'isfinite') return { form: 'narrow', locals: [this.one(simd.not, this.#zero())] };
      if (op === 'isnan' || op === 'isinf') return { form: 'narrow', locals: [this.#zero()] };
      return each((x) => this.one(simd.not, x));
    }
    switch (op) {
      case 'isnan':
      case 'isinf':
        return { form: 'narrow', locals: [this.#zero()] };
      case 'isfinite':
        return { form: 'narrow', locals: [this.one(simd.not, this.#zero())] };
      case 'neg':
        return each((x) => this.#wrapped(dtype, this.one(simd.i32x4Neg, x)));
      case 'abs':
        return dtype === 'int32' ? each((x) => this.one(simd.i32x4Abs, x)) : value;
      case 'sign': {
        const one = this.literal('i32', 1);
        if (dtype !== 'int32') return each((x) => this.two(simd.i32x4MinU, x, one));
        const minus = this.literal('i32', -1);
        return each((x) => this.two(simd.i32x4MaxS, this.two(simd.i32x4MinS, x, one), minus));
      }
      case 'square':
        return each((x) => this.#wrapped(dtype, this.two(simd.i32x4Mul, x, x)));
      case 'bitwiseNot':
        return each((x) => this.#wrapped(dtype, this.one(simd.not, x)));
      default:
        // floor, ceil, round and trunc of a whole number
        return value;
    }
  }

  #floatUnary(op: string, form: 'f64' | 'f32', value: Lanes): Lanes {
    const [table, binary] = form === 'f64' ? [f64Unary, f64Binary] : [f32Unary, f32Binary];
    const maskForm: Form = form === 'f64' ? 'wide' : 'narrow';
    const opcode = table[op];
    if (opcode !== undefined) return this.#map(form, [value], (x) => this.one(opcode, x!));
    const number = (literal: number): number => this.literal(form, literal);
    switch (op) {
      case 'square':
        return this.#map(form, [value], (x) => this.two(binary.mul!, x!, x!));
      case 'reciprocal':
        return this.#map(form, [value], (x) => this.two(binary.div!, number(1), x!));
      case 'sign':
        return this.#map(form, [value], (x) => {
          const zero = number(0);
          const up = this.two(simd.and, this.two(binary.greater!, x!, zero), number(1));
          const down = this.two(simd.and, this.two(binary.less!, x!, zero), number(-1));
          return this.select(this.two(binary.notEqual!, x!, x!), x!, this.two(simd.or, up, down));
        });
      case 'isnan':
        return this.#map(maskForm, [value], (x) => this.two(binary.notEqual!, x!, x!));
      case 'isinf':
      case 'isfinite':
        return this.#map(maskForm, [value], (x) => {
          const size = this.one(table.abs!, x!);
          return this.two(op === 'isinf' ? binary.equal! : binary.less!, size, number(Number.POSITIVE_INFINITY));
        });
      default:
        throw new Error(`the generator has no instructions for '${op}' of ${form}`);
    }
  }

  /** uint8 arithmetic wraps at 8 bits. */
  #wrapped(dtype: DType, x: number): number {
    return dtype === 'uint8' ? this.two(simd.and, x, this.literal('i32', 255)) : x;
  }

  /** An operation on two values of `dtype`. */
  binary(op: string, dtype: DType, a: Lanes, b: Lanes): Lanes {
    if (dtype === 'bool') return this.#logical(op, a, b);
    if (a.form === 'f64' || a.form === 'f32') {
      const opcode = (a.form === 'f64' ? f64Binary : f32Binary)[op];
      if (opcode === undefined) throw new Error(`the generator has no instructions for '${op}' of ${a.form}`);
      const result = comparisons.has(op) ? (a.form === 'f64' ? 'wide' : 'narrow') : a.form;
      return this.#map(result, [a, b], (x, y) => this.two(opcode, x!, y!));
    }
    const opcode = (dtype === 'uint32' ? unsignedBinary : signedBinary)[op];
    if (opcode !== undefined) {
      if (comparisons.has(op)) return this.#map('narrow', [a, b], (x, y) => this.two(opcode, x!, y!));
      return this.#map('i32', [a, b], (x, y) => this.#wrapped(dtype, this.two(opcode, x!, y!)));
    }
    const [x, y] = [a.locals[0]!, b.locals[0]!];
    return { form: 'i32', locals: [this.#integer(op, dtype, x, y)] };
  }

  #integer(op: string, dtype: DType, x: number, y: number): number {
    switch (op) {
      case 'floorDivide':
        return this.#wrapped(dtype, this.#divide(simd.f64x2Floor, dtype, x, y));
      case 'mod':
      case 'remainder': {
        const quotient = this.#divide(op === 'mod' ? simd.f64x2Floor : simd.f64x2Trunc, dtype, x, y);
        const rest = this.two(simd.i32x4Sub, x, this.two(simd.i32x4Mul, quotient, y));
        return this.#wrapped(dtype, this.two(simd.and, rest, this.two(simd.i32x4Ne, y, this.#zero())));
      }
      case 'shiftLeft':
        return this.#wrapped(dtype, this.#shiftBy(simd.i32x4Shl, x, y, this.#zero()));
      case 'shiftRight':
        if (dtype !== 'int32') return this.#shiftBy(simd.i32x4ShrU, x, y, this.#zero());
        return this.#shiftBy(simd.i32x4ShrS, x, y, this.#shift(simd.i32x4ShrS, x, 31));
      default:
        throw new Error(`the generator has no instructions for '${op}' of ${dtype}`);
    }
  }

  /** Integer division through float64, which is exact for 32 bits; 0 where the divisor is. */
  #divide(round: number, dtype: DType, x: number, y: number): number {
    const [a, b] = [this.#toF64(dtype, x), this.#toF64(dtype, y)];
    const shifter = this.literal('f64', SHIFTER);
    const words = a.map((one, i) =>
      this.two(simd.f64x2Add, this.one(round, this.two(simd.f64x2Div, one, b[i]!)), shifter),
    );
    const quotient = this.#shuffle(words[0]!, words[1]!, LOW_WORDS);
    return this.two(simd.and, quotient, this.two(simd.i32x4Ne, y, this.#zero()));
  }

  /** Shifts each lane by its own count, bit by bit of the count; `beyond` where that is 32 or more, or negative. */
  #shiftBy(opcode: number, x: number, count: number, beyond: number): number {
    let result = x;
    for (let bit = 0; bit < 5; bit++) {
      const isSet = this.two(simd.i32x4Ne, this.two(simd.and, count, this.literal('i32', 1 << bit)), this.#zero());
      result = this.select(isSet, this.#shift(opcode, result, 1 << bit), result);
    }
    return this.select(this.two(simd.i32x4GtU, count, this.literal('i32', 31)), beyond, result);
  }

  #logical(op: string, a: Lanes, b: Lanes): Lanes {
    const form = a.form === 'wide' && b.form === 'wide' ? 'wide' : 'narrow';
    return this.#map(form, [this.mask(a, form), this.mask(b, form)], (x, y) => this.#logicalOne(op, x!, y!));
  }

  #logicalOne(op: string, x: number, y: number): number {
    switch (op) {
      case 'logicalAnd':
      case 'bitwiseAnd':
      case 'minimum':
        return this.two(simd.and, x, y);
      case 'logicalOr':
      case 'bitwiseOr':
      case 'maximum':
        return this.two(simd.or, x, y);
      case 'logicalXor':
      case 'bitwiseXor':
      case 'notEqual':
        return this.two(simd.xor, x, y);
      case 'equal':
        return this.one(simd.not, this.two(simd.xor, x, y));
      case 'less':
        return this.two(simd.andnot, y, x);
      case 'greater':
        return this.two(simd.andnot, x, y);
      case 'lessEqual':
        return this.one(simd.not, this.two(simd.andnot, x, y));
      case 'greaterEqual':
        return this.one(simd.not, this.two(simd.andnot, y, x));
      default:
        throw new Error(`the generator has no instructions for '${op}' of bool`);
    }
  }

  #toF64(dtype: DType, x: number): [number, number] {
    const opcode = dtype === 'uint32' ? simd.f64x2ConvertLowU : simd.f64x2ConvertLowS;
    return [this.one(opcode, x), this.one(opcode, this.#shuffle(x, x, HIGH_HALF))];
  }

  cast(from: DType, to: DType, value: Lanes): Lanes {
    if (from === to) return value;
    if (from === 'bool') return this.#fromBool(to, value);
    if (to === 'bool') return this.#toBool(value);
    const [x, y] = value.locals as [number, number];
    const isWhole = from !== 'float64' && from !== 'float32';
    if (to === 'float64') {
      if (isWhole) return { form: 'f64', locals: this.#toF64(from, x) };
      return {
        form: 'f64',
        locals: [this.one(simd.promoteLow, x), this.one(simd.promoteLow, this.#shuffle(x, x, HIGH_HALF))],
      };
    }
    if (to === 'float32') {
      if (isWhole) {
        return { form: 'f32', locals: [this.one(from === 'uint32' ? simd.f32x4ConvertU : simd.f32x4ConvertS, x)] };
      }
      return { form: 'f32', locals: [this.#shuffle(this.one(simd.demote, x), this.one(simd.demote, y), LOW_HALVES)] };
    }
    if (isWhole) return { form: 'i32', locals: [this.#wrapped(to, x)] };
    const wide = from === 'float32' ? this.cast('float32', 'float64', value) : value;
    const words = wide.locals.map((one) => this.#toWhole(one));
    return { form: 'i32', locals: [this.#wrapped(to, this.#shuffle(words[0]!, words[1]!, LOW_HALVES))] };
  }

  /** Truncated and modulo 2^32, as JavaScript's `>>> 0`; 0 for NaN and infinities. Exact: only powers of two divide. */
  #toWhole(x: number): number {
    const whole = this.one(simd.f64x2Trunc, x);
    const turns = this.one(simd.f64x2Floor, this.two(simd.f64x2Mul, whole, this.literal('f64', 2 ** -32)));
    const rest = this.two(simd.f64x2Sub, whole, this.two(simd.f64x2Mul, turns, this.literal('f64', 2 ** 32)));
    return this.one(simd.truncSatZeroU, rest);
  }

  #fromBool(to: DType, value: Lanes): Lanes {
    if (to === 'float64' || to === 'float32') {
      const form = formOf(to) as 'f64' | 'f32';
      const mask = this.mask(value, form);
      return this.#map(form, [mask], (x) => this.two(simd.and, x!, this.literal(form, 1)));
    }
    return this.#map('i32', [this.mask(value, 'narrow')], (x) => this.one(simd.i32x4Neg, x!));
  }

  #toBool(value: Lanes): Lanes {
    if (value.form === 'f64') {
      return this.#map('wide', [value], (x) => this.two(simd.f64x2Ne, x!, this.literal('f64', 0)));
    }
    if (value.form === 'f32') {
      return this.#map('narrow', [value], (x) => this.two(simd.f32x4Ne, x!, this.literal('f32', 0)));
    }
    return this.#map('narrow', [value], (x) => this.two(simd.i32x4Ne, x!, this.#zero()));
  }

  /** An i32 local for addresses. */
  address(): number {
    return this.code.local(I32);
  }
}
