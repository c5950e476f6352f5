// Last values by topic, each row of the page listening to its own.

import type { Quality, Value } from "../api/types";
import { paceOfSteps, type Pace } from "./pace";
import { parseTime } from "./time";

export interface Reading {
  readonly value: Value;
  readonly quality: Quality;
  readonly timestamp: string;
  /** The place in the log it came from, or that it is at least as new as. */
  readonly sequence: number;
  readonly unit?: string | undefined;
  /** The document that came last has this field no more. */
  readonly superseded?: boolean | undefined;
  /** What a text also reads as. */
  readonly readsAs?: Value | undefined;
  /** How many fields of the document there was no room for. */
  readonly fieldsLeftOut?: number | undefined;
  /** What the bytes were taken for that are no UTF-8. */
  readonly encoding?: string | null | undefined;
}

/** Where the store keeps a field of a topic: no topic has a line feed. */
export function fieldKey(topic: string, field: string): string {
  return `${topic}\n${field}`;
}

/** So many steps are kept of a tag, to know its pace. */
const STEPS_MAX = 32;

export class ValueStore {
  readonly #readings = new Map<string, Reading>();
  /** The fields of topics, as the hub names them. */
  readonly #fields = new Map<string, Set<string>>();
  /** The last distances of two samples, of tags that were seen to change. */
  readonly #steps = new Map<string, number[]>();
  /** What their history says. */
  readonly #paces = new Map<string, Pace>();
  /** When something newer came last. */
  readonly #heard = new Map<string, number>();
  readonly #listeners = new Map<string, Set<() => void>>();

  get(topic: string): Reading | undefined {
    return this.#readings.get(topic);
  }

  /** Takes a reading in unless a newer one is known; answers whether it did. */
  put(topic: string, reading: Reading): boolean {
    const known = this.#readings.get(topic);
    if (known !== undefined && known.sequence > reading.sequence) return false;
    if (known !== undefined && known.sequence < reading.sequence) {
      this.#heard.set(topic, Date.now());
      this.#step(topic, parseTime(reading.timestamp) - parseTime(known.timestamp));
    }
    // A live sample names its unit only where its payload does; the unit holds until another one.
    const unit = reading.unit ?? known?.unit;
    this.#readings.set(topic, unit === undefined ? reading : { ...reading, unit });
    this.#listeners.get(topic)?.forEach((listener) => listener());
    return true;
  }

  /** Takes in a field of a topic; answers whether it is one that was not known. */
  putField(topic: string, field: string, reading: Reading): boolean {
    this.put(fieldKey(topic, field), reading);
    const known = this.#fields.get(topic) ?? new Set<string>();
    if (known.has(field)) return false;
    this.#fields.set(topic, known.add(field));
    return true;
  }

  /** The names of all fields of a topic that are known. */
  fields(topic: string): readonly string[] {
    return [...(this.#fields.get(topic) ?? [])];
  }

  /** Takes in what came without a place in the log: it yields to everything that has one. */
  seed(topic: string, reading: Omit<Reading, "sequence">): void {
    if ((this.#readings.get(topic)?.sequence ?? 0) === 0) {
      this.put(topic, { ...reading, sequence: 0 });
    }
  }

  /** The distances of samples of a topic, as far as they are known. */
  pace(topic: string): Pace | undefined {
    return this.#paces.get(topic) ?? paceOfSteps(this.#steps.get(topic) ?? []);
  }

  /** When a value of the topic came while the page looked, if one did. */
  heard(topic: string): number | undefined {
    return this.#heard.get(topic);
  }

  /** Takes over what was found in the history of a topic. */
  learn(topic: string, pace: Pace | undefined): void {
    const known = this.#paces.get(topic);
    if (pace === undefined || (known?.usual === pace.usual && known.longest === pace.longest)) return;
    this.#paces.set(topic, pace);
    this.#listeners.get(topic)?.forEach((listener) => listener());
  }

  #step(topic: string, step: number): void {
    if (step <= 0) return;
    this.#steps.set(topic, [...(this.#steps.get(topic) ?? []), step].slice(-STEPS_MAX));
  }

  /** Drops what nobody looks at. */
  forget(topics: Iterable<string>): void {
    for (const topic of topics) {
      if (this.#listeners.has(topic)) continue;
      this.fields(topic).forEach((field) => this.#readings.delete(fieldKey(topic, field)));
      this.#fields.delete(topic);
      this.#readings.delete(topic);
      this.#steps.delete(topic);
      this.#paces.delete(topic);
      this.#heard.delete(topic);
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
