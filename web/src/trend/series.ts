// Samples in time order: history first, live ones merged in behind, none twice.

import type { History, HistorySample, Quality, Value } from "../api/types";
import { parseTime } from "../values/time";

export interface Point {
  /** Milliseconds since 1970. */
  readonly at: number;
  /** The time as the hub wrote it; two samples of one time are one sample, corrected. */
  readonly stamp: string;
  readonly value: Value;
  readonly quality: Quality;
  readonly unit?: string | undefined;
}

type Sampled = Pick<HistorySample, "timestamp" | "value" | "quality"> & { readonly unit?: string | undefined };

/** `unit` is what holds where the sample names none. */
export function pointOf(sample: Sampled, unit?: string): Point {
  const { timestamp, value, quality } = sample;
  return { at: parseTime(timestamp), stamp: timestamp, value, quality, unit: sample.unit ?? unit };
}

/** The samples of a page, which names the unit once where all have the same. */
export function pointsOf({ samples, unit }: Pick<History, "samples" | "unit">): Point[] {
  return samples.map((sample) => pointOf(sample, unit));
}

export class Series {
  #points: Point[] = [];

  constructor(private readonly most: number) {}

  get points(): readonly Point[] {
    return this.#points;
  }

  replace(points: readonly Point[]): void {
    this.#points = points.slice(-this.most);
  }

  /** Puts a point where it belongs; late ones go between, equal times replace. */
  add(point: Point): void {
    const last = this.#points.at(-1);
    if (last === undefined || last.at < point.at) {
      this.#points.push(point);
    } else {
      let index = after(this.#points, point.at);
      while (index > 0 && this.#points[index - 1]?.at === point.at) {
        index -= 1;
        if (this.#points[index]?.stamp === point.stamp) {
          this.#points[index] = point;
          return;
        }
      }
      this.#points.splice(after(this.#points, point.at), 0, point);
    }
    // Trimmed in bulk, so that a fast tag does not move the whole list per sample.
    if (this.#points.length > this.most * 1.1) this.#points = this.#points.slice(-this.most);
  }

  /** Forgets what is older, but the newest of it: a state holds from there. */
  trim(before: number): void {
    const from = after(this.#points, before) - 1;
    if (from > 256) this.#points = this.#points.slice(from);
  }
}

/** The index behind the last point at or before a time. */
export function after(points: readonly { readonly at: number }[], at: number): number {
  let low = 0;
  let high = points.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((points[middle]?.at ?? Infinity) <= at) low = middle + 1;
    else high = middle;
  }
  return low;
}

/** Live samples that come while history is being read. */
const PENDING_MAX = 20_000;

/**
 * A series that is read by HTTP and goes on live. What arrives during the reading is kept and
 * merged when it ends, so the order in which the two answer does not matter.
 */
export class Continued {
  readonly series: Series;
  #pending: Point[] | undefined;

  constructor(most: number) {
    this.series = new Series(most);
  }

  reading(): void {
    this.#pending ??= [];
  }

  read(points: readonly Point[]): void {
    this.series.replace(points);
    for (const point of this.#pending ?? []) this.series.add(point);
    this.#pending = undefined;
  }

  live(point: Point): void {
    this.series.add(point);
    if (this.#pending !== undefined && this.#pending.length < PENDING_MAX) {
      this.#pending.push(point);
    }
  }
}
