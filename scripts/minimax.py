"""
The minimax polynomials of assembly/math, by Remez's exchange in 60 digits: prints the coefficients and the largest error
of what the rounded ones give. Made with Python 3.11 and mpmath 1.4.1:

    python scripts/minimax.py [name...]
"""
import sys
from mpmath import mp, mpf, matrix, lu_solve
import mpmath as m

mp.dps = 60


def remez(f, weight, low, high, degree, points=None):
    """p of this degree with the least max |weight(x)·(f(x) − p(x))| on [low, high]."""
    low, high = mpf(low), mpf(high)
    relative = weight
    weight = lambda x: relative(x) + mpf(10) ** -25  # never zero
    n = degree + 2
    xs = [(low + high) / 2 - (high - low) / 2 * m.cos(m.pi * i / (n - 1)) for i in range(n)]
    grid = [(low + high) / 2 - (high - low) / 2 * m.cos(m.pi * i / 40 / n) for i in range(40 * n + 1)]
    values = [(x, f(x), weight(x)) for x in grid]
    for _ in range(30):
        a = matrix(n, n)
        b = matrix(n, 1)
        for i, x in enumerate(xs):
            p = mpf(1)
            for j in range(degree + 1):
                a[i, j] = p
                p *= x
            a[i, degree + 1] = (-1) ** i / weight(x)
            b[i] = f(x)
        s = lu_solve(a, b)
        c = [s[j] for j in range(degree + 1)]
        error = abs(s[degree + 1])
        es = [(x, w * (v - m.polyval(c[::-1], x))) for x, v, w in values]
        # extrema between changes of sign
        runs, run = [], [es[0]]
        for e in es[1:]:
            if (e[1] >= 0) == (run[-1][1] >= 0):
                run.append(e)
            else:
                runs.append(run)
                run = [e]
        runs.append(run)
        peaks = [max(r, key=lambda e: abs(e[1])) for r in runs]
        while len(peaks) > n:
            peaks.pop(0 if abs(peaks[0][1]) < abs(peaks[-1][1]) else -1)
        if len(peaks) < n:
            break
        xs = [p[0] for p in peaks]
        if max(abs(p[1]) for p in peaks) < error * mpf('1.001'):
            break
    return c, error


def limited(f, at_zero):
    """f with its limit at 0, where the formula says 0/0."""
    return lambda x: at_zero if abs(x) < mpf(10) ** -15 else f(x)


LN2 = m.log(2)
RT = m.sqrt
near_zero = LN2 / 2 * mpf('1.0001')
log_top = ((RT(2) - 1) / (RT(2) + 1) * mpf('1.001')) ** 2
quarter = (m.pi / 4 * mpf('1.0001')) ** 2
eighth = (m.tan(m.pi / 8) * mpf('1.001')) ** 2

# name: (what is approximated, f, weight: what an error of f is of the result, low, high, degree)
FAMILIES = {
    'exp': (
        'e^r = 1 + r + r²/2 + r³·p(r)',
        limited(lambda r: (m.exp(r) - 1 - r - r * r / 2) / r**3, mpf(1) / 6),
        lambda r: abs(r) ** 3 / m.exp(r), -near_zero, near_zero, 9,
    ),
    'exp single': (
        'e^r = 1 + r + r²/2 + r³·p(r), for float32',
        limited(lambda r: (m.exp(r) - 1 - r - r * r / 2) / r**3, mpf(1) / 6),
        lambda r: abs(r) ** 3 / m.exp(r), -near_zero, near_zero, 3,
    ),
    'expm1 single': (
        'e^r − 1 = r + r²·p(r), for float32',
        limited(lambda r: (m.exp(r) - 1 - r) / r**2, mpf(1) / 2),
        lambda r: abs(r), -near_zero, near_zero, 5,
    ),
    'log single': (
        'log(1 + f) = f − f²/2 + f³·p(f), for float32',
        limited(lambda f: (m.log(1 + f) - f + f * f / 2) / f**3, mpf(1) / 3),
        lambda f: f**2, RT(2) / 2 - 1, RT(2) - 1, 8,
    ),
    'sin single': (
        'sin r = r + r·z·p(z), z = r², for float32',
        limited(lambda z: (m.sin(RT(z)) / RT(z) - 1) / z, -mpf(1) / 6),
        lambda z: z, mpf(0), quarter, 3,
    ),
    'cos single': (
        'cos r = 1 − z/2 + z²·p(z), z = r², for float32',
        limited(lambda z: (m.cos(RT(z)) - 1 + z / 2) / z**2, mpf(1) / 24),
        lambda z: z**2, mpf(0), quarter, 2,
    ),
    'expm1': (
        'e^r − 1 = r + r²/2 + r³·p(r)',
        limited(lambda r: (m.exp(r) - 1 - r - r * r / 2) / r**3, mpf(1) / 6),
        lambda r: r**2, -near_zero, near_zero, 9,
    ),
    'expm1 skew': (
        'e^r − 1 = r + r²/2 + r³·p(r), r from where e^x − 1 loses no digit',
        limited(lambda r: (m.exp(r) - 1 - r - r * r / 2) / r**3, mpf(1) / 6),
        lambda r: r**2, m.log(mpf('0.7499')), m.log(mpf('1.5001')), 9,
    ),
    'exp2': (
        '2^r = 1 + r·ln 2 + r²·p(r)',
        limited(lambda r: (mpf(2) ** r - 1 - r * LN2) / r**2, LN2**2 / 2),
        lambda r: r**2 / mpf(2) ** r, mpf('-0.50001'), mpf('0.50001'), 10,
    ),
    'log': (
        'log((1 + s)/(1 − s)) = 2s + s·z·p(z), z = s²',
        limited(lambda z: (m.log((1 + RT(z)) / (1 - RT(z))) / RT(z) - 2) / z, mpf(2) / 3),
        lambda z: z / 2, mpf(0), log_top, 7,
    ),
    'log5': (
        'log((1 + s)/(1 − s)) = 2s + s·z·(2/3 + z·p(z)), z = s²',
        limited(lambda z: (m.log((1 + RT(z)) / (1 - RT(z))) / RT(z) - 2 - 2 * z / 3) / z**2, mpf(2) / 5),
        lambda z: z**2 / 2, mpf(0), log_top, 7,
    ),
    'sin': (
        'sin r = r + r·z·p(z), z = r²',
        limited(lambda z: (m.sin(RT(z)) / RT(z) - 1) / z, -mpf(1) / 6),
        lambda z: z, mpf(0), quarter, 5,
    ),
    'cos': (
        'cos r = 1 − z/2 + z²·p(z), z = r²',
        limited(lambda z: (m.cos(RT(z)) - 1 + z / 2) / z**2, mpf(1) / 24),
        lambda z: z**2, mpf(0), quarter, 5,
    ),
    'asin': (
        'asin x = x + x·z·p(z), z = x² ≤ 1/4',
        limited(lambda z: (m.asin(RT(z)) / RT(z) - 1) / z, mpf(1) / 6),
        lambda z: z, mpf(0), mpf('0.2501'), 12,
    ),
    'atan': (
        'atan t = t + t·z·p(z), z = t² ≤ tan²(π/8)',
        limited(lambda z: (m.atan(RT(z)) / RT(z) - 1) / z, -mpf(1) / 3),
        lambda z: z, mpf(0), eighth, 10,
    ),
    'sinh': (
        'sinh r = r + r·z·p(z), z = r²',
        limited(lambda z: (m.sinh(RT(z)) / RT(z) - 1) / z, mpf(1) / 6),
        lambda z: z, mpf(0), near_zero**2, 4,
    ),
    'cosh': (
        'cosh r = 1 + z/2 + z²·p(z), z = r²',
        limited(lambda z: (m.cosh(RT(z)) - 1 - z / 2) / z**2, mpf(1) / 24),
        lambda z: z**2, mpf(0), near_zero**2, 4,
    ),
    'asinh': (
        'asinh x = x + x·z·p(z), z = x² ≤ 1/4',
        limited(lambda z: (m.asinh(RT(z)) / RT(z) - 1) / z, -mpf(1) / 6),
        lambda z: z, mpf(0), mpf('0.2501'), 11,
    ),
    'tanh': (
        'tanh x = x + x·z·p(z), z = x² ≤ 0.55²',
        limited(lambda z: (m.tanh(RT(z)) / RT(z) - 1) / z, -mpf(1) / 3),
        lambda z: z, mpf(0), mpf('0.3026'), 9,
    ),
    'cbrt': ('r^(−1/3) near 1', lambda r: r ** (-mpf(1) / 3), lambda r: mpf(1), mpf('0.89'), mpf('1.115'), 4),
}


def coefficients(name):
    """The coefficients rounded to float64, and the largest error of what they give, of the result."""
    _, f, weight, low, high, degree = FAMILIES[name]
    c, _ = remez(f, weight, low, high, degree)
    rounded = [float(x) for x in c]
    grid = [low + (high - low) * i / 2000 for i in range(2001)]
    worst = max(weight(x) * abs(f(x) - m.polyval([mpf(v) for v in rounded][::-1], x)) for x in grid)
    return rounded, worst


if __name__ == '__main__':
    for name in sys.argv[1:] or FAMILIES:
        title, _, _, low, high, degree = FAMILIES[name]
        values, worst = coefficients(name)
        print(f'{name}: {title}; degree {degree} on [{m.nstr(low, 6)}, {m.nstr(high, 6)}], error 2^{m.nstr(m.log(worst, 2), 4)}')
        for v in values:
            print(f'  {v!r},')
