// What a chart shows at one time, in words.

import { unitBeside, valueText } from "../values/value";
import { after, type Point } from "./series";
import { silenceMs, type Band, type Break } from "./shape";
import type { Trend } from "./trend";
import { unitText, type Drawing, type Trace } from "./units";

export interface Readout {
  readonly at: number;
  readonly text: string;
}

const BREAK_TEXTS: { readonly [why in Break["why"]]?: string } = { bad: "Bad", silence: "no samples" };

/** What was the case at a time. */
export function readout(drawing: Drawing, trend: Trend, at: number): Readout | undefined {
  if (drawing.kind === "states") {
    const segment = drawing.segments.findLast((each) => each.from <= at);
    return segment === undefined ? undefined : { at, text: segment.text };
  }
  const inside = drawing.breaks.find(({ from, to }) => from < at && at < to);
  if (inside !== undefined) return { at, text: BREAK_TEXTS[inside.why] ?? inside.text ?? "no number" };
  for (const { held, unit } of drawing.traces) {
    if (held !== undefined && at > held.from) return { at, text: `${withUnit(held.value, unit)}   held, no new sample` };
  }
  return drawing.kind === "band" ? bucketAt(drawing.traces, trend, at) : sampleAt(trend.points, at);
}

function sampleAt(points: readonly Point[], at: number): Readout | undefined {
  const index = nearest(
    points.map((point) => point.at),
    at,
  );
  const point = points[index];
  if (point === undefined) return undefined;
  if (Math.abs(point.at - at) > silenceMs(points)) return { at, text: "no samples" };
  const quality = point.quality === "Good" ? "" : `   ${point.quality}`;
  return { at: point.at, text: `${point.value === null ? "no value" : withUnit(point.value, point.unit)}${quality}` };
}

function withUnit(value: Point["value"], unit: string | undefined): string {
  const beside = unitBeside(value, unit);
  return beside === undefined ? valueText(value) : `${valueText(value)} ${beside}`;
}

/** The buckets of all units that are near. */
function bucketAt(traces: readonly Trace<Band>[], trend: Trend, at: number): Readout {
  const found = traces.map(({ unit, shape }) => ({ unit, shape, index: nearest(shape.xs, at / 1000) }));
  const timeOf = ({ shape, index }: (typeof found)[number]) => (shape.xs[index] ?? 0) * 1000;
  const near = found.filter((each) => Math.abs(timeOf(each) - at) <= 4 * trend.window.bucketMs);
  const [first] = near;
  if (first === undefined) return { at, text: "no samples" };
  const texts = near.flatMap(({ unit, shape, index }) => {
    const [mean, least, most] = [shape.avg[index], shape.min[index], shape.max[index]];
    if (mean === null || mean === undefined) return [];
    const name = traces.length > 1 || unit !== undefined ? `   ${unitText(unit)}` : "";
    const quality = shape.unsure[index] === true ? "   Uncertain: not all were Good" : "";
    return [`avg ${short(mean)}   min ${short(least ?? mean)}   max ${short(most ?? mean)}${name}${quality}`];
  });
  return { at: timeOf(first), text: texts.length === 0 ? "no value" : texts.join("      ") };
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
