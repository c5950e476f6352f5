// uPlot's columns of a drawing: what is sure, what is Uncertain, and what only holds.

import uPlot from "uplot";
import { alone, parted, type Held } from "./shape";
import type { Drawing } from "./units";

type Column = readonly (number | null | undefined)[];

/** Where samples are too many for dots, those without a neighbour have one all the same: no line shows them. */
export function dots(plot: uPlot, series: number, isShown: boolean): number[] | null {
  return isShown ? null : alone(plot.data[series] ?? []);
}

/** The same of Uncertain values. Their column has neighbours as well, which the one before it has for its own. */
export function unsureDots(plot: uPlot, series: number, isShown: boolean): number[] {
  const [sure, column] = [plot.data[series - 1] ?? [], plot.data[series] ?? []];
  const shown = isShown ? Array.from(column, (_, index) => index) : alone(column);
  return shown.filter((index) => typeof column[index] === "number" && typeof sure[index] !== "number");
}

/** Strips are painted by hand, so theirs only span the window. */
export function columns(drawing: Drawing, [from, to]: readonly [number, number]): uPlot.AlignedData {
  switch (drawing.kind) {
    case "line":
      return side(
        drawing.traces.map(({ shape: { xs, ys, unsure }, held }) => {
          const apart = parted(ys, unsure);
          return withHeld(xs, [apart.sure, apart.unsure], held);
        }),
      );
    case "band":
      return side(
        drawing.traces.map(({ shape: { xs, avg, min, max, unsure }, held }) => {
          const apart = parted(avg, unsure);
          return withHeld(xs, [apart.sure, apart.unsure, min, max], held);
        }),
      );
    case "states":
      return [
        [from, to],
        [null, null],
        [null, null],
        [null, null],
      ];
  }
}

/** The columns of several units side by side; `undefined` stands where only others have a row. */
function side(tables: uPlot.AlignedData[]): uPlot.AlignedData {
  const [first, ...rest] = tables;
  if (first !== undefined && rest.length === 0) return first;
  const [xs, ...ys] = uPlot.join(tables);
  return aligned([[...xs], ...ys.map((column) => widened([...column]))]);
}

/** A gap reaches from one value to the next, over all rows that only others have. */
export function widened(column: (number | null | undefined)[]): (number | null | undefined)[] {
  let isGap = false;
  let rows: number[] = [];
  for (const [index, y] of column.entries()) {
    if (y === undefined) {
      rows.push(index);
      continue;
    }
    if (isGap || y === null) rows.forEach((row) => (column[row] = null));
    [isGap, rows] = [y === null, []];
  }
  return column;
}

/** The columns, and one for what holds behind their last row. */
function withHeld(xs: readonly number[], ys: readonly Column[], held: Held | undefined): uPlot.AlignedData {
  if (held === undefined) return aligned([xs, ...ys, xs.map(() => null)]);
  const [from, to] = [held.from / 1000, held.to / 1000];
  const joined = xs.at(-1) === from;
  const rows = joined ? [to] : [from, to];
  const before = xs.map((_, index) => (joined && index === xs.length - 1 ? held.value : null));
  const after = ys.map((column) => [...column, ...rows.map(() => null)]);
  return aligned([[...xs, ...rows], ...after, [...before, ...rows.map(() => held.value)]]);
}

/** uPlot's type, which asks for a first column and for lists it may write to; it does not. */
function aligned(columns: readonly Column[]): uPlot.AlignedData {
  return columns as unknown as uPlot.AlignedData;
}
