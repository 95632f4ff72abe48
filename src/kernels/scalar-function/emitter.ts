/**
 * Writes instructions of the expression form for values as JavaScript has them: numbers and booleans. What is written
 * twice is one value; what only depends on constants, and is exactly rounded, is computed here, by the rules of the
 * dtype that the numbers have.
 */
import type { DType } from '../../array/dtype.js';
import type { BinaryOperation, Instruction, Loop, UnaryOperation, ValueId } from '../expression.js';

/** 'mixed': a number that stands for a boolean in some cases, as in `x > 0 && y`. */
export type Kind = 'number' | 'boolean' | 'mixed';

export interface Value {
  readonly id: ValueId;
  readonly kind: Kind;
  /** The value itself where it is known: booleans are 0 and 1. */
  readonly constant?: number;
}

type FloatType = 'float64' | 'float32';
type Unnumbered = Instruction extends infer I ? (I extends Instruction ? Omit<I, 'id'> : never) : never;

interface Block {
  readonly instructions: Instruction[];
  readonly known: Map<string, ValueId>;
}

/** Functions whose results are the same wherever they are computed. */
const exactUnary: Partial<Record<UnaryOperation, (x: number) => number>> = {
  neg: (x) => -x,
  abs: Math.abs,
  sqrt: Math.sqrt,
  square: (x) => x * x,
  floor: Math.floor,
  ceil: Math.ceil,
  trunc: Math.trunc,
  isnan: (x) => Number(Number.isNaN(x)),
  isfinite: (x) => Number(Number.isFinite(x)),
};
const exactBinary: Partial<Record<BinaryOperation, (a: number, b: number) => number>> = {
  add: (a, b) => a + b,
  sub: (a, b) => a - b,
  mul: (a, b) => a * b,
  div: (a, b) => a / b,
  remainder: (a, b) => a % b,
  maximum: (a, b) => Math.max(a, b),
  minimum: (a, b) => Math.min(a, b),
  equal: (a, b) => Number(a === b),
  notEqual: (a, b) => Number(a !== b),
  less: (a, b) => Number(a < b),
  lessEqual: (a, b) => Number(a <= b),
  greater: (a, b) => Number(a > b),
  greaterEqual: (a, b) => Number(a >= b),
};

export class Emitter {
  readonly float: FloatType;
  readonly isTrue: Value;
  readonly isFalse: Value;
  #next = 0;
  /** The block being written is the last; those before it are around it, and what they have can be used. */
  readonly #blocks: Block[] = [{ instructions: [], known: new Map() }];

  constructor(float: FloatType) {
    this.float = float;
    this.isTrue = this.#constant(1, 'boolean');
    this.isFalse = this.#constant(0, 'boolean');
  }

  round(value: number): number {
    return this.float === 'float32' ? Math.fround(value) : value;
  }

  number(value: number): Value {
    return this.#constant(this.round(value), 'number');
  }

  boolean(value: boolean): Value {
    return value ? this.isTrue : this.isFalse;
  }

  input(input: number): Value {
    return { id: this.#emit({ op: 'input', dtype: this.float, input }), kind: 'number' };
  }

  unary(op: UnaryOperation, x: Value, kind: Kind = 'number'): Value {
    const fold = exactUnary[op];
    if (x.constant !== undefined && fold !== undefined) return this.#folded(fold(x.constant), kind);
    return { id: this.#emit({ op, dtype: this.#dtype(kind), args: [x.id] }), kind };
  }

  binary(op: BinaryOperation, a: Value, b: Value, kind: Kind = 'number'): Value {
    const fold = exactBinary[op];
    if (a.constant !== undefined && b.constant !== undefined && fold !== undefined) {
      return this.#folded(fold(a.constant, b.constant), kind);
    }
    return { id: this.#emit({ op, dtype: this.#dtype(kind), args: [a.id, b.id] }), kind };
  }

  /** condition ? a : b */
  select(condition: Value, a: Value, b: Value): Value {
    if (condition.constant !== undefined) return condition.constant === 1 ? a : b;
    if (a.id === b.id && a.kind === b.kind) return a;
    if (a.kind === 'boolean' && b.kind === 'boolean') {
      if (a.constant === 1 || b.constant === 0)
        return a.constant === 1 ? this.or(condition, b) : this.and(condition, a);
      if (a.constant === 0 || b.constant === 1) {
        return a.constant === 0 ? this.and(this.not(condition), b) : this.or(this.not(condition), a);
      }
    }
    const kind = joinKinds(a.kind, b.kind);
    const args = [condition.id, this.as(a, kind).id, this.as(b, kind).id] as const;
    return { id: this.#emit({ op: 'where', dtype: this.#dtype(kind), args }), kind };
  }

  not(x: Value): Value {
    if (x.constant !== undefined) return this.boolean(x.constant === 0);
    return { id: this.#emit({ op: 'logicalNot', dtype: 'bool', args: [x.id] }), kind: 'boolean' };
  }

  and(a: Value, b: Value): Value {
    if (a.constant !== undefined) return a.constant === 1 ? b : a;
    if (b.constant !== undefined) return b.constant === 1 ? a : b;
    return this.binary('logicalAnd', a, b, 'boolean');
  }

  or(a: Value, b: Value): Value {
    if (a.constant !== undefined) return a.constant === 1 ? a : b;
    if (b.constant !== undefined) return b.constant === 1 ? b : a;
    return this.binary('logicalOr', a, b, 'boolean');
  }

  /** Whether it counts as true: numbers do unless they are 0 or NaN. */
  truth(x: Value): Value {
    if (x.kind === 'boolean') return x;
    return this.binary('greater', this.unary('abs', x), this.number(0), 'boolean');
  }

  /** As a number: true is 1. */
  numeric(x: Value): Value {
    return x.kind === 'boolean' ? this.as(x, 'number') : { ...x, kind: 'number' };
  }

  as(x: Value, kind: Kind): Value {
    if (x.kind === kind) return x;
    if (kind === 'boolean') return this.truth(x);
    if (x.kind !== 'boolean') return { ...x, kind };
    if (x.constant !== undefined) return { ...this.number(x.constant), kind };
    return { id: this.#emit({ op: 'cast', dtype: this.float, args: [x.id] }), kind };
  }

  cast(x: Value, dtype: DType): ValueId {
    return this.#emit({ op: 'cast', dtype, args: [x.id] });
  }

  /** The number of a loop that is about to be written. */
  reserve(): ValueId {
    return this.#next++;
  }

  variable(loop: ValueId, index: number, kind: Kind): Value {
    return { id: this.#emit({ op: 'variable', dtype: this.#dtype(kind), loop, index }), kind };
  }

  final(loop: ValueId, index: number, kind: Kind): Value {
    return { id: this.#emit({ op: 'final', dtype: this.#dtype(kind), loop, index }), kind };
  }

  dtypeOf(kind: Kind): DType {
    return this.#dtype(kind);
  }

  /** What `write` writes, as a list of its own. */
  block<T>(write: () => T): { readonly result: T; readonly instructions: readonly Instruction[] } {
    const block: Block = { instructions: [], known: new Map() };
    this.#blocks.push(block);
    const result = write();
    this.#blocks.pop();
    return { result, instructions: block.instructions };
  }

  loop(loop: Loop): void {
    this.#blocks.at(-1)?.instructions.push(loop);
  }

  /** Everything written so far. */
  get instructions(): readonly Instruction[] {
    return this.#blocks[0]?.instructions ?? [];
  }

  #folded(value: number, kind: Kind): Value {
    return kind === 'boolean' ? this.boolean(value === 1) : this.number(value);
  }

  /** Constants stand before everything, so that all blocks share them. */
  #constant(value: number, kind: Kind): Value {
    const dtype = this.#dtype(kind);
    const key = `constant ${dtype} ${Object.is(value, -0) ? '-0' : value}`;
    return { id: this.#emit({ op: 'constant', dtype, value }, this.#blocks[0], key), kind, constant: value };
  }

  #dtype(kind: Kind): DType {
    return kind === 'boolean' ? 'bool' : this.float;
  }

  #emit(instruction: Unnumbered, block = this.#blocks.at(-1) as Block, key = JSON.stringify(instruction)): ValueId {
    for (let i = this.#blocks.indexOf(block); i >= 0; i--) {
      const known = this.#blocks[i]?.known.get(key);
      if (known !== undefined) return known;
    }
    const id = this.#next++;
    block.known.set(key, id);
    block.instructions.push({ ...instruction, id } as Instruction);
    return id;
  }
}

export function joinKinds(a: Kind, b: Kind): Kind {
  return a === b ? a : 'mixed';
}
