// What a key does in the tree, as screen readers and file managers taught people.

import { isExpandable, type Row } from "./tree-state";

export type Move =
  | { readonly do: "go"; readonly row: Row }
  | { readonly do: "pick"; readonly row: Row }
  | { readonly do: "toggle"; readonly row: Row };

export function moveTo(key: string, rows: readonly Row[], at: number, page: number): Move | undefined {
  const go = (index: number): Move | undefined => {
    const row = rows[Math.max(0, Math.min(rows.length - 1, index))];
    return row === undefined ? undefined : { do: "go", row };
  };
  const here = rows[at];
  switch (key) {
    case "ArrowDown":
      return go(at + 1);
    case "ArrowUp":
      return go(at === -1 ? 0 : at - 1);
    case "PageDown":
      return go(at + page);
    case "PageUp":
      return go(at - page);
    case "Home":
      return go(0);
    case "End":
      return go(rows.length - 1);
    case "ArrowRight":
      if (here?.kind !== "node" || !isExpandable(here.item)) return undefined;
      return here.open ? go(at + 1) : { do: "toggle", row: here };
    case "ArrowLeft":
      if (here?.kind === "node" && here.open) return { do: "toggle", row: here };
      return here === undefined ? undefined : go(parentOf(rows, at));
    case "Enter":
    case " ":
      return here === undefined ? undefined : { do: "pick", row: here };
    default:
      return undefined;
  }
}

function parentOf(rows: readonly Row[], at: number): number {
  const depth = rows[at]?.depth ?? 0;
  for (let index = at - 1; index >= 0; index -= 1) {
    if ((rows[index]?.depth ?? 0) < depth) return index;
  }
  return at;
}
