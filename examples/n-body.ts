/**
 * Bodies that attract each other: the sum over all others is a function in gpu.js's form, the steps of the leapfrog around it
 * are array functions, so that on a GPU the bodies stay there from step to step. Prints how well energy is kept. Run it with
 *
 *     npx tsx examples/n-body.ts [--bodies 512] [--steps 20]
 *         [--workers 2] [--device auto | gpu | wasm | js]
 *         [--precision float64 | float32] [--scheduler threads | sync] [--out folder]
 */
import { compute, type LazyArray, lastRun, nd, random } from 'lazuli';
import { readOptionsWithCounts, run } from './options.js';

/** Of a step; and what keeps near encounters from being infinitely strong. */
const [TIME, SOFTENING] = [0.02, 0.01];

async function main(): Promise<void> {
  const { out: _, bodies, steps, ...options } = readOptionsWithCounts({ bodies: 512, steps: 20 });
  const constants = { bodies, mass: 1 / bodies, softening: SOFTENING };
  const acceleration = nd.gpuKernel(
    function acceleration(at) {
      const i = this.thread.x;
      let x = 0;
      let y = 0;
      let z = 0;
      for (let j = 0; j < this.constants.bodies; j++) {
        const dx = at[j][0] - at[i][0];
        const dy = at[j][1] - at[i][1];
        const dz = at[j][2] - at[i][2];
        const d = dx * dx + dy * dy + dz * dz + this.constants.softening;
        const pull = this.constants.mass / (d * Math.sqrt(d));
        x += dx * pull;
        y += dy * pull;
        z += dz * pull;
      }
      return [x, y, z];
    },
    { output: [bodies], constants, flops: 20 * bodies },
  );
  const potential = nd.gpuKernel(
    function potential(at) {
      const i = this.thread.x;
      let sum = 0;
      for (let j = 0; j < this.constants.bodies; j++) {
        const dx = at[j][0] - at[i][0];
        const dy = at[j][1] - at[i][1];
        const dz = at[j][2] - at[i][2];
        if (j !== i) sum -= this.constants.mass / Math.sqrt(dx * dx + dy * dy + dz * dz + this.constants.softening);
      }
      return sum;
    },
    { output: [bodies], constants, flops: 15 * bodies },
  );
  const energy = (at: LazyArray, speed: LazyArray) =>
    nd.mul(nd.add(nd.sum(nd.square(speed)), nd.sum(potential(at))), 0.5 / bodies);

  const start = random.uniform([bodies, 3], { seed: 1, dtype: 'float32' });
  let at: LazyArray = nd.sub(nd.mul(start, 2), 1) as LazyArray;
  let speed: LazyArray = nd.mul(at, 0.1) as LazyArray;
  const before = energy(at, speed);
  for (let step = 0; step < steps; step++) {
    const half = nd.add(speed, nd.mul(acceleration(at), TIME / 2)) as LazyArray;
    at = nd.add(at, nd.mul(half, TIME)) as LazyArray;
    speed = nd.add(half, nd.mul(acceleration(at), TIME / 2)) as LazyArray;
  }
  const begin = performance.now();
  const [first, last] = await compute([before, energy(at, speed)], options);
  const seconds = (performance.now() - begin) / 1000;
  const used = new Set(lastRun.tasks.filter(({ key }) => key.startsWith('acceleration')).map(({ device }) => device));
  console.log(
    `${bodies} bodies, ${steps} steps: ${(steps / seconds).toFixed(1)} steps a second on ${[...used].join(', ')}`,
  );
  console.log(
    `energy ${first.toFixed(6)}, and at the end ${last.toFixed(6)}: ${Math.abs((last - first) / first).toExponential(1)} of it apart`,
  );
}

await run(main);
