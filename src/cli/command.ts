/** What a command of `lazuli` is. */

export interface Command {
  /** One line for the list of commands. */
  readonly summary: string;
  /** The argument it takes, as help shows it. */
  readonly argument?: string;
  /** Options by name: what the value is, and what it does. All take a value. */
  readonly options: Readonly<Record<string, readonly [value: string, meaning: string]>>;
  /** @returns the exit code. @throws UsageError when it was called wrongly. */
  run(call: Call): number | Promise<number>;
}

export interface Call {
  readonly positionals: readonly string[];
  readonly values: Readonly<Record<string, string>>;
}

/** The command line asks for something that does not exist. */
export class UsageError extends Error {}
