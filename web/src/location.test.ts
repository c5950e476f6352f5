import { describe, expect, it } from "vitest";
import { parsePlace, placeHash } from "./location";

describe("the address", () => {
  it("carries topic and field there and back", () => {
    for (const place of [
      { topic: "uns/v1/acme/line 3", field: undefined },
      { topic: "a/ü&b=c#d%2F+e", field: "motor.temp" },
      { topic: "/l//x", field: undefined, window: "24h" },
      { topic: undefined, field: undefined },
    ]) {
      expect(parsePlace(placeHash(place))).toEqual(place);
    }
  });

  it("can be read", () => {
    expect(placeHash({ topic: "uns/v1/a", field: "x" })).toBe("#topic=uns/v1/a&field=x");
  });
});
