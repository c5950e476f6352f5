import { describe, expect, it } from "vitest";
import { moveTo } from "./keys";
import { EMPTY, ROOT, reduce, rows } from "./tree-state";

const node = (path: string, children = 0) => ({
  path,
  name: path.slice(path.lastIndexOf("/") + 1),
  children,
  leaf: children === 0,
});

const state = [
  { do: "page", path: ROOT, nodes: [node("a", 2), node("b", 1)], next: null, append: false } as const,
  { do: "open", path: "a" } as const,
  { do: "page", path: "a", nodes: [node("a/x"), node("a/y")], next: null, append: false } as const,
].reduce(reduce, EMPTY);
const all = rows(state);

const press = (key: string, at: number) => {
  const move = moveTo(key, all, at, 10);
  return move === undefined ? undefined : `${move.do} ${all.indexOf(move.row)}`;
};

describe("keys", () => {
  it("walk the tree", () => {
    expect(press("ArrowDown", -1)).toBe("go 0");
    expect(press("ArrowDown", 0)).toBe("go 1");
    expect(press("ArrowUp", 0)).toBe("go 0");
    expect(press("End", 0)).toBe("go 3");
    expect(press("PageDown", 1)).toBe("go 3");
    expect(press("Home", 3)).toBe("go 0");
  });

  it("open, close and go up", () => {
    expect(press("ArrowRight", 3)).toBe("toggle 3");
    expect(press("ArrowRight", 0)).toBe("go 1");
    expect(press("ArrowRight", 1)).toBeUndefined();
    expect(press("ArrowLeft", 2)).toBe("go 0");
    expect(press("ArrowLeft", 0)).toBe("toggle 0");
    expect(press("Enter", 2)).toBe("pick 2");
    expect(press("x", 2)).toBeUndefined();
  });
});
