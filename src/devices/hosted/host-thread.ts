/**
 * The thread of a library: loads it, then computes one call after the other in the order in which they came. It ends by
 * itself when it is told to close, after the calls that came before.
 */
import { type MessagePort, parentPort, workerData } from 'node:worker_threads';
import type { Failure, FromHost, HostData, HostedCall, LibraryModule, ToHost } from './library.js';

const port = parentPort as MessagePort;
const tell = (message: FromHost): void => port.postMessage(message);
const now = (): number => performance.timeOrigin + performance.now();

function failureOf(error: unknown): Failure {
  const { name, message, stack } = error instanceof Error ? error : new Error(`thrown value: ${String(error)}`);
  return { name, message, stack };
}

async function serve(): Promise<void> {
  const { module, entry, threads } = workerData as HostData;
  const { load } = (await import(module)) as LibraryModule;
  const library = await load({ entry, threads });
  const compute = async (call: HostedCall): Promise<void> => {
    const start = now();
    let error: Failure | undefined;
    try {
      await library.run(call);
    } catch (thrown) {
      error = failureOf(thrown);
    }
    tell({ kind: 'ended', ended: { id: call.id, error, start, end: now() } });
  };
  let last = Promise.resolve();
  port.on('message', (message: ToHost) => {
    if (message.kind === 'close') {
      last = last.then(() => library.close()).finally(() => port.close());
      return;
    }
    for (const call of message.calls) last = last.then(() => compute(call));
  });
  tell({ kind: 'ready' });
}

serve().catch((error: unknown) => {
  tell({ kind: 'failed', error: failureOf(error) });
  port.close();
});
