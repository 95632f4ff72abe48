"""Expressions of nd beside the same in NumPy, and what NumPy answers: writes arrays.json, which test/lazy/numpy.test.ts
evaluates. Run with the versions of bench/requirements.txt:  python test/references/arrays.py

A case is (nd, numpy[, bound[, scale]]): the two expressions over the arrays below, and how far apart the answers may be.
  0         the same values (NaN equal to NaN, zeros of either sign equal)
  'sign'    as 0, and zeros have the same sign
  n         at most n units in the last place: functions that neither side rounds correctly (NumPy documents up to 4)
  's'       |difference| <= 8 eps * scale, where scale is what NumPy answers for the sum of absolute terms: sums of any
            order lie within (terms - 1) eps of it, and these have few terms
"""
import json
import platform
import warnings
from pathlib import Path

import numpy as np

warnings.simplefilter('ignore')
np.seterr(all='ignore')
rng = np.random.default_rng(20260101)

arrays = {
    'v': np.array([3.0, -1.5, 0.25, 8.0, -2.0, 0.5, 7.75]),
    'w': np.array([0.5, 2.0, -4.0, 1.25, 3.0, -0.75, 6.0]),
    'a': np.round(rng.normal(size=(3, 4)), 3),
    'b': np.round(rng.normal(size=(3, 4)) * 3, 3),
    'c': np.round(rng.normal(size=(4, 3)), 3),
    't': np.round(rng.normal(size=(2, 3, 4)), 3),
    'q': np.round(rng.uniform(0.1, 4, size=(3, 4)), 3),
    'p': np.round(rng.uniform(-0.99, 0.99, size=(3, 4)), 3),
    'row': np.array([10.0, 20.0, 30.0, 40.0]),
    'col': np.array([[1.0], [2.0], [3.0]]),
    'f': np.round(rng.normal(size=(3, 4)), 3).astype(np.float32),
    'g': np.round(rng.uniform(0.1, 4, size=(3, 4)), 3).astype(np.float32),
    'i': np.array([[5, -3, 0, 7], [2, 2, -8, 1], [-1, 9, 4, -6]], np.int32),
    'j': np.array([[2, 4, 3, -2], [1, -5, 3, 7], [6, 2, -1, 5]], np.int32),
    'k': np.array([7, 0, 3, 3, 1, 9, 3], np.int32),
    'big': np.array([2147483647, -2147483648, 123456789, -1], np.int32),
    'u': np.array([[1, 2, 4294967295, 0], [7, 9, 3, 5], [100, 6, 8, 2]], np.uint32),
    'z': np.array([[250, 3, 17, 0], [128, 255, 1, 64], [9, 2, 200, 100]], np.uint8),
    'm': np.array([[True, False, True, True], [False, False, True, False], [True, True, False, True]]),
    'n': np.array([[False, False, True, True], [True, False, True, True], [True, False, False, True]]),
    'x': np.array([np.nan, 1.0, -np.inf, -0.0, 0.0, np.inf, 2.5, -2.5, 0.5, 1.5, -0.5, 1e-310, 1e308, -1e-300]),
    'y': np.array([1.0, np.nan, 2.0, 0.0, -0.0, -np.inf, 2.0, -2.0, 0.0, np.inf, -1.0, 2.0, 10.0, 1e-300]),
    'xf': np.array([np.nan, 1.0, -np.inf, -0.0, 0.0, np.inf, 2.5, -2.5, 0.5, 1.5, -0.5, 1e-40, 3e38, -1e-30], np.float32),
    'e': np.zeros((0, 3)),
    'h': np.zeros((0,)),
    'o': np.array([[2.5]]),
    's': np.array([0.0, 1.0, 1.0, 2.5, 4.0, np.nan]),
    'd': np.array([3.0, 1.0, np.nan, 1.0, -0.5, 3.0, np.nan, 2.0, 0.0, 1.0]),
    'sq': np.round(rng.normal(size=(4, 4)), 3),
    'bt': np.round(rng.normal(size=(2, 4, 3)), 3),
}

cases = []


def case(nd, numpy, bound=0, scale=None):
    cases.append((nd, numpy, bound, scale))



# Functions of one argument.
for name, np_name in [('neg', 'negative'), ('abs', 'abs'), ('sign', 'sign'), ('square', 'square')]:
    for x in ['a', 'f', 'i']:
        case(f'nd.{name}({x})', f'np.{np_name}({x})')
    case(f'nd.{name}(x)', f'np.{np_name}(x)', 'sign')
for name in ['abs', 'sign', 'square']:
    case(f'nd.{name}(z)', f'np.{name}(z)')
case('nd.neg(u)', 'np.negative(u)')
case('nd.neg(z)', 'np.negative(z)')
case('nd.abs(big)', 'np.abs(big)')
case('nd.square(big)', 'np.square(big)')
for name, domain in [('sqrt', 'q'), ('exp', 'a'), ('expm1', 'a'), ('log', 'q'), ('log1p', 'q'), ('log2', 'q'),
                     ('log10', 'q'), ('sin', 'b'), ('cos', 'b'), ('tan', 'b'), ('sinh', 'b'), ('cosh', 'b'),
                     ('tanh', 'b')]:
    ulps = 0 if name == 'sqrt' else 4
    case(f'nd.{name}({domain})', f'np.{name}({domain})', ulps)
    case(f'nd.{name}(x)', f'np.{name}(x)', ulps)
    case(f'nd.{name}({"g" if domain == "q" else "f"})', f'np.{name}({"g" if domain == "q" else "f"})', ulps)
    case(f'nd.{name}(xf)', f'np.{name}(xf)', ulps)
    case(f'nd.{name}(k)', f'np.{name}(k)', ulps)
for name, np_name in [('asin', 'arcsin'), ('acos', 'arccos'), ('atan', 'arctan')]:
    case(f'nd.{name}(p)', f'np.{np_name}(p)', 4)
    case(f'nd.{name}(x)', f'np.{np_name}(x)', 4)
    case(f'nd.{name}(nd.astype(p, "float32"))', f'np.{np_name}(p.astype(np.float32))', 4)
for name, np_name in [('floor', 'floor'), ('ceil', 'ceil'), ('round', 'round')]:
    case(f'nd.{name}(b)', f'np.{np_name}(b)')
    case(f'nd.{name}(x)', f'np.{np_name}(x)', 'sign')
    case(f'nd.{name}(xf)', f'np.{np_name}(xf)', 'sign')
    case(f'nd.{name}(i)', f'np.{np_name}(i)')
for x in ['a', 'x', 'xf', 'i', 'm']:
    case(f'nd.isnan({x})', f'np.isnan({x})')
    case(f'nd.isfinite({x})', f'np.isfinite({x})')
    case(f'nd.logicalNot({x})', f'np.logical_not({x})')

# Functions of two: dtypes, broadcasting, numbers.
pairs = [('a', 'b'), ('a', 'f'), ('a', 'i'), ('f', 'i'), ('f', 'z'), ('i', 'j'), ('i', 'u'), ('i', 'z'), ('u', 'z'),
         ('z', 'z'), ('m', 'i'), ('m', 'f'), ('m', 'n')]
for name, np_name in [('add', 'add'), ('sub', 'subtract'), ('mul', 'multiply'), ('div', 'divide'),
                      ('maximum', 'maximum'), ('minimum', 'minimum')]:
    for left, right in pairs:
        if name == 'sub' and (left, right) == ('m', 'n'):
            continue
        case(f'nd.{name}({left}, {right})', f'np.{np_name}({left}, {right})')
    case(f'nd.{name}(x, y)', f'np.{np_name}(x, y)')
    case(f'nd.{name}(a, row)', f'np.{np_name}(a, row)')
    case(f'nd.{name}(col, row)', f'np.{np_name}(col, row)')
    case(f'nd.{name}(t, col)', f'np.{np_name}(t, col)')
    case(f'nd.{name}(a, 2.5)', f'np.{np_name}(a, 2.5)')
    case(f'nd.{name}(3, f)', f'np.{np_name}(3, f)')
    case(f'nd.{name}(i, 3)', f'np.{np_name}(i, 3)')
    case(f'nd.{name}(i, 2.5)', f'np.{np_name}(i, 2.5)')
    case(f'nd.{name}(e, nd.ones([3]))', f'np.{np_name}(e, np.ones(3))')
case('nd.add(big, 1)', 'np.add(big, 1)')
case('nd.mul(big, big)', 'np.multiply(big, big)')
case('nd.sub(z, 10)', 'np.subtract(z, 10)')
case('nd.sub(u, nd.mul(u, 2))', 'np.subtract(u, u * np.uint32(2))')
for left, right in [('a', 'b'), ('b', 'q'), ('f', 'g'), ('i', 'j'), ('u', 'u'), ('z', 'z'), ('i', 'b')]:
    case(f'nd.mod({left}, {right})', f'np.mod({left}, {right})')
case('nd.mod(x, y)', 'np.mod(x, y)')
case('nd.mod(b, 1.5)', 'np.mod(b, 1.5)')
case('nd.mod(b, -1.5)', 'np.mod(b, -1.5)')
case('nd.mod(i, 0)', 'np.mod(i, 0)')
for left, right in [('q', 'b'), ('q', 'a'), ('g', 'f')]:
    case(f'nd.pow({left}, {right})', f'np.power({left}, {right})', 4)
case('nd.pow(x, y)', 'np.power(x, y)', 4)
case('nd.pow(a, 2)', 'np.power(a, 2)', 1)
case('nd.pow(q, 0.5)', 'np.power(q, 0.5)', 1)
case('nd.pow(i, 2)', 'np.power(i, 2)')
case('nd.pow(i, nd.abs(j))', 'np.power(i, np.abs(j))')
case('nd.pow(2, k)', 'np.power(2, k)')
case('nd.pow(z, 3)', 'np.power(z, 3)')
case('nd.atan2(a, b)', 'np.arctan2(a, b)', 4)
case('nd.atan2(x, y)', 'np.arctan2(x, y)', 4)
case('nd.atan2(f, g)', 'np.arctan2(f, g)', 4)
for name, np_name in [('equal', 'equal'), ('notEqual', 'not_equal'), ('less', 'less'), ('lessEqual', 'less_equal'),
                      ('greater', 'greater'), ('greaterEqual', 'greater_equal')]:
    case(f'nd.{name}(a, b)', f'np.{np_name}(a, b)')
    case(f'nd.{name}(x, y)', f'np.{np_name}(x, y)')
    case(f'nd.{name}(i, j)', f'np.{np_name}(i, j)')
    case(f'nd.{name}(i, u)', f'np.{np_name}(i, u)')
    case(f'nd.{name}(z, 17)', f'np.{np_name}(z, 17)')
    case(f'nd.{name}(m, n)', f'np.{np_name}(m, n)')
    case(f'nd.{name}(f, 0.5)', f'np.{np_name}(f, 0.5)')
for name, np_name in [('logicalAnd', 'logical_and'), ('logicalOr', 'logical_or')]:
    for left, right in [('m', 'n'), ('i', 'm'), ('a', 'n'), ('x', 'y')]:
        case(f'nd.{name}({left}, {right})', f'np.{np_name}({left}, {right})')
case('nd.where(m, a, b)', 'np.where(m, a, b)')
case('nd.where(m, i, a)', 'np.where(m, i, a)')
case('nd.where(m, f, 0)', 'np.where(m, f, np.float32(0))')
case('nd.where(nd.greater(a, 0), row, col)', 'np.where(a > 0, row, col)')
case('nd.where(m, z, z)', 'np.where(m, z, z)')
case('nd.clip(b, -1, 1)', 'np.clip(b, -1, 1)')
case('nd.clip(i, -2, 4)', 'np.clip(i, -2, 4)')
case('nd.clip(x, -1, 2)', 'np.clip(x, -1, 2)')
case('nd.clip(a, col, row)', 'np.clip(a, col, row)')
for source in ['b', 'f', 'i', 'u', 'z', 'm']:
    for dtype in ['float64', 'float32', 'int32', 'bool']:
        case(f"nd.astype({source}, '{dtype}')", f"({source}).astype('{dtype}')")
case("nd.astype(i, 'uint8')", "i.astype('uint8')")
case("nd.astype(z, 'uint32')", "z.astype('uint32')")

# Reductions.
axes = ['', '{ axis: 0 }', '{ axis: 1 }', '{ axis: -1, keepdims: true }', '{ axis: [0, 1] }', '{ keepdims: true }']
np_axes = ['', ', axis=0', ', axis=1', ', axis=-1, keepdims=True', ', axis=(0, 1)', ', keepdims=True']
for options, np_options in zip(axes, np_axes):
    comma = ', ' if options else ''
    for name in ['sum', 'mean']:
        for x in ['a', 'f', 'i', 'z', 'm']:
            case(f'nd.{name}({x}{comma}{options})', f'np.{name}({x}{np_options})', 's',
                 f'np.{name}(np.abs({x}){np_options})')
    for name in ['min', 'max']:
        for x in ['a', 'f', 'i']:
            case(f'nd.{name}({x}{comma}{options})', f'np.{name}({x}{np_options})')
    case(f'nd.prod(q{comma}{options})', f'np.prod(q{np_options})', 's', f'np.prod(np.abs(q){np_options})')
    case(f'nd.var(b{comma}{options})', f'np.var(b{np_options})', 's', f'np.mean(b * b{np_options})')
    case(f'nd.std(b{comma}{options})', f'np.std(b{np_options})', 's', f'np.sqrt(np.mean(b * b{np_options}))')
    case(f'nd.any(n{comma}{options})', f'np.any(n{np_options})')
    case(f'nd.all(n{comma}{options})', f'np.all(n{np_options})')
for axis in ['0', '1', '2', '-1', '[0, 2]', '[1, 2]', '[0, 1, 2]']:
    np_axis = axis.replace('[', '(').replace(']', ')')
    for name in ['sum', 'mean', 'min', 'max', 'var', 'std', 'prod']:
        inner = {'var': 't * t', 'std': 't * t'}.get(name, 'np.abs(t)')
        outer = {'var': 'mean', 'std': 'mean', 'min': 'max'}.get(name, name)
        scale = f'np.{outer}({inner}, axis={np_axis})'
        if name == 'std':
            scale = f'np.sqrt({scale})'
        case(f'nd.{name}(t, {{ axis: {axis} }})', f'np.{name}(t, axis={np_axis})', 's', scale)
case('nd.var(b, { axis: 0, ddof: 1 })', 'np.var(b, axis=0, ddof=1)', 's', 'np.mean(b * b, axis=0) * 1.5')
case('nd.std(f, { ddof: 1 })', 'np.std(f, ddof=1)', 's', 'np.sqrt(np.mean(f * f))')
case('nd.sum(x)', 'np.sum(x)')
case('nd.min(x)', 'np.min(x)')
case('nd.max(x)', 'np.max(x)')
case('nd.sum(e)', 'np.sum(e)')
case('nd.sum(e, { axis: 0 })', 'np.sum(e, axis=0)')
case('nd.prod(e, { axis: 0 })', 'np.prod(e, axis=0)')
case('nd.any(e)', 'np.any(e)')
case('nd.all(e, { axis: 0 })', 'np.all(e, axis=0)')
case('nd.any(x)', 'np.any(x)')
case('nd.all(i)', 'np.all(i)')
for name in ['argmin', 'argmax']:
    for x in ['a', 'f', 'i', 't', 'x', 'd', 'z']:
        case(f'nd.{name}({x})', f'np.{name}({x})')
    for axis in [0, 1, 2, -1]:
        case(f'nd.{name}(t, {{ axis: {axis} }})', f'np.{name}(t, axis={axis})')
    case(f'nd.{name}(a, {{ axis: 1, keepdims: true }})', f'np.{name}(a, axis=1, keepdims=True)')
case('nd.norm(v)', 'np.linalg.norm(v)', 's', 'np.linalg.norm(v)')
case('nd.norm(a)', 'np.linalg.norm(a)', 's', 'np.linalg.norm(a)')
case('nd.norm(a, { axis: 0 })', 'np.linalg.norm(a, axis=0)', 's', 'np.linalg.norm(a, axis=0)')
case('nd.norm(f, { axis: 1, keepdims: true })', 'np.linalg.norm(f, axis=1, keepdims=True)', 's',
     'np.linalg.norm(f, axis=1, keepdims=True)')
for name in ['cumsum', 'cumprod']:
    scale = 'np.cumsum(np.abs({0}){1})' if name == 'cumsum' else 'np.cumprod(np.abs({0}){1})'
    for x in ['v', 'a', 'f', 'j']:
        case(f'nd.{name}({x})', f'np.{name}({x})', 's', scale.format(x, ''))
    for axis in [0, 1, -1]:
        case(f'nd.{name}(t, {{ axis: {axis} }})', f'np.{name}(t, axis={axis})', 's', scale.format('t', f', axis={axis}'))

# Sorting and searching.
for x in ['v', 'a', 'f', 'i', 'u', 'z', 'd', 'x', 'h', 't']:
    case(f'nd.sort({x})', f'np.sort({x})')
for axis in [0, 1, 2]:
    case(f'nd.sort(t, {{ axis: {axis} }})', f'np.sort(t, axis={axis})')
    case(f'nd.argsort(t, {{ axis: {axis} }})', f"np.argsort(t, axis={axis}, kind='stable')")
for x in ['v', 'a', 'f', 'i', 'z', 'd', 'k', 'x']:
    case(f'nd.argsort({x})', f"np.argsort({x}, kind='stable')")
for x in ['k', 'd', 'i', 'z', 'm', 'x']:
    case(f'nd.unique({x})', f'np.unique({x})')
for side in ['left', 'right']:
    case(f"nd.searchsorted(s, d, {{ side: '{side}' }})", f"np.searchsorted(s, d, side='{side}')")
    case(f"nd.searchsorted(nd.sort(k), [3, 0, 10], {{ side: '{side}' }})",
         f"np.searchsorted(np.sort(k), [3, 0, 10], side='{side}')")
case('nd.searchsorted(nd.sort(v), a)', 'np.searchsorted(np.sort(v), a)')
case('nd.bincount(k)', 'np.bincount(k)')
case('nd.bincount(k, { minlength: 12 })', 'np.bincount(k, minlength=12)')
case('nd.bincount(k, { weights: v })', 'np.bincount(k, weights=v)', 's', 'np.bincount(k, weights=np.abs(v))')
for q in ['0.5', '0.1', '[0, 0.25, 0.5, 1]']:
    case(f'nd.quantile(v, {q})', f'np.quantile(v, {q})', 2)
    case(f'nd.quantile(t, {q}, {{ axis: 1 }})', f'np.quantile(t, {q}, axis=1)', 4)
case('nd.percentile(a, 30, { axis: 0 })', 'np.percentile(a, 30, axis=0)', 4)
case('nd.median(t, { axis: 2 })', 'np.median(t, axis=2)', 1)
case('nd.median(d)', 'np.median(d)')
case('nd.median(a)', 'np.median(a)', 1)

# Products.
case('nd.matmul(a, c)', 'np.matmul(a, c)', 's', 'np.matmul(np.abs(a), np.abs(c))')
case('nd.matmul(t, c)', 'np.matmul(t, c)', 's', 'np.matmul(np.abs(t), np.abs(c))')
case('nd.matmul(t, bt)', 'np.matmul(t, bt)', 's', 'np.matmul(np.abs(t), np.abs(bt))')
case('nd.matmul(a, row)', 'np.matmul(a, row)', 's', 'np.matmul(np.abs(a), np.abs(row))')
case('nd.matmul(row, c)', 'np.matmul(row, c)', 's', 'np.matmul(np.abs(row), np.abs(c))')
case('nd.matmul(v, w)', 'np.matmul(v, w)', 's', 'np.matmul(np.abs(v), np.abs(w))')
case('nd.matmul(f, nd.transpose(g))', 'np.matmul(f, g.T)', 's', 'np.matmul(np.abs(f), np.abs(g.T))')
case('nd.matmul(i, nd.transpose(j))', 'np.matmul(i, j.T)')
case('nd.matmul(i, c)', 'np.matmul(i, c)', 's', 'np.matmul(np.abs(i), np.abs(c))')
case('nd.dot(v, w)', 'np.dot(v, w)', 's', 'np.dot(np.abs(v), np.abs(w))')
case('nd.dot(a, c)', 'np.dot(a, c)', 's', 'np.dot(np.abs(a), np.abs(c))')
case('nd.dot(t, c)', 'np.dot(t, c)', 's', 'np.dot(np.abs(t), np.abs(c))')
case('nd.dot(a, row)', 'np.dot(a, row)', 's', 'np.dot(np.abs(a), np.abs(row))')
case('nd.dot(t, bt)', 'np.dot(t, bt)', 's', 'np.dot(np.abs(t), np.abs(bt))')
case('nd.dot(a, 2)', 'np.dot(a, 2)')
case('nd.outer(v, w)', 'np.outer(v, w)')
case('nd.outer(k, row)', 'np.outer(k, row)')
case('nd.tensordot(t, c, { axes: 1 })', 'np.tensordot(t, c, axes=1)', 's', 'np.tensordot(np.abs(t), np.abs(c), axes=1)')
case('nd.tensordot(a, b, { axes: 2 })', 'np.tensordot(a, b, axes=2)', 's', 'np.tensordot(np.abs(a), np.abs(b), axes=2)')
case('nd.tensordot(t, bt, { axes: [[0, 2], [0, 1]] })', 'np.tensordot(t, bt, axes=([0, 2], [0, 1]))', 's',
     'np.tensordot(np.abs(t), np.abs(bt), axes=([0, 2], [0, 1]))')
case('nd.tensordot(a, b, { axes: 0 })', 'np.tensordot(a, b, axes=0)')
for text, operands in [('ij,jk->ki', 'a, c'), ('ij->ji', 'a'), ('ij->', 'a'), ('ij->j', 'a'), ('ii', 'sq'), ('ii->i', 'sq'),
                       ('ij,ij->ij', 'a, b'), ('ij,ij->i', 'a, b'), ('i,j->ij', 'v, w'), ('i,i', 'v, w'), ('bij,bjk->bik', 't, bt'),
                       ('...ij,jk->...ik', 't, c'), ('ij,jk,kl->il', 'a, c, b'), ('ijk->kij', 't'), ('ij,jk', 'a, c'),
                       ('ijk,jl->ikl', 't, a'), ('i,ij,j->', 'row, sq, row')]:
    absolute = ', '.join(f'np.abs({one})' for one in operands.split(', '))
    case(f"nd.einsum('{text}', {operands})", f"np.einsum('{text}', {operands})", 's', f"np.einsum('{text}', {absolute})")
case('nd.trace(sq)', 'np.trace(sq)', 's', 'np.trace(np.abs(sq))')

# Shapes.
case('nd.transpose(a)', 'np.transpose(a)')
case('nd.transpose(t)', 'np.transpose(t)')
case('nd.transpose(t, [1, 0, 2])', 'np.transpose(t, (1, 0, 2))')
case('nd.transpose(t, [2, 0, 1])', 'np.transpose(t, (2, 0, 1))')
case('nd.transpose(z)', 'np.transpose(z)')
case('nd.reshape(t, [4, -1])', 'np.reshape(t, (4, -1))')
case('nd.reshape(a, [12])', 'np.reshape(a, 12)')
case('nd.reshape(nd.transpose(a), [2, 6])', 'np.reshape(a.T, (2, 6))')
case('nd.reshape(e, [3, 0])', 'np.reshape(e, (3, 0))')
case('nd.expandDims(a, 1)', 'np.expand_dims(a, 1)')
case('nd.expandDims(a, -1)', 'np.expand_dims(a, -1)')
case('nd.squeeze(col)', 'np.squeeze(col)')
case('nd.squeeze(nd.expandDims(a, 0))', 'a')
case('nd.concat([a, b], { axis: 0 })', 'np.concatenate([a, b], axis=0)')
case('nd.concat([a, b], { axis: 1 })', 'np.concatenate([a, b], axis=1)')
case('nd.concat([a, i, f], { axis: -1 })', 'np.concatenate([a, i, f], axis=-1)')
case('nd.concat([v, w, h])', 'np.concatenate([v, w, h])')
case('nd.concat([i, z])', 'np.concatenate([i, z])')
case('nd.stack([a, b])', 'np.stack([a, b])')
case('nd.stack([a, b], { axis: 1 })', 'np.stack([a, b], axis=1)')
case('nd.stack([a, b, q], { axis: -1 })', 'np.stack([a, b, q], axis=-1)')
for index in range(3):
    case(f'nd.split(a, 3)[{index}]', f'np.split(a, 3)[{index}]')
    case(f'nd.split(k, [2, 5])[{index}]', f'np.split(k, [2, 5])[{index}]')
case('nd.split(a, 2, { axis: 1 })[1]', 'np.split(a, 2, axis=1)[1]')
case('nd.slice(v, [[1, 5]])', 'v[1:5]')
case('nd.slice(v, [[null, null, -1]])', 'v[::-1]')
case('nd.slice(v, [[5, 1, -2]])', 'v[5:1:-2]')
case('nd.slice(v, [[-3, null]])', 'v[-3:]')
case('nd.slice(v, [[-100, 100]])', 'v[-100:100]')
case('nd.slice(v, [[4, 2]])', 'v[4:2]')
case('nd.slice(v, [2])', 'v[2]')
case('nd.slice(a, [1])', 'a[1]')
case('nd.slice(a, [-1, [0, 3, 2]])', 'a[-1, 0:3:2]')
case('nd.slice(t, [[0, 1], 2, [null, null, -1]])', 't[0:1, 2, ::-1]')
case('nd.slice(t, [1, [1, 3]])', 't[1, 1:3]')
case('nd.slice(nd.transpose(t), [[1, 4, 2], [null, null, -1]])', 't.T[1:4:2, ::-1]')
case('nd.slice(z, [[0, 2], [1, null, 2]])', 'z[0:2, 1::2]')
for x, axis in [('v', ''), ('a', 0), ('a', 1), ('t', 2), ('i', 1), ('m', 0)]:
    option = '' if axis == '' else f', {{ axis: {axis} }}'
    np_axis = '' if axis == '' else f', axis={axis}'
    if axis == '':
        case(f'nd.take({x}, [2, 0, -1])', f'np.take({x}, [2, 0, -1])')
    else:
        case(f'nd.take({x}, [2, 0, -1]{option})', f'np.take({x}, [2, 0, -1]{np_axis})')
case('nd.take(v, [[0, 1], [2, 3]])', 'np.take(v, [[0, 1], [2, 3]])')
case('nd.compress([true, false, true], a, { axis: 0 })', 'np.compress([True, False, True], a, axis=0)')
case('nd.compress([true, false, true, true], a, { axis: 1 })', 'np.compress([True, False, True, True], a, axis=1)')
case('nd.compress(nd.greater(v, 0), v)', 'np.compress(v > 0, v)')
case('nd.pad(a, [[1, 2], [0, 1]])', 'np.pad(a, ((1, 2), (0, 1)))')
case("nd.pad(a, [[1, 0], [2, 1]], { mode: 'constant', value: 7 })", 'np.pad(a, ((1, 0), (2, 1)), constant_values=7)')
for mode in ['edge', 'reflect', 'symmetric', 'wrap']:
    case(f"nd.pad(a, [[1, 2], [2, 3]], {{ mode: '{mode}' }})", f"np.pad(a, ((1, 2), (2, 3)), mode='{mode}')")
case("nd.pad(v, [[2, 1]], { mode: 'edge' })", "np.pad(v, ((2, 1),), mode='edge')")
case('nd.tile(a, [2, 2])', 'np.tile(a, (2, 2))')
case('nd.tile(v, [3])', 'np.tile(v, 3)')
case('nd.tile(v, [2, 1, 2])', 'np.tile(v, (2, 1, 2))')
case('nd.repeat(a, 2, { axis: 0 })', 'np.repeat(a, 2, axis=0)')
case('nd.repeat(a, 3, { axis: 1 })', 'np.repeat(a, 3, axis=1)')
case('nd.repeat(a, 2)', 'np.repeat(a, 2)')
case('nd.flip(a)', 'np.flip(a)')
case('nd.flip(a, { axis: 0 })', 'np.flip(a, axis=0)')
case('nd.flip(t, { axis: [0, 2] })', 'np.flip(t, axis=(0, 2))')
case('nd.roll(v, 2)', 'np.roll(v, 2)')
case('nd.roll(v, -3)', 'np.roll(v, -3)')
case('nd.roll(a, 5)', 'np.roll(a, 5)')
case('nd.roll(a, 1, { axis: 0 })', 'np.roll(a, 1, axis=0)')
case('nd.roll(a, -2, { axis: 1 })', 'np.roll(a, -2, axis=1)')
for k in [0, 1, -1]:
    case(f'nd.diag(sq, {k})', f'np.diag(sq, {k})')
    case(f'nd.diag(a, {k})', f'np.diag(a, {k})')
    case(f'nd.diag(row, {k})', f'np.diag(row, {k})')
    case(f'nd.tril(a, {k})', f'np.tril(a, {k})')
    case(f'nd.triu(a, {k})', f'np.triu(a, {k})')
case('nd.tril(t)', 'np.tril(t)')
case('nd.triu(i)', 'np.triu(i)')

# Creation.
case('nd.zeros([2, 3])', 'np.zeros((2, 3))')
case("nd.ones([2], { dtype: 'int32' })", "np.ones(2, 'int32')")
case('nd.full([2, 2], 7)', 'np.full((2, 2), 7.0)')
case("nd.full([3], 2.5, { dtype: 'float32' })", "np.full(3, 2.5, 'float32')")
case('nd.eye(3)', 'np.eye(3)')
case('nd.eye(2, 4)', 'np.eye(2, 4)')
case('nd.arange(5)', 'np.arange(5.0)')
case('nd.arange(2, 9, 2)', 'np.arange(2.0, 9, 2)')
case('nd.arange(0, 1, 0.1)', 'np.arange(0, 1, 0.1)')
case('nd.arange(5, 0, -1.5)', 'np.arange(5, 0, -1.5)')
case('nd.linspace(0, 1, 7)', 'np.linspace(0, 1, 7)')
case('nd.linspace(2, -3, 5)', 'np.linspace(2, -3, 5)')
case('nd.logspace(-2, 2, 5)', 'np.logspace(-2, 2, 5)', 2)
case('nd.array([[1, 2], [3, 4]])', 'np.array([[1.0, 2], [3, 4]])')
case("nd.array([1.7, -1.7, 3], { dtype: 'int32' })", "np.array([1.7, -1.7, 3]).astype('int32')")
case('nd.array([true, false])', 'np.array([True, False])')

# Expressions, methods, chains.
case('nd.expr`(${a} + ${b}) / ${q}`', '(a + b) / q')
case('nd.expr`-${a} ** 2 + 3 * ${b} - ${a} / 4`', '-a ** 2 + 3 * b - a / 4', 1)
case('nd.expr`${a} % ${q} + exp(${p})`', 'a % q + np.exp(p)', 's', 'np.abs(a % q) + np.exp(p)')
case('nd.expr`${i} + ${j}`', 'i + j')
case('nd.array(a).add(b).sum({ axis: 0 })', '(a + b).sum(axis=0)', 's', '(np.abs(a) + np.abs(b)).sum(axis=0)')
case('nd.array(a).T', 'a.T')
case('nd.array(t).sub(nd.mean(t, { axis: 0 })).div(nd.std(t, { axis: 0 }))', '(t - t.mean(axis=0)) / t.std(axis=0)', 's',
     '(np.abs(t) + np.abs(t).mean(axis=0)) / t.std(axis=0)')
case('nd.sum(nd.exp(nd.neg(nd.div(nd.add(nd.mul(a, a), nd.mul(b, b)), 3))))', 'np.exp(-(a * a + b * b) / 3).sum()', 's',
     'np.exp(-(a * a + b * b) / 3).sum()')
case('nd.mean(nd.log1p(nd.exp(nd.neg(nd.mul(a, b)))))', 'np.mean(np.log1p(np.exp(-(a * b))))', 's',
     'np.mean(np.log1p(np.exp(-(a * b))))')
case('nd.sqrt(nd.sum(nd.square(nd.sub(a, b)), { axis: 1 }))', 'np.sqrt(((a - b) ** 2).sum(axis=1))', 's',
     'np.sqrt(((a - b) ** 2).sum(axis=1))')
case('nd.sum(nd.where(m, a, 0), { axis: 0 })', 'np.where(m, a, 0).sum(axis=0)', 's', 'np.abs(a).sum(axis=0)')
case('nd.max(nd.abs(nd.transpose(t)), { axis: [0, 1] })', 'np.abs(t.T).max(axis=(0, 1))')
case('nd.argmax(nd.mul(i, j), { axis: 0 })', 'np.argmax(i * j, axis=0)')
case('nd.sum(nd.slice(t, [[null, null, -1], 0]))', 't[::-1, 0].sum()', 's', 'np.abs(t[::-1, 0]).sum()')
case('nd.add(nd.slice(a, [[0, 2]]), nd.slice(b, [[1, 3]]))', 'a[0:2] + b[1:3]')
case('nd.mul(nd.transpose(a), c)', 'a.T * c')
case('nd.sum(nd.equal(k, 3))', 'np.sum(k == 3)')
case('nd.mean(nd.isnan(x))', 'np.mean(np.isnan(x))')
case('nd.cumsum(nd.mul(v, w))', 'np.cumsum(v * w)', 's', 'np.cumsum(np.abs(v * w))')
case('nd.matmul(nd.sub(a, nd.mean(a, { axis: 0 })), c)', '(a - a.mean(axis=0)) @ c', 's',
     '(np.abs(a) + np.abs(a).mean(axis=0)) @ np.abs(c)')


def encode(value):
    value = np.asarray(value)

    def one(element):
        element = element.item()
        if isinstance(element, bool):
            return element
        if element != element:
            return 'NaN'
        if element in (float('inf'), float('-inf')):
            return 'Infinity' if element > 0 else '-Infinity'
        if element == 0 and np.signbit(element):
            return '-0'
        return element

    return {'dtype': str(value.dtype), 'shape': list(value.shape), 'data': [one(element) for element in value.ravel()]}


def main():
    scope = {'np': np, **arrays}
    records, seen = [], set()
    for nd, numpy, bound, scale in cases:
        assert nd not in seen, nd
        seen.add(nd)
        record = {'nd': nd, 'numpy': numpy, 'expected': encode(eval(numpy, dict(scope))), 'bound': bound}
        if scale is not None:
            record['scale'] = encode(eval(scale, dict(scope)))['data']
        records.append(record)
    document = {
        'madeBy': f'numpy {np.__version__}, Python {platform.python_version()}, test/references/arrays.py',
        'arrays': {name: encode(value) for name, value in arrays.items()},
        'cases': records,
    }
    path = Path(__file__).with_name('arrays.json')
    lines = json.dumps(document, allow_nan=False).replace('{"nd"', '\n{"nd"')
    path.write_text(lines + '\n')
    print(len(records), 'cases,', path.stat().st_size, 'bytes')


main()
