/** What a plan says: the data, which survive JSON, and how to ask for more. */
import type { Explanation } from './explain.js';
import type { PlatformTable } from './platform-table.js';

/** One task of a plan. Times are seconds since the begin of the run. */
export interface PlannedTask {
  readonly key: string;
  readonly device: string;
  readonly start: number;
  readonly end: number;
  /** Of its result, as far as they are known; 0 for what is not an array. */
  readonly bytes: number;
}

/** What a run is predicted to do. */
export interface Plan {
  /** Predicted seconds from begin to end. */
  readonly makespan: number;
  /** No schedule on this platform ends sooner, by the same predictions. */
  readonly lowerBound: number;
  /** The most bytes at once, by memory. */
  readonly peak: Readonly<Record<string, number>>;
  /** How the schedule was found: `'order'` for the order of a run on threads alone, else the best of the portfolio. */
  readonly policy: string;
  /** Bytes that have to be written to files, so that the rest fits. */
  readonly spilled: number;
  /** In the order of their starts. */
  readonly tasks: readonly PlannedTask[];
  /** The platform that was planned for, as JSON: changed, it is the `platform` of a what-if. */
  readonly platform: PlatformTable;
  /**
   * What each device would have meant for a task, and why it lost: data, and as a string a table.
   * @throws ArgumentError for a key that is not planned
   */
  explain(key: string): Explanation;
  /** A table of all tasks; of many, by kind, with the first and the last. */
  toString(): string;
}
