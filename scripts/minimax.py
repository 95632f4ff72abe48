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


def double(x):
    return float(x)


def show(name, f, weight, low, high, degree, prefix=()):
    """Coefficients after the fixed `prefix`, rounded to float64, and the error of the rounded polynomial."""
    c, _ = remez(f, weight, low, high, degree)
    rounded = [double(x) for x in c]
    low, high = mpf(low), mpf(high)
    grid = [low + (high - low) * i / 2000 for i in range(2001)]
    worst = max(abs(weight(x) * (f(x) - m.polyval([mpf(v) for v in rounded][::-1], x))) for x in grid if weight(x) != 0)
    print(f'{name}: degree {degree} on [{m.nstr(low, 6)}, {m.nstr(high, 6)}], error 2^{m.nstr(m.log(worst, 2), 5)}')
    for v in rounded:
        print(f'  {v!r},')


def limited(f, at_zero, terms=None):
    """f with its limit at 0, where the formula says 0/0."""
    return lambda x: at_zero if abs(x) < mpf(10) ** -15 else f(x)


LN2 = m.log(2)
FAMILIES = {}


def family(name):
    def add(function):
        FAMILIES[name] = function
        return function
    return add


@family('exp')
def _():
    # e^r = 1 + r + r²/2 + r³·p(r)
    h = LN2 / 2 * mpf('1.0001')
    f = limited(lambda r: (m.exp(r) - 1 - r - r * r / 2) / r**3, mpf(1) / 6)
    show('exp', f, lambda r: abs(r)**3 / m.exp(r), -h, h, 9)
    show('expm1', f, lambda r: r**2, -h, h, 9)
    show('exp, float32', f, lambda r: abs(r)**3 / m.exp(r), -h, h, 3)


@family('exp2')
def _():
    g = limited(lambda r: (mpf(2) ** r - 1 - r * LN2) / r**2, LN2**2 / 2)
    show('exp2', g, lambda r: r**2 / mpf(2) ** r, mpf('-0.50001'), mpf('0.50001'), 10)


@family('log')
def _():
    # log((1+s)/(1−s)) = 2s + s·R(s²), R = z·p(z)
    top = (m.sqrt(2) - 1) / (m.sqrt(2) + 1)
    z = (top * mpf('1.001')) ** 2
    f = limited(lambda z: (m.log((1 + m.sqrt(z)) / (1 - m.sqrt(z))) / m.sqrt(z) - 2) / z, mpf(2) / 3)
    show('log', f, lambda z: z / 2, mpf(0), z, 6)
    show('log, one more', f, lambda z: z / 2, mpf(0), z, 7)


if __name__ == '__main__':
    for name in sys.argv[1:] or FAMILIES:
        FAMILIES[name]()
