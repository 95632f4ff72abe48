/** The lane of WebAssembly kernels on pool threads: KernelCall in, window slots out. */
import { WorkerLostError } from '../errors.js';
import { CANCELLED } from '../kernels/contract.js';
import type { Window } from '../workers/window.js';
import { NO_CALL } from '../workers/window-layout.js';
import { NO_THREAD } from '../workers/window-worker.js';
import { statusError } from './bodies.js';
import type { KernelCall, KernelLane, LaneSink } from './lanes.js';

/** @param exportIndex the place of each export in the module's export list. */
export function createWindowLane(window: Window, exportIndex: ReadonlyMap<string, number>, sink: LaneSink): KernelLane {
  return {
    hasRoomFor: (inputs) => window.hasRoomFor(inputs),
    admit(call: KernelCall, after) {
      const { kernel, params, inputs, outputs, scratch, task } = call;
      const body = kernel.bodies.wasm;
      const callee = body === undefined ? undefined : exportIndex.get(body.export);
      if (body === undefined || callee === undefined)
        throw new Error(`kernel '${kernel.name}' has no WebAssembly body`);
      return window.admit({
        callee,
        args: body.args(inputs, outputs, params, scratch),
        after,
        notify: false,
        onDone: ({ status, start, end, thread }) => {
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

function errorOf({ kernel, params }: KernelCall, status: number): unknown {
  if (status === CANCELLED) return cancelled;
  if (status === NO_THREAD) return new WorkerLostError('no thread can be started that runs kernels');
  return statusError(kernel, status, params);
}
