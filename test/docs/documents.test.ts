/** Every program of the documents in docs/ type-checks, runs as it stands, and prints what the document says. */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { compileAll, readSnippets, root, run } from './snippets.js';

const folder = join(root, 'docs');
const names = readdirSync(folder).filter((name) => name.endsWith('.md'));

it('there are documents', () => {
  expect(names).toContain('scheduler.md');
});

describe.each(names)('docs/%s', (name) => {
  const text = readFileSync(join(folder, name), 'utf8');
  const snippets = readSnippets(text);
  const programs = compileAll(
    `docs-${name.replace(/\.md$/, '')}`,
    snippets.map(({ code }) => code),
  );

  it.each(snippets.map((snippet, i) => ({ ...snippet, program: programs[i] ?? '' })))(
    'line $line, $title',
    async ({ program, output }) => {
      expect(await run(program, dirname(program))).toEqual({ stdout: output, stderr: '' });
    },
  );

  it('links to files that exist', () => {
    const links = [...text.matchAll(/\]\((?!https?:|#)([^)#]+)/g)].map(([, path]) => path ?? '');
    expect(links.filter((path) => !existsSync(join(folder, path)))).toEqual([]);
  });
});
