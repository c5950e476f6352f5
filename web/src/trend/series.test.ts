import { describe, expect, it } from "vitest";
import { Continued, Series, after, pointOf } from "./series";

const point = (second: number, value: number = second) =>
  pointOf({
    timestamp: new Date(second * 1000).toISOString(),
    value,
    quality: "Good",
  });

const values = (series: Series) => series.points.map((each) => each.value);

describe("Series", () => {
  it("keeps time order and lets corrections replace", () => {
    const series = new Series(100);
    for (const second of [1, 3, 2, 5, 4]) series.add(point(second));
    expect(values(series)).toEqual([1, 2, 3, 4, 5]);
    series.add(point(3, 30));
    expect(values(series)).toEqual([1, 2, 30, 4, 5]);
  });

  it("tells nanoseconds apart that a double cannot", () => {
    const series = new Series(100);
    const at = (nanos: string) =>
      pointOf({ timestamp: `2026-11-21T12:00:00.12345678${nanos}Z`, value: nanos, quality: "Good" });
    series.add(at("1"));
    series.add(at("2"));
    series.add(at("2"));
    expect(values(series)).toEqual(["1", "2"]);
  });

  it("is bounded", () => {
    const series = new Series(100);
    for (let second = 0; second < 1_000; second += 1) series.add(point(second));
    expect(series.points.length).toBeLessThanOrEqual(110);
    expect(series.points.at(-1)?.value).toBe(999);
  });

  it("keeps the state that holds at the start of the window", () => {
    const series = new Series(2_000);
    for (let second = 0; second < 1_000; second += 1) series.add(point(second));
    series.trim(500_500);
    expect(series.points[0]?.value).toBe(500);
  });

  it("finds its place", () => {
    const points = [1, 2, 2, 3].map((at) => ({ at }));
    expect([0, 1, 2, 3, 9].map((at) => after(points, at))).toEqual([0, 1, 3, 4, 4]);
  });
});

describe("Continued", () => {
  it("has neither gap nor repeat, whichever answers first", () => {
    const both = new Continued(100);
    both.reading();
    // Live begins after sequence N; history was asked later and covers some of the same.
    both.live(point(3));
    both.live(point(4));
    both.live(point(5));
    both.read([1, 2, 3, 4].map((second) => point(second)));
    both.live(point(6));
    expect(values(both.series)).toEqual([1, 2, 3, 4, 5, 6]);
  });

  it("shows live samples while it is read anew", () => {
    const both = new Continued(100);
    both.read([point(1)]);
    both.reading();
    both.live(point(2));
    expect(values(both.series)).toEqual([1, 2]);
    both.read([point(0), point(1)]);
    expect(values(both.series)).toEqual([0, 1, 2]);
  });
});
