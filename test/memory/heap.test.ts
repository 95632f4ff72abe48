import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { NDArray } from '../../dist/array/ndarray.js';
import { HeapExhaustedError } from '../../dist/errors.js';
import { Handle } from '../../dist/memory/handle.js';
import { Heap } from '../../dist/memory/heap.js';

describe('heap', () => {
  it('gives aligned blocks that do not overlap, whatever the order of allocating and freeing', () => {
    const step = fc.oneof(
      fc.record({ size: fc.oneof(fc.integer({ min: 0, max: 4000 }), fc.integer({ min: 4000, max: 3_000_000 })) }),
      fc.record({ free: fc.nat() }),
    );
    fc.assert(
      fc.property(fc.array(step, { maxLength: 200 }), (steps) => {
        const heap = new Heap({ base: 1000 });
        const live: { block: number; tag: number; start: number; end: number }[] = [];
        let tag = 0;
        for (const action of steps) {
          if ('size' in action) {
            const block = heap.allocate(action.size);
            const start = heap.address(block);
            const end = start + heap.bytes(block);
            expect(start % 64).toBe(0);
            expect(start).toBeGreaterThanOrEqual(1000);
            expect(end - start).toBeGreaterThanOrEqual(action.size);
            expect(end).toBeLessThanOrEqual(heap.buffer.byteLength);
            for (const other of live) expect(end <= other.start || other.end <= start).toBe(true);
            live.push({ block, tag: ++tag, start, end });
          } else if (live.length > 0) {
            const [gone] = live.splice(action.free % live.length, 1);
            if (gone) heap.free(gone.block);
          }
          heap.check();
        }
        for (const { block } of live) heap.free(block);
        heap.check();
        expect(heap.used).toBe(0);
      }),
      { numRuns: 150, seed: 7 },
    );
  });

  it('reuses the block freed last, and joins neighbours into one block again', () => {
    const heap = new Heap();
    const blocks = Array.from({ length: 64 }, () => heap.allocate(64 * 1024));
    const size = heap.buffer.byteLength;
    const first = heap.address(blocks[0] as number);
    for (const block of blocks) heap.free(block);
    const whole = heap.allocate(64 * 64 * 1024);
    expect(heap.address(whole)).toBe(first);
    expect(heap.buffer.byteLength).toBe(size);
  });

  it('stays within its limit and says how much was asked for', () => {
    const heap = new Heap({ limit: 4 << 20 });
    const half = heap.allocate(2 << 20);
    expect(heap.tryAllocate(3 << 20)).toBeUndefined();
    expect(() => heap.allocate(3 << 20)).toThrow(HeapExhaustedError);
    heap.free(half);
    expect(heap.bytes(heap.allocate(3 << 20))).toBe(3 << 20);
    expect(heap.buffer.byteLength).toBeLessThanOrEqual(4 << 20);
  });

  it('refuses to free a block twice', () => {
    const heap = new Heap();
    const block = heap.allocate(10);
    heap.free(block);
    expect(() => heap.free(block)).toThrow('not allocated');
  });

  it('remembers the peak', () => {
    const heap = new Heap();
    const block = heap.allocate(1 << 20);
    heap.free(block);
    heap.allocate(64);
    expect(heap.peak).toBe(1 << 20);
    heap.resetPeak();
    expect(heap.peak).toBe(64);
  });
});

describe('handle', () => {
  it('copies a strided view in, row-major, and out again', () => {
    const heap = new Heap();
    const view = new NDArray(Float64Array.of(1, 2, 3, 4, 5, 6), { shape: [3, 2], strides: [1, 3], dtype: 'float64' });
    const handle = Handle.from(heap, view);
    expect(handle.view().toNested()).toEqual([
      [1, 4],
      [2, 5],
      [3, 6],
    ]);
    const out = handle.copyOut();
    handle.release();
    expect(out.toNested()).toEqual([
      [1, 4],
      [2, 5],
      [3, 6],
    ]);
    expect(heap.used).toBe(0);
  });

  it('frees its memory with the last release and refuses another', () => {
    const heap = new Heap();
    const handle = Handle.from(heap, NDArray.zeros([10]));
    handle.retain().release();
    expect(handle.isReleased).toBe(false);
    handle.release();
    expect(heap.used).toBe(0);
    expect(() => handle.release()).toThrow('released more often');
    expect(() => handle.retain()).toThrow('after its last release');
  });
});
