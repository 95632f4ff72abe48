/**
 * Values against NumPy's and SciPy's (test/references/linalg.py), signs, pivots and order included. Tolerances come from
 * the singular values: what perturbing the matrix by 30·n·ε of its norm may change, to first order.
 */
import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { LinearAlgebraError, linalg, NDArray } from '../../dist/index.js';

type Rows = number[][];
type Shown = number | 'inf' | '-inf' | 'nan';

interface Reference {
  readonly name: string;
  readonly a: Rows;
  readonly s: number[];
  readonly norms: Readonly<Record<string, Shown>>;
  readonly norm: Shown;
  readonly rank: number;
  readonly cond: Shown;
  readonly r: Rows;
  readonly p: Rows;
  readonly l: Rows;
  readonly u: Rows;
  readonly pivoted: { readonly r: Rows; readonly p: number[] };
  readonly b: Rows;
  readonly lstsq: { readonly x: Rows; readonly residuals: number[]; readonly rank: number };
  readonly pinv: Rows;
  readonly det?: Shown;
  readonly slogdet?: [Shown, Shown];
  readonly eigh?: number[];
  readonly solve?: Rows;
  readonly inv?: Rows;
  readonly conds?: Readonly<Record<string, Shown>>;
  readonly cholesky?: Rows | null;
}

const text = readFileSync(new URL('../references/linalg.json', import.meta.url), 'utf8');
const { versions, vector, cases } = JSON.parse(text) as {
  versions: Readonly<Record<string, string>>;
  vector: { x: number[]; norms: Readonly<Record<string, number>> };
  cases: Reference[];
};

const value = (x: Shown): number => (x === 'inf' ? Infinity : x === '-inf' ? -Infinity : Number(x));
const orders: Readonly<Record<string, number | 'fro' | 'nuc'>> = {
  fro: 'fro',
  nuc: 'nuc',
  1: 1,
  '-1': -1,
  2: 2,
  '-2': -2,
  inf: Number.POSITIVE_INFINITY,
  '-inf': Number.NEGATIVE_INFINITY,
};

const flat = (x: unknown): number[] => (x instanceof NDArray ? Array.from(x.copy().data) : ([x].flat(9) as number[]));

function near(actual: unknown, expected: unknown, bound: number): void {
  const [found, wanted] = [flat(actual), flat(expected)];
  expect(found.length).toBe(wanted.length);
  wanted.forEach((one, i) => {
    if (!Object.is(one, found[i]) && one !== found[i]) expect(Math.abs(one - found[i]!)).toBeLessThanOrEqual(bound);
  });
}

const size = (x: Rows): number => Math.hypot(...x.flat().map((one) => one / largest(x))) * largest(x);
const largest = (x: Rows): number => Math.max(Number.MIN_VALUE, ...x.flat().map(Math.abs));

it('the references say what made them', () => {
  expect(Object.keys(versions)).toEqual(['python', 'numpy', 'scipy']);
  expect(cases.length).toBeGreaterThan(20);
});

it('norms of a vector', async () => {
  for (const [ord, expected] of Object.entries(vector.norms)) {
    const order = orders[ord] ?? Number(ord);
    expect(await linalg.norm(vector.x, order).compute(), ord).toBeCloseTo(expected, 11);
  }
});

describe.each(cases.map((reference) => [reference.name, reference] as const))('%s', (_name, reference) => {
  const { a, s } = reference;
  const [m, n] = [a.length, a[0]!.length];
  const unit = 30 * Math.max(m, n) * 2 ** -52;
  const most = s[0]!;
  const condition = s.at(-1)! > 0 ? most / s.at(-1)! : Number.POSITIVE_INFINITY;
  /** That of what counts as not zero. */
  const effective = reference.rank === 0 ? 1 : most / s[reference.rank - 1]!;
  /** Factors of such a matrix are the same to some digits. */
  const isRegular = condition < 1e12;

  it('singular values, rank, norms, condition', async () => {
    near(await linalg.svdvals(a).compute(), s, unit * most);
    near(await linalg.svdvals(a, { accuracy: 'relative' }).compute(), s, unit * most);
    near(await linalg.svd(a).s.compute(), s, unit * most);
    expect(await linalg.matrixRank(a).compute()).toBe(reference.rank);
    near(await linalg.norm(a).compute(), value(reference.norm), unit * value(reference.norm));
    for (const [ord, norm] of Object.entries(reference.norms)) {
      near(await linalg.norm(a, orders[ord]!).compute(), value(norm), unit * (ord === '-2' ? most : value(norm)));
    }
    const cond = (await linalg.cond(a).compute()) as number;
    if (condition * unit < 0.1) near(cond, value(reference.cond), 2 * unit * condition * condition);
    else expect(cond).toBeGreaterThan(1e12);
  });

  it('R, P, L, U', async () => {
    const { p, l, u } = linalg.lu(a);
    if (isRegular) {
      near(await linalg.qr(a).r.compute(), reference.r, unit * condition * most);
      near(await linalg.qr(a, { mode: 'r' }).r.compute(), reference.r, unit * condition * most);
      near(await p.compute(), reference.p, 0);
      near(await l.compute(), reference.l, unit * condition * n);
      near(await u.compute(), reference.u, unit * condition * n * most);
    }
    if (reference.name.startsWith('random')) {
      const pivoted = linalg.qr(a, { pivoting: true });
      near(await pivoted.p.compute(), reference.pivoted.p, 0);
      near(await pivoted.r.compute(), reference.pivoted.r, unit * condition * most);
    }
  });

  it('least squares and the pseudo-inverse', async () => {
    const { x, residuals, rank } = linalg.lstsq(a, reference.b);
    const [sizeX, sizeB] = [size(reference.lstsq.x), size(reference.b)];
    expect(await rank.compute()).toBe(reference.lstsq.rank);
    near(await x.compute(), reference.lstsq.x, unit * effective * (sizeX + (effective * sizeB) / (most || 1)));
    if (reference.lstsq.residuals.length > 0) {
      near(await residuals.compute(), reference.lstsq.residuals, 4 * unit * sizeB * (sizeB + most * sizeX));
    }
    near(await linalg.pinv(a).compute(), reference.pinv, (2 * unit * effective * effective) / (most || 1));
  });

  if (m === n) {
    it('determinants, eigenvalues, Cholesky', async () => {
      const det = value(reference.det!);
      const others = s.slice(0, -1).reduce((product, one) => product * one, 1);
      near(await linalg.det(a).compute(), det, unit * Math.max(Math.abs(det), others * most));
      const { sign, logdet } = linalg.slogdet(a);
      if (isRegular) {
        expect(await sign.compute()).toBe(value(reference.slogdet![0]));
        const logarithm = value(reference.slogdet![1]);
        near(await logdet.compute(), logarithm, unit * (condition + Math.abs(logarithm)));
      }
      const spread = Math.max(...reference.eigh!.map(Math.abs));
      near(await linalg.eigh(a).values.compute(), reference.eigh!, unit * spread);
      const factor = linalg.cholesky(a).compute();
      if (reference.cholesky === null)
        await expect(factor.catch((error: Error) => Promise.reject(error.cause))).rejects.toThrow(LinearAlgebraError);
      else near(await factor, reference.cholesky, unit * condition * Math.sqrt(most));
    });
  }

  if (reference.solve !== undefined && reference.inv !== undefined) {
    it('solutions and inverses', async () => {
      const size1 = size(reference.solve!);
      near(await linalg.solve(a, reference.b).compute(), reference.solve, unit * condition * size1);
      near(await linalg.inv(a).compute(), reference.inv, unit * condition * size(reference.inv!));
      for (const [ord, cond] of Object.entries(reference.conds!)) {
        near(await linalg.cond(a, orders[ord]!).compute(), value(cond), unit * condition * value(cond));
      }
    });
  }
});
