import { describe, expect, it } from 'vitest';
import { ArgumentError, OptionError } from '../../dist/errors.js';
import { delayed, specOf } from '../../dist/graph/delayed.js';
import { nodeOf } from '../../dist/graph/node.js';
import { REFERENCE, reference, referenceOf } from '../../dist/graph/reference.js';
import { runAsync } from './run.js';

const source = `
  export const twice = (n) => 2 * n;
  export default (a, b) => a + b;
  export const constant = 5;
`;
const url = `data:text/javascript,${encodeURIComponent(source)}`;
interface Module {
  twice(n: number): number;
  default(a: number, b: number): number;
  constant: number;
}

describe('delayed.module', () => {
  it('has the functions of a module, delayed, and imports it when they run', async () => {
    const module = delayed.module<Module>(url);
    const { twice } = module;
    expect(await runAsync(module.default(twice(4), twice(twice(1))))).toBe(12);
    expect(await runAsync(twice(5))).toBe(10);
    expect(module.twice).toBe(twice);
    expect(twice(1).key).toMatch(/^twice-\d+$/);
  });

  it('carries the reference for those who ship functions', () => {
    const path = delayed.module<typeof import('node:path')>('node:path', { retries: 1 });
    const fn = specOf(path.basename)!.fn;
    expect(referenceOf(fn)).toEqual({ url: 'node:path', export: 'basename' });
    expect(Object.getOwnPropertySymbols(fn)).toContain(REFERENCE);
    expect(nodeOf(path.basename('a'))?.settings).toEqual({ retries: 1 });
    expect(referenceOf(() => 1)).toBe(undefined);
  });

  it('gives equal pure tasks equal keys, whenever it is made', () => {
    const key = (): string => delayed.module<Module>(url, { pure: true }).twice(1).key;
    expect(key()).toBe(key());
    const other = delayed.module<Module>(`${url}//`, { pure: true }).twice(1).key;
    expect(other).not.toBe(key());
  });

  it('takes URLs and absolute paths, and refuses relative ones at once', () => {
    expect(referenceOf(reference({ url: new URL('file:///a/b.js'), export: 'f' }))?.url).toBe('file:///a/b.js');
    expect(referenceOf(reference({ url: '/a/b c.js', export: 'f' }))?.url).toBe('file:///a/b%20c.js');
    expect(() => delayed.module('./tasks.js')).toThrow(ArgumentError);
    expect(() => delayed.module('./tasks.js')).toThrow('import.meta.url');
    expect(() => reference({ url, export: '' })).toThrow("'export'");
    expect(() => delayed.module(url, { retires: 1 } as object)).toThrow(OptionError);
  });

  it('says which export is missing when it is called', async () => {
    const module = delayed.module<{ thrice(n: number): number; constant(): number }>(url);
    await expect(runAsync(module.thrice(1))).rejects.toThrow("exports no function 'thrice'; it exports default, twice");
    await expect(runAsync(module.constant())).rejects.toThrow(ArgumentError);
  });

  it('may be awaited and printed', async () => {
    const module = delayed.module<Module>(url);
    expect(await module).toBe(module);
    expect(String(Object.prototype.toString.call(module))).toBe('[object Object]');
  });
});
