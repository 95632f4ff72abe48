/**
 * Whether kernels of a program go to devices outside the pool's threads, and by which policy: decided before it runs.
 * Where only one device may run each kernel there is nothing to decide. Under `'auto'`, and among a list, the program is
 * forecast and the portfolio simulated; a device is used where that ends sooner by more than opening it takes.
 *
 * A run whose kernels all stay on the threads needs none of this, and pays for a glance at its tasks only.
 *
 * Whether a kernel may run on a device in another precision than its arrays have is for the device's `can` to say, which
 * is asked here (`forecastDevice`) and when a call is sent (device-line.ts): float64 stays float64 unless the run's
 * `precision` allows float32; then devices of single precision are seen through single-precision.ts.
 */
import type { ArraySpec } from '../array/ndarray.js';
import type { Precision } from '../config.js';
import { reasonOf } from '../devices/bodies.js';
import type { DeviceSource } from '../devices/contract.js';
import { kernelDevices } from '../devices/discovery.js';
import { isInSingle, type KnownDevice, knownDevice, missed, openingSeconds, takeDevice } from '../devices/leases.js';
import { singleCall, singleSpec } from '../devices/single-precision.js';
import { sourceOf } from '../devices/sources.js';
import { DeviceUnsupportedError } from '../errors.js';
import type { TaskNode } from '../graph/node.js';
import type { Program } from '../graph/program.js';
import type { Kernel, KernelParams } from '../kernels/contract.js';
import { kernelWork } from './calls.js';
import { FOLLOWS, OUTSIDE, PLACED } from './dispatch.js';
import { type Forecast, type ForecastDevice, forecast } from './forecast.js';
import { specsOf } from './lessons.js';
import type { CostModel } from './model.js';
import { inputSpecs, type Needs, needsOf } from './needs.js';
import type { Platform } from './platform.js';
import { type Policy, sparing } from './policy.js';
import { candidates, candidatesSeconds, choose } from './portfolio.js';
import { ranksOf } from './rank.js';
import { simulate } from './simulate.js';
import { isAlias, kernelOf, outputOf, saidSpecs } from './ways.js';
import type { Workload } from './workload.js';

/** How the kernels of a run are placed. Devices 0 and 1 are the threads' `wasm` and `js`; the others follow. */
export interface Placing {
  readonly work: Workload;
  readonly platform: Platform;
  readonly policy: Policy;
  /** The dynamic rule, for when predictions turn out wrong. */
  readonly dynamic: Policy;
  /** By task: PLACED, OUTSIDE or FOLLOWS (dispatch.ts). */
  readonly kinds: Uint8Array;
  /** By device; undefined for those of the threads. */
  readonly sources: readonly (DeviceSource | undefined)[];
  /** What devices of single precision may compute. */
  readonly precision: Precision;
}

export interface PlacingOptions {
  /** What the call, the configuration or the environment asked for. */
  readonly asked: readonly string[] | 'auto';
  readonly isThreaded: boolean;
  readonly threads: number;
  readonly precision: Precision;
  readonly model: CostModel;
}

/** Programs beyond which looking for something faster would take too long. */
const MOST_TASKS = 20_000;
/** Under `'auto'`, less predicted work than this stays where it is, in seconds. */
const WORTH_A_LOOK = 0.02;
/** … and a plan that does not take a tenth off. */
const WORTH_GOING = 0.9;
/** Parts of a run's predicted time that may go into comparing plans, and into trying them with other times. */
const COMPARING = 0.1;
const TRYING = 0.02;
/** Seconds of a kernel of which nothing is known yet, on a device that it was sent to. */
const UNKNOWN = 1e-4;
const NEVER = Number.POSITIVE_INFINITY;
/** Tasks that threads are given beyond those they run. */
const AHEAD = 3;
const OWN = ['wasm', 'js'] as const;

/**
 * The placing of a program; undefined where all its kernels stay on the threads. Opens devices whose abilities must be
 * known.
 *
 * @throws DeviceUnavailableError for a device that was asked for and is not there; DeviceUnsupportedError naming a task
 * that no allowed device has a body for
 */
export function placingOf(program: Program, options: PlacingOptions): Promise<Placing | undefined> | undefined {
  const { required, optional } = wanted(program, options.asked);
  for (const source of optional) if (absent.has(source)) optional.delete(source);
  if (required.size === 0) {
    if (optional.size === 0 || !options.isThreaded || program.nodes.length > MOST_TASKS) return undefined;
    if (!takes(WORTH_A_LOOK, program, options)) return undefined;
    // what a device can do is known once it was open: until then a look opens it
    const unknown = [...optional].filter((source) => knownDevice(source, options.precision) === undefined);
    const opening = Math.max(WORTH_A_LOOK, Math.min(...unknown.map(openingSeconds)));
    if (unknown.length > 0 && !takes(opening, program, options)) for (const source of unknown) optional.delete(source);
    for (const source of optional) if (!mightRun(source, program, options.precision)) optional.delete(source);
    if (optional.size === 0) return undefined;
  }
  return place(program, options, required, optional);
}

async function place(
  program: Program,
  options: PlacingOptions,
  required: ReadonlySet<DeviceSource>,
  optional: ReadonlySet<DeviceSource>,
): Promise<Placing | undefined> {
  const { asked, model, precision } = options;
  const sources: DeviceSource[] = [];
  const known: KnownDevice[] = [];
  for (const source of [...required, ...optional]) {
    if (sources.includes(source)) continue;
    const found = await know(source, required.has(source), precision);
    if (found === undefined) continue;
    sources.push(source);
    known.push(found);
    const { description, traits } = found;
    model.assume(source.name, description, traits);
  }
  if (sources.length === 0) return undefined;
  const allowed = asked === 'auto' ? undefined : asked;
  const devices = [...OWN, ...sources.map((source, i) => forecastDevice(source, known[i] as KnownDevice))];
  const found = forecast(program, devices, model, allowed);
  const work = { ...found.work, seconds: found.work.seconds.slice() };
  const kinds = kindsOf(program);
  const platform = platformOf(sources, known, options);
  const isDecided = decide(program, work, kinds, found, platform, asked);
  const dynamic = sparing(ranksOf(work, platform));
  const all = { work, dynamic, kinds, sources: [undefined, undefined, ...sources], precision };
  if (isDecided) {
    const pools = platform.pools.map((pool, i) => (i > 0 && pool.isOrdered ? { ...pool, ahead: NEVER } : pool));
    return { ...all, platform: { ...platform, pools }, policy: dynamic };
  }
  const policy = choosePolicy(work, platform, kinds, sources, required.size > 0, model.error);
  return policy === undefined ? undefined : { ...all, platform, policy };
}

/** The devices that some kernel cannot do without, and those that kernels may go to. */
function wanted(
  program: Program,
  asked: readonly string[] | 'auto',
): { readonly required: Set<DeviceSource>; readonly optional: Set<DeviceSource> } {
  const required = new Set<DeviceSource>();
  const optional = new Set<DeviceSource>();
  const all = kernelDevices(asked);
  let needsAll = false;
  for (const node of program.nodes) {
    if (node.op.kind !== 'kernel' || isAlias(node)) continue;
    const { device } = node.settings;
    if (device === undefined || device === 'auto') {
      needsAll = true;
      continue;
    }
    const own = [device].flat();
    const { host, others } = kernelDevices(own.includes('auto') ? 'auto' : own);
    for (const source of others) (host.length === 0 ? required : optional).add(source);
  }
  if (needsAll) for (const source of all.others) (all.host.length === 0 ? required : optional).add(source);
  return { required, optional };
}

/** Devices that were looked for and are not there: nobody plans for them again. */
const absent = new WeakSet<DeviceSource>();

/** What is known of a device, which is opened where that is nothing. @throws what opening throws, where it is needed */
async function know(source: DeviceSource, isNeeded: boolean, precision: Precision): Promise<KnownDevice | undefined> {
  if (!isNeeded && !source.discover().available) {
    absent.add(source);
    return undefined;
  }
  const known = knownDevice(source, precision);
  if (known !== undefined) return known;
  try {
    (await takeDevice(source, precision)).release();
  } catch (error) {
    if (isNeeded) throw error;
  }
  return knownDevice(source, precision);
}

/** Whether any kernel of a program may be one for a device, as far as that can be told without it. */
function mightRun(source: DeviceSource, { nodes }: Program, precision: Precision): boolean {
  const { might } = source;
  if (might === undefined) return true;
  return nodes.some((node) => {
    if (node.op.kind !== 'kernel' || isAlias(node)) return false;
    const specs = specsOf(node);
    if (specs === undefined) return true;
    return might(kernelOf(node).kernel, isInSingle(source, precision) ? specs.map(singleSpec) : specs);
  });
}

/**
 * Whether the kernels of a program would keep the threads for so many seconds, by their operations and bytes alone: half
 * a microsecond for each kernel, until that is certain.
 */
function takes(limit: number, program: Program, { threads, model }: PlacingOptions): boolean {
  const surroundings = { code: model.code, threads: 1 };
  const enough = limit * Math.max(1, threads);
  const { nodes } = program;
  let needs: Needs | undefined;
  let sum = 0;
  for (let task = 0; task < nodes.length && sum < enough; task++) {
    const node = nodes[task] as TaskNode;
    if (node.op.kind !== 'kernel' || isAlias(node)) continue;
    let specs = specsOf(node);
    if (specs === undefined) {
      needs ??= needsOf(program);
      specs = inputSpecs(program, task, needs.specs);
    }
    if (specs === undefined) continue;
    const { kernel, params } = kernelOf(node);
    sum += model.estimate(kernelWork(kernel, specs, params, 'wasm', surroundings));
  }
  return sum >= enough;
}

function forecastDevice({ name }: DeviceSource, { can, memory, isSingle }: KnownDevice): ForecastDevice {
  return {
    name,
    can: (kernel: Kernel, inputs: readonly ArraySpec[] | undefined, params: KernelParams) => {
      if (inputs === undefined || !can(kernel, inputs, params)) return false;
      const seen = isSingle ? singleCall(kernel, inputs, params) : { inputs, params };
      return seen !== undefined && fits(kernel, seen.inputs, seen.params, memory?.capacity ?? NEVER);
    },
    isSingle,
    callsFunctions: false,
    model: undefined,
  };
}

/** Whether a memory has room for all that a call takes and gives. */
function fits(kernel: Kernel, inputs: readonly ArraySpec[], params: KernelParams, capacity: number): boolean {
  if (capacity === NEVER) return true;
  let bytes = 0;
  for (const spec of [...inputs, ...kernel.infer(inputs, params).outputs]) bytes += nbytes(spec);
  return bytes <= capacity;
}

const sizes = { float64: 8, float32: 4, int32: 4, uint32: 4, uint8: 1, bool: 1 } as const;
const nbytes = ({ dtype, shape }: ArraySpec): number => shape.reduce((a, b) => a * b, 1) * sizes[dtype];

function kindsOf(program: Program): Uint8Array {
  const { nodes, depStart } = program;
  return Uint8Array.from(nodes, (node, task) => {
    const inputs = (depStart[task + 1] as number) - (depStart[task] as number);
    if (isAlias(node)) return inputs === 1 ? FOLLOWS : OUTSIDE;
    if (node.op.kind === 'kernel') return PLACED;
    return outputOf(program, task) === undefined ? OUTSIDE : FOLLOWS;
  });
}

function platformOf(
  sources: readonly DeviceSource[],
  known: readonly KnownDevice[],
  { threads, isThreaded }: PlacingOptions,
): Platform {
  const slots = isThreaded ? threads : 1;
  const memories: Platform['memories'][number][] = [{ name: 'host', budget: NEVER, link: undefined }];
  const devices = OWN.map((name) => ({ name: name as string, pool: 0, memory: 0, overhead: 0 }));
  const pools: Platform['pools'][number][] = [
    { name: 'threads', slots, ahead: AHEAD * slots, isOrdered: isThreaded, cores: 0 },
  ];
  sources.forEach(({ name }, i) => {
    const { traits, memory } = known[i] as KnownDevice;
    const { slots: own, ahead, isOrdered, cores } = traits;
    pools.push({ name, slots: own, ahead, isOrdered, cores });
    devices.push({ name, pool: i + 1, memory: memory === undefined ? 0 : memories.length, overhead: 0 });
    if (memory !== undefined) memories.push({ name, budget: memory.capacity, link: memory.link });
  });
  return { devices, pools, memories };
}

/**
 * Leaves each kernel the devices that it may run on. Whether that is one for each.
 * @throws DeviceUnsupportedError
 */
function decide(
  { nodes }: Program,
  { seconds, devices: count }: Workload,
  kinds: Uint8Array,
  { specs, calls }: Forecast,
  { devices }: Platform,
  asked: readonly string[] | 'auto',
): boolean {
  let isDecided = true;
  nodes.forEach((node, task) => {
    const first = task * count;
    if (kinds[task] !== PLACED) {
      // They are JavaScript's, or where what they show is
      for (let d = OWN.length; d < count; d++) if (kinds[task] === OUTSIDE) seconds[first + d] = NEVER;
      return;
    }
    if (seconds[first] !== NEVER) seconds[first + 1] = NEVER;
    let able = 0;
    for (let d = 0; d < count; d++) if (seconds[first + d] !== NEVER) able++;
    if (able === 0) able = allowUnknown(node, task);
    if (able > 1) isDecided = false;
  });

  /** Whether it has a body shows when its inputs are there. */
  function allowUnknown(node: TaskNode, task: number): number {
    const own = node.settings.device;
    const names: readonly string[] = own === undefined || own === 'auto' ? [asked].flat() : [own].flat();
    let able = 0;
    if (specs[task] === undefined) {
      devices.forEach(({ name }, d) => {
        if (d < OWN.length || !names.includes(name) || calls(task, d) !== undefined) return;
        seconds[task * count + d] = UNKNOWN;
        able++;
      });
    }
    if (able === 0) throw unsupported(node, names);
    return able;
  }
  return isDecided;
}

export function unsupported(node: TaskNode, names: readonly string[], inputs = saidSpecs(node)): Error {
  const { kernel, params } = kernelOf(node);
  const shapes = inputs?.map(({ dtype, shape }) => `${dtype}[${shape.join(', ')}]`).join(', ');
  const given = shapes === undefined ? ' with these inputs' : shapes === '' ? '' : ` with inputs ${shapes}`;
  const reason = inputs === undefined ? '' : reasonOf(kernel, names, inputs, params);
  const canInSingle = names.some((name) => {
    const source = sourceOf(name);
    return source?.isSingle && inputs !== undefined && knownDevice(source, 'float32')?.can(kernel, inputs, params);
  });
  return new DeviceUnsupportedError(
    node.key,
    `task '${node.key}': kernel '${kernel.name}' has no body for device '${names.join("', '")}'${given}${reason}` +
      "; let it run elsewhere too, as with device: 'auto' or a list" +
      (canInSingle ? ", or in single precision, with precision: 'float32'" : ''),
  );
}

/** The policy to follow; undefined where the threads alone do as well. */
function choosePolicy(
  work: Workload,
  platform: Platform,
  kinds: Uint8Array,
  sources: readonly DeviceSource[],
  isRequired: boolean,
  error: number,
): Policy | undefined {
  const ranks = ranksOf(work, platform);
  const sound = sparing(ranks);
  const one = { policy: sound, simulation: simulate(work, platform, sound) };
  const isWorth = candidatesSeconds(work) <= COMPARING * one.simulation.makespan;
  const all = isWorth ? candidates(work, platform, ranks) : [one];
  const best = choose(work, platform, all, error, TRYING * (all[0]?.simulation.makespan ?? 0));
  if (isRequired) return best.policy;
  const used = new Set<number>();
  for (let task = 0; task < work.size; task++) {
    if (kinds[task] === PLACED) used.add(best.simulation.device[task] as number);
  }
  const others = [...used].filter((device) => device >= OWN.length);
  if (others.length === 0) return undefined;
  const wanted = others.map((device) => sources[device - OWN.length] as DeviceSource);
  const opening = Math.max(...wanted.map(openingSeconds));
  const alone = simulate(onThreads(work, kinds), platform, sound).makespan;
  const going = best.simulation.makespan;
  if (going >= WORTH_GOING * alone) return undefined;
  if (going + opening < alone) return best.policy;
  for (const source of wanted) missed(source, alone - going);
  return undefined;
}

/** The workload with all that the threads can do on the threads. */
function onThreads(work: Workload, kinds: Uint8Array): Workload {
  const seconds = work.seconds.slice();
  for (let task = 0; task < work.size; task++) {
    const first = task * work.devices;
    const isAble = seconds[first] !== NEVER || seconds[first + 1] !== NEVER;
    if (kinds[task] === PLACED && isAble) seconds.fill(NEVER, first + OWN.length, first + work.devices);
  }
  return { ...work, seconds };
}
