/**
 * A user's definition made into a kernel: everything that can be checked is checked when it is defined, and what its
 * `infer` answers is checked at every call, so that mistakes are named where they were made.
 */
import { checkDType } from '../array/dtype.js';
import { checkShape } from '../array/ndarray.js';
import { ArgumentError, nearest, OptionError } from '../errors.js';
import type { ArraySpec, Inferred, JsBody, Kernel, KernelCost, KernelParams, WasmBody } from './contract.js';
import { checkModule } from './user-module.js';
import { gpuBody, type UserGpuBody } from './user-shader.js';

/** WebAssembly of a user's own; see `nd.defineKernel`. */
export interface UserWasmBody {
  /** A module that imports `env.memory`, shared, and exports `run(work: i32, index: i32, context: i32)`. */
  readonly module: Uint8Array | ArrayBuffer;
  /** How often `run` is called, with index 0, 1, …, by any threads in any order; default 1. */
  chunks?(inputs: readonly ArraySpec[], params: KernelParams): number;
  /** Numbers for `run`, in its context behind the addresses; default none. */
  values?(inputs: readonly ArraySpec[], params: KernelParams): readonly number[];
  /** Whether it takes these inputs; default: all that `infer` takes. */
  can?(inputs: readonly ArraySpec[], params: KernelParams): boolean;
}

/** What `nd.defineKernel` takes. */
export interface KernelDefinition<O extends readonly ArraySpec[] = readonly ArraySpec[]> {
  readonly name: string;
  /**
   * The dtypes and shapes of the outputs, from those of the inputs; throws for inputs that it does not take. `scratch`:
   * bytes that `run` needs besides.
   */
  infer(inputs: readonly ArraySpec[], params: KernelParams): { readonly outputs: O; readonly scratch?: number };
  /** What a call takes: floating-point operations, and bytes read and written. */
  cost(inputs: readonly ArraySpec[], params: KernelParams): KernelCost;
  readonly bodies: { readonly js: JsBody; readonly wasm?: UserWasmBody; readonly gpu?: UserGpuBody };
  /** The error that a status which `run` sets stands for. */
  failure?(status: number, params: KernelParams): Error;
}

/** A loop shorter than this many operations and bytes, about 100 µs, is not worth the help of other threads. */
const WIDE = 1e6;
const WORD = 8;

/**
 * The kernel of a definition.
 * @throws OptionError for a field that does not exist; ArgumentError for one that is missing or of another kind
 */
export function kernelFrom(definition: KernelDefinition): Kernel {
  const given: unknown = definition;
  const name = typeof given === 'object' && given !== null && 'name' in given ? given.name : undefined;
  if (typeof name !== 'string' || name === '') {
    throw new ArgumentError('nd.defineKernel: the definition needs a name, a string that is not empty');
  }
  const where = `nd.defineKernel: '${name}'`;
  checkFields(where, definition, ['name', 'infer', 'cost', 'bodies', 'failure']);
  checkFunction(where, 'infer', definition.infer);
  checkFunction(where, 'cost', definition.cost);
  if (definition.failure !== undefined) checkFunction(where, 'failure', definition.failure);
  const { bodies } = definition;
  if (typeof bodies !== 'object' || bodies === null) {
    throw new ArgumentError(
      `${where}: bodies must be an object with js, and with wasm and gpu where there are such bodies`,
    );
  }
  checkFields(`${where}: bodies`, bodies, ['js', 'wasm', 'gpu']);
  checkFunction(where, 'bodies.js', bodies.js);
  const user = bodies.wasm === undefined ? undefined : checkWasm(where, bodies.wasm);
  if (bodies.gpu !== undefined) checkGpu(where, bodies.gpu);

  const infer = (inputs: readonly ArraySpec[], params: KernelParams): Inferred => {
    const { outputs, scratch } = checkInferred(name, definition.infer(inputs, params));
    if (user === undefined) return { outputs, scratch };
    return { outputs, scratch: contextBytes(inputs, outputs, user.values(inputs, params).length) + scratch };
  };
  const cost = (inputs: readonly ArraySpec[], params: KernelParams): KernelCost => {
    const answer: unknown = definition.cost(inputs, params);
    const { flops, bytes } = (answer ?? {}) as Partial<KernelCost>;
    for (const value of [flops, bytes]) {
      if (typeof value === 'number' && value >= 0) continue;
      throw new ArgumentError(`${name}: cost must answer { flops, bytes }, two numbers ≥ 0`);
    }
    return answer as KernelCost;
  };
  const wasm = user === undefined ? undefined : wasmBody(name, user, cost);
  const gpu =
    bodies.gpu &&
    gpuBody(name, bodies.gpu, (inputs, params) => infer(inputs, params).outputs, definition.failure !== undefined);
  const failure = definition.failure?.bind(definition);
  return {
    name,
    infer,
    cost,
    bodies: { js: bodies.js, ...(wasm === undefined ? {} : { wasm }), ...(gpu === undefined ? {} : { gpu }) },
    ...(failure === undefined ? {} : { failure }),
  };
}

function checkFields(where: string, object: object, allowed: readonly string[]): void {
  for (const field of Object.keys(object)) {
    if (allowed.includes(field)) continue;
    const guess = nearest(field, allowed);
    const hint = guess === undefined ? '' : ` (did you mean '${guess}'?)`;
    throw new OptionError(field, `${where}: there is no field '${field}'${hint}; use ${allowed.join(', ')}`);
  }
}

function checkFunction(where: string, field: string, value: unknown): void {
  if (typeof value !== 'function') throw new ArgumentError(`${where}: ${field} must be a function`);
  if (/^(Async|Generator|AsyncGenerator)Function$/.test(value.constructor.name)) {
    throw new ArgumentError(`${where}: ${field} must be an ordinary function: what it does is done when it returns`);
  }
}

function checkInferred(name: string, answer: unknown): Required<Inferred> {
  const what = `${name}: infer must answer { outputs: [{ dtype, shape }, …] }`;
  if (typeof answer !== 'object' || answer === null) throw new ArgumentError(what);
  checkFields(`${name}: what infer answers`, answer, ['outputs', 'scratch']);
  const { outputs, scratch = 0 } = answer as Partial<Inferred>;
  if (!Array.isArray(outputs) || outputs.length === 0) throw new ArgumentError(what);
  if (!Number.isSafeInteger(scratch) || scratch < 0) {
    throw new ArgumentError(`${name}: the scratch that infer answers must be a whole number of bytes, not ${scratch}`);
  }
  const specs = outputs.map((output: unknown, i) => {
    const where = `${name}: output ${i} of infer`;
    if (typeof output !== 'object' || output === null) throw new ArgumentError(what);
    const { dtype, shape } = output as Partial<ArraySpec>;
    if (!Array.isArray(shape)) throw new ArgumentError(`${where}: shape must be a list of lengths`);
    return { dtype: checkDType(dtype, where), shape: [...checkShape(shape, where)] };
  });
  return { outputs: specs, scratch };
}

type CheckedWasm = Required<Omit<UserWasmBody, 'module'>> & { readonly bytes: Uint8Array<ArrayBuffer> };

function checkWasm(where: string, body: UserWasmBody): CheckedWasm {
  if (typeof body !== 'object' || body === null) throw new ArgumentError(`${where}: bodies.wasm must be an object`);
  checkFields(`${where}: bodies.wasm`, body, ['module', 'chunks', 'values', 'can']);
  for (const field of ['chunks', 'values', 'can'] as const) {
    if (body[field] !== undefined) checkFunction(where, `bodies.wasm.${field}`, body[field]);
  }
  return {
    bytes: checkModule(`${where}: bodies.wasm`, body.module),
    chunks: (inputs, params) => {
      const chunks = body.chunks?.(inputs, params) ?? 1;
      if (Number.isSafeInteger(chunks) && chunks >= 0 && chunks < 2 ** 31) return chunks;
      throw new ArgumentError(`${where}: chunks must be a whole number ≥ 0, not ${chunks}`);
    },
    values: (inputs, params) => {
      const values = body.values?.(inputs, params) ?? [];
      if (Array.isArray(values) && values.every((value) => typeof value === 'number')) return values;
      throw new ArgumentError(`${where}: values must answer a list of numbers`);
    },
    can: (inputs, params) => body.can?.(inputs, params) ?? true,
  };
}

function checkGpu(where: string, body: UserGpuBody): void {
  if (typeof body !== 'object' || body === null) throw new ArgumentError(`${where}: bodies.gpu must be an object`);
  checkFields(`${where}: bodies.gpu`, body, ['can', 'plan']);
  checkFunction(where, 'bodies.gpu.plan', body.plan);
  if (body.can !== undefined) checkFunction(where, 'bodies.gpu.can', body.can);
}

let modules = 0;

/**
 * The context is a list of float64s: the status, the number of chunks, where scratch begins (bytes from the context), the
 * addresses of the inputs and of the outputs, and the user's values.
 */
function wasmBody(name: string, user: CheckedWasm, cost: Kernel['cost']): WasmBody {
  const code = { key: `user ${++modules} ${name}`, bytes: () => user.bytes };
  return {
    export: 'userKernel',
    code: () => code,
    can: user.can,
    isWide: (inputs, params) => {
      const { flops, bytes } = cost(inputs, params);
      return flops + bytes >= WIDE && user.chunks(inputs, params) > 1;
    },
    block: (inputs, outputs, params) => {
      const addresses = [...inputs, ...outputs].map(({ pointer }) => pointer);
      const values = user.values(inputs, params);
      const bytes = contextBytes(inputs, outputs, values.length);
      return [0, user.chunks(inputs, params), bytes, ...addresses, ...values];
    },
    args: (inputs, _, params, context) => [user.chunks(inputs, params), context],
  };
}

/** Where the scratch begins: after the words of the context, on a cache line. */
function contextBytes(inputs: readonly ArraySpec[], outputs: readonly ArraySpec[], values: number): number {
  return Math.ceil((WORD * (3 + inputs.length + outputs.length + values)) / 64) * 64;
}
