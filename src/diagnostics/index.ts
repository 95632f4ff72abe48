/** `lazuli/diagnostics`: looking at runs while they go and afterwards. */
export type {
  Observer,
  RunFinishEvent,
  RunStartEvent,
  SpillEvent,
  TaskEndEvent,
  TaskErrorEvent,
  TaskStartEvent,
  TransferEvent,
} from '../scheduler/observer.js';
export type { ColourMode, RunRecord, TaskRecord } from './colour.js';
export type { Direction } from './dot.js';
export type { GroupMode } from './grouping.js';
export type { FunctionSummary, Profile } from './profile.js';
export { Profiler } from './profiler.js';
export { ProgressBar, type ProgressBarOptions, type ProgressStream } from './progress.js';
export type { Trace, TraceEvent } from './trace.js';
export type { VisualizeOptions } from './visualize.js';
