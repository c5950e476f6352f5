// uPlot's columns of a drawing: what is sure, what is Uncertain, and what only holds.

import type uPlot from "uplot";
import { alone, parted, type Held } from "./shape";
import type { Drawing } from "./trend";

type Column = readonly (number | null)[];

/** Where samples are too many for dots, those without a neighbour have one all the same: no line shows them. */
export function dots(plot: uPlot, series: number, isShown: boolean): number[] | null {
  return isShown ? null : alone(plot.data[series] ?? []);
}

/** The same of Uncertain values, whose column has the neighbours that a line joins them to as well. */
export function unsureDots(plot: uPlot, series: number, isShown: boolean, unsure: readonly boolean[]): number[] {
  const column = plot.data[series] ?? [];
  const shown = isShown ? column.map((_, index) => index) : alone(column);
  return [...shown].filter((index) => unsure[index] === true && typeof column[index] === "number");
}

/** Strips are painted by hand, so theirs only span the window. */
export function columns(drawing: Drawing, [from, to]: readonly [number, number]): uPlot.AlignedData {
  switch (drawing.kind) {
    case "line": {
      const { xs, ys, unsure } = drawing.line;
      const apart = parted(ys, unsure);
      return withHeld(xs, [apart.sure, apart.unsure], drawing.held);
    }
    case "band": {
      const { xs, avg, min, max, unsure } = drawing.band;
      const apart = parted(avg, unsure);
      return withHeld(xs, [apart.sure, apart.unsure, min, max], drawing.held);
    }
    case "states":
      return [
        [from, to],
        [null, null],
        [null, null],
        [null, null],
      ];
  }
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
