// The data of one chart: a window of history that goes on live.

import type { TopicFeed } from "../detail/feed";
import { load, type Subject } from "./load";
import { Continued, pointOf, type Point } from "./series";
import { band, fold, line, segments, silenceMs, type Band, type Bucket, type Line, type Segment } from "./shape";
import type { Window } from "./windows";

/** Samples one chart keeps. */
const POINTS_MAX = 60_000;

export type Drawing =
  | { readonly kind: "line"; readonly line: Line }
  | { readonly kind: "band"; readonly band: Band }
  | { readonly kind: "states"; readonly segments: readonly Segment[] };

export interface TrendState {
  readonly phase: "reading" | "ready" | "failed";
  readonly detail: string | undefined;
  readonly bucketed: boolean;
  readonly damaged: number;
}

export class Trend {
  readonly #data = new Continued(POINTS_MAX);
  #buckets: readonly Bucket[] | undefined;
  #state: TrendState = { phase: "reading", detail: undefined, bucketed: false, damaged: 0 };
  #abort = new AbortController();
  readonly #watchers = new Set<() => void>();
  /** Counts up with every change of what is drawn. */
  version = 0;

  constructor(
    private readonly feed: TopicFeed,
    readonly subject: Subject,
    readonly window: Window,
  ) {}

  readonly state = (): TrendState => this.#state;

  readonly watch = (watcher: () => void): (() => void) => {
    this.#watchers.add(watcher);
    return () => this.#watchers.delete(watcher);
  };

  /** Listens from now on and reads what lies before; the answer ends it. */
  start(): () => void {
    this.#abort = new AbortController();
    const field = this.subject.field;
    const untap = this.feed.tap((samples) => {
      for (const sample of samples) {
        if ((sample.field ?? undefined) !== field) continue;
        this.#data.live(pointOf(sample));
        this.version += 1;
      }
    });
    void this.#read();
    return () => {
      untap();
      this.#abort.abort();
    };
  }

  async #read(): Promise<void> {
    const { signal } = this.#abort;
    this.#data.reading();
    try {
      const loaded = await load(this.subject, this.window, Date.now(), signal);
      signal.throwIfAborted();
      this.#buckets = loaded.buckets;
      this.#data.read(loaded.points);
      const bucketed = loaded.buckets !== undefined;
      this.#become({ phase: "ready", detail: undefined, bucketed, damaged: loaded.damaged });
    } catch (error) {
      if (signal.aborted) return;
      const detail = error instanceof Error ? error.message : String(error);
      this.#become({ ...this.#state, phase: "failed", detail });
    }
  }

  get points(): readonly Point[] {
    return this.#data.series.points;
  }

  /** What is to be drawn now. */
  drawing(now: number): Drawing {
    this.#data.series.trim(now - this.window.ms);
    const points = this.points;
    if (this.subject.kind === "state") {
      return { kind: "states", segments: segments(points, silenceMs(points, 15_000), now) };
    }
    if (this.#buckets === undefined) return { kind: "line", line: line(points, silenceMs(points)) };
    const width = this.window.bucketMs;
    const from = this.#buckets.findIndex((bucket) => bucket.at >= now - this.window.ms);
    const closed = from === -1 ? [] : this.#buckets.slice(from);
    return { kind: "band", band: band([...closed, ...fold(points, width)], width, now) };
  }

  #become(state: TrendState): void {
    this.#state = state;
    this.version += 1;
    this.#watchers.forEach((watcher) => watcher());
  }
}
