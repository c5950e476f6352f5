// The chart itself, outside React: uPlot fed from a trend a few times a second.

import uPlot from "uplot";
import { bandsOf, drawnUnits, FONT, lineColor, numberAxes, SCALES, seriesOf, timeLabels } from "./axes";
import { palette, type Palette } from "./colors";
import { columns } from "./columns";
import { paintBreaks, paintName, paintStates } from "./paint";
import { readout, type Readout } from "./readout";
import { room } from "./scale";
import type { Trend } from "./trend";
import { unitsText, unitText, type Drawing } from "./units";

const LINE_HEIGHT = 250;
const STRIP_HEIGHT = 110;

/** How often a line is looked at again although nothing came. */
const LOOK_MS = 1_000;

/** How often a window moves on: once per pixel or so. */
function tickMs(windowMs: number): number {
  return Math.max(200, Math.min(5_000, windowMs / 1_200));
}

export class Chart {
  #plot: uPlot;
  readonly #observer: ResizeObserver;
  readonly #timer: ReturnType<typeof setInterval>;
  #drawing: Drawing;
  readonly #box: HTMLElement;
  #drawn = -1;
  #looked = 0;
  #now = Date.now();
  #hovered: number | undefined;
  /** What it was made for. */
  #units: string;

  constructor(
    box: HTMLElement,
    private readonly trend: Trend,
    private readonly onReadout: (readout: Readout | undefined) => void,
    private readonly onUnits: (text: string) => void,
  ) {
    this.#box = box;
    this.#drawing = trend.drawing(this.#now);
    box.classList.toggle("is-empty", isEmpty(this.#drawing));
    this.#units = unitsText(this.#drawing);
    this.#plot = this.#made();
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
    const units = unitsText(this.#drawing);
    if (units === this.#units) {
      this.#plot.setData(columns(this.#drawing, this.#range()), true);
    } else {
      // Scales and series are made once.
      this.#units = units;
      this.#plot.destroy();
      this.#plot = this.#made();
    }
    this.#read();
  }

  #made(): uPlot {
    this.onUnits(this.#units);
    return new uPlot(this.#options(this.#box.clientWidth), columns(this.#drawing, this.#range()), this.#box);
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
    const axis = { stroke: colors.text, font: FONT, ticks: { show: false } };
    const units = drawnUnits(this.#drawing);
    const numbers: uPlot.Scale = { range: state ? [0, 1] : (_plot, min, max) => room(min, max) };
    return {
      width,
      height: this.#height(),
      padding: [10, 30, 0, state ? 30 : 0],
      legend: { show: false },
      cursor: { y: false, drag: { x: false, y: false }, points: { show: !state } },
      scales: {
        x: { time: true, range: () => this.#range() },
        ...Object.fromEntries(SCALES.slice(0, units.length).map((scale) => [scale, numbers])),
      },
      axes: [
        { ...axis, grid: { stroke: colors.grid, width: 1, show: !state }, values: timeLabels, space: 72, size: 28 },
        ...numberAxes(units, colors).map((numberAxis) => ({ ...numberAxis, show: !state })),
      ],
      series: [{}, ...units.flatMap((_, index) => seriesOf(index, colors, () => this.#drawing))],
      bands: bandsOf(this.#drawing, colors),
      hooks: {
        drawClear: [(plot) => this.#drawing.kind !== "states" && paintBreaks(plot, this.#breaks(), colors)],
        draw: [(plot) => this.#paint(plot, colors)],
        setCursor: [(plot) => this.#hover(plot)],
      },
    };
  }

  #breaks() {
    return this.#drawing.kind === "states" ? [] : this.#drawing.breaks;
  }

  #paint(plot: uPlot, colors: Palette): void {
    if (this.#drawing.kind === "states") return paintStates(plot, this.#drawing.segments, colors);
    const units = drawnUnits(this.#drawing);
    if (units.length === 1) return;
    const perUnit = (plot.series.length - 1) / units.length;
    units.forEach((unit, index) =>
      paintName(plot, 1 + index * perUnit, { text: unitText(unit), color: lineColor(colors, index) }),
    );
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

function isEmpty(drawing: Drawing): boolean {
  if (drawing.kind === "states") return drawing.segments.length === 0;
  if (drawing.traces.some(({ held }) => held !== undefined)) return false;
  if (drawing.kind === "line") return drawing.traces.every(({ shape }) => shape.xs.length === 0);
  // Averages are of Good values; the card says so where there is none.
  return drawing.traces.every(({ shape }) => shape.avg.every((value) => value === null));
}
