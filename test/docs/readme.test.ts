/** Every program of the README type-checks, runs as it stands, and prints what the README says. */
import { existsSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { compileAll, readSnippets, root, run } from './snippets.js';

const text = readFileSync(join(root, 'README.md'), 'utf8');
const snippets = readSnippets(text);
const programs = compileAll(
  'readme',
  snippets.map(({ code }) => code),
);

describe('README', () => {
  it('has a first program of at most 15 lines with its output', () => {
    const [first] = snippets;
    expect(first?.title).toBe('A first program');
    expect(first?.code.trim().split('\n').length).toBeLessThanOrEqual(15);
    expect(first?.output).not.toBe('');
  });

  it.each(snippets.map((snippet, i) => ({ ...snippet, program: programs[i] ?? '' })))(
    'line $line, $title',
    async ({ program, output }) => {
      expect(await run(program, dirname(program))).toEqual({ stdout: output, stderr: '' });
    },
  );

  it('links to files that exist', () => {
    const links = [...text.matchAll(/\]\((?!https?:|#)([^)]+)\)/g)].map(([, path]) => path ?? '');
    expect(links.length).toBeGreaterThan(0);
    expect(links.filter((path) => !existsSync(join(root, path)))).toEqual([]);
  });

  it('names commands that package.json has', () => {
    const { scripts } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as { scripts: object };
    expect(text).toContain('npm ci && npm start');
    expect(text).toContain('npm ci && npm test');
    expect(scripts).toMatchObject({ start: expect.any(String), test: expect.any(String) });
  });
});
