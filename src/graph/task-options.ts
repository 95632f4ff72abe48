/**
 * Task options: checked by name and value when `delayed` or `.with` is called, so that a mistyped option is an error
 * and never silently ignored.
 */
import { nearest, OptionError } from '../errors.js';
import type { CostHint, TaskSettings } from './node.js';

/** The options of one task; `A` are the parameters of its function. */
export interface TaskOptions<A extends readonly unknown[] = readonly never[]> {
  /** Prefix of the key; default the function's own name. */
  readonly name?: string | undefined;
  /** The whole key. Two different tasks with one key are an error. */
  readonly key?: string | undefined;
  /** Same function and arguments → same key, so it runs once. Default false. */
  readonly pure?: boolean | undefined;
  /** Number of outputs: the result can be destructured into that many delayed values. */
  readonly nout?: number | undefined;
  /** A device, or those to choose from. */
  readonly device?: string | readonly string[] | undefined;
  /** What the task costs, or a function of its arguments that says so. */
  readonly cost?: CostHint | ((...args: A) => CostHint) | undefined;
  /** Bytes that the task needs while it runs. */
  readonly memory?: number | undefined;
  /** How often the task is tried again after it failed. */
  readonly retries?: number | undefined;
  /** Milliseconds after which the task fails. */
  readonly timeout?: number | undefined;
  /** Higher runs earlier where the graph leaves the choice. Default 0. */
  readonly priority?: number | undefined;
}

/** The options of `delayed(value)`. */
export interface ValueOptions extends TaskOptions {
  /** false: the value is taken as it is, not searched for delayed values. Default true. */
  readonly traverse?: boolean | undefined;
}

const devices = ['auto', 'js', 'wasm', 'gpu', 'onnx', 'tensorflow'];

type Check = { readonly expected: string; readonly ok: (value: unknown) => boolean };

const text: Check = { expected: 'a string that is not empty', ok: (v) => typeof v === 'string' && v !== '' };
const flag: Check = { expected: 'true or false', ok: (v) => typeof v === 'boolean' };
const whole = (least: number): Check => ({
  expected: `a whole number ≥ ${least}`,
  ok: (v) => Number.isSafeInteger(v) && (v as number) >= least,
});

const checks: Readonly<Record<keyof ValueOptions, Check>> = {
  name: text,
  key: text,
  pure: flag,
  nout: whole(1),
  device: {
    expected: `one of ${devices.map((name) => `'${name}'`).join(', ')}, or a list of them`,
    ok: (v) => (Array.isArray(v) ? v.length > 0 && v.every(isDeviceName) : isDeviceName(v)),
  },
  cost: {
    expected: '{ flops, bytes, seconds }, each a number ≥ 0 and optional, or a function of the arguments',
    ok: (v) => typeof v === 'function' || isCostHint(v),
  },
  memory: { expected: 'a number of bytes ≥ 0', ok: (v) => Number.isFinite(v) && (v as number) >= 0 },
  retries: whole(0),
  timeout: { expected: 'a number of milliseconds > 0', ok: (v) => Number.isFinite(v) && (v as number) > 0 },
  priority: { expected: 'a finite number', ok: Number.isFinite },
  traverse: flag,
};

function isDeviceName(value: unknown): boolean {
  return typeof value === 'string' && devices.includes(value);
}

function isCostHint(value: unknown): boolean {
  if (typeof value !== 'object' || value === null) return false;
  return Object.entries(value).every(
    ([name, part]) =>
      ['flops', 'bytes', 'seconds'].includes(name) && (part === undefined || (typeof part === 'number' && part >= 0)),
  );
}

/**
 * Checks every name and value. `where` names the call in messages; `traverse` is known only to values.
 *
 * @throws OptionError naming the option, and the one that was probably meant.
 */
export function checkTaskOptions(options: ValueOptions, where: string, isValue: boolean): void {
  if (typeof options !== 'object' || options === null || Array.isArray(options)) {
    throw new OptionError('options', `${where}: the options are ${describe(options)}; expected an object`);
  }
  const known = Object.keys(checks).filter((name) => isValue || name !== 'traverse');
  for (const [name, value] of Object.entries(options)) {
    if (!known.includes(name)) throw unknownOption(name, where, known);
    const check = checks[name as keyof ValueOptions];
    if (value === undefined || check.ok(value)) continue;
    throw new OptionError(name, `${where}: option '${name}' is ${describe(value)}; expected ${check.expected}`);
  }
}

function unknownOption(name: string, where: string, known: readonly string[]): OptionError {
  if (name === 'traverse') {
    return new OptionError(name, `${where}: 'traverse' is an option of delayed(value), not of a delayed function`);
  }
  const near = nearest(name, known);
  const advice = near === undefined ? `the options are ${known.join(', ')}` : `did you mean '${near}'?`;
  return new OptionError(name, `${where}: there is no option '${name}'; ${advice}`);
}

function describe(value: unknown): string {
  if (typeof value === 'function') return 'a function';
  try {
    return JSON.stringify(value) ?? String(value);
  } catch {
    return typeof value;
  }
}

/** The part of the options that a task carries; undefined where they say nothing of it. */
export function settingsOf(options: TaskOptions): TaskSettings | undefined {
  const { device, cost, memory, retries, timeout, priority, nout } = options;
  const all = { device, cost, memory, retries, timeout, priority, nout };
  const given = Object.entries(all).filter(([, value]) => value !== undefined);
  return given.length === 0 ? undefined : Object.freeze(Object.fromEntries(given));
}
