// The chart itself, outside React: uPlot fed from a trend a few times a second.

import uPlot from "uplot";
import { palette } from "./colors";
import { columns, dots, unsureDots } from "./columns";
import { paintBreaks, paintStates } from "./paint";
import { readout, type Readout } from "./readout";
import { labels, room, stepOf, ticks, type Step } from "./scale";
import type { Drawing, Trend } from "./trend";

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
    const unsure = { ...line, width: 1, dash: [6, 4], points: { size: 5, fill: colors.ground, filter: this.#unsureDots } };
    const edge = { stroke: "transparent", width: 0, spanGaps: false, points: { show: false } };
    // What only holds is no sample: dotted.
    const holds = { stroke: colors.line, width: 1.5, dash: [1, 4], cap: "round" as const, spanGaps: true, points: { show: false } };
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
      series: banded ? [{}, line, unsure, edge, edge, holds] : [{}, line, unsure, holds],
      bands: banded ? [{ series: [4, 3], fill: colors.band }] : [],
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

  readonly #unsureDots = (plot: uPlot, series: number, isShown: boolean): number[] =>
    unsureDots(plot, series, isShown, unsureOf(this.#drawing));

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

function unsureOf(drawing: Drawing): readonly boolean[] {
  if (drawing.kind === "line") return drawing.line.unsure;
  return drawing.kind === "band" ? drawing.band.unsure : [];
}

function isEmpty(drawing: Drawing): boolean {
  if (drawing.kind === "states") return drawing.segments.length === 0;
  if (drawing.held !== undefined) return false;
  if (drawing.kind === "line") return drawing.line.xs.length === 0;
  // Averages are of Good values; the card says so where there is none.
  return drawing.band.avg.every((value) => value === null);
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
