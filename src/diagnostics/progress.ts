/**
 * A progress line for a run. On a terminal one line is redrawn in place, at most ten times a second; elsewhere (a log
 * file, CI) a plain line appears after the first second and then ever more rarely, and nothing at all for a run that
 * is over before. The cursor is never hidden and the timer never keeps the process alive, so an interrupted program
 * leaves nothing behind but the last line.
 */
import { OptionError } from '../errors.js';
import type { Observer, RunFinishEvent, RunStartEvent, TaskErrorEvent, TaskStartEvent } from '../scheduler/observer.js';
import { formatCount, formatSeconds, plural, shorten } from './format.js';
import { checkNames } from './options.js';

/** What a progress bar writes to; `process.stderr` is one. */
export interface ProgressStream {
  write(text: string): unknown;
  readonly isTTY?: boolean | undefined;
  readonly columns?: number | undefined;
}

export interface ProgressBarOptions {
  /** Default `process.stderr`. */
  readonly stream?: ProgressStream;
  /** Put before the bar. Default none. */
  readonly label?: string;
  /** Milliseconds, for tests. Default `performance.now`. */
  readonly clock?: () => number;
}

const redrawEvery = 100;
const firstLineAfter = 1000;
const barCells = 24;

/**
 * Shows how far a run is: `compute(x, { observers: [new ProgressBar()] })`, the same as `{ progress: true }`. One bar
 * follows one run at a time and may be used again for the next.
 *
 * ```text
 * ███████████░░░░░░░░░░░░░  47%  65 of 138 tasks  1.2 s, about 1.4 s left  score
 * ```
 */
export class ProgressBar implements Observer {
  readonly #stream: ProgressStream;
  readonly #label: string;
  readonly #clock: () => number;
  #timer: ReturnType<typeof setInterval> | undefined;
  #isRunning = false;
  #total = 0;
  #done = 0;
  #retries = 0;
  #failedKey: string | undefined;
  #latest = '';
  #startedAt = 0;
  #drawnAt = 0;
  #nextLineAt = 0;
  #wroteLine = false;

  constructor(options: ProgressBarOptions = {}) {
    checkNames('ProgressBar', options, ['stream', 'label', 'clock']);
    if (options.stream !== undefined && typeof options.stream.write !== 'function') {
      throw new OptionError('stream', 'stream is something to write text to, such as process.stderr');
    }
    this.#stream = options.stream ?? process.stderr;
    this.#label = options.label === undefined ? '' : `${options.label}  `;
    this.#clock = options.clock ?? (() => performance.now());
  }

  onStart(run: RunStartEvent): void {
    this.#stop();
    this.#isRunning = true;
    this.#total = run.tasks;
    this.#done = 0;
    this.#retries = 0;
    this.#failedKey = undefined;
    this.#latest = '';
    this.#startedAt = this.#clock();
    this.#drawnAt = this.#startedAt;
    this.#nextLineAt = firstLineAfter;
    this.#wroteLine = false;
    this.#timer = setInterval(() => this.#update(), redrawEvery);
    this.#timer.unref();
  }

  onTaskStart(task: TaskStartEvent): void {
    this.#latest = task.name;
    this.#update();
  }

  onTaskEnd(): void {
    this.#done++;
    // A synchronous run never lets the timer fire, so events redraw as well.
    this.#update();
  }

  onError(failure: TaskErrorEvent): void {
    if (failure.retrying) this.#retries++;
    else this.#failedKey = failure.key;
  }

  onFinish(run: RunFinishEvent): void {
    if (!this.#isRunning) return;
    this.#stop();
    this.#done = Math.max(this.#done, run.tasks);
    const elapsed = this.#clock() - this.#startedAt;
    const isTerminal = this.#stream.isTTY === true;
    if (!isTerminal && !this.#wroteLine && elapsed < firstLineAfter) return;
    this.#stream.write(
      isTerminal ? `\r${this.#fit(this.#summary(run, elapsed))}\x1b[K\n` : `${this.#summary(run, elapsed)}\n`,
    );
  }

  #stop(): void {
    clearInterval(this.#timer);
    this.#timer = undefined;
    this.#isRunning = false;
  }

  #update(): void {
    if (!this.#isRunning) return;
    const now = this.#clock();
    if (now - this.#drawnAt < redrawEvery) return;
    this.#drawnAt = now;
    const elapsed = now - this.#startedAt;
    if (this.#stream.isTTY === true) {
      this.#stream.write(`\r${this.#fit(this.#line(elapsed))}\x1b[K`);
    } else if (elapsed >= this.#nextLineAt) {
      this.#nextLineAt = elapsed * 2;
      this.#wroteLine = true;
      this.#stream.write(`${this.#label}${this.#counts()}, ${this.#times(elapsed)}\n`);
    }
  }

  #line(elapsed: number): string {
    const share = this.#share();
    const full = Math.round(share * barCells);
    const bar = '█'.repeat(full) + '░'.repeat(barCells - full);
    const percent = `${Math.floor(share * 100)}%`.padStart(4);
    return `${this.#label}${bar} ${percent}  ${this.#counts()}  ${this.#times(elapsed)}  ${shorten(printable(this.#latest), 24)}`.trimEnd();
  }

  #share(): number {
    return this.#total === 0 ? 1 : Math.min(1, this.#done / this.#total);
  }

  #counts(): string {
    const retries = this.#retries === 0 ? '' : ` (${formatCount(this.#retries)} retried)`;
    return `${formatCount(this.#done)} of ${plural(this.#total, 'task')}${retries}`;
  }

  #times(elapsed: number): string {
    const share = this.#share();
    const left =
      share > 0 && share < 1 ? `, about ${formatSeconds(((elapsed / share) * (1 - share)) / 1000)} left` : '';
    return `${formatSeconds(elapsed / 1000)}${left}`;
  }

  #summary(run: RunFinishEvent, elapsed: number): string {
    const time = formatSeconds(elapsed / 1000);
    if (run.ok)
      return `${this.#label}${plural(this.#done, 'task')} in ${time}${this.#retries > 0 ? `, ${formatCount(this.#retries)} retried` : ''}`;
    const why = this.#failedKey === undefined ? 'stopped' : `failed at '${shorten(printable(this.#failedKey), 40)}'`;
    return `${this.#label}${why} after ${this.#counts()}, ${time}`;
  }

  /** One row of the terminal: a line that wraps could not be redrawn in place. */
  #fit(line: string): string {
    const columns = this.#stream.columns ?? 80;
    const characters = [...line];
    return characters.length < columns ? line : characters.slice(0, Math.max(1, columns - 1)).join('');
  }
}

/** Names come from user code: nothing of them may move the cursor. */
function printable(text: string): string {
  return text.replace(/\p{Cc}/gu, ' ');
}
