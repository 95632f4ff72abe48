/** The expression form, one element at a time, as plainly as it can be said: for tests of what builds expressions. */
import type { DType } from '../../../dist/array/dtype.js';
import type { Expression, Instruction, ValueId } from '../../../dist/kernels/expression.js';

const unary: Readonly<Record<string, (x: number) => number>> = {
  neg: (x) => -x,
  square: (x) => x * x,
  logicalNot: (x) => Number(x === 0),
  isnan: (x) => Number(Number.isNaN(x)),
  isfinite: (x) => Number(Number.isFinite(x)),
};
const binary: Readonly<Record<string, (a: number, b: number) => number>> = {
  add: (a, b) => a + b,
  sub: (a, b) => a - b,
  mul: (a, b) => a * b,
  div: (a, b) => a / b,
  remainder: (a, b) => a % b,
  // C's and NumPy's
  pow: (a, b) => (a === 1 || (a === -1 && Math.abs(b) === Number.POSITIVE_INFINITY) ? 1 : a ** b),
  atan2: Math.atan2,
  hypot: Math.hypot,
  maximum: Math.max,
  minimum: Math.min,
  equal: (a, b) => Number(a === b),
  notEqual: (a, b) => Number(a !== b),
  less: (a, b) => Number(a < b),
  lessEqual: (a, b) => Number(a <= b),
  greater: (a, b) => Number(a > b),
  greaterEqual: (a, b) => Number(a >= b),
  logicalAnd: (a, b) => a & b,
  logicalOr: (a, b) => a | b,
};

const fits = (value: number, dtype: DType): number => {
  if (dtype === 'float32') return Math.fround(value);
  if (dtype === 'bool') return Number(value !== 0);
  return dtype === 'float64' ? value : Math.trunc(value);
};

/** The value of an expression for one element of each input. */
export function evaluate({ instructions, result }: Expression, inputs: readonly number[]): number {
  const values = new Map<ValueId, number>();
  const states = new Map<ValueId, number[]>();
  const run = (list: readonly Instruction[]): void => {
    for (const one of list) {
      const value = compute(one);
      if (value !== undefined && one.op !== 'loop') values.set(one.id, fits(value, one.dtype));
    }
  };
  const of = (id: ValueId): number => {
    const value = values.get(id);
    if (value === undefined) throw new Error(`value ${id} is used before it is made`);
    return value;
  };
  const compute = (one: Instruction): number | undefined => {
    switch (one.op) {
      case 'input':
        return inputs[one.input]!;
      case 'constant':
        return one.value;
      case 'cast':
        return of(one.args[0]);
      case 'where':
        return of(one.args[0]) === 0 ? of(one.args[2]) : of(one.args[1]);
      case 'variable':
      case 'final':
        return states.get(one.loop)![one.index]!;
      case 'index':
        throw new Error('there is no index here');
      case 'loop': {
        let state = one.variables.map(({ initial }) => of(initial));
        for (let round = 0; ; round++) {
          states.set(one.id, state);
          run(one.test);
          if (of(one.condition) === 0) return undefined;
          if (round >= one.limit) throw new Error(`the loop is not over after ${one.limit} rounds`);
          run(one.body);
          state = one.variables.map(({ next }) => of(next));
        }
      }
      default: {
        const [a, b] = one.args.map(of) as [number, number];
        const f = one.args.length === 1 ? (unary[one.op] ?? Math[one.op as 'exp']) : binary[one.op];
        if (f === undefined) throw new Error(`no operation '${one.op}'`);
        return (f as (a: number, b: number) => number)(a, b);
      }
    }
  };
  run(instructions);
  return of(result);
}
