import { describe, expect, it } from "vitest";
import type { Reading } from "../values/store";
import { chartKind, firstCharted } from "./charted";

const reading = (value: Reading["value"], more: Partial<Reading> = {}): Reading => ({
  value,
  quality: "Good",
  timestamp: "2026-11-21T12:00:00Z",
  sequence: 5,
  ...more,
});

const first = (fields: Record<string, Reading>) => firstCharted(new Map(Object.entries(fields)));

describe("the field that is charted at first", () => {
  it("is a measurement and not the time of the message", () => {
    expect(first({ time: reading(1_795_262_400_000), value: reading(21.5) })).toBe("value");
    expect(first({ t: reading(1_795_262_400), x: reading(0) })).toBe("x");
    expect(first({ apiVersion: reading("v2"), origin: reading(1.7952624e18), temp: reading(21.5) })).toBe("temp");
    expect(first({ t: reading(1_795_262_400_000) })).toBe("t");
  });

  it("has a unit where one has, and came with the newest document", () => {
    expect(first({ a: reading(1), b: reading(2, { unit: "bar" }) })).toBe("b");
    expect(first({ a: reading(1, { superseded: true }), b: reading(2) })).toBe("b");
    expect(first({ a: reading(null, { quality: "GoodNoData" }), b: reading("RUN") })).toBe("b");
    expect(first({ a: reading(1, { superseded: true }), b: reading("RUN") })).toBe("b");
  });

  it("is the first of equal ones, and none where there are none", () => {
    expect(first({ b: reading(1), a: reading(2) })).toBe("b");
    expect(first({})).toBeUndefined();
  });
});

describe("the kind of a chart", () => {
  const kind = (...newestFirst: Reading["value"][]) =>
    chartKind(newestFirst[0], newestFirst.map((value) => ({ value })));

  it("is that of most samples, not of one text among numbers", () => {
    expect(kind("ERR", 21.5, 21.4, 21.3)).toBe("number");
    expect(kind("23,4 °C", 21.5)).toBe("state");
    expect(kind(5, "RUN", "STOP")).toBe("state");
  });

  it("is that of the newest value where nothing else decides", () => {
    expect(chartKind(5, [])).toBe("number");
    expect(chartKind("RUN", [])).toBe("state");
    expect(kind(null, 21.5)).toBe("number");
    expect(kind({ a: 1 }, 5, 5)).toBeUndefined();
    expect(kind(null)).toBeUndefined();
  });
});
