import { describe, expect, it } from "vitest";
import { isStale, silenceAfter, usualInterval } from "./pace";

describe("pace", () => {
  it("is the usual distance of two samples", () => {
    expect(usualInterval([{ at: 0 }, { at: 10 }, { at: 20 }, { at: 90 }])).toBe(10);
    expect(usualInterval([{ at: 5 }])).toBeUndefined();
    expect(silenceAfter(60_000)).toBe(480_000);
  });

  it("decides alone what is stale", () => {
    expect(isStale(16_000, 100)).toBe(true);
    expect(isStale(14_000, 100)).toBe(false);
    // A tag that changes once an hour is not stale after a minute.
    expect(isStale(60_000, 3_600_000)).toBe(false);
    expect(isStale(9 * 3_600_000, 3_600_000)).toBe(true);
    expect(isStale(86_400_000, undefined)).toBe(false);
  });
});
