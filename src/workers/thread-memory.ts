/**
 * Which functions each thread has. A thread keeps what was used last, up to a weight, so that closures over large data
 * do not pile up in it; what it should forget goes out with the next message.
 */
import type { Shipment } from './shipment.js';

/** One for a function and one more for every mebibyte of data it brings. */
const weightLimit = 256;

export class ThreadMemory {
  /** Per thread: ids and their weights, least recently used first. */
  readonly #threads = new Map<number, Map<string, number>>();

  knows(threadId: number): boolean {
    return this.#threads.has(threadId);
  }

  /**
   * Notes that a thread gets these functions, and says which of them it lacks and which others it should forget.
   * `alive` are the threads that exist; the rest is forgotten.
   */
  bring(
    threadId: number,
    shipments: readonly Shipment[],
    alive: readonly { readonly id: number }[],
  ): { missing: readonly Shipment[]; forget: readonly string[] } {
    let held = this.#threads.get(threadId);
    if (held === undefined) {
      for (const id of this.#threads.keys()) if (!alive.some((thread) => thread.id === id)) this.#threads.delete(id);
      held = new Map();
      this.#threads.set(threadId, held);
    }
    const missing: Shipment[] = [];
    const needed = new Set<string>();
    for (const shipment of shipments) {
      const weight = held.get(shipment.id);
      if (weight === undefined) missing.push(shipment);
      held.delete(shipment.id);
      held.set(shipment.id, weight ?? weightOf(shipment));
      needed.add(shipment.id);
    }
    return { missing, forget: missing.length === 0 ? [] : this.#overflow(held, needed) };
  }

  #overflow(held: Map<string, number>, needed: ReadonlySet<string>): string[] {
    let total = 0;
    for (const weight of held.values()) total += weight;
    const forget: string[] = [];
    for (const [id, weight] of held) {
      if (total <= weightLimit) break;
      if (needed.has(id)) continue;
      held.delete(id);
      forget.push(id);
      total -= weight;
    }
    return forget;
  }

  forget(threadId: number, id: string): void {
    this.#threads.get(threadId)?.delete(id);
  }

  /** The thread is gone. */
  drop(threadId: number): void {
    this.#threads.delete(threadId);
  }
}

function weightOf(shipment: Shipment): number {
  let bytes = 0;
  for (const entry of shipment.entries) {
    const data =
      entry.kind === 'data'
        ? entry.value
        : entry.kind === 'ndarray' || entry.kind === 'buffer'
          ? entry.data
          : undefined;
    if (ArrayBuffer.isView(data)) bytes += data.byteLength;
    else if (Array.isArray(data)) bytes += 8 * data.length;
  }
  return 1 + bytes / (1 << 20);
}
