import { describe, expect, it } from "vitest";
import { columns, widened } from "./columns";
import { lines } from "./units";

describe("columns", () => {
  it("keep the gaps of each unit where only the other has rows", () => {
    expect(widened([1, undefined, null, undefined, 2])).toEqual([1, null, null, null, 2]);
    expect(widened([1, undefined, 2, undefined])).toEqual([1, undefined, 2, undefined]);
    expect(widened([undefined, null])).toEqual([null, null]);
  });

  it("have the same number of series for each unit", () => {
    const point = (second: number, value: number, unit: string) =>
      ({ at: second * 1000, stamp: String(second), value, quality: "Good", unit }) as const;
    const points = [point(1, 1, "bar"), point(2, 100, "kPa"), point(3, 2, "bar")];
    const held = { from: 3_000, to: 9_000, value: 2 };
    const drawing = { kind: "line", ...lines(points, [0, 9_000], { held, unit: "bar" }) } as const;
    const [xs, sure, , holds, ...second] = columns(drawing, [0, 9]);
    expect(xs).toEqual([1, 2, 3, 9]);
    expect([sure, holds]).toEqual([
      [1, undefined, 2, null],
      [null, null, 2, 2],
    ]);
    expect(second).toEqual([
      [undefined, 100, undefined, undefined],
      [null, null, undefined, undefined],
      [null, null, undefined, undefined],
    ]);
  });
});
