import { describe, expect, it } from "vitest";
import { isStale, paceOf, silenceAfter, usualInterval } from "./pace";

const every = (ms: number, count: number) => Array.from({ length: count }, (_, n) => ({ at: n * ms }));

describe("pace", () => {
  it("is the usual distance of two samples", () => {
    expect(usualInterval([{ at: 0 }, { at: 10 }, { at: 20 }, { at: 90 }])).toBe(10);
    expect(usualInterval([{ at: 5 }])).toBeUndefined();
    expect(silenceAfter(60_000)).toBe(480_000);
  });

  it("is not known from a few samples that came in a row", () => {
    expect(paceOf(every(800, 3))).toBeUndefined();
    expect(paceOf(every(800, 8))).toBeUndefined();
    expect(paceOf(every(800, 9))).toEqual({ usual: 800, longest: 800 });
    // Samples of one time say nothing.
    expect(paceOf(every(0, 20))).toBeUndefined();
  });

  it("decides alone what is stale", () => {
    const stale = (age: number, usual: number, longest = usual) => isStale(0, age, { usual, longest });
    expect(stale(16_000, 100)).toBe(true);
    expect(stale(14_000, 100)).toBe(false);
    // A tag that changes once an hour is not stale after a minute.
    expect(stale(60_000, 3_600_000)).toBe(false);
    expect(stale(9 * 3_600_000, 3_600_000)).toBe(true);
    expect(isStale(0, 86_400_000, undefined)).toBe(false);
    // One that was silent for ten minutes before may be so again.
    expect(stale(700_000, 1_000, 600_000)).toBe(false);
    expect(stale(1_300_000, 1_000, 600_000)).toBe(true);
  });

  it("counts from when something came, however old its time is", () => {
    const now = Date.UTC(2026, 10, 30);
    const recorded = Date.UTC(2014, 3, 1);
    const pace = { usual: 300_000, longest: 300_000 };
    expect(isStale(recorded, now, pace)).toBe(true);
    expect(isStale(recorded, now, pace, now - 2_000)).toBe(false);
  });
});
