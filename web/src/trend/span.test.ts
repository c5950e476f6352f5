import { describe, expect, it } from "vitest";
import { boundsOf, covers, earlier, endBehind, later } from "./span";
import { windowOf } from "./windows";

const NOW = Date.UTC(2026, 10, 30, 12);
const MINUTE = 60_000;
const window = windowOf("5m");

describe("the span of a trend", () => {
  it("goes on with the clock unless it has an end", () => {
    expect(boundsOf({ window, until: undefined }, NOW)).toEqual([NOW - 5 * MINUTE, NOW]);
    expect(boundsOf({ window, until: 1_000_000 }, NOW)).toEqual([1_000_000 - 5 * MINUTE, 1_000_000]);
  });

  it("moves by half a window, and becomes live where it reaches now", () => {
    const back = earlier({ window, until: undefined }, NOW);
    expect(back).toBe(NOW - 2.5 * MINUTE);
    expect(earlier({ window, until: back }, NOW)).toBe(NOW - 5 * MINUTE);
    expect(later({ window, until: NOW - 5 * MINUTE }, NOW)).toBe(back);
    expect(later({ window, until: back }, NOW)).toBeUndefined();
    expect(later({ window, until: undefined }, NOW)).toBeUndefined();
  });

  it("shows the newest sample of a recording, however old", () => {
    const last = Date.UTC(2014, 3, 19);
    const until = endBehind(last, window, NOW);
    expect(covers({ window, until }, last, NOW)).toBe(true);
    expect(covers({ window, until }, last - 4 * MINUTE, NOW)).toBe(true);
    expect(covers({ window, until: undefined }, last, NOW)).toBe(false);
    expect(endBehind(NOW - 1_000, window, NOW)).toBeUndefined();
    // A clock that runs ahead is in the window that goes on.
    expect(covers({ window, until: undefined }, NOW + 5_000, NOW)).toBe(true);
  });
});
