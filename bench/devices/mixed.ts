/**
 * A mixed workload on device 'auto': large products, many small ones, and element-wise chains with a reduction, float64, in
 * one graph, against the same graph on each device that can run all of it, and on pairs of devices. Results are compared
 * first. 'auto' is a runtime like the others: what it knows of times it has learned in its own rounds.
 *
 *     npm run build && npx tsx bench/devices/mixed.ts [--large 1500] [--rounds 7]
 */
import { parseArgs } from 'node:util';
import {
  compute,
  createRuntime,
  type DeviceChoice,
  type DeviceName,
  devices,
  type LazyArray,
  type NDArray,
  nd,
  random,
} from '../../dist/index.js';
import { alternate, timed } from '../support/measure.js';
import { machine, printTable } from '../support/report.js';

const { values } = parseArgs({
  options: { large: { type: 'string', default: '1500' }, rounds: { type: 'string', default: '7' } },
});
const [large, rounds] = [Number(values.large), Number(values.rounds)];
console.log(`${machine()}\n`);

const [big, little, long] = await compute([
  random.normal([large, large], { seed: 1 }),
  random.normal([64, 64], { seed: 2 }),
  random.normal([4_000_000], { seed: 3 }),
]);

/** Numbers at the end of everything, so that what is compared is small. */
const works: Readonly<Record<string, () => LazyArray[]>> = {
  'large products': () => [1, 2, 3, 4].map((k) => nd.sum(nd.matmul(nd.mul(big, k), big), { axis: 0 })),
  'small products': () =>
    Array.from({ length: 200 }, (_, k) => nd.sum(nd.matmul(nd.mul(little, k + 1), little), { axis: 0 })),
  'element-wise': () =>
    [1, 2, 3, 4].map((k) => nd.reshape(nd.sum(nd.sqrt(nd.abs(nd.mul(nd.add(long, k), nd.sub(long, k))))), [1])),
};
const mixed = (): LazyArray[] => Object.values(works).flatMap((work) => work());

const there = devices()
  .filter(({ available }) => available)
  .map(({ name }) => name);
const others: readonly DeviceName[] = ['onnx', 'gpu', 'tensorflow'];
const ways: DeviceChoice[] = [
  'auto',
  'wasm',
  ...others.filter((name) => there.includes(name)).map((name) => ['wasm', name] as const),
];

const rows: string[][] = [];
for (const [title, work] of [...Object.entries(works), ['all of them', mixed] as const]) {
  const runtimes = ways.map((device) => createRuntime({ device, scheduler: 'threads' }));
  const names = ways.map((device) => (typeof device === 'string' ? device : device.join(' + ')));
  const results: NDArray[][] = [];
  for (const runtime of runtimes) results.push(await runtime.compute(work()));
  for (const [i, result] of results.entries()) {
    result.forEach((array, k) => {
      const expected = results[1]![k]!;
      const size = Math.max(...Array.from(expected.data, (value) => Math.abs(Number(value))));
      array.data.forEach((value, at) => {
        if (Math.abs(Number(value) - Number(expected.data[at])) > 1e-10 * size) {
          throw new Error(`${title}: the results on ${names[i]} are others than on wasm`);
        }
      });
    });
  }
  const contestants = Object.fromEntries(
    runtimes.map((runtime, i) => [
      names[i]!,
      async () => {
        const [, seconds] = await timed(() => runtime.compute(work()));
        return { seconds };
      },
    ]),
  );
  const found = await alternate(contestants, { rounds, warmUps: 3, patience: 60 });
  const seconds = names.map((name) => found[name]!.seconds!);
  const best = Math.min(...seconds.slice(1));
  const cells = seconds.map((value) => `${(value * 1000).toFixed(0)} ms`);
  rows.push([title, ...cells, `${(best / seconds[0]!).toFixed(2)}×`]);
  for (const runtime of runtimes) await runtime.close();
}
const names = ways.map((device) => (typeof device === 'string' ? device : device.join(' + ')));
printTable(['', ...names, "'auto' against the best other"], rows);
const reached = Number.parseFloat(rows.at(-1)!.at(-1)!);
console.log(`target for all of them: within 10 % of the best, ${reached >= 0.9 ? 'met' : '**missed**'}`);
