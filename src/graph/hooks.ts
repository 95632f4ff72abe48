/**
 * What `.compute()`, `.persist()` and `.visualize()` on a delayed value do. The graph floor knows nothing of running
 * or drawing; the runtime installs these functions when it is loaded, so nothing here looks upwards.
 */
import { LazuliError } from '../errors.js';

export interface Hooks {
  compute(target: unknown, options?: object): Promise<unknown>;
  persist(target: unknown, options?: object): Promise<unknown>;
  visualize(target: unknown, options?: object): Promise<unknown>;
}

let installed: Partial<Hooks> = {};

/** Sets some or all of the hooks; the others stay as they are. */
export function installHooks(hooks: Partial<Hooks>): void {
  installed = { ...installed, ...hooks };
}

/** @throws LazuliError when nothing was installed, that is, when the graph was loaded without the package. */
export function hook<K extends keyof Hooks>(name: K): Hooks[K] {
  const found = installed[name];
  if (found !== undefined) return found as Hooks[K];
  throw new LazuliError('LAZULI_NO_RUNTIME', `${name}() has no runtime to go to; import delayed from 'lazuli' itself`);
}
