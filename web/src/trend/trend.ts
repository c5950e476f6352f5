// The data of one chart: a window of history that goes on live.

import type { TopicFeed } from "../detail/feed";
import { backoff } from "../live/backoff";
import { load, type Subject } from "./load";
import { Continued, pointOf, type Point } from "./series";
import { held, segments, silenceMs, type Bucket, type Held } from "./shape";
import { boundsOf, type Span } from "./span";
import { bands, lines, type Drawing, type HeldIn, type Unit } from "./units";
import type { Window } from "./windows";

/** Samples one chart keeps. */
const POINTS_MAX = 60_000;

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
  #retry: ReturnType<typeof setTimeout> | undefined;
  #attempt = 0;
  /** The unit that the last payload with one named. */
  #unit: Unit;
  readonly #watchers = new Set<() => void>();
  /** Counts up with every change of what is drawn. */
  version = 0;

  constructor(
    private readonly feed: TopicFeed,
    readonly subject: Subject,
    private readonly span: Span,
  ) {}

  get window(): Window {
    return this.span.window;
  }

  /** Where it begins and ends, in milliseconds. */
  bounds(now: number): readonly [start: number, end: number] {
    return boundsOf(this.span, now);
  }

  readonly state = (): TrendState => this.#state;

  readonly watch = (watcher: () => void): (() => void) => {
    this.#watchers.add(watcher);
    return () => this.#watchers.delete(watcher);
  };

  /** Listens from now on and reads what lies before; the answer ends it. */
  start(): () => void {
    this.#abort = new AbortController();
    const field = this.subject.field;
    this.#unit = this.#last()?.unit;
    const untap = this.feed.tap((samples) => {
      for (const sample of samples) {
        if ((sample.field ?? undefined) !== field) continue;
        this.#unit = sample.unit ?? this.#unit;
        const point = pointOf(sample, this.#unit);
        if (this.span.until !== undefined && point.at >= this.span.until) continue;
        this.#data.live(point);
        this.version += 1;
      }
    });
    void this.#read();
    return () => {
      untap();
      this.#abort.abort();
      clearTimeout(this.#retry);
    };
  }

  async #read(): Promise<void> {
    const { signal } = this.#abort;
    this.#data.reading();
    try {
      const loaded = await load(this.subject, this.span, Date.now(), signal);
      signal.throwIfAborted();
      this.#buckets = loaded.buckets;
      this.#data.read(loaded.points);
      this.#attempt = 0;
      const bucketed = loaded.buckets !== undefined;
      this.#become({ phase: "ready", detail: undefined, bucketed, damaged: loaded.damaged });
    } catch (error) {
      if (signal.aborted) return;
      const detail = error instanceof Error ? error.message : String(error);
      this.#become({ ...this.#state, phase: "failed", detail });
      this.#retry = setTimeout(() => void this.#read(), backoff(this.#attempt, Math.random()));
      this.#attempt += 1;
    }
  }

  get points(): readonly Point[] {
    return this.#data.series.points;
  }

  /** What is to be drawn now. */
  drawing(now: number): Drawing {
    const [start, end] = this.bounds(now);
    this.#data.series.trim(start);
    const points = this.points;
    if (this.subject.kind === "state") {
      const known = points.length > 0 ? points : this.#before(start);
      return { kind: "states", segments: segments(known, silenceMs(points, 15_000), end) };
    }
    const last = points.at(-1) ?? this.#before(start)[0];
    const holding = (holds: Held | undefined): HeldIn => ({ held: holds, unit: last?.unit });
    const holds = held(last, silenceMs(points), [start, end]);
    if (this.#buckets === undefined) return { kind: "line", ...lines(points, [start, end], holding(holds)) };
    const width = this.window.bucketMs;
    const from = this.#buckets.findIndex((bucket) => bucket.at >= start);
    const closed = from === -1 ? [] : this.#buckets.slice(from);
    const empty = closed.length === 0 && points.length === 0;
    return { kind: "band", ...bands({ closed, points, width, end }, holding(empty ? holds : undefined)) };
  }

  /** Whether nothing is drawn but a value from before the window. */
  onlyHolds(now: number): boolean {
    const isEmpty = this.points.length === 0 && (this.#buckets ?? []).length === 0;
    return isEmpty && this.#before(this.bounds(now)[0]).length > 0;
  }

  /** Whether samples were averaged and none of them was Good. */
  hasNoGood(now: number): boolean {
    const drawing = this.drawing(now);
    if (drawing.kind !== "band") return false;
    const shapes = drawing.traces.map(({ shape }) => shape);
    return shapes.some(({ xs }) => xs.length > 0) && shapes.every(({ avg }) => avg.every((each) => each === null));
  }

  /** The last value, where it is older than the window: a tag that rarely changes. */
  #before(start: number): Point[] {
    const last = this.#last();
    const point = last === undefined ? undefined : pointOf(last);
    return point !== undefined && point.at < start ? [point] : [];
  }

  #last() {
    const { own, fields } = this.feed.state();
    return this.subject.field === undefined ? own : fields.get(this.subject.field);
  }

  #become(state: TrendState): void {
    this.#state = state;
    this.version += 1;
    this.#watchers.forEach((watcher) => watcher());
  }
}
