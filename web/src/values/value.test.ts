import { describe, expect, it } from "vitest";
import { Exact } from "../api/exact";
import { briefText, counted, kindOf, numberOf, shownValue, unitBeside, valueText } from "./value";

describe("values", () => {
  it("are written exactly", () => {
    expect(valueText(23)).toBe("23");
    expect(valueText(new Exact(23, "23.0"))).toBe("23.0");
    expect(valueText("18446744073709551615")).toBe("18446744073709551615");
    expect(valueText({ a: new Exact(1.5, "1.50"), b: [null, true, "x"] })).toBe(
      '{"a":1.50,"b":[null,true,"x"]}',
    );
    expect(valueText(null)).toBe("–");
    expect(briefText({ a: 1, b: 2 })).toBe("{2 keys}");
    expect(briefText({ a: 1 })).toBe("{1 key}");
    expect(counted(1, "field")).toBe("1 field");
    expect(counted(0, "field")).toBe("0 fields");
  });

  it("that are bytes are described", () => {
    expect(shownValue({ value: "/9j/", type: "bytes", size: 3, looksLike: "jpeg" })).toBe("3 bytes, jpeg");
    expect(shownValue({ value: "AA==", type: "bytes", size: 1 })).toBe("1 byte");
    expect(shownValue({ value: 21.5 })).toBe(21.5);
  });

  it("have a kind", () => {
    expect(kindOf(0)).toBe("number");
    expect(kindOf("18446744073709551615")).toBe("number");
    expect(kindOf("4006381333931000")).toBe("state");
    expect(kindOf("RUN")).toBe("state");
    expect(kindOf(false)).toBe("state");
    expect(kindOf({ a: 1 })).toBe("document");
    expect(kindOf(null)).toBe("none");
    expect(numberOf("-9223372036854775808")).toBe(-9223372036854775808);
  });

  it("have their unit beside them once", () => {
    expect(unitBeside(23.4, "°C")).toBe("°C");
    expect(unitBeside(new Exact(23, "23.0"), "°C")).toBe("°C");
    expect(unitBeside("23,4 °C", "°C")).toBeUndefined();
    expect(unitBeside("85% ", "%")).toBeUndefined();
    expect(unitBeside("23,4", "°C")).toBe("°C");
    expect(unitBeside(null, "°C")).toBeUndefined();
    expect(unitBeside({ value: 1, unit: "°C" }, "°C")).toBeUndefined();
    expect(unitBeside(5, undefined)).toBeUndefined();
  });
});
