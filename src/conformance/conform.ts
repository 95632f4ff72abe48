/**
 * The conformance of a kernel's body with the readable `js` one, on one case. A body passes when its outputs are within
 * the case's tolerance, when it fails with the same error where the reference fails, when it leaves alone what is not
 * its own, and when it gives the same bits a second time over other garbage.
 */
import type { NDArray } from '../array/ndarray.js';
import type { Kernel, KernelParams } from '../kernels/contract.js';
import { RuleBreach, runJs } from './machine.js';

export interface Case {
  readonly inputs: readonly NDArray[];
  readonly params: KernelParams;
  /** Throws with what is wrong. */
  check(expected: readonly NDArray[], actual: readonly NDArray[]): void;
}

/** Someone who can run bodies of one kind. */
export interface Runner {
  readonly title: string;
  has(kernel: Kernel, inputs: readonly NDArray[], params: KernelParams): boolean;
  run(kernel: Kernel, inputs: readonly NDArray[], params: KernelParams): NDArray[];
}

/** The reference itself: it has to keep the same rules. */
export const reference: Runner = { title: 'js', has: () => true, run: runJs };

type Outcome = { readonly outputs: NDArray[] } | { readonly error: Error };

function outcome(run: () => NDArray[]): Outcome {
  try {
    return { outputs: run() };
  } catch (error) {
    return { error: error instanceof Error ? error : new Error(`thrown value: ${String(error)}`) };
  }
}

export function describeCase({ inputs, params }: Pick<Case, 'inputs' | 'params'>): string {
  const arrays = inputs.map(({ dtype, shape }) => `${dtype} (${shape.join(', ')})`);
  return `${arrays.join(', ')} ${JSON.stringify(params)}`;
}

/**
 * One case on one runner. False where the reference fails, and the body with the same error.
 * @throws Error that says in which way the body does not conform
 */
export function conform(kernel: Kernel, runner: Runner, instance: Case): boolean {
  const { inputs, params } = instance;
  const expected = outcome(() => runJs(kernel, inputs, params));
  const actual = outcome(() => runner.run(kernel, inputs, params));
  const again = outcome(() => runner.run(kernel, inputs, params));
  const where = `${kernel.name} on ${describeCase(instance)}`;
  if ('error' in expected || 'error' in actual) {
    const message = (result: Outcome): string =>
      'error' in result ? `${result.error.name}: ${result.error.message}` : 'no error';
    for (const result of [expected, actual]) {
      if ('error' in result && result.error instanceof RuleBreach) throw new Error(`${where}: ${result.error.message}`);
    }
    if (message(actual) === message(expected)) return false;
    throw new Error(`${where}: ends with ${message(actual)}, the reference with ${message(expected)}`);
  }
  try {
    instance.check(expected.outputs, actual.outputs);
  } catch (error) {
    throw new Error(`${where}: ${(error as Error).message}`);
  }
  actual.outputs.forEach((output, i) => {
    const second = 'outputs' in again ? again.outputs[i] : undefined;
    if (second !== undefined && haveSameBits(output, second)) return;
    throw new Error(
      `${where}: output ${i} has other bits the second time: not all of it is written, or something else than inputs and parameters is read`,
    );
  });
  return true;
}

/**
 * Whether two row-major arrays hold the same values, every number by its bits. All NaNs count as one: WebAssembly leaves
 * their sign and payload open, and code that the engine has optimised meanwhile may answer another one than before.
 */
export function haveSameBits(a: NDArray, b: NDArray): boolean {
  const bytes = ({ data }: NDArray): Uint8Array => new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
  if (Buffer.compare(bytes(a), bytes(b)) === 0) return true;
  return a.dtype === b.dtype && a.size === b.size && a.data.every((value, i) => Object.is(value, b.data[i]));
}
