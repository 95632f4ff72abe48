/**
 * `nd.kernel`: a scalar JavaScript function as an element-wise operation. Its source is translated once, when the kernel
 * is made, to the expression form that `nd` itself is made of; calls of it fuse with what surrounds them.
 */
import { broadcastShapes } from '../array/broadcast.js';
import { checkDType, type DType } from '../array/dtype.js';
import { broadcastView, wholeView } from '../array/view.js';
import { ArgumentError } from '../errors.js';
import type { AnyFunction } from '../graph/node.js';
import { elementwise as elementwiseKernel } from '../kernels/elementwise.js';
import { ExpressionBuilder, inlineExpression } from '../kernels/expression-builder.js';
import { serialize } from '../kernels/expression-text.js';
import { type Translation, translate } from '../kernels/scalar-function/translate.js';
import { argument, numberInput } from './argument.js';
import { capturesOf } from './captures.js';
import { isUnknown, late } from './late.js';
import { type ArrayInput, asLazy, kernelCall1, type LazyArray } from './lazy-array.js';
import type { Lowered } from './lowered.js';
import { checkNames } from './options.js';

export interface ScalarKernelOptions {
  /** The dtype of the result; default: that of the numbers, or bool where the function answers a boolean. */
  readonly dtype?: DType;
}

/** One number or boolean from numbers. */
export type ScalarFunction<A extends readonly number[]> = (...values: A) => number | boolean;

/** What `nd.kernel` answers: a function of arrays, one for every parameter of the scalar function. */
export interface ScalarKernel<A extends readonly number[] = readonly number[]> {
  (...inputs: { readonly [K in keyof A]: ArrayInput }): LazyArray;
  readonly kernelName: string;
  /** The names of the parameters. */
  readonly parameters: readonly string[];
  /** The function itself. */
  readonly scalar: ScalarFunction<A>;
}

/**
 * A scalar function as an element-wise operation on arrays: it broadcasts as `nd.add` does, runs as WebAssembly on all
 * threads, and fuses with the operations around it. Its source text is read, not run, so it may use arithmetic,
 * comparisons, `&& || !`, conditions, `Math.*`, local variables and functions, `if`, and loops with a constant bound
 * (with `break`, `continue` and `return`); numbers, booleans and functions of the code around it are taken as they are
 * when the kernel is made. Numbers are float64, as in JavaScript; when every array is float32 they are float32, and so
 * is all arithmetic. Both ways of a condition are computed, so a kernel is as slow as its longest way.
 *
 * @param name the prefix of its tasks' keys
 * @throws KernelSourceError naming the construct that is not among these, its line and column
 * @throws OptionError for an option that does not exist; DTypeError for a dtype that does not
 *
 * @example
 * const softplus = nd.kernel('softplus', (x) => (x > 0 ? x + Math.log1p(Math.exp(-x)) : Math.log1p(Math.exp(x))));
 * await softplus([-800, 800]).compute(); // [0, 800]
 */
export function kernel<A extends readonly number[]>(
  name: string,
  fn: ScalarFunction<A>,
  options: ScalarKernelOptions = {},
): ScalarKernel<A> {
  if (typeof name !== 'string' || name === '') throw new ArgumentError('nd.kernel: the first argument is its name');
  const where = `nd.kernel('${name}')`;
  if (typeof fn !== 'function') throw new ArgumentError(`${where}: the second argument is a function of numbers`);
  checkNames(where, options, ['dtype']);
  const dtype = options.dtype === undefined ? undefined : checkDType(options.dtype, where);
  const resolve = capturesOf(fn as AnyFunction);
  const text = Function.prototype.toString.call(fn);
  const translations = {
    float64: translate(where, text, { float: 'float64', dtype, resolve }),
    float32: translate(where, text, { float: 'float32', dtype, resolve }),
  };
  const { parameters } = translations.float64;
  const lowered = new Map<string, Lowered>();

  const lower = (dtypes: readonly DType[], isNumber: readonly boolean[]): Lowered => {
    const arrays = dtypes.filter((_, i) => isNumber[i] !== true);
    const float = arrays.length > 0 && arrays.every((one) => one === 'float32') ? 'float32' : 'float64';
    const key = `${float} ${dtypes.join(' ')}`;
    let result = lowered.get(key);
    if (result === undefined) {
      result = lowerTo(translations[float], dtypes, float);
      lowered.set(key, result);
    }
    return result;
  };

  const call = (...inputs: readonly ArrayInput[]): LazyArray => {
    if (inputs.length !== parameters.length) {
      throw new ArgumentError(
        `${name}: ${inputs.length} arguments given; the kernel takes ${parameters.length}: ${parameters.join(', ')}`,
      );
    }
    const args = inputs.map((input) => argument(input, name));
    const arrays = args.map((arg, i) => {
      if (arg.kind === 'unknown') return numberInput(arg.value, name);
      return arg.kind === 'number' ? asLazy(inputs[i]!, name) : arg.lazy;
    });
    const isNumber = args.map(({ kind }) => kind !== 'array');
    const types = arrays.map((array) => array.dtype);
    return elementwise(name, lower(types, isNumber), arrays);
  };
  return Object.assign(call, { kernelName: name, parameters, scalar: fn }) as unknown as ScalarKernel<A>;
}

/** The task: inputs broadcast by NumPy's rules. */
function elementwise(name: string, lowered: Lowered, inputs: readonly LazyArray[]): LazyArray {
  if (inputs.some(isUnknown)) {
    const ndim = Math.max(...inputs.map((input) => input.ndim));
    const spec = { shape: new Array<number>(ndim).fill(Number.NaN), dtype: lowered.dtype };
    return late(
      name,
      inputs,
      (...values) =>
        elementwise(
          name,
          lowered,
          values.map((value) => asLazy(value, name)),
        ),
      spec,
    );
  }
  const shapes = inputs.map((input) => input.shape);
  const shape = broadcastShapes(shapes, name);
  const isPlain = shapes.every((own) => own.length === shape.length && own.every((length, i) => length === shape[i]));
  const views = shapes.map((own) => broadcastView(wholeView(own), shape, name));
  const params = isPlain ? { expression: lowered.text } : { expression: lowered.text, views: JSON.stringify(views) };
  return kernelCall1(elementwiseKernel, inputs, params, name);
}

/** With every input cast to the numbers' dtype. */
function lowerTo({ expression, dtype }: Translation, dtypes: readonly DType[], float: DType): Lowered {
  const builder = new ExpressionBuilder();
  const inputs = dtypes.map((one, i) => builder.cast(builder.input(i, one), float));
  return { text: serialize(builder.build(inlineExpression(builder, expression, inputs))), dtype };
}
