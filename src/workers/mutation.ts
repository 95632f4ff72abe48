/**
 * A function that travels by value works on a copy of what it captures. Where its text shows that it changes what it
 * captured, the change would be lost, so it is refused: shipping may cost time, never correctness.
 * Shared memory is the exception, since both sides see it.
 */
import { types } from 'node:util';
import type { FreeVariable } from './free-variables.js';
import { type Path, refuse } from './pack.js';

const changing: readonly (readonly [test: (value: object) => boolean, methods: ReadonlySet<string>])[] = [
  [Array.isArray, new Set('push pop shift unshift splice sort reverse fill copyWithin'.split(' '))],
  [types.isMap, new Set(['set', 'delete', 'clear'])],
  [types.isSet, new Set(['add', 'delete', 'clear'])],
  [ArrayBuffer.isView, new Set('set fill sort reverse copyWithin'.split(' '))],
];

/** @throws CaptureError when the function assigns the variable or changes the data it holds. */
export function checkUnchanged(variable: FreeVariable, value: unknown, path: Path): void {
  if (variable.isAssigned) {
    refuse(path, 'the function assigns it, and the assignment would be lost', 'return the new value instead');
  }
  if (typeof value !== 'object' || value === null || isShared(value)) {
    if (variable.isChanged && typeof value === 'function') {
      refuse(path, 'the function changes it, and the change would be lost', 'return the new value instead');
    }
    return;
  }
  const method = [...variable.calls].find((name) =>
    changing.some(([test, methods]) => methods.has(name) && test(value)),
  );
  if (!variable.isChanged && method === undefined) return;
  const what = method === undefined ? 'changes it' : `changes it by .${method}()`;
  refuse(
    path,
    `the function ${what}, and the change would be lost`,
    'return the new value instead, or keep it in a SharedArrayBuffer',
  );
}

function isShared(value: object): boolean {
  return ArrayBuffer.isView(value) && types.isSharedArrayBuffer(value.buffer);
}
