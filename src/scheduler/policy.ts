/**
 * What a scheduling policy decides: which of the queued tasks goes first, and how good a device is for a task. All else
 * is mechanism (dispatch.ts). A policy is a small object, and a new one is one function here.
 */
import type { Ranks } from './rank.js';

export interface Policy {
  readonly name: string;
  /** Whether a pool that would idle takes tasks queued for another. */
  readonly steals: boolean;
  /** The larger goes first. */
  priority(task: number): number;
  /**
   * The smallest wins.
   *
   * @param finish when the task would end on the device, in seconds
   * @param transfers seconds of links that bringing its inputs there would take
   */
  score(task: number, device: number, finish: number, transfers: number): number;
}

/**
 * The default: soonest finish, each second of a link counted `weight` times besides, since who waits for a link later is
 * not known yet; PEFT's ranks first. Over the bench's graphs it ends 4 % sooner than without that. Does badly: where the
 * link is idle and nobody else will want it.
 */
export function sparing({ rank }: Ranks, weight = 1): Policy {
  return {
    name: weight === 0 ? 'soonest' : `sparing ${weight}`,
    steals: true,
    priority: (task) => rank[task] as number,
    score: (_, __, finish, transfers) => finish + weight * transfers,
  };
}

/** StarPU's dmdas: soonest finish, HEFT's upward ranks first, what is placed stays. Does badly: when times were wrong. */
export function dmdas({ upward }: Ranks): Policy {
  return { name: 'dmdas', steals: false, priority: (task) => upward[task] as number, score: (_, __, finish) => finish };
}

/** Everything on one device: the guard against what list scheduling does badly. Does badly: where two would share. */
export function only(device: number, name: string, { rank }: Ranks): Policy {
  return {
    name: `only ${name}`,
    steals: false,
    priority: (task) => rank[task] as number,
    score: (_, other) => (other === device ? 0 : 1),
  };
}

/** A plan made beforehand: its devices, and what of a device's tasks goes first. */
export function fixed(name: string, device: Int32Array, priority: (task: number) => number, steals = false): Policy {
  return {
    name,
    steals,
    priority,
    score: (task, other) => (device[task] === other ? 0 : 1),
  };
}

/**
 * What a run on this machine's threads does: of the tasks that are ready the first in a given order, soonest finish. Does
 * badly: where a long way to the end stands last in the order.
 */
export function inOrder(position: Int32Array): Policy {
  return {
    name: 'order',
    steals: true,
    priority: (task) => -(position[task] as number),
    score: (_, __, finish) => finish,
  };
}
