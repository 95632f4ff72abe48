/**
 * The package as it is published: packed, unpacked beside its dependencies in a folder of its own, and used from there
 * by a program and by the compiler as strict as it can be.
 */
import { execFile } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { publint } from 'publint';
import { formatMessage } from 'publint/utils';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

const root = fileURLToPath(new URL('../..', import.meta.url));
const folder = mkdtempSync(join(tmpdir(), 'lazuli-package-'));
const tarballs = join(folder, 'tarballs');
const user = join(folder, 'user');
const modules = join(user, 'node_modules');
const env = { ...process.env, NODE_OPTIONS: '', NO_COLOR: '1', FORCE_COLOR: undefined };

interface Manifest {
  readonly name: string;
  readonly version: string;
  readonly dependencies: Readonly<Record<string, string>>;
  readonly bin: Readonly<Record<string, string>>;
}
const manifest = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as Manifest;
const tarball = join(tarballs, `${manifest.name}-${manifest.version}.tgz`);
let packed: readonly string[] = [];

function run(program: string, args: readonly string[], cwd = user): Promise<{ stdout: string; stderr: string }> {
  return promisify(execFile)(program, args, { cwd, env, timeout: 60_000 });
}

function node(program: string, ...args: readonly string[]): Promise<{ stdout: string; stderr: string }> {
  return run(process.execPath, [program, ...args]);
}

/** Writes a file of the program that uses the package. */
function file(name: string, text: string): string {
  writeFileSync(join(user, name), text);
  return join(user, name);
}

function link(name: string): void {
  mkdirSync(dirname(join(modules, name)), { recursive: true });
  symlinkSync(join(root, 'node_modules', name), join(modules, name));
}

beforeAll(async () => {
  mkdirSync(tarballs);
  mkdirSync(modules, { recursive: true });
  const { stdout } = await run('npm', ['pack', '--json', '--pack-destination', tarballs], root);
  const [report] = JSON.parse(stdout) as { files: { path: string }[] }[];
  packed = report?.files.map(({ path }) => path) ?? [];
  await run('tar', ['-xzf', tarball, '-C', folder]);
  cpSync(join(folder, 'package'), join(modules, 'lazuli'), { recursive: true });
  for (const name of [...Object.keys(manifest.dependencies), '@types/node']) link(name);
  writeFileSync(join(user, 'package.json'), '{ "name": "user", "type": "module", "private": true }');
});
afterAll(() => rmSync(folder, { recursive: true }));

describe('the packed package', () => {
  it('holds the library, its kernels, the demos and their data, and nothing else', () => {
    expect(packed).toEqual(
      expect.arrayContaining([
        'LICENSE',
        'README.md',
        'package.json',
        'data/README.md',
        'data/breast_cancer.csv',
        'dist/index.js',
        'dist/index.d.ts',
        'dist/learn/index.d.ts',
        'dist/diagnostics/index.d.ts',
        'dist/wasm/kernels.wasm',
        'dist/wasm/kernels.relaxed.wasm',
        'dist/cli/main.js',
        'dist/examples/nested-cross-validation.js',
      ]),
    );
    const others = packed.filter((path) => !/^(dist|data)\/|^(LICENSE|README\.md|package\.json)$/.test(path));
    expect(others).toEqual([]);
    expect(packed.filter((path) => /tsbuildinfo|\.test\./.test(path))).toEqual([]);
  });

  it('passes publint', async () => {
    const { messages, pkg } = await publint({ pkgDir: join(modules, 'lazuli'), strict: true });
    expect(messages.map((message) => formatMessage(message, pkg))).toEqual([]);
  });

  it('has types that resolve wherever ES modules can be imported', async () => {
    const attw = join(root, 'node_modules/@arethetypeswrong/cli/dist/index.js');
    const { stdout } = await node(attw, tarball, '--profile', 'esm-only', '--format', 'json');
    const { analysis } = JSON.parse(stdout) as { analysis: { problems: { resolutionKind?: string }[] } };
    // CommonJS and the resolution of Node 10 cannot see ES modules with an exports map: the profile ignores them.
    const problems = analysis.problems.filter(({ resolutionKind = '' }) => !/^node(10|16-cjs)$/.test(resolutionKind));
    expect(problems).toEqual([]);
  });

  it('runs a plain program on threads, from its three entries', async () => {
    const program = file(
      'program.mjs',
      `import { compute, delayed, lastRun, nd } from 'lazuli';
       import { Profiler } from 'lazuli/diagnostics';
       import { KFold, SVC, crossValidate } from 'lazuli/learn';
       const factor = 3;
       const where = delayed(async () => (await import('node:worker_threads')).isMainThread);
       const triple = delayed((n) => n * factor);
       const profiler = new Profiler();
       const x = Array.from({ length: 40 }, (_, i) => [i % 2 === 0 ? i / 100 : 5 + i / 100, 1]);
       const { testScore } = crossValidate({ estimator: new SVC(), x, y: x.map((_, i) => i % 2), cv: new KFold({ nSplits: 2 }) });
       const answer = await compute(
         { main: where(), six: triple(2), product: nd.matmul([[1, 2]], [[3], [4]]), testScore },
         { scheduler: 'threads', workers: 2, observers: [profiler] },
       );
       console.log(JSON.stringify({ ...answer, product: answer.product.toNested() }));
       console.log(profiler.tasks.length === lastRun.tasks.length, lastRun.tasks.some(({ device }) => device === 'wasm'));`,
    );
    expect(await node(program)).toEqual({
      stdout: '{"main":false,"six":6,"product":[[11]],"testScore":[1,1]}\ntrue true\n',
      stderr: '',
    });
  });

  it('needs no other entry for what lazuli/learn gives', async () => {
    const program = file(
      'learn.mjs',
      `import { accuracyScore } from 'lazuli/learn';
       console.log(await accuracyScore([0, 1, 1, 0], [0, 1, 0, 0]).compute());`,
    );
    expect(await node(program)).toEqual({ stdout: '0.75\n', stderr: '' });
  });

  it('has a command that runs a demo from there', async () => {
    const command = join(modules, 'lazuli', manifest.bin.lazuli ?? '');
    expect((await node(command, '--version')).stdout).toBe(`${manifest.version}\n`);
    const { stdout, stderr } = await node(command, 'demo', 'nested-cv');
    expect(stdout).toMatch(/^test score +0\.9702$/m);
    expect(stderr).toBe('');
  });

  it('type-checks where nothing is skipped, with no types but those of Node', async () => {
    file(
      'use.ts',
      `import { compute, delayed, get, LazyArray, type NDArray, nd, persist, readCsv, type RunRecord, lastRun } from 'lazuli';
       import { Profiler, ProgressBar, type Observer } from 'lazuli/diagnostics';
       import { KFold, nestedCrossValidate, SVC } from 'lazuli/learn';
       const add = delayed((a: number, b: number) => a + b);
       const sum: number = await add(1, add(2, 3)).compute({ workers: 2, observers: [new Profiler(), new ProgressBar()] });
       const both: { n: number; s: string[] } = await compute({ n: add(1, sum), s: delayed((t: string) => t.split(','))('a') });
       const product: LazyArray = nd.matmul([[1]], [[2]]);
       const array: NDArray = await product.compute();
       const svg: string = await add(1, 2).visualize({ filename: 'x.svg', color: 'time' });
       const record: RunRecord = lastRun;
       const observer: Observer = { onTaskEnd: (task) => void task.key };
       const kept = await persist([add(1, 2)], { observers: [observer] });
       kept[0].release();
       const table = readCsv('x.csv');
       const folds = new KFold({ nSplits: 4 });
       const nested = nestedCrossValidate({
         estimator: new SVC(), grid: { C: [1] }, outer: folds, inner: folds, x: table.without('y'), y: table.column('y'),
       });
       const { testScore }: { readonly testScore: number } = await nested.compute({ device: 'wasm' });
       // @ts-expect-error a wrong argument
       add('one', 2);
       console.log(both, array, svg, record, testScore, await get({ a: 1 }, 'a'));
      `,
    );
    const compilerOptions = {
      target: 'es2022',
      lib: ['es2022', 'esnext.disposable'],
      module: 'nodenext',
      moduleResolution: 'nodenext',
      strict: true,
      exactOptionalPropertyTypes: true,
      skipLibCheck: false,
      noEmit: true,
      types: ['node'],
    };
    file('tsconfig.json', JSON.stringify({ compilerOptions, files: ['use.ts'] }));
    const { stdout } = await node(join(root, 'node_modules/typescript/bin/tsc'), '-p', '.').catch(
      (error: { stdout: string }) => error,
    );
    expect(stdout).toBe('');
  });
});
