/**
 * A device of single precision as runs see it that allow that (`precision: 'float32'`): it takes float64 arrays, computes
 * in float32, and what it made is float64 again when it is fetched. Nobody else sees the difference: a result has the
 * dtype that it has anywhere, with values that were rounded.
 *
 * Only what is a rounding of the same thing goes there: kernels that take float64 and give float64 or bool. Positions
 * (argmax, argsort), conversions to whole numbers, and random numbers, which would be others, stay where they are exact.
 */
import { allocate } from '../array/dtype.js';
import { gather, NDArray, scatter, sizeOf } from '../array/ndarray.js';
import type { ArraySpec, Kernel, KernelParams } from '../kernels/contract.js';
import type { Device, DeviceArray, DeviceCall, DeviceMemory, DeviceTraits } from './contract.js';

/** What a call with float64 arrays is in single precision. */
export interface SingleCall {
  readonly inputs: readonly ArraySpec[];
  readonly params: KernelParams;
}

/** How an array lies in a memory of single precision. */
export const singleSpec = ({ dtype, shape }: ArraySpec): ArraySpec => ({
  dtype: dtype === 'float64' ? 'float32' : dtype,
  shape,
});

/** Texts of expressions that were translated, and what became of them. */
const KEPT = 1000;
const translated = new Map<string, string>();

/** Texts of expressions (kernels/expression-text.ts) name the dtypes of all their steps. */
function singleParams(params: KernelParams): KernelParams {
  const { expression } = params;
  if (typeof expression !== 'string') return params;
  let text = translated.get(expression);
  if (text === undefined) {
    text = JSON.stringify(singleLine(JSON.parse(expression)));
    if (translated.size >= KEPT) translated.delete(translated.keys().next().value as string);
    translated.set(expression, text);
  }
  return { ...params, expression: text };
}

function singleLine(line: unknown): unknown {
  if (line === 'float64') return 'float32';
  if (!Array.isArray(line)) return line;
  const [op, dtype, value] = line as readonly unknown[];
  if (op !== 'constant' || dtype !== 'float64' || typeof value !== 'number') return line.map(singleLine);
  const rounded = Math.fround(value);
  return [
    op,
    'float32',
    Number.isFinite(rounded) && !Object.is(rounded, -0) ? rounded : Object.is(rounded, -0) ? '-0' : String(rounded),
  ];
}

/**
 * A call in single precision; the call itself where nothing of it is float64, undefined where single precision is no
 * rounding of the same thing.
 * @throws what `infer` throws of a call that is none
 */
export function singleCall(kernel: Kernel, inputs: readonly ArraySpec[], params: KernelParams): SingleCall | undefined {
  const { outputs } = kernel.infer(inputs, params);
  const isDouble = ({ dtype }: ArraySpec): boolean => dtype === 'float64';
  if (!inputs.some(isDouble)) return outputs.some(isDouble) ? undefined : { inputs, params };
  if (!outputs.every(({ dtype }) => dtype === 'float64' || dtype === 'float32' || dtype === 'bool')) return undefined;
  const call = { inputs: inputs.map(singleSpec), params: singleParams(params) };
  const made = kernel.infer(call.inputs, call.params).outputs;
  return made.every(({ dtype }, i) => dtype === singleSpec(outputs[i] as ArraySpec).dtype) ? call : undefined;
}

/** `can` of a device of single precision for runs that allow that. */
export function canInSingle(can: Device['can']): Device['can'] {
  return (kernel, inputs, params) => {
    try {
      const call = singleCall(kernel, inputs, params);
      return call !== undefined && can(kernel, call.inputs, call.params);
    } catch {
      // a call that is none: whoever makes it is told by `infer`
      return false;
    }
  };
}

/** An array of float64 that lies in the device's memory as float32. */
class Rounded implements DeviceArray {
  readonly dtype = 'float64';
  readonly shape: readonly number[];
  readonly nbytes: number;
  readonly inner: DeviceArray;

  constructor(inner: DeviceArray) {
    this.shape = inner.shape;
    this.nbytes = inner.nbytes;
    this.inner = inner;
  }
}

const innerOf = <A extends DeviceArray | NDArray>(array: A): A | DeviceArray =>
  array instanceof Rounded ? array.inner : array;

function rounded(source: NDArray): NDArray {
  const values = allocate('float32', source.size);
  gather(source, values);
  return new NDArray(values, { dtype: 'float32', shape: source.shape });
}

class SingleMemory implements DeviceMemory {
  readonly capacity: number;
  readonly link: DeviceMemory['link'];
  readonly alias: DeviceMemory['alias'];
  readonly #memory: DeviceMemory;

  constructor(memory: DeviceMemory) {
    this.capacity = memory.capacity;
    this.link = memory.link;
    this.alias =
      memory.alias &&
      ((array, spec) => {
        const alias = (memory.alias as NonNullable<DeviceMemory['alias']>)(innerOf(array), singleSpec(spec));
        return spec.dtype === 'float64' ? new Rounded(alias) : alias;
      });
    this.#memory = memory;
  }

  allocate(spec: ArraySpec): DeviceArray | undefined {
    const array = this.#memory.allocate(singleSpec(spec));
    return array !== undefined && spec.dtype === 'float64' ? new Rounded(array) : array;
  }

  free(array: DeviceArray): void {
    this.#memory.free(innerOf(array));
  }

  write(array: DeviceArray, source: NDArray): void {
    if (!(array instanceof Rounded)) this.#memory.write(array, source);
    else this.#memory.write(array.inner, rounded(source));
  }

  async read(array: DeviceArray, into: NDArray): Promise<void> {
    if (!(array instanceof Rounded)) return this.#memory.read(array, into);
    const values = allocate('float32', sizeOf(into.shape));
    await this.#memory.read(array.inner, new NDArray(values, { dtype: 'float32', shape: into.shape }));
    scatter(values, into);
  }
}

class SingleDevice implements Device {
  readonly name: string;
  readonly traits: DeviceTraits;
  readonly memory: DeviceMemory | undefined;
  readonly can: Device['can'];
  readonly #device: Device;
  /** What the device knows of a call that is out. */
  readonly #calls = new WeakMap<DeviceCall, DeviceCall>();

  constructor(device: Device) {
    this.#device = device;
    this.name = device.name;
    this.traits = device.traits;
    this.memory = device.memory && new SingleMemory(device.memory);
    this.can = canInSingle((kernel, inputs, params) => device.can(kernel, inputs, params));
  }

  /** A device on the heap rounds what it copies; one with a memory gets what lies there. */
  submit(call: DeviceCall): void {
    const { kernel, inputs, outputs } = call;
    const { params } = singleCall(kernel, inputs.map(specOf), call.params) ?? call;
    const inner: DeviceCall = {
      kernel,
      params,
      inputs: inputs.map(innerOf),
      outputs: outputs.map(innerOf),
      onDone: (error, start, end) => call.onDone(error, start, end),
    };
    this.#calls.set(call, inner);
    this.#device.submit(inner);
  }

  flush(): void {
    this.#device.flush();
  }

  cancel(calls: Iterable<DeviceCall>): void {
    this.#device.cancel(Array.from(calls, (call) => this.#calls.get(call) ?? call));
  }

  close(): Promise<void> {
    return this.#device.close();
  }
}

const specOf = ({ dtype, shape }: ArraySpec): ArraySpec => ({ dtype, shape });

const views = new WeakMap<Device, Device>();

/** An open device of single precision as runs see it that allow that; the same object for the same device. */
export function inSingle(device: Device): Device {
  let view = views.get(device);
  if (view === undefined) {
    view = new SingleDevice(device);
    views.set(device, view);
  }
  return view;
}
