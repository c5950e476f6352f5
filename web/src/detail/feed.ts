// Everything live about one topic: its last values, then every sample after them.

import { api } from "../api/client";
import { urlFilter } from "../api/paths";
import type { Sample } from "../api/types";
import type { Channel } from "../live/channel";
import type { Reading } from "../values/store";
import { parseTime } from "../values/time";
import { kindOf, shownValue } from "../values/value";

export interface FeedState {
  readonly phase: "reading" | "ready" | "empty" | "failed";
  readonly detail: string | undefined;
  readonly own: Reading | undefined;
  readonly fields: ReadonlyMap<string, Reading>;
  /** How many samples came live. */
  readonly received: number;
  /** Counts up when history must be read anew. */
  readonly epoch: number;
}

export type Tap = (samples: readonly Sample[]) => void;

const START: FeedState = {
  phase: "reading",
  detail: undefined,
  own: undefined,
  fields: new Map(),
  received: 0,
  epoch: 0,
};

const RETRY_MS = 2_000;
/** A document has at most 64 fields, and a value of its own. */
const VALUES_MAX = 100;

export class TopicFeed {
  #state = START;
  #abort = new AbortController();
  #close: (() => void) | undefined;
  #retry: ReturnType<typeof setTimeout> | undefined;
  readonly #watchers = new Set<() => void>();
  readonly #taps = new Set<Tap>();

  constructor(
    private readonly channel: Channel,
    readonly topic: string,
  ) {}

  readonly state = (): FeedState => this.#state;

  readonly watch = (watcher: () => void): (() => void) => {
    this.#watchers.add(watcher);
    return () => this.#watchers.delete(watcher);
  };

  /** Passes every live sample on, before the state changes. */
  tap(tap: Tap): () => void {
    this.#taps.add(tap);
    return () => this.#taps.delete(tap);
  }

  /** Reads and follows; the answer ends both. */
  start(): () => void {
    this.#abort = new AbortController();
    void this.#begin();
    return () => {
      this.#abort.abort();
      clearTimeout(this.#retry);
      this.#close?.();
      this.#close = undefined;
    };
  }

  async #begin(): Promise<void> {
    const { signal } = this.#abort;
    try {
      const from = await this.#read(signal);
      // The values are as of `from`, so everything behind it is all that is missing.
      this.#close ??= this.channel.subscribe(
        { filter: this.topic, mode: "every", from },
        { samples: (samples) => this.#take(samples), gap: () => void this.#begin() },
      );
    } catch (error) {
      if (signal.aborted) return;
      this.#become({ phase: "failed", detail: error instanceof Error ? error.message : "" });
      this.#retry = setTimeout(() => void this.#begin(), RETRY_MS);
    }
  }

  async #read(signal: AbortSignal): Promise<string> {
    const query = { filter: urlFilter(this.topic), limit: VALUES_MAX };
    const { cursor, values } = await api.current(query, signal);
    signal.throwIfAborted();
    const mine = values.filter((sample) => sample.topic === this.topic);
    const fields = new Map<string, Reading>();
    for (const sample of mine) {
      if (typeof sample.field === "string") fields.set(sample.field, sample);
    }
    const found = mine.find((sample) => typeof sample.field !== "string");
    const own = found && { ...found, value: shownValue(found) };
    const phase = mine.length === 0 ? "empty" : "ready";
    this.#become({ phase, detail: undefined, own, fields, epoch: this.#state.epoch + 1 });
    return cursor;
  }

  #take(samples: readonly Sample[]): void {
    this.#taps.forEach((tap) => tap(samples));
    let { own } = this.#state;
    const fields = new Map(this.#state.fields);
    for (const sample of samples) {
      if (typeof sample.field === "string") {
        if (isNewer(sample, fields.get(sample.field))) fields.set(sample.field, sample);
      } else if (isNewer(sample, own)) {
        own = { ...sample, value: shownValue(sample), unit: sample.unit ?? own?.unit };
      }
    }
    for (const [name, reading] of fields) fields.set(name, beside(own, reading));
    const received = this.#state.received + samples.length;
    this.#become({ phase: "ready", own, fields, received });
  }

  #become(change: Partial<FeedState>): void {
    this.#state = { ...this.#state, ...change };
    this.#watchers.forEach((watcher) => watcher());
  }
}

/** What becomes of a field whose node has a newer value: superseded by a document, ended by another. */
export function beside(own: Reading | undefined, field: Reading): Reading {
  if (own === undefined || own.sequence <= field.sequence || own.value === null) return field;
  if (kindOf(own.value) === "document") return { ...field, superseded: true };
  return { ...field, value: null, quality: "GoodNoData", timestamp: own.timestamp };
}

/** How far a source clock may fall behind before it counts as set back, not as late. */
const LATE_MS = 60_000;

/** Late samples belong to history; after a step back of the clock the new time counts. */
function isNewer(sample: Sample, known: Reading | undefined): boolean {
  if (known === undefined) return true;
  if (sample.sequence < known.sequence) return false;
  const [at, before] = [parseTime(sample.timestamp), parseTime(known.timestamp)];
  return at >= before || (before > Date.now() + LATE_MS && at <= Date.now());
}
