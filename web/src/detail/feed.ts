// Everything live about one topic: its last values, then every sample after them.

import { api } from "../api/client";
import { urlFilter } from "../api/paths";
import type { Sample } from "../api/types";
import type { Channel } from "../live/channel";
import type { Reading } from "../values/store";
import { parseTime } from "../values/time";
import { shownValue } from "../values/value";

export interface FeedState {
  readonly phase: "reading" | "ready" | "empty" | "failed";
  readonly detail: string | undefined;
  readonly own: Reading | undefined;
  readonly fields: ReadonlyMap<string, Reading>;
  /** When a live sample of the topic itself (no name) or of a field came last. */
  readonly heard: ReadonlyMap<string | undefined, number>;
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
  heard: new Map(),
  received: 0,
  epoch: 0,
};

const RETRY_MS = 2_000;
/** A node may have more fields than a page: the rest follows. */
const PAGE = 1_000;
/** How long after a value without some fields the hub is asked what became of those. */
const ASK_AGAIN_MS = 2_000;

export class TopicFeed {
  #state = START;
  #abort = new AbortController();
  #close: (() => void) | undefined;
  #retry: ReturnType<typeof setTimeout> | undefined;
  #again: ReturnType<typeof setTimeout> | undefined;
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
      clearTimeout(this.#again);
      this.#again = undefined;
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
    const { cursor, values } = await this.#values(signal);
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

  /** All values of the topic, and the cursor they are as of. */
  async #values(signal: AbortSignal): Promise<{ cursor: string; values: readonly Sample[] }> {
    const query = { filter: urlFilter(this.topic), limit: PAGE };
    let page = await api.current(query, signal);
    const { cursor } = page;
    const values = [...page.values];
    while (typeof page.next === "string") {
      page = await api.current({ ...query, after: page.next }, signal);
      values.push(...page.values);
    }
    signal.throwIfAborted();
    return { cursor, values };
  }

  /** Asks the hub what became of fields that did not come with the newest value. */
  #askAgain(): void {
    this.#again ??= setTimeout(() => {
      this.#again = undefined;
      this.#values(this.#abort.signal)
        .then(({ values }) => this.#become({ fields: updated(this.#state.fields, values) }))
        // The next value asks once more.
        .catch(() => undefined);
    }, ASK_AGAIN_MS);
  }

  #take(samples: readonly Sample[]): void {
    this.#taps.forEach((tap) => tap(samples));
    let { own } = this.#state;
    const fields = new Map(this.#state.fields);
    const heard = new Map(this.#state.heard);
    for (const sample of samples) {
      heard.set(sample.field ?? undefined, Date.now());
      if (typeof sample.field === "string") {
        const known = fields.get(sample.field);
        if (isNewer(sample, known)) fields.set(sample.field, { ...sample, unit: sample.unit ?? known?.unit });
      } else if (isNewer(sample, own)) {
        own = { ...sample, value: shownValue(sample), unit: sample.unit ?? own?.unit };
      }
    }
    if ([...fields.values()].some((field) => isLeftBehind(own, field))) this.#askAgain();
    const received = this.#state.received + samples.length;
    this.#become({ phase: "ready", own, fields, heard, received });
  }

  #become(change: Partial<FeedState>): void {
    this.#state = { ...this.#state, ...change };
    this.#watchers.forEach((watcher) => watcher());
  }
}

/** Whether a field did not come with the newest value of its node: it may have ended, or be superseded. */
export function isLeftBehind(own: Reading | undefined, field: Reading): boolean {
  const isOver = field.superseded === true || field.quality === "GoodNoData";
  return own !== undefined && field.sequence < own.sequence && !isOver;
}

/** How many fields the newest document has: not those that only older ones had. */
export function fieldsNow({ own, fields }: Pick<FeedState, "own" | "fields">): number {
  return [...fields.values()].filter((field) => {
    const hasEnded = field.quality === "GoodNoData" && own !== undefined && field.sequence !== own.sequence;
    return field.superseded !== true && !hasEnded;
  }).length;
}

/** The fields with what the hub says of them now, unless something newer came meanwhile. */
export function updated(
  fields: ReadonlyMap<string, Reading>,
  values: readonly Sample[],
): ReadonlyMap<string, Reading> {
  const all = new Map(fields);
  for (const sample of values) {
    if (typeof sample.field !== "string") continue;
    const known = all.get(sample.field);
    if (known === undefined || sample.sequence >= known.sequence) all.set(sample.field, sample);
  }
  return all;
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
