/** Opening: the shared device, what it allows, what it is expected to do, and the tile that products are fastest with. */
import type { GpuTraits } from '../../kernels/contract.js';
import { productTiles, threadsOf, tileBytes } from '../../kernels/gpu/product.js';
import { WINDOW } from '../../kernels/gpu/windows.js';
import type { DeviceTraits } from '../contract.js';
import type { AdapterFacts } from './adapter.js';
import { acquire, type Context, release } from './context.js';
import { GpuDevice } from './device.js';
import { tune } from './tuning.js';

/** What may be set for tests and for hard cases: smaller limits than the adapter's. */
export interface GpuOptions {
  readonly maxBinding?: number;
  readonly capacity?: number;
  /** The tile of products, which is not looked for then. */
  readonly productTile?: number;
}

function limitsOf({ device }: Context, maxBinding: number | undefined): GpuTraits {
  const { limits } = device;
  const largest = Math.min(limits.maxStorageBufferBindingSize, limits.maxBufferSize, maxBinding ?? 2 ** 32);
  return {
    maxBinding: Math.floor(largest / WINDOW) * WINDOW,
    workgroupMemory: limits.maxComputeWorkgroupStorageSize,
    maxArrays: limits.maxStorageBuffersPerShaderStage,
    maxWorkgroups: limits.maxComputeWorkgroupsPerDimension,
    productTile: 0,
  };
}

/** Guesses that measurements replace. */
function traitsOf({ isSoftware }: AdapterFacts): DeviceTraits {
  const common = { slots: 1, ahead: 64, isOrdered: true };
  return isSoftware
    ? { ...common, cores: 2, overhead: 50e-6, flops: 4e9, bandwidth: 2e9 }
    : { ...common, cores: 0.1, overhead: 10e-6, flops: 5e12, bandwidth: 200e9 };
}

/** Tiles that the device has the threads and the memory for; where a processor plays it, those without panels. */
function possibleTiles({ device, facts }: Context): number[] {
  const { maxComputeWorkgroupStorageSize, maxComputeInvocationsPerWorkgroup } = device.limits;
  return productTiles.flatMap((tile, i) =>
    facts.isSoftware === (tile.depth === 0) &&
    threadsOf(tile) <= maxComputeInvocationsPerWorkgroup &&
    tileBytes(tile) <= maxComputeWorkgroupStorageSize
      ? [i]
      : [],
  );
}

/** @throws DeviceUnavailableError */
export async function openGpu(options: GpuOptions = {}): Promise<GpuDevice> {
  const context = await acquire();
  const { facts } = context;
  const limits = limitsOf(context, options.maxBinding);
  const make = (productTile: number): GpuDevice =>
    new GpuDevice(context, { ...limits, productTile }, traitsOf(facts), options.capacity ?? facts.memory);
  try {
    return make(options.productTile ?? (await tune(facts, possibleTiles(context), make)));
  } catch (error) {
    await release(context);
    throw error;
  }
}
