// The units of what one chart shows: each of the two newest has a scale of its own, others have none.

import { numberOf } from "../values/value";
import type { Point } from "./series";
import { band, fold, line, silenceMs, type Band, type Break, type Bucket, type Held, type Line, type Segment } from "./shape";

/** Where samples name none, that is a unit like any other: nobody knows which one was meant. */
export type Unit = string | undefined;

/** How many units are drawn, each on its own scale. */
const SCALES_MAX = 2;

/** What is drawn in one unit. */
export interface Trace<Shape> {
  readonly unit: Unit;
  readonly shape: Shape;
  readonly held: Held | undefined;
}

export interface Traces<Shape> {
  /** At least one, that of the newest unit first. */
  readonly traces: readonly Trace<Shape>[];
  readonly breaks: readonly Break[];
  /** Units that have samples here and no scale. */
  readonly left: readonly Unit[];
}

/** What is to be drawn. */
export type Drawing =
  | ({ readonly kind: "line" } & Traces<Line>)
  | ({ readonly kind: "band" } & Traces<Band>)
  | { readonly kind: "states"; readonly segments: readonly Segment[] };

/** What holds behind the last sample, and in which unit. */
export interface HeldIn {
  readonly held: Held | undefined;
  readonly unit: Unit;
}

export function unitText(unit: Unit): string {
  return unit ?? "no unit";
}

/** Which unit stands on which side, and which are not drawn. */
export function unitsText(drawing: Drawing): string {
  if (drawing.kind === "states") return "";
  const { traces, left } = drawing;
  const [first, second] = traces;
  if (first === undefined || second === undefined) return first?.unit ?? "";
  const others = left.length === 0 ? "" : `; not drawn: ${left.map(unitText).join(", ")}`;
  return `${unitText(first.unit)} (left), ${unitText(second.unit)} (right)${others}`;
}

/** The units that numbers are in, the newest first. */
export function unitsOf(rows: readonly { readonly unit?: Unit; readonly isNumber: boolean }[]): Unit[] {
  const units = new Set<Unit>();
  for (let index = rows.length - 1; index >= 0; index -= 1) {
    const row = rows[index];
    if (row?.isNumber === true) units.add(row.unit);
  }
  return [...units];
}

const isNumber = (point: Point) => numberOf(point.value) !== null;

/** Lines of samples by unit, of those that lie behind `start`. */
export function lines(points: readonly Point[], [start, end]: readonly [number, number], last: HeldIn): Traces<Line> {
  const seen = points.filter((point) => point.at >= start);
  const { drawn, left } = chosen(unitsOf(seen.map((point) => ({ unit: point.unit, isNumber: isNumber(point) }))), last);
  const shown = left.length === 0 ? points : points.map((point) => (isLeft(point, drawn) ? named(point) : point));
  const whole = line(shown, silenceMs(points), end);
  if (drawn.length === 1) return { traces: drawn.map((unit) => traced(unit, whole, last)), breaks: whole.breaks, left };
  const traces = drawn.map((unit) => {
    // What is no number ends the lines of all units.
    const own = shown.filter((point) => !isNumber(point) || point.unit === unit);
    return traced(unit, line(own, silenceMs(own), end), last);
  });
  return { traces, breaks: whole.breaks, left };
}

/** A unit that only holds has a trace, too. */
function chosen(units: readonly Unit[], { held, unit }: HeldIn): { drawn: readonly Unit[]; left: readonly Unit[] } {
  const all = held !== undefined || units.length === 0 ? [unit, ...units.filter((each) => each !== unit)] : units;
  return { drawn: all.slice(0, SCALES_MAX), left: all.slice(SCALES_MAX) };
}

function traced<Shape>(unit: Unit, shape: Shape, last: HeldIn): Trace<Shape> {
  return { unit, shape, held: last.unit === unit ? last.held : undefined };
}

const isLeft = (point: Point, drawn: readonly Unit[]) => isNumber(point) && !drawn.includes(point.unit);

/** Stands where a number has no scale. */
function named(point: Point): Point {
  return { ...point, value: `in ${unitText(point.unit)}` };
}

function namedBreak({ at, unit }: Bucket, width: number): Break {
  return { from: at, to: at + width, why: "text", text: `in ${unitText(unit)}` };
}

interface Buckets {
  readonly closed: readonly Bucket[];
  /** The samples behind them. */
  readonly points: readonly Point[];
  readonly width: number;
  readonly end: number;
}

/** Averages by unit. */
export function bands({ closed, points, width, end }: Buckets, last: HeldIn): Traces<Band> {
  const open = unitsOf(points.map((point) => ({ unit: point.unit, isNumber: isNumber(point) })));
  const rows = [...closed, ...folded(points, open.length === 0 ? [last.unit] : open, width)];
  const { drawn, left } = chosen(unitsOf(rows.map(({ unit, avg }) => ({ unit, isNumber: avg !== null }))), last);
  const whole = band(joined(rows, drawn), width, end);
  const without = rows.filter(({ unit, avg }) => avg !== null && left.includes(unit));
  const breaks = [...without.map((row) => namedBreak(row, width)), ...whole.breaks];
  if (drawn.length === 1) return { traces: drawn.map((unit) => traced(unit, whole, last)), breaks, left };
  const traces = drawn.map((unit) => traced(unit, band(joined(rows, [unit]), width, end), last));
  return { traces, breaks, left };
}

function folded(points: readonly Point[], units: readonly Unit[], width: number): Bucket[] {
  // The newest unit comes last, as it does among samples.
  return [...units].reverse().flatMap((unit) =>
    fold(points.filter((point) => !isNumber(point) || point.unit === unit), width).map((bucket) => ({ ...bucket, unit })),
  );
}

/** One row for each time: a number in one of the units, or else that there is none. */
function joined(rows: readonly Bucket[], units: readonly Unit[]): Bucket[] {
  const byTime = new Map<number, Bucket>();
  for (const row of rows) {
    const known = byTime.get(row.at);
    const isBetter = row.avg === null ? known === undefined : units.includes(row.unit) && (known?.avg ?? null) === null;
    if (isBetter) byTime.set(row.at, row);
  }
  return [...byTime.values()].sort((a, b) => a.at - b.at);
}
