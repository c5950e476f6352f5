// Keeps the values of the visible rows live: seeds each filter by HTTP, goes on by WebSocket.

import { api } from "../api/client";
import { urlFilter } from "../api/paths";
import type { Sample } from "../api/types";
import type { Channel } from "../live/channel";
import type { ValueStore } from "../values/store";
import { shownValue } from "../values/value";

/** Pages of one filter; a level of documents may need several. */
const PAGES_MAX = 5;
const PAGE = 1_000;

/** What a watcher tells: topics that have a value, and those of which a field is new. */
export type Seen = (topics: ReadonlySet<string>, withNewFields: ReadonlySet<string>) => void;

export class Watcher {
  readonly #open = new Map<string, { stop: () => void }>();

  constructor(
    private readonly channel: Channel,
    private readonly values: ValueStore,
    private readonly seen: Seen,
  ) {}

  /** Watches exactly these filters from now on. */
  watch(filters: ReadonlySet<string>): void {
    for (const [filter, { stop }] of this.#open) {
      if (!filters.has(filter)) {
        this.#open.delete(filter);
        stop();
      }
    }
    for (const filter of filters) {
      if (!this.#open.has(filter)) this.#start(filter);
    }
  }

  stop(): void {
    this.watch(new Set());
  }

  #start(filter: string): void {
    const abort = new AbortController();
    let close: (() => void) | undefined;
    this.#open.set(filter, {
      stop: () => {
        abort.abort();
        close?.();
      },
    });
    const follow = async () => {
      const from = await this.#seed(filter, abort.signal).catch(() => undefined);
      if (abort.signal.aborted) return;
      const wish = { filter, mode: "latest", ...(from === undefined ? {} : { from }) } as const;
      close = this.channel.subscribe(wish, {
        samples: (samples) => this.#take(samples),
        gap: () => void this.#seed(filter, abort.signal).catch(() => undefined),
      });
    };
    void follow();
  }

  /** Reads the values of a filter; answers the cursor they are as of. */
  async #seed(filter: string, signal: AbortSignal): Promise<string> {
    const query = { filter: urlFilter(filter), limit: PAGE };
    let page = await api.current(query, signal);
    const { cursor } = page;
    this.#take(page.values);
    for (let read = 1; typeof page.next === "string" && read < PAGES_MAX; read += 1) {
      page = await api.current({ ...query, after: page.next }, signal);
      this.#take(page.values);
    }
    return cursor;
  }

  #take(samples: readonly Sample[]): void {
    const topics = new Set<string>();
    const withNewFields = new Set<string>();
    for (const sample of samples) {
      const { topic, field } = sample;
      if (typeof field === "string") {
        if (this.values.putField(topic, field, sample)) withNewFields.add(topic);
        continue;
      }
      topics.add(topic);
      this.values.put(topic, { ...sample, value: shownValue(sample) });
    }
    this.seen(topics, withNewFields);
  }
}
