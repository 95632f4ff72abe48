/**
 * Open devices, shared by the runs of the process. A device is opened when a run first needs it and closed when nobody
 * has used it for a while, since one that is held may keep a core busy and the process alive; a runtime that closes, and
 * the process when it has nothing else to do, close it at once.
 */
import type { Precision } from '../config.js';
import type { Device, DeviceSource, DeviceTraits } from './contract.js';
import { canInSingle, inSingle } from './single-precision.js';

/** How long a device that nobody uses stays open, in milliseconds. */
const IDLE_MS = 1000;
/** Seconds that opening a device takes, where it was never opened. */
const UNKNOWN_OPENING = 0.3;

/** What is known of a device that has been open, also while it is closed. */
export interface KnownDevice {
  /** What it is, as looking for it says. */
  readonly description: string;
  readonly traits: DeviceTraits;
  readonly can: Device['can'];
  /** Of its own memory; undefined where it computes on the heap. */
  readonly memory:
    | { readonly capacity: number; readonly link: { readonly latency: number; readonly bandwidth: number } }
    | undefined;
  /** Its memory holds float64 arrays as float32. */
  readonly isSingle: boolean;
}

/** The use of an open device by one run. */
export interface Lease {
  readonly device: Device;
  /** It is not used any more. */
  release(): void;
  /** It is gone: whoever wants it next opens it again. */
  lose(): void;
}

class Entry {
  readonly source: DeviceSource;
  known: KnownDevice | undefined;
  openingSeconds = UNKNOWN_OPENING;
  /** What runs would have saved on it since it was last open. */
  missedSeconds = 0;
  #device: Device | undefined;
  #opening: Promise<Device> | undefined;
  #closing: Promise<void> | undefined;
  #users = 0;
  #timer: NodeJS.Timeout | undefined;

  constructor(source: DeviceSource) {
    this.source = source;
  }

  get isOpen(): boolean {
    return this.#device !== undefined;
  }

  async take(): Promise<Lease> {
    this.#users++;
    clearTimeout(this.#timer);
    try {
      await this.#closing;
      const device = this.#device ?? (await this.#open());
      return this.#lease(device);
    } catch (error) {
      this.#gone();
      throw error;
    }
  }

  #open(): Promise<Device> {
    this.#opening ??= this.#opened().finally(() => {
      this.#opening = undefined;
    });
    return this.#opening;
  }

  async #opened(): Promise<Device> {
    const start = performance.now();
    const device = await this.source.open();
    this.openingSeconds = (performance.now() - start) / 1000;
    this.missedSeconds = 0;
    const { traits, memory } = device;
    const can: Device['can'] = (kernel, inputs, params) => device.can(kernel, inputs, params);
    const found = this.source.discover();
    this.known = {
      description: found.available ? found.description : '',
      traits,
      can,
      memory: memory === undefined ? undefined : { capacity: memory.capacity, link: memory.link },
      isSingle: false,
    };
    this.#device = device;
    return device;
  }

  #lease(device: Device): Lease {
    let isReleased = false;
    const release = (): void => {
      if (isReleased) return;
      isReleased = true;
      this.#gone();
    };
    const lose = (): void => {
      if (this.#device === device) {
        this.#device = undefined;
        this.#close(device);
      }
      release();
    };
    return { device, release, lose };
  }

  #gone(): void {
    if (--this.#users > 0 || this.#device === undefined) return;
    this.#timer = setTimeout(() => this.closeIdle(), IDLE_MS);
    this.#timer.unref();
  }

  closeIdle(): Promise<void> | undefined {
    clearTimeout(this.#timer);
    const device = this.#device;
    if (device === undefined || this.#users > 0) return this.#closing;
    this.#device = undefined;
    return this.#close(device);
  }

  #close(device: Device): Promise<void> {
    const before = this.#closing;
    const closing = (async () => {
      await before;
      await device.close();
    })()
      // It is gone in any case
      .catch(() => {})
      .finally(() => {
        if (this.#closing === closing) this.#closing = undefined;
      });
    this.#closing = closing;
    return closing;
  }
}

const entries = new Map<DeviceSource, Entry>();
let isWatching = false;

function entryOf(source: DeviceSource): Entry {
  let entry = entries.get(source);
  if (entry === undefined) {
    entry = new Entry(source);
    entries.set(source, entry);
  }
  if (!isWatching) {
    isWatching = true;
    process.on('beforeExit', () => void closeIdleDevices());
  }
  return entry;
}

/** Whether a device takes float64 arrays as float32 in runs of a precision. */
export function isInSingle(source: DeviceSource, precision: Precision): boolean {
  return precision === 'float32' && source.isSingle === true;
}

/** Opens a device, or shares it where it is open. @throws what opening it throws */
export async function takeDevice(source: DeviceSource, precision: Precision): Promise<Lease> {
  const lease = await entryOf(source).take();
  return isInSingle(source, precision) ? { ...lease, device: inSingle(lease.device) } : lease;
}

/** What is known of a device; undefined before it was open for the first time. */
export function knownDevice(source: DeviceSource, precision: Precision): KnownDevice | undefined {
  const known = entries.get(source)?.known;
  if (known === undefined || !isInSingle(source, precision)) return known;
  return { ...known, can: canInSingle(known.can), isSingle: true };
}

/**
 * Seconds that a run counts for opening a device: 0 where it is open, else what that takes, without what runs that did not
 * open it would have saved. So a program that is run again and again pays for it at most twice (renting skis until they
 * would have been cheaper to buy: Karlin et al., "Competitive snoopy caching", 1988).
 */
export function openingSeconds(source: DeviceSource): number {
  const entry = entries.get(source);
  if (entry === undefined) return UNKNOWN_OPENING;
  return entry.isOpen ? 0 : Math.max(0, entry.openingSeconds - entry.missedSeconds);
}

/** A run would have saved so many seconds on a device, less than opening it takes. */
export function missed(source: DeviceSource, seconds: number): void {
  entryOf(source).missedSeconds += seconds;
}

/** Closes what nobody uses. */
export async function closeIdleDevices(): Promise<void> {
  await Promise.all(Array.from(entries.values(), (entry) => entry.closeIdle()));
}
