/** `lazuli devices`: each device with what it is, or the reason why it is not available. */
import { environmentOptions, resolveSettings } from '../config.js';
import { type DeviceInfo, discover } from '../devices/discovery.js';
import { formatBytes } from '../diagnostics/format.js';
import { type Command, UsageError } from './command.js';
import { table } from './help.js';

export const devices: Command = {
  summary: 'the devices that kernels can run on, or why they cannot',
  options: {},
  run({ positionals: [extra] }) {
    if (extra !== undefined) throw new UsageError(`lazuli devices takes no argument, not '${extra}'`);
    const { revectorize } = resolveSettings(environmentOptions());
    console.log(table(discover(revectorize).map((device) => [device.name, describe(device)])));
    return 0;
  },
};

function describe({ available, reason, description, memory }: DeviceInfo): string {
  if (!available) return `not available: ${reason}`;
  return memory === undefined ? `${description}` : `${description}, ${formatBytes(memory)} of memory`;
}
