import { describe, expect, it } from "vitest";
import { Exact } from "../api/exact";
import { briefText, counted, kindOf, numberOf, readableText, shownValue, unitBeside, valueText } from "./value";

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

  it("have as many digits as say something, where they are shown large", () => {
    expect(readableText(0.00015577167925461208)).toBe("0.000155771679");
    expect(readableText(230.00004999999999)).toBe("230.00005");
    expect(readableText(-2.3899999999999996e-7)).toBe("-2.39e-7");
    expect(readableText(1e300)).toBe("1e300");
    expect(readableText(new Exact(1.239e12, "1239000000000.0"))).toBe("1239000000000");
    expect(readableText(0.1 + 0.2)).toBe("0.3");
    // What was published with few digits, and every integer, stays as it was written.
    expect(readableText(new Exact(23, "23.0"))).toBe("23.0");
    expect(readableText(123_456_789_012)).toBe("123456789012");
    expect(readableText("18446744073709551615")).toBe("18446744073709551615");
    expect(readableText("0.00015577167925461208 is a text")).toBe("0.00015577167925461208 is a text");
    expect(readableText("e+5")).toBe("e+5");
    expect(readableText(null)).toBe("–");
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
