import { describe, expect, it } from "vitest";
import { figure } from "./client";

describe("figure", () => {
  it("adds up over labels and takes no longer name", () => {
    const text = [
      "# TYPE uns_nodes gauge",
      'uns_nodes{plane="uns"} 5',
      'uns_nodes{plane="brownfield"} 7',
      "uns_nodes_total 90",
      "uns_bytes 12 1795262400000",
    ].join("\n");
    expect(figure(text, "uns_nodes")).toBe(12);
    expect(figure(text, "uns_bytes")).toBe(12);
    expect(figure(text, "uns_none")).toBeUndefined();
  });
});
