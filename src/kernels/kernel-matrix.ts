/**
 * Kernel matrices from what `squaredDistances` and `linearKernel` give, element by element: `rbfKernel`,
 * `polynomialKernel`, `sigmoidKernel`. gamma is an input (a float64 of no axes), not a parameter, because it may itself
 * be computed (`svcGamma`); coef0 and degree are parameters, as the user writes them.
 */
import { itemSize } from '../array/dtype.js';
import { sizeOf } from '../array/ndarray.js';
import { checkDTypeIn, checkExactShape, checkInputs, checkParams, numeric } from './checks.js';
import type { ArraySpec, Inferred, Kernel, KernelCost, KernelParams } from './contract.js';
import { flat } from './flat.js';
import { kernelMatrixBody } from './gpu/kernel-matrix.js';

function inferred(
  name: string,
  source: string,
  inputs: readonly ArraySpec[],
  params: KernelParams,
  names: readonly string[],
): Inferred {
  checkParams(name, params, names);
  checkInputs(name, inputs, 2, 2, `${source} and gamma`);
  const [matrix, gamma] = inputs as [ArraySpec, ArraySpec];
  checkDTypeIn(name, source, matrix, 'float64', 'float32');
  checkDTypeIn(name, 'gamma', gamma, 'float64');
  checkExactShape(name, 'gamma', gamma, [], 'it is one number');
  for (const param of names) numeric(name, params, param);
  return { outputs: [{ dtype: matrix.dtype, shape: matrix.shape }] };
}

function costOf(inputs: readonly ArraySpec[], flopsPerElement: number): KernelCost {
  const size = sizeOf(inputs[0]!.shape);
  return { flops: flopsPerElement * size, bytes: 2 * size * itemSize(inputs[0]!.dtype) + 8 };
}

const isWide = (spec: ArraySpec): number => (spec.dtype === 'float64' ? 1 : 0);

/** D (any shape), gamma () → exp(−gamma · D), in D's dtype. */
export const rbfKernel: Kernel = {
  name: 'rbfKernel',
  infer(inputs, params) {
    return inferred(this.name, 'distances', inputs, params, []);
  },
  cost: (inputs) => costOf(inputs, 24),
  bodies: {
    js(inputs, outputs) {
      const distances = flat(inputs[0]!);
      const gamma = inputs[1]!.get() as number;
      const out = outputs[0]!;
      for (let i = 0; i < distances.length; i++) out.data[out.offset + i] = Math.exp(-gamma * distances[i]!);
    },
    wasm: {
      export: 'rbfKernel',
      args: ([distances, gamma], [out]) => [
        isWide(distances!),
        sizeOf(distances!.shape),
        distances!.pointer,
        gamma!.pointer,
        out!.pointer,
      ],
    },
    gpu: kernelMatrixBody('rbfKernel'),
  },
};

/** G (any shape), gamma () → (gamma · G + coef0)^degree, in G's dtype. Parameters: coef0, degree. */
export const polynomialKernel: Kernel = {
  name: 'polynomialKernel',
  infer(inputs, params) {
    return inferred(this.name, 'products', inputs, params, ['coef0', 'degree']);
  },
  cost: (inputs, params) => costOf(inputs, 2 + 2 * Math.log2(2 + Math.abs(Number(params.degree)))),
  bodies: {
    js(inputs, outputs, params) {
      const products = flat(inputs[0]!);
      const gamma = inputs[1]!.get() as number;
      const { coef0, degree } = params as { coef0: number; degree: number };
      const out = outputs[0]!;
      for (let i = 0; i < products.length; i++) out.data[out.offset + i] = (gamma * products[i]! + coef0) ** degree;
    },
    wasm: {
      export: 'polynomialKernel',
      // a fractional or negative power stays with the js body
      can: (_inputs, { degree }) => Number.isInteger(degree) && Number(degree) >= 0 && Number(degree) < 2 ** 31,
      args: ([products, gamma], [out], params) => [
        isWide(products!),
        sizeOf(products!.shape),
        products!.pointer,
        gamma!.pointer,
        Number(params.coef0),
        Number(params.degree),
        out!.pointer,
      ],
    },
    gpu: kernelMatrixBody('polynomialKernel'),
  },
};

/** G (any shape), gamma () → tanh(gamma · G + coef0), in G's dtype. Parameter: coef0. */
export const sigmoidKernel: Kernel = {
  name: 'sigmoidKernel',
  infer(inputs, params) {
    return inferred(this.name, 'products', inputs, params, ['coef0']);
  },
  cost: (inputs) => costOf(inputs, 45),
  bodies: {
    js(inputs, outputs, params) {
      const products = flat(inputs[0]!);
      const gamma = inputs[1]!.get() as number;
      const { coef0 } = params as { coef0: number };
      const out = outputs[0]!;
      for (let i = 0; i < products.length; i++) out.data[out.offset + i] = Math.tanh(gamma * products[i]! + coef0);
    },
    wasm: {
      export: 'sigmoidKernel',
      args: ([products, gamma], [out], params) => [
        isWide(products!),
        sizeOf(products!.shape),
        products!.pointer,
        gamma!.pointer,
        Number(params.coef0),
        out!.pointer,
      ],
    },
    gpu: kernelMatrixBody('sigmoidKernel'),
  },
};
