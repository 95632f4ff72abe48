/** `lazuli calibrate`: measures this machine, so that predictions are good from the first run on, and says where that is kept. */
import { environmentOptions, resolveSettings } from '../config.js';
import { buildOf } from '../devices/wasm-module.js';
import { type Calibration, calibrate as measure } from '../diagnostics/calibration.js';
import { formatBytes, formatSeconds, significant } from '../diagnostics/format.js';
import { knowledgeOf, THREADS } from '../scheduler/knowledge.js';
import type { DeviceSpeed } from '../scheduler/model.js';
import { type Command, UsageError } from './command.js';
import { table } from './help.js';

export const calibrate: Command = {
  summary: 'measure this machine, for better predictions',
  options: {},
  async run({ positionals: [extra] }) {
    if (extra !== undefined) throw new UsageError(`lazuli calibrate takes no argument, not '${extra}'`);
    const { revectorize, workers } = resolveSettings(environmentOptions());
    const found = await measure({ revectorize, workers });
    console.log(table(rowsOf(found, workers)));
    const knowledge = knowledgeOf(buildOf(revectorize));
    knowledge.calibrated({
      ...found.speeds,
      ...Object.fromEntries(found.others.map(({ key, speed }) => [key, speed])),
    });
    if (knowledge.path === undefined) {
      console.log('\nnot kept: LAZULI_CACHE is off');
      return 0;
    }
    const isKept = knowledge.save();
    console.log(`\n${isKept ? 'kept in' : 'could not be written to'} ${knowledge.path}`);
    return isKept ? 0 : 1;
  },
};

function rowsOf({ speeds, singleFlops, triads, roundTrip, others }: Calibration, workers: number): [string, string][] {
  const { wasm, js, [THREADS]: threads } = speeds as Record<string, DeviceSpeed>;
  const rows: [string, string][] = [];
  if (wasm !== undefined) {
    rows.push(['wasm, one thread', `${rates(wasm)}, float32 ${gigas(singleFlops)}FLOP/s`]);
    for (const { bytes, bandwidth } of triads)
      rows.push([`  triad of ${formatBytes(bytes)}`, `${gigas(bandwidth)}B/s`]);
    rows.push(['  a kernel of nothing', formatSeconds(wasm.overhead)]);
  }
  if (threads !== undefined) {
    rows.push([`wasm, ${workers} threads`, rates(threads)]);
    rows.push(['  waking them', formatSeconds(threads.overhead)]);
    rows.push(['  a call and back', formatSeconds(roundTrip)]);
  }
  if (js !== undefined) {
    rows.push(['js, one thread', rates(js)]);
    rows.push(['  a kernel of nothing', formatSeconds(js.overhead)]);
  }
  for (const { name, dtype, speed } of others) {
    rows.push([name, `${rates(speed)}, in ${dtype}`], ['  a call of nothing', formatSeconds(speed.overhead)]);
  }
  return rows;
}

/** Operations, in float64 unless it is said otherwise, and bytes from memory. */
function rates({ flops, bandwidth }: DeviceSpeed): string {
  return `${gigas(flops)}FLOP/s, ${gigas(bandwidth)}B/s`;
}

function gigas(perSecond: number): string {
  return `${significant(perSecond / 1e9)} G`;
}
