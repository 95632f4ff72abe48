/**
 * Options of a run: what there is, what each may be, and where a value comes from. A call beats configure(), which
 * beats the environment, which beats the default. An option that does not exist, or has a value it cannot have, is an
 * error that names it, before anything runs.
 */
import { availableParallelism } from 'node:os';
import { nearest, OptionError } from './errors.js';

export const deviceNames = ['js', 'wasm', 'gpu', 'onnx', 'tensorflow'] as const;
export type DeviceName = (typeof deviceNames)[number];
export type DeviceChoice = 'auto' | DeviceName | readonly DeviceName[];

/** The passes over a graph before it runs, by the names that `optimize` takes. */
export const passNames = ['fuse'] as const;
export type PassName = (typeof passNames)[number];

/** What float64 tasks may be computed in. */
export type Precision = 'float64' | 'float32';

export type ByteSize = number | string;
export type MemoryOption = ByteSize | { readonly host?: ByteSize; readonly gpu?: ByteSize };

/** Options that configure(), createRuntime() and every call take. */
export interface RuntimeOptions {
  /**
   * `'sync'`: this thread, one task at a time, in order. `'threads'`: the pool. `'auto'`: the pool too, but kernels that
   * would take less time than waking its threads run on this one. Default `'auto'`.
   */
  readonly scheduler?: 'auto' | 'sync' | 'threads' | undefined;
  /** Where kernels run: `'auto'`, one device, or a list of devices to choose from. Default `'auto'`. */
  readonly device?: DeviceChoice | undefined;
  /**
   * `'float64'`: every dtype is computed as it is. `'float32'`: devices of single precision may compute float64 tasks
   * too; results stay float64, with values rounded to float32 on their way in and out, and infinite beyond 3.4e38.
   * Default `'float64'`.
   */
  readonly precision?: Precision | undefined;
  /** Threads of the pool. Default: the available cores. */
  readonly workers?: number | undefined;
  /**
   * The most that arrays may take at once, whatever the program is: bytes, `'512 MiB'`, or one of these for each memory,
   * `{ host: '2 GiB', gpu: '1 GiB' }`. A program that needs more in any order writes to files what it needs last; one with
   * a task that needs more by itself is refused before it runs. Default: half of what is free, and no more than 3 GiB.
   */
  readonly memory?: MemoryOption | undefined;
  /** Whether arrays may be written to files when memory is short, or the folder for that. Default: the temporary one. */
  readonly spill?: boolean | string | undefined;
  /** Passes over the graph before it runs: all, none, or some by name. Default true. */
  readonly optimize?: boolean | readonly PassName[] | undefined;
  /** How often a failing task is tried again. Default 0. */
  readonly retries?: number | undefined;
  /** Milliseconds a task may take. Default: no limit. */
  readonly timeout?: number | undefined;
  /**
   * Matrix products with AVX2, about twice as fast, by an experimental optimisation of V8. Used where it was tried and
   * found good, a process of its own included; elsewhere all is as without it, and `devices()` says why. To be set
   * before the runtime first computes. Default false.
   */
  readonly revectorize?: boolean | undefined;
  /** `true` shows a progress bar on standard error; an observer is told of progress instead. Default false. */
  readonly progress?: boolean | object | undefined;
  /** Observers of every run: see `lazuli/diagnostics`. */
  readonly observers?: readonly object[] | undefined;
}

/** Options of one call of compute(), persist() or get(). */
export interface RunOptions extends Omit<RuntimeOptions, 'revectorize'> {
  /** Aborts the computation. */
  readonly signal?: AbortSignal | undefined;
}

type AnyOptions = RuntimeOptions & RunOptions;

/** Every option decided. */
export interface Settings {
  readonly scheduler: 'auto' | 'sync' | 'threads';
  readonly devices: readonly DeviceName[] | 'auto';
  readonly precision: Precision;
  readonly workers: number;
  /** Bytes by memory, where they were given. */
  readonly memory: { readonly host?: number; readonly gpu?: number };
  readonly spill: boolean | string;
  readonly passes: readonly PassName[];
  readonly retries: number;
  readonly timeout: number | undefined;
  readonly revectorize: boolean;
  readonly progress: boolean | object;
  readonly observers: readonly object[];
  readonly signal: AbortSignal | undefined;
}

type Check = (value: unknown) => string | undefined;

const wholeNumber =
  (least: number): Check =>
  (value) =>
    Number.isSafeInteger(value) && (value as number) >= least ? undefined : `a whole number ≥ ${least}`;

/** Names of devices beside those of the package. */
const addedNames: string[] = [];

/** Has options take another device's name. Returns what takes it back. */
export function addDeviceName(name: string): () => void {
  addedNames.push(name);
  return () => {
    const at = addedNames.indexOf(name);
    if (at >= 0) addedNames.splice(at, 1);
  };
}

const isDevice = (value: unknown): boolean =>
  (deviceNames as readonly unknown[]).includes(value) || (addedNames as readonly unknown[]).includes(value);

const deviceCheck: Check = (value) => {
  const fine =
    value === 'auto' || isDevice(value) || (Array.isArray(value) && value.length > 0 && value.every(isDevice));
  return fine ? undefined : `'auto', one of ${quoted(deviceNames)}, or a list of those`;
};

const checks: Readonly<Record<keyof AnyOptions, Check>> = {
  scheduler: (value) =>
    value === 'auto' || value === 'sync' || value === 'threads' ? undefined : "'auto', 'threads' or 'sync'",
  device: deviceCheck,
  workers: wholeNumber(1),
  precision: (value) => (value === 'float64' || value === 'float32' ? undefined : "'float64' or 'float32'"),
  memory: (value) => {
    const isPerMemory =
      isObject(value) &&
      Object.keys(value).length > 0 &&
      Object.entries(value).every(([name, size]) => ['host', 'gpu'].includes(name) && bytesIn(size) !== undefined);
    return isPerMemory || bytesIn(value) !== undefined
      ? undefined
      : "bytes > 0, text such as '512 MiB' or '2 GB', or { host, gpu } of those";
  },
  spill: (value) => {
    const fine = typeof value === 'boolean' || (typeof value === 'string' && value !== '');
    return fine ? undefined : 'true, false or the path of a folder';
  },
  optimize: (value) => {
    const isPass = (name: unknown): boolean => (passNames as readonly unknown[]).includes(name);
    const fine = typeof value === 'boolean' || (Array.isArray(value) && value.every(isPass));
    return fine ? undefined : `true, false or a list of passes (${quoted(passNames)})`;
  },
  retries: wholeNumber(0),
  timeout: (value) => (typeof value === 'number' && value > 0 ? undefined : 'milliseconds > 0'),
  revectorize: (value) => (typeof value === 'boolean' ? undefined : 'true or false'),
  progress: (value) => (typeof value === 'boolean' || isObject(value) ? undefined : 'true, false or an observer'),
  observers: (value) => (Array.isArray(value) && value.every(isObject) ? undefined : 'a list of observers'),
  signal: (value) => (value instanceof AbortSignal ? undefined : 'an AbortSignal'),
};

const optionNames = Object.keys(checks) as readonly (keyof AnyOptions)[];
const runOptionNames = optionNames.filter((name) => name !== 'revectorize');
const runtimeOptionNames = optionNames.filter((name) => name !== 'signal');

/** Environment variables, by the option they set. */
const environment: Readonly<Partial<Record<keyof AnyOptions, (text: string) => unknown>>> = {
  device: (text) => (text.includes(',') ? text.split(',').map((part) => part.trim()) : text),
  precision: (text) => text,
  workers: Number,
  memory: (text) => (/^\d+$/.test(text) ? Number(text) : text),
  spill: (text) => (/^(true|1)$/.test(text) ? true : /^(false|0)$/.test(text) ? false : text),
  revectorize: (text) => (/^(true|1)$/.test(text) ? true : /^(false|0)$/.test(text) ? false : text),
};

/** @throws OptionError naming the option, for options of a call (`'run'`) or of a runtime. */
export function checkOptions(options: unknown, where: string, kind: 'run' | 'runtime'): AnyOptions {
  if (options === undefined) return {};
  if (!isObject(options)) throw new OptionError(where, `${where}: options must be an object, not ${describe(options)}`);
  const names = kind === 'run' ? runOptionNames : runtimeOptionNames;
  for (const [name, value] of Object.entries(options)) {
    if (!(names as readonly string[]).includes(name)) {
      throw new OptionError(name, `${where}: there is no option '${name}'; ${hintFor(name, names)}`);
    }
    if (value === undefined) continue;
    const expected = checks[name as keyof AnyOptions](value);
    if (expected !== undefined) {
      throw new OptionError(name, `${where}: option '${name}' must be ${expected}, not ${describe(value)}`);
    }
  }
  return options;
}

function hintFor(name: string, names: readonly string[]): string {
  if (name === 'revectorize') return 'it is one of configure() and createRuntime()';
  const near = nearest(name, names);
  return near === undefined ? `there are ${names.join(', ')}` : `did you mean '${near}'?`;
}

/** What the environment says. @throws OptionError naming the variable. */
export function environmentOptions(env: Readonly<Record<string, string | undefined>> = process.env): AnyOptions {
  const options: Record<string, unknown> = {};
  for (const [name, parse] of Object.entries(environment)) {
    const variable = `LAZULI_${name.toUpperCase()}`;
    const text = env[variable];
    if (text === undefined || text === '') continue;
    const value = parse(text);
    const expected = checks[name as keyof AnyOptions](value);
    if (expected !== undefined) {
      throw new OptionError(variable, `environment variable ${variable} must be ${expected}, not '${text}'`);
    }
    options[name] = value;
  }
  return options;
}

let counted: number | undefined;

/** The available cores, asked for once: a small computation would spend a tenth of its time on the question. */
function cores(): number {
  counted ??= availableParallelism();
  return counted;
}

/** Merges options, the first ones strongest, and fills in the defaults. */
export function resolveSettings(...layers: readonly AnyOptions[]): Settings {
  const pick = <K extends keyof AnyOptions>(name: K): AnyOptions[K] | undefined =>
    layers.find((layer) => layer[name] !== undefined)?.[name];
  const device = pick('device') ?? 'auto';
  const optimize = pick('optimize') ?? true;
  return {
    scheduler: pick('scheduler') ?? 'auto',
    devices: typeof device === 'string' ? (device === 'auto' ? 'auto' : [device]) : device,
    precision: pick('precision') ?? 'float64',
    workers: pick('workers') ?? cores(),
    memory: bytesByMemory(pick('memory')),
    spill: pick('spill') ?? true,
    passes: optimize === true ? passNames : optimize === false ? [] : optimize,
    retries: pick('retries') ?? 0,
    timeout: pick('timeout'),
    revectorize: pick('revectorize') ?? false,
    progress: pick('progress') ?? false,
    observers: layers.flatMap((layer) => layer.observers ?? []),
    signal: pick('signal'),
  };
}

const units: Readonly<Record<string, number>> = {
  '': 1,
  b: 1,
  kb: 1e3,
  mb: 1e6,
  gb: 1e9,
  tb: 1e12,
  kib: 2 ** 10,
  mib: 2 ** 20,
  gib: 2 ** 30,
  tib: 2 ** 40,
};

/** A size in bytes; undefined for what is none. */
function bytesIn(value: unknown): number | undefined {
  if (typeof value === 'number') return Number.isFinite(value) && value > 0 ? Math.floor(value) : undefined;
  if (typeof value !== 'string') return undefined;
  const [, number, unit] = /^\s*(\d+(?:\.\d+)?)\s*([kmgt]?i?b?)\s*$/i.exec(value) ?? [];
  const factor = units[unit?.toLowerCase() ?? '?'];
  const bytes = Number(number) * (factor ?? Number.NaN);
  return bytes >= 1 ? Math.floor(bytes) : undefined;
}

function bytesByMemory(option: MemoryOption | undefined): Settings['memory'] {
  if (option === undefined) return {};
  if (typeof option !== 'object') return { host: bytesIn(option) as number };
  return Object.fromEntries(Object.entries(option).map(([name, size]) => [name, bytesIn(size)]));
}

function isObject(value: unknown): value is object {
  return typeof value === 'object' && value !== null;
}

function quoted(names: readonly string[]): string {
  return names.map((name) => `'${name}'`).join(', ');
}

function describe(value: unknown): string {
  if (typeof value === 'string') return `'${value}'`;
  if (Array.isArray(value)) return `[${value.map(describe).join(', ')}]`;
  return typeof value === 'function' ? 'a function' : String(value);
}
