import { describe, expect, it } from "vitest";
import type { Row } from "./tree-state";
import { FILTERS_MAX, watchPlan } from "./watch-plan";

const row = (path: string, size = 3, leaf = true): Row => ({
  kind: "node",
  key: path,
  item: { path, name: path, children: leaf ? 0 : 1, leaf, fields: [] },
  parent: path.slice(0, Math.max(0, path.lastIndexOf("/"))),
  depth: 0,
  open: false,
  position: 1,
  size,
});

const field = (topic: string, name: string): Row => ({
  kind: "field",
  key: topic + name,
  topic,
  field: name,
  depth: 1,
});

describe("watchPlan", () => {
  it("watches small levels as a whole and only where there are values", () => {
    const plan = watchPlan([row("a", 3, false), row("a/x"), row("a/y"), row("b")]);
    expect([...plan]).toEqual(["a/+", "+"]);
  });

  it("watches single topics of large levels", () => {
    const plan = watchPlan([row("a/1", 100_000), row("a/2", 100_000)]);
    expect([...plan]).toEqual(["a/1", "a/2"]);
  });

  it("names topics that wildcards do not match", () => {
    expect([...watchPlan([row("$SYS/x")])]).toEqual(["$SYS/x"]);
  });

  it("has no two filters for one field", () => {
    expect([...watchPlan([row("a/p"), field("a/p", "t")])]).toEqual(["a/+"]);
    expect([...watchPlan([field("a/p", "t"), field("a/p", "u")])]).toEqual(["a/p"]);
  });

  it("stays within what the hub opens", () => {
    const many = Array.from({ length: 200 }, (_, i) => row(`a/${i}`, 5_000));
    expect(watchPlan(many).size).toBe(FILTERS_MAX);
  });
});
