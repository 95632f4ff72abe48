/** The .npy format: bytes as NumPy writes them, and what is wrong with bytes that it would not write. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, describe, expect, it } from 'vitest';
import { type DType, dtypes } from '../../dist/array/dtype.js';
import { NDArray } from '../../dist/array/ndarray.js';
import { encodeNpy, parseNpy, readNpy, readNpyHeader } from '../../dist/array/npy.js';
import { DTypeError, NpyError } from '../../dist/errors.js';
import { array, generator } from '../kernels/numbers.js';

/** A file as numpy.lib.format describes it. */
function npy(header: string, data: Uint8Array = new Uint8Array(), version = 1): Buffer {
  const start = version === 1 ? 10 : 12;
  const padded = `${header.padEnd(Math.ceil((start + header.length + 1) / 64) * 64 - start - 1)}\n`;
  const head = Buffer.alloc(start);
  head.write('\x93NUMPY', 0, 'latin1');
  head[6] = version;
  if (version === 1) head.writeUInt16LE(padded.length, 8);
  else head.writeUInt32LE(padded.length, 8);
  return Buffer.concat([head, Buffer.from(padded, version === 3 ? 'utf8' : 'latin1'), data]);
}

const header = (descr: string, shape: string, fortran = 'False'): string =>
  `{'descr': '${descr}', 'fortran_order': ${fortran}, 'shape': ${shape}, }`;
const bytes = (data: ArrayBufferView): Uint8Array => new Uint8Array(data.buffer, data.byteOffset, data.byteLength);

describe('reading .npy', () => {
  it.each<[string, ArrayBufferView, DType, unknown]>([
    ['<f8', Float64Array.of(1.5, -0), 'float64', [1.5, -0]],
    ['<f4', Float32Array.of(0.5, Number.NaN), 'float32', [0.5, Number.NaN]],
    ['<f2', Uint16Array.of(0x3c00, 0xc000), 'float32', [1, -2]],
    ['<i8', BigInt64Array.of(-1n, 2n ** 53n), 'float64', [-1, 2 ** 53]],
    ['<u8', BigUint64Array.of(1n, 2n ** 63n), 'float64', [1, 2 ** 63]],
    ['<i4', Int32Array.of(-1, 7), 'int32', [-1, 7]],
    ['<u4', Uint32Array.of(1, 4294967295), 'uint32', [1, 4294967295]],
    ['<i2', Int16Array.of(-1, 7), 'int32', [-1, 7]],
    ['<u2', Uint16Array.of(1, 65535), 'int32', [1, 65535]],
    ['|i1', Int8Array.of(-1, 7), 'int32', [-1, 7]],
    ['|u1', Uint8Array.of(1, 255), 'uint8', [1, 255]],
    ['|b1', Uint8Array.of(1, 0), 'bool', [true, false]],
  ])('understands %s', (descr, data, dtype, values) => {
    for (const version of [1, 2, 3]) {
      const found = parseNpy(npy(header(descr, '(2,)'), bytes(data), version));
      expect([found.dtype, found.toNested()]).toEqual([dtype, values]);
    }
  });

  it('turns big-endian numbers round', () => {
    for (const [descr, data] of [
      ['>f8', Float64Array.of(1.5, -2)],
      ['>i2', Int16Array.of(258, -2)],
      ['>u4', Uint32Array.of(16909060, 3)],
    ] as const) {
      const turned = Buffer.from(bytes(data));
      if (descr === '>f8') turned.swap64();
      else if (descr === '>i2') turned.swap16();
      else turned.swap32();
      expect(parseNpy(npy(header(descr, '(2,)'), turned)).toNested()).toEqual([...data]);
    }
  });

  it('makes Fortran order row-major', () => {
    const columns = bytes(Float64Array.of(1, 4, 2, 5, 3, 6));
    const found = parseNpy(npy(header('<f8', '(2, 3)', 'True'), columns));
    expect([...found.data]).toEqual([1, 2, 3, 4, 5, 6]);
    expect(found.toNested()).toEqual([
      [1, 2, 3],
      [4, 5, 6],
    ]);
  });

  it('reads numbers without axes, and arrays without elements', () => {
    expect(parseNpy(npy(header('<f8', '()'), bytes(Float64Array.of(7)))).toNested()).toBe(7);
    expect(parseNpy(npy(header('<f8', '(0, 3)'))).shape).toEqual([0, 3]);
  });

  it('understands headers as other programs write them', () => {
    const loose = `{"shape": (2,), "fortran_order": False, "descr": "<f8"}`;
    expect(parseNpy(npy(loose, bytes(Float64Array.of(1, 2)))).toNested()).toEqual([1, 2]);
    const python2 = "{'descr': '<f8', 'fortran_order': False, 'shape': (2L, 1L), }";
    expect(parseNpy(npy(python2, bytes(Float64Array.of(1, 2)))).toNested()).toEqual([[1], [2]]);
    expect(parseNpy(npy(header('?', '(1,)'), Uint8Array.of(1))).toNested()).toEqual([true]);
  });

  it('holds half-precision numbers exactly', () => {
    const halves = Uint16Array.of(0x0001, 0x03ff, 0x0400, 0x7bff, 0x7c00, 0xfc00, 0x7e00, 0x8000, 0x3555);
    const found = parseNpy(npy(header('<f2', '(9,)'), bytes(halves))).toNested();
    const third = 1365 * 2 ** -12;
    expect(found).toEqual([2 ** -24, 1023 * 2 ** -24, 2 ** -14, 65504, Infinity, -Infinity, Number.NaN, -0, third]);
  });
});

describe('a .npy file that is none', () => {
  const one = bytes(Float64Array.of(1));
  it.each<[string, Uint8Array, new (...args: never[]) => Error, string]>([
    ['text', Buffer.from('1,2,3\n4,5,6\n'), NpyError, "f.npy is no .npy file: it does not begin with NumPy's magic"],
    ['nothing', new Uint8Array(), NpyError, 'is no .npy file'],
    ['a zip', Buffer.from('PK\u0003\u0004 and more bytes'), NpyError, 'is no .npy file'],
    ['a version to come', npy(header('<f8', '(1,)'), one, 4), NpyError, 'is of .npy version 4.0; versions 1.0 to 3.0'],
    ['a header cut short', npy(header('<f8', '(1,)'), one).subarray(0, 40), NpyError, 'ends within its header'],
    ['data cut short', npy(header('<f8', '(3,)'), one), NpyError, 'shape (3) and type f8 needs 152: it is cut short'],
    ['more data', npy(header('<f8', '()'), Buffer.concat([one, one])), NpyError, 'something else follows the array'],
    ['no dictionary', npy('nonsense', one), NpyError, 'its header is not a dictionary of descr'],
    ['no shape', npy("{'descr': '<f8', 'fortran_order': False}", one), NpyError, 'is not a dictionary'],
    ['a negative length', npy(header('<f8', '(-1,)'), one), NpyError, '(-1,) is no shape'],
    ['a shape too large', npy(header('<f8', '(999999999, 999999999)'), one), NpyError, 'is no shape'],
    ['complex numbers', npy(header('<c16', '(1,)'), one), DTypeError, 'holds complex numbers (<c16)'],
    ['text elements', npy(header('<U2', '(1,)'), one), DTypeError, 'holds text (<U2)'],
    ['objects', npy(header('|O', '(1,)'), one), DTypeError, 'holds Python objects'],
    ['long doubles', npy(header('<f16', '(1,)'), one), DTypeError, 'lazuli has no dtype for (<f16)'],
    [
      'records',
      npy("{'descr': [('a', '<f8'), ('b', '<i4')], 'fortran_order': False, 'shape': (1,), }", one),
      DTypeError,
      'holds records with named fields',
    ],
    [
      'an integer that is not exact',
      npy(header('<i8', '(1,)'), bytes(BigInt64Array.of(2n ** 53n + 1n))),
      NpyError,
      'element 0, 9007199254740993, is a 64-bit integer that float64 does not hold exactly',
    ],
  ])('%s', (_what, data, type, message) => {
    const attempt = (): unknown => parseNpy(data, 'f.npy');
    expect(attempt).toThrow(type);
    expect(attempt).toThrow(message);
  });

  it('claims a header of 4 GiB', () => {
    const file = npy(header('<f8', '(1,)'), one, 2);
    file.writeUInt32LE(0xfffffff0, 8);
    expect(() => parseNpy(file)).toThrow('its header claims to have 4294967280 bytes');
  });
});

describe('writing .npy', () => {
  const folder = mkdtempSync(join(tmpdir(), 'lazuli-npy-'));
  afterAll(() => rmSync(folder, { recursive: true }));

  it('gives the bytes that NumPy gives', () => {
    const matrix = new NDArray(Float64Array.of(1, 2), { shape: [1, 2], dtype: 'float64' });
    expect(Buffer.compare(encodeNpy(matrix), npy(header('<f8', '(1, 2)'), bytes(matrix.data)))).toBe(0);
    const vector = new NDArray(Uint8Array.of(1), { shape: [1], dtype: 'bool' });
    expect(Buffer.compare(encodeNpy(vector), npy(header('|b1', '(1,)'), Uint8Array.of(1)))).toBe(0);
    expect(encodeNpy(matrix).length % 64).toBe(16);
  });

  it('is read back the same: any dtype, shape and strides, from bytes and from a file', () => {
    const path = join(folder, 'any.npy');
    const shapes = fc.array(fc.constantFrom(0, 1, 2, 3, 7), { maxLength: 4 });
    fc.assert(
      fc.property(shapes, fc.constantFrom(...dtypes), fc.boolean(), fc.nat(), (shape, dtype, strided, seed) => {
        const random = generator(seed);
        const value = (): number => Math.floor(random() * (dtype === 'bool' ? 2 : 256));
        const isFloat = dtype === 'float64' || dtype === 'float32';
        const original = array(random, shape, dtype, isFloat ? { strided, flavour: 'special' } : { strided, value });
        const file = encodeNpy(original);
        writeFileSync(path, file);
        expect(readNpyHeader(path)).toMatchObject({ shape, dtype });
        for (const found of [parseNpy(file), readNpy(path)]) {
          expect([found.dtype, found.shape]).toEqual([dtype, shape]);
          expect(found.data).toEqual(original.copy().data);
        }
      }),
      { numRuns: 60 },
    );
  });

  it('writes a long header as version 2.0', () => {
    const shape = new Array<number>(30000).fill(1);
    const file = encodeNpy(new NDArray(Float64Array.of(5), { shape, dtype: 'float64' }));
    expect(file[6]).toBe(2);
    expect(parseNpy(file).shape.length).toBe(30000);
    const path = join(folder, 'long.npy');
    writeFileSync(path, file);
    expect(readNpyHeader(path).shape.length).toBe(30000);
  });

  it('reports a file that cannot be read as the file system does', () => {
    expect(() => readNpyHeader(join(folder, 'none.npy'))).toThrow(/ENOENT/);
  });
});
