/** The options of `SVC`: names, defaults and ranges, as scikit-learn has them. */
import { OptionError } from '../errors.js';
import { nodeOf } from '../graph/node.js';
import type { Pending } from '../graph/types.js';
import { checkNames } from '../lazy/options.js';

type Numeric = number | Pending<number>;

export interface SVCOptions {
  /** The penalty of a sample on the wrong side, > 0; may be a delayed number. Default 1. */
  readonly C?: Numeric;
  /** exp(−γ‖x − y‖²), x·y, (γ x·y + coef0)^degree or tanh(γ x·y + coef0). Default 'rbf'. */
  readonly kernel?: 'rbf' | 'linear' | 'poly' | 'sigmoid';
  /** γ: 'scale' is 1 / (features × variance of the training samples), 'auto' 1 / features; may be delayed. Default 'scale'. */
  readonly gamma?: 'scale' | 'auto' | Numeric;
  /** The degree of 'poly', a whole number ≥ 0. Default 3. */
  readonly degree?: number;
  /** The constant of 'poly' and 'sigmoid'. Default 0. */
  readonly coef0?: number;
  /** How well the solver's optimality conditions must hold, > 0. Default 1e-3. */
  readonly tol?: number;
  /** Whether the solver sets aside samples that no longer move. Default true. */
  readonly shrinking?: boolean;
  /** Bound of the solver's iterations, −1 for none. Default −1. */
  readonly maxIter?: number;
  /** The shape of `decisionFunction` with more than two classes: one value a class, or one a pair. Default 'ovr'. */
  readonly decisionFunctionShape?: 'ovr' | 'ovo';
}

export type SVCParameters = { readonly [K in keyof SVCOptions]-?: Exclude<SVCOptions[K], undefined> };

const defaults: SVCParameters = {
  C: 1,
  kernel: 'rbf',
  gamma: 'scale',
  degree: 3,
  coef0: 0,
  tol: 1e-3,
  shrinking: true,
  maxIter: -1,
  decisionFunctionShape: 'ovr',
};

const isDelayed = (value: unknown): boolean => nodeOf(value) !== undefined;
const isNumber = (value: unknown): boolean => Number.isFinite(value);
const oneOf =
  (...names: string[]) =>
  (value: unknown): boolean =>
    names.includes(value as string);

const rules: Readonly<Record<keyof SVCOptions, readonly [expected: string, ok: (value: unknown) => boolean]>> = {
  C: ['a number > 0, or a delayed one', (value) => isDelayed(value) || (isNumber(value) && Number(value) > 0)],
  kernel: ["'rbf', 'linear', 'poly' or 'sigmoid'", oneOf('rbf', 'linear', 'poly', 'sigmoid')],
  gamma: [
    "'scale', 'auto', a number ≥ 0, or a delayed one",
    (value) => isDelayed(value) || oneOf('scale', 'auto')(value) || (isNumber(value) && Number(value) >= 0),
  ],
  degree: ['a whole number ≥ 0', (value) => Number.isSafeInteger(value) && Number(value) >= 0],
  coef0: ['a finite number', isNumber],
  tol: ['a number > 0', (value) => isNumber(value) && Number(value) > 0],
  shrinking: ['true or false', (value) => typeof value === 'boolean'],
  maxIter: [
    'a whole number ≥ 1, or −1 for no bound',
    (value) => value === -1 || (Number.isSafeInteger(value) && Number(value) >= 1),
  ],
  decisionFunctionShape: ["'ovr' or 'ovo'", oneOf('ovr', 'ovo')],
};

/** @throws OptionError for an option that does not exist or a value it cannot have */
export function checkedOptions(options: SVCOptions): SVCParameters {
  checkNames('SVC', options, Object.keys(rules));
  const parameters: Record<string, unknown> = { ...defaults };
  for (const [name, value] of Object.entries(options)) {
    if (value === undefined) continue;
    const [expected, ok] = rules[name as keyof SVCOptions];
    if (!ok(value))
      throw new OptionError(name, `SVC: ${name} must be ${expected}, got ${JSON.stringify(value) ?? typeof value}`);
    parameters[name] = value;
  }
  return parameters as SVCParameters;
}
