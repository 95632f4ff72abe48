/**
 * Predictions that turn out wrong by more than half within a run: the times of the kernel on that device are multiplied by
 * what was seen, for all its calls that have not started. (Between runs the cost model learns; this is for the one run
 * that the model was wrong about.)
 */
import type { Program } from '../graph/program.js';

/** Wrong by more than half, either way, and by more than the clock can tell. */
const WRONG = Math.log(1.5);
const LEAST_SECONDS = 1e-3;
/** Each revision looks at all calls of the kernel. */
const MOST = 64;

export class Revisions {
  readonly #program: Program;
  readonly #seconds: Float64Array;
  readonly #devices: number;
  #tasks: Map<string, number[]> | undefined;
  #count = 0;

  /** @param seconds predicted, by task and device; corrected here */
  constructor(program: Program, seconds: Float64Array, devices: number) {
    this.#program = program;
    this.#seconds = seconds;
    this.#devices = devices;
  }

  /** What a call says of the others of its kernel; undefined when it took about what was predicted. */
  of(
    task: number,
    device: number,
    seconds: number,
  ): { readonly tasks: readonly number[]; readonly factor: number } | undefined {
    const predicted = this.#seconds[task * this.#devices + device] as number;
    if (!(predicted > 0 && predicted < Number.POSITIVE_INFINITY)) return undefined;
    const error = Math.log(Math.max(seconds, LEAST_SECONDS) / Math.max(predicted, LEAST_SECONDS));
    if (!(Math.abs(error) > WRONG) || this.#count >= MOST) return undefined;
    this.#count++;
    const factor = Math.max(seconds, LEAST_SECONDS) / predicted;
    const tasks = this.#callsOf(task);
    for (const other of tasks) (this.#seconds[other * this.#devices + device] as number) *= factor;
    return { tasks, factor };
  }

  #callsOf(task: number): readonly number[] {
    this.#tasks ??= this.#byKernel();
    return this.#tasks.get(this.#program.nodes[task]?.op.name ?? '') ?? [];
  }

  #byKernel(): Map<string, number[]> {
    const found = new Map<string, number[]>();
    this.#program.nodes.forEach(({ op }, task) => {
      if (op.kind !== 'kernel') return;
      const tasks = found.get(op.name);
      if (tasks === undefined) found.set(op.name, [task]);
      else tasks.push(task);
    });
    return found;
  }
}
