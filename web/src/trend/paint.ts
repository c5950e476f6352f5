// What is painted on the canvas beside lines: breaks and strips of states.

import type uPlot from "uplot";
import { stateColor, type Palette } from "./colors";
import type { Break, Segment } from "./shape";

const HATCH_STEP = 8;

/** Hatches stretches without a value; red where the source said Bad. */
export function paintBreaks(chart: uPlot, breaks: readonly Break[], colors: Palette): void {
  const { ctx, bbox } = chart;
  const ratio = devicePixelRatio;
  ctx.save();
  ctx.beginPath();
  ctx.rect(bbox.left, bbox.top, bbox.width, bbox.height);
  ctx.clip();
  stateFont(ctx, ratio);
  for (const { from, to, why, text } of breaks) {
    const left = Math.max(bbox.left, chart.valToPos(from / 1000, "x", true));
    const right = Math.min(bbox.left + bbox.width, chart.valToPos(to / 1000, "x", true));
    if (right - left < 1) continue;
    hatch(ctx, [left, bbox.top, right - left, bbox.height], why === "bad" ? colors.bad : colors.silence, ratio);
    const box = [left, bbox.top, right - left, 24 * ratio] as const;
    if (text !== undefined) label(ctx, text, box, { ratio, color: colors.text });
  }
  ctx.restore();
}

type Box = readonly [left: number, top: number, width: number, height: number];

function hatch(ctx: CanvasRenderingContext2D, box: Box, color: string, ratio: number): void {
  const [left, top, width, height] = box;
  ctx.save();
  ctx.beginPath();
  ctx.rect(left, top, width, height);
  ctx.clip();
  ctx.globalAlpha = 0.1;
  ctx.fillStyle = color;
  ctx.fillRect(left, top, width, height);
  ctx.globalAlpha = 0.35;
  ctx.strokeStyle = color;
  ctx.lineWidth = ratio;
  ctx.beginPath();
  const step = HATCH_STEP * ratio;
  for (let x = left - height - (left % step); x < left + width; x += step) {
    ctx.moveTo(x, top + height);
    ctx.lineTo(x + height, top);
  }
  ctx.stroke();
  ctx.restore();
}

/** Writes what a line is called over its last value. */
export function paintName(chart: uPlot, series: number, { text, color }: { text: string; color: string }): void {
  const ratio = devicePixelRatio;
  const [xs, sure, unsure] = [chart.data[0], chart.data[series] ?? [], chart.data[series + 1] ?? []];
  const end = xs.findLastIndex((_, index) => typeof (sure[index] ?? unsure[index]) === "number");
  const [x, y] = [xs[end], sure[end] ?? unsure[end]];
  const scale = chart.series[series]?.scale;
  if (x === undefined || typeof y !== "number" || scale === undefined) return;
  const { ctx, bbox } = chart;
  ctx.save();
  stateFont(ctx, ratio);
  ctx.fillStyle = color;
  const least = bbox.left + ctx.measureText(text).width + 4 * ratio;
  const [left, top] = [Math.max(least, chart.valToPos(x, "x", true)), chart.valToPos(y, scale, true) - 10 * ratio];
  ctx.textAlign = "right";
  ctx.fillText(text, left, Math.max(bbox.top + 7 * ratio, top));
  ctx.restore();
}

const LABEL_ROOM = 34;

function stateFont(ctx: CanvasRenderingContext2D, ratio: number): void {
  ctx.font = `600 ${12 * ratio}px system-ui, sans-serif`;
  ctx.textAlign = "left";
  ctx.textBaseline = "middle";
}

/** Paints runs of states as one strip, labelled where there is room. */
export function paintStates(chart: uPlot, segments: readonly Segment[], colors: Palette): void {
  const { ctx, bbox } = chart;
  const ratio = devicePixelRatio;
  const [top, height] = [bbox.top + bbox.height * 0.18, bbox.height * 0.64];
  const at = (ms: number) =>
    Math.max(bbox.left, Math.min(bbox.left + bbox.width, chart.valToPos(ms / 1000, "x", true)));
  ctx.save();
  stateFont(ctx, ratio);
  for (const [index, segment] of segments.entries()) {
    const border = segments[index - 1]?.to === segment.from ? ratio : 0;
    // Two states may have one colour: a line of the ground parts them.
    const start = at(segment.from);
    const [sure, right] = [at(segment.sureTo), at(segment.to)];
    const left = right - start > 3 * border ? start + border : start;
    if (right <= left) continue;
    if (segment.text === "no value") {
      hatch(ctx, [left, top, right - left, height], colors.bad, ratio);
      continue;
    }
    ctx.fillStyle = stateColor(segment.text, colors);
    if (sure > left) ctx.fillRect(left, top, Math.max(sure - left, ratio), height);
    ctx.globalAlpha = 0.3;
    ctx.fillRect(sure, top, right - sure, height);
    ctx.globalAlpha = 1;
    if (segment.quality === "Uncertain") hatch(ctx, [left, top, right - left, height], colors.text, ratio);
    // A state that only holds has its name all the same, in ink: its strip is faint.
    const confirmed = sure - left >= LABEL_ROOM * ratio;
    const width = (confirmed ? sure : right) - left;
    label(ctx, segment.text, [left, top, width, height], { ratio, color: confirmed ? "#fff" : colors.text });
  }
  ctx.restore();
}

interface Ink {
  readonly ratio: number;
  readonly color: string;
}

function label(ctx: CanvasRenderingContext2D, text: string, box: Box, { ratio, color }: Ink): void {
  const [left, top, width, height] = box;
  if (width < LABEL_ROOM * ratio) return;
  ctx.save();
  ctx.beginPath();
  ctx.rect(left, top, width - 4 * ratio, height);
  ctx.clip();
  ctx.fillStyle = color;
  ctx.fillText(text, left + 8 * ratio, top + height / 2);
  ctx.restore();
}
