/**
 * Where the tasks of a plan may run: devices, the threads or queues that they share, the memories that they compute in,
 * and the links between memories. All of it plain data: a platform written as JSON is planned for like the machine's own.
 *
 * Memory 0 is the host's. What is made elsewhere has its place in the host counted too, so that it can always be brought
 * back; the other memories are caches of it.
 */
import { ArgumentError } from '../errors.js';

export interface Platform {
  readonly devices: readonly DeviceModel[];
  readonly pools: readonly PoolModel[];
  readonly memories: readonly MemoryModel[];
}

export interface DeviceModel {
  readonly name: string;
  /** Who runs it: several devices may share the threads of one pool, as `js` and `wasm` do. */
  readonly pool: number;
  /** Where its inputs and results lie. */
  readonly memory: number;
  /** Seconds between the decision to run a task there and its first instruction. */
  readonly overhead: number;
}

export interface PoolModel {
  readonly name: string;
  /** How many tasks run at once. */
  readonly slots: number;
  /** How many more may wait in its queue, so that a slot never idles between two. */
  readonly ahead: number;
  /** Whether it may be given tasks whose inputs it is still to make: it keeps the order. Default false. */
  readonly isOrdered?: boolean;
  /** How many slots of pool 0, the host's threads, one of its running tasks takes away. Default 0. */
  readonly cores?: number;
}

export interface MemoryModel {
  readonly name: string;
  /** Bytes; Infinity for no limit. */
  readonly budget: number;
  /** The link to and from the host, one transfer at a time each way; undefined for the host itself. */
  readonly link: LinkModel | undefined;
}

export interface LinkModel {
  /** Seconds. */
  readonly latency: number;
  /** Bytes a second. */
  readonly bandwidth: number;
}

/** Seconds that so many bytes take over a link, once it is free. */
export function transferSeconds(link: LinkModel | undefined, bytes: number): number {
  return link === undefined || bytes === 0 ? 0 : link.latency + bytes / link.bandwidth;
}

/** Seconds from one memory to another, through the host where neither is it. */
export function routeSeconds({ memories }: Platform, from: number, to: number, bytes: number): number {
  if (from === to) return 0;
  return transferSeconds(memories[from]?.link, bytes) + transferSeconds(memories[to]?.link, bytes);
}

/** @throws ArgumentError naming what does not fit together. */
export function checkPlatform({ devices, pools, memories }: Platform): void {
  const complain = (what: string): never => {
    throw new ArgumentError(`platform: ${what}`);
  };
  if (devices.length === 0) complain('there are no devices');
  if (memories[0] === undefined || memories[0].link !== undefined)
    complain('memory 0 must be the host, without a link');
  for (const { name, pool, memory } of devices) {
    if (pools[pool] === undefined) complain(`device '${name}' names pool ${pool}; there are ${pools.length}`);
    if (memories[memory] === undefined)
      complain(`device '${name}' names memory ${memory}; there are ${memories.length}`);
  }
  for (const { name, slots } of pools) if (!(slots >= 1)) complain(`pool '${name}' has ${slots} slots; it needs one`);
  memories.slice(1).forEach(({ name, link }) => {
    if (link === undefined || !(link.bandwidth > 0)) complain(`memory '${name}' has no link to the host`);
  });
}
