/**
 * `unique`: the distinct values of an array. How many there are only the values tell, so the outputs have room for all
 * and a count says how much of them holds; who calls it cuts them.
 */
import { itemSize } from '../array/dtype.js';
import { sizeOf } from '../array/ndarray.js';
import { checkInputs, checkParams, flag } from './checks.js';
import type { ArraySpec, Kernel, KernelParams } from './contract.js';
import { flat } from './flat.js';
import { ascending, CONTEXT_BYTES, PLAN_BYTES, sortedOrder, typeCode, WIDE } from './lines.js';

const optional = ['index', 'inverse', 'counts'] as const;

function check(inputs: readonly ArraySpec[], params: KernelParams): (typeof optional)[number][] {
  checkParams('unique', params, optional);
  checkInputs('unique', inputs, 1, 1, 'x');
  return optional.filter((name) => flag('unique', params, name, false));
}

/**
 * x of n elements → values (n, x's dtype), count () int32, and those of these int32 arrays that are asked for: `index`
 * (n), where in x (flattened) each value is first; `inverse` (x's shape), for each element the place of its value;
 * `counts` (n), how often each is there. The first
 * `count` elements of values (ascending; all NaNs are one, the last), index and counts hold; 0 follows.
 */
export const unique: Kernel = {
  name: 'unique',
  infer(inputs, params) {
    const wanted = check(inputs, params);
    const [{ dtype, shape }] = inputs as [ArraySpec];
    const n = sizeOf(shape);
    const more = wanted.map((name) => ({ dtype: 'int32', shape: name === 'inverse' ? shape : [n] }) as const);
    const long = n >= WIDE ? PLAN_BYTES + (wanted.length > 0 ? 16 : itemSize(dtype)) * n : 0;
    const own = wanted.length > 0 ? 4 * n : 4 * Math.ceil(n / (1 << 15));
    const outputs = [{ dtype, shape: [n] }, { dtype: 'int32', shape: [] } as const, ...more];
    return { outputs, scratch: CONTEXT_BYTES + own + long };
  },
  cost([x], params) {
    const n = sizeOf(x!.shape);
    const wanted = check([x!], params).length;
    return { flops: 30 * n, bytes: n * (9 * itemSize(x!.dtype) + 12 * wanted) };
  },
  bodies: {
    js(inputs, outputs, params) {
      const wanted = check(inputs, params);
      const x = flat(inputs[0]!);
      const [values, count] = outputs.map(({ data, offset, size }) => data.subarray(offset, offset + size));
      const output = (name: (typeof optional)[number]) => {
        const place = wanted.indexOf(name);
        if (place < 0) return undefined;
        const { data, offset, size } = outputs[2 + place]!;
        return data.subarray(offset, offset + size).fill(0);
      };
      const [index, inverse, counts] = [output('index'), output('inverse'), output('counts')];
      values!.fill(0);
      let kept = 0;
      for (const position of sortedOrder(x)) {
        const value = x[position]!;
        if (kept === 0 || ascending(values![kept - 1]!, value) !== 0) {
          values![kept] = value;
          if (index) index[kept] = position;
          kept++;
        }
        if (counts) counts[kept - 1]! += 1;
        if (inverse) inverse[position] = kept - 1;
      }
      count![0] = kept;
    },
    wasm: {
      export: 'unique',
      isWide: ([x]) => sizeOf(x!.shape) >= WIDE,
      args(inputs, outputs, params, scratch) {
        const wanted = check(inputs, params);
        const place = (name: (typeof optional)[number]): number => outputs[2 + wanted.indexOf(name)]!.pointer;
        const rest = optional.map((name) => (wanted.includes(name) ? place(name) : 0));
        const [x] = inputs;
        return [typeCode(x!), sizeOf(x!.shape), x!.pointer, outputs[0]!.pointer, outputs[1]!.pointer, ...rest, scratch];
      },
    },
  },
};
