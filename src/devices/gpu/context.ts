/**
 * The one GPUDevice of the process: opened on first use, shared by everybody who computes on the GPU, ended when it is
 * released. gpu.js gets the same device through the door it knows, `navigator.gpu` (share.ts).
 */
import { DeviceUnavailableError } from '../../errors.js';
import { type AdapterFacts, type Entry, factsOf, findAdapter } from './adapter.js';

export interface Context {
  readonly device: GPUDevice;
  /** Where it came from. @throws when the device is no more */
  readonly entry: Entry;
  readonly facts: AdapterFacts;
  /** Why the device is no more; undefined as long as it is there. */
  readonly lost: string | undefined;
  /** Resolves when it is lost or ended. */
  readonly ended: Promise<void>;
  /** Ends it. */
  end(): void;
}

/** The largest of each limit that kernels can use; what the adapter has, which is beyond the defaults. */
const wanted = [
  'maxBufferSize',
  'maxStorageBufferBindingSize',
  'maxStorageBuffersPerShaderStage',
  'maxComputeWorkgroupStorageSize',
  'maxComputeInvocationsPerWorkgroup',
] as const;

async function open(): Promise<Context> {
  let entry: Entry | undefined;
  try {
    entry = await findAdapter();
    const { limits } = entry.adapter;
    const device = await entry.adapter.requestDevice({
      requiredLimits: Object.fromEntries(wanted.map((name) => [name, limits[name]])),
    });
    return contextOf(device, entry);
  } catch (error) {
    throw new DeviceUnavailableError({ gpu: error instanceof Error ? error.message : String(error) });
  }
}

function contextOf(device: GPUDevice, opened: Entry): Context {
  const facts = factsOf(opened.adapter);
  // Kept as long as the device lives: without it the device would go, and with it the process would stay
  let entry: Entry | undefined = opened;
  let lost: string | undefined;
  const ended = device.lost.then(({ message, reason }) => {
    lost ??= reason === 'destroyed' ? 'the GPU was closed' : `the GPU was lost: ${message}`;
    entry = undefined;
  });
  return {
    device,
    facts,
    ended,
    get entry() {
      if (entry === undefined) throw new DeviceUnavailableError({ gpu: lost ?? 'the GPU was closed' });
      return entry;
    },
    get lost() {
      return lost;
    },
    end() {
      lost ??= 'the GPU was closed';
      if (entry !== undefined) device.destroy();
      entry = undefined;
    },
  };
}

let current: Promise<Context> | undefined;
let users = 0;

/** The device, opened where it is not open. To be given back with `release`. @throws DeviceUnavailableError */
export async function acquire(): Promise<Context> {
  users++;
  try {
    for (;;) {
      current ??= open();
      const opened = current;
      const context = await opened;
      if (context.lost === undefined) return context;
      if (current === opened) current = undefined;
    }
  } catch (error) {
    users--;
    current = undefined;
    throw error;
  }
}

/** To be called once for every `acquire`: the last one ends the device. */
export async function release(context: Context): Promise<void> {
  users--;
  if (users > 0) return;
  current = undefined;
  context.end();
  await context.ended;
}
