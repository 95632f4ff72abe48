/** The option `revectorize`: why it is refused, what the probe makes of a process that fails, and the real thing. */
import { execFile } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { discover } from '../../dist/devices/discovery.js';
import { probe, refusal, type Surroundings } from '../../dist/devices/revectorize.js';
import { compileBuild, kernelCode } from '../../dist/devices/wasm-module.js';
import { OptionError } from '../../dist/errors.js';
import { createRuntime, nd } from '../../dist/index.js';

const good: Surroundings = { v8: '13.6.233.17-node.53', arch: 'x64', isMainThread: true, options: [] };

describe('refusal', () => {
  it.each<[Partial<Surroundings>, string]>([
    [{ v8: '11.3.244.8-node.38' }, 'not with V8 11.3: it works with 13.6, 14.1 and 14.6'],
    [{ v8: '12.4.254.21-node.33' }, 'not with V8 12.4'],
    [{ v8: '13.60.1' }, 'not with V8 13.60'],
    [{ v8: '99.1.0' }, 'not with V8 99.1'],
    [{ arch: 'arm64' }, 'not on arm64: V8 makes such code for x64 only'],
    [{ isMainThread: false }, 'only on the main thread'],
    [{ options: ['--enable-source-maps', '--no-liftoff'] }, "not with V8's option --no-liftoff"],
    [{ options: ['--wasm-tier-up'] }, "not with V8's option --wasm-tier-up"],
  ])('of %j says why', (surroundings, reason) => {
    expect(refusal({ ...good, ...surroundings })).toContain(reason);
  });

  it('is not for a version that it was tried on', () => {
    expect(refusal(good)).toBeUndefined();
    expect(
      refusal({ ...good, options: ['--max-old-space-size=100', '--import', 'tsx', '--experimental-wasm-modules', ''] }),
    ).toBeUndefined();
  });
});

describe('probe', () => {
  let folder: string;
  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), 'lazuli-probe-'));
  });
  afterAll(() => rmSync(folder, { recursive: true }));

  function probing(source: string, limit?: number): string | undefined {
    const program = join(folder, 'program.cjs');
    writeFileSync(program, source);
    return probe(program, limit);
  }

  it.each([
    ["process.kill(process.pid, 'SIGSEGV'); setTimeout(() => {}, 60000)", 'crashed (SIGSEGV)'],
    ["console.log('good'); process.exit(3)", 'failed with code 3'],
    ["throw new Error('no')", 'failed with code 1'],
    ["console.log('wrong')", 'it gives wrong numbers here'],
    ["console.log('slow')", 'it is no faster on this processor'],
    ['', 'did not answer'],
  ])('of %j is a reason against it', (source, reason) => {
    expect(probing(source)).toContain(reason);
  });

  it('is a reason against it when it does not end in time', () => {
    expect(probing('for (;;);', 300)).toBe('the process that tried it did not end within 0.3 s');
  });

  it('is no reason against it when it answers well, whatever this process was started with', () => {
    process.env.NODE_OPTIONS = '--no-such-option';
    try {
      expect(probing("console.log('good')")).toBeUndefined();
    } finally {
      delete process.env.NODE_OPTIONS;
    }
  });
});

describe('configure({ revectorize })', () => {
  it('comes before the first computation', async () => {
    const runtime = createRuntime({ scheduler: 'sync' });
    runtime.configure({ revectorize: true });
    runtime.configure({ revectorize: false });
    await runtime.compute(nd.sum([1, 2]));
    expect(() => runtime.configure({ revectorize: true })).toThrow(OptionError);
    expect(() => runtime.configure({ revectorize: true })).toThrow('set it before that, or make another runtime');
    runtime.configure({ revectorize: false, retries: 1 });
    await runtime.close();
  });

  it('is never the default', () => {
    expect(discover()[0]?.description).not.toMatch(/AVX2|revectorize/);
    expect(kernelCode(false).micro).toBeUndefined();
  });
});

/** Runs lines of a module in a process of their own: the options of V8 that are set there are set there only. */
async function inProcess(lines: string): Promise<unknown> {
  const source = `
    import { configure, createRuntime, delayed, devices, nd } from '${new URL('../../dist/index.js', import.meta.url)}';
    import { revectorization } from '${new URL('../../dist/devices/revectorize.js', import.meta.url)}';
    const everywhere = [{ workers: 1 }, { workers: 2 }, { workers: 3 }, { scheduler: 'sync' }];
    ${lines}`;
  const run = promisify(execFile);
  const { stdout } = await run(process.execPath, ['--input-type=module', '--eval', source], {
    env: { ...process.env, NODE_OPTIONS: '' },
    cwd: fileURLToPath(new URL('../..', import.meta.url)),
  });
  return JSON.parse(stdout);
}

const why = refusal({ ...good, v8: process.versions.v8, arch: process.arch });
const info = '/proc/cpuinfo';
const hasAvx2 = existsSync(info) && / fma .* avx2 /.test(readFileSync(info, 'utf8').replaceAll('\n', ' '));

describe('on this Node', () => {
  it('is said by devices() to work, or why it does not', async () => {
    const description = (await inProcess(`
      configure({ revectorize: true });
      const before = devices()[0].description;
      console.log(JSON.stringify([before, devices()[0].description]));`)) as string[];
    expect(description[1]).toBe(description[0]);
    if (why !== undefined) expect(description[0]).toContain(`revectorize: ${why}`);
    else if (hasAvx2) expect(description[0]).toContain('(AVX2 by revectorisation)');
    else expect(description[0]).toMatch(/AVX2 by revectorisation|revectorize: it is no faster/);
  });

  it('gives the same bits on every number of threads, and the plain product to rounding', async () => {
    const found = (await inProcess(`
      const build = (m, n, k, dtype) => nd.matmul(
        nd.astype(nd.sin(nd.reshape(nd.arange(m * k), [m, k])), dtype), nd.astype(nd.cos(nd.reshape(nd.arange(k * n), [k, n])), dtype));
      const worst = {}, equal = [];
      const runtimes = everywhere.map((options) => createRuntime({ ...options, revectorize: true }));
      const plain = createRuntime({ workers: 1 });
      for (const dtype of ['float64', 'float32']) {
        worst[dtype] = 0;
        for (const [m, n, k] of [[300, 260, 270], [6, 8, 1], [7, 17, 300], [1, 1, 5], [131, 129, 257], [65, 16, 700]]) {
          const results = [];
          for (const runtime of runtimes) results.push((await runtime.compute(build(m, n, k, dtype))).data);
          const bytes = results.map((data) => Buffer.from(data.buffer, data.byteOffset, data.byteLength));
          equal.push(...bytes.map((other) => bytes[0].equals(other)));
          const expected = (await plain.compute(build(m, n, k, dtype))).data;
          const unit = k * (dtype === 'float64' ? 2 ** -52 : 2 ** -23);
          expected.forEach((value, i) => { worst[dtype] = Math.max(worst[dtype], Math.abs(value - results[0][i]) / unit); });
        }
      }
      console.log(JSON.stringify({ worst, equal }));`)) as { worst: Record<string, number>; equal: boolean[] };
    expect(found.equal).toHaveLength(48);
    expect(found.equal.every((same) => same)).toBe(true);
    // Each sum's error is less than k rounding errors of its terms, all of which are at most 1
    for (const worst of Object.values(found.worst)) expect(worst).toBeLessThan(2);
  });

  it('gives factorisations the same bits on every number of threads, and small residuals', async () => {
    const found = (await inProcess(`
      import { linalg } from '${new URL('../../dist/index.js', import.meta.url)}';
      const n = 150;
      const a = nd.add(nd.sin(nd.reshape(nd.pow(nd.arange(n * n), 1.5), [n, n])), nd.mul(nd.eye(n), 3));
      const s = nd.add(nd.matmul(nd.transpose(a), a), nd.eye(n));
      const off = (x, y) => nd.max(nd.abs(nd.sub(x, y)));
      const [l, qr, svd, eigh] = [linalg.cholesky(s), linalg.qr(a), linalg.svd(a), linalg.eigh(s)];
      const target = {
        cholesky: off(nd.matmul(l, nd.transpose(l)), s),
        qr: off(nd.matmul(qr.q, qr.r), a),
        svd: off(nd.matmul(nd.mul(svd.u, svd.s), svd.vt), a),
        eigh: off(nd.matmul(s, eigh.vectors), nd.mul(eigh.vectors, eigh.values)),
        solve: off(nd.matmul(a, linalg.solve(a, s)), s),
      };
      const runs = [];
      const runtimes = everywhere.map((options) => createRuntime({ ...options, revectorize: true }));
      for (const runtime of [...runtimes, ...runtimes]) runs.push(await runtime.compute(target));
      console.log(JSON.stringify(runs));`)) as Record<string, number>[];
    expect(found).toHaveLength(8);
    for (const run of found) expect(run).toEqual(found[0]);
    // Entries of at most some hundred, sums of 150 of them: rounding is 1e-11, and a wrong product is off by 1
    for (const [name, residual] of Object.entries(found[0]!)) expect(residual, name).toBeLessThan(1e-9);
  });

  it('compiles its code again after the debugger that reads functions was there', async () => {
    const [works, versions, sums] = (await inProcess(`
      configure({ revectorize: true });
      const found = revectorization();
      const version = () => found.works ? found.micro().version : 0;
      const versions = [version()], sums = [];
      const product = nd.sum(nd.matmul(nd.sin(nd.reshape(nd.arange(40000), [200, 200])), nd.full([200, 200], 0.3)));
      const offset = 1;
      const compute = async (value) => { sums.push(await value.compute()); versions.push(version()); };
      await compute(product);
      await compute(delayed((x) => x + offset - 1)(product));
      await compute(product);
      await compute(delayed((x) => x * offset)(product));
      await createRuntime({ revectorize: true }).compute(product, { scheduler: 'sync' }).then((sum) => sums.push(sum));
      console.log(JSON.stringify([found.works, versions, sums]));
      process.exit();`)) as [boolean, number[], number[]];
    expect(sums).toEqual(Array(5).fill(sums[0]));
    // Once for the only script with functions, before the run that needs them
    expect(versions).toEqual(works ? [1, 1, 2, 2, 2] : [0, 0, 0, 0, 0]);
  });

  it('is asked for by the environment, too', async () => {
    process.env.LAZULI_REVECTORIZE = 'true';
    try {
      const description = await inProcess('console.log(JSON.stringify(devices()[0].description))');
      expect(description).toMatch(
        why === undefined ? /AVX2 by revectorisation|revectorize: it/ : /revectorize: not with V8/,
      );
    } finally {
      delete process.env.LAZULI_REVECTORIZE;
    }
  });

  it('is refused to a thread that is not the main one', async () => {
    const reason = await inProcess(`
      import { Worker } from 'node:worker_threads';
      const source = "import('${new URL('../../dist/devices/revectorize.js', import.meta.url)}').then(({ revectorization }) => "
        + "require('node:worker_threads').parentPort.postMessage(revectorization().reason))";
      new Worker(source, { eval: true, execArgv: [] }).once('message', (reason) => console.log(JSON.stringify(reason)));`);
    expect(reason).toContain(why ?? 'only on the main thread');
  });
});

it('has kernels that are accepted where relaxed SIMD is', () => {
  expect(compileBuild('revectorized') === undefined).toBe(compileBuild('relaxed') === undefined);
});
