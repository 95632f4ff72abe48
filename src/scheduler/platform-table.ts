/**
 * A platform as people write it: plain JSON, by name, with what is usual left out. `plan.platform` is the machine's own
 * in this form; what-if is that object changed and given back. Everything is checked before anything is planned, and a
 * message says which entry is wrong and what it may be.
 */
import { ArgumentError, nearest } from '../errors.js';
import type { DeviceSpeed } from './model.js';
import type { DeviceModel, MemoryModel, Platform, PoolModel } from './platform.js';

/** Devices, the threads they share, and memories, each by its name. */
export interface PlatformTable {
  /** The first of two that would end a task at the same time gets it. */
  readonly devices: Readonly<Record<string, DeviceTable>>;
  /** Threads that several devices share, such as the cores that run both `wasm` and `js`. */
  readonly pools?: Readonly<Record<string, PoolTable>>;
  /** `host` is there always; all others are linked to it. */
  readonly memories?: Readonly<Record<string, MemoryTable>>;
}

export interface DeviceTable {
  /** The pool whose threads it runs on; default: a queue of its own with `slots`. */
  readonly pool?: string;
  /** Tasks at once, for a device with its own queue. Default 1. */
  readonly slots?: number;
  /** How many more tasks may wait in its own queue, so that it never idles between two. Default 1. */
  readonly ahead?: number;
  /** Where it computes. Default: the memory of its own name where there is one, else `host`. */
  readonly memory?: string;
  /** Seconds of a task that does nothing. Default 0. */
  readonly overhead?: number;
  /** Operations a second and bytes a second, at best. May be left out for devices of this machine. */
  readonly flops?: number;
  readonly bandwidth?: number;
  /** Dtypes that it computes with; default: all. */
  readonly dtypes?: readonly string[];
  /** Names of the kernels that it has a body for; default: all, for `wasm` and `js` those that they have here. */
  readonly kernels?: readonly string[];
  /** Whether it calls JavaScript functions. Default: whether its name is `js`. */
  readonly functions?: boolean;
}

export interface PoolTable {
  /** Tasks at once. */
  readonly slots: number;
  /** How many more may wait in its queue. Default 0. */
  readonly ahead?: number;
}

export interface MemoryTable {
  /** Bytes; null or left out: no limit. */
  readonly budget?: number | null;
  /** Of the link to the host: seconds, default 0, and bytes a second. Of `host` itself neither is given. */
  readonly latency?: number;
  readonly bandwidth?: number;
}

/** A checked table, ready for planning. */
export interface CheckedTable {
  readonly platform: Platform;
  /** By device. */
  readonly devices: readonly (DeviceTable & { readonly name: string })[];
}

type Check = readonly [fits: (value: unknown) => boolean, expected: string];

const positive = (value: unknown): boolean => typeof value === 'number' && value > 0 && Number.isFinite(value);
const isNames = (value: unknown): boolean => Array.isArray(value) && value.every((name) => typeof name === 'string');
const rate: Check = [positive, 'a number > 0'];
const duration: Check = [
  (value) => typeof value === 'number' && value >= 0 && Number.isFinite(value),
  'a number of seconds ≥ 0',
];
const slots: Check = [(value) => Number.isSafeInteger(value) && (value as number) >= 1, 'a whole number ≥ 1'];
const ahead: Check = [(value) => Number.isSafeInteger(value) && (value as number) >= 0, 'a whole number ≥ 0'];
const name: Check = [(value) => typeof value === 'string', 'a name'];
const names: Check = [isNames, 'a list of names'];

const deviceChecks: Readonly<Record<keyof DeviceTable, Check>> = {
  pool: name,
  slots,
  ahead,
  memory: name,
  overhead: duration,
  flops: rate,
  bandwidth: rate,
  dtypes: names,
  kernels: names,
  functions: [(value) => typeof value === 'boolean', 'true or false'],
};
const poolChecks: Readonly<Record<keyof PoolTable, Check>> = { slots, ahead };
const memoryChecks: Readonly<Record<keyof MemoryTable, Check>> = {
  budget: [(value) => value === null || positive(value), 'bytes > 0, or null for no limit'],
  latency: duration,
  bandwidth: rate,
};
const tableChecks: Readonly<Record<keyof PlatformTable, Check>> = {
  devices: [isRecord, 'a record of devices by name'],
  pools: [isRecord, 'a record of pools by name'],
  memories: [isRecord, 'a record of memories by name'],
};

/**
 * @param own the speeds of this machine's devices, for those that the table gives none
 * @throws ArgumentError naming the entry that is wrong
 */
export function readTable(table: unknown, own: ReadonlyMap<string, DeviceSpeed> = new Map()): CheckedTable {
  check('platform', table, tableChecks);
  const { devices, pools = {}, memories = {} } = table as PlatformTable;
  if (devices === undefined || Object.keys(devices).length === 0) complain('platform.devices has no entry');
  const memoryModels = readMemories(memories);
  const memoryAt = new Map(memoryModels.map((memory, i) => [memory.name, i]));
  const poolModels: PoolModel[] = [];
  for (const [name, pool] of Object.entries(pools)) {
    check(`platform.pools.${name}`, pool, poolChecks);
    if (pool.slots === undefined) complain(`platform.pools.${name}.slots is missing`);
    poolModels.push({ name, slots: pool.slots, ahead: pool.ahead ?? 0 });
  }
  const poolAt = new Map(poolModels.map((pool, i) => [pool.name, i]));
  const deviceModels: DeviceModel[] = [];
  for (const [name, device] of Object.entries(devices)) {
    const where = `platform.devices.${name}`;
    check(where, device, deviceChecks);
    const memory = device.memory ?? (memoryAt.has(name) ? name : 'host');
    let pool = poolAt.get(device.pool ?? '');
    if (device.pool === undefined) {
      pool = poolModels.push({ name, slots: device.slots ?? 1, ahead: device.ahead ?? 1 }) - 1;
    } else if (device.slots !== undefined || device.ahead !== undefined) {
      complain(
        `${where} has both a 'pool' and 'slots' or 'ahead' of its own; its pool says how many tasks run at once`,
      );
    }
    const at = memoryAt.get(memory);
    if (pool === undefined) complain(`${where}.pool is '${device.pool}', ${unknown('pools', device.pool, poolAt)}`);
    if (at === undefined) complain(`${where}.memory is '${memory}', ${unknown('memories', memory, memoryAt)}`);
    for (const speed of ['flops', 'bandwidth'] as const) {
      if (device[speed] === undefined && !own.has(name)) {
        complain(`${where}.${speed} is missing; only devices of this machine have a speed of their own`);
      }
    }
    // The overhead of a call is part of its predicted seconds
    deviceModels.push({ name, pool: pool as number, memory: at as number, overhead: 0 });
  }
  return {
    platform: { devices: deviceModels, pools: poolModels, memories: memoryModels },
    devices: Object.entries(devices).map(([name, device]) => ({ ...device, name })),
  };
}

function readMemories(memories: Readonly<Record<string, MemoryTable>>): MemoryModel[] {
  const models: MemoryModel[] = [{ name: 'host', budget: Number.POSITIVE_INFINITY, link: undefined }];
  for (const [name, memory] of Object.entries(memories)) {
    const where = `platform.memories.${name}`;
    check(where, memory, memoryChecks);
    const budget = memory.budget ?? Number.POSITIVE_INFINITY;
    if (name === 'host') {
      if (memory.bandwidth !== undefined || memory.latency !== undefined) {
        complain(`${where} has a link; the other memories are linked to it, and give their 'latency' and 'bandwidth'`);
      }
      models[0] = { name, budget, link: undefined };
    } else {
      if (memory.bandwidth === undefined)
        complain(`${where}.bandwidth is missing: bytes a second of its link to the host`);
      models.push({ name, budget, link: { latency: memory.latency ?? 0, bandwidth: memory.bandwidth as number } });
    }
  }
  return models;
}

function check(where: string, entry: unknown, checks: Readonly<Record<string, Check>>): void {
  if (!isRecord(entry)) complain(`${where} must be an object, not ${shown(entry)}`);
  for (const [field, value] of Object.entries(entry as object)) {
    const [fits, expected] = checks[field] ?? complain(`${where} has no '${field}'${hint(field, Object.keys(checks))}`);
    if (value !== undefined && !fits(value)) complain(`${where}.${field} must be ${expected}, not ${shown(value)}`);
  }
}

function unknown(what: string, asked: string | undefined, there: ReadonlyMap<string, number>): string {
  return there.size === 0
    ? `but platform.${what} has no entry`
    : `which platform.${what} has not${hint(asked ?? '', [...there.keys()])}`;
}

function hint(asked: string, names: readonly string[]): string {
  const near = nearest(asked, names);
  return near === undefined
    ? `; there are ${names.map((name) => `'${name}'`).join(', ')}`
    : `; did you mean '${near}'?`;
}

function complain(what: string): never {
  throw new ArgumentError(`plan: ${what}`);
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function shown(value: unknown): string {
  return typeof value === 'string' ? `'${value}'` : (JSON.stringify(value) ?? String(value));
}
