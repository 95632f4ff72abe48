/** The floors of the house: a file imports from its own floor or from those below it, and never in a circle. */
import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';

const root = fileURLToPath(new URL('../src/', import.meta.url));

/** Lowest first. */
const floors = [
  ['errors', 'config'],
  ['graph'],
  ['array'],
  ['memory'],
  ['kernels'],
  ['workers'],
  ['devices'],
  ['scheduler'],
  ['runtime'],
  ['lazy'],
  ['conformance'],
  ['linalg'],
  ['learn'],
  ['diagnostics'],
  ['distributed'],
  ['cli'],
];

/** Imports of types are gone when the program runs, so they make no circle. */
const typesOnly = /^import type |^export type \{/;

interface Import {
  readonly from: string;
  readonly to: string;
  readonly isType: boolean;
}

function importsOf(file: string): Import[] {
  const text = readFileSync(join(root, file), 'utf8').replace(/^ *(\/\*\*|\*|\/\/).*$/gm, '');
  const found: Import[] = [];
  for (const match of text.matchAll(/^(?:import|export)\b[^;]*?from '(\.[^']+)';|^import '(\.[^']+)';/gms)) {
    const target = relative(root, join(root, dirname(file), (match[1] ?? match[2]) as string));
    found.push({ from: file, to: target.replace(/\.js$/, '.ts'), isType: typesOnly.test(match[0]) });
  }
  for (const match of text.matchAll(/\bimport\('(\.[^']+)'\)/g)) {
    const target = relative(root, join(root, dirname(file), match[1] as string));
    found.push({ from: file, to: target.replace(/\.js$/, '.ts'), isType: false });
  }
  return found;
}

const files = readdirSync(root, { recursive: true, encoding: 'utf8' })
  .map((file) => file.replaceAll('\\', '/'))
  .filter((file) => file.endsWith('.ts') && !file.endsWith('.d.ts'));
const imports = files.flatMap(importsOf);

/** The files that the package exports besides those of a floor: they may import everything. */
const doors = ['index.ts', 'learn.ts'];

function floorOf(file: string): number {
  if (doors.includes(file)) return floors.length;
  const name = (file.split('/')[0] as string).replace(/\.ts$/, '');
  const floor = floors.findIndex((names) => names.includes(name));
  if (floor < 0) throw new Error(`${file} is on no floor`);
  return floor;
}

describe('the house', () => {
  it('has every file on a floor, and every import leads to a file', () => {
    expect(files.length).toBeGreaterThan(50);
    for (const file of files) expect(floorOf(file)).toBeGreaterThanOrEqual(0);
    for (const { from, to } of imports) expect(files, `${from} imports ${to}`).toContain(to);
  });

  it('has no import upwards', () => {
    const upwards = imports.filter(({ from, to }) => floorOf(to) > floorOf(from));
    expect(upwards.map(({ from, to }) => `${from} → ${to}`)).toEqual([]);
  });

  it('has no circle of imports', () => {
    const state = new Map<string, 'open' | 'done'>();
    const circles: string[] = [];
    const visit = (file: string, path: readonly string[]): void => {
      if (state.get(file) === 'open') circles.push([...path.slice(path.indexOf(file)), file].join(' → '));
      if (state.has(file)) return;
      state.set(file, 'open');
      for (const { from, to, isType } of imports) if (from === file && !isType) visit(to, [...path, file]);
      state.set(file, 'done');
    };
    for (const file of files) visit(file, []);
    expect(circles).toEqual([]);
  });
});
