/**
 * WebAssembly that users bring: checked when a kernel is defined, so that what a thread gets can be used there. It lives
 * in the memory that all kernels share, so it may not bring bytes of its own (data segments would be written over
 * whatever lies there), and what it computes with lies where the call's context says.
 */
import { ArgumentError } from '../errors.js';

const DATA_SECTION = 11;
const START_SECTION = 8;

/** Pages of the memory it is tried with, and the most that the shared memory may have. */
const TRIAL_PAGES = 1;
const MOST_PAGES = 65536;

/** The checked bytes of a module. @throws ArgumentError saying what a module for a kernel must be. */
export function checkModule(where: string, module: unknown): Uint8Array<ArrayBuffer> {
  const bytes = bytesOf(where, module);
  let compiled: WebAssembly.Module;
  try {
    compiled = new WebAssembly.Module(bytes);
  } catch (cause) {
    throw new ArgumentError(`${where}: its bytes are no WebAssembly module that this engine accepts`, { cause });
  }
  for (const { module: from, name, kind } of WebAssembly.Module.imports(compiled)) {
    if (from === 'env' && name === 'memory' && kind === 'memory') continue;
    const hint =
      name === 'abort' ? '; AssemblyScript leaves it out with --use abort= and without checks of its own' : '';
    throw new ArgumentError(`${where}: the module imports ${from}.${name}, and all there is is env.memory${hint}`);
  }
  const run = WebAssembly.Module.exports(compiled).find(({ name }) => name === 'run');
  if (run?.kind !== 'function') {
    throw new ArgumentError(`${where}: the module must export a function run(work: i32, index: i32, context: i32)`);
  }
  const sections = sectionsOf(bytes);
  if (sections.has(DATA_SECTION)) {
    throw new ArgumentError(
      `${where}: the module has data segments, which would be written over the memory that all kernels share; keep constants in code, or pass them by values`,
    );
  }
  if (sections.has(START_SECTION)) {
    throw new ArgumentError(`${where}: the module has a start function; a kernel is started by its export run alone`);
  }
  checkRun(where, compiled);
  return bytes;
}

function bytesOf(where: string, module: unknown): Uint8Array<ArrayBuffer> {
  if (module instanceof ArrayBuffer) return new Uint8Array(module.slice(0));
  if (ArrayBuffer.isView(module)) {
    return new Uint8Array(module.buffer, module.byteOffset, module.byteLength).slice();
  }
  throw new ArgumentError(`${where}: module must be the bytes of a WebAssembly module, as a Uint8Array or ArrayBuffer`);
}

/** It must accept a shared memory as large as there may be, and `run` must have three parameters. */
function checkRun(where: string, compiled: WebAssembly.Module): void {
  const memory = new WebAssembly.Memory({ initial: TRIAL_PAGES, maximum: MOST_PAGES, shared: true });
  let run: unknown;
  try {
    run = new WebAssembly.Instance(compiled, { env: { memory } }).exports.run;
  } catch (cause) {
    throw new ArgumentError(
      `${where}: the module must import env.memory as a shared memory of at least ${TRIAL_PAGES} page and at most ${MOST_PAGES}`,
      { cause },
    );
  }
  const { length } = run as { length: number };
  if (length === 3) return;
  throw new ArgumentError(`${where}: run takes ${length} parameters; it must take three: work, index, context`);
}

/** The numbers of the sections that a module has; those without entries do not count. */
function sectionsOf(bytes: Uint8Array): Set<number> {
  const found = new Set<number>();
  let at = 8;
  const number = (): number => {
    let value = 0;
    for (let shift = 0; ; shift += 7) {
      const byte = bytes[at++] ?? 0;
      value += (byte & 127) * 2 ** shift;
      if (byte < 128) return value;
    }
  };
  while (at < bytes.length) {
    const id = bytes[at++] ?? 0;
    const end = number() + at;
    if (id !== DATA_SECTION || number() > 0) found.add(id);
    at = end;
  }
  return found;
}
