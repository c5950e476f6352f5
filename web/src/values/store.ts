// Last values by topic, each row of the page listening to its own.

import type { Quality, Value } from "../api/types";

export interface Reading {
  readonly value: Value;
  readonly quality: Quality;
  readonly timestamp: string;
  /** The place in the log it came from, or that it is at least as new as. */
  readonly sequence: number;
}

export class ValueStore {
  readonly #readings = new Map<string, Reading>();
  readonly #listeners = new Map<string, Set<() => void>>();

  get(topic: string): Reading | undefined {
    return this.#readings.get(topic);
  }

  /** Takes a reading in unless a newer one is known; answers whether it did. */
  put(topic: string, reading: Reading): boolean {
    const known = this.#readings.get(topic);
    if (known !== undefined && known.sequence > reading.sequence) return false;
    this.#readings.set(topic, reading);
    this.#listeners.get(topic)?.forEach((listener) => listener());
    return true;
  }

  /** Takes in what came without a place in the log: it yields to everything that has one. */
  seed(topic: string, reading: Omit<Reading, "sequence">): void {
    if ((this.#readings.get(topic)?.sequence ?? 0) === 0) {
      this.put(topic, { ...reading, sequence: 0 });
    }
  }

  /** Drops what nobody looks at. */
  forget(topics: Iterable<string>): void {
    for (const topic of topics) {
      if (!this.#listeners.has(topic)) this.#readings.delete(topic);
    }
  }

  listen(topic: string, listener: () => void): () => void {
    const listeners = this.#listeners.get(topic) ?? new Set();
    listeners.add(listener);
    this.#listeners.set(topic, listeners);
    return () => {
      listeners.delete(listener);
      if (listeners.size === 0) this.#listeners.delete(topic);
    };
  }
}
