/**
 * Drawing a program: options checked by name before any work, then graph → picture → DOT → layout → SVG, and from
 * there to a file by its extension.
 */
import { writeFile } from 'node:fs/promises';
import { extname, resolve } from 'node:path';
import { ArgumentError, OptionError } from '../errors.js';
import { collect } from '../graph/collect.js';
import { buildProgram } from '../graph/program.js';
import type { VisualizeOptions } from '../graph/types.js';
import { type ColourMode, colourModes, type RunRecord } from './colour.js';
import { type Direction, toDot } from './dot.js';
import { formatCount, plural } from './format.js';
import type { GroupMode } from './grouping.js';
import { layOut } from './layout.js';
import { checkNames, didYouMean } from './options.js';
import { toPage } from './page.js';
import { type Drawable, makePicture } from './picture.js';
import { toPng } from './png.js';
import { toSvg } from './svg.js';

export type { VisualizeOptions };

const optionNames = ['filename', 'color', 'group', 'direction', 'run', 'scale'] as const;
const directions = ['down', 'right', 'up', 'left'] as const;
const extensions = ['.svg', '.png', '.dot', '.html'] as const;
type Extension = (typeof extensions)[number];

/** Beyond this, `group: false` keeps Graphviz busy for long, and the picture shows nothing. */
const mostUngrouped = 2000;

/**
 * Draws the graph behind a delayed value, or behind every delayed value in a structure, as it was written: before any
 * optimisation, and without running anything.
 *
 * ```ts
 * const svg = await visualize(result);
 * await visualize(result, { filename: 'graph.html', color: 'time', run: lastRun });
 * ```
 *
 * @param target a delayed value or any structure that contains some
 * @param lastRun records used when `options.run` is not given
 * @returns without `filename` the SVG text; with it the absolute path of the file written
 * @throws OptionError for an unknown option, value or extension, or when a colour needs records that do not exist
 * @throws ArgumentError when there is nothing to draw
 */
export async function visualize(target: unknown, options: VisualizeOptions = {}, lastRun?: RunRecord): Promise<string> {
  return drawProgram(buildProgram(collect(target).nodes), options, lastRun);
}

/**
 * Draws a program; otherwise as `visualize`.
 *
 * @param program the graph, dependencies first (`buildProgram` gives it)
 */
export async function drawProgram(
  program: Drawable,
  options: VisualizeOptions = {},
  lastRun?: RunRecord,
): Promise<string> {
  const checked = checkOptions(options);
  if (program.nodes.length === 0) throw new ArgumentError('there is nothing to draw: the target has no delayed values');
  if (checked.group === false && program.nodes.length > mostUngrouped) {
    throw new OptionError(
      'group',
      `group: false draws every task, and ${plural(program.nodes.length, 'task')} are too many for that (up to ${formatCount(mostUngrouped)}); use group: 'auto'`,
    );
  }
  const picture = makePicture(program, { color: checked.color, group: checked.group, run: checked.run ?? lastRun });
  const dot = toDot(picture, checked.direction);
  const { file } = checked;
  if (file?.extension === '.dot') return save(file.path, dot);

  const layout = await layOut(dot, picture);
  const drawing = toSvg(picture, layout);
  if (file === undefined) return drawing.svg;
  switch (file.extension) {
    case '.svg':
      return save(file.path, drawing.svg);
    case '.html':
      return save(file.path, toPage(picture, drawing.svg));
    case '.png':
      return save(file.path, await toPng(drawing.svg, drawing.width, drawing.height, checked.scale));
    default:
      return file.extension satisfies never;
  }
}

async function save(path: string, content: string | Uint8Array): Promise<string> {
  await writeFile(path, content);
  return path;
}

interface Checked {
  readonly file: { readonly path: string; readonly extension: Extension } | undefined;
  readonly color: ColourMode;
  readonly group: GroupMode;
  readonly direction: Direction;
  readonly run: RunRecord | undefined;
  readonly scale: number;
}

function checkOptions(options: VisualizeOptions): Checked {
  checkNames('visualize', options, optionNames);
  const { filename, color = 'function', group = 'auto', direction = 'down', run, scale = 2 } = options;
  if (group !== 'auto' && group !== true && group !== false) {
    throw new OptionError('group', `group is 'auto', true or false; got ${show(group)}`);
  }
  if (typeof scale !== 'number' || !(scale > 0 && scale <= 16)) {
    throw new OptionError(
      'scale',
      `scale is the number of pixels per point of a .png, above 0 and at most 16; got ${show(scale)}`,
    );
  }
  if (run !== undefined && !Array.isArray((run as Partial<RunRecord> | null)?.tasks)) {
    throw new OptionError('run', `run is a run's record with its tasks, such as lastRun; got ${show(run)}`);
  }
  return {
    file: filename === undefined ? undefined : checkFilename(filename),
    color: oneOf('color', color, colourModes),
    group,
    direction: oneOf('direction', direction, directions),
    run,
    scale,
  };
}

function checkFilename(filename: unknown): { path: string; extension: Extension } {
  if (typeof filename !== 'string' || filename === '') {
    throw new OptionError('filename', `filename is the path of a ${extensions.join(', ')} file; got ${show(filename)}`);
  }
  const extension = extname(filename).toLowerCase();
  const known = extensions.find((candidate) => candidate === extension);
  if (known === undefined) {
    const what = extension === '' ? `'${filename}' has no extension` : `'${extension}' is not a format`;
    throw new OptionError(
      'filename',
      `${what} that visualize writes${didYouMean(extension, extensions)}; it writes ${extensions.join(', ')}`,
    );
  }
  return { path: resolve(filename), extension: known };
}

function oneOf<T extends string>(option: string, value: unknown, values: readonly T[]): T {
  const known = values.find((candidate) => candidate === value);
  if (known !== undefined) return known;
  const near = typeof value === 'string' ? didYouMean(value, values) : '';
  throw new OptionError(
    option,
    `${option} cannot be ${show(value)}${near}; it is one of ${values.map((v) => `'${v}'`).join(', ')}`,
  );
}

function show(value: unknown): string {
  return typeof value === 'string' ? `'${value}'` : String(value);
}
