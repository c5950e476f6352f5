// Reads a window of history: raw samples, or buckets with a raw tail that goes on live.

import { api } from "../api/client";
import type { History } from "../api/types";
import { numberOf } from "../values/value";
import { pointsOf, type Point } from "./series";
import type { Bucket } from "./shape";
import { boundsOf, type Span } from "./span";

export interface Subject {
  readonly topic: string;
  readonly field: string | undefined;
  readonly kind: "number" | "state";
}

export interface Loaded {
  readonly points: readonly Point[];
  /** Closed buckets, all before the points; without them the points are the whole window. */
  readonly buckets: readonly Bucket[] | undefined;
  /** Stretches of the log the hub could not read. */
  readonly damaged: number;
}

/** More samples than this are not drawn one by one. */
const RAW_MAX = 10_000;
const TAIL_MAX = 100_000;
const BUCKETS_MAX = 5_000;
/** Source clocks may run ahead of ours; what they stamp belongs to the window, too. */
const AHEAD_MS = 10 * 60_000;

const iso = (ms: number) => new Date(ms).toISOString();

function ask(subject: Subject) {
  return { topic: subject.topic, field: subject.field };
}

export async function load(
  subject: Subject,
  span: Span,
  now: number,
  signal: AbortSignal,
): Promise<Loaded> {
  const { window } = span;
  const [from, until] = boundsOf(span, now);
  const end = iso(span.until === undefined ? until + AHEAD_MS : until);
  if (window.raw || subject.kind === "state") {
    const start = iso(from);
    const query = { ...ask(subject), start, end, limit: RAW_MAX };
    const page = await api.history(query, signal);
    if (typeof page.next !== "string") {
      const damaged = page.gaps?.length ?? 0;
      return { points: pointsOf(page), buckets: undefined, damaged };
    }
  }
  const width = window.bucketMs;
  const border = Math.floor(until / width) * width;
  const start = iso(Math.floor(from / width) * width);
  // A window that ends on the border of a bucket has none that is open.
  const tail: Promise<Pick<History, "samples" | "unit">> =
    iso(border) === end
      ? Promise.resolve({ samples: [] })
      : api.history({ ...ask(subject), start: iso(border), end, limit: TAIL_MAX }, signal);
  const bucketed = (aggregate: string) => {
    const query = { ...ask(subject), start, end: iso(border), aggregate, bucket: window.bucket };
    return api.history({ ...query, limit: BUCKETS_MAX }, signal);
  };
  if (subject.kind === "state") {
    const [states, rest] = await Promise.all([bucketed("last"), tail]);
    const points = [...pointsOf(states), ...pointsOf(rest)];
    return { points, buckets: undefined, damaged: states.gaps?.length ?? 0 };
  }
  const [avg, min, max, rest] = await Promise.all([
    bucketed("avg"),
    bucketed("min"),
    bucketed("max"),
    tail,
  ]);
  const buckets = zip(pointsOf(avg), pointsOf(min), pointsOf(max));
  return { points: pointsOf(rest), buckets, damaged: avg.gaps?.length ?? 0 };
}

/** Joins the three answers by time and unit, should they not have the same rows. */
export function zip(avg: readonly Point[], min: readonly Point[], max: readonly Point[]): Bucket[] {
  const key = ({ stamp, unit }: Point) => `${stamp} ${unit ?? ""}`;
  const byKey = (points: readonly Point[]) => new Map(points.map((point) => [key(point), numberOf(point.value)]));
  const [least, most] = [byKey(min), byKey(max)];
  return avg.map((point) => ({
    at: point.at,
    avg: numberOf(point.value),
    min: least.get(key(point)) ?? null,
    max: most.get(key(point)) ?? null,
    quality: point.quality,
    unit: point.unit,
  }));
}

/** How far before the last value the table of samples looks, until it has enough. */
const REACHES_MS = [250, 60_000, 3_600_000, 86_400_000];
const REACH_MAX = 10_000;

/** The newest samples of a topic or field, oldest first; `last` is the time of its last value. */
export async function loadRecent(
  subject: Pick<Subject, "topic" | "field">,
  count: number,
  last: number,
  signal: AbortSignal,
): Promise<Point[]> {
  let points: Point[] = [];
  for (const reach of REACHES_MS) {
    const span = { start: iso(last - reach), end: iso(last + AHEAD_MS), limit: REACH_MAX };
    const query = { topic: subject.topic, field: subject.field, ...span };
    const page = await api.history(query, signal);
    const whole = typeof page.next !== "string";
    // A page that does not reach the end is not of the newest: the shorter reach was whole.
    if (whole || points.length === 0) points = pointsOf(page).slice(-count);
    if (!whole || points.length >= count) break;
  }
  return points;
}
