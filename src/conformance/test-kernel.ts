/**
 * `testKernel`: the conformance suite that built-in kernels pass, for a user's own. Cases come from a seed, each body
 * runs on them in memory full of garbage with guards around everything, and some run as they would in a program, on
 * threads. It needs no test framework.
 */
import type { ArraySource } from '../array/convert.js';
import { toNDArray } from '../array/convert.js';
import { NDArray } from '../array/ndarray.js';
import { isFloat } from '../array/promote.js';
import { ArgumentError, ConformanceError, nearest, OptionError } from '../errors.js';
import { nodeOf, type TaskNode } from '../graph/node.js';
import type { Kernel, KernelOp, KernelParams } from '../kernels/contract.js';
import type { UserKernel } from '../lazy/define-kernel.js';
import type { ScalarKernel } from '../lazy/kernel.js';
import { kernelCall, type LazyArray, leaf } from '../lazy/lazy-array.js';
import { defaultRuntime } from '../runtime.js';
import { type Case, conform, describeCase, haveSameBits, type Runner, reference } from './conform.js';
import { allMachines, runJs } from './machine.js';
import { epsilon } from './numbers.js';
import { Random } from './random.js';

/** One call of a kernel. */
export interface KernelCase {
  readonly inputs: readonly (NDArray | ArraySource)[];
  readonly params?: KernelParams;
}

/** How far another body's numbers may be from those of the reference: absolute + relative · |reference|. */
export interface Tolerance {
  readonly absolute?: number;
  readonly relative?: number;
}

export interface TestKernelOptions {
  /** Draws a call; default for kernels of `nd.kernel`: arrays of equal shape, float64 or float32. */
  readonly cases?: (random: Random) => KernelCase;
  /** Default 1. The same seed gives the same cases. */
  readonly seed?: number;
  /** How many cases; default 100. */
  readonly runs?: number;
  /** Default: absolute and relative 2048 roundings (4.5e-13 for float64); other dtypes must be equal. */
  readonly tolerance?: Tolerance;
}

export interface KernelFailure {
  /** Where it came up: 'js', 'strided', 'scalar', 'wasm baseline', 'wasm relaxed', 'threads js' or 'threads wasm'. */
  readonly body: string;
  /** What is wrong, on which inputs and parameters. */
  readonly message: string;
  /** Which case of the seed it was: 0 is the first. */
  readonly run: number;
}

export interface KernelReport {
  readonly kernel: string;
  /** How many bodies ran to their end on how many cases, and conformed. */
  readonly passed: number;
  /** The bodies that ran. */
  readonly bodies: readonly string[];
  readonly failures: readonly KernelFailure[];
}

const names = ['cases', 'seed', 'runs', 'tolerance'] as const;
/** Cases that run on threads too, which costs a thousand times as much. */
const THREADED_RUNS = 4;
const THREADS = 2;
/** More failures of one body say nothing new. */
const MOST_FAILURES = 3;
/** The tolerance in units of the dtype's rounding. */
const ROUNDINGS = 2048;

/**
 * Tests a kernel of `nd.kernel` or `nd.defineKernel` on random cases. Every body has to give what the `js` body gives
 * within the tolerance (NaN and infinities at the same places) or fail with the same error, leave its inputs and
 * everything around its outputs alone, write all of its outputs, and give the same bits every time, on threads too. The
 * `js` body has to give the same for inputs with strides, and that of a scalar kernel what the function itself gives.
 *
 * @returns what ran, when all of it conforms
 * @throws ConformanceError with the report, naming the bodies, the inputs and the seed, when something does not
 * @throws ArgumentError, OptionError for options that are none
 *
 * @example
 * const hypotenuse = nd.kernel('hypotenuse', (x, y) => Math.sqrt(x * x + y * y));
 * const { failures } = await testKernel(hypotenuse, { runs: 20 });
 * failures.length; // 0
 */
export async function testKernel(
  // biome-ignore lint/suspicious/noExplicitAny: kernels of any number of inputs and outputs
  kernel: UserKernel<any> | ScalarKernel<any>,
  options: TestKernelOptions = {},
): Promise<KernelReport> {
  const { seed = 1, runs = 100 } = checkOptions(options);
  const name = (kernel as Partial<UserKernel> | undefined)?.kernelName;
  if (typeof kernel !== 'function' || name === undefined) {
    throw new ArgumentError('testKernel: the first argument is a kernel that nd.kernel or nd.defineKernel made');
  }
  const suite = new Suite(name, options.tolerance ?? {});
  const draw = options.cases ?? defaultCases(kernel);
  for (let run = 0; run < runs; run++) {
    const given = draw(new Random((seed * 0x9e3779b1 + run) >>> 0));
    const call = callOf(kernel, given);
    suite.run = run;
    suite.bodies(call);
    if ('scalar' in kernel) suite.scalar(call, kernel.scalar);
    if (run < THREADED_RUNS) await suite.threads(call);
  }
  return suite.report(seed, runs);
}

function checkOptions(options: TestKernelOptions): TestKernelOptions {
  for (const option of Object.keys(options)) {
    if ((names as readonly string[]).includes(option)) continue;
    const guess = nearest(option, names);
    const hint = guess === undefined ? '' : ` (did you mean '${guess}'?)`;
    throw new OptionError(option, `testKernel: there is no option '${option}'${hint}; use ${names.join(', ')}`);
  }
  for (const option of ['seed', 'runs'] as const) {
    const value = options[option];
    if (value === undefined || (Number.isSafeInteger(value) && value >= (option === 'runs' ? 1 : 0))) continue;
    throw new OptionError(option, `testKernel: ${option} must be a whole number, not ${value}`);
  }
  if (options.cases !== undefined && typeof options.cases !== 'function') {
    throw new OptionError('cases', 'testKernel: cases must be a function (random) => ({ inputs, params })');
  }
  return options;
}

function defaultCases(kernel: UserKernel | ScalarKernel): (random: Random) => KernelCase {
  if (!('parameters' in kernel)) {
    throw new ArgumentError(
      `testKernel: say which inputs '${kernel.kernelName}' takes: { cases: (random) => ({ inputs: [random.array([random.length()])] }) }`,
    );
  }
  return (random) => {
    const shape = random.pick([[], [random.length()], [random.length(), random.length()]]);
    const dtype = random.pick(['float64', 'float64', 'float32'] as const);
    return { inputs: kernel.parameters.map(() => random.array(shape, { dtype })) };
  };
}

interface Call {
  readonly kernel: Kernel;
  readonly inputs: readonly NDArray[];
  readonly params: KernelParams;
}

/** What a case asks the kernel contract for. */
function callOf(kernel: UserKernel | ScalarKernel, given: KernelCase): Call {
  const where = `testKernel: a case of '${kernel.kernelName}'`;
  if (typeof given !== 'object' || given === null || !Array.isArray(given.inputs)) {
    throw new ArgumentError(`${where} must be { inputs: [...], params? }`);
  }
  const inputs = given.inputs.map((input) => toNDArray(input, { where }));
  if ('kernel' in kernel) return { kernel: kernel.kernel, inputs, params: given.params ?? {} };
  const lazy: LazyArray = kernel(...inputs.map((input) => leaf(input)));
  const op = (nodeOf(lazy) as TaskNode).op as KernelOp;
  return { kernel: op.kernel, inputs, params: op.params };
}

class Suite {
  /** Which case it is at. */
  run = 0;
  readonly #name: string;
  readonly #tolerance: Tolerance;
  readonly #runners: readonly Runner[] = [
    reference,
    ...allMachines().map(({ build, has, run }) => ({ title: `wasm ${build}`, has, run })),
  ];
  readonly #failures: KernelFailure[] = [];
  readonly #bodies = new Set<string>();
  #passed = 0;

  constructor(name: string, tolerance: Tolerance) {
    this.#name = name;
    this.#tolerance = tolerance;
  }

  bodies(call: Call): void {
    const { kernel, inputs, params } = call;
    // The reference first: one that writes its inputs leaves nothing to compare with
    const itself: Case = { inputs, params, check: () => {} };
    const within: Case = { inputs, params, check: (expected, actual) => this.#check(expected, actual) };
    for (const runner of this.#runners) {
      if (!runner.has(kernel, inputs, params)) continue;
      this.#try(runner.title, () => conform(kernel, runner, runner === reference ? itself : within), call, false);
    }
    const { outputs } = safely(() => runJs(kernel, inputs, params));
    if (outputs === undefined) return;
    const attempt = (): boolean => {
      allSame(outputs, runJs(kernel, inputs.map(strided), params));
      return true;
    };
    this.#try('strided', attempt, call);
  }

  /** The js body against the function that it was translated from; float64, as JavaScript computes. */
  scalar(call: Call, fn: (...values: readonly number[]) => number | boolean): void {
    const { kernel, inputs, params } = call;
    if (inputs.some(({ dtype }) => dtype !== 'float64') || params.views !== undefined) return;
    this.#try(
      'scalar',
      () => {
        const [actual] = runJs(kernel, inputs, params) as [NDArray];
        const flat = inputs.map((input) => input.copy().data);
        const data = actual.data.map((_, i) => Number(fn(...flat.map((values) => values[i] as number))));
        this.#check([new NDArray(data, { shape: actual.shape, dtype: actual.dtype })], [actual]);
        return true;
      },
      call,
    );
  }

  /** The bodies as a program runs them, against the same ones here. */
  async threads(call: Call): Promise<void> {
    const { kernel, inputs, params } = call;
    const { outputs } = safely(() => runJs(kernel, inputs, params));
    if (outputs === undefined) return;
    for (const device of ['js', 'wasm'] as const) {
      if (device === 'wasm' && !this.#runners.slice(1).some((runner) => runner.has(kernel, inputs, params))) continue;
      const lazy = kernelCall(
        kernel,
        inputs.map((input) => leaf(input)),
        params,
      );
      let results: readonly unknown[] | undefined;
      let error: unknown;
      try {
        results = await defaultRuntime.compute(lazy, { device, scheduler: 'threads', workers: THREADS });
      } catch (thrown) {
        error = thrown;
      }
      this.#try(
        `threads ${device}`,
        () => {
          if (results === undefined) throw error;
          const arrays = results.map((result, i) => asArray(result, outputs[i] as NDArray));
          if (device === 'js') allSame(outputs, arrays);
          else this.#check(outputs, arrays);
          return true;
        },
        call,
      );
    }
  }

  report(seed: number, runs: number): KernelReport {
    if (this.#passed === 0 && this.#failures.length === 0) {
      this.#fail('js', `no case was computed: the kernel fails on all of them`);
    }
    const report: KernelReport = {
      kernel: this.#name,
      passed: this.#passed,
      bodies: [...this.#bodies],
      failures: this.#failures,
    };
    if (this.#failures.length === 0) return report;
    const lines = this.#failures.map(({ body, run, message }) => `  ${body}, case ${run}: ${message}`);
    throw new ConformanceError(
      `'${this.#name}' does not conform (seed ${seed}, ${runs} cases):\n${lines.join('\n')}`,
      report,
    );
  }

  /** @param names whether the message still has to say on what it was */
  #try(body: string, attempt: () => boolean, call: Call, names = true): void {
    this.#bodies.add(body);
    try {
      if (attempt()) this.#passed++;
    } catch (error) {
      const message = error instanceof Error ? error.message : String(error);
      this.#fail(body, names ? `on ${describeCase(call)}: ${message}` : message);
    }
  }

  #fail(body: string, message: string): void {
    if (this.#failures.filter((failure) => failure.body === body).length >= MOST_FAILURES) return;
    this.#failures.push({ body, message, run: this.run });
  }

  #check(expected: readonly NDArray[], actual: readonly NDArray[]): void {
    expected.forEach((one, k) => {
      const other = actual[k] as NDArray;
      const unit = isFloat(one.dtype) ? ROUNDINGS * epsilon(one.dtype) : 0;
      const { absolute = unit, relative = unit } = this.#tolerance;
      for (let i = 0; i < one.size; i++) {
        const [a, b] = [one.data[i] as number, other.data[i] as number];
        if (a === b || (Number.isNaN(a) && Number.isNaN(b))) continue;
        const allowed = isFloat(one.dtype) ? absolute + relative * Math.abs(a) : 0;
        if (Number.isFinite(a) && Math.abs(a - b) <= allowed) continue;
        throw new Error(`element ${i} of output ${k} is ${b}, the reference ${a}, more than ${allowed} apart`);
      }
    });
  }
}

function safely(run: () => NDArray[]): { readonly outputs: NDArray[] | undefined } {
  try {
    return { outputs: run() };
  } catch {
    // The reference says how it fails when it is run as a body
    return { outputs: undefined };
  }
}

function allSame(expected: readonly NDArray[], actual: readonly NDArray[]): void {
  expected.forEach((one, i) => {
    same(one, actual[i]);
  });
}

function same(expected: NDArray, actual: NDArray | undefined): void {
  if (actual !== undefined && haveSameBits(expected, actual)) return;
  const first = expected.data.findIndex((value, i) => !Object.is(value, actual?.data[i]));
  throw new Error(`element ${first} is ${actual?.data[first]}, and was ${expected.data[first]} before`);
}

/** The same elements with gaps, backwards in memory. */
function strided(array: NDArray): NDArray {
  const { data } = array.copy();
  const spread = new (data.constructor as Float64ArrayConstructor)(2 * data.length + 1);
  for (let i = 0; i < data.length; i++) spread[2 * (data.length - i) - 1] = data[i] as number;
  const strides = [...array.copy().strides].map((stride) => -2 * stride);
  const offset = Math.max(0, 2 * data.length - 1);
  return new NDArray(spread, { shape: array.shape, dtype: array.dtype, strides, offset });
}

/** What compute answers for an output: a plain value where it has no axes. */
function asArray(result: unknown, like: NDArray): NDArray {
  if (result instanceof NDArray) return result.isContiguous ? result : result.copy();
  const data = new (like.data.constructor as Float64ArrayConstructor)(1).fill(Number(result));
  return new NDArray(data, { shape: [], dtype: like.dtype });
}
