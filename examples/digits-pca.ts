/**
 * Principal components of handwritten digits: the right singular vectors of the centred images, decomposed in blocks.
 * Prints how much of the variance each explains, and writes them as a picture. Run it with
 *
 *     npx tsx examples/digits-pca.ts [--components 16] [--chunk 256]
 *         [--workers 2] [--device auto | wasm | js | gpu | …]
 *         [--precision float64 | float32] [--scheduler threads | sync] [--out folder]
 */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { compute, type LazyArray, linalg, nd } from 'lazuli';
import { readOptionsWithCounts, run } from './options.js';
import { png } from './png.js';

/** Pixels a side of a digit; pixels of the picture for one of them; digits side by side; pixels between them. */
const [SIDE, ZOOM, PER_ROW, GAP] = [8, 10, 8, 6];

async function main(): Promise<void> {
  const { out, components, chunk, ...options } = readOptionsWithCounts({ components: 16, chunk: 256 });
  const path = fileURLToPath(new URL('../data/digits.csv', import.meta.resolve('lazuli')));
  const table = nd.load(path, { chunks: [chunk, SIDE * SIDE + 1] });
  const images = nd.slice(table, [[], [0, SIDE * SIDE]]);
  const centred = nd.sub(images, nd.mean(images, { axis: 0 })) as LazyArray;
  const [s, vt] = await compute([linalg.svd(centred).s, linalg.svd(centred).vt] as const, options);

  const squares = Array.from({ length: s.size }, (_, i) => Number(s.get(i)) ** 2);
  const total = squares.reduce((sum, value) => sum + value, 0);
  const count = Math.min(components, s.size);
  console.log(`${table.shape[0]} digits of ${SIDE} × ${SIDE} pixels in blocks of ${chunk}`);
  let explained = 0;
  for (let i = 0; i < count; i++) {
    const share = squares[i]! / total;
    explained += share;
    console.log(`component ${i + 1}: ${(100 * share).toFixed(2)} %, together ${(100 * explained).toFixed(2)} %`);
  }

  const step = SIDE * ZOOM + GAP;
  const [width, height] = [PER_ROW * step + GAP, Math.ceil(count / PER_ROW) * step + GAP];
  const grey = new Uint8Array(width * height).fill(255);
  for (let i = 0; i < count; i++) {
    const values = Array.from({ length: SIDE * SIDE }, (_, j) => Number(vt.get(i, j)));
    const most = Math.max(...values.map(Math.abs));
    const [left, top] = [(i % PER_ROW) * step + GAP, Math.floor(i / PER_ROW) * step + GAP];
    for (let y = 0; y < SIDE * ZOOM; y++) {
      for (let x = 0; x < SIDE * ZOOM; x++) {
        const value = values[Math.floor(y / ZOOM) * SIDE + Math.floor(x / ZOOM)]!;
        grey[(top + y) * width + left + x] = Math.round(127.5 * (1 + value / most));
      }
    }
  }
  mkdirSync(out, { recursive: true });
  const file = join(out, 'digits-pca.png');
  writeFileSync(file, png(width, height, grey));
  console.log(`picture: ${file}`);
}

await run(main);
