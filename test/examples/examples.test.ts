/** The examples as a user runs them: by tsx, from the repository, with their options. */
import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, describe, expect, it } from 'vitest';
import { noGpu } from '../support/software-gpu.js';

const root = fileURLToPath(new URL('../..', import.meta.url));
const out = mkdtempSync(join(tmpdir(), 'examples-'));
afterAll(() => rmSync(out, { recursive: true }));

function run(example: string, ...options: string[]): { status: number | null; stdout: string; stderr: string } {
  const script = join(root, 'examples', `${example}.ts`);
  const args = ['--import', 'tsx', script, '--out', out, ...options];
  return spawnSync(process.execPath, args, { cwd: root, encoding: 'utf8', timeout: 120_000 });
}

describe('examples/nested-cross-validation', () => {
  it.each([['sync'], ['threads']])('prints scores, choices and times on %s', (scheduler) => {
    const { status, stdout, stderr } = run('nested-cross-validation', '--scheduler', scheduler, '--workers', '2');
    expect(stderr).toBe('');
    expect(status).toBe(0);
    expect(stdout).toContain('569 samples, 30 features; 84 classifiers to train');
    for (const line of ['0.9510   C = 1', '0.9718   C = 10', '0.9789   C = 10', '0.9789   C = 1']) {
      expect(stdout).toContain(line);
    }
    expect(stdout).toMatch(/nestedCrossValidate says +0\.9702/);
    expect(stdout).toMatch(/times as fast as the loops/);
    expect(readFileSync(join(out, 'nested-cross-validation.svg'), 'utf8')).toContain('svcFit');
  });

  it.each([
    [['--data', 'iris'], "--data is 'iris'; use breast_cancer, digits or the path of a .csv file"],
    [['--workers', 'two'], "--workers is 'two'; use a whole number of at least 1"],
    [['--device', 'cuda'], "--device is 'cuda'; use auto, js, wasm"],
    [['--device', 'gpu,auto'], "--device is 'auto'; use js, wasm, gpu"],
    [['--precision', 'double'], "--precision is 'double'; use float64, float32"],
    [['--scheduler', 'dask'], "--scheduler is 'dask'; use threads, sync"],
    [['--folds', '3'], "Unknown option '--folds'"],
  ])('refuses %j', (options, message) => {
    const { status, stdout, stderr } = run('nested-cross-validation', ...options);
    expect(stderr).toContain(message);
    expect(stdout).toBe('');
    expect(status).toBe(2);
  });

  it('reads another file, and says where one is malformed', () => {
    const good = join(out, 'good.csv');
    const rows = Array.from({ length: 40 }, (_, i) => `${i % 2 ? i : -i},${(i * 7) % 5},${i % 2}`);
    writeFileSync(good, `a,b,target\n${rows.join('\n')}\n`);
    const found = run('nested-cross-validation', '--data', good, '--scheduler', 'sync');
    expect(found.stderr).toBe('');
    expect(found.stdout).toContain('40 samples, 2 features');
    const bad = join(out, 'bad.csv');
    writeFileSync(bad, 'a,target\n1,0\nx,1\n');
    const failed = run('nested-cross-validation', '--data', bad);
    expect(failed.stderr).toContain(`CsvError: ${bad}, line 3, column 1 (a): 'x' is not a number`);
    expect(failed.status).toBe(1);
  });
});

describe('examples/pipeline', () => {
  it.each([['sync'], ['threads']])(
    'gives the same from the raw graph and from delayed functions on %s',
    (scheduler) => {
      const { status, stdout, stderr } = run('pipeline', '--scheduler', scheduler);
      expect(stderr).toBe('');
      expect(status).toBe(0);
      expect(stdout).toContain('diabetes: 442 rows (0 dropped), the target follows bmi (r = 0.586)');
      const stored = readFileSync(join(out, 'pipeline.json'), 'utf8');
      expect(stored).toBe(readFileSync(join(out, 'pipeline-raw.json'), 'utf8'));
      expect(JSON.parse(stored)).toHaveLength(3);
      expect(readFileSync(join(out, 'pipeline.svg'), 'utf8')).toContain('analyze');
    },
  );

  it('refuses a scheduler that does not exist', () => {
    const { status, stderr } = run('pipeline', '--scheduler', 'fast');
    expect(stderr).toContain("--scheduler is 'fast'; use threads, sync");
    expect(status).toBe(2);
  });
});

describe('examples/custom-kernel', () => {
  it.each([['sync'], ['threads']])('draws, computes and tests its kernels on %s', (scheduler) => {
    const { status, stdout, stderr } = run('custom-kernel', '--scheduler', scheduler);
    expect(stderr).toBe('');
    expect(status).toBe(0);
    expect(stdout.split('\n').filter((line) => line.includes('@')).length).toBeGreaterThan(10);
    expect(stdout).toMatch(/Huber loss of the mean: 2\d{3}\.\d\d; means of 50 targets: 393/);
    expect(stdout).toMatch(/huber: \d+ checks passed on js, wasm baseline.*scalar/);
    expect(stdout).toMatch(/movingMean: \d+ checks passed on js, strided, threads js/);
  });
});

describe('examples/svd-in-blocks', () => {
  it('decomposes exactly and compressed, and draws both graphs', () => {
    const sizes = ['--rows', '500', '--columns', '100', '--chunk', '100', '--k', '10'];
    const { status, stdout, stderr } = run('svd-in-blocks', ...sizes);
    expect(stderr).toBe('');
    expect(status).toBe(0);
    expect(stdout).toMatch(/exact: 100 values from 32\.382 to 12\.800\n +‖x − u·s·vt‖\/‖x‖ = \d\.\de-1[45]/);
    expect(stdout).toMatch(/compressed: 10 values from 3[12]\.\d+ to 2[78]\.\d+/);
    for (const name of ['exact', 'compressed']) {
      expect(readFileSync(join(out, `svd-${name}.svg`), 'utf8')).toContain('svd');
    }
  });

  it('refuses sizes that are none', () => {
    const { status, stderr } = run('svd-in-blocks', '--rows', 'many');
    expect(stderr).toContain("--rows is 'many'; use a whole number of at least 1");
    expect(status).toBe(2);
  });
});

describe('examples/out-of-core', () => {
  it('stays within its budget, and removes its file', () => {
    const sizes = ['--rows', '4000', '--columns', '100', '--chunk', '200', '--memory', '2'];
    const { status, stdout, stderr } = run('out-of-core', ...sizes);
    expect(stderr).toBe('');
    expect(status).toBe(0);
    expect(stdout).toContain('4000 × 100, 3.2 MB on disk, in a budget of 2.1 MB');
    expect(stdout).toMatch(/values: 73\.\d+ in/);
    expect(stdout).toMatch(/values, vectors, residual: \d\.\d+e-1[123] in/);
    expect(existsSync(join(out, 'out-of-core.npy'))).toBe(false);
  });
});

describe('examples/mandelbrot', () => {
  it.each([
    ['auto', '(wasm|gpu)'],
    ['js', 'js'],
    ['wasm', 'wasm'],
  ])('writes the picture on %s', (device, used) => {
    const sizes = ['--width', '90', '--height', '60', '--iterations', '100', '--device', device];
    const { status, stdout, stderr } = run('mandelbrot', ...sizes);
    expect(stderr).toBe('');
    expect(status).toBe(0);
    expect(stdout).toMatch(new RegExp(`90 × 60, at most 100 iterations: [\\d.]+ s on ${used}\\n`));
    // the set's area is 1.5066 of the picture's 3.4 × 2.27
    const share = Number(/([\d.]+) % belong to the set/.exec(stdout)?.[1]);
    expect(share).toBeGreaterThan(18.5);
    expect(share).toBeLessThan(22);
    const picture = readFileSync(join(out, 'mandelbrot.png'));
    expect(picture.subarray(1, 4).toString()).toBe('PNG');
    expect([picture.readUInt32BE(16), picture.readUInt32BE(20)]).toEqual([90, 60]);
  });
});

describe('examples/n-body', () => {
  it('keeps energy', () => {
    const { status, stdout, stderr } = run('n-body', '--bodies', '64', '--steps', '10');
    expect(stderr).toBe('');
    expect(status).toBe(0);
    expect(stdout).toMatch(/64 bodies, 10 steps: [\d.]+ steps a second on (wasm|gpu)/);
    expect(Number(/([\d.]+e-\d+) of it apart/.exec(stdout)?.[1])).toBeLessThan(1e-3);
  });
});

describe('examples/digits-pca', () => {
  it('finds the components, and writes them as a picture', () => {
    const { status, stdout, stderr } = run('digits-pca', '--components', '9', '--chunk', '500');
    expect(stderr).toBe('');
    expect(status).toBe(0);
    expect(stdout).toContain('component 2: 13.62 %, together 28.51 %');
    const picture = readFileSync(join(out, 'digits-pca.png'));
    expect(picture.subarray(1, 4).toString('latin1')).toBe('PNG');
    expect([picture.readUInt32BE(16), picture.readUInt32BE(20)]).toEqual([694, 178]);
  });
});

describe.skipIf(noGpu !== undefined)(`examples on the GPU${noGpu === undefined ? '' : `: ${noGpu}`}`, () => {
  it('computes functions in gpu.js form there', () => {
    const picture = run('mandelbrot', '--width', '90', '--height', '60', '--iterations', '100', '--device', 'gpu');
    expect([picture.stderr, picture.status]).toEqual(['', 0]);
    expect(picture.stdout).toMatch(/s on gpu\n/);
    const bodies = run('n-body', '--bodies', '32', '--steps', '3', '--device', 'gpu', '--precision', 'float32');
    expect([bodies.stderr, bodies.status]).toEqual(['', 0]);
    expect(bodies.stdout).toMatch(/steps a second on gpu\n/);
  });

  it('computes float64 there in single precision where that is asked for, and says what it has no body for', () => {
    const double = run('custom-kernel', '--device', 'gpu');
    expect(double.stdout).toBe('');
    expect(double.stderr).toMatch(
      /^DeviceUnsupportedError: task 'escapeTime-\w+': .* device 'gpu' with inputs float64\[/,
    );
    expect(double.status).toBe(1);
    const single = run('custom-kernel', '--device', 'gpu', '--precision', 'float32');
    expect(single.stdout).toContain('@');
    expect(single.stderr).toMatch(/^DeviceUnsupportedError: task 'movingMean-\w+': kernel 'movingMean' has no body/);
    expect(single.status).toBe(1);
  });

  it('shares what it can with the threads', () => {
    const sizes = ['--rows', '500', '--columns', '100', '--chunk', '100', '--k', '10'];
    const options = ['--device', 'gpu,wasm', '--precision', 'float32'];
    const { status, stdout, stderr } = run('svd-in-blocks', ...sizes, ...options);
    expect([stderr, status]).toEqual(['', 0]);
    expect(stdout).toMatch(/exact: 100 values from 32\.382 to 12\.800\n/);
  });
});
