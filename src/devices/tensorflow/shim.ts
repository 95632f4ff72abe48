/**
 * Node 23 took `util.isNullOrUndefined` and its like away, which tfjs-node 4.22 still calls. They are put back for it
 * alone: in the thread that it has for itself.
 */
import { createRequire } from 'node:module';

const gone: Readonly<Record<string, (value: unknown) => boolean>> = {
  isArray: Array.isArray,
  isNullOrUndefined: (value) => value === null || value === undefined,
};

/** Adds what is missing to a module, by default Node's `util`, and leaves what is there. */
export function restoreUtil(util: object = createRequire(import.meta.url)('node:util') as object): void {
  for (const [name, value] of Object.entries(gone)) {
    if (!(name in util)) Object.defineProperty(util, name, { value, configurable: true, writable: true });
  }
}
