/** Whether this code runs inside one of lazuli's own pool threads. The mark is global, so that copies of lazuli share it. */
const mark = Symbol.for('lazuli.thread');

/** True inside a pool thread, where a nested runtime should work in place rather than start threads of its own. */
export function isLazuliThread(): boolean {
  return (globalThis as Record<symbol, unknown>)[mark] === true;
}

/** Called once by the entry of a pool thread. */
export function markLazuliThread(): void {
  (globalThis as Record<symbol, unknown>)[mark] = true;
}
