/**
 * The conformance of a device: one suite for all of them. Every kernel that it has a body for against the `js`
 * reference, on the cases of the kernels' own suite; arrays brought in and fetched; order, cancelling, closing, errors.
 * What a device must do to pass says src/devices/contract.ts.
 */
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { allocate, type DType, dtypes, itemSize } from '../../dist/array/dtype.js';
import { type ArraySpec, NDArray, sizeOf } from '../../dist/array/ndarray.js';
import { haveSameBits } from '../../dist/conformance/conform.js';
import { runJs } from '../../dist/conformance/machine.js';
import type { Device, DeviceArray, DeviceCall, DeviceSource } from '../../dist/devices/contract.js';
import type { Kernel, KernelParams } from '../../dist/kernels/contract.js';
import { kernels } from '../../dist/kernels/registry.js';
import { Handle } from '../../dist/memory/handle.js';
import { Heap } from '../../dist/memory/heap.js';
import { type Case, cases, within } from '../kernels/cases.js';
import { array, epsilon, generator, smallest } from '../kernels/numbers.js';

export interface DeviceConformanceOptions {
  /** How many cases are tried for each kernel. Default 25. */
  readonly numRuns?: number;
  /** Names of kernels that it must have a body for, in some cases at least. Default: `matmul`. */
  readonly kernels?: readonly string[];
  /** Kernels beside the built-in ones, each with its cases here. */
  readonly extra?: Readonly<Record<string, { readonly kernel: Kernel; readonly cases: fc.Arbitrary<Case> }>>;
  /** Cases of a kernel in the place of those of its own suite: smaller ones for a slow device, larger ones for splits. */
  readonly cases?: Readonly<Record<string, fc.Arbitrary<Case>>>;
  /**
   * The check of a case in the place of its own, where the device's precision is another one: exp of a GPU, say.
   * Undefined for the case's own.
   */
  check?(kernel: Kernel, instance: Case): Case['check'] | undefined;
  /** Whether the device is there in every test environment. Otherwise a good reason why not passes. Default false. */
  readonly isRequired?: boolean;
  /** Milliseconds for one test. */
  readonly timeout?: number;
}

type Place = DeviceArray | NDArray;

/** A device with a way to put arrays where it wants them. */
class Rig {
  readonly device: Device;
  readonly #heap: Heap | undefined;
  readonly #handles = new Map<NDArray, Handle>();

  constructor(device: Device) {
    this.device = device;
    if (device.memory === undefined) this.#heap = new Heap();
  }

  make(spec: ArraySpec): Place {
    const { memory } = this.device;
    if (this.#heap !== undefined) {
      const handle = Handle.create(this.#heap, spec);
      const view = handle.view();
      this.#handles.set(view, handle);
      new Uint8Array(view.data.buffer, view.data.byteOffset, view.data.byteLength).fill(0x5b);
      return view;
    }
    const made = memory?.allocate({ dtype: spec.dtype, shape: spec.shape });
    if (made === undefined) throw new Error(`${this.device.name} has no room for ${JSON.stringify(spec.shape)}`);
    return made;
  }

  put(source: NDArray): Place {
    const place = this.make(source);
    if (place instanceof NDArray) place.data.set(source.copy().data);
    else this.device.memory?.write(place, source);
    return place;
  }

  async get(place: Place): Promise<NDArray> {
    if (place instanceof NDArray) return place.copy();
    const into = blank(place);
    await this.device.memory?.read(place, into);
    return into;
  }

  free(places: Iterable<Place>): void {
    for (const place of places) {
      if (place instanceof NDArray) this.#handles.get(place)?.release();
      else this.device.memory?.free(place);
    }
  }

  /** Submits a call. The promise answers how it ended, and is rejected when it is told more than one end, or at once. */
  submit(
    kernel: Kernel,
    params: KernelParams,
    inputs: readonly Place[],
    outputs: readonly Place[],
  ): { readonly call: DeviceCall; readonly done: Promise<unknown> } {
    let isWithin = true;
    let ends = 0;
    let settle: (error: unknown) => void = () => {};
    const done = new Promise<unknown>((resolve) => {
      settle = resolve;
    });
    const call: DeviceCall = {
      kernel,
      params,
      inputs,
      outputs,
      onDone: (error, start, end) => {
        ends++;
        if (isWithin) settle(new Error('onDone was called from within submit'));
        else if (ends > 1) settle(new Error('onDone was called twice'));
        else if (error !== undefined) settle(error);
        // A clock that ticks in milliseconds since the epoch
        else if (!(start <= end) || Math.abs(end - Date.now()) > 600_000)
          settle(new Error(`it is said to have run from ${start} to ${end}`));
        else settle(undefined);
      },
    };
    this.device.submit(call);
    isWithin = false;
    return { call, done };
  }

  /** One kernel by itself, on fresh copies of its inputs. @throws what the device told */
  async run(kernel: Kernel, inputs: readonly NDArray[], params: KernelParams): Promise<NDArray[]> {
    const given: Place[] = [];
    const made: Place[] = [];
    try {
      for (const input of inputs) given.push(this.put(input));
      for (const spec of kernel.infer(inputs, params).outputs) made.push(this.make(spec));
      const { done } = this.submit(kernel, params, given, made);
      this.device.flush();
      const error = await done;
      if (error !== undefined) throw error;
      for (let i = 0; i < inputs.length; i++) {
        const after = await this.get(given[i] as Place);
        if (!haveSameBits((inputs[i] as NDArray).copy(), after)) throw new Error(`input ${i} was written`);
      }
      const outputs: NDArray[] = [];
      for (const place of made) outputs.push(await this.get(place));
      return outputs;
    } finally {
      this.free(given);
      this.free(made);
    }
  }
}

/** An array full of garbage. */
function blank({ dtype, shape }: ArraySpec): NDArray {
  const data = allocate(dtype, sizeOf(shape));
  new Uint8Array(data.buffer).fill(0xa7);
  return new NDArray(data, { dtype, shape });
}

const matmul = kernels.get('matmul') as Kernel;

/** What a product of the chain may be off by: it is of rotations, whose elements are at most 1. */
const chainBound = (dtype: DType, length: number): number => length * 24 * epsilon(dtype) + smallest(dtype);

/** A rotation of the first two of eight dimensions, of the next two by another angle, and so on. */
function rotation(dtype: DType, angle: number): NDArray {
  const data = allocate(dtype, 64);
  for (let i = 0; i < 8; i += 2) {
    const [c, s] = [Math.cos(angle + i), Math.sin(angle + i)];
    data[i * 8 + i] = c;
    data[(i + 1) * 8 + i + 1] = c;
    data[i * 8 + i + 1] = -s;
    data[(i + 1) * 8 + i] = s;
  }
  return new NDArray(data, { dtype, shape: [8, 8] });
}

/** The first real dtype in which the device multiplies; the more precise ones first. */
function productDType(device: Device): DType {
  const found = (['float64', 'float32'] as const).find((dtype) => {
    const spec = { dtype, shape: [8, 8] };
    return device.can(matmul, [spec, spec], {});
  });
  if (found === undefined) throw new Error(`${device.name} has no body for products, which this suite is made of`);
  return found;
}

/** Defines the suite. To be called at the top of a test file. */
export function deviceConformance(source: DeviceSource, options: DeviceConformanceOptions = {}): void {
  const { numRuns = 25, kernels: required = ['matmul'], extra = {}, isRequired = false, timeout = 60_000 } = options;
  const found = source.discover();

  describe(`device ${source.name}`, { timeout }, () => {
    it('is found, or there is a reason', () => {
      if (found.available) {
        expect(found.description).toMatch(/\w/);
        expect(found.memory).toBeGreaterThan(0);
      } else {
        expect(isRequired, found.reason).toBe(false);
        expect(found.reason).toMatch(/\w/);
      }
      expect(source.discover()).toEqual(found);
    });
    if (!found.available) return;

    let rig: Rig;
    beforeAll(async () => {
      rig = new Rig(await source.open());
    }, timeout);
    afterAll(async () => {
      await rig.device.close();
    }, timeout);

    it('has traits that can be planned with', () => {
      const { device } = rig;
      expect(device.name).toBe(source.name);
      const { slots, ahead, cores, overhead, flops, bandwidth } = device.traits;
      expect(Number.isInteger(slots) && slots >= 1).toBe(true);
      expect(Number.isInteger(ahead) && ahead >= 0).toBe(true);
      expect(cores).toBeGreaterThanOrEqual(0);
      for (const number of [flops, bandwidth]) expect(Number.isFinite(number) && number > 0).toBe(true);
      expect(overhead).toBeGreaterThanOrEqual(0);
      if (device.memory === undefined) return;
      expect(device.memory.capacity).toBeGreaterThan(0);
      expect(device.memory.link.latency).toBeGreaterThanOrEqual(0);
      expect(device.memory.link.bandwidth).toBeGreaterThan(0);
    });

    describe('kernels', () => {
      const table = [
        ...[...kernels].map(([name, kernel]) => ({ name, kernel, generator: options.cases?.[name] ?? cases[name] })),
        ...Object.entries(extra).map(([name, own]) => ({ name, kernel: own.kernel, generator: own.cases })),
      ].filter(({ kernel }) => kernel.isAlias !== true);
      const can = (kernel: Kernel, { inputs, params }: Case): boolean => rig.device.can(kernel, inputs, params);

      it.each(required)('has a body for %s', (name) => {
        const entry = table.find((candidate) => candidate.name === name);
        const samples = fc.sample(entry?.generator as fc.Arbitrary<Case>, { numRuns: 50, seed: 1 });
        expect(samples.filter((instance) => can(entry?.kernel as Kernel, instance)).length).toBeGreaterThan(5);
      });

      it.each(table.map((entry) => [entry.name, entry] as const))('%s', async (name, entry) => {
        const generator = entry.generator as fc.Arbitrary<Case>;
        const { kernel } = entry;
        // A kernel that it never has a body for need not be generated again and again
        const few = fc.sample(generator, { numRuns: 60, seed: 2 });
        if (!few.some((instance) => can(kernel, instance))) {
          expect(required).not.toContain(name);
          return;
        }
        const property = fc.asyncProperty(generator, async (instance) => {
          fc.pre(can(kernel, instance));
          await conformOne(rig, kernel, instance, options.check?.(kernel, instance) ?? instance.check);
        });
        await fc.assert(property, { seed: 20_260_102, numRuns, maxSkipsPerRun: 2000 });
      });
    });

    describe('arrays', () => {
      const shapes = [[], [0], [1], [3], [7], [4, 0, 2], [5, 13], [255], [257], [3, 5, 7], [1031, 3]];

      it.each(dtypes)('of %s come back as they went in', async (dtype) => {
        const random = generator(7);
        const given = shapes.flatMap((shape) => [
          array(random, shape, dtype, { strided: false }),
          array(random, shape, dtype, { strided: true }),
        ]);
        const places = given.map((each) => rig.put(each));
        for (let i = 0; i < given.length; i++) {
          const back = await rig.get(places[i] as Place);
          expect(haveSameBits((given[i] as NDArray).copy(), back), `${dtype} ${(given[i] as NDArray).shape}`).toBe(
            true,
          );
        }
        rig.free(places);
      });

      it('are copied when they are written: the source may change at once', async () => {
        for (const dtype of dtypes) {
          const random = generator(11);
          const source = array(random, [9, 31], dtype, {});
          const copy = source.copy();
          const place = rig.put(source);
          source.data.fill(1);
          expect(haveSameBits(copy, await rig.get(place)), dtype).toBe(true);
          rig.free([place]);
        }
      });

      it('say what they are', () => {
        for (const dtype of dtypes) {
          const place = rig.make({ dtype, shape: [3, 5] });
          expect(place.dtype).toBe(dtype);
          expect(place.shape).toEqual([3, 5]);
          expect(place.nbytes).toBeGreaterThanOrEqual(15 * itemSize(dtype));
          rig.free([place]);
        }
      });

      it('are given room as long as there is some; beyond, none, and what is freed can be had again', () => {
        const { memory } = rig.device;
        if (memory === undefined) return;
        const spec = { dtype: 'float32', shape: [Math.floor(memory.capacity / 4) + 1024] } as const;
        expect(memory.allocate(spec)).toBeUndefined();
        const small = { dtype: 'float32', shape: [1024] } as const;
        for (let round = 0; round < 50; round++) {
          const place = memory.allocate(small);
          expect(place).toBeDefined();
          memory.free(place as DeviceArray);
        }
      });
    });

    describe('calls', () => {
      const LENGTH = 12;

      /** Results of a chain of products, each of which takes what the one before gives. */
      async function chain(isAhead: boolean): Promise<void> {
        const { device } = rig;
        const dtype = productDType(device);
        const factors = Array.from({ length: LENGTH }, (_, i) => rotation(dtype, 0.3 * i + 0.1));
        const places = factors.map((factor) => rig.put(factor));
        const made = factors.slice(1).map(() => rig.make({ dtype, shape: [8, 8] }));
        const ends: Promise<unknown>[] = [];
        let at = places[0] as Place;
        let expected = factors[0] as NDArray;
        for (let i = 1; i < LENGTH; i++) {
          const output = made[i - 1] as Place;
          const { done } = rig.submit(matmul, {}, [at, places[i] as Place], [output]);
          ends.push(done);
          if (!isAhead) {
            device.flush();
            expect(await done).toBeUndefined();
          }
          at = output;
          expected = runJs(matmul, [expected, factors[i] as NDArray], {})[0] as NDArray;
        }
        device.flush();
        // Asked for before any of it has ended: it comes after everything submitted before
        const last = device.memory === undefined ? Promise.all(ends).then(() => rig.get(at)) : rig.get(at);
        expect(await Promise.all(ends)).toEqual(ends.map(() => undefined));
        within(expected, await last, () => chainBound(dtype, LENGTH));
        rig.free([...places, ...made]);
      }

      it('may each be submitted when the one before has ended', () => chain(false));

      it('may be submitted all at once where the device keeps order', async () => {
        if (rig.device.traits.isOrdered) await chain(true);
        else expect(rig.device.traits.isOrdered).toBe(false);
      });

      it('that are cancelled are told their end, once, and the device goes on', async () => {
        const { device } = rig;
        const dtype = productDType(device);
        const input = rig.put(rotation(dtype, 1));
        const made = Array.from({ length: 40 }, () => rig.make({ dtype, shape: [8, 8] }));
        const calls = made.map((output) => rig.submit(matmul, {}, [input, input], [output]));
        device.flush();
        device.cancel(calls.map(({ call }) => call));
        const ends = await Promise.all(calls.map(({ done }) => done));
        // Each either ran or was dropped with an error; twice, or from within, is told as an error that says so
        for (const end of ends) {
          expect(end === undefined || end instanceof Error).toBe(true);
          if (end instanceof Error) expect(end.message).not.toMatch(/^onDone was called/);
        }
        // Cancelling what has ended does nothing
        device.cancel(calls.map(({ call }) => call));
        const [squared] = await rig.run(matmul, [rotation(dtype, 1), rotation(dtype, 1)], {});
        const expected = runJs(matmul, [rotation(dtype, 1), rotation(dtype, 1)], {})[0] as NDArray;
        within(expected, squared as NDArray, () => chainBound(dtype, 1));
        rig.free([input, ...made]);
      });

      it('that are dropped before they are flushed are told their end too', async () => {
        const { device } = rig;
        const dtype = productDType(device);
        const input = rig.put(rotation(dtype, 1));
        const output = rig.make({ dtype, shape: [8, 8] });
        const { call, done } = rig.submit(matmul, {}, [input, input], [output]);
        device.cancel([call]);
        device.flush();
        const end = await done;
        expect(end === undefined || end instanceof Error).toBe(true);
        rig.free([input, output]);
      });

      it('a flush without calls does nothing', () => {
        rig.device.flush();
        rig.device.flush();
        rig.device.cancel([]);
        expect(rig.device.name).toBe(source.name);
      });
    });

    describe('closing', () => {
      it('tells calls that are out their end, and the device can be opened again', async () => {
        const dtype = productDType(rig.device);
        const [factor] = [rotation(dtype, 0.7)];
        const input = rig.put(factor);
        const made = Array.from({ length: 20 }, () => rig.make({ dtype, shape: [8, 8] }));
        const ends = made.map((output) => rig.submit(matmul, {}, [input, input], [output]).done);
        rig.device.flush();
        await rig.device.close();
        for (const end of await Promise.all(ends)) expect(end === undefined || end instanceof Error).toBe(true);
        rig = new Rig(await source.open());
        const [squared] = await rig.run(matmul, [factor, factor], {});
        within(runJs(matmul, [factor, factor], {})[0] as NDArray, squared as NDArray, () => chainBound(dtype, 1));
      });

      it('again and again', async () => {
        const dtype = productDType(rig.device);
        const factor = rotation(dtype, 0.7);
        for (let round = 0; round < 3; round++) {
          await rig.device.close();
          rig = new Rig(await source.open());
          const [squared] = await rig.run(matmul, [factor, factor], {});
          within(runJs(matmul, [factor, factor], {})[0] as NDArray, squared as NDArray, () => chainBound(dtype, 1));
        }
      });
    });
  });
}

/** One case: within its tolerance, the same error as the reference, the same bits a second time. */
async function conformOne(rig: Rig, kernel: Kernel, instance: Case, check: Case['check']): Promise<void> {
  const { inputs, params } = instance;
  const where = (): string =>
    `${kernel.name} on ${inputs.map(({ dtype, shape }) => `${dtype} (${shape.join(', ')})`).join(', ')} ${JSON.stringify(params)}`;
  let expected: NDArray[];
  try {
    expected = runJs(kernel, inputs, params);
  } catch (error) {
    const message = (thrown: unknown): string => (thrown instanceof Error ? thrown.message : String(thrown));
    const actual = await rig.run(kernel, inputs, params).then(() => 'no error', message);
    if (actual !== message(error))
      throw new Error(`${where()}: ends with ${actual}, the reference with ${message(error)}`);
    return;
  }
  let first: NDArray[];
  let second: NDArray[];
  try {
    first = await rig.run(kernel, inputs, params);
    second = await rig.run(kernel, inputs, params);
    check(expected, first);
  } catch (error) {
    throw new Error(`${where()}: ${(error as Error).message}`, { cause: error });
  }
  first.forEach((output, i) => {
    if (!haveSameBits(output, second[i] as NDArray))
      throw new Error(`${where()}: output ${i} has other bits the second time`);
  });
}
