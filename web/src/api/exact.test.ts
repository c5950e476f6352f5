import { describe, expect, it } from "vitest";
import { Exact, parseExact } from "./exact";

// Node 20 does not tell the source text; browsers of today do.
const told = (() => {
  let source: string | undefined;
  JSON.parse("1.0", ((_key: string, value: unknown, context?: { source?: string }) => {
    source = context?.source;
    return value;
  }) as (key: string, value: unknown) => unknown);
  return source !== undefined;
})();

describe("parseExact", () => {
  it("leaves what JavaScript prints the same alone", () => {
    expect(parseExact('{"sequence":9007199254740991,"value":-23.4,"x":[null,true,"a"]}')).toEqual({
      sequence: 9007199254740991,
      value: -23.4,
      x: [null, true, "a"],
    });
  });

  it.runIf(told)("keeps the text of the others", () => {
    expect(parseExact('{"value":23.0}')).toEqual({ value: new Exact(23, "23.0") });
    const long = parseExact('{"a":18446744073709551615}') as { a: Exact };
    expect(long.a.text).toBe("18446744073709551615");
  });

  it("is printed exactly and counted as a number", () => {
    const exact = new Exact(23, "23.0");
    expect(`${exact}`).toBe("23.0");
    expect(JSON.stringify({ exact })).toBe('{"exact":23}');
  });
});
