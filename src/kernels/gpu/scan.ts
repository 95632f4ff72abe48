/**
 * Running sums and products of float32 on the GPU: a thread for every line where there are many, as the processor does
 * it; else, of sums, every line in pieces, whose ends are put together first: three passes, and a smaller error.
 */
import type { ArraySpec, GpuBody, GpuPass, GpuTraits, KernelParams } from '../contract.js';
import { mainCode, spread } from './spread.js';
import { windowOf } from './windows.js';

export interface ScanLines {
  readonly outer: number;
  readonly length: number;
  readonly inner: number;
}

/** Lines that keep a GPU busy, and lengths that are not worth cutting. */
const MANY = 4096;
const SHORT = 256;
/** Products along longer lines, where there are few, are faster on the processor. */
const LONGEST = 4096;

interface Form {
  readonly start: string;
  readonly join: string;
}

const forms: Readonly<Record<'sum' | 'product', Form>> = {
  sum: { start: '-0.0', join: '+' },
  product: { start: '1.0', join: '*' },
};

const head = `struct P { size: u32, width: u32, length: u32, inner: u32, pieces: u32, piece: u32 }`;

/** Where piece i of so many of all lines begins and ends; the pieces of a line lie side by side in `ends`. */
const place = `let line = i / p.pieces;
  let begin = (i % p.pieces) * p.piece;
  let end = min(p.length, begin + p.piece);
  let first = (line / p.inner) * p.length * p.inner + line % p.inner;`;

/** What each piece comes to. */
const endsCode = ({ start, join }: Form): string => `${head}
@group(0) @binding(0) var<storage, read> x: array<f32>;
@group(0) @binding(1) var<storage, read_write> ends: array<f32>;
@group(0) @binding(2) var<uniform> p: P;
${mainCode(`${place}
  var all = ${start};
  for (var l = begin; l < end; l++) { all = all ${join} x[first + l * p.inner]; }
  ends[i] = all;`)}`;

/** What comes before each piece, for every line. */
const beforeCode = ({ start, join }: Form): string => `${head}
@group(0) @binding(0) var<storage, read_write> ends: array<f32>;
@group(0) @binding(1) var<uniform> p: P;
${mainCode(`var all = ${start};
  for (var piece = i * p.pieces; piece < (i + 1u) * p.pieces; piece++) {
    let own = ends[piece];
    ends[piece] = all;
    all = all ${join} own;
  }`)}`;

/** Every element: what came before its piece, and the elements of the piece up to it. */
const runCode = ({ start, join }: Form, isCut: boolean): string => `${head}
@group(0) @binding(0) var<storage, read> x: array<f32>;
@group(0) @binding(1) var<storage, read_write> out: array<f32>;
${isCut ? '@group(0) @binding(2) var<storage, read_write> ends: array<f32>;' : ''}
@group(0) @binding(${isCut ? 3 : 2}) var<uniform> p: P;
${mainCode(`${place}
  var all = ${isCut ? 'ends[i]' : start};
  for (var l = begin; l < end; l++) {
    all = all ${join} x[first + l * p.inner];
    out[first + l * p.inner] = all;
  }`)}`;

/** How many of the outer lines fit a binding, beginning where a window may; 0 where not even those of one place do. */
function linesOfPart({ outer, length, inner }: ScanLines, gpu: GpuTraits): number {
  const line = length * inner;
  if (4 * outer * line <= gpu.maxBinding) return Math.max(1, outer);
  let unit = 64;
  while (unit > 1 && ((unit / 2) * line) % 64 === 0) unit /= 2;
  return Math.floor(gpu.maxBinding / (4 * line) / unit) * unit;
}

/** The body: `linesOf` says along which lines. */
export function scanBody(
  kind: 'sum' | 'product',
  linesOf: (inputs: readonly ArraySpec[], params: KernelParams) => ScanLines,
): GpuBody {
  const form = forms[kind];
  return {
    can(inputs, params, gpu) {
      const lines = linesOf(inputs, params);
      if (inputs[0]!.dtype !== 'float32' || linesOfPart(lines, gpu) === 0) return false;
      if (kind === 'sum') return true;
      // the product of a piece alone may leave the range where that of all before does not
      const { outer, length, inner } = lines;
      return length <= LONGEST || outer * inner >= MANY;
    },
    plan(inputs, _outputs, params, gpu) {
      const all = linesOf(inputs, params);
      const { outer, length, inner } = all;
      const each = linesOfPart(all, gpu);
      const isCut = kind === 'sum' && length > 0 && outer * inner < MANY && length > SHORT;
      const pieces = isCut ? Math.ceil(length / Math.max(32, Math.ceil(Math.sqrt(length)))) : 1;
      const ends = { of: 'scratch', index: 0 } as const;
      const passes: GpuPass[] = [];
      for (let first = 0; first < outer; first += each) {
        const count = Math.min(each, outer - first);
        const lines = length === 0 ? 0 : count * inner;
        const pass = (code: string, operands: GpuPass['operands'], size: number): void => {
          const { workgroups, width } = spread(size, gpu);
          const numbers = [size, width, length, inner, pieces, Math.ceil(length / pieces)];
          passes.push({ code, operands, numbers, workgroups });
        };
        const part = [first * length * inner, count * length * inner] as const;
        const total = outer * length * inner;
        const x = windowOf('input', 0, part, 4, total);
        const out = windowOf('output', 0, part, 4, total);
        if (!isCut) pass(runCode(form, false), [x, out], lines);
        else {
          pass(endsCode(form), [x, ends], lines * pieces);
          pass(beforeCode(form), [ends], lines);
          pass(runCode(form, true), [x, out, ends], lines * pieces);
        }
      }
      return isCut ? { passes, scratch: [4 * Math.min(each, outer) * inner * pieces] } : { passes };
    },
  };
}
