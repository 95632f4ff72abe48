import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { comfortable, groupTasks } from '../../dist/diagnostics/grouping.js';
import { makePicture, type Picture } from '../../dist/diagnostics/picture.js';
import { Hole } from '../../dist/graph/node.js';
import type { Program } from '../../dist/graph/program.js';
import { buildProgram } from '../../dist/graph/program.js';
import { call, chain, independent, nested, nestedTasks, pipeline } from './graphs.js';

const picture = (program: Program, group: 'auto' | boolean = 'auto'): Picture =>
  makePicture(program, { color: 'function', group, run: undefined });

const total = (numbers: readonly number[]) => numbers.reduce((sum, n) => sum + n, 0);

/** Any graph: each task takes some earlier ones; few labels, so that roles are shared. */
const graphs = fc
  .array(fc.record({ label: fc.nat(4), deps: fc.array(fc.nat(1000), { maxLength: 4 }) }), {
    minLength: 1,
    maxLength: 150,
  })
  .map((tasks) => {
    const rows = tasks.map(({ deps }, i) => (i === 0 ? [] : [...new Set(deps.map((dep) => dep % i))]));
    const depStart = new Int32Array(tasks.length + 1);
    rows.forEach((row, i) => {
      depStart[i + 1] = depStart[i]! + row.length;
    });
    const labels = Int32Array.from(tasks, (task) => task.label);
    return { shape: { count: tasks.length, depStart, deps: Int32Array.from(rows.flat()) }, labels };
  });

describe('grouping', () => {
  it('draws every task of a small graph', () => {
    const { boxes, links, caption } = picture(pipeline());
    expect(boxes.map((box) => box.count)).toEqual(Array(8).fill(1));
    expect(links).toHaveLength(7);
    expect(caption).toBe('8 tasks, 7 dependencies');
    expect(boxes.filter((box) => box.isTarget).map((box) => box.label)).toEqual(['store']);
  });

  it('shows the outer folds of nested cross-validation as four strands that count their inner tasks', () => {
    const { boxes, links, caption } = picture(nested());
    const counts = (label: string) =>
      boxes
        .filter((box) => box.label === label)
        .map((box) => box.count)
        .sort((a, b) => a - b);
    expect(counts('score')).toEqual([1, 1, 1, 1, 20, 20, 20, 20]);
    expect(counts('sum')).toEqual([1, 5, 5, 5, 5]);
    expect(counts('[1]')).toEqual([1, 1, 1, 1]);
    expect(links.filter((link) => link.label === '4 to 1')).toHaveLength(4);
    expect(links.filter((link) => link.label === '5 to 1')).toHaveLength(4);
    expect(caption).toContain('138 tasks');
    expect(caption).toContain('in 30 boxes');
  });

  it('shows one box for each role when asked to', () => {
    const { boxes, links } = picture(nested(), true);
    expect(boxes.map((box) => [box.label, box.count])).toEqual([
      ['x', 1],
      ['sqdist', 1],
      ['rbf', 1],
      ['y', 1],
      ['score', 80],
      ['sum', 20],
      ['div', 20],
      ['max', 4],
      ['[1]', 4],
      ['score', 4],
      ['sum', 1],
      ['div', 1],
    ]);
    expect(links.map((link) => link.label).filter((label) => label !== '')).toEqual(['4 to 1', '5 to 1', '4 to 1']);
  });

  it('shows every task when asked to', () => {
    expect(picture(nested(), false).boxes).toHaveLength(nestedTasks);
  });

  it('gives a chain of one function a box with an arrow to itself', () => {
    const { boxes, links } = picture(chain(5000));
    const middle = boxes.findIndex((box) => box.count > 4000);
    expect(middle).toBeGreaterThan(0);
    expect(links.some((link) => link.from === middle && link.to === middle)).toBe(true);
    expect(total(boxes.map((box) => box.count))).toBe(5000);
  });

  it('keeps the frequent names and lumps the others when there are too many', () => {
    const { boxes } = picture(independent(3000, (i) => (i % 2 === 0 ? 'often' : `rare${i}`)));
    expect(boxes).toHaveLength(comfortable.boxes);
    expect(boxes.find((box) => box.label === 'often')?.count).toBe(1500);
    const rest = boxes.find((box) => box.label.endsWith('other functions'))!;
    expect(rest.label).toBe(`${(1500 - (comfortable.boxes - 2)).toLocaleString('en-US')} other functions`);
    expect(rest.count).toBe(1500 - (comfortable.boxes - 2));
  });

  it('groups a hundred thousand tasks', () => {
    const { boxes, links } = picture(
      buildProgram([
        call(
          'sum',
          [],
          Array.from({ length: 50_000 }, (_, i) => call('clean', [new Hole(0)], [call('load', [i], [])])),
        ),
      ]),
    );
    expect(boxes.map((box) => [box.label, box.count])).toEqual([
      ['load', 50_000],
      ['clean', 50_000],
      ['sum', 1],
    ]);
    expect(links.map((link) => link.label)).toEqual(['', '50,000 to 1']);
  });

  it('counts a result that a task takes twice as one dependency', () => {
    const load = call('load', [], []);
    const { dependencies, links } = picture(buildProgram([call('mul', [new Hole(0), new Hole(1)], [load, load])]));
    expect(dependencies).toBe(1);
    expect(links).toEqual([{ from: 0, to: 1, count: 1, label: '' }]);
  });

  it('puts each task in one box, under one label, within the limit, whatever the graph', () => {
    fc.assert(
      fc.property(graphs, fc.constantFrom('auto' as const, true), ({ shape, labels }, mode) => {
        const { group, boxes } = groupTasks(shape, labels, mode);
        expect(group).toHaveLength(shape.count);
        expect(boxes).toBeLessThanOrEqual(comfortable.boxes);
        // Numbered by first task, without gaps.
        let highest = -1;
        const label = new Map<number, number>();
        group.forEach((box, i) => {
          expect(box).toBeLessThanOrEqual(highest + 1);
          highest = Math.max(highest, box);
          if (!label.has(box)) label.set(box, labels[i]!);
          expect(labels[i]).toBe(label.get(box));
        });
        expect(highest + 1).toBe(boxes);
      }),
    );
  });

  it('accounts for every task and every dependency, whatever the grouping', () => {
    for (const program of [pipeline(), nested(), chain(300), independent(200)]) {
      for (const mode of ['auto', true, false] as const) {
        const it = picture(program, mode);
        expect(total(it.boxes.map((box) => box.count))).toBe(program.nodes.length);
        expect(total(it.boxes.map((box) => box.dependencies))).toBe(it.dependencies);
        expect(total(it.links.map((link) => link.count))).toBe(it.dependencies);
      }
    }
  });
});
