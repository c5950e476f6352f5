import { describe, expect, it } from "vitest";
import { ageText, parseTime } from "./time";

describe("times", () => {
  it("are read with every digit", () => {
    const noon = Date.UTC(2026, 10, 21, 12, 0, 0);
    expect(parseTime("2026-11-21T12:00:00Z")).toBe(noon);
    expect(parseTime("2026-11-21T12:00:00.12Z")).toBe(noon + 120);
    expect(parseTime("2026-11-21T12:00:00.123456789Z")).toBeCloseTo(noon + 123.456789, 3);
  });

  it("age in words", () => {
    const cases: [number, string][] = [
      [0, "now"],
      [-500, "now"],
      [-30_000, "30 s ahead"],
      [4_400, "4 s"],
      [61_000, "1 min"],
      [3_661_000, "1 h 1 min"],
      [90_000_000, "1 d 1 h"],
    ];
    for (const [ms, text] of cases) expect(ageText(ms)).toBe(text);
  });
});
