/**
 * The contract of a device that computes outside the threads of the pool: a GPU, a native library with threads of its
 * own. (The bodies `wasm` and `js` go by the lanes of lanes.ts.) A device is one folder beside this file; the scheduler
 * sees nothing of it but this, and one conformance suite runs on all of them.
 *
 * Where the bytes are is the device's business in one respect only: either it computes on the heap's arrays in place
 * (`memory` is undefined), or it has a memory of its own, into which inputs are brought and from which results are
 * fetched when somebody outside needs them.
 */
import type { NDArray } from '../array/ndarray.js';
import type { ArraySpec, Kernel, KernelParams } from '../kernels/contract.js';

/** What looking for a device found. */
export type Found =
  | {
      readonly available: true;
      /** What it is: adapter, driver, library and its version. */
      readonly description: string;
      /** Bytes of the memory it computes in. */
      readonly memory: number;
    }
  | { readonly available: false; readonly reason: string };

/** How to get a device. One per folder. */
export interface DeviceSource {
  readonly name: string;
  /**
   * It computes in single precision: where a run allows that, it takes float64 arrays too, as float32 (single-precision.ts).
   * One that computes on the heap is then given float64 arrays for a call that is float32, and rounds as it copies them.
   */
  readonly isSingle?: boolean;
  /** Looks once whether the device is there; later calls answer the same. Holds nothing that keeps the process alive. */
  discover(): Found;
  /** Whether it is worth looking for it on account of a kernel, which `can` of the open device will decide; default: yes. */
  might?(kernel: Kernel, inputs: readonly ArraySpec[]): boolean;
  /** Takes hold of it. @throws DeviceUnavailableError when it has gone since */
  open(): Promise<Device>;
}

/** What planning assumes of a device before its times are known. */
export interface DeviceTraits {
  /** Calls that run at once, and how many more may wait there so that it never idles between two. */
  readonly slots: number;
  readonly ahead: number;
  /** Cores of the host that a running call occupies. */
  readonly cores: number;
  /** Seconds of a call that does nothing; operations and bytes a second at best. */
  readonly overhead: number;
  readonly flops: number;
  readonly bandwidth: number;
  /**
   * Calls may be submitted before those have ended whose results they take: the device keeps the order. Only then can a
   * chain go there as one batch.
   */
  readonly isOrdered: boolean;
}

/** An array in the memory of a device. Opaque to everybody else. */
export interface DeviceArray extends ArraySpec {
  readonly nbytes: number;
}

/** A memory of a device's own. */
export interface DeviceMemory {
  /** Bytes that arrays may take in it. */
  readonly capacity: number;
  /** The link to the host: seconds, bytes a second. */
  readonly link: { readonly latency: number; readonly bandwidth: number };
  /** Room for an array, or undefined when there is none. Not initialised. */
  allocate(spec: ArraySpec): DeviceArray | undefined;
  free(array: DeviceArray): void;
  /**
   * The same bytes as an array of another shape, to be freed too, before or after the first. Without this, an array in
   * another shape goes over the host.
   */
  alias?: ((array: DeviceArray, spec: ArraySpec) => DeviceArray) | undefined;
  /** Copies in. The source may change as soon as this returns; calls submitted later see the copy. */
  write(array: DeviceArray, source: NDArray): void;
  /** Copies out, after everything submitted before. */
  read(array: DeviceArray, into: NDArray): Promise<void>;
}

/** A kernel to be run on a device. */
export interface DeviceCall {
  readonly kernel: Kernel;
  readonly params: KernelParams;
  /** Arrays of the device's memory; for a device without one, row-major views of the heap. */
  readonly inputs: readonly (DeviceArray | NDArray)[];
  readonly outputs: readonly (DeviceArray | NDArray)[];
  /**
   * Told once, never from within `submit` or `flush`: how it ended, and when the device began and ended it, in
   * milliseconds since the epoch. A DeviceLostError says that the device is gone, with all that was in its memory.
   */
  onDone(error: unknown, start: number, end: number): void;
}

/** An open device. Everything is called on the main thread. */
export interface Device {
  readonly name: string;
  readonly traits: DeviceTraits;
  /** Undefined where it computes on the heap. */
  readonly memory: DeviceMemory | undefined;
  /** Whether it has a body for a kernel with these inputs. Answers also when it is closed. */
  can(kernel: Kernel, inputs: readonly ArraySpec[], params: KernelParams): boolean;
  /** Takes a call; it may begin at once or with the next `flush`. */
  submit(call: DeviceCall): void;
  /** After a series of calls: they go out as one batch. */
  flush(): void;
  /** Drops calls that have not begun, where it can; each is still told its end. */
  cancel(calls: Iterable<DeviceCall>): void;
  /** Lets go of it. Calls that are out are told an error. It may be opened again. */
  close(): Promise<void>;
}
