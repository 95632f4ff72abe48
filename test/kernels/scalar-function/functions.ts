/**
 * Scalar functions as users write them, in JavaScript text, since what runs is JavaScript: one for every construct that
 * is translated, alone and with others.
 */
export const functions: Readonly<Record<string, string>> = {
  sum: '(x, y) => x + y',
  difference: '(x, y) => x - y * 2',
  quotient: '(x, y) => x / y',
  remainder: '(x, y) => x % y',
  'remainder by a constant': '(x) => x % 3',
  negative: '(x) => -x',
  plus: '(x) => +(x > 0) + +x',
  square: '(x) => x ** 2',
  cube: '(x) => x ** 3',
  power: '(x, y) => x ** y',
  'Math.pow': '(x, y) => Math.pow(x, y)',
  'power of one': '(x) => 1 ** x',
  'a negative zero': '(x) => x * -0',
  'constants folded': '(x) => x + (1 + 2 * 3 - 4 / 2) % 4',
  less: '(x, y) => x < y',
  'less or equal': '(x, y) => x <= y',
  greater: '(x, y) => x > y',
  'greater or equal': '(x, y) => x >= y',
  equal: '(x, y) => x === y',
  'not equal': '(x, y) => x !== y',
  'loosely equal': '(x, y) => x == y || (x > 0) == 1',
  not: '(x) => !x',
  'not not': '(x) => !!x',
  and: '(x, y) => x > 0 && y > 0',
  or: '(x, y) => x > 0 || y > 0',
  'and of numbers': '(x, y) => x && y',
  'or of numbers': '(x, y) => x || y',
  'a boolean or a number': '(x, y) => x > 0 && y',
  'booleans in arithmetic': '(x, y) => (x > 0) + (y > 0) * 2 - true',
  'equal booleans': '(x, y) => (x > 0) === (y > 0)',
  conditional: '(x, y) => x > y ? x : y',
  'conditionals in each other': '(x) => x < -1 ? -1 : x > 1 ? 1 : x',
  'a number as a condition': '(x, y) => x ? y : -y',
  'both kinds': '(x) => x > 0 ? true : 0.5',
  'Math in one argument': `(x) => Math.abs(x) + Math.ceil(x) + Math.floor(x) + Math.trunc(x) + Math.sqrt(x)`,
  sign: '(x) => Math.sign(x)',
  round: '(x) => Math.round(x)',
  fround: '(x) => Math.fround(x)',
  'fround of a constant': '(x) => x * Math.fround(0.1)',
  exp: '(x) => Math.exp(x) + Math.expm1(x)',
  log: '(x) => Math.log(x) + Math.log1p(x) + Math.log2(x) + Math.log10(x)',
  trigonometry: '(x) => Math.sin(x) + Math.cos(x) * Math.tan(x)',
  'inverse trigonometry': '(x) => Math.asin(x) + Math.acos(x) + Math.atan(x)',
  hyperbolic: '(x) => Math.sinh(x) * Math.cosh(x) + Math.tanh(x)',
  'inverse hyperbolic': '(x) => Math.asinh(x) + Math.acosh(x) + Math.atanh(x)',
  cbrt: '(x) => Math.cbrt(x)',
  atan2: '(x, y) => Math.atan2(x, y)',
  hypot: '(x, y) => Math.hypot(x, y)',
  'hypot of one': '(x) => Math.hypot(x)',
  max: '(x, y) => Math.max(x, y)',
  min: '(x, y) => Math.min(x, y)',
  'max of many': '(x, y) => Math.max(x, y, 0.5, x > y)',
  'max of one': '(x) => Math.max(x)',
  'constants of Math':
    '(x) => x * Math.PI + Math.E - Math.LN2 * Math.LN10 / Math.LOG2E + Math.LOG10E - Math.SQRT2 * Math.SQRT1_2',
  'constants of Number': '(x) => x * Number.EPSILON + Number.MIN_VALUE - Number.MAX_SAFE_INTEGER',
  'NaN and Infinity': '(x) => x > 0 ? NaN : x < -1 ? -Infinity : Infinity',
  isNaN: '(x) => isNaN(x) || Number.isNaN(-x)',
  isFinite: '(x) => isFinite(x) && Number.isFinite(x)',
  isInteger: '(x) => Number.isInteger(x)',
  Number: '(x) => Number(x > 0) + Number(x)',
  Boolean: '(x) => Boolean(x)',
  'local constants': '(x, y) => { const a = x * x, b = y * y; const c = a + b; return Math.sqrt(c); }',
  'let and assignment': '(x) => { let a = x; a = a + 1; a = a * a; return a; }',
  'compound assignment': '(x, y) => { let a = x; a += y; a -= 2; a *= x; a /= 3; a %= 5; a **= 2; return a; }',
  'logical assignment': '(x, y) => { let a = x; a &&= y; a ||= 3; return a; }',
  'assignment as a value': '(x) => { let a, b; a = b = x + 1; return a * b; }',
  increment: '(x) => { let a = x; const b = a++; const c = ++a; return a * 100 + b * 10 + c; }',
  decrement: '(x) => { let a = x; const b = a--; return --a - b; }',
  'a comma': '(x) => { let a = 0; return (a = x, a += 1, a * 2); }',
  'assignment in a condition': '(x, y) => { let a = 1; const c = x > 0 && (a = y) > 0; return c ? a : -a; }',
  if: '(x) => { if (x > 0) return x; return -x; }',
  'if and else': '(x, y) => { let a; if (x > y) a = x - y; else a = y - x; return a; }',
  'else if': '(x) => { if (x < 0) { return -1; } else if (x > 1) { return 1; } else { return x; } }',
  'ifs in each other': `(x, y) => {
    let a = 0;
    if (x > 0) { a = 1; if (y > 0) { a += 10; if (x > y) return a; } else a -= 5; }
    return a + x;
  }`,
  'returns in the middle':
    '(x, y) => { if (x > 1) return 1; const a = x * y; if (a > 0.1) return a; if (y) return -a; return 7; }',
  'a returned boolean': '(x) => { if (x > 1) return true; return x < -1; }',
  var: '(x) => { if (x > 0) { var a = 1; } else { a = 2; } return a; }',
  'blocks and shadows': '(x) => { const a = x; { const a = 2; { let a = 3; a++; } if (a > 3) return a; } return a; }',
  'a function expression': 'function (x, y) { return x * y; }',
  'a function with a name': 'function norm(x, y) { "use strict"; return x * y; }',
  'a method': 'norm(x, y) { return x * y; }',
  'a computed method': '["no" + "rm"](x, y) { return x * y; }',
  'an unused parameter': '(x, _unused) => x * 2',
  sum_loop: '(x) => { let s = 0; for (let i = 0; i < 100; i++) s += x / (i + 1); return s; }',
  'a short loop': '(x) => { let s = 1; for (let i = 1; i <= 5; i++) { s = s * x + i; } return s; }',
  'a loop with break': '(x) => { let i = 0; for (; i < 50; i++) { if (i * i > x) break; } return i; }',
  'a short loop with break': '(x) => { let i = 0; for (; i < 6; i++) { if (i > x) break; } return i; }',
  'a loop with continue':
    '(x) => { let s = 0; for (let i = 0; i < 30; i += 1) { if (i % 3 < x) continue; s += i; } return s; }',
  'a loop with return': '(x, y) => { for (let i = 0; i < 20; ++i) { if (i * y > x) return i; } return -1; }',
  'a short loop with return': '(x, y) => { for (let i = 0; i < 4; ++i) { if (i * y > x) return i; } return -1; }',
  'a loop that may end early': '(x) => { let s = x; for (let i = 0; i < 40 && s < 1e6; i++) s = s * 2 + 1; return s; }',
  'counting down': '(x) => { let s = 0; for (let i = 10; i > 0; i--) s = s / 2 + x * i; return s; }',
  'counting by factors': '(x) => { let s = 0; for (let i = 1; i < 5000; i *= 2) s += x / i; return s; }',
  'not equal as a bound': '(x) => { let s = 0; for (let i = 0; 12 !== i; i += 2) s += x; return s; }',
  while: '(x) => { let i = 0; let s = 0; while (i < 25) { s += x * i; i++; } return s; }',
  'while with another condition':
    '(x) => { let i = 0, a = Math.abs(x); while (a > 1 && i < 60) { a /= 2; i += 1; } return i; }',
  'do while': '(x) => { let i = 0; let s = x; do { s = s * 0.5 + 1; i++; } while (i < 9 && s > 0.5); return s + i; }',
  'do once': '(x) => { let i = 5; let s = x; do { s += 1; i++; } while (i < 3); return s + i; }',
  'two counters': '(x) => { let s = 0; for (let i = 0, j = 20; i < 15; i++, j--) s += i * j * x; return s; }',
  'a bound in a constant':
    '(x) => { const n = 3, m = n * 4; let s = 0; for (let i = 0; i < m; i++) s += x; return s; }',
  'loops in each other': `(x) => {
    let s = 0;
    for (let i = 0; i < 12; i++) {
      for (let j = 0; j < 11; j++) { if (j > i) break; if ((i + j) % 2 === 0) continue; s += x * j; }
    }
    return s;
  }`,
  labels: `(x, y) => {
    let s = 0;
    outer: for (let i = 0; i < 20; i++) {
      for (let j = 0; j < 20; j++) {
        if (j === i) continue outer;
        if (s > x) break outer;
        if (s < -50) return y;
        s += y;
      }
    }
    return s;
  }`,
  'a variable of a loop':
    '(x) => { let last; let s = 0; for (let i = 0; i < 10; i++) { last = i * x; s += last; } return s; }',
  'a boolean that changes in a loop': `(x) => {
    let found = false, at = -1;
    for (let i = 0; i < 16; i++) { if (!found && i > x) { found = true; at = i; } }
    return found ? at : -100;
  }`,
  'a number that becomes a boolean':
    '(x) => { let a = 0; for (let i = 0; i < 12; i++) { if (i > x) a = true; } return a + 1; }',
  'a value that stays':
    '(x) => { let k = 4; for (let i = 0; i < 20; i++) { let k = i; k++; } let s = 0; for (let i = 0; i < k; i++) s += x; return s; }',
  mandelbrot: `(x, y) => {
    let re = 0, im = 0, n = 0;
    while (n < 100 && re * re + im * im <= 4) {
      const next = re * re - im * im + x;
      im = 2 * re * im + y;
      re = next;
      n++;
    }
    return n;
  }`,
  newton: `(x) => {
    if (!(x > 0)) return NaN;
    let a = x;
    for (let i = 0; i < 60; i++) {
      const b = 0.5 * (a + x / a);
      if (b === a) return b;
      a = b;
    }
    return a;
  }`,
  'a local function': '(x, y) => { const f = (t) => t * t + 1; return f(x) + f(f(y)); }',
  'a declared function': '(x, y) => { function f(t, u) { if (t > u) return t; return u; } return f(x, y) - f(y, 1); }',
  'a function that changes a variable':
    '(x) => { let n = 0; const step = (t) => { n += t; return n; }; step(x); step(2); return n; }',
  'a function in a loop': `(x) => {
    let n = 0;
    const step = (t) => { n += t; return n; };
    let s = 0;
    for (let i = 0; i < 14; i++) { if (step(x) > 20) break; s += i; }
    return s * 100 + n;
  }`,
  'a function named by tools':
    '(x) => { const f = /* @__PURE__ */ __name((t) => t + 1, "f"); function g(t) { return t * 2; } __name(g, "g"); return f(x) * g(x); }',
};

/** Of these, `Math` functions and powers have results that may differ in the last bits between implementations. */
export const isApproximate = (text: string): boolean =>
  /Math\.(?!PI|E|LN|LOG|SQRT|abs|ceil|floor|trunc|sqrt|sign|round|fround|max|min)|\*\*/.test(text);

export const specials = [
  0,
  -0,
  1,
  -1,
  0.5,
  -0.5,
  1.5,
  2.5,
  -2.5,
  3,
  7.25,
  -13,
  100,
  0.49999999999999994,
  2 ** 52 + 1,
  -(2 ** 52) - 1,
  1e-310,
  5e-324,
  -5e-324,
  1e308,
  Infinity,
  -Infinity,
  NaN,
] as const;

export type Scalar = (...args: number[]) => number | boolean;

/** The function that a text is the source of. */
export function compileScalar(text: string): Scalar {
  const head = 'const __name = (f) => f; return ';
  const isMethod = !/^\(|^function/.test(text);
  return new Function(isMethod ? `${head} Object.values({ ${text} })[0];` : `${head} (${text});`)() as Scalar;
}
