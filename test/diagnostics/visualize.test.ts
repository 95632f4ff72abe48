import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { isAbsolute, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { colourModes, type RunRecord } from '../../dist/diagnostics/colour.js';
import { drawProgram, type VisualizeOptions, visualize } from '../../dist/diagnostics/visualize.js';
import { ArgumentError, OptionError } from '../../dist/errors.js';
import { delayed } from '../../dist/graph/delayed.js';
import { TaskNode } from '../../dist/graph/node.js';
import { buildProgram, type Program } from '../../dist/graph/program.js';
import { call, independent, nested, pipeline } from './graphs.js';
import { byClass, parseXml, textOf } from './xml.js';

let folder = '';
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'lazuli-draw-'));
});
afterAll(async () => rm(folder, { recursive: true }));

/** A run of every task of a program: alternating devices, three threads, growing times. */
function runOf(program: Program): RunRecord {
  return {
    tasks: program.nodes.map((node, i) => ({
      key: node.key,
      device: i % 2 === 0 ? 'js' : 'wasm',
      thread: i % 3,
      start: i,
      end: i + 0.001 * (i + 1),
      bytes: 8 * i,
    })),
  };
}

async function failure(promise: Promise<unknown>): Promise<Error> {
  return promise.then(
    () => Promise.reject(new Error('it succeeded')),
    (error: Error) => error,
  );
}

const wrong = (options: object): Promise<Error> => failure(drawProgram(pipeline(), options as VisualizeOptions));

describe('visualize', () => {
  it('answers well-formed SVG with a box for every task and an arrow for every dependency', async () => {
    const svg = parseXml(await drawProgram(pipeline()));
    expect(svg.name).toBe('svg');
    const boxes = byClass(svg, 'task');
    expect(boxes).toHaveLength(8);
    expect(byClass(svg, 'link').map((link) => [link.attributes['data-from'], link.attributes['data-to']])).toEqual(
      expect.arrayContaining([['0', '1']]),
    );
    expect(byClass(svg, 'link')).toHaveLength(7);
    expect(byClass(svg, 'ring')).toHaveLength(1);
    const first = boxes.find((box) => textOf(box).includes('load-1'))!;
    expect(textOf(first)).toContain("'myfile.a.data'");
    expect(byClass(svg, 'ground')[0]!.attributes.fill).toBe('#ffffff');
  });

  it('keeps every box inside the drawing and apart from the others', async () => {
    const svg = parseXml(await drawProgram(nested()));
    const [, , width, height] = svg.attributes.viewBox!.split(' ').map(Number) as [number, number, number, number];
    const [dx, dy] = byClass(svg, 'graph')[0]!
      .attributes.transform!.match(/[\d.]+/g)!
      .map(Number) as [number, number];
    const faces = byClass(svg, 'face').map(({ attributes: a }) => ({
      left: Number(a.x) + dx,
      top: Number(a.y) + dy,
      right: Number(a.x) + dx + Number(a.width),
      bottom: Number(a.y) + dy + Number(a.height),
    }));
    expect(faces).toHaveLength(30);
    for (const [i, a] of faces.entries()) {
      expect(a.left).toBeGreaterThan(0);
      expect(a.top).toBeGreaterThan(0);
      expect(a.right).toBeLessThan(width);
      expect(a.bottom).toBeLessThan(height);
      for (const b of faces.slice(i + 1)) {
        expect(a.right < b.left || b.right < a.left || a.bottom < b.top || b.bottom < a.top).toBe(true);
      }
    }
  });

  it('says how many tasks the picture stands for, and the badges add up to it', async () => {
    const svg = parseXml(await drawProgram(nested()));
    expect(textOf(byClass(svg, 'caption')[0]!)).toContain('138 tasks');
    const counts = byClass(svg, 'task').map((box) => {
      const badge = box.children.find((child) => child.name === 'text' && /^×[\d,]+$/.test(child.text));
      return badge === undefined ? 1 : Number(badge.text.slice(1).replaceAll(',', ''));
    });
    expect(counts.reduce((sum, n) => sum + n, 0)).toBe(138);
  });

  it('gives the same text for the same graph', async () => {
    const withoutCounters = async () => (await drawProgram(nested())).replace(/-\d+\b/g, '-n');
    expect(await withoutCounters()).toBe(await withoutCounters());
    const program = nested();
    const options = { color: 'device', run: runOf(program) } as const;
    expect(await drawProgram(program, options)).toBe(await drawProgram(program, options));
  });

  it('draws what delayed functions built', async () => {
    const load = delayed((name: string) => [name], { name: 'load' });
    const join = delayed((parts: string[][]) => parts.flat(), { name: 'join' });
    const rows = join([load('a.csv'), load('b.csv')]);
    const svg = parseXml(await visualize({ first: rows[0], rows }));
    const labels = byClass(svg, 'task').map((box) => box.children.find((child) => child.name === 'text')!.text);
    expect(labels.sort()).toEqual(['[0]', 'join', 'load', 'load']);
    expect(byClass(svg, 'ring')).toHaveLength(2);
  });

  it('survives hostile names, keys and arguments in every format', async () => {
    const names = [
      '<script>alert(1)</script>',
      '"; } digraph x { "',
      'back\\slash\\',
      'a\u0000b\u001b[31m\ud800',
      '&lt;&amp;',
      ']]>-->',
      'новая 計算 \u2028',
      '',
    ];
    const thrower = new Proxy(
      {},
      {
        get: () => {
          throw new Error('looked at');
        },
        has: () => {
          throw new Error('looked at');
        },
      },
    );
    const tasks = names.map((name, i) => call(name, [name, thrower, Symbol('s'), null], [], `${name}-${i}`));
    const program = buildProgram([call('all', [], tasks)]);
    const svg = parseXml(await drawProgram(program));
    expect(byClass(svg, 'task')).toHaveLength(names.length + 1);
    expect(textOf(svg)).toContain('<script>alert(1)</script>');
    expect(svg.children.some((child) => child.name === 'script')).toBe(false);
    const page = await readFile(await drawProgram(program, { filename: join(folder, 'hostile.html') }), 'utf8');
    expect(page).not.toContain('<script>alert');
    expect(page.match(/<\/script>/g)).toHaveLength(2);
    const dot = await readFile(await drawProgram(program, { filename: join(folder, 'hostile.dot') }), 'utf8');
    const outsideStrings = dot.replace(/"(?:[^"\\]|\\.)*"/g, '""');
    expect(outsideStrings.match(/digraph/g)).toHaveLength(1);
    expect(outsideStrings.match(/^ {2}b\d+ \[/gm)).toHaveLength(names.length + 1);
    expect(dot).toContain('\\"; } digraph x { \\"');
    expect(dot).not.toContain('\u0000');
  });

  it('refuses a target without delayed values', async () => {
    const error = await failure(visualize({ plain: [1, 2, 3] }));
    expect(error).toBeInstanceOf(ArgumentError);
    expect(error.message).toContain('nothing to draw');
  });

  it('lays out to the right as well as downwards', async () => {
    const sizeOf = async (direction: 'down' | 'right') =>
      parseXml(await drawProgram(pipeline(), { direction })).attributes;
    const [down, right] = [await sizeOf('down'), await sizeOf('right')];
    expect(Number(right.width)).toBeGreaterThan(Number(down.width));
    expect(Number(right.height)).toBeLessThan(Number(down.height));
  });
});

describe('colours', () => {
  const withRun = new Set(['device', 'thread', 'time', 'memory']);

  it.each(colourModes)(
    '%s draws a well-formed picture, with a legend where it has a meaning to tell',
    async (color) => {
      const program = nested();
      const svg = parseXml(await drawProgram(program, { color }, runOf(program)));
      expect(byClass(svg, 'task')).toHaveLength(30);
      expect(byClass(svg, 'legend')).toHaveLength(color === 'function' || color === 'none' ? 0 : 1);
    },
  );

  it.each([...withRun] as ('device' | 'thread' | 'time' | 'memory')[])(
    '%s without a run, or with the run of another graph, is an error',
    async (color) => {
      const without = await failure(drawProgram(pipeline(), { color }));
      expect(without).toBeInstanceOf(OptionError);
      expect(without.message).toContain('needs the records of a run');
      const other = await failure(drawProgram(pipeline(), { color, run: { tasks: [{ key: 'else', device: 'js' }] } }));
      expect(other).toBeInstanceOf(OptionError);
      expect(other.message).toContain('none of its keys');
    },
  );

  it('gives one colour to a function and different ones to different functions', async () => {
    const svg = parseXml(await drawProgram(pipeline()));
    const fills = new Map<string, Set<string>>();
    for (const box of byClass(svg, 'task')) {
      const label = box.children.find((child) => child.name === 'text')!.text;
      fills.set(label, (fills.get(label) ?? new Set()).add(byClass(box, 'face')[0]!.attributes.fill!));
    }
    expect([...fills.values()].every((set) => set.size === 1)).toBe(true);
    expect(new Set([...fills.values()].flatMap((set) => [...set])).size).toBe(4);
  });

  it('counts devices in the legend, tells tasks without a record, and shares out mixed boxes', async () => {
    const program = nested();
    const { tasks } = runOf(program);
    const svg = parseXml(await drawProgram(program, { color: 'device', run: { tasks: tasks.slice(0, 100) } }));
    const legend = textOf(byClass(svg, 'legend')[0]!);
    expect(legend).toContain('js (50)');
    expect(legend).toContain('wasm (50)');
    expect(legend).toContain('no record (38)');
    expect(byClass(svg, 'task').some((box) => /js ×\d+, wasm ×\d+/.test(textOf(box)))).toBe(true);
  });

  it('adds up the time of a box', async () => {
    const program = independent(100);
    const run = { tasks: program.nodes.map((node) => ({ key: node.key, start: 1, end: 1.5 })) };
    const svg = parseXml(await drawProgram(program, { color: 'time', run }));
    expect(textOf(byClass(svg, 'task')[0]!)).toContain('50 s');
    expect(textOf(byClass(svg, 'legend')[0]!)).toContain('50 s');
  });
});

describe('files', () => {
  it.each(['.svg', '.dot', '.html', '.png', '.SVG'])('writes %s and answers its absolute path', async (extension) => {
    const path = await drawProgram(nested(), { filename: join(folder, `graph${extension}`) });
    expect(isAbsolute(path)).toBe(true);
    const bytes = await readFile(path);
    const text = bytes.toString('utf8');
    switch (extension) {
      case '.dot':
        expect(text).toMatch(/^digraph lazuli \{/);
        expect(text.match(/^ {2}b\d+ \[/gm)).toHaveLength(30);
        break;
      case '.html':
        expect(text).toMatch(/^<!doctype html>/);
        // Nothing in it leaves the file.
        expect(text.replaceAll('http://www.w3.org/2000/svg', '')).not.toMatch(/https?:|src=|@import|url\(/);
        break;
      case '.png':
        expect(bytes.subarray(0, 8)).toEqual(Buffer.from([137, 80, 78, 71, 13, 10, 26, 10]));
        break;
      default:
        parseXml(text);
    }
  });

  it('scales a .png, whose size follows the drawing', async () => {
    const size = async (scale: number) => {
      const bytes = await readFile(await drawProgram(pipeline(), { filename: join(folder, `x${scale}.png`), scale }));
      return [bytes.readUInt32BE(16), bytes.readUInt32BE(20)];
    };
    const { width, height } = parseXml(await drawProgram(pipeline())).attributes;
    expect(await size(1)).toEqual([Number(width), Number(height)]);
    expect(await size(3)).toEqual([3 * Number(width), 3 * Number(height)]);
  });

  it('draws the letters of a .png, also beyond ASCII, without fonts from the machine', async () => {
    const png = async (label: string) => {
      const path = await drawProgram(buildProgram([call(label, [], [], 'key')]), {
        filename: join(folder, 'text.png'),
        color: 'none',
      });
      return (await readFile(path)).toString('base64');
    };
    // Pairs of one width: only the letters differ.
    for (const [one, other] of [
      ['bbbb', 'dddd'],
      ['яяяя', 'жжжж'],
      ['αααα', 'ββββ'],
    ]) {
      expect(await png(one!)).not.toBe(await png(other!));
      expect(await png(one!)).toBe(await png(one!));
    }
  });

  it('names the folder that does not exist', async () => {
    const error = await failure(drawProgram(pipeline(), { filename: join(folder, 'none', 'graph.svg') }));
    expect(error.message).toContain('none');
  });
});

describe('options', () => {
  it.each([
    [{ filname: 'x.svg' }, 'filname', "did you mean 'filename'"],
    [{ filename: 'graph.svgg' }, 'filename', "did you mean '.svg'"],
    [{ filename: 'graph' }, 'filename', 'has no extension'],
    [{ filename: 7 }, 'filename', 'got 7'],
    [{ color: 'devise' }, 'color', "did you mean 'device'"],
    [{ color: 3 }, 'color', 'cannot be 3'],
    [{ group: 'yes' }, 'group', "'auto', true or false"],
    [{ direction: 'rigt' }, 'direction', "did you mean 'right'"],
    [{ scale: 0 }, 'scale', 'above 0'],
    [{ run: {} }, 'run', 'lastRun'],
  ])('%j is an error that names it', async (options, option, part) => {
    const error = await wrong(options);
    expect(error).toBeInstanceOf(OptionError);
    expect((error as OptionError).option).toBe(option);
    expect(error.message).toContain(part);
  });

  it('refuses to draw thousands of tasks one by one, and says what to do', async () => {
    const error = await failure(drawProgram(independent(2001), { group: false }));
    expect(error).toBeInstanceOf(OptionError);
    expect(error.message).toContain('2,001 tasks');
    expect(error.message).toContain("'auto'");
  });

  it('draws collections and values as what they are', async () => {
    const value = new TaskNode({ kind: 'value', name: 'x' }, [new Float64Array(12)], [], {}, 'x');
    const svg = parseXml(await drawProgram(buildProgram([call('f', [], [value])])));
    const box = byClass(svg, 'task').find((candidate) => textOf(candidate).includes('key x'))!;
    expect(textOf(box)).toContain('Float64Array(12)');
    expect(byClass(box, 'face')[0]!.attributes.rx).toBe('2');
  });
});
