/** The lazuli command as a user calls it: what it prints, where, and with which exit code. */
import { execFile } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, describe, expect, it } from 'vitest';

const root = fileURLToPath(new URL('../..', import.meta.url));
const folder = mkdtempSync(join(tmpdir(), 'lazuli-cli-'));
afterAll(() => rmSync(folder, { recursive: true }));

interface Outcome {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

function lazuli(...args: string[]): Promise<Outcome> {
  return lazuliWith({}, ...args);
}

function lazuliWith(env: Readonly<Record<string, string>>, ...args: string[]): Promise<Outcome> {
  const program = join(root, 'dist/cli/main.js');
  const options = { cwd: folder, env: { ...process.env, NODE_OPTIONS: '', ...env }, timeout: 60_000 };
  return new Promise((resolve) => {
    execFile(process.execPath, [program, ...args], options, (error, stdout, stderr) => {
      resolve({ code: error === null ? 0 : Number(error.code), stdout, stderr });
    });
  });
}

describe('lazuli', () => {
  it('says its version and what there is', async () => {
    const { version } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as { version: string };
    expect(await lazuli('--version')).toEqual({ code: 0, stdout: `${version}\n`, stderr: '' });
    const { code, stdout } = await lazuli('--help');
    expect(code).toBe(0);
    expect(stdout).toMatch(/^ {2}devices .*\n {2}calibrate .*\n {2}demo pipeline\|svd\|nested-cv /m);
    expect(await lazuli()).toMatchObject({ code: 2, stdout });
  });

  it('explains a command and its options', async () => {
    const { code, stdout } = await lazuli('demo', '--help');
    expect(code).toBe(0);
    const options = ['data', 'workers', 'device', 'precision', 'scheduler', 'out'];
    for (const option of options) expect(stdout).toContain(`--${option} <`);
  });

  it.each([
    [['device'], "lazuli: there is no command 'device'; did you mean 'devices'?"],
    [['constructor'], "lazuli: there is no command 'constructor'; there are devices, calibrate, demo"],
    [['--versoin'], "lazuli: there is no option '--versoin'; did you mean '--version'?"],
    [['devices', 'wasm'], "lazuli devices takes no argument, not 'wasm'"],
    [['calibrate', 'wasm'], "lazuli calibrate takes no argument, not 'wasm'"],
    [['devices', '--all'], "lazuli devices: there is no option '--all'; there are none"],
    [['demo'], 'lazuli demo: say which: pipeline or svd or nested-cv'],
    [['demo', 'pipelin'], "lazuli demo: there is no demo 'pipelin'; did you mean 'pipeline'?"],
    [['demo', 'nested-cv', 'digits'], "lazuli demo nested-cv takes no argument, not 'digits'"],
    [['demo', 'nested-cv', '--dta', 'x'], "lazuli demo: there is no option '--dta'; did you mean '--data'?"],
    [['demo', 'nested-cv', '--data'], 'lazuli demo: --data needs a value'],
    [['demo', 'nested-cv', '--workers', '--data', 'x'], 'lazuli demo: --workers needs a value'],
    [['demo', 'pipeline', '--data', 'x'], "lazuli demo pipeline has no option '--data'"],
    [['demo', 'pipeline', '--workers', '0'], "--workers is '0'; use a whole number of at least 1"],
    [['demo', 'pipeline', '--device=gpo'], "--device is 'gpo'; use auto, js, wasm, gpu, onnx, tensorflow"],
    [['demo', 'svd', '--precision=single'], "--precision is 'single'; use float64, float32"],
    [['demo', 'nested-cv', '--scheduler=thread'], "--scheduler is 'thread'; use threads, sync"],
    [['demo', 'nested-cv', '--data=iris'], "--data is 'iris'; use breast_cancer, digits or the path of a .csv file"],
  ])('refuses %j', async (args, message) => {
    const { code, stdout, stderr } = await lazuli(...args);
    expect({ code, stdout, first: stderr.split('\n')[0] }).toEqual({ code: 2, stdout: '', first: message });
  });

  it('lists the devices, with the reason for those that are not available', async () => {
    const { code, stdout } = await lazuli('devices');
    expect(code).toBe(0);
    const lines = new Map(stdout.split('\n').map((line) => [line.trim().split(/\s+/)[0], line]));
    expect(lines.get('wasm')).toMatch(/WebAssembly SIMD.* of memory$/);
    expect(lines.get('js')).toContain(process.version);
    expect(lines.get('tensorflow')).toMatch(/not available: \w+/);
  });
});

describe('lazuli calibrate', () => {
  const kept = { LAZULI_CACHE: join(folder, 'cache'), LAZULI_WORKERS: '2' };

  it('measures the machine, keeps it, and devices says it from then on', async () => {
    const before = await lazuliWith(kept, 'devices');
    expect(before.stdout).toMatch(/\nlazuli calibrate measures how fast they are\n$/);
    const { code, stdout, stderr } = await lazuliWith(kept, 'calibrate');
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    for (const line of ['wasm, one thread', 'wasm, 2 threads', 'js, one thread']) {
      expect(stdout).toMatch(new RegExp(`^ {2}${line} .*\\d GFLOP/s, [\\d.]+ GB/s`, 'm'));
    }
    const file = /^kept in (.*)$/m.exec(stdout)?.[1] as string;
    expect(dirname(file)).toBe(kept.LAZULI_CACHE);
    const { speeds } = JSON.parse(readFileSync(file, 'utf8')) as { speeds: Record<string, { flops: number }> };
    expect(Object.keys(speeds)).toEqual(expect.arrayContaining(['js', 'threads', 'wasm']));
    const after = (await lazuliWith(kept, 'devices')).stdout.split('\n');
    const rate = `${Number((speeds.wasm!.flops / 1e9).toPrecision(3))} GFLOP/s`;
    expect(after.find((line) => line.startsWith('  wasm'))).toContain(rate);
    expect(after.find((line) => line.startsWith('  js'))).toContain('GFLOP/s');
    expect(after.join('\n')).not.toContain('lazuli calibrate measures');
    // Devices outside the pool that are there, whatever this machine has of them
    const others = after.filter((line) => /^ {2}\w/.test(line) && !/^ {2}(wasm|js) |not available/.test(line));
    expect(others.map((line) => line.trim().split(/\s+/)[0])).toContain('onnx');
    for (const line of others) {
      expect(line).toMatch(/, [\d.e+]+ GFLOP\/s( in float32)?, [\d.e+]+ GB\/s$/);
      expect(stdout).toMatch(new RegExp(`^ {2}${line.trim().split(/\s+/)[0]} .* GFLOP/s, .* GB/s, in float`, 'm'));
    }
  });

  it('says when it is not kept', async () => {
    const off = await lazuliWith({ LAZULI_CACHE: 'off' }, 'calibrate');
    expect(off).toMatchObject({ code: 0, stderr: '' });
    expect(off.stdout).toMatch(/\nnot kept: LAZULI_CACHE is off\n$/);
    writeFileSync(join(folder, 'file'), '');
    const nowhere = await lazuliWith({ LAZULI_CACHE: join(folder, 'file') }, 'calibrate');
    expect(nowhere).toMatchObject({ code: 1, stderr: '' });
    expect(nowhere.stdout).toMatch(/\ncould not be written to .*\n$/);
  });
});

describe('lazuli demo', () => {
  it.each([['threads'], ['sync']])('pipeline, %s: runs over the files of the package', async (scheduler) => {
    const out = join(folder, scheduler);
    const { code, stdout, stderr } = await lazuli('demo', 'pipeline', `--scheduler=${scheduler}`, '--out', out);
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    expect(stdout).toContain('wine: 178 rows (0 dropped), the target follows flavanoids');
    expect(readFileSync(join(out, 'pipeline.json'), 'utf8')).toBe(readFileSync(join(out, 'pipeline-raw.json'), 'utf8'));
    expect(readFileSync(join(out, 'pipeline.svg'), 'utf8')).toMatch(/^<svg/);
  });

  it('nested-cv: the same scores by loops and by graph, and a picture', async () => {
    const { code, stdout, stderr } = await lazuli('demo', 'nested-cv', '--workers', '2', '--device', 'wasm');
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    expect(stdout).toMatch(/^1 +0\.9510 +C = 1\n2 +0\.9718 +C = 10\n3 +0\.9789 +C = 10\n4 +0\.9789 +C = 1$/m);
    expect(stdout).toMatch(/^nestedCrossValidate says +0\.9702$/m);
    expect(existsSync(join(folder, 'out', 'nested-cross-validation.svg'))).toBe(true);
  });

  it('ends with the reason when the device is not there', async () => {
    const { code, stderr } = await lazuli('demo', 'nested-cv', '--device', 'tensorflow');
    expect(code).toBe(1);
    expect(stderr).toMatch(/^DeviceUnavailableError: 'tensorflow' is not available: /);
  });

  it('tells what is wrong with a file', async () => {
    const { code, stderr } = await lazuli('demo', 'nested-cv', '--data', 'missing.csv');
    expect(code).toBe(1);
    expect(stderr).toContain('missing.csv');
  });
});
