/**
 * The shared device for gpu.js: it looks for WebGPU at `navigator.gpu` and asks for a device of its own there. What it
 * finds there as long as the GPU is shared is a door to the one device that is open, so that its kernels and ours work
 * on the same buffers. Nothing inside gpu.js is relied on.
 */
import type { Context } from './context.js';
import { loadDawn } from './vulkan.js';

/** The properties of `target` but for those that are given, its methods called on it. */
function facade<T extends object>(target: T, own: Readonly<Record<string, unknown>>): T {
  return new Proxy(target, {
    get(object, name) {
      if (typeof name === 'string' && Object.hasOwn(own, name)) return own[name];
      const value: unknown = Reflect.get(object, name, object);
      return typeof value === 'function' ? value.bind(object) : value;
    },
    set: (object, name, value) => Reflect.set(object, name, value, object),
  });
}

/** Puts the door up. Returns what takes it away; the device stays its owner's, whatever gpu.js does. */
export async function shareDevice(context: Context): Promise<() => void> {
  const { globals } = await loadDawn();
  for (const [name, value] of Object.entries(globals)) {
    if (!Object.hasOwn(globalThis, name)) Object.defineProperty(globalThis, name, { value, configurable: true });
  }
  const device = facade(context.device, { destroy: () => {} });
  const adapter = facade(context.entry.adapter, { requestDevice: async () => device });
  const gpu = facade(context.entry.gpu, { requestAdapter: async () => adapter });
  const holder: object = (globalThis as { navigator?: object }).navigator ?? {};
  const before = Object.getOwnPropertyDescriptor(holder, 'gpu');
  Object.defineProperty(holder, 'gpu', { value: gpu, configurable: true, writable: true });
  const isOurs = !Object.hasOwn(globalThis, 'navigator');
  if (isOurs) Object.defineProperty(globalThis, 'navigator', { value: holder, configurable: true, writable: true });
  return () => {
    if (before === undefined) Reflect.deleteProperty(holder, 'gpu');
    else Object.defineProperty(holder, 'gpu', before);
    if (isOurs) Reflect.deleteProperty(globalThis, 'navigator');
  };
}
