/**
 * Plans of real programs: from a program, what the run was asked for and what is known of the machine to a workload on a
 * platform. The machine's own platform is a table like any other, and a table changed and given back is a what-if: a
 * device with the speeds that it has here is predicted from what was learned of it, any other from its speeds alone.
 */
import type { KnownDevice } from '../devices/leases.js';
import { DeviceUnavailableError, DeviceUnsupportedError, MemoryBudgetError } from '../errors.js';
import type { TaskNode } from '../graph/node.js';
import type { Program } from '../graph/program.js';
import type { ArraySpec, Kernel, KernelParams } from '../kernels/contract.js';
import { type ForecastDevice, forecast, hasBody } from './forecast.js';
import { CostModel, type DeviceSpeed } from './model.js';
import { needsOf, takesMemory } from './needs.js';
import { makePlan } from './plan.js';
import type { Plan } from './planned.js';
import type { Platform } from './platform.js';
import {
  type CheckedTable,
  type DeviceTable,
  type MemoryTable,
  type PlatformTable,
  readTable,
} from './platform-table.js';
import { size } from './quantity.js';
import { runOrder } from './run-order.js';
import { outputOf } from './ways.js';
import type { Workload } from './workload.js';

export interface PlanRequest {
  /** Devices for kernels that do not say themselves; undefined for any. */
  readonly allowed: readonly string[] | undefined;
  /** Threads of the pool, and bytes of the host. Of a platform that is given only what was asked for in the call. */
  readonly threads: number | undefined;
  readonly budget: number | undefined;
  readonly spill: boolean;
  /** Undefined for the machine's own. */
  readonly platform: PlatformTable | undefined;
  /** Devices of the machine besides the threads. */
  readonly others: ReadonlyMap<string, KnownDevice>;
  readonly model: CostModel;
}

const THREADS = 'threads';

/**
 * This machine: the threads of the pool, which have both bodies of kernels, over the host's memory, and its other devices
 * with their own.
 */
export function ownTable(
  model: CostModel,
  threads: number,
  budget: number,
  others: ReadonlyMap<string, KnownDevice>,
): PlatformTable {
  const device = (name: string): DeviceTable => ({ pool: THREADS, ...model.speedOf(name) });
  const devices: Record<string, DeviceTable> = { wasm: device('wasm'), js: device('js') };
  const memories: Record<string, MemoryTable> = {
    host: { budget: budget === Number.POSITIVE_INFINITY ? null : budget },
  };
  for (const [name, { traits, memory }] of others) {
    const { slots, ahead } = traits;
    devices[name] = { slots, ahead, ...model.speedOf(name) };
    if (memory !== undefined) memories[name] = { budget: memory.capacity, ...memory.link };
  }
  return { devices, pools: { [THREADS]: { slots: threads } }, memories };
}

/**
 * @throws ArgumentError for a platform that is none; DeviceUnavailableError, DeviceUnsupportedError when it cannot run
 * the program; MemoryBudgetError when a task does not fit it
 */
export function planProgram(program: Program, request: PlanRequest): Plan {
  const { model, allowed, spill } = request;
  const own = speedsOf(request);
  const table = tableOf(request);
  const checked = readTable(table, own);
  const { platform } = checked;
  if (allowed !== undefined && !checked.devices.some(({ name }) => allowed.includes(name))) {
    throw new DeviceUnavailableError(
      Object.fromEntries(allowed.map((name) => [name, 'the platform has no such device'])),
    );
  }
  const devices = checked.devices.map((device) => forecastDevice(device, own, request.others));
  const { work: base, keys } = forecast(program, devices, model, allowed, threadsOf(platform));
  const work = { ...base, seconds: base.seconds.slice() };
  keepAtHome(
    program,
    work,
    platform,
    checked.devices.flatMap((device, d) => (callsFunctions(device) ? [d] : [])),
  );
  const unfit = leaveOutWhatDoesNotFit(work, platform);
  checkAble(program, work, checked, base);
  const needs = takesMemory(program) ? needsOf(program) : undefined;
  return makePlan({
    work,
    platform,
    table,
    keys,
    names: program.nodes.map(({ op }) => op.name),
    error: model.error,
    spill,
    position:
      runOrder(program, needs, platform.pools[0]?.slots)?.position ??
      Int32Array.from({ length: work.size }, (_, task) => task),
    unfit,
  });
}

/** Threads that share the loops of wide kernels. */
function threadsOf({ devices, pools }: Platform): number {
  const wasm = devices.find(({ name }) => name === 'wasm');
  return wasm === undefined ? 1 : (pools[wasm.pool]?.slots ?? 1);
}

function speedsOf({ model, others }: PlanRequest): ReadonlyMap<string, DeviceSpeed> {
  for (const [name, { description, traits }] of others) model.assume(name, description, traits);
  return new Map(['wasm', 'js', ...others.keys()].map((name) => [name, model.speedOf(name)]));
}

function tableOf(request: PlanRequest): PlatformTable {
  const { platform, threads, budget, model, others } = request;
  if (platform === undefined) return ownTable(model, threads ?? 1, budget ?? Number.POSITIVE_INFINITY, others);
  readTable(platform, speedsOf(request));
  let table = platform;
  if (threads !== undefined) {
    const pool = { ...table.pools?.[THREADS], slots: threads };
    table = { ...table, pools: { ...table.pools, [THREADS]: pool } };
  }
  if (budget !== undefined) {
    table = { ...table, memories: { ...table.memories, host: { ...table.memories?.host, budget } } };
  }
  return table;
}

function forecastDevice(
  device: CheckedTable['devices'][number],
  own: ReadonlyMap<string, DeviceSpeed>,
  others: ReadonlyMap<string, KnownDevice>,
): ForecastDevice {
  const { name, dtypes, kernels } = device;
  const known = own.get(name);
  const speed = (['overhead', 'flops', 'bandwidth'] as const).map((field) => device[field] ?? known?.[field] ?? 0);
  const [overhead, flops, bandwidth] = speed as [number, number, number];
  const isOwn =
    known !== undefined && known.overhead === overhead && known.flops === flops && known.bandwidth === bandwidth;
  const fits = (specs: readonly ArraySpec[]): boolean => specs.every(({ dtype }) => dtypes?.includes(dtype) ?? true);
  const can = (kernel: Kernel, inputs: readonly ArraySpec[] | undefined, params: KernelParams): boolean => {
    if (!(kernels?.includes(kernel.name) ?? true)) return false;
    if ((name === 'wasm' || name === 'js') && !hasBody(name, kernel, inputs, params)) return false;
    const other = others.get(name);
    if (other !== undefined && (inputs === undefined || !other.can(kernel, inputs, params))) return false;
    return dtypes === undefined || inputs === undefined || (fits(inputs) && fits(kernel.infer(inputs, params).outputs));
  };
  return {
    name,
    can,
    callsFunctions: callsFunctions(device),
    isSingle: others.get(name)?.isSingle ?? false,
    model: isOwn ? undefined : new CostModel(new Map([[name, { overhead, flops, bandwidth }]])),
  };
}

const callsFunctions = ({ name, functions }: CheckedTable['devices'][number]): boolean => functions ?? name === 'js';

/** Values, structures and items are JavaScript's: they are where functions are called, else in the host's memory. */
function keepAtHome(program: Program, work: Workload, { devices }: Platform, callers: readonly number[]): void {
  const inHost = devices.flatMap(({ memory }, d) => (memory === 0 ? [d] : []));
  const homes = callers.length > 0 ? callers : inHost;
  if (homes.length === 0) return;
  program.nodes.forEach(({ op }, task) => {
    const isOutput = op.kind === 'item' && outputOf(program, task) !== undefined;
    if (op.kind === 'kernel' || op.kind === 'call' || isOutput) return;
    devices.forEach((_, d) => {
      if (!homes.includes(d)) work.seconds[task * work.devices + d] = Number.POSITIVE_INFINITY;
    });
  });
}

/** A task that needs more at once than a device's memory has cannot run there. Answers why, for each. */
function leaveOutWhatDoesNotFit(
  work: Workload,
  { devices, memories }: Platform,
): (task: number, device: number) => string | undefined {
  const { size: count, inputStart, inputs, bytes, scratch, seconds } = work;
  const lacking = new Map<number, string>();
  devices.forEach(({ memory }, d) => {
    const { name, budget } = memories[memory] as { name: string; budget: number };
    if (memory === 0 || budget === Number.POSITIVE_INFINITY) return;
    for (let task = 0; task < count; task++) {
      let need = (bytes[task] as number) + (scratch[task] as number);
      for (let e = inputStart[task] as number; e < (inputStart[task + 1] as number); e++)
        need += bytes[inputs[e] as number] as number;
      const at = task * devices.length + d;
      if (need <= budget || seconds[at] === Number.POSITIVE_INFINITY) continue;
      seconds[at] = Number.POSITIVE_INFINITY;
      lacking.set(at, `needs ${size(need)} at once; '${name}' has ${size(budget)}`);
    }
  });
  return (task, device) => lacking.get(task * devices.length + device);
}

/** @throws DeviceUnsupportedError | MemoryBudgetError for a task that no device can run */
function checkAble({ nodes }: Program, work: Workload, { platform, devices }: CheckedTable, before: Workload): void {
  const able = (seconds: Float64Array, task: number): number[] =>
    platform.devices.flatMap((_, d) =>
      seconds[task * platform.devices.length + d] === Number.POSITIVE_INFINITY ? [] : [d],
    );
  for (let task = 0; task < work.size; task++) {
    if (able(work.seconds, task).length > 0) continue;
    const { key, op, settings } = nodes[task] as TaskNode;
    const fitting = able(before.seconds, task);
    if (fitting.length > 0) {
      const most = Math.max(
        ...fitting.map((d) => platform.memories[platform.devices[d]?.memory as number]?.budget as number),
      );
      let need = (work.bytes[task] as number) + (work.scratch[task] as number);
      for (let e = work.inputStart[task] as number; e < (work.inputStart[task + 1] as number); e++) {
        need += work.bytes[work.inputs[e] as number] as number;
      }
      throw new MemoryBudgetError(key, need - most, most);
    }
    const names = devices.map(({ name }) => `'${name}'`).join(', ');
    const asked =
      settings.device === undefined ? '' : `; it was asked to run on '${[settings.device].flat().join("', '")}'`;
    throw new DeviceUnsupportedError(
      key,
      op.kind === 'kernel'
        ? `task '${key}': kernel '${op.name}' has no body for the devices of the platform that it may use (${names})${asked}`
        : `task '${key}' is a JavaScript function, which no device of the platform calls (${names}); give one 'functions: true'`,
    );
  }
}
