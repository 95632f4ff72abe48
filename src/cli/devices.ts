/** `lazuli devices`: each device with what it is, or the reason why it is not available. */
import { environmentOptions, resolveSettings } from '../config.js';
import type { DeviceInfo } from '../devices/discovery.js';
import { formatBytes, significant } from '../diagnostics/format.js';
import { measuredDevices } from '../scheduler/device-speeds.js';
import { type Command, UsageError } from './command.js';
import { table } from './help.js';

export const devices: Command = {
  summary: 'the devices that kernels can run on, or why they cannot',
  options: {},
  run({ positionals: [extra] }) {
    if (extra !== undefined) throw new UsageError(`lazuli devices takes no argument, not '${extra}'`);
    const { revectorize } = resolveSettings(environmentOptions());
    const found = measuredDevices(revectorize);
    console.log(table(found.map((device) => [device.name, describe(device)])));
    if (found.every(({ speed }) => speed === undefined)) console.log('\nlazuli calibrate measures how fast they are');
    return 0;
  },
};

function describe({ available, reason, description, memory, speed }: DeviceInfo): string {
  if (!available) return `not available: ${reason}`;
  const parts = [`${description}`];
  if (memory !== undefined) parts.push(`${formatBytes(memory)} of memory`);
  if (speed !== undefined)
    parts.push(
      `${significant(speed.gflops)} GFLOP/s${speed.dtype === 'float32' ? ' in float32' : ''}`,
      `${significant(speed.gbps)} GB/s`,
    );
  return parts.join(', ');
}
