// What a chart shows at one time, in words.

import { valueText } from "../values/value";
import { after } from "./series";
import { silenceMs, type Break } from "./shape";
import type { Drawing, Trend } from "./trend";

export interface Readout {
  readonly at: number;
  readonly text: string;
}

const BREAK_TEXTS: { readonly [why in Break["why"]]?: string } = { bad: "Bad", silence: "no samples" };

/** What was the case at a time. */
export function readout(drawing: Drawing, trend: Trend, at: number): Readout | undefined {
  if (drawing.kind !== "states") {
    const { breaks } = drawing.kind === "line" ? drawing.line : drawing.band;
    const inside = breaks.find(({ from, to }) => from < at && at < to);
    if (inside !== undefined) return { at, text: BREAK_TEXTS[inside.why] ?? inside.text ?? "no number" };
    const { held } = drawing;
    if (held !== undefined && at > held.from) return { at, text: `${String(held.value)}   held, no new sample` };
  }
  if (drawing.kind === "band") {
    const { xs, avg, min, max } = drawing.band;
    const index = nearest(xs, at / 1000);
    const [mean, least, most] = [avg[index], min[index], max[index]].map((value) => value ?? null);
    const away = Math.abs((xs[index] ?? 0) * 1000 - at);
    if (away > 4 * trend.window.bucketMs) return { at, text: "no samples" };
    if (mean === null || mean === undefined) return { at: (xs[index] ?? 0) * 1000, text: "no value" };
    const quality = drawing.band.unsure[index] === true ? "   Uncertain: not all were Good" : "";
    const text = `avg ${short(mean)}   min ${short(least ?? mean)}   max ${short(most ?? mean)}${quality}`;
    return { at: (xs[index] ?? 0) * 1000, text };
  }
  if (drawing.kind === "states") {
    const segment = drawing.segments.findLast((each) => each.from <= at);
    return segment === undefined ? undefined : { at, text: segment.text };
  }
  const { points } = trend;
  const index = nearest(
    points.map((point) => point.at),
    at,
  );
  const point = points[index];
  if (point === undefined) return undefined;
  if (Math.abs(point.at - at) > silenceMs(points)) return { at, text: "no samples" };
  const quality = point.quality === "Good" ? "" : `   ${point.quality}`;
  return { at: point.at, text: `${point.value === null ? "no value" : valueText(point.value)}${quality}` };
}

function nearest(sorted: readonly number[], at: number): number {
  const right = after(
    sorted.map((value) => ({ at: value })),
    at,
  );
  const [before, behind] = [sorted[right - 1], sorted[right]];
  if (before === undefined) return right;
  return behind === undefined || at - before <= behind - at ? right - 1 : right;
}

function short(number: number): string {
  return Number.parseFloat(number.toPrecision(6)).toString();
}
