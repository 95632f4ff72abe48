/** Arrays in files: what comes back is what went out, whatever happens files go, and what fails says why. */
import { execFileSync, spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { SpillError } from '../../dist/errors.js';
import { SpillStore } from '../../dist/memory/spill.js';

let place: string;
beforeEach(() => {
  place = mkdtempSync(join(tmpdir(), 'spill-test-'));
});
afterEach(() => rmSync(place, { recursive: true, force: true }));

const pattern = (length: number, seed: number): Uint8Array => Uint8Array.from({ length }, (_, i) => (i * seed) >>> 3);

describe('SpillStore', () => {
  it('gives back what was written, of any length, in any order, on shared memory too', async () => {
    const store = new SpillStore(place);
    const lengths = fc.array(fc.constantFrom(0, 1, 63, 4096, (1 << 20) - 1, 1 << 20, (1 << 20) + 1, 2_500_000), {
      minLength: 1,
      maxLength: 4,
    });
    await fc.assert(
      fc.asyncProperty(lengths, fc.integer({ min: 1, max: 1e6 }), async (sizes, seed) => {
        const written = await Promise.all(sizes.map((length, i) => store.write(pattern(length, seed + i))));
        expect(store.bytes).toBe(sizes.reduce((sum, length) => sum + length, 0));
        for (const [i, length] of [...sizes.entries()].reverse()) {
          const into = new Uint8Array(new SharedArrayBuffer(length));
          await store.read(written[i]!, into);
          expect(Buffer.compare(into, pattern(length, seed + i))).toBe(0);
        }
        await Promise.all(written.map((spilled) => store.free(spilled)));
        expect(store.bytes).toBe(0);
      }),
      { numRuns: 10 },
    );
    await store.close();
    expect(readdirSync(place)).toEqual([]);
  });

  it('makes no folder before it is needed, and removes it with everything in it', async () => {
    const store = new SpillStore(place);
    await store.close();
    expect(readdirSync(place)).toEqual([]);
    await store.write(pattern(10, 3));
    expect(readdirSync(place)).toHaveLength(1);
    await store.close();
    expect(readdirSync(place)).toEqual([]);
  });

  it('says when a file is not what was written', async () => {
    const store = new SpillStore(place);
    const changed = await store.write(pattern(5000, 7));
    writeFileSync(changed.path, pattern(5000, 8));
    await expect(store.read(changed, new Uint8Array(5000))).rejects.toThrow(/its checksum differs/);
    const short = await store.write(pattern(5000, 7));
    truncateSync(short.path, 4000);
    const error = await store.read(short, new Uint8Array(5000)).catch((thrown: unknown) => thrown);
    expect(error).toBeInstanceOf(SpillError);
    expect((error as Error & { cause: Error }).cause.message).toBe('the file ends after 4000 of 5000 bytes');
    // And goes on working
    const fine = await store.write(pattern(100, 7));
    await store.read(fine, new Uint8Array(100));
    await store.close();
  });

  it('says when there is nowhere to write', async () => {
    writeFileSync(join(place, 'file'), '');
    const store = new SpillStore(join(place, 'file'));
    const error = await store.write(pattern(10, 1)).catch((thrown: unknown) => thrown);
    expect(error).toBeInstanceOf(SpillError);
    expect((error as Error).message).toContain('could not make a folder for spilled arrays');
  });

  const program = (end: string): string => `
    import { SpillStore } from ${JSON.stringify(new URL('../../dist/memory/spill.js', import.meta.url).href)};
    const store = new SpillStore(${JSON.stringify(place)});
    await store.write(new Uint8Array(1000));
    console.log('written');
    ${end}`;

  it.each(['process.exit(3)', 'throw new Error("unhandled")', ''])('leaves nothing behind after: %s', (end) => {
    const { stdout } = spawnSync(process.execPath, ['--input-type=module', '-e', program(end)], { encoding: 'utf8' });
    expect(stdout).toBe('written\n');
    expect(readdirSync(place)).toEqual([]);
  });

  it('removes what a killed process left, and nothing of one that runs', async () => {
    spawnSync(process.execPath, ['--input-type=module', '-e', program("process.kill(process.pid, 'SIGKILL');")]);
    expect(readdirSync(place)).toHaveLength(1);
    const living = new SpillStore(place);
    const spilled = await living.write(pattern(10, 1));
    expect(readdirSync(place)).toHaveLength(1);
    execFileSync(process.execPath, ['--input-type=module', '-e', program('')]);
    expect(existsSync(spilled.path)).toBe(true);
    await living.close();
  });
});
