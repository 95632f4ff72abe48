/**
 * The reference of the expression form: instruction by instruction over blocks of places, each value an array of
 * numbers. Readable and slow beside generated code; every other body is held against it.
 */
import type { DType } from '../../array/dtype.js';
import { NDArray, sizeOf } from '../../array/ndarray.js';
import type { BinaryOperation, Instruction, Loop, UnaryOperation, ValueId } from '../expression.js';
import type { Call } from '../expression-call.js';
import { isUnary } from '../expression-rules.js';
import { binaryFunction, cast, unaryFunction } from './functions.js';

const BLOCK = 1024;

/** An input as the iteration space sees it. */
function seen(call: Call, input: NDArray, i: number): NDArray {
  const view = call.views?.[i];
  if (view === undefined) return input;
  // The kernel's inputs may have strides of their own
  const strides = view.axes.map((axis, k) => (axis === null ? 0 : view.steps[k]! * input.strides[axis]!));
  const offset = view.start.reduce((sum, index, axis) => sum + index * input.strides[axis]!, input.offset);
  return new NDArray(input.data, { shape: view.shape, strides, offset, dtype: input.dtype });
}

/** One block of places, given as their position in row-major order. */
class Block {
  readonly #call: Call;
  readonly #inputs: readonly NDArray[];
  readonly #start: number;
  readonly #n: number;
  readonly #values = new Map<ValueId, Float64Array>();
  readonly #dtypes = new Map<ValueId, DType>();
  readonly #loops = new Map<ValueId, readonly Float64Array[]>();

  constructor(call: Call, inputs: readonly NDArray[], start: number, n: number) {
    this.#call = call;
    this.#inputs = inputs;
    this.#start = start;
    this.#n = n;
  }

  result(): Float64Array {
    this.#run(this.#call.expression.instructions);
    return this.#values.get(this.#call.expression.result)!;
  }

  #run(instructions: readonly Instruction[]): void {
    for (const instruction of instructions) {
      if (instruction.op === 'loop') this.#loop(instruction);
      else {
        this.#values.set(instruction.id, this.#compute(instruction));
        this.#dtypes.set(instruction.id, instruction.dtype);
      }
    }
  }

  #compute(instruction: Exclude<Instruction, Loop>): Float64Array {
    const out = new Float64Array(this.#n);
    const of = (id: ValueId): Float64Array => this.#values.get(id)!;
    switch (instruction.op) {
      case 'input':
        return this.#read(instruction.input, out);
      case 'constant':
        return out.fill(instruction.value);
      case 'index':
        return this.#index(instruction.axis, out);
      case 'variable':
      case 'final':
        return this.#loops.get(instruction.loop)![instruction.index]!;
      case 'cast': {
        const x = of(instruction.args[0]);
        for (let i = 0; i < out.length; i++) out[i] = cast(x[i]!, instruction.dtype);
        return out;
      }
      case 'where': {
        const [condition, a, b] = instruction.args.map(of) as [Float64Array, Float64Array, Float64Array];
        for (let i = 0; i < out.length; i++) out[i] = condition[i] !== 0 ? a[i]! : b[i]!;
        return out;
      }
      default: {
        const [x, y] = instruction.args.map(of) as [Float64Array, Float64Array | undefined];
        const dtype = this.#dtypes.get(instruction.args[0])!;
        if (isUnary(instruction.op) && y === undefined) {
          const f = unaryFunction(instruction.op as UnaryOperation, dtype);
          for (let i = 0; i < out.length; i++) out[i] = f(x[i]!);
        } else {
          const f = binaryFunction(instruction.op as BinaryOperation, dtype);
          for (let i = 0; i < out.length; i++) out[i] = f(x[i]!, y![i]!);
        }
        return out;
      }
    }
  }

  /** Index of each place along an axis. */
  #index(axis: number, out: Float64Array): Float64Array {
    const { shape } = this.#call;
    const below = sizeOf(shape.slice(axis + 1));
    for (let i = 0; i < out.length; i++) out[i] = Math.floor((this.#start + i) / below) % shape[axis]!;
    return out;
  }

  #read(input: number, out: Float64Array): Float64Array {
    const { data, shape, strides, offset } = this.#inputs[input]!;
    for (let i = 0; i < out.length; i++) {
      let [rest, position] = [this.#start + i, offset];
      for (let axis = shape.length - 1; axis >= 0; axis--) {
        const length = shape[axis]!;
        position += (rest % length) * strides[axis]!;
        rest = Math.floor(rest / length);
      }
      out[i] = data[position]!;
    }
    return out;
  }

  /** Every element goes on by itself: once its condition was false its variables stay. */
  #loop(loop: Loop): void {
    let variables = loop.variables.map(({ initial }) => this.#values.get(initial)!.slice());
    const active = new Uint8Array(this.#n).fill(1);
    for (let round = 0; round < loop.limit; round++) {
      this.#loops.set(loop.id, variables);
      this.#run(loop.test);
      const condition = this.#values.get(loop.condition)!;
      for (let i = 0; i < active.length; i++) if (condition[i] === 0) active[i] = 0;
      if (!active.includes(1)) break;
      this.#run(loop.body);
      variables = loop.variables.map(({ next }, k) => {
        const [before, after] = [variables[k]!, this.#values.get(next)!];
        return before.map((value, i) => (active[i] === 1 ? after[i]! : value));
      });
    }
    this.#loops.set(loop.id, variables);
  }
}

/** Calls `take` with the values of one block of places after the other. */
export function evaluateBlocks(
  call: Call,
  inputs: readonly NDArray[],
  take: (values: Float64Array, start: number) => void,
): void {
  const views = inputs.map((input, i) => seen(call, input, i));
  const size = sizeOf(call.shape);
  for (let start = 0; start < size; start += BLOCK) {
    take(new Block(call, views, start, Math.min(BLOCK, size - start)).result(), start);
  }
}

/** Writes the expression's values to `out` in row-major order. */
export function evaluateTo(call: Call, inputs: readonly NDArray[], out: NDArray): void {
  evaluateBlocks(call, inputs, (values, start) => {
    out.data.set(values, out.offset + start);
  });
}
