/**
 * The whole test command: build, type-check the tests, lint, run every suite, and end with one line
 * `N passed, N failed[, N skipped]`. Each step counts as one test, each test of a suite as another. Where LAZULI_NODE24
 * names a newer Node, the suites that depend on it run there once more. With CI=true a skipped test has failed: a machine
 * that tests everything must have everything.
 */
import { spawnSync } from 'node:child_process';
import { mkdirSync, readFileSync, rmSync } from 'node:fs';
import { resolve } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('..', import.meta.url));
const bin = (name) => resolve(root, 'node_modules', ...name.split('/'));
const newerNode = process.env.LAZULI_NODE24;
const skippedFails = ['true', '1'].includes(process.env.CI ?? '');
/** What does not depend on the Node that runs it: the package's files, types, pictures and pages. */
const onceIsEnough = ['package', 'types', 'diagnostics', 'browser'].flatMap((name) => ['--exclude', `test/${name}/**`]);
const total = { passed: 0, failed: 0, skipped: 0 };

/** Runs a program with its output shown; whether it ended well. */
function run(program, args) {
  const { status, error } = spawnSync(program, args, { cwd: root, stdio: ['ignore', 'inherit', 'inherit'] });
  if (error !== undefined) console.error(`${program} could not be started: ${error.message}`);
  return status === 0;
}

function step(name, program, ...args) {
  console.log(`\n── ${name}`);
  const ok = run(program, args);
  total[ok ? 'passed' : 'failed']++;
  return ok;
}

function suites(name, node, ...options) {
  console.log(`\n── ${name}`);
  const report = resolve(root, 'out', 'vitest.json');
  mkdirSync(resolve(root, 'out'), { recursive: true });
  rmSync(report, { force: true });
  const reporters = ['--reporter=default', '--reporter=json', `--outputFile.json=${report}`];
  const ok = run(node, [bin('vitest/vitest.mjs'), 'run', ...options, ...reporters]);
  const { passed, failed, skipped } = readReport(report);
  total.passed += passed;
  // A file that cannot be loaded and an error outside of a test leave no failed test behind, and are failures.
  total.failed += ok ? failed : Math.max(1, failed);
  total[skippedFails ? 'failed' : 'skipped'] += skipped.length;
  if (skippedFails && skipped.length > 0) {
    console.error(`skipped, which CI does not allow:\n  ${skipped.join('\n  ')}`);
  }
}

function readReport(path) {
  try {
    const { testResults } = JSON.parse(readFileSync(path, 'utf8'));
    const tests = testResults.flatMap(({ assertionResults }) => assertionResults);
    const count = (status) => tests.filter((test) => test.status === status).length;
    const skipped = tests.filter(({ status }) => status !== 'passed' && status !== 'failed');
    return { passed: count('passed'), failed: count('failed'), skipped: skipped.map(({ fullName }) => fullName) };
  } catch (error) {
    console.error(`the suites left no report: ${error.message}`);
    return { passed: 0, failed: 1, skipped: [] };
  }
}

if (step('build', 'npm', 'run', '--silent', 'build')) {
  step('types of the tests', process.execPath, bin('typescript/bin/tsc'), '-p', 'test');
  step('lint', process.execPath, bin('@biomejs/biome/bin/biome'), 'check', '--error-on-warnings');
  suites('suites', process.execPath);
  if (newerNode !== undefined && newerNode !== '') suites(`suites on ${newerNode}`, newerNode, ...onceIsEnough);
}

const skips = total.skipped > 0 ? `, ${total.skipped} skipped` : '';
console.log(`\n${total.passed} passed, ${total.failed} failed${skips}`);
process.exitCode = total.failed > 0 ? 1 : 0;
