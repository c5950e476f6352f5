import { expect, it } from "vitest";
import { byName } from "./order";

it("names are ordered as people count, capitals first as in the hub", () => {
  const names = ["l.10", "uns", "1", "Plant A", "10", "l.2", "2", "", "pump10b", "pump9", "pump", "01"];
  const ordered = ["", "01", "1", "2", "10", "Plant A", "l.2", "l.10", "pump", "pump9", "pump10b", "uns"];
  expect([...names].sort(byName)).toEqual(ordered);
  expect(byName("a1", "a1")).toBe(0);
});
