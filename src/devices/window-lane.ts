/** The lane of WebAssembly kernels on pool threads: KernelCall in, window slots out. */
import { WorkerLostError } from '../errors.js';
import { CANCELLED, type GeneratedCode } from '../kernels/contract.js';
import type { Heap } from '../memory/heap.js';
import type { Window } from '../workers/window.js';
import { NO_CALL } from '../workers/window-layout.js';
import { BAD_CODE, NO_THREAD } from '../workers/window-worker.js';
import { argsOf, statusError } from './bodies.js';
import type { CodeRegistry } from './code-registry.js';
import type { KernelCall, KernelLane, LaneSink } from './lanes.js';

export interface WindowLaneOptions {
  readonly window: Window;
  readonly heap: Heap;
  readonly codes: CodeRegistry;
  /** The place of each export in the module's export list. */
  readonly exportIndex: ReadonlyMap<string, number>;
}

export function createWindowLane({ window, heap, codes, exportIndex }: WindowLaneOptions, sink: LaneSink): KernelLane {
  return {
    hasRoomFor: (inputs) => window.hasRoomFor(inputs),
    admit(call: KernelCall, after) {
      const { kernel, params, inputs, task } = call;
      const body = kernel.bodies.wasm;
      const callee = body === undefined ? undefined : exportIndex.get(body.export);
      if (body === undefined || callee === undefined)
        throw new Error(`kernel '${kernel.name}' has no WebAssembly body`);
      const args = argsOf(body, call, heap.buffer);
      const generated = body.code?.(inputs, params);
      const code = generated === undefined ? undefined : codes.take(generated);
      return window.admit({
        callee,
        args,
        after,
        notify: false,
        isWide: body.isWide?.(inputs, params) ?? false,
        code,
        onDone: ({ status, start, end, thread }) => {
          if (code !== undefined) codes.release(code);
          if (status === 0) sink.succeeded(task, undefined, start, end, thread);
          else sink.failed(task, errorOf(call, status), start, end, thread);
        },
      });
    },
    join(after) {
      if (window.hasRoomFor(after.length)) {
        window.admit({ callee: NO_CALL, args: [], after, notify: true, onDone: () => {} });
        window.flush();
      } else {
        window.alert(after);
      }
    },
    flush: (more) => window.flush(more),
    cancel: (tickets) => window.cancel(tickets),
  };
}

/** Reported for tasks that never ran: another one failed, or the run was aborted. */
export const cancelled: unique symbol = Symbol('cancelled');

function errorOf({ kernel, params, inputs }: KernelCall, status: number): unknown {
  if (status === CANCELLED) return cancelled;
  if (status === NO_THREAD) return new WorkerLostError('no thread can be started that runs kernels');
  if (status === BAD_CODE) {
    return new Error(`kernel '${kernel.name}': the code generated for it cannot be used`, {
      cause: causeOf(kernel.bodies.wasm?.code?.(inputs, params)),
    });
  }
  return statusError(kernel, status, params);
}

/** Why a thread did not take the code. */
function causeOf(code: GeneratedCode | undefined): unknown {
  try {
    if (code !== undefined) new WebAssembly.Module(code.bytes());
    return undefined;
  } catch (error) {
    return error;
  }
}
