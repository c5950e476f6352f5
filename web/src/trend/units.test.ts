import { describe, expect, it } from "vitest";
import type { Quality, Value } from "../api/types";
import type { Point } from "./series";
import { bands, lines, unitsText, type Unit } from "./units";

const point = (second: number, value: Value, unit: Unit, quality: Quality = "Good"): Point => ({
  at: second * 1000,
  stamp: String(second),
  value,
  quality,
  unit,
});
const window = [0, 100_000] as const;
const nothing = { held: undefined, unit: undefined };
const drawn = (points: readonly Point[], last: Parameters<typeof lines>[2] = nothing) => {
  const { traces, left, breaks } = lines(points, window, last);
  const text = unitsText({ kind: "line", traces, left, breaks });
  return { text, ys: traces.map(({ shape }) => shape.ys), breaks };
};

describe("lines", () => {
  it("are one where all samples have one unit, or none has one", () => {
    for (const unit of ["bar", undefined]) {
      const { text, ys } = drawn([point(1, 1, unit), point(2, 2, unit)]);
      expect([text, ys]).toEqual([unit ?? "", [[1, 2]]]);
    }
    expect(drawn([]).ys).toEqual([[]]);
  });

  it("have a scale for each of two units, the newest on the left", () => {
    const points = [point(1, 1, "bar"), point(2, 2, "bar"), point(3, 2100, "mbar"), point(4, 2200, "mbar")];
    expect(drawn(points).text).toBe("mbar (left), bar (right)");
    expect(drawn(points).ys).toEqual([
      [2100, 2200],
      [1, 2],
    ]);
  });

  it("take a value that names no unit for one in another unit", () => {
    expect(drawn([point(1, 1, undefined), point(2, 2, "bar")]).text).toBe("bar (left), no unit (right)");
  });

  it("end in all units where there is no number", () => {
    const points = [point(1, 1, "bar"), point(2, 2, "psi"), point(3, null, undefined, "Bad"), point(4, 4, "bar")];
    expect(drawn(points).ys).toEqual([
      [1, null, 4],
      [2, null],
    ]);
    expect(drawn([point(1, 1, "bar"), point(2, "ERR", undefined)]).text).toBe("bar");
  });

  it("name the units that are not drawn, and where their samples are", () => {
    const { text, ys, breaks } = drawn([point(1, 1, "psi"), point(2, 2, "bar"), point(3, 3, "kPa")]);
    expect(text).toBe("kPa (left), bar (right); not drawn: psi");
    expect(ys).toEqual([
      [null, 3],
      [null, 2],
    ]);
    expect(breaks).toEqual([{ from: 1_000, to: 2_000, why: "text", text: "in psi" }]);
  });

  it("have what only holds on the scale of its unit", () => {
    const held = { from: 0, to: 100_000, value: 5 };
    const { traces } = lines([point(1, 1, "psi")], window, { held, unit: "bar" });
    expect(traces.map((trace) => [trace.unit, trace.held])).toEqual([
      ["bar", held],
      ["psi", undefined],
    ]);
  });

  it("do not count units from before the window", () => {
    const { traces } = lines([point(1, 1, "psi"), point(60, 1, "bar")], [50_000, 100_000], nothing);
    expect(traces.map(({ unit }) => unit)).toEqual(["bar"]);
  });
});

describe("bands", () => {
  const bucket = (second: number, avg: number | null, unit: Unit) =>
    ({ at: second * 1000, avg, min: avg, max: avg, quality: avg === null ? "Bad" : "Good", unit }) as const;

  it("average no two units together, in closed buckets or in the open one", () => {
    const closed = [bucket(0, 1, "bar"), bucket(10, 2, "bar"), bucket(10, 2000, "mbar")];
    const points = [point(20, 3, "bar"), point(21, 3000, "mbar"), point(22, 5, "bar")];
    const { traces, breaks } = bands({ closed, points, width: 10_000, end: 30_000 }, nothing);
    expect(traces.map(({ unit, shape }) => [unit, shape.avg])).toEqual([
      ["bar", [1, 2, 4]],
      ["mbar", [2000, 3000]],
    ]);
    expect(breaks).toEqual([]);
  });

  it("show Bad where no unit has a number, and what is not drawn by its name", () => {
    const closed = [bucket(0, null, undefined), bucket(10, 1, "psi"), bucket(20, 2, "bar"), bucket(30, 3, "kPa")];
    const { breaks, left } = bands({ closed, points: [], width: 10_000, end: 40_000 }, nothing);
    expect(left).toEqual(["psi"]);
    expect(breaks).toEqual([
      { from: 10_000, to: 20_000, why: "text", text: "in psi" },
      { from: 0, to: 10_000, why: "bad" },
    ]);
  });
});
