/**
 * `gpuKernel`: a function in gpu.js's form as a kernel. All that it is lies in its parameters, so that any thread can run
 * it: the function's text, the lengths of the result, constants, and which arguments are numbers. The gpu body is WGSL and the
 * wasm body WebAssembly that gpu.js makes of it, both run on this package's arrays; the js body is gpu.js's CPU backend.
 */
import { sizeOf } from '../../array/ndarray.js';
import { ArgumentError } from '../../errors.js';
import { checkParams } from '../checks.js';
import type { ArraySpec, GpuOperand, Kernel, KernelParams } from '../contract.js';
import { flat } from '../flat.js';
import { floatWord } from '../gpu/words.js';
import { type PlainArray, runHere } from './cpu.js';
import type { ArgumentKind, Source } from './library.js';
import { shaderOf } from './translate.js';
import { contextBytes, pieceOf, type Translation, translationOf } from './web-assembly.js';

const FLOAT = 4;
/** A call of fewer operations and bytes, about 100 µs, is not worth the help of other threads. */
const WIDE = 1e6;
/** gpu.js's WebAssembly counts bytes of an array in signed numbers. */
const MOST = 2 ** 29;

/** The parameters of a call, as text. `numbers`: for each argument its number, or null where it is an input. */
export interface GpuKernelParams extends KernelParams {
  readonly name: string;
  readonly source: string;
  readonly output: string;
  readonly constants: string;
  readonly numbers: string;
  /** Operations for each element of the result. */
  readonly flops: number;
}

interface Call {
  /** The shapes of the inputs. */
  readonly shapes: string;
  readonly source: Source;
  readonly numbers: readonly (number | null)[];
  /** Its WebAssembly, once it was asked for. */
  module?: Translation;
}

/** What the parameters say, with the inputs that they were last seen with. */
const calls = new WeakMap<KernelParams, Call>();

function callOf(inputs: readonly ArraySpec[], params: KernelParams): Call {
  const shapes = inputs.map(({ shape }) => shape.join(' ')).join();
  const known = calls.get(params);
  if (known?.shapes === shapes) return known;
  const { name, source, output, constants, numbers } = params as GpuKernelParams;
  const list = JSON.parse(numbers) as (number | null)[];
  let next = 0;
  const kinds = list.map((number): ArgumentKind => {
    if (number !== null) return 'number';
    return (inputs[next++]?.shape.length ?? 0) > 0 ? 'array' : 'scalar';
  });
  const parts = { output: JSON.parse(output) as number[], constants: JSON.parse(constants) as Record<string, number> };
  const call: Call = { shapes, source: { where: name, text: source, kinds, ...parts }, numbers: list };
  calls.set(params, call);
  return call;
}

function moduleOf(inputs: readonly ArraySpec[], params: KernelParams): Translation {
  const call = callOf(inputs, params);
  if (call.module === undefined) {
    let next = 0;
    const lengthsOf = (number: number | null): readonly number[] => {
      const shape = number === null ? inputs[next++]!.shape : [];
      return shape.length > 0 ? lengths(shape) : [];
    };
    call.module = translationOf(call.source, call.numbers.map(lengthsOf));
  }
  return call.module;
}

/** Why a call has no WebAssembly, if it has none. */
function whyNoModule(inputs: readonly ArraySpec[], params: KernelParams): string | undefined {
  if (inputs.some(({ dtype }) => dtype !== 'float32')) return 'it takes float32';
  if (inputs.some(({ shape }) => sizeOf(shape) === 0)) return 'an array has no elements';
  if (inputs.some(({ shape }) => sizeOf(shape) >= MOST)) return `an array has more than ${MOST - 1} elements`;
  const made = moduleOf(inputs, params);
  return 'why' in made ? made.why : undefined;
}

/** How many pieces a call is computed in, and of how many elements of the result. */
function piecesOf(
  inputs: readonly ArraySpec[],
  params: KernelParams,
): { readonly count: number; readonly size: number } {
  const cells = sizeOf(callOf(inputs, params).source.output);
  const size = pieceOf(cells, (params as GpuKernelParams).flops);
  return { count: Math.ceil(cells / size), size };
}

/** Lengths along x, y, z. */
function lengths(shape: readonly number[]): [number, number, number] {
  const [x = 1, y = 1, z = 1] = [...shape].reverse();
  return [x, y, z];
}

export const gpuKernel: Kernel = {
  name: 'gpuKernel',
  infer(inputs, params) {
    checkParams('gpuKernel', params, ['name', 'source', 'output', 'constants', 'numbers', 'flops']);
    const { source, numbers } = callOf(inputs, params);
    const count = numbers.filter((number) => number === null).length;
    if (count !== inputs.length) {
      throw new ArgumentError(`gpuKernel: ${inputs.length} inputs given, and ${count} arguments are no numbers`);
    }
    const { components } = shaderOf(source);
    const shape = [...source.output].reverse();
    const outputs = [{ dtype: 'float32' as const, shape: components === 1 ? shape : [...shape, components] }];
    return { outputs, scratch: contextBytes(numbers.length) };
  },
  cost(inputs, params) {
    const elements = sizeOf(callOf(inputs, params).source.output);
    const bytes = inputs.reduce((sum, { shape }) => sum + FLOAT * sizeOf(shape), 4 * FLOAT * elements);
    return { flops: (params as GpuKernelParams).flops * elements, bytes };
  },
  bodies: {
    js(inputs, [output], params) {
      const { source, numbers } = callOf(inputs, params);
      let next = 0;
      const args = numbers.map((number): PlainArray | number => {
        if (number !== null) return number;
        const input = inputs[next++]!;
        const data = flat(input) as Float32Array;
        return input.ndim === 0 ? data[0]! : { data, size: lengths(input.shape) };
      });
      runHere(source, args, flat(output!) as Float32Array);
    },
    wasm: {
      export: 'userKernel',
      can: (inputs, params) => whyNoModule(inputs, params) === undefined,
      why: whyNoModule,
      isWide(inputs, params) {
        const { flops, bytes } = gpuKernel.cost(inputs, params);
        return flops + bytes >= WIDE && piecesOf(inputs, params).count > 1;
      },
      code(inputs, params) {
        const made = moduleOf(inputs, params);
        if ('why' in made) throw new ArgumentError(made.why);
        return made.code;
      },
      block(inputs, [output], params) {
        const { numbers } = callOf(inputs, params);
        let next = 0;
        const words = numbers.map((number) => number ?? inputs[next++]!.pointer);
        return [0, piecesOf(inputs, params).size, ...words, output!.pointer];
      },
      args: (inputs, _outputs, params, context) => [piecesOf(inputs, params).count, context],
    },
    gpu: {
      can(inputs, params, gpu) {
        if (inputs.some(({ dtype }) => dtype !== 'float32')) return false;
        const { source } = callOf(inputs, params);
        const { components, workgroup } = shaderOf(source);
        const largest = Math.max(components * sizeOf(source.output), ...inputs.map(({ shape }) => sizeOf(shape)));
        const groups = groupsOf(source.output, workgroup, gpu.maxWorkgroups);
        const fits = groups.every((count) => count <= gpu.maxWorkgroups);
        return fits && inputs.length + 1 <= gpu.maxArrays && FLOAT * largest <= gpu.maxBinding;
      },
      plan(inputs, _outputs, params, gpu) {
        const { source, numbers } = callOf(inputs, params);
        const { code, workgroup } = shaderOf(source);
        const workgroups = groupsOf(source.output, workgroup, gpu.maxWorkgroups);
        if (sizeOf(source.output) === 0) return { passes: [] };
        const [x, y, z] = [source.output[0] ?? 1, source.output[1] ?? 1, source.output[2] ?? 1];
        const words = [x, y, z, source.output.length === 1 ? workgroups[0] * workgroup[0] : 0];
        for (const { shape } of inputs) if (shape.length > 0) words.push(...lengths(shape), 0);
        for (const number of numbers) if (number !== null) words.push(floatWord(number));
        const operands: GpuOperand[] = inputs.map((_, index) => ({ of: 'input', index }));
        operands.push({ of: 'output', index: 0 });
        return { passes: [{ code, operands, numbers: words, workgroups }] };
      },
    },
  },
};

/** Workgroups along each axis; rows of them where one axis has too many. */
function groupsOf(
  output: readonly number[],
  workgroup: readonly [number, number, number],
  most: number,
): [number, number, number] {
  const groups = workgroup.map((size, axis) => Math.ceil((output[axis] ?? 1) / size)) as [number, number, number];
  if (output.length > 1 || groups[0] <= most) return groups;
  const rows = Math.ceil(groups[0] / most);
  return [Math.ceil(groups[0] / rows), rows, 1];
}
