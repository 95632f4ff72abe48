/** Where every task of a run stands, as a struct of arrays, and the sets of those that may start. */
import type { Program } from '../graph/program.js';
import type { Keeper } from './keeper.js';
import { ReadySet, type RunOrder } from './ready-set.js';
import { CALL, ELSEWHERE, KERNEL } from './ways.js';

export const WAITING = 0;
export const STARTED = 1;
export const DONE = 2;

export class TaskTable {
  readonly program: Program;
  readonly way: Uint8Array;
  readonly state: Uint8Array;
  /** Dependencies that still keep a task from starting; for an admissible kernel, those not admitted themselves. */
  readonly blocking: Int32Array;
  /** Dependencies that are neither done nor in flight: of a task outside the window, when it will be known to be ready. */
  readonly distant: Int32Array;
  /** The ticket of an admitted kernel, or of the kernel behind an output; -1 when none is in flight. */
  readonly ticket: Int32Array;
  /** Ready to run on the main thread, to be sent to the pool, to be admitted to the window. */
  readonly here: ReadySet;
  readonly callable: ReadySet;
  readonly admissible: ReadySet;
  /** Who says what may start, where memory may run short. */
  keeper: Keeper | undefined;

  /** @param order what starts first of what is ready; default: the program's own order */
  constructor(program: Program, way: Uint8Array, order?: RunOrder) {
    const n = program.nodes.length;
    this.program = program;
    this.way = way;
    this.state = new Uint8Array(n);
    this.blocking = program.pending.slice();
    this.distant = program.pending.slice();
    this.ticket = new Int32Array(n).fill(-1);
    this.here = new ReadySet(n, order);
    this.callable = new ReadySet(n, order);
    this.admissible = new ReadySet(n, order);
  }

  /** The first task of a ready set that may start now, left in the set; -1 when there is none. */
  pick(ready: ReadySet): number {
    return this.keeper === undefined ? ready.first() : this.keeper.pick(ready);
  }

  start(task: number): void {
    this.state[task] = STARTED;
    this.keeper?.started(task);
  }

  /** A task that had started waits again. */
  stop(task: number): void {
    this.state[task] = WAITING;
    this.keeper?.stopped(task);
  }

  finish(task: number): void {
    this.state[task] = DONE;
    this.keeper?.ended(task);
  }

  makeReady(task: number): void {
    const way = this.way[task];
    if (way === KERNEL) this.admissible.add(task);
    else if (way === CALL) this.callable.add(task);
    else if (way !== ELSEWHERE) this.here.add(task);
  }

  /** One dependency less in the way of a task. */
  unblock(task: number): void {
    const left = (this.blocking[task] as number) - 1;
    this.blocking[task] = left;
    // One that follows its only missing input in a thread has started already.
    if (left === 0 && this.state[task] === WAITING) this.makeReady(task);
  }

  /** Sends a task another way; it starts when all its dependencies are done. */
  reroute(task: number, way: number): void {
    const { depStart, deps } = this.program;
    let blocking = 0;
    let distant = 0;
    for (let e = depStart[task] as number; e < (depStart[task + 1] as number); e++) {
      const dep = deps[e] as number;
      if (this.state[dep] === DONE) continue;
      blocking++;
      if ((this.ticket[dep] as number) < 0) distant++;
    }
    this.way[task] = way;
    this.blocking[task] = blocking;
    this.distant[task] = distant;
    if (blocking === 0) this.makeReady(task);
  }
}
