/**
 * The Mandelbrot set by a function in gpu.js's form: on the GPU where there is one, else as WebAssembly.
 * Writes a picture. Run it with
 *
 *     npx tsx examples/mandelbrot.ts [--width 900] [--height 600] [--iterations 300]
 *         [--workers 2] [--device auto | gpu | wasm | js]
 *         [--precision float64 | float32] [--scheduler threads | sync] [--out folder]
 */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { compute, lastRun, nd } from 'lazuli';
import { readOptionsWithCounts, run } from './options.js';
import { png } from './png.js';

async function main(): Promise<void> {
  const sizes = { width: 900, height: 600, iterations: 300 };
  const { out, width, height, iterations, ...options } = readOptionsWithCounts(sizes);
  const mandelbrot = nd.gpuKernel(
    function mandelbrot(left, top, step) {
      const x0 = left + step * this.thread.x;
      const y0 = top + step * this.thread.y;
      let x = 0;
      let y = 0;
      let n = 0;
      while (n < this.constants.iterations && x * x + y * y <= 256) {
        const next = x * x - y * y + x0;
        y = 2 * x * y + y0;
        x = next;
        n++;
      }
      // how fast it grows, without steps between whole numbers
      if (n < this.constants.iterations) return n + 1 - Math.log2(Math.log2(x * x + y * y) / 2);
      return -1;
    },
    { output: [width, height], constants: { iterations }, flops: 10 * iterations },
  );

  const step = 3.4 / width;
  const start = performance.now();
  const counts = await compute(mandelbrot(-2.4, -(height / 2) * step, step), options);
  const seconds = (performance.now() - start) / 1000;
  const device = lastRun.tasks.find(({ key }) => key.startsWith('mandelbrot'))?.device;

  const pixels = new Uint8Array(3 * width * height);
  let inside = 0;
  counts.data.forEach((value, i) => {
    const n = Number(value);
    if (n < 0) inside++;
    const hue = 0.2 * Math.sqrt(Math.max(0, n));
    for (let c = 0; c < 3; c++) pixels[3 * i + c] = n < 0 ? 0 : 128 - 127 * Math.cos(2 * Math.PI * (hue + c / 6));
  });
  mkdirSync(out, { recursive: true });
  const path = join(out, 'mandelbrot.png');
  writeFileSync(path, png(width, height, pixels));
  console.log(`${width} × ${height}, at most ${iterations} iterations: ${seconds.toFixed(2)} s on ${device}`);
  console.log(`${((100 * inside) / (width * height)).toFixed(1)} % belong to the set`);
  console.log(`the picture: ${path}`);
}

await run(main);
