import { describe, expect, it } from "vitest";
import { parsePlace, placeHash, untilOf } from "./location";

describe("the address", () => {
  it("carries topic and field there and back", () => {
    for (const place of [
      { topic: "uns/v1/acme/line 3", field: undefined },
      { topic: "a/ü&b=c#d%2F+e", field: "motor.temp" },
      { topic: "/l//x", field: undefined, window: "24h" },
      { topic: "a", field: "b", window: "7d", until: "2014-04-01T12:00:00.000Z" },
      { topic: undefined, field: undefined },
    ]) {
      expect(parsePlace(placeHash(place))).toEqual(place);
    }
  });

  it("says where the window ends, if it does not go on with the clock", () => {
    expect(untilOf(parsePlace("#topic=a&until=2014-04-01T12:00:00.000Z"))).toBe(Date.UTC(2014, 3, 1, 12));
    expect(untilOf(parsePlace("#topic=a&until=soon"))).toBeUndefined();
    expect(untilOf(parsePlace("#topic=a"))).toBeUndefined();
  });

  it("can be read", () => {
    expect(placeHash({ topic: "uns/v1/a", field: "x" })).toBe("#topic=uns/v1/a&field=x");
  });
});
