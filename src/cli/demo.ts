/**
 * `lazuli demo`: runs an example of the package, compiled beside the library, as a program of its own. The examples say
 * what their options mean and check the values; here are only the names.
 */
import { spawn } from 'node:child_process';
import { constants } from 'node:os';
import { fileURLToPath } from 'node:url';
import { nearest } from '../errors.js';
import { type Command, UsageError } from './command.js';

interface Demo {
  readonly file: string;
  readonly options: readonly string[];
}

/** Options that all have. */
const common = ['workers', 'device', 'precision', 'scheduler', 'out'];

const demos: Readonly<Record<string, Demo>> = {
  pipeline: { file: 'pipeline.js', options: [...common] },
  svd: {
    file: 'svd-in-blocks.js',
    options: ['rows', 'columns', 'chunk', 'k', ...common],
  },
  'nested-cv': { file: 'nested-cross-validation.js', options: ['data', ...common] },
};
const names = Object.keys(demos);

export const demo: Command = {
  summary: 'run an example on real data',
  argument: names.join('|'),
  options: {
    data: ['name', 'breast_cancer, digits, or the path of a .csv file (nested-cv)'],
    rows: ['count', 'of the matrix; 5000 by default (svd)'],
    columns: ['count', 'of the matrix; 1000 by default (svd)'],
    chunk: ['count', 'rows and columns of a block; 1000 by default (svd)'],
    k: ['count', 'values of the compressed decomposition; 100 by default (svd)'],
    workers: ['count', 'threads; all cores by default'],
    device: ['name', 'auto (default), the name of a device, or several: gpu,wasm'],
    precision: ['name', 'float64, or float32: devices of single precision may compute float64 tasks'],
    scheduler: ['name', 'threads (default) or sync'],
    out: ['folder', 'where files are written; out by default'],
  },
  run({ positionals: [name, extra], values }) {
    if (name === undefined) throw new UsageError(`lazuli demo: say which: ${names.join(' or ')}`);
    if (extra !== undefined) throw new UsageError(`lazuli demo ${name} takes no argument, not '${extra}'`);
    const found = Object.hasOwn(demos, name) ? demos[name] : undefined;
    if (found === undefined) {
      const near = nearest(name, names);
      const hint = near === undefined ? `there are ${names.join(', ')}` : `did you mean '${near}'?`;
      throw new UsageError(`lazuli demo: there is no demo '${name}'; ${hint}`);
    }
    const misplaced = Object.keys(values).find((option) => !found.options.includes(option));
    if (misplaced !== undefined) throw new UsageError(`lazuli demo ${name} has no option '--${misplaced}'`);
    const options = Object.entries(values).map(([option, value]) => `--${option}=${value}`);
    return runProgram(new URL(`../examples/${found.file}`, import.meta.url), options);
  },
};

/** The exit code of a program of Node, which has this process's terminal; a signal counts as shells count it. */
function runProgram(url: URL, args: readonly string[]): Promise<number> {
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, [...process.execArgv, fileURLToPath(url), ...args], { stdio: 'inherit' });
    child.on('error', reject);
    child.on('exit', (code, signal) => resolve(code ?? 128 + (signal === null ? 0 : constants.signals[signal])));
  });
}
