import { describe, expect, it } from "vitest";
import type { Sample } from "../api/types";
import type { Reading } from "../values/store";
import { fieldsNow, isLeftBehind, updated } from "./feed";

const reading = (value: Reading["value"], sequence: number): Reading => ({
  value,
  quality: "Good",
  timestamp: `2026-11-21T12:00:0${sequence}Z`,
  sequence,
});

const sample = (field: string, reading: Reading): Sample => ({ topic: "p", field, ...reading });

describe("a field beside the value of its node", () => {
  it("is asked for where the newest value came without it, until the hub says what became of it", () => {
    const field = reading(21.5, 3);
    expect(isLeftBehind(undefined, field)).toBe(false);
    expect(isLeftBehind(reading({ temp: 21.5 }, 3), field)).toBe(false);
    expect(isLeftBehind(reading("RUN", 4), field)).toBe(true);
    expect(isLeftBehind(reading({ rpm: 5 }, 4), { ...field, superseded: true })).toBe(false);
    expect(isLeftBehind(reading("RUN", 4), { ...field, quality: "GoodNoData" })).toBe(false);
  });

  it("becomes what the hub says, and never goes back", () => {
    const known = new Map([["temp", reading(21.5, 3)], ["rpm", reading(5, 6)]]);
    const ended = { ...reading(null, 4), quality: "GoodNoData" as const };
    const fields = updated(known, [sample("temp", ended), sample("rpm", reading(4, 5))]);
    expect(fields.get("temp")).toMatchObject({ value: null, quality: "GoodNoData" });
    expect(fields.get("rpm")?.value).toBe(5);
  });
});

describe("the number of fields", () => {
  it("is that of the newest document", () => {
    const own = reading({ a: 1 }, 5);
    const [now, older] = [reading(1, 5), { ...reading(2, 4), superseded: true }];
    expect(fieldsNow({ own, fields: new Map([["a", now], ["b", older]]) })).toBe(1);
    const ended = { ...reading(null, 4), quality: "GoodNoData" as const };
    expect(fieldsNow({ own, fields: new Map([["a", now], ["b", ended]]) })).toBe(1);
    // A null of the newest document is a field of it.
    const empty = { ...reading(null, 5), quality: "GoodNoData" as const };
    expect(fieldsNow({ own, fields: new Map([["a", now], ["b", empty]]) })).toBe(2);
  });
});
