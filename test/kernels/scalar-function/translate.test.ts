/** Scalar functions translated to expressions give what the functions themselves give, element by element. */
import { describe, expect, it } from 'vitest';
import { validate } from '../../../dist/kernels/expression-rules.js';
import { translate } from '../../../dist/kernels/scalar-function/translate.js';
import { generator } from '../numbers.js';
import { evaluate } from './evaluate.js';
import { compileScalar, functions, specials } from './functions.js';

describe('translate', () => {
  it.each(Object.entries(functions))('%s', (_title, text) => {
    const fn = compileScalar(text);
    const { expression, parameters, dtype } = translate('test', text, { float: 'float64' });
    expect(
      validate(
        expression,
        parameters.map(() => 'float64' as const),
      ),
    ).toBe(dtype);
    const random = generator(1);
    const values = [
      ...specials,
      ...Array.from({ length: 40 }, () => (random() - 0.5) * 10 ** Math.floor(random() * 5)),
    ];
    for (const [i, x] of values.entries()) {
      const others = parameters.length === 1 ? [0] : [...specials, values[(i * 7 + 3) % values.length]!];
      for (const y of others) {
        const args = [x, y].slice(0, parameters.length);
        const expected = fn(...args);
        if (dtype === 'bool') expect(typeof expected).toBe('boolean');
        const actual = evaluate(expression, args);
        if (!Object.is(actual, Number(expected))) expect.fail(`f(${args.join(', ')}) is ${expected}, not ${actual}`);
      }
    }
  });
});
