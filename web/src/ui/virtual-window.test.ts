import { describe, expect, it } from "vitest";
import { spanOf } from "./virtual-window";

describe("spanOf", () => {
  it("covers what is seen and a margin, never more than there is", () => {
    expect(spanOf(0, 300, 30, 100_000)).toEqual({ first: 0, last: 18 });
    expect(spanOf(2_999_700, 300, 30, 100_000)).toEqual({ first: 99_982, last: 100_000 });
    expect(spanOf(0, 300, 30, 0)).toEqual({ first: 0, last: 0 });
    expect(spanOf(9_000, 300, 30, 5)).toEqual({ first: 5, last: 5 });
  });
});
