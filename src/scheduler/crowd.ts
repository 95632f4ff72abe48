/**
 * The runs that share one heap. A run that lacks memory waits, because another one will give some back; when every run
 * waits, nobody will, and the run that found out fails. So runs that fit one after the other also end when they are
 * started together.
 */
export class Crowd {
  #runs = 0;
  readonly #waiting = new Set<object>();

  enter(): void {
    this.#runs++;
  }

  leave(run: object): void {
    this.#runs--;
    this.#waiting.delete(run);
  }

  /** The run cannot go on for want of memory, or of something outside. False when no other run can go on either. */
  mayWait(run: object): boolean {
    this.#waiting.add(run);
    return this.#waiting.size < this.#runs;
  }

  /** The run goes on. */
  goesOn(run: object): void {
    this.#waiting.delete(run);
  }
}
