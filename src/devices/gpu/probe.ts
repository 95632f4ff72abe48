/**
 * The program that looks for a GPU in a process of its own: it answers one line of JSON on standard output. It opens the
 * device and ends it, so that a driver which crashes when it is used crashes here.
 */
import { factsOf, findAdapter } from './adapter.js';

try {
  const { adapter } = await findAdapter();
  const facts = factsOf(adapter);
  const device = await adapter.requestDevice();
  device.destroy();
  console.log(JSON.stringify({ facts }));
} catch (error) {
  console.log(JSON.stringify({ reason: error instanceof Error ? error.message : String(error) }));
}
process.exit(0);
