/** The tile of products, chosen by trying: once per adapter and process, a few products with each. */
import { NDArray } from '../../array/ndarray.js';
import { matmul } from '../../kernels/matmul.js';
import type { AdapterFacts } from './adapter.js';
import type { GpuDevice } from './device.js';

/** Side of the products that are timed, on a GPU and on one that the processor plays. */
const SIDE = 1024;
const SOFTWARE_SIDE = 128;
const ROUNDS = 3;

const known = new Map<string, number>();

/** The index of the fastest of `tiles`. @param make a device whose products use a tile */
export async function tune(
  facts: AdapterFacts,
  tiles: readonly number[],
  make: (tile: number) => GpuDevice,
): Promise<number> {
  const remembered = known.get(facts.description);
  if (remembered !== undefined) return remembered;
  const side = facts.isSoftware ? SOFTWARE_SIDE : SIDE;
  let [best, least] = [tiles[0] ?? 0, Number.POSITIVE_INFINITY];
  for (const tile of tiles) {
    const time = await timeOf(make(tile), side);
    if (time < least) [best, least] = [tile, time];
  }
  known.set(facts.description, best);
  return best;
}

/** Milliseconds of a product; the first one, which compiles, does not count. */
async function timeOf(device: GpuDevice, side: number): Promise<number> {
  const spec = { dtype: 'float32', shape: [side, side] } as const;
  const arrays = [device.memory.allocate(spec), device.memory.allocate(spec), device.memory.allocate(spec)];
  const [a, b, c] = arrays;
  let least = Number.POSITIVE_INFINITY;
  if (a !== undefined && b !== undefined && c !== undefined) {
    const data = new Float32Array(side * side).map((_, i) => ((i * 7) % 13) - 6);
    for (const array of [a, b]) device.memory.write(array, new NDArray(data, spec));
    for (let round = 0; round <= ROUNDS; round++) {
      const began = performance.now();
      const error = await new Promise((resolve) => {
        device.submit({ kernel: matmul, params: {}, inputs: [a, b], outputs: [c], onDone: resolve });
        device.flush();
      });
      if (error !== undefined) break;
      if (round > 0) least = Math.min(least, performance.now() - began);
    }
  }
  for (const array of arrays) if (array !== undefined) device.memory.free(array);
  device.memory.pool.trim();
  return least;
}
