// The chart itself, outside React: uPlot fed from a trend a few times a second.

import uPlot from "uplot";
import { palette } from "./colors";
import { paintBreaks, paintStates } from "./paint";
import { labels, room, stepOf, ticks, type Step } from "./scale";
import { after } from "./series";
import { alone, silenceMs, type Break, type Held } from "./shape";
import { valueText } from "../values/value";
import type { Drawing, Trend } from "./trend";

export interface Readout {
  readonly at: number;
  readonly text: string;
}

const LINE_HEIGHT = 250;
const STRIP_HEIGHT = 110;
const FONT = "11px system-ui, sans-serif";

/** How often a line is looked at again although nothing came. */
const LOOK_MS = 1_000;

/** How often a window moves on: once per pixel or so. */
function tickMs(windowMs: number): number {
  return Math.max(200, Math.min(5_000, windowMs / 1_200));
}

export class Chart {
  readonly #plot: uPlot;
  readonly #observer: ResizeObserver;
  readonly #timer: ReturnType<typeof setInterval>;
  #drawing: Drawing;
  readonly #box: HTMLElement;
  #drawn = -1;
  #looked = 0;
  #now = Date.now();
  #hovered: number | undefined;

  constructor(
    box: HTMLElement,
    private readonly trend: Trend,
    private readonly onReadout: (readout: Readout | undefined) => void,
  ) {
    this.#box = box;
    this.#drawing = trend.drawing(this.#now);
    box.classList.toggle("is-empty", isEmpty(this.#drawing));
    this.#plot = new uPlot(this.#options(box.clientWidth), columns(this.#drawing, this.#range()), box);
    this.#observer = new ResizeObserver(() =>
      this.#plot.setSize({ width: box.clientWidth, height: this.#height() }),
    );
    this.#observer.observe(box);
    this.#timer = setInterval(() => this.tick(), tickMs(trend.window.ms));
  }

  destroy(): void {
    clearInterval(this.#timer);
    this.#observer.disconnect();
    this.#plot.destroy();
  }

  /** Draws what is new, and moves the window on. */
  tick(): void {
    if (document.visibilityState === "hidden") return;
    this.#now = Date.now();
    // A tag falls silent without any news of it, so a line is looked at again now and then.
    const due = this.#now - this.#looked >= LOOK_MS;
    if (this.#drawn !== this.trend.version || this.#drawing.kind !== "line" || due) {
      this.#drawn = this.trend.version;
      this.#looked = this.#now;
      this.#drawing = this.trend.drawing(this.#now);
    }
    this.#box.classList.toggle("is-empty", isEmpty(this.#drawing));
    this.#plot.setData(columns(this.#drawing, this.#range()), true);
    this.#read();
  }

  #height(): number {
    return this.trend.subject.kind === "state" ? STRIP_HEIGHT : LINE_HEIGHT;
  }

  #range(): [number, number] {
    const [from, to] = this.trend.bounds(this.#now);
    return [from / 1000, to / 1000];
  }

  #options(width: number): uPlot.Options {
    const colors = palette();
    const state = this.trend.subject.kind === "state";
    const axis = { stroke: colors.text, font: FONT, ticks: { show: false } } as const;
    const grid = { stroke: colors.grid, width: 1 };
    const points = { size: 5, filter: dots };
    const paths: uPlot.Series.PathBuilder = (plot, ...rest) =>
      (this.#drawing.kind === "line" && this.#drawing.line.stepped ? STEPS : SLOPES)(plot, ...rest);
    const line = { stroke: colors.line, width: 1.75, spanGaps: false, points, paths };
    const edge = { stroke: "transparent", width: 0, spanGaps: false, points: { show: false } };
    // What only holds is no sample: thin and dashed.
    const holds = { stroke: colors.line, width: 1, dash: [3, 4], spanGaps: true, points: { show: false } };
    const banded = this.#drawing.kind === "band";
    return {
      width,
      height: this.#height(),
      padding: [10, 30, 0, state ? 30 : 0],
      legend: { show: false },
      cursor: { y: false, drag: { x: false, y: false }, points: { show: !state } },
      scales: {
        x: { time: true, range: () => this.#range() },
        y: { range: state ? [0, 1] : (_plot, min, max) => room(min, max) },
      },
      axes: [
        { ...axis, grid: { ...grid, show: !state }, values: timeLabels, space: 72, size: 28 },
        { ...axis, grid, show: !state, size: yAxisSize, ...NUMBERS },
      ],
      series: banded ? [{}, line, edge, edge, holds] : [{}, line, holds],
      bands: banded ? [{ series: [3, 2], fill: colors.band }] : [],
      hooks: {
        drawClear: [(plot) => this.#drawing.kind !== "states" && paintBreaks(plot, this.#breaks(), colors)],
        draw: [
          (plot) =>
            this.#drawing.kind === "states" && paintStates(plot, this.#drawing.segments, colors),
        ],
        setCursor: [(plot) => this.#hover(plot)],
      },
    };
  }

  #breaks() {
    if (this.#drawing.kind === "line") return this.#drawing.line.breaks;
    return this.#drawing.kind === "band" ? this.#drawing.band.breaks : [];
  }

  #hover(plot: uPlot): void {
    const left = plot.cursor.left ?? -1;
    this.#hovered = left < 0 ? undefined : left;
    this.#read();
  }

  #read(): void {
    if (this.#hovered === undefined) return this.onReadout(undefined);
    const at = this.#plot.posToVal(this.#hovered, "x") * 1000;
    this.onReadout(readout(this.#drawing, this.trend, at));
  }
}

const STEPS = built(uPlot.paths.stepped?.({ align: 1 }));
const SLOPES = built(uPlot.paths.linear?.());

function built(paths: uPlot.Series.PathBuilder | undefined): uPlot.Series.PathBuilder {
  if (paths === undefined) throw new Error("uPlot has been built without its paths");
  return paths;
}

/** Where samples are too many for dots, those without a neighbour have one all the same: no line shows them. */
function dots(plot: uPlot, series: number, isShown: boolean): number[] | null {
  return isShown ? null : alone(plot.data[series] ?? []);
}

/** uPlot's columns. Strips are painted by hand, so theirs only span the window. */
function columns(drawing: Drawing, [from, to]: [number, number]): uPlot.AlignedData {
  switch (drawing.kind) {
    case "line": {
      const { xs, ys } = drawing.line;
      return withHeld(xs, [ys], drawing.held);
    }
    case "band": {
      const { xs, avg, min, max } = drawing.band;
      return withHeld(xs, [avg, min, max], drawing.held);
    }
    case "states":
      return [
        [from, to],
        [null, null],
        [null, null],
      ];
  }
}

type Column = readonly (number | null)[];

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

function isEmpty(drawing: Drawing): boolean {
  if (drawing.kind === "states") return drawing.segments.length === 0;
  if (drawing.held !== undefined) return false;
  if (drawing.kind === "line") return drawing.line.xs.length === 0;
  // Averages are of Good values; the card says so where there is none.
  return drawing.band.avg.every((value) => value === null);
}

const BREAK_TEXTS: { readonly [why in Break["why"]]?: string } = { bad: "Bad", silence: "no samples" };

/** What was the case at a time. */
function readout(drawing: Drawing, trend: Trend, at: number): Readout | undefined {
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
    const text = `avg ${short(mean)}   min ${short(least ?? mean)}   max ${short(most ?? mean)}`;
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

const pad = (number: number) => String(number).padStart(2, "0");
const DAY_S = 86_400;

function timeLabels(_plot: uPlot, splits: number[], _axis: number, _space: number, step: number): string[] {
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
  values: (plot, splits) => {
    const { min = 0, max = 1 } = plot.scales.y ?? {};
    return labels(splits, tickStep(plot, [min, max]));
  },
};

function yAxisSize(_plot: uPlot, labels: string[] | null): number {
  const longest = Math.max(0, ...(labels ?? []).map((label) => label?.length ?? 0));
  return Math.max(44, 16 + longest * 6.6);
}
