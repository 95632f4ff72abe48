/** The command line of the examples: which options there are, and what each may be; and how they end. */
import { availableParallelism } from 'node:os';
import { parseArgs } from 'node:util';

const devices = ['js', 'wasm', 'gpu', 'onnx', 'tensorflow'] as const;
const precisions = ['float64', 'float32'] as const;
const schedulers = ['threads', 'sync'] as const;

const common = {
  workers: { type: 'string', default: String(availableParallelism()) },
  device: { type: 'string', default: 'auto' },
  precision: { type: 'string' },
  scheduler: { type: 'string', default: 'threads' },
  out: { type: 'string', default: 'out' },
} as const;

export type Options = ReturnType<typeof readCommon>;

/** The options that all examples have. A wrong one ends the program with a message. */
export function readOptions(): Options {
  return orExit(() => readCommon(parseArgs({ options: common }).values));
}

/** The same, and `--data`: one of `names`, the first by default, or the path of a CSV file. */
export function readOptionsWithData(names: readonly string[]): Options & { readonly data: string } {
  return orExit(() => {
    const { values } = parseArgs({ options: { ...common, data: { type: 'string', default: names[0] ?? '' } } });
    const { data } = values;
    if (!names.includes(data) && !data.endsWith('.csv')) {
      throw new Error(`--data is '${data}'; use ${names.join(', ')} or the path of a .csv file`);
    }
    return { ...readCommon(values), data };
  });
}

/** The same, and whole numbers of at least 1 by name, with what they are by default. */
export function readOptionsWithCounts<K extends string>(
  defaults: Readonly<Record<K, number>>,
): Options & Readonly<Record<K, number>> {
  return orExit(() => {
    const names = Object.keys(defaults) as K[];
    const own = Object.fromEntries(names.map((name) => [name, { type: 'string' as const }]));
    const { values } = parseArgs({ options: { ...own, ...common } });
    const given: Readonly<Record<string, string | undefined>> = values;
    const counts = names.map((name) => [name, count(name, given[name] ?? String(defaults[name]))]);
    return { ...readCommon(values), ...(Object.fromEntries(counts) as Record<K, number>) };
  });
}

/** Runs a program; an error ends it with what it says. */
export async function run(main: () => Promise<void>): Promise<void> {
  try {
    await main();
  } catch (error) {
    console.error(error instanceof Error ? `${error.name}: ${error.message}` : error);
    process.exitCode = 1;
  }
}

type Given = Readonly<Record<'workers' | 'device' | 'scheduler' | 'out', string>> & { readonly precision?: string };

function readCommon({ workers, device, precision, scheduler, out }: Given) {
  return {
    workers: count('workers', workers),
    device: deviceOf(device),
    // left to LAZULI_PRECISION where it is not given
    precision: precision === undefined ? undefined : oneOf('precision', precision, precisions),
    scheduler: oneOf('scheduler', scheduler, schedulers),
    out,
  };
}

/** What runs kernels: `auto`, one device, or several with commas between them. */
function deviceOf(text: string) {
  const [first = '', ...others] = text.split(',').map((name) => name.trim());
  const one = oneOf('device', first, ['auto', ...devices] as const);
  if (one === 'auto' && others.length === 0) return one;
  return [first, ...others].map((name) => oneOf('device', name, devices));
}

function count(option: string, value: string): number {
  const number = Number(value);
  if (Number.isSafeInteger(number) && number >= 1) return number;
  throw new Error(`--${option} is '${value}'; use a whole number of at least 1`);
}

function oneOf<T extends string>(option: string, value: string, values: readonly T[]): T {
  const found = values.find((one) => one === value);
  if (found === undefined) throw new Error(`--${option} is '${value}'; use ${values.join(', ')}`);
  return found;
}

function orExit<T>(read: () => T): T {
  try {
    return read();
  } catch (error) {
    console.error(error instanceof Error ? error.message : error);
    process.exit(2);
  }
}
