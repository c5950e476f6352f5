// What uPlot is told of axes and series: a scale for each unit, steps between codes, and how each quality looks.

import uPlot from "uplot";
import type { Palette } from "./colors";
import { dots, unsureDots } from "./columns";
import { labels, stepOf, ticks, type Step } from "./scale";
import { unitText, type Drawing, type Unit } from "./units";

export const FONT = "11px system-ui, sans-serif";

/** The scale of the nth unit. */
export const SCALES = ["y", "y2"] as const;

/** The units of a drawing, one for each scale. */
export function drawnUnits(drawing: Drawing): readonly Unit[] {
  return drawing.kind === "states" ? [undefined] : drawing.traces.map(({ unit }) => unit);
}

/** The axes of numbers. Where there are two, each has the colour of its line and says its unit. */
export function numberAxes(units: readonly Unit[], colors: Palette): uPlot.Axis[] {
  return units.map((unit, index) => {
    const isOne = units.length === 1;
    const label = isOne ? unit : unitText(unit);
    return {
      ...NUMBERS,
      scale: SCALES[index] ?? "y",
      side: index === 0 ? 3 : 1,
      font: FONT,
      stroke: isOne ? colors.text : lineColor(colors, index),
      ticks: { show: false },
      grid: { stroke: colors.grid, width: 1, show: index === 0 },
      size: numberAxisSize,
      ...(label === undefined ? {} : { label, labelSize: 18, labelGap: 0, labelFont: FONT }),
    };
  });
}

export function lineColor(colors: Palette, index: number): string {
  return colors.lines[index] ?? colors.text;
}

/** The series of one unit, as `columns` has them. */
export function seriesOf(index: number, colors: Palette, drawing: () => Drawing): uPlot.Series[] {
  const paths: uPlot.Series.PathBuilder = (plot, ...rest) => (isStepped(drawing(), index) ? STEPS : SLOPES)(plot, ...rest);
  const [scale, stroke] = [SCALES[index] ?? "y", lineColor(colors, index)];
  const line: uPlot.Series = { scale, stroke, width: 1.75, spanGaps: false, points: { size: 5, filter: dots }, paths };
  const hollow = { size: 5, fill: colors.ground, filter: unsureDots };
  const unsure: uPlot.Series = { ...line, width: 1, dash: [6, 4], points: hollow };
  const edge: uPlot.Series = { scale, stroke: "transparent", width: 0, spanGaps: false, points: { show: false } };
  // What only holds is no sample: dotted.
  const holds: uPlot.Series = { scale, stroke, width: 1.5, dash: [1, 4], cap: "round", spanGaps: true, points: { show: false } };
  return drawing().kind === "band" ? [line, unsure, edge, edge, holds] : [line, unsure, holds];
}

/** Between which series the least and the most of each unit lie. */
export function bandsOf(drawing: Drawing, colors: Palette): uPlot.Band[] {
  if (drawing.kind !== "band") return [];
  return drawing.traces.map((_, index) => ({
    series: [4 + 5 * index, 3 + 5 * index],
    fill: colors.bands[index] ?? "transparent",
  }));
}

function isStepped(drawing: Drawing, index: number): boolean {
  return drawing.kind === "line" && drawing.traces[index]?.shape.stepped === true;
}

const STEPS = built(uPlot.paths.stepped?.({ align: 1 }));
const SLOPES = built(uPlot.paths.linear?.());

function built(paths: uPlot.Series.PathBuilder | undefined): uPlot.Series.PathBuilder {
  if (paths === undefined) throw new Error("uPlot has been built without its paths");
  return paths;
}

const pad = (number: number) => String(number).padStart(2, "0");
const DAY_S = 86_400;

export function timeLabels(_plot: uPlot, splits: number[], _axis: number, _space: number, step: number): string[] {
  return splits.map((split, index) => {
    const date = new Date(split * 1000);
    const day = `${pad(date.getMonth() + 1)}-${pad(date.getDate())}`;
    const minute = `${pad(date.getHours())}:${pad(date.getMinutes())}`;
    if (step >= DAY_S) return day;
    const midnight = date.getHours() === 0 && date.getMinutes() === 0 && step >= 60;
    const time = step < 60 ? `${minute}:${pad(date.getSeconds())}` : minute;
    return midnight && index > 0 ? `${day}` : time;
  });
}

/** How many pixels of the height a tick has for itself. */
const TICK_ROOM = 34;

function tickStep({ height }: uPlot, range: readonly [number, number]): Step {
  return stepOf(range, Math.min(0.5, TICK_ROOM / height));
}

/** uPlot's own ticks end at 17 digits and its labels at three decimals. */
const NUMBERS: Pick<uPlot.Axis, "incrs" | "splits" | "values"> = {
  // Whatever is found suffices: the ticks do not follow from it.
  incrs: (_plot, _axis, min, max) => [Math.max(5, max - min)],
  splits: (plot, _axis, min, max) => ticks([min, max], tickStep(plot, [min, max])),
  values: (plot, splits, axis) => {
    const { min = 0, max = 1 } = plot.scales[plot.axes[axis]?.scale ?? "y"] ?? {};
    return labels(splits, tickStep(plot, [min, max]));
  },
};

function numberAxisSize(_plot: uPlot, labels: string[] | null): number {
  const longest = Math.max(0, ...(labels ?? []).map((label) => label?.length ?? 0));
  return Math.max(44, 16 + longest * 6.6);
}
