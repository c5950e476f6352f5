// From samples to what is drawn: lines with breaks, buckets, strips of states.

import type { Quality } from "../api/types";
import { silenceAfter, usualInterval } from "../values/pace";
import { kindOf, numberOf, valueText } from "../values/value";
import type { Point } from "./series";

export interface Bucket {
  readonly at: number;
  readonly avg: number | null;
  readonly min: number | null;
  readonly max: number | null;
  readonly quality: Quality;
  readonly unit?: string | undefined;
}

/** A stretch that shows no value. */
export interface Break {
  readonly from: number;
  readonly to: number;
  readonly why: "bad" | "silence" | "text";
  /** What stands there instead of a number. */
  readonly text?: string;
}

export interface Segment {
  readonly from: number;
  readonly to: number;
  /** Until here samples confirm the state; behind it, it is only assumed to hold. */
  readonly sureTo: number;
  readonly text: string;
  readonly quality: Quality;
}

/** From this distance on, two samples are not joined. */
export function silenceMs(points: readonly { readonly at: number }[], least?: number): number {
  return silenceAfter(usualInterval(points), least);
}

/** A value that nothing newer has replaced: it holds, as far as anybody knows. */
export interface Held {
  readonly from: number;
  readonly to: number;
  readonly value: number;
}

/** What holds from the last sample to now, once the tag is silent for its pace. */
export function held(last: Point | undefined, silence: number, [start, now]: readonly [number, number]): Held | undefined {
  if (last === undefined || hides(last.quality) || now - last.at <= silence) return undefined;
  const value = numberOf(last.value);
  return value === null ? undefined : { from: Math.max(start, last.at), to: now, value };
}

const hides = (quality: Quality) => quality === "Bad" || quality === "GoodNoData";

export interface Line {
  readonly xs: number[];
  readonly ys: (number | null)[];
  /** Of each value, whether it is Uncertain. */
  readonly unsure: boolean[];
  readonly breaks: Break[];
  /** A code that holds until the next one, so that nothing lies between the two. */
  readonly stepped: boolean;
}

/** Integers of at most so many values are taken for the codes of a state. */
const CODES_MAX = 8;
/** Of fewer samples nobody can tell a code from a measurement. */
const CODED_MIN = 8;

/** Whether numbers are codes: few different integers that come again and again. */
function isCoded(ys: readonly (number | null)[]): boolean {
  const codes = new Set<number>();
  let count = 0;
  for (const y of ys) {
    if (y === null) continue;
    if (!Number.isInteger(y) || codes.add(y).size > CODES_MAX) return false;
    count += 1;
  }
  return count >= CODED_MIN && count >= 3 * codes.size;
}

/**
 * The values that have no neighbour: a line from one to the next does not show them. `undefined` stands where
 * only other columns have a row.
 */
export function alone(ys: ArrayLike<number | null | undefined>): number[] {
  const found: number[] = [];
  let before: number | null = null;
  let candidate: number | undefined;
  for (let i = 0; i < ys.length; i += 1) {
    const y = ys[i];
    if (y === undefined) continue;
    if (y === null && candidate !== undefined) found.push(candidate);
    candidate = y !== null && before === null ? i : undefined;
    before = y;
  }
  if (candidate !== undefined) found.push(candidate);
  return found;
}

/** One column as two: of the values that are sure, and of those that are not, with the neighbours a line joins them to. */
export function parted(ys: readonly (number | null)[], unsure: readonly boolean[]) {
  const isBeside = (index: number) => unsure[index] === true || unsure[index - 1] === true || unsure[index + 1] === true;
  return {
    sure: ys.map((y, index) => (unsure[index] === true ? null : y)),
    unsure: ys.map((y, index) => (isBeside(index) ? y : null)),
  };
}

/** Seconds and values for a line; `null` where it breaks. A text at its end holds until `end`. */
export function line(points: readonly Point[], silence: number, end?: number): Line {
  const xs: number[] = [];
  const ys: (number | null)[] = [];
  const unsure: boolean[] = [];
  const breaks: Break[] = [];
  let before: Point | undefined;
  for (const point of points) {
    if (before !== undefined && point.at - before.at > silence) {
      xs.push((before.at + point.at) / 2000);
      ys.push(null);
      unsure.push(false);
      breaks.push({ from: before.at, to: point.at, why: hides(before.quality) ? "bad" : "silence" });
    } else if (before !== undefined) {
      breakAt(breaks, before, point.at);
    }
    xs.push(point.at / 1000);
    ys.push(hides(point.quality) ? null : numberOf(point.value));
    unsure.push(point.quality === "Uncertain");
    before = point;
  }
  const last = points.at(-1);
  if (last !== undefined && end !== undefined && !hides(last.quality)) breakAt(breaks, last, Math.max(last.at, end));
  return { xs, ys, unsure, breaks, stepped: isCoded(ys) };
}

/** A point that shows no number breaks the line until the next; equal texts are one break. */
function breakAt(breaks: Break[], { at, value, quality }: Point, to: number): void {
  if (hides(quality)) breaks.push({ from: at, to, why: "bad" });
  else if (kindOf(value) === "state") {
    const [text, last] = [valueText(value), breaks.at(-1)];
    const goesOn = last?.why === "text" && last.text === text && last.to === at;
    if (goesOn) breaks.pop();
    breaks.push({ from: goesOn ? last.from : at, to, why: "text", text });
  }
}

/** Folds raw samples into buckets as the hub does: of Good values, all others only lower the quality. */
export function fold(points: readonly Point[], width: number): Bucket[] {
  const out: Bucket[] = [];
  let numbers: number[] = [];
  let worst: Quality = "Good";
  let at = NaN;
  const close = () => {
    if (Number.isNaN(at)) return;
    const some = numbers.length > 0;
    const sum = numbers.reduce((total, number) => total + number, 0);
    out.push({
      at,
      avg: some ? sum / numbers.length : null,
      min: some ? numbers.reduce((a, b) => Math.min(a, b)) : null,
      max: some ? numbers.reduce((a, b) => Math.max(a, b)) : null,
      quality: some ? worst : "Bad",
    });
  };
  for (const point of points) {
    const start = Math.floor(point.at / width) * width;
    if (start !== at) {
      close();
      [numbers, worst, at] = [[], "Good", start];
    }
    const number = point.quality === "Good" ? numberOf(point.value) : null;
    if (number !== null) numbers.push(number);
    if (point.quality !== "Good") worst = "Uncertain";
  }
  close();
  return out;
}

export interface Band {
  readonly xs: number[];
  readonly avg: (number | null)[];
  readonly min: (number | null)[];
  readonly max: (number | null)[];
  /** Of each bucket, whether some of its samples were not Good. */
  readonly unsure: boolean[];
  readonly breaks: Break[];
}

/** Columns of buckets, each drawn at its middle, none past `end`; missing ones break the line. */
export function band(buckets: readonly Bucket[], width: number, end = Infinity): Band {
  const out: Band = { xs: [], avg: [], min: [], max: [], unsure: [], breaks: [] };
  const silence = Math.max(2.5 * width, 4 * (usualInterval(buckets) ?? width));
  const push = (at: number, bucket?: Bucket) => {
    out.xs.push(at / 1000);
    out.avg.push(bucket?.avg ?? null);
    out.min.push(bucket?.min ?? null);
    out.max.push(bucket?.max ?? null);
    out.unsure.push(bucket?.quality === "Uncertain");
  };
  let before: Bucket | undefined;
  for (const bucket of buckets) {
    if (before !== undefined && bucket.at - before.at > silence) {
      push((before.at + bucket.at + width) / 2);
      out.breaks.push({ from: before.at + width, to: bucket.at, why: "silence" });
    }
    if (hides(bucket.quality) || bucket.avg === null) {
      out.breaks.push({ from: bucket.at, to: bucket.at + width, why: "bad" });
    }
    push(Math.min(bucket.at + width / 2, Math.max(end, bucket.at)), bucket);
    before = bucket;
  }
  return out;
}

/** Runs of equal states; the last one lasts until `end`. */
export function segments(points: readonly Point[], silence: number, end: number): Segment[] {
  const out: { from: number; to: number; sureTo: number; text: string; quality: Quality }[] = [];
  points.forEach((point, index) => {
    const to = Math.max(point.at, points[index + 1]?.at ?? end);
    const sureTo = Math.min(to, point.at + silence);
    const text = hides(point.quality) ? "no value" : valueText(point.value);
    const last = out.at(-1);
    const goesOn = last?.text === text && last.quality === point.quality;
    if (goesOn && last.sureTo >= point.at) {
      [last.to, last.sureTo] = [to, sureTo];
    } else {
      out.push({ from: point.at, to, sureTo, text, quality: point.quality });
    }
  });
  return out;
}
