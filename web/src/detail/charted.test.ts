import { describe, expect, it } from "vitest";
import type { Reading } from "../values/store";
import { firstCharted } from "./charted";

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
