/**
 * Compiled shaders and bind groups, kept: the same text is compiled once per device, and the same arrays in the same
 * places are bound once.
 */
import type { GpuPass } from '../../kernels/contract.js';
import type { Chunk } from './buffers.js';
import { COMPUTE, COPY_DST, UNIFORM } from './flags.js';

/** Bytes between the uniforms of two passes. */
export const UNIFORM_STEP = 256;
const MOST_GROUPS = 1024;
const MOST_PIPELINES = 512;

/** A part of a chunk. */
export interface Bound {
  readonly chunk: Chunk;
  readonly offset: number;
  readonly bytes: number;
}

interface Compiled {
  readonly pipeline: GPUComputePipeline;
  readonly layout: GPUBindGroupLayout;
  readonly id: number;
  /** What is wrong with the code, if anything. */
  readonly refusal: Promise<GPUError | null>;
}

export class Pipelines {
  readonly #device: GPUDevice;
  readonly #layouts = new Map<string, GPUBindGroupLayout>();
  readonly #compiled = new Map<string, Compiled>();
  readonly #groups = new Map<string, GPUBindGroup>();
  readonly #groupsOf = new Map<number, Set<string>>();
  #uniforms: GPUBuffer;
  #ids = 0;

  constructor(device: GPUDevice) {
    this.#device = device;
    this.#uniforms = this.#uniformBuffer(64 * UNIFORM_STEP);
  }

  /** How many shaders were compiled. */
  get count(): number {
    return this.#ids;
  }

  /** Puts the uniforms of a batch, each beginning at a multiple of UNIFORM_STEP, where its passes find them. */
  writeUniforms(words: Uint32Array<ArrayBuffer>): void {
    if (words.byteLength === 0) return;
    this.reserve(words.byteLength);
    this.#device.queue.writeBuffer(this.#uniforms, 0, words);
  }

  /** Room for uniforms. Before anything of the batch is bound. */
  reserve(bytes: number): void {
    if (bytes <= this.#uniforms.size) return;
    this.#uniforms.destroy();
    this.#groups.clear();
    this.#groupsOf.clear();
    this.#uniforms = this.#uniformBuffer(2 ** Math.ceil(Math.log2(bytes)));
  }

  /** Encodes a pass whose uniforms lie at `at`. */
  encode(encoder: GPUComputePassEncoder, pass: GpuPass, bound: readonly Bound[], at: number): void {
    const compiled = this.#compile(pass);
    encoder.setPipeline(compiled.pipeline);
    const group = this.#bind(compiled, pass, bound);
    if (pass.numbers.length > 0) encoder.setBindGroup(0, group, [at]);
    else encoder.setBindGroup(0, group);
    encoder.dispatchWorkgroups(...pass.workgroups);
  }

  /** What is wrong with the code of one of these passes; undefined where all of it was compiled. */
  async refusalOf(passes: readonly GpuPass[]): Promise<string | undefined> {
    for (const { code } of passes) {
      const refusal = await this.#compiled.get(code)?.refusal;
      if (refusal) return refusal.message;
    }
    return undefined;
  }

  /** Forgets all shaders, of which one was refused: whoever asks for it again is told why again. */
  forgetCode(): void {
    this.#compiled.clear();
    this.#groups.clear();
    this.#groupsOf.clear();
  }

  /** Forgets what was bound of a buffer that is no more. */
  forget(id: number): void {
    for (const key of this.#groupsOf.get(id) ?? []) this.#groups.delete(key);
    this.#groupsOf.delete(id);
  }

  #uniformBuffer(size: number): GPUBuffer {
    return this.#device.createBuffer({ size, usage: UNIFORM | COPY_DST });
  }

  #compile(pass: GpuPass): Compiled {
    const known = this.#compiled.get(pass.code);
    if (known !== undefined) return known;
    if (this.#compiled.size >= MOST_PIPELINES) this.#compiled.delete(this.#compiled.keys().next().value as string);
    const layout = this.#layout(pass);
    this.#device.pushErrorScope('validation');
    const pipeline = this.#device.createComputePipeline({
      layout: this.#device.createPipelineLayout({ bindGroupLayouts: [layout] }),
      compute: { module: this.#device.createShaderModule({ code: pass.code }), entryPoint: 'main' },
    });
    const refusal = this.#device.popErrorScope();
    // whoever waits for it is told; nobody does where the device is lost meanwhile
    refusal.catch(() => {});
    const compiled = { pipeline, layout, id: ++this.#ids, refusal };
    this.#compiled.set(pass.code, compiled);
    return compiled;
  }

  #layout({ operands, numbers }: GpuPass): GPUBindGroupLayout {
    const uniformBytes = Math.ceil(numbers.length / 4) * 16;
    const key = `${operands.map(({ of }) => (of === 'input' ? 'r' : 'w')).join('')} ${uniformBytes}`;
    let layout = this.#layouts.get(key);
    if (layout === undefined) {
      const visibility = COMPUTE;
      const entries: GPUBindGroupLayoutEntry[] = operands.map(({ of }, binding) => ({
        binding,
        visibility,
        buffer: { type: of === 'input' ? 'read-only-storage' : 'storage' },
      }));
      if (uniformBytes > 0) {
        entries.push({ binding: operands.length, visibility, buffer: { type: 'uniform', hasDynamicOffset: true } });
      }
      layout = this.#device.createBindGroupLayout({ entries });
      this.#layouts.set(key, layout);
    }
    return layout;
  }

  #bind({ layout, id }: Compiled, { numbers }: GpuPass, bound: readonly Bound[]): GPUBindGroup {
    let key = `${id}`;
    for (const { chunk, offset, bytes } of bound) key += ` ${chunk.id}:${offset}:${bytes}`;
    const known = this.#groups.get(key);
    if (known !== undefined) return known;
    const entries: GPUBindGroupEntry[] = bound.map(({ chunk, offset, bytes }, binding) => ({
      binding,
      resource: { buffer: chunk.buffer, offset, size: bytes },
    }));
    if (numbers.length > 0) {
      const size = Math.ceil(numbers.length / 4) * 16;
      entries.push({ binding: bound.length, resource: { buffer: this.#uniforms, offset: 0, size } });
    }
    const group = this.#device.createBindGroup({ layout, entries });
    if (this.#groups.size >= MOST_GROUPS) {
      this.#groups.clear();
      this.#groupsOf.clear();
    }
    this.#groups.set(key, group);
    for (const { chunk } of bound) {
      const keys = this.#groupsOf.get(chunk.id);
      if (keys === undefined) this.#groupsOf.set(chunk.id, new Set([key]));
      else keys.add(key);
    }
    return group;
  }
}
