/** Whole programs, as a user starts them: they run once, print what they should, and end by themselves. */
import { execFile } from 'node:child_process';
import { mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, expect, test } from 'vitest';

const run = promisify(execFile);
const root = new URL('../..', import.meta.url).pathname.replace(/\/$/, '');
const folder = mkdtempSync(join(tmpdir(), 'lazuli-programs-'));
symlinkSync(join(root, 'node_modules'), join(folder, 'node_modules'));
afterAll(() => rmSync(folder, { recursive: true }));

/** What a program starts with: one thread, and `call` to run a function there. */
const prelude = `
import { ThreadPool } from '${root}/dist/workers/pool.js';
import { ship } from '${root}/dist/workers/ship.js';
export const pool = new ThreadPool({ threads: 1 });
export async function call(fn, ...args) {
  const [outcome] = (await pool.runBatch({ calls: [{ fn: ship(fn), args }] })).calls;
  if (outcome.status !== 'done') throw outcome.error ?? new Error(outcome.status);
  return outcome.value;
}
`;
writeFileSync(join(folder, 'prelude.mjs'), prelude);

function file(name: string, text: string): string {
  writeFileSync(join(folder, name), text);
  return join(folder, name);
}

interface Output {
  readonly stdout: string;
  readonly stderr: string;
}

function node(args: readonly string[], env: Record<string, string> = {}): Promise<Output> {
  return run(process.execPath, args, {
    cwd: folder,
    env: { ...process.env, NODE_OPTIONS: '', ...env },
    timeout: 30_000,
  });
}

test('an idle pool does not keep the process alive, and nothing is printed beside what the program prints', async () => {
  const program = file(
    'idle.mjs',
    `import { call, pool } from './prelude.mjs';
     const k = 2;
     console.log(await call((x) => x * k, 21), pool.size);
     await call(() => { console.log('from the thread'); });
     console.log(await call(async () => (await import('ml-matrix')).Matrix.eye(2).get(1, 1)));`,
  );
  expect(await node([program])).toEqual({ stdout: '42 1\nfrom the thread\n1\n', stderr: '' });
});

test('a process that ends while a thread works ends', async () => {
  const program = file(
    'leave.mjs',
    `import { call } from './prelude.mjs';
     call(() => { for (;;); });
     setTimeout(() => process.exit(0), 300);`,
  );
  expect((await node([program])).stdout).toBe('');
});

test('a function is imported from its module, and the program is never run again', async () => {
  file(
    'tasks.mjs',
    `import { threadId } from 'node:worker_threads';
     let state = threadId;
     export const where = () => state;
     export function twice(x) { return 2 * x; }
     export { twice as renamed };
     export default class Model { constructor(x) { this.x = x; } }`,
  );
  const program = file(
    'main.mjs',
    `import { call } from './prelude.mjs';
     import { ship } from '${root}/dist/workers/ship.js';
     import Model, { twice, where } from './tasks.mjs';
     console.log('started');
     export function own(x) { return twice(x) + 1; }
     const kinds = (fn) => ship(fn).entries.map((entry) => entry.kind).join();
     console.log(kinds(where), kinds(own), kinds(Model));
     console.log(await call(where) > 0, where(), await call(own, 4), await call(() => new Model(1)) instanceof Model);`,
  );
  const { stdout, stderr } = await node([program]);
  expect(stdout).toBe('started\nimport function,import import\ntrue 0 9 true\n');
  expect(stderr).toBe('');
});

test('modules that run a program, or import one that does, travel by value', async () => {
  file(
    'awaiting.mjs',
    `import { call } from './prelude.mjs';
     console.log('awaiting starts');
     const k = 3;
     export const triple = (x) => x * k;
     export const answer = await call(triple, 14);`,
  );
  file('circular.mjs', `import { base } from './entry.mjs';\nexport const plus = (x) => x + base;`);
  const program = file(
    'entry.mjs',
    `import { call } from './prelude.mjs';
     import { plus } from './circular.mjs';
     export const base = 100;
     console.log('entry starts');
     const { answer, triple } = await import('./awaiting.mjs');
     console.log(answer, await call(triple, 2), await call(plus, 1));`,
  );
  const { stdout } = await node([program]);
  expect(stdout).toBe('entry starts\nawaiting starts\n42 6 101\n');
});

test('what a thread cannot import travels by value after all', async () => {
  file(
    'mainonly.mjs',
    `import { isMainThread } from 'node:worker_threads';
     if (!isMainThread) throw new Error('only for the main thread');
     const k = 5;
     export const times = (x) => x * k;
     export const viaHelper = (x) => times(x) + 1;`,
  );
  const program = file(
    'fallback.mjs',
    `import { call, pool } from './prelude.mjs';
     import { ship } from '${root}/dist/workers/ship.js';
     import { times, viaHelper } from './mainonly.mjs';
     console.log(ship(times).entries[0].kind, await call(times, 2), await call((x) => viaHelper(x), 2), await call(times, 3));
     const fine = (x) => x;
     const { calls } = await pool.runBatch({ calls: [fine, times, fine].map((fn) => ({ fn: ship(fn), args: [7] })) });
     console.log(calls.map((call) => call.value).join());
     const apply = ship((f, x) => f(x));
     const given = await pool.runBatch({ calls: [times, fine].map((f) => ({ fn: apply, args: [f, 7] })) });
     console.log(given.calls.map((call) => call.status + ' ' + (call.value ?? call.error.message)).join());`,
  );
  expect((await node([program])).stdout).toBe('import 10 11 15\n7,35,7\nfailed only for the main thread,done 7\n');
});

test('the program as an argument, on standard input and under other flags', async () => {
  const text = `
    const { ThreadPool } = await import('${root}/dist/workers/pool.js');
    const { ship } = await import('${root}/dist/workers/ship.js');
    const k = 2;
    const pool = new ThreadPool({ threads: 1 });
    const { calls } = await pool.runBatch({ calls: [{ fn: ship((x) => x * k), args: [3] }] });
    console.log(calls[0].value);`;
  expect((await node(['--input-type=module', '-e', text])).stdout).toBe('6\n');
  const common = `(async () => { const os = require('node:os'); ${text.replace('x * k', "x * k + typeof require('ml-matrix').Matrix + os.EOL.length")} })();`;
  expect((await node(['-e', common])).stdout).toBe('6function1\n');
  const program = file('flags.mjs', text);
  const flags = ['--expose-gc', '--max-old-space-size=512', '--inspect=0', '--stack-trace-limit=50', '--title=x'];
  expect((await node([...flags, program])).stdout).toBe('6\n');
  const typed = file('typed.mts', text.replace('const k = 2', 'const k: number = 2'));
  expect((await node([typed], { NODE_OPTIONS: '--import tsx' })).stdout).toBe('6\n');
});

test('a TypeScript module is imported by threads where there is a loader for it', async () => {
  file('typed-tasks.mts', `export const half = (x: number): number => x / 2;`);
  const program = file(
    'typed-main.mts',
    `import { call } from './prelude.mjs';
     import { ship } from '${root}/dist/workers/ship.js';
     import { half } from './typed-tasks.mts';
     console.log(ship(half).entries[0].kind, await call(half, 5), await call((x: number): number => half(x) + 1, 5));`,
  );
  expect((await node(['--import', 'tsx', program])).stdout).toBe('import 2.5 3.5\n');
});

test('an error left behind by a task becomes a warning, and the pool goes on', async () => {
  const program = file(
    'stray.mjs',
    `import { call, pool } from './prelude.mjs';
     await call(() => { setTimeout(() => { throw new Error('left behind'); }, 20); });
     await new Promise((resolve) => setTimeout(resolve, 300));
     console.log(pool.size, await call((x) => x + 1, 1));`,
  );
  const { stdout, stderr } = await node([program]);
  expect(stdout).toBe('0 2\n');
  expect(stderr).toMatch(/idle.*left behind/);
});

test('threads that cannot start are an error, not a wait', async () => {
  file('broken.cjs', `if (!require('node:worker_threads').isMainThread) throw new Error('no threads here');`);
  const program = file(
    'nostart.mjs',
    `import { call } from './prelude.mjs';
     for (let i = 0; i < 2; i++) await call((x) => x, 1).catch((error) => console.log(error.code, error.message));`,
  );
  const { stdout } = await node(['--require', './broken.cjs', program]);
  expect(stdout.trim().split('\n')).toHaveLength(2);
  for (const line of stdout.trim().split('\n')) expect(line).toMatch(/LAZULI_WORKER_LOST.*no threads here/);
});

test('a closure of a process that is being debugged', async () => {
  const program = file(
    'session.mjs',
    `import { Session } from 'node:inspector';
     import { call } from './prelude.mjs';
     const session = new Session();
     session.connect();
     session.post('Debugger.enable');
     session.post('Runtime.enable');
     const k = 4;
     console.log(await call((x) => x * k, 2));
     session.post('Runtime.evaluate', { expression: '1 + 1' }, (error, { result }) => console.log(result.value));
     session.disconnect();`,
  );
  expect((await node([program])).stdout).toBe('8\n2\n');
});
