import { describe, expect, it } from "vitest";
import type { Reading } from "../values/store";
import { beside } from "./feed";

const reading = (value: Reading["value"], sequence: number): Reading => ({
  value,
  quality: "Good",
  timestamp: `2026-11-21T12:00:0${sequence}Z`,
  sequence,
});

describe("a field beside the value of its node", () => {
  it("stays while it is of the newest document", () => {
    const field = reading(21.5, 3);
    expect(beside(reading({ temp: 21.5 }, 3), field)).toBe(field);
    expect(beside(undefined, field)).toBe(field);
    expect(beside(reading(null, 4), field)).toBe(field);
  });

  it("is superseded by a document without it", () => {
    expect(beside(reading({ rpm: 5 }, 4), reading(21.5, 3))).toEqual({ ...reading(21.5, 3), superseded: true });
  });

  it("ends with a value that is no document", () => {
    const ended = beside(reading("RUN", 4), reading(21.5, 3));
    expect(ended).toMatchObject({ value: null, quality: "GoodNoData", timestamp: "2026-11-21T12:00:04Z" });
  });
});
