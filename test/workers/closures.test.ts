/**
 * Every kind of closure, run here and in a thread, under every way of running: Vitest itself, tsx, plain Node as ESM and
 * as CommonJS, and a newer Node that strips types (named by LAZULI_NODE24).
 */
import { execFile } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import ts from 'typescript';
import { afterAll, expect, test } from 'vitest';
import { cases } from './closures/cases.js';
import { compareAll, type Report } from './closures/compare.js';

const run = promisify(execFile);
const root = new URL('../..', import.meta.url).pathname.replace(/\/$/, '');
const source = join(root, 'test/workers/closures');
const scratch = mkdtempSync(join(tmpdir(), 'lazuli-closures-'));
const names = ['cases', 'compare', 'helpers', 'main'];
const node24 = process.env.LAZULI_NODE24;

afterAll(() => rmSync(scratch, { recursive: true }));

/** The fixtures as JavaScript of one module kind, in a folder of their own. */
function transpile(kind: 'mjs' | 'cjs' | 'mts' | 'ts'): string {
  const folder = join(scratch, kind);
  mkdirSync(folder);
  symlinkSync(join(root, 'node_modules'), join(folder, 'node_modules'));
  if (kind === 'ts') writeFileSync(join(folder, 'package.json'), '{"type":"commonjs"}');
  for (const name of names) {
    let text = readFileSync(join(source, `${name}.ts`), 'utf8');
    if (kind === 'mjs' || kind === 'cjs') {
      const module = kind === 'mjs' ? ts.ModuleKind.ESNext : ts.ModuleKind.CommonJS;
      const target = ts.ScriptTarget.ES2022;
      if (kind === 'cjs') text = text.replaceAll('import.meta.url', '__filename');
      text = ts.transpileModule(text, { compilerOptions: { module, target, esModuleInterop: true } }).outputText;
    }
    text = text
      .replaceAll('../../../dist/', `${root}/dist/`)
      .replace(/'\.\/(\w+)\.js'|"\.\/(\w+)\.js"/g, (_, a, b) => `'./${a ?? b}.${kind}'`);
    writeFileSync(join(folder, `${name}.${kind}`), text);
  }
  return join(folder, `main.${kind}`);
}

async function reportOf(program: string, args: readonly string[], cwd = root): Promise<Report> {
  const { stdout } = await run(program, args, { cwd, env: { ...process.env, NODE_OPTIONS: '' } });
  const line = stdout.split('\n').find((text) => text.startsWith('REPORT '));
  return JSON.parse((line ?? '').slice('REPORT '.length)) as Report;
}

const clean = { ran: cases.length, differences: [] };

test('Vitest', async () => {
  expect(cases.length).toBeGreaterThan(60);
  expect(await compareAll()).toEqual(clean);
});

test('tsx, an ES module', async () => {
  const report = await reportOf(process.execPath, ['--import', 'tsx', join(source, 'main.ts')]);
  expect(report).toEqual(clean);
});

test('tsx, a CommonJS module', async () => {
  const report = await reportOf(process.execPath, ['--import', 'tsx', transpile('ts')]);
  expect(report).toEqual(clean);
});

test('plain Node, an ES module', async () => {
  expect(await reportOf(process.execPath, [transpile('mjs')])).toEqual(clean);
});

test('plain Node, a CommonJS module', async () => {
  expect(await reportOf(process.execPath, [transpile('cjs')])).toEqual(clean);
});

test.skipIf(node24 === undefined)('a newer Node: JavaScript', async () => {
  expect(await reportOf(node24 ?? '', [join(scratch, 'mjs/main.mjs')])).toEqual(clean);
  expect(await reportOf(node24 ?? '', [join(scratch, 'cjs/main.cjs')])).toEqual(clean);
});

test.skipIf(node24 === undefined)('a newer Node: types stripped', async () => {
  expect(await reportOf(node24 ?? '', [transpile('mts')])).toEqual(clean);
});
