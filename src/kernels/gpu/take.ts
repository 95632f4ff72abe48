/** Picking by indices on the GPU: a thread for every element. An index outside its axis sets the call's status. */
import { itemSize } from '../../array/dtype.js';
import { sizeOf } from '../../array/ndarray.js';
import type { ArraySpec, GpuBody, GpuPass, GpuPlan, GpuTraits, KernelParams } from '../contract.js';
import { INDEX_RANGE } from '../status.js';
import { storedType } from './expression.js';
import { mainCode, spread } from './spread.js';
import { canRead, partsOf, type Reading, reading, windowOf } from './windows.js';

const position = `fn position(index: i32, length: u32) -> u32 {
  let n = i32(length);
  if (index < -n || index >= n) { atomicMax(&status, ${INDEX_RANGE}u); return 0u; }
  return u32(select(index, index + n, index < 0));
}`;

/** How elements are found: by which numbers of the uniform, and by statements that end in `let at = …`. */
interface Picking {
  readonly fields: string;
  readonly numbers: readonly number[];
  statements(lists: readonly Reading[]): string;
  /** The names of the lists of indices, the inputs after the first. */
  readonly lists: readonly string[];
}

/**
 * Whether there is a body for a result of so many elements. Threads that write bytes of one word would be in each other's
 * way; without elements nobody looks at the indices.
 */
function canPick(inputs: readonly ArraySpec[], size: number, gpu: GpuTraits): boolean {
  return itemSize(inputs[0]!.dtype) > 1 && size > 0 && canRead(inputs, 2, gpu);
}

function planOf(inputs: readonly ArraySpec[], size: number, picking: Picking, gpu: GpuTraits): GpuPlan {
  const { fields, numbers, statements, lists } = picking;
  const { dtype, shape } = inputs[0]!;
  const each = itemSize(dtype);
  const type = storedType(dtype);
  const x = reading({ name: 'x', index: 0, bytes: sizeOf(shape) * each }, { type, each }, 0, gpu);
  const bindings = [...x.operands];
  const indices = lists.map((name, i) => {
    const bytes = 4 * sizeOf(inputs[i + 1]!.shape);
    const list = reading({ name, index: i + 1, bytes }, { type: 'i32', each: 4 }, bindings.length, gpu);
    bindings.push(...list.operands);
    return list;
  });
  const count = bindings.length;
  const read = [x, ...indices];
  const code = `struct P { ${['size: u32, width: u32, first: u32', fields, ...read.flatMap((one) => one.fields)].join(', ')} }
${read.map((one) => one.declarations).join('\n')}
@group(0) @binding(${count}) var<storage, read_write> out: array<${type}>;
@group(0) @binding(${count + 1}) var<storage, read_write> status: atomic<u32>;
@group(0) @binding(${count + 2}) var<uniform> p: P;
${position}
${mainCode(`let place = p.first + i;
  ${statements(indices)}
  out[i] = ${x.at('at')};`)}`;
  const passes = partsOf(size, each, gpu).map((part): GpuPass => {
    const { workgroups, width } = spread(part[1], gpu);
    const operands = [...bindings, windowOf('output', 0, part, each, size), { of: 'status' } as const];
    return {
      code,
      operands,
      numbers: [part[1], width, part[0], ...numbers, ...read.flatMap((one) => one.words)],
      workgroups,
    };
  });
  return { passes };
}

/** @param sizesOf outer, length, inner and the number of indices */
export function takeBody(
  sizesOf: (inputs: readonly ArraySpec[], params: KernelParams) => readonly [number, number, number, number],
): GpuBody {
  return {
    can(inputs, params, gpu) {
      const [outer, , inner, count] = sizesOf(inputs, params);
      return canPick(inputs, outer * inner * count, gpu);
    },
    plan(inputs, _outputs, params, gpu) {
      const [outer, length, inner, count] = sizesOf(inputs, params);
      const picking = {
        fields: 'length: u32, inner: u32, count: u32',
        numbers: [length, inner, count],
        statements: ([indices]: readonly Reading[]) => `let row = place / p.inner;
  let index = position(${indices!.at('row % p.count')}, p.length);
  let at = ((row / p.count) * p.length + index) * p.inner + place % p.inner;`,
        lists: ['indices'],
      };
      return planOf(inputs, outer * inner * count, picking, gpu);
    },
  };
}

/** The body of `takeGrid`. */
export const takeGridBody: GpuBody = {
  can: (inputs, _params, gpu) => canPick(inputs, sizeOf(inputs[1]!.shape) * sizeOf(inputs[2]!.shape), gpu),
  plan(inputs, _outputs, _params, gpu) {
    const [x, rows, columns] = inputs;
    const [n, m] = x!.shape as [number, number];
    const [p, q] = [sizeOf(rows!.shape), sizeOf(columns!.shape)];
    const picking = {
      fields: 'rows: u32, columns: u32, count: u32',
      numbers: [n, m, q],
      statements: ([ofRows, ofColumns]: readonly Reading[]) =>
        `let row = position(${ofRows!.at('place / p.count')}, p.rows);
  let at = row * p.columns + position(${ofColumns!.at('place % p.count')}, p.columns);`,
      lists: ['rows', 'columns'],
    };
    return planOf(inputs, p * q, picking, gpu);
  },
};
