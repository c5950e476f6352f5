import { describe, expect, it } from "vitest";
import type { TreeNode } from "../api/types";
import { EMPTY, ROOT, ancestors, isExpandable, isNew, itemOf, reduce, rows, type TreeState } from "./tree-state";

const node = (path: string, children = 0, more: Partial<TreeNode> = {}): TreeNode => ({
  name: path.slice(path.lastIndexOf("/") + 1),
  path,
  children,
  leaf: children === 0,
  ...more,
});

const page = (
  state: TreeState,
  path: string,
  nodes: TreeNode[],
  next: string | null = null,
  append = false,
) => reduce(state, { do: "page", path, nodes, next, append });

const shown = (state: TreeState) =>
  rows(state).map((row) => {
    const indent = " ".repeat(row.depth);
    if (row.kind === "node") return `${indent}${row.item.name}`;
    if (row.kind === "field") return `${indent}.${row.field}`;
    return `${indent}… ${row.loaded}/${row.total ?? "?"}`;
  });

describe("the tree", () => {
  it("starts with a root to load", () => {
    expect(shown(EMPTY)).toEqual(["… 0/?"]);
  });

  it("counts as people do, in a level that came whole", () => {
    const nodes = ["0", "1", "10", "11", "2", "pump10", "pump9"].map((name) => node(name));
    expect(shown(page(EMPTY, ROOT, nodes))).toEqual(["0", "1", "2", "10", "11", "pump9", "pump10"]);
    // Rows of one that comes page by page stay where they are.
    const paged = page(EMPTY, ROOT, nodes, "cursor");
    expect(shown(paged).slice(0, 7)).toEqual(nodes.map(({ name }) => name));
    expect(shown(page(paged, ROOT, [node("zz")], null, true)).slice(0, 7)).toEqual(nodes.map(({ name }) => name));
  });

  it("shows what is open", () => {
    let state = page(EMPTY, ROOT, [node("a", 2), node("b"), node("c"), node("d")]);
    expect(shown(state)).toEqual(["a", "b", "c", "d"]);
    state = reduce(state, { do: "open", path: "a" });
    expect(shown(state)).toEqual(["a", " … 0/2", "b", "c", "d"]);
    state = page(state, "a", [node("a/x"), node("a/y")]);
    expect(shown(state)).toEqual(["a", " x", " y", "b", "c", "d"]);
    state = reduce(state, { do: "close", path: "a" });
    expect(shown(state)).toEqual(["a", "b", "c", "d"]);
    expect(state.branches.has("a")).toBe(false);
  });

  it("opens levels that lead only one way, once", () => {
    let state = page(EMPTY, ROOT, [node("uns", 1), node("Plant A", 2)]);
    state = page(state, "uns", [node("uns/v1", 1)]);
    state = page(state, "uns/v1", [node("uns/v1/a", 4), node("uns/v1/b", 4)]);
    expect(shown(state)).toEqual(["Plant A", "uns", " v1", "  a", "  b"]);
    state = reduce(state, { do: "close", path: "uns" });
    state = page(state, ROOT, [node("uns", 1), node("Plant A", 3)]);
    expect(shown(state)).toEqual(["Plant A", "uns"]);
    const lone = page(EMPTY, ROOT, [node("Plant A", 1)]);
    expect(shown(page(lone, "Plant A", [node("Plant A/Hall 1", 2)]))).toEqual(["Plant A", " Hall 1", "  … 0/2"]);
  });

  it("pages through many children and takes none twice", () => {
    let state = page(EMPTY, ROOT, [node("a", 100_000)]);
    state = reduce(state, { do: "open", path: "a" });
    state = page(state, "a", [node("a/1"), node("a/2")], "t1");
    expect(shown(state)).toEqual(["a", " 1", " 2", " … 2/100000"]);
    state = page(state, "a", [node("a/2"), node("a/3")], "t2", true);
    expect(shown(state)).toEqual(["a", " 1", " 2", " 3", " … 3/100000"]);
    const row = rows(state)[1];
    expect(row?.kind === "node" && [row.position, row.size]).toEqual([1, 100_000]);
  });

  it("shows the fields of a document that is open", () => {
    const pump = node("p", 0, { value: { temp: 1, motor: { rpm: 2 } } });
    let state = page(EMPTY, ROOT, [pump]);
    expect(isExpandable(itemOf(pump))).toBe(false);
    // The hub says which fields there are, whatever the document looks like.
    const fields = new Map([["p", ["temp", "motor.rpm"]]]);
    state = reduce(state, { do: "fields", path: ROOT, fields });
    state = reduce(state, { do: "open", path: "p" });
    expect(shown(state)).toEqual(["p", " .motor.rpm", " .temp"]);
    expect(shown(page(state, ROOT, [pump]))).toEqual(["p", " .motor.rpm", " .temp"]);
  });

  it("does not change when a refresh brings nothing new", () => {
    const state = page(EMPTY, ROOT, [node("a", 1), node("b")]);
    expect(page(state, ROOT, [node("a", 1), node("b")])).toBe(state);
    const grown = page(state, ROOT, [node("a", 1), node("aa"), node("b")]);
    expect(shown(grown)).toEqual(["a", "aa", "b"]);
    expect(grown.branches.get(ROOT)?.items[0]).toBe(state.branches.get(ROOT)?.items[0]);
  });

  it("closes everything below", () => {
    let state = page(EMPTY, ROOT, [node("a", 1), node("ab", 1)]);
    for (const path of ["a", "a/b", "ab"]) state = reduce(state, { do: "open", path });
    state = reduce(state, { do: "close", path: "a" });
    expect([...state.open]).toEqual([ROOT, "ab"]);
  });

  it("tells why a level is missing", () => {
    const state = reduce(EMPTY, { do: "failed", path: ROOT, fault: "no" });
    expect(rows(state)).toMatchObject([{ kind: "more", fault: "no" }]);
  });

  it("tells new topics from those of levels not read to their end", () => {
    let state = page(EMPTY, ROOT, [node("a", 2)]);
    expect(isNew(state, "b")).toBe(true);
    expect(isNew(state, "a")).toBe(false);
    expect(isNew(state, "a/x")).toBe(false);
    state = page(state, "a", [node("a/x")], "more");
    expect(isNew(state, "a/y")).toBe(false);
  });

  it("opens levels without a name", () => {
    let state = page(EMPTY, ROOT, [node("", 2), node("a", 1)]);
    state = reduce(state, { do: "open", path: "" });
    state = page(state, "", [node("/", 1), node("/l", 1)]);
    for (const path of ["/", "/l", "a"]) state = reduce(state, { do: "open", path });
    state = page(state, "/", [node("//y")]);
    state = page(state, "/l", [node("/l/x")]);
    state = page(state, "a", [node("a/")]);
    expect(shown(state)).toEqual(["", " ", "  y", " l", "  x", "a", " "]);
    expect(ancestors("/l/x")).toEqual(["", "/l"]);
    expect([isNew(state, "/l"), isNew(state, "/m"), isNew(state, "m")]).toEqual([false, true, true]);
    state = reduce(state, { do: "close", path: "" });
    expect(shown(state)).toEqual(["", "a", " "]);
  });

  it("knows the way to a topic", () => {
    expect(ancestors("uns/v1/acme")).toEqual(["uns", "uns/v1"]);
    expect(ancestors("a")).toEqual([]);
  });
});
