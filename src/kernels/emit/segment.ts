/**
 * The generated function: a tile of rows × columns of an expression. It is called with a segment (assembly/elementwise.ts
 * fills it in): how many columns and rows, where the constants, the temporary blocks, the output and each operand are,
 * and how far apart their rows. Along a row an operand lies contiguously or is one number for all columns. Called with
 * an index ≥ 0, as a shared loop does, it hands over to the driver, which comes back with segments.
 *
 *     for each row
 *       for each block of columns                     (one block without calls)
 *         for each stage
 *           for each step of 4 or 8 elements          loads, arithmetic, stores
 *           calls of functions on the whole block
 *
 * A row has at least LEAST columns. The last step and the last block reach back over elements already done, so that
 * nothing is ever computed in another way than in full steps.
 */
import type { DType } from '../../array/dtype.js';
import { itemSize } from '../../array/dtype.js';
import { type Expression, eachInstruction, type Instruction, type Loop, type ValueId } from '../expression.js';
import { blockFunction } from './calls.js';
import { Code, I32, plain, simd, V128, writeModule } from './encoder.js';
import { formOf, LaneEmitter, type Lanes } from './lanes.js';
import { isRead, outerValues, type Stages, stagesOf } from './stages.js';

/** The fewest columns of a segment. */
export const LEAST = 8;
/** Elements of four-element steps that are unrolled: more of them for short expressions only, or registers run out. */
const SHORT = 16;
/** Bytes that temporary blocks may take of the first-level cache. */
const CACHE = 24 << 10;
const MEMORY_PAGES = 65536;

export interface Operand {
  readonly instruction: Extract<Instruction, { op: 'input' | 'index' }>;
  /** One number for a whole row. */
  readonly isSplat: boolean;
}

export interface GeneratedSegment {
  readonly bytes: Uint8Array<ArrayBuffer>;
  /** What follows the expression's constants. */
  readonly literals: readonly number[];
}

/** What operands an expression reads: each input and each index once, in order of first use. */
export function operandsOf(expression: Expression): Operand['instruction'][] {
  const found = new Map<string, Operand['instruction']>();
  eachInstruction(expression.instructions, (instruction) => {
    if (instruction.op !== 'input' && instruction.op !== 'index') return;
    const name = operandName(instruction);
    if (!found.has(name)) found.set(name, instruction);
  });
  return [...found.values()];
}

function operandName(instruction: Operand['instruction']): string {
  return instruction.op === 'input' ? `${instruction.input}` : `${instruction.dtype} ${instruction.axis}`;
}

/** The numbers of an expression that its code reads from memory: constants and limits of loops, in order. */
export function constantsOf(expression: Expression): number[] {
  const values: number[] = [];
  eachInstruction(expression.instructions, (instruction) => {
    if (instruction.op === 'constant') {
      values.push(instruction.dtype === 'uint32' ? instruction.value | 0 : instruction.value);
    } else if (instruction.op === 'loop') values.push(instruction.limit);
  });
  return values;
}

/** Words of a segment. */
const word = (index: number): number => 4 * index;
const COLUMNS = word(0);
const ROWS = word(1);
const CONSTANTS = word(2);
const OUT = word(3);
const OUT_STRIDE = word(4);
const TEMPORARIES = word(5);
const OPERANDS = 6;

/** Where a step finds a block of numbers: an address that moves with the step's index, and the size of an element. */
interface Place {
  readonly local: number;
  readonly bytes: number;
}

class SegmentWriter {
  readonly #expression: Expression;
  readonly #operands: readonly Operand[];
  readonly #operandIndex: ReadonlyMap<string, number>;
  readonly #stages: Stages;
  readonly #imports: string[];
  readonly #code = new Code(3);
  readonly #lanes: LaneEmitter;
  readonly #constantIndex = new Map<ValueId, number>();
  readonly #constants = new Map<ValueId, Lanes>();
  readonly #unroll: number;
  readonly #block: number;
  /** Temporary blocks: what is kept, by id. */
  readonly #slots = new Map<ValueId, number>();
  readonly #loopCalls: number;

  // Locals of the function
  readonly #columns: number;
  readonly #rows: number;
  readonly #constantsAt: number;
  readonly #out: number;
  readonly #temporaries: number;
  readonly #pointers: number[];
  readonly #splats: (Lanes | undefined)[];
  /** Bytes to the step's elements, by size of an element. */
  readonly #offsets = new Map<number, number>();

  constructor(expression: Expression, operands: readonly Operand[]) {
    this.#expression = expression;
    this.#operands = operands;
    this.#operandIndex = new Map(operands.map(({ instruction }, i) => [operandName(instruction), i]));
    this.#stages = stagesOf(expression, (read) => this.#isBlock(read));
    const functions = new Set<string>();
    let size = 0;
    let hasLoop = false;
    let constants = 0;
    let loopCalls = false;
    eachInstruction(expression.instructions, (instruction) => {
      size++;
      hasLoop ||= instruction.op === 'loop';
      const name = blockFunction(instruction);
      if (name !== undefined) {
        functions.add(name);
        loopCalls ||= !this.#stages.byId.has(instruction.id);
      }
      if (instruction.op === 'constant' || instruction.op === 'loop') {
        this.#constantIndex.set(instruction.id, constants++);
      }
    });
    this.#imports = ['expressionChunk', ...functions];
    this.#unroll = hasLoop || size > SHORT ? 1 : 2;
    for (const stored of this.#stages.stores) for (const id of stored) this.#slot(id);
    for (const calls of this.#stages.calls) {
      for (const { instruction } of calls) if (instruction.id !== expression.result) this.#slot(instruction.id);
    }
    const fitting = CACHE / (8 * Math.max(1, this.#slots.size));
    this.#block = Math.max(64, Math.min(512, 2 ** Math.floor(Math.log2(fitting))));
    this.#loopCalls = loopCalls ? this.#slots.size * this.#block * 8 : -1;

    const code = this.#code;
    const address = (): number => code.local(I32);
    this.#columns = address();
    this.#rows = address();
    this.#constantsAt = address();
    this.#out = address();
    this.#temporaries = address();
    this.#pointers = operands.map(address);
    this.#lanes = new LaneEmitter(code, this.#constantsAt, constants);
    this.#splats = operands.map(({ instruction, isSplat }) => {
      if (!isSplat) return undefined;
      const form = formOf(instruction.dtype);
      const local = code.local(V128);
      return { form, locals: form === 'f64' ? [local, local] : [local] };
    });
  }

  #slot(id: ValueId): number {
    let slot = this.#slots.get(id);
    if (slot === undefined) {
      slot = this.#slots.size;
      this.#slots.set(id, slot);
    }
    return slot;
  }

  #isBlock(instruction: Instruction): boolean {
    if (instruction.op !== 'input' && instruction.op !== 'index') return false;
    return !this.#operands[this.#operandIndex.get(operandName(instruction))!]!.isSplat;
  }

  write(): GeneratedSegment {
    const code = this.#code;
    const word = (offset: number, local: number): void => {
      code.get(2);
      code.i32Load(offset);
      code.set(local);
    };
    code.atStart(() => {
      code.get(1);
      code.i32(0);
      code.op(plain.i32GeS);
      code.if(() => {
        code.get(0);
        code.get(1);
        code.get(2);
        code.call(0);
        code.op(plain.return);
      });
      word(COLUMNS, this.#columns);
      word(ROWS, this.#rows);
      word(CONSTANTS, this.#constantsAt);
      word(OUT, this.#out);
      word(TEMPORARIES, this.#temporaries);
      this.#pointers.forEach((local, i) => {
        word(4 * (OPERANDS + 2 * i), local);
      });
    });
    code.loop(() => {
      this.#row();
      const advance = (local: number, strideOffset: number): void => {
        code.get(local);
        code.get(2);
        code.i32Load(strideOffset);
        code.op(plain.i32Add);
        code.set(local);
      };
      advance(this.#out, OUT_STRIDE);
      this.#pointers.forEach((local, i) => {
        advance(local, 4 * (OPERANDS + 2 * i + 1));
      });
      code.get(this.#rows);
      code.i32(-1);
      code.op(plain.i32Add);
      code.tee(this.#rows);
      code.brIf(0);
    });
    const imports = this.#imports.map((name, i) => ({ name, parameters: i === 0 ? 3 : functionParameters(name) }));
    const literals = this.#lanes.literals.map(({ value }) => value);
    return { bytes: writeModule(imports, MEMORY_PAGES, code.done()), literals };
  }

  #row(): void {
    const code = this.#code;
    this.#splats.forEach((lanes, i) => {
      if (lanes === undefined) return;
      const { dtype } = this.#operands[i]!.instruction;
      code.get(this.#pointers[i]!);
      if (dtype === 'float64') code.simdMemory(simd.load64Splat, 0);
      else if (dtype !== 'bool' && dtype !== 'uint8') code.simdMemory(simd.load32Splat, 0);
      else {
        code.i32Load8(0);
        code.simd(simd.i32x4Splat);
        if (dtype === 'bool') {
          code.zero();
          code.simd(simd.i32x4GtS);
        }
      }
      code.set(lanes.locals[0]!);
    });
    if (this.#stages.stages.length === 1) {
      this.#stage(0, this.#columns, (i) => this.#pointers[i]!, this.#out);
      return;
    }
    this.#blocks();
  }

  /** Blocks of a row: [start, start + n), the last one of at least LEAST columns. */
  #blocks(): void {
    const code = this.#code;
    const [start, n, out] = [code.local(I32), code.local(I32), code.local(I32)];
    const pointers = this.#operands.map(({ isSplat }, i) => (isSplat ? this.#pointers[i]! : code.local(I32)));
    code.i32(0);
    code.set(start);
    code.loop(() => {
      // n = min(BLOCK, columns − start); if (n < LEAST) { start = columns − LEAST; n = LEAST }
      code.i32(this.#block);
      code.get(this.#columns);
      code.get(start);
      code.op(plain.i32Sub);
      code.tee(n);
      code.i32(this.#block);
      code.get(n);
      code.op(plain.i32LtS);
      code.op(plain.select);
      code.tee(n);
      code.i32(LEAST);
      code.op(plain.i32LtS);
      code.if(() => {
        code.get(this.#columns);
        code.i32(LEAST);
        code.tee(n);
        code.op(plain.i32Sub);
        code.set(start);
      });
      const move = (from: number, bytes: number, to: number): void => {
        code.get(from);
        code.get(start);
        code.i32(bytes);
        code.op(plain.i32Mul);
        code.op(plain.i32Add);
        code.set(to);
      };
      this.#operands.forEach(({ instruction, isSplat }, i) => {
        if (!isSplat) move(this.#pointers[i]!, itemSize(instruction.dtype), pointers[i]!);
      });
      move(this.#out, itemSize(this.#dtype(this.#expression.result)), out);
      this.#stages.stages.forEach((_, stage) => {
        this.#stage(stage, n, (i) => pointers[i]!, out);
        for (const call of this.#stages.calls[stage]!) this.#call(call, n, (i) => pointers[i]!, out);
      });
      code.get(start);
      code.get(n);
      code.op(plain.i32Add);
      code.tee(start);
      code.get(this.#columns);
      code.op(plain.i32LtS);
      code.brIf(0);
    });
  }

  #dtype(id: ValueId): DType {
    return (this.#stages.byId.get(id) as Exclude<Instruction, Loop>).dtype;
  }

  #temporary(slot: number): void {
    const code = this.#code;
    code.get(this.#temporaries);
    if (slot === 0) return;
    code.i32(slot * this.#block * 8);
    code.op(plain.i32Add);
  }

  #call(
    { instruction, name }: Stages['calls'][number][number],
    n: number,
    pointer: (i: number) => number,
    out: number,
  ) {
    const code = this.#code;
    if (instruction.id === this.#expression.result) code.get(out);
    else this.#temporary(this.#slot(instruction.id));
    for (const id of (instruction as Extract<Instruction, { args: readonly ValueId[] }>).args) {
      const source = this.#stages.byId.get(id)!;
      if (isRead(source) && this.#isBlock(source)) {
        code.get(pointer(this.#operandIndex.get(operandName(source as Operand['instruction']))!));
      } else this.#temporary(this.#slot(id));
    }
    code.get(n);
    code.call(this.#imports.indexOf(name));
  }

  /** One loop over `count` elements. */
  #stage(stage: number, count: number, pointer: (i: number) => number, out: number): void {
    const code = this.#code;
    const members = this.#stages.stages[stage]!;
    const { result } = this.#expression;
    const isLast = stage === this.#stages.stages.length - 1;
    const stored = this.#stages.stores[stage]!;
    const resultCall = blockFunction(this.#stages.byId.get(result)!) !== undefined;
    if (members.length === 0 && stored.size === 0 && (!isLast || resultCall)) return;
    const [i, last] = [code.local(I32), code.local(I32)];
    const step = 4 * this.#unroll;
    code.i32(0);
    code.set(i);
    code.get(count);
    code.i32(step);
    code.op(plain.i32Sub);
    code.set(last);
    this.#offsets.clear();
    code.block(() => {
      code.loop(() => {
        this.#offsetsOf(i, members, stored);
        for (let u = 0; u < this.#unroll; u++) {
          this.#lanes.reset();
          this.#step(members, stored, 4 * u, pointer, isLast && !resultCall ? out : undefined);
        }
        code.get(i);
        code.get(last);
        code.op(plain.i32GeS);
        code.brIf(1);
        // i = min(i + step, last)
        code.get(i);
        code.i32(step);
        code.op(plain.i32Add);
        code.tee(i);
        code.get(last);
        code.get(i);
        code.get(last);
        code.op(plain.i32LtS);
        code.op(plain.select);
        code.set(i);
        code.br(0);
      });
    });
  }

  /** Locals for i·size of every size in use. */
  #offsetsOf(i: number, members: readonly Instruction[], stored: ReadonlySet<ValueId>): void {
    const code = this.#code;
    const sizes = new Set<number>(stored.size > 0 || this.#slots.size > 0 ? [4, 8] : []);
    for (const one of members) if (one.op === 'input' || one.op === 'index') sizes.add(itemSize(one.dtype));
    sizes.add(itemSize(this.#dtype(this.#expression.result)));
    for (const size of sizes) {
      if (size === 1) {
        this.#offsets.set(1, i);
        continue;
      }
      const local = code.local(I32);
      code.get(i);
      code.i32(size === 8 ? 3 : 2);
      code.op(plain.i32Shl);
      code.set(local);
      this.#offsets.set(size, local);
    }
  }

  #at({ local, bytes }: Place): () => void {
    const code = this.#code;
    return () => {
      code.get(local);
      code.get(this.#offsets.get(bytes)!);
      code.op(plain.i32Add);
    };
  }

  /** The address of a step's elements of a temporary block, `bytes` per element. */
  #temporaryAt(bytes: number): () => void {
    const code = this.#code;
    return () => {
      code.get(this.#temporaries);
      code.get(this.#offsets.get(bytes)!);
      code.op(plain.i32Add);
    };
  }

  #step(
    members: readonly Instruction[],
    stored: ReadonlySet<ValueId>,
    first: number,
    pointer: (i: number) => number,
    out: number | undefined,
  ): void {
    const lanes = this.#lanes;
    const values = new Map<ValueId, Lanes>();
    const get = (id: ValueId): Lanes => {
      let value = values.get(id);
      if (value !== undefined) return value;
      value = this.#kept(id, first);
      values.set(id, value);
      return value;
    };
    for (const instruction of members) {
      if (instruction.op === 'input' || instruction.op === 'index') {
        const k = this.#operandIndex.get(operandName(instruction))!;
        const { dtype } = instruction;
        const splat = this.#splats[k];
        const place = { local: pointer(k), bytes: itemSize(dtype) };
        values.set(instruction.id, splat ?? lanes.load(dtype, this.#at(place), first * place.bytes));
      } else this.#compute(instruction, values, get);
      if (stored.has(instruction.id)) this.#keep(instruction.id, get(instruction.id), first);
    }
    if (out !== undefined) {
      const { result } = this.#expression;
      const dtype = this.#dtype(result);
      const bytes = itemSize(dtype);
      lanes.store(dtype, get(result), this.#at({ local: out, bytes }), first * bytes);
    }
  }

  /** A temporary block has 8 bytes an element for float64, else 4: uint8 is widened, bools are masks. */
  #kept(id: ValueId, first: number): Lanes {
    const slot = this.#slots.get(id);
    if (slot === undefined) throw new Error(`value ${id} is in no register and no block`);
    const dtype = this.#dtype(id);
    const bytes = dtype === 'float64' ? 8 : 4;
    const offset = slot * this.#block * 8 + first * bytes;
    const stored = dtype === 'float64' || dtype === 'float32' ? dtype : 'int32';
    const value = this.#lanes.load(stored, this.#temporaryAt(bytes), offset);
    return { form: formOf(dtype), locals: value.locals };
  }

  #keep(id: ValueId, value: Lanes, first: number): void {
    const slot = this.#slot(id);
    const dtype = this.#dtype(id);
    const bytes = dtype === 'float64' ? 8 : 4;
    const offset = slot * this.#block * 8 + first * bytes;
    const words = dtype === 'bool' ? this.#lanes.mask(value, 'narrow') : value;
    this.#lanes.store(dtype === 'float64' ? dtype : 'float32', words, this.#temporaryAt(bytes), offset);
  }

  #constant(instruction: Extract<Instruction, { op: 'constant' }>): Lanes {
    let value = this.#constants.get(instruction.id);
    if (value !== undefined) return value;
    const form = formOf(instruction.dtype);
    const kind = form === 'f64' || form === 'f32' ? form : 'i32';
    const local = this.#lanes.constant(this.#constantIndex.get(instruction.id)!, kind);
    if (form === 'narrow') {
      const code = this.#code;
      code.atStart(() => {
        code.zero();
        code.get(local);
        code.simd(simd.i32x4LtS);
        code.set(local);
      });
    }
    value = { form, locals: form === 'f64' ? [local, local] : [local] };
    this.#constants.set(instruction.id, value);
    return value;
  }

  /** Computes one instruction from the values so far. */
  #compute(instruction: Instruction, values: Map<ValueId, Lanes>, get: (id: ValueId) => Lanes): void {
    const lanes = this.#lanes;
    const { id } = instruction;
    switch (instruction.op) {
      case 'constant':
        values.set(id, this.#constant(instruction));
        return;
      case 'cast':
        values.set(id, lanes.cast(this.#dtypeOf(instruction.args[0]), instruction.dtype, get(instruction.args[0])));
        return;
      case 'where': {
        const [condition, a, b] = instruction.args;
        values.set(id, lanes.where(get(condition), get(a), get(b)));
        return;
      }
      case 'loop':
        this.#loop(instruction, values, get);
        return;
      case 'final':
        // set with its loop
        return;
      case 'input':
      case 'index':
      case 'variable':
        throw new Error(`'${instruction.op}' is not computed`);
      default: {
        const [a, b] = instruction.args;
        const name = blockFunction(instruction);
        const dtype = this.#dtypeOf(a);
        if (name !== undefined) values.set(id, this.#callStep(name, instruction.args.map(get)));
        else if (b === undefined) values.set(id, lanes.unary(instruction.op, dtype, get(a)));
        else values.set(id, lanes.binary(instruction.op, dtype, get(a), get(b)));
      }
    }
  }

  readonly #dtypes = new Map<ValueId, DType>();

  /** The dtype of any value, those inside of loops included. */
  #dtypeOf(id: ValueId): DType {
    if (this.#dtypes.size === 0) {
      eachInstruction(this.#expression.instructions, (one) => {
        if (one.op !== 'loop') this.#dtypes.set(one.id, one.dtype);
      });
    }
    return this.#dtypes.get(id)!;
  }

  /** Inside a loop a function on blocks is called on the step's four elements. */
  #callStep(name: string, args: readonly Lanes[]): Lanes {
    const code = this.#code;
    const lanes = this.#lanes;
    const dtype: DType = name.endsWith('F64') ? 'float64' : name.endsWith('F32') ? 'float32' : 'int32';
    const place = (k: number) => (): void => {
      code.get(this.#temporaries);
      code.i32(this.#loopCalls + 32 * k);
      code.op(plain.i32Add);
    };
    args.forEach((arg, k) => {
      lanes.store(dtype, arg, place(k), 0);
    });
    place(0)();
    args.forEach((_, k) => {
      place(k)();
    });
    code.i32(4);
    code.call(this.#imports.indexOf(name));
    return lanes.load(dtype, place(0), 0);
  }

  /** Rounds of a loop on four elements: lanes whose condition was false keep their values; ends when all have. */
  #loop(loop: Loop, values: Map<ValueId, Lanes>, get: (id: ValueId) => Lanes): void {
    const code = this.#code;
    const lanes = this.#lanes;
    const copy = (from: Lanes, to: readonly number[]): void => {
      from.locals.forEach((local, i) => {
        code.get(local);
        code.set(to[i]!);
      });
    };
    const variables = loop.variables.map(({ dtype, initial }): Lanes => {
      const form = formOf(dtype);
      const first = dtype === 'bool' ? lanes.mask(get(initial), 'narrow') : get(initial);
      const locals = first.locals.map(() => lanes.register());
      copy(first, locals);
      return { form, locals };
    });
    const seen = (instructions: readonly Instruction[]): void => {
      for (const one of instructions) {
        if (one.op === 'variable' && one.loop === loop.id) values.set(one.id, variables[one.index]!);
      }
    };
    const active = [lanes.register(), lanes.register()];
    for (const local of active) {
      code.zero();
      code.simd(simd.not);
      code.set(local);
    }
    const round = code.local(I32);
    const limit = code.local(I32);
    code.atStart(() => {
      code.get(this.#constantsAt);
      code.f64Load(8 * this.#constantIndex.get(loop.id)!);
      code.op(plain.i32TruncSatF64);
      code.set(limit);
    });
    code.i32(0);
    code.set(round);
    // What comes from temporary blocks is read before the rounds, or after none of them it would not have been
    for (const id of outerValues(loop)) get(id);
    code.block(() => {
      code.loop(() => {
        code.get(round);
        code.get(limit);
        code.op(plain.i32GeS);
        code.brIf(1);
        seen(loop.test);
        for (const one of loop.test) if (one.op !== 'variable') this.#compute(one, values, get);
        const condition = get(loop.condition);
        const going: Lanes = {
          form: condition.form,
          locals: condition.locals.map((local, i) => lanes.two(simd.and, local, active[i]!)),
        };
        copy(going, active);
        code.get(active[0]!);
        if (going.locals.length === 2) {
          code.get(active[1]!);
          code.simd(simd.or);
        }
        code.simd(simd.anyTrue);
        code.op(plain.i32Eqz);
        code.brIf(1);
        seen(loop.body);
        for (const one of loop.body) if (one.op !== 'variable') this.#compute(one, values, get);
        const next = loop.variables.map(({ next: id }, i) => {
          const value = formOf(loop.variables[i]!.dtype) === 'narrow' ? lanes.mask(get(id), 'narrow') : get(id);
          return lanes.where(going, value, variables[i]!);
        });
        next.forEach((value, i) => {
          copy(value, variables[i]!.locals);
        });
        code.get(round);
        code.i32(1);
        code.op(plain.i32Add);
        code.set(round);
        code.br(0);
      });
    });
    eachInstruction(this.#expression.instructions, (one) => {
      this.#final(one, loop, variables, values);
    });
  }

  #final(one: Instruction, loop: Loop, variables: readonly Lanes[], values: Map<ValueId, Lanes>): void {
    if (one.op === 'final' && one.loop === loop.id) values.set(one.id, variables[one.index]!);
  }
}

/** How many i32 a block function takes: out, one or two blocks, n. */
function functionParameters(name: string): number {
  return /^(pow|atan2|hypot|mod|remainder)/.test(name) ? 4 : 3;
}

/** Code for an expression that `lower` has prepared. */
export function generate(expression: Expression, operands: readonly Operand[]): GeneratedSegment {
  return new SegmentWriter(expression, operands).write();
}
