/**
 * What the planning modules know of a graph: how long its tasks take, how large their results are and who needs them,
 * as plain arrays over integer ids. They never see functions, kernels or threads, so the same lines plan a simulated
 * graph and a real one.
 *
 * A datum is what one task gives, or something that was there before. Task i gives datum i; the data that were there
 * before follow, from `size` on. Tasks are numbered so that each comes after those whose results it takes.
 */
import { ArgumentError } from '../errors.js';

export interface Workload {
  /** The number of tasks. */
  readonly size: number;
  /** Task i takes the data inputs[inputStart[i]] … inputs[inputStart[i + 1] − 1], none of them twice. */
  readonly inputStart: Int32Array;
  readonly inputs: Int32Array;
  /** Datum d is taken by the tasks users[userStart[d]] … users[userStart[d + 1] − 1], in ascending order. */
  readonly userStart: Int32Array;
  readonly users: Int32Array;
  /** The size of each datum in bytes. */
  readonly bytes: Float64Array;
  /** Bytes that each task needs while it runs, besides what it takes and gives. */
  readonly scratch: Float64Array;
  /** 1 for a datum that outlives the run, such as a result; others are dropped when the last task has taken them. */
  readonly kept: Uint8Array;
  /** How many devices `seconds` speaks of. */
  readonly devices: number;
  /** Predicted seconds of task i on device d at [i·devices + d]; Infinity where d has no body for it. */
  readonly seconds: Float64Array;
}

/** One task of `workload`. */
export interface TaskSpec {
  /** Data that it takes: ids of earlier tasks, or `count + j` for the j-th given datum, where `count` tasks there are. */
  readonly inputs?: readonly number[];
  /** Bytes of what it gives. Default 0. */
  readonly bytes?: number;
  readonly scratch?: number;
  readonly kept?: boolean;
  /** By device. */
  readonly seconds: readonly number[];
}

/** A datum that is there before the run. */
export interface GivenSpec {
  readonly bytes: number;
  readonly kept?: boolean;
}

/**
 * A workload of these tasks. Linear in tasks and inputs.
 *
 * @throws ArgumentError where a task takes what comes after it, or speaks of other devices than the first task.
 */
export function workload(tasks: readonly TaskSpec[], given: readonly GivenSpec[] = []): Workload {
  const size = tasks.length;
  const data = size + given.length;
  const devices = tasks[0]?.seconds.length ?? 1;
  const inputStart = new Int32Array(size + 1);
  const list: number[] = [];
  const bytes = new Float64Array(data);
  const scratch = new Float64Array(size);
  const kept = new Uint8Array(data);
  const seconds = new Float64Array(size * devices);
  tasks.forEach((task, i) => {
    if (task.seconds.length !== devices) {
      throw new ArgumentError(
        `workload: task ${i} has ${task.seconds.length} times and task 0 has ${devices}; every task needs one for each device`,
      );
    }
    for (const datum of new Set(task.inputs)) {
      if (!Number.isInteger(datum) || datum < 0 || datum >= data || (datum >= i && datum < size)) {
        throw new ArgumentError(`workload: task ${i} takes ${datum}, which is neither an earlier task nor given`);
      }
      list.push(datum);
    }
    inputStart[i + 1] = list.length;
    bytes[i] = task.bytes ?? 0;
    scratch[i] = task.scratch ?? 0;
    kept[i] = task.kept === true ? 1 : 0;
    seconds.set(task.seconds, i * devices);
  });
  given.forEach((datum, j) => {
    bytes[size + j] = datum.bytes;
    kept[size + j] = datum.kept === true ? 1 : 0;
  });
  const inputs = Int32Array.from(list);
  return {
    size,
    inputStart,
    inputs,
    ...usersOf(size, data, inputStart, inputs),
    bytes,
    scratch,
    kept,
    devices,
    seconds,
  };
}

/** Who takes each datum, from who takes what. */
export function usersOf(
  size: number,
  data: number,
  inputStart: Int32Array,
  inputs: Int32Array,
): Pick<Workload, 'userStart' | 'users'> {
  const userStart = new Int32Array(data + 1);
  for (const datum of inputs) (userStart[datum + 1] as number)++;
  for (let d = 0; d < data; d++) (userStart[d + 1] as number) += userStart[d] as number;
  const users = new Int32Array(inputs.length);
  const cursor = userStart.slice(0, data);
  for (let i = 0; i < size; i++) {
    for (let e = inputStart[i] as number; e < (inputStart[i + 1] as number); e++) {
      const datum = inputs[e] as number;
      users[(cursor[datum] as number)++] = i;
    }
  }
  return { userStart, users };
}

/** How many tasks' results each task takes: what must end before it starts. */
export function waitsOf({ size, inputStart, inputs }: Workload): Int32Array {
  const waits = new Int32Array(size);
  for (let i = 0; i < size; i++) {
    for (let e = inputStart[i] as number; e < (inputStart[i + 1] as number); e++) {
      if ((inputs[e] as number) < size) (waits[i] as number)++;
    }
  }
  return waits;
}

/** How many tasks take each datum. */
export function usesOf({ userStart }: Workload): Int32Array {
  const uses = new Int32Array(userStart.length - 1);
  for (let d = 0; d < uses.length; d++) uses[d] = (userStart[d + 1] as number) - (userStart[d] as number);
  return uses;
}
