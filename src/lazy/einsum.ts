/** `einsum`: Einstein's notation, as NumPy reads it. */
import { ArgumentError, ShapeError } from '../errors.js';
import { contractAll, labelLengths } from './contraction.js';
import { type ArrayInput, asLazy, type LazyArray, type LazyScalar } from './lazy-array.js';
import { scalarOrArray } from './reduce.js';

const where = 'nd.einsum';

/**
 * Sums of products of elements in Einstein's notation: one letter for each axis, operands separated by commas, then
 * `->` and the axes of the result; letters that are missing there are summed over. Without `->` the result has the
 * letters that occur once, in alphabetical order. A letter twice in one operand takes the diagonal; `...` stands for
 * all other axes, which broadcast. Several operands are contracted in pairs, in the cheapest order (all orders are tried
 * for up to four); pairs become matrix products wherever they can.
 *
 * @throws ArgumentError for subscripts that cannot be read, ShapeError for lengths that do not fit
 *
 * @example
 * await nd.einsum('ij,jk->ki', [[1, 2], [3, 4]], [[1, 0], [0, 2]]).compute(); // [[1, 3], [4, 8]]
 * await nd.einsum('ii', [[1, 2], [3, 4]]).compute(); // 5
 */
export function einsum<R extends LazyArray | LazyScalar = LazyArray>(
  subscripts: string,
  ...operands: readonly ArrayInput[]
): R {
  return scalarOrArray(einsumOf(subscripts, operands)) as R;
}

function einsumOf(subscripts: string, operands: readonly ArrayInput[]): LazyArray {
  if (typeof subscripts !== 'string') {
    throw new ArgumentError(`${where}: the subscripts come first, as text: einsum('ij,jk->ik', a, b)`);
  }
  const arrays = operands.map((operand) => asLazy(operand, where));
  const { inputs, out } = parse(subscripts, arrays);
  const labelled = arrays.map((array, i) => ({ array, labels: inputs[i]! }));
  const lengths = labelLengths(labelled, (label, [p, q]) => {
    const shapes = arrays.map(({ shape }) => `[${shape.join(', ')}]`).join(' and ');
    const what = label.startsWith('.') ? 'axes of the ellipsis' : `axes '${label}'`;
    return new ShapeError(
      `${where}: in '${subscripts}' the ${what} are ${p} and ${q} long; the operands are ${shapes}`,
    );
  });
  for (const { array, labels } of labelled) checkDiagonals(subscripts, array, labels);
  return contractAll('einsum', labelled, out, lengths, (...values) => einsumOf(subscripts, values));
}

/** Axes of one operand that share a letter have one length; 1 does not stretch there. */
function checkDiagonals(subscripts: string, array: LazyArray, labels: readonly string[]): void {
  labels.forEach((label, axis) => {
    const first = labels.indexOf(label);
    const [p, q] = [array.shape[first]!, array.shape[axis]!];
    if (p !== q && !Number.isNaN(p + q)) {
      throw new ShapeError(
        `${where}: in '${subscripts}' the axes '${label}' of an operand of shape [${array.shape.join(', ')}] differ`,
      );
    }
  });
}

/** The labels of the operands and of the result; axes of an ellipsis are '.0', '.1', … counted from the last. */
function parse(subscripts: string, arrays: readonly LazyArray[]): { inputs: string[][]; out: string[] } {
  const text = subscripts.replaceAll(' ', '');
  const [left = '', right, ...more] = text.split('->');
  const parts = left.split(',');
  if (more.length > 0 || !/^[A-Za-z.,]*$/.test(left) || (right !== undefined && !/^[A-Za-z.]*$/.test(right))) {
    throw new ArgumentError(
      `${where}: '${subscripts}' is not of the form 'ij,jk->ik': letters, commas, '...' and at most one '->'`,
    );
  }
  if (parts.length !== arrays.length || arrays.length === 0) {
    throw new ArgumentError(`${where}: '${subscripts}' is for ${parts.length} operands, ${arrays.length} were given`);
  }
  let most = 0;
  const inputs = parts.map((part, i) => {
    const array = arrays[i]!;
    const letters = part.replace('...', '');
    const hidden = array.ndim - letters.length;
    const hasEllipsis = letters !== part;
    if (letters.includes('.') || hidden < 0 || (hidden > 0 && !hasEllipsis)) {
      throw new ShapeError(
        `${where}: '${part}' of '${subscripts}' does not name the ${array.ndim} axes of shape [${array.shape.join(', ')}]`,
      );
    }
    if (hasEllipsis) most = Math.max(most, hidden);
    return expand(part, hidden);
  });
  if (right !== undefined) {
    const letters = right.replace('...', '');
    if (letters.includes('.')) throw new ArgumentError(`${where}: '${right}' of '${subscripts}' has a stray dot`);
    if (letters === right && most > 0) {
      throw new ArgumentError(
        `${where}: '${subscripts}' has '...' among the operands; say where it goes in the result`,
      );
    }
    const out = expand(right, most);
    const known = new Set(inputs.flat());
    const odd = out.find((label, i) => !known.has(label) || out.indexOf(label) !== i);
    if (odd !== undefined) {
      throw new ArgumentError(
        `${where}: '${odd}' of the result of '${subscripts}' must be an axis of some operand, once`,
      );
    }
    return { inputs, out };
  }
  const counts = new Map<string, number>();
  for (const label of inputs.flat()) counts.set(label, (counts.get(label) ?? 0) + 1);
  const once = [...counts].filter(([label, count]) => count === 1 && !label.startsWith('.')).map(([label]) => label);
  return { inputs, out: [...expand('...', most), ...once.sort()] };
}

function expand(part: string, hidden: number): string[] {
  const [before = '', after = ''] = part.split('...');
  const middle = part.includes('...') ? Array.from({ length: hidden }, (_, i) => `.${hidden - 1 - i}`) : [];
  return [...before, ...middle, ...after];
}
