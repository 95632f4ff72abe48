/** Functions in gpu.js's form by its CPU backend: JavaScript that computes in double precision and answers float32. */
import { kept, load, type Run, type Source, settingsOf } from './library.js';
import { sourceError } from './translate.js';

const runs = new Map<string, Run>();

/** An array as gpu.js takes it: its numbers and its lengths along x, y, z. */
export interface PlainArray {
  readonly data: Float32Array;
  readonly size: readonly number[];
}

/**
 * The elements of the result, in order. `args` are arrays and numbers.
 *
 * @throws KernelSourceError for what gpu.js cannot translate
 */
export function runHere(source: Source, args: readonly (PlainArray | number)[], into: Float32Array): void {
  const { GPU, input } = load();
  const values = args.map((arg) => (typeof arg === 'number' ? arg : input(arg.data, arg.size)));
  const sizes = args.map((arg) => (typeof arg === 'number' ? 0 : arg.size));
  const { text, output, constants, kinds } = source;
  try {
    const make = (): Run => new GPU({ mode: 'cpu' }).createKernel(text, settingsOf(source));
    const run = kept(runs, JSON.stringify([text, output, constants, kinds, sizes]), make);
    flatten(run(...values), into);
  } catch (error) {
    throw sourceError(source, error);
  }
}

function flatten(value: ReturnType<Run>, into: Float32Array): void {
  let at = 0;
  const visit = (part: ReturnType<Run>): void => {
    if (typeof part === 'number') into[at++] = part;
    else if (part instanceof Float32Array) {
      into.set(part, at);
      at += part.length;
    } else for (const one of part) visit(one);
  };
  visit(value);
}
