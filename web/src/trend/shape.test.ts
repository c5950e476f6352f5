import { describe, expect, it } from "vitest";
import type { Quality, Value } from "../api/types";
import { usualInterval } from "../values/pace";
import { alone, band, fold, held, line, parted, segments, silenceMs } from "./shape";

const point = (second: number, value: Value, quality: Quality = "Good") => ({
  at: second * 1000,
  stamp: String(second),
  value,
  quality,
});

describe("line", () => {
  it("breaks at silence and at Bad quality", () => {
    const points = [point(1, 1), point(2, 2), point(3, null, "Bad"), point(4, 4), point(60, 5)];
    const { xs, ys, breaks } = line(points, 10_000);
    expect(xs).toEqual([1, 2, 3, 4, 32, 60]);
    expect(ys).toEqual([1, 2, null, 4, null, 5]);
    expect(breaks).toEqual([
      { from: 3_000, to: 4_000, why: "bad" },
      { from: 4_000, to: 60_000, why: "silence" },
    ]);
  });

  it("says what stands there instead of a number", () => {
    const points = [point(1, 1), point(2, "OFF"), point(3, "OFF"), point(4, 4), point(5, "ERR"), point(6, 5)];
    const { ys, breaks } = line(points, 10_000);
    expect(ys).toEqual([1, null, null, 4, null, 5]);
    expect(breaks).toEqual([
      { from: 2_000, to: 4_000, why: "text", text: "OFF" },
      { from: 5_000, to: 6_000, why: "text", text: "ERR" },
    ]);
    expect(line(points.slice(0, 5), 10_000, 60_000).breaks.at(-1)).toEqual(
      { from: 5_000, to: 60_000, why: "text", text: "ERR" },
    );
    expect(line([point(1, null, "Bad")], 10_000, 60_000).breaks).toEqual([]);
  });

  it("steps from code to code, and slopes between measurements", () => {
    const stepped = (values: number[]) => line(values.map((value, i) => point(i, value)), 10_000).stepped;
    expect(stepped([0, 0, 0, 1, 1, 4, 4, 4, 0, 0])).toBe(true);
    expect(stepped([0, 0, 0, 1, 1, 4.5, 4, 4, 0, 0])).toBe(false);
    expect(stepped(Array.from({ length: 50 }, (_, i) => i))).toBe(false);
    expect(stepped([1, 2, 1])).toBe(false);
  });

  it("keeps what is Uncertain apart, with what a line joins it to", () => {
    const qualities = ["Good", "Good", "Uncertain", "Uncertain", "Good", "Bad", "Uncertain"] as const;
    const { ys, unsure } = line(qualities.map((quality, i) => point(i, quality === "Bad" ? null : i, quality)), 10_000);
    expect(parted(ys, unsure)).toEqual({
      sure: [0, 1, null, null, 4, null, null],
      unsure: [null, 1, 2, 3, 4, null, 6],
    });
    const silent = line([point(1, 1, "Uncertain"), point(60, 2)], 10_000);
    expect(parted(silent.ys, silent.unsure)).toEqual({ sure: [null, null, 2], unsure: [1, null, null] });
  });

  it("has a dot for every value that stands alone", () => {
    const points = [0, null, 2, null, 4, 5].map((value, i) => point(i, value, value === null ? "Bad" : "Good"));
    expect(alone(line(points, 10_000).ys)).toEqual([0, 2]);
    expect(alone([])).toEqual([]);
    expect(alone([7])).toEqual([0]);
  });

  it("judges silence by the tag's own pace", () => {
    const every = (seconds: number) => Array.from({ length: 50 }, (_, i) => point(i * seconds, i));
    expect(usualInterval(every(1))).toBe(1_000);
    expect(silenceMs(every(0.1))).toBe(5_000);
    expect(silenceMs(every(60))).toBe(480_000);
    expect(usualInterval([point(1, 1)])).toBeUndefined();
  });
});

describe("held", () => {
  it("goes on from the last sample of a tag that is silent", () => {
    expect(held(point(1, 5), 10_000, [0, 9_000])).toBeUndefined();
    expect(held(point(1, 5), 10_000, [0, 60_000])).toEqual({ from: 1_000, to: 60_000, value: 5 });
    // One that rarely changes holds over the whole window.
    expect(held(point(1, 5), 10_000, [30_000, 60_000])).toEqual({ from: 30_000, to: 60_000, value: 5 });
    expect(held(point(1, null, "Bad"), 10_000, [0, 60_000])).toBeUndefined();
    expect(held(undefined, 10_000, [0, 60_000])).toBeUndefined();
  });
});

describe("fold", () => {
  it("takes average, least and most of each bucket", () => {
    const points = [point(0, 1), point(5, 3), point(10, 7), point(12, null, "Bad")];
    expect(fold(points, 10_000)).toEqual([
      { at: 0, avg: 2, min: 1, max: 3, quality: "Good" },
      { at: 10_000, avg: 7, min: 7, max: 7, quality: "Uncertain" },
    ]);
    expect(fold([point(0, null, "Bad")], 10_000)).toEqual([
      { at: 0, avg: null, min: null, max: null, quality: "Bad" },
    ]);
    // Uncertain values are shown, and averages leave them out: the open bucket as those of the hub.
    expect(fold([point(0, 1), point(1, 900, "Uncertain")], 10_000)).toEqual([
      { at: 0, avg: 1, min: 1, max: 1, quality: "Uncertain" },
    ]);
    expect(fold([], 10_000)).toEqual([]);
  });
});

describe("band", () => {
  it("shows missing buckets", () => {
    const bucket = (minute: number, avg: number | null) =>
      ({ at: minute * 60_000, avg, min: avg, max: avg, quality: avg === null ? "Bad" : "Good" }) as const;
    const { avg, breaks } = band([bucket(0, 1), bucket(1, null), bucket(2, 3), bucket(9, 4)], 60_000);
    expect(avg).toEqual([1, null, 3, null, 4]);
    const some = { ...bucket(1, 2), quality: "Uncertain" as const };
    expect(band([bucket(0, 1), some], 60_000).unsure).toEqual([false, true]);
    expect(breaks).toEqual([
      { from: 60_000, to: 120_000, why: "bad" },
      { from: 180_000, to: 540_000, why: "silence" },
    ]);
  });
});

describe("the open bucket", () => {
  it("is not drawn in the future", () => {
    const open = { at: 60_000, avg: 1, min: 1, max: 1, quality: "Good" } as const;
    expect(band([open], 60_000, 70_000).xs).toEqual([70]);
    expect(band([open], 60_000, 500_000).xs).toEqual([90]);
  });
});

describe("segments", () => {
  it("joins equal states and marks what is only assumed", () => {
    const points = [point(0, "RUN"), point(1, "RUN"), point(2, "STOP"), point(100, true)];
    expect(segments(points, 5_000, 101_000)).toEqual([
      { from: 0, to: 2_000, sureTo: 2_000, text: "RUN", quality: "Good" },
      { from: 2_000, to: 100_000, sureTo: 7_000, text: "STOP", quality: "Good" },
      { from: 100_000, to: 101_000, sureTo: 101_000, text: "true", quality: "Good" },
    ]);
  });

  it("does not join over silence, nor Bad to Good", () => {
    const points = [point(0, "RUN"), point(60, "RUN"), point(61, null, "Bad")];
    expect(segments(points, 5_000, 62_000).map((each) => [each.text, each.from])).toEqual([
      ["RUN", 0],
      ["RUN", 60_000],
      ["no value", 61_000],
    ]);
  });
});
