/**
 * The adapter: which GPU there is, what it is called and what it allows. Asked once in a process of its own (probe.ts),
 * because drivers crash, and again by whoever opens the device.
 */
import { totalmem } from 'node:os';
import { loadDawn } from './vulkan.js';

/** What is known of an adapter; plain data. */
export interface AdapterFacts {
  /** Adapter and driver. */
  readonly description: string;
  /** Computed by the processor. */
  readonly isSoftware: boolean;
  /** Bytes, estimated where the driver does not tell. */
  readonly memory: number;
  readonly limits: {
    readonly maxBufferSize: number;
    readonly maxStorageBufferBindingSize: number;
    readonly maxStorageBuffersPerShaderStage: number;
    readonly maxComputeWorkgroupStorageSize: number;
    readonly maxComputeInvocationsPerWorkgroup: number;
    readonly maxComputeWorkgroupsPerDimension: number;
  };
}

const HEAPS = 'chromium-experimental-adapter-properties-memory-heaps';

function memoryOf(adapter: GPUAdapter, isSoftware: boolean): number {
  const heaps = (adapter.info as { memoryHeaps?: readonly { size: number; properties: number }[] }).memoryHeaps;
  // of the device's own heaps (property 1) the largest
  const sizes = (heaps ?? []).filter(({ properties }) => (properties & 1) !== 0).map(({ size }) => Number(size));
  if (isSoftware) return Math.floor(totalmem() / 4);
  if (adapter.features.has(HEAPS as GPUFeatureName) && sizes.length > 0) return Math.floor(Math.max(...sizes) * 0.9);
  return adapter.limits.maxBufferSize;
}

/** The facts of an adapter. */
export function factsOf(adapter: GPUAdapter): AdapterFacts {
  const { vendor, architecture, device, description } = adapter.info;
  const isSoftware =
    (adapter.info as { isFallbackAdapter?: boolean }).isFallbackAdapter === true ||
    /swiftshader|llvmpipe|lavapipe|warp/i.test(`${architecture} ${description}`);
  const name = [vendor, architecture, device, description].filter((part) => part !== '').join(', ');
  const { limits } = adapter;
  return {
    description: `${name === '' ? 'unnamed adapter' : name}${isSoftware ? ' (software)' : ''}, WebGPU by Dawn`,
    isSoftware,
    memory: memoryOf(adapter, isSoftware),
    limits: {
      maxBufferSize: limits.maxBufferSize,
      maxStorageBufferBindingSize: limits.maxStorageBufferBindingSize,
      maxStorageBuffersPerShaderStage: limits.maxStorageBuffersPerShaderStage,
      maxComputeWorkgroupStorageSize: limits.maxComputeWorkgroupStorageSize,
      maxComputeInvocationsPerWorkgroup: limits.maxComputeInvocationsPerWorkgroup,
      maxComputeWorkgroupsPerDimension: limits.maxComputeWorkgroupsPerDimension,
    },
  };
}

/** A GPU entry point with its adapter; both are to be dropped when the device is closed, or the process never ends. */
export interface Entry {
  readonly gpu: GPU;
  readonly adapter: GPUAdapter;
}

/** @throws with the reason when there is no adapter, or Dawn cannot be loaded */
export async function findAdapter(): Promise<Entry> {
  let dawn: Awaited<ReturnType<typeof loadDawn>>;
  try {
    dawn = await loadDawn();
  } catch (error) {
    const [line] = String(error instanceof Error ? error.message : error).split('\n');
    throw new Error(`the native module of the package 'webgpu' cannot be loaded: ${line}`);
  }
  const gpu = dawn.create([]);
  const adapter = await gpu.requestAdapter({ powerPreference: 'high-performance' });
  if (adapter === null) throw new Error('Dawn finds no GPU with a driver for Vulkan, Metal or Direct3D 12');
  return { gpu, adapter };
}
