"""
References for the functions of assembly/math: arguments, among them hard ones, and results in 240 bits, as the nearest
float and how far the exact result lies from it in units of its last place. Made with Python 3.11 and mpmath 1.4.1:

    python test/references/functions.py > test/references/functions.json
"""
import json
import math
import random
import struct

from mpmath import mp, mpf
import mpmath as m

mp.prec = 240
# beyond what a double of 1e300 loses in a period
WIDE = 1400
random.seed(20240607)


def single(x):
    return struct.unpack('<f', struct.pack('<f', x))[0]


def spread(low, high, n, sign=True):
    """n numbers whose exponents are evenly distributed."""
    out = []
    for _ in range(n):
        x = math.ldexp(random.uniform(1, 2), random.randrange(low, high))
        out.append(-x if sign and random.random() < 0.5 else x)
    return out


def even(low, high, n):
    return [random.uniform(low, high) for _ in range(n)]


def near(points, n):
    """Numbers one to a few units of the last place, and a little further, from the points."""
    out = []
    for p in points:
        out += [p, math.nextafter(p, math.inf), math.nextafter(p, -math.inf)]
        out += [p * (1 + random.choice([-1, 1]) * 2.0 ** -random.randrange(5, 50)) for _ in range(n)]
    return out


TURNS = [k * math.pi / 2 for k in [1, 2, 3, 4, 7, 11, 22, 355, 710, 1e3, 58285, 127323, 127324, 127325, 1e6, 1e9, 1e15]]
# the double nearest to a multiple of π/2, and other far ones
FAR = [6381956970095103 * 2.0**797, 1e22, 1e300, 1.7976931348623157e308, 2.0**120, 2e5, 200000.00000000003, 1e10]
LOGS = near([0.5, 0.7071067811865476, 1.0, 1.4142135623730951, 2.0, 10.0, 1000.0], 6) + spread(-1074, 1024, 25, False) + even(0, 3, 25)
ROUND = TURNS + FAR + spread(-1074, 0, 15) + spread(0, 1024, 25) + even(-4, 4, 30) + even(-2e5, 2e5, 15)
UNIT = near([0.5, -0.5, 0.25], 4) + [1.0, -1.0] + [1 - 2.0**-k for k in range(2, 53, 5)] + [2.0**-k - 1 for k in range(2, 53, 5)]
UNIT += even(-1, 1, 40) + spread(-1074, -1, 15)
SMALL = spread(-1074, 0, 15)

UNARY = {
    'exp': (m.exp, even(-1, 1, 25) + even(-745, 709.7, 40) + even(-745.2, -708, 15) + [709.782712893384, -745.1332191019411] + SMALL),
    'exp2': (lambda x: mpf(2) ** x, even(-1, 1, 25) + even(-1074, 1023.9, 40) + [0.5, -0.5, 3.0, -1074.0, -1022.5] + SMALL),
    'expm1': (m.expm1, even(-0.4, 0.4, 40) + even(0.36, 0.42, 20) + even(-0.29, -0.27, 20) + even(-40, 709, 30) + near([0.34657359027997264, -0.34657359027997264], 6) + SMALL),
    'log': (m.log, LOGS),
    'log1p': (m.log1p, near([-0.29289321881345254, 0.41421356237309503], 6) + even(-1, 2, 40) + spread(-1074, 1024, 30, False) + spread(-60, 0, 20)),
    'log2': (lambda x: m.log(x) / m.log(2), LOGS),
    'log10': (lambda x: m.log(x) / m.log(10), LOGS + [10.0**k for k in range(-3, 23, 5)]),
    'sin': (m.sin, ROUND),
    'cos': (m.cos, ROUND),
    'tan': (m.tan, ROUND),
    'asin': (m.asin, UNIT),
    'acos': (m.acos, UNIT),
    'atan': (m.atan, near([0.41421356237309503, 2.414213562373095, 1.0, -1.0], 5) + even(-5, 5, 40) + spread(-1074, 1024, 30)),
    'sinh': (m.sinh, near([0.34657359027997264, 22.0], 4) + even(17, 20, 25) + even(-2, 2, 40) + even(-710.4, 710.4, 25) + [710.4758600739439] + SMALL),
    'cosh': (m.cosh, near([0.34657359027997264, 22.0], 4) + even(17, 20, 25) + even(-2, 2, 40) + even(-710.4, 710.4, 25) + [710.4758600739439] + SMALL),
    'tanh': (m.tanh, near([0.55, 22.0], 4) + even(-2, 2, 50) + even(-25, 25, 20) + SMALL),
    'asinh': (m.asinh, near([0.5, -0.5], 4) + even(-3, 3, 40) + spread(-1074, 1024, 40)),
    'acosh': (m.acosh, [1.0] + [1 + 2.0**-k for k in range(1, 53, 3)] + even(1, 20, 40) + spread(1, 1024, 30, False)),
    'atanh': (m.atanh, near([0.1715728752538099, 0.5], 4) + [1 - 2.0**-k for k in range(2, 54, 4)] + even(-1, 1, 50) + SMALL),
    'cbrt': (lambda x: m.sign(x) * m.root(abs(x), 3), [8.0, 27.0, -1e3, 2.0**-1074, 1e-310] + even(-10, 10, 30) + spread(-1074, 1024, 50)),
}


def powers():
    out = [(3.0, 2.0), (10.0, 22.0), (-3.0, 3.0), (-2.0, -1074.0), (7.0, -3.0), (2.0, 0.5), (1e-320, 0.3), (5e-324, 0.9)]
    bases = even(0, 10, 40) + [1 + x for x in spread(-45, -2, 30)] + spread(-1074, 1024, 30, False)
    for x in bases:
        out.append((x, random.uniform(-1074, 1023) * math.log(2) / math.log(x)))
    return out + list(zip(even(0, 20, 25), even(-20, 20, 25)))


def pairs(low, high):
    return list(zip(even(-5, 5, 40), even(-5, 5, 40))) + list(zip(spread(low, high, 40), spread(low, high, 40))) + [
        (1.0, 1.0), (-1.0, 1.0), (1.0, -1.0), (-3.0, -4.0), (1e-200, 1e200), (1e-320, -1e-321), (1e-320, 1e-300),
        (1e308, 1e-308), (1e308, -1e308), (2.414213562373095, 1.0), (0.41421356237309503, -1.0),
    ]


BINARY = {
    'pow': (lambda x, y: m.sign(x) ** y * abs(x) ** y if x < 0 else x**y, powers()),
    'atan2': (m.atan2, pairs(-1074, 1024)),
    'hypot': (lambda x, y: m.sqrt(x * x + y * y), pairs(-1074, 1023)),
}


def reference(exact, digits, least, most):
    """[the nearest float, where the exact value lies from it in its units], or None where that is not finite."""
    if exact == 0:
        return [0, 0]
    exponent = max(int(m.floor(m.log(abs(exact), 2))), least + digits - 1)
    # log may be one off at powers of two
    if abs(exact) >= mpf(2) ** (exponent + 1):
        exponent += 1
    elif abs(exact) < mpf(2) ** exponent and exponent > least + digits - 1:
        exponent -= 1
    unit = mpf(2) ** (exponent - digits + 1)
    whole = m.nint(exact / unit)
    if abs(whole * unit) >= mpf(2) ** most:
        return None
    return [float(whole * unit), round(float(exact / unit - whole), 3)]


def squeezed(x):
    """x, or where it is out of float32's range a number like it in that range."""
    if x == 0 or 2.0**-149 <= abs(x) < 3.4e38:
        return x
    fraction, exponent = math.frexp(x)
    return math.ldexp(fraction, exponent // 9)


def made(f, arguments, is_single):
    digits, least, most = (24, -149, 128) if is_single else (53, -1074, 1024)
    rows, seen = [], set()
    for args in arguments:
        args = args if isinstance(args, tuple) else (args,)
        if is_single:
            args = tuple(single(squeezed(a)) for a in args)
        if args in seen:
            continue
        seen.add(args)
        with m.workprec(WIDE if max(abs(a) for a in args) > 1e10 else 300):
            try:
                exact = f(*(mpf(a) for a in args))
            except (ValueError, ZeroDivisionError):
                continue
            if isinstance(exact, m.mpc) or m.isnan(exact) or m.isinf(exact):
                continue
            row = reference(exact, digits, least, most)
        if row is not None:
            rows.append(list(args) + row)
    return rows


def thinned(arguments):
    """Half of the arguments, and some nearer to 0."""
    smaller = [tuple(v / 8 for v in a) if isinstance(a, tuple) else a / 8 for a in arguments[1::6]]
    return arguments[::2] + smaller


def main():
    lines = []
    for name, (f, arguments) in {**UNARY, **BINARY}.items():
        for dtype, rows in (('float64', made(f, arguments, False)), ('float32', made(f, thinned(arguments), True))):
            lines.append(f'  "{name} {dtype}": {json.dumps(rows, separators=(",", ":"))}')
    print('{\n' + ',\n'.join(lines) + '\n}')


if __name__ == '__main__':
    main()
