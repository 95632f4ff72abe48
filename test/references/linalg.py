"""
References for linalg: small matrices of many kinds, and what NumPy and SciPy (LAPACK) make of them. The test derives its
tolerances from the singular values that stand beside. The versions are in the file. Made with:

    python test/references/linalg.py > test/references/linalg.json
"""
import json
import platform
import warnings

import numpy as np
import scipy
import scipy.linalg as sl

rng = np.random.default_rng(20240611)
warnings.simplefilter('ignore')


def graded(m, n, decades):
    return rng.standard_normal((m, n)) * 10.0 ** (-decades * np.arange(n) / max(1, n - 1))


def kahan(n, theta=1.2):
    s, c = np.sin(theta), np.cos(theta)
    return np.diag(s ** np.arange(n)) @ (np.eye(n) - c * np.triu(np.ones((n, n)), 1))


def definite(n):
    b = rng.standard_normal((n, n))
    return b @ b.T + np.eye(n)


def wilkinson(n):
    return np.diag(np.abs(np.arange(n) - (n - 1) / 2)) + np.diag(np.ones(n - 1), 1) + np.diag(np.ones(n - 1), -1)


matrices = {
    'one element': np.array([[-3.0]]),
    'two by two': np.array([[1.0, 2.0], [3.0, 4.0]]),
    'random 5': rng.standard_normal((5, 5)),
    'random 12': rng.standard_normal((12, 12)),
    'random 9 x 4': rng.standard_normal((9, 4)),
    'random 4 x 9': rng.standard_normal((4, 9)),
    'row': rng.standard_normal((1, 6)),
    'column': rng.standard_normal((6, 1)),
    'integers': rng.integers(-4, 5, (6, 6)).astype(float),
    'identity': np.eye(5),
    'zero': np.zeros((4, 3)),
    'ones': np.ones((5, 4)),
    'rank 2': rng.standard_normal((7, 2)) @ rng.standard_normal((2, 6)),
    'hilbert 6': sl.hilbert(6),
    'hilbert 12': sl.hilbert(12),
    'kahan': kahan(10),
    'graded': graded(8, 6, 8),
    'graded far': graded(6, 6, 40),
    'positive definite': definite(8),
    'wilkinson': wilkinson(11),
    'permutation': np.eye(6)[[2, 0, 5, 1, 3, 4]],
    'huge': rng.standard_normal((4, 4)) * 1e140,
    'tiny': rng.standard_normal((4, 4)) * 1e-140,
    'upper triangle': np.triu(rng.standard_normal((6, 6))) + 3 * np.eye(6),
    'toeplitz': sl.toeplitz([2.0, -1, 0, 0, 0, 0, 0, 0]),
}

orders = ['fro', 'nuc', 1, -1, 2, -2, 'inf', '-inf']


def number(x):
    return float(x) if np.isfinite(x) else str(float(x))


def reference(name, a):
    m, n = a.shape
    out = {'a': a.tolist(), 's': np.linalg.svd(a, compute_uv=False).tolist()}
    out['norms'] = {str(o): number(np.linalg.norm(a, float(o) if o in ('inf', '-inf') else o)) for o in orders}
    out['norm'] = number(np.linalg.norm(a))
    out['rank'] = int(np.linalg.matrix_rank(a))
    out['cond'] = number(np.linalg.cond(a))
    out['r'] = np.linalg.qr(a)[1].tolist()
    p, l, u = sl.lu(a)
    out['p'], out['l'], out['u'] = p.tolist(), l.tolist(), u.tolist()
    _, r, order = sl.qr(a, mode='economic', pivoting=True)
    out['pivoted'] = {'r': r.tolist(), 'p': order.tolist()}
    b = rng.standard_normal((m, 2))
    x, residuals, rank, _ = np.linalg.lstsq(a, b, rcond=None)
    out['b'], out['lstsq'] = b.tolist(), {'x': x.tolist(), 'residuals': residuals.tolist(), 'rank': int(rank)}
    out['pinv'] = np.linalg.pinv(a, rcond=max(m, n) * np.finfo(float).eps).tolist()
    if m == n:
        out['det'] = number(np.linalg.det(a))
        out['slogdet'] = [number(part) for part in np.linalg.slogdet(a)]
        out['eigh'] = np.linalg.eigvalsh(a).tolist()
        if out['rank'] == n:
            out['solve'] = np.linalg.solve(a, b).tolist()
            out['inv'] = np.linalg.inv(a).tolist()
            out['conds'] = {o: number(np.linalg.cond(a, {'1': 1, '-1': -1, 'inf': np.inf, 'fro': 'fro'}[o])) for o in ('1', '-1', 'inf', 'fro')}
        try:
            out['cholesky'] = np.linalg.cholesky(np.tril(a) + np.tril(a, -1).T).tolist()
        except np.linalg.LinAlgError:
            out['cholesky'] = None
    return {'name': name, **out}


cases = [reference(name, a) for name, a in matrices.items()]
vector = rng.standard_normal(9)
vector[4] = 0
vectors = {'x': vector.tolist(), 'norms': {str(o): float(np.linalg.norm(vector, float(o))) for o in (0, 1, 2, 3, 0.5, -1, 'inf', '-inf')}}
versions = {'python': platform.python_version(), 'numpy': np.__version__, 'scipy': scipy.__version__}
print('{"versions": ' + json.dumps(versions) + ',\n"vector": ' + json.dumps(vectors) + ',\n"cases": [')
print(',\n'.join(json.dumps(case) for case in cases))
print(']}')
