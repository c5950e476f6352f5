// The tree as a reducer: which levels are loaded, which are open, and the rows that follow.

import type { TreeNode } from "../api/types";
import { byName } from "../values/order";

export interface Item {
  readonly path: string;
  readonly name: string;
  readonly children: number;
  readonly leaf: boolean;
  /** Its fields, as far as the hub has told of them. */
  readonly fields: readonly string[];
}

export interface Branch {
  readonly items: readonly Item[];
  /** Where the next page starts; `null` behind the last one, `undefined` before the first. */
  readonly next: string | null | undefined;
  readonly loading: boolean;
  readonly fault?: string | undefined;
}

export interface TreeState {
  readonly branches: ReadonlyMap<string, Branch>;
  readonly open: ReadonlySet<string>;
}

export type TreeAction =
  | { readonly do: "open"; readonly path: string }
  | { readonly do: "close"; readonly path: string }
  | { readonly do: "loading"; readonly path: string }
  | { readonly do: "failed"; readonly path: string; readonly fault: string }
  | {
      readonly do: "page";
      readonly path: string;
      readonly nodes: readonly TreeNode[];
      readonly next: string | null;
      /** The page follows what is loaded, instead of replacing it. */
      readonly append: boolean;
    }
  | {
      readonly do: "fields";
      /** A level. */
      readonly path: string;
      /** Fields of topics in it. */
      readonly fields: ReadonlyMap<string, readonly string[]>;
    };

export type Row =
  | {
      readonly kind: "node";
      readonly key: string;
      readonly item: Item;
      readonly parent: string;
      readonly depth: number;
      readonly open: boolean;
      readonly position: number;
      readonly size: number;
    }
  | {
      readonly kind: "field";
      readonly key: string;
      readonly topic: string;
      readonly field: string;
      readonly depth: number;
    }
  | {
      readonly kind: "more";
      readonly key: string;
      readonly path: string;
      readonly depth: number;
      readonly loaded: number;
      readonly total: number | undefined;
      readonly fault: string | undefined;
    };

/** What stands for the root, which has no path: the empty path is a level without a name. */
export const ROOT = "\n";

export const EMPTY: TreeState = { branches: new Map(), open: new Set([ROOT]) };

const UNREAD: Branch = { items: [], next: undefined, loading: false };

export function itemOf(node: TreeNode): Item {
  const { path, name, children, leaf } = node;
  return { path, name, children, leaf, fields: [] };
}

export function isExpandable(item: Item): boolean {
  return item.children > 0 || item.fields.length > 0;
}

export function reduce(state: TreeState, action: TreeAction): TreeState {
  const known = state.branches.get(action.path) ?? UNREAD;
  const withBranch = (branch: Branch): TreeState => ({
    ...state,
    branches: new Map(state.branches).set(action.path, branch),
  });
  switch (action.do) {
    case "open":
      return state.open.has(action.path)
        ? state
        : { ...state, open: new Set(state.open).add(action.path) };
    case "close":
      return closed(state, action.path);
    case "loading":
      return withBranch({ ...known, loading: true, fault: undefined });
    case "failed":
      return withBranch({ ...known, loading: false, fault: action.fault });
    case "page": {
      const items = action.append
        ? appended(known.items, action.nodes)
        : merged(known.items, action.next === null ? inOrder(action.nodes) : action.nodes);
      const quiet = items === known.items && known.next === action.next;
      if (quiet && !known.loading && known.fault === undefined) return state;
      const read = withBranch({ items, next: action.next, loading: false });
      const first = known.items.length === 0 && action.next === null;
      return first ? { ...read, open: opened(state.open, items) } : read;
    }
    case "fields": {
      const items = known.items.map((item) => {
        const fields = action.fields.get(item.path);
        return fields === undefined ? item : { ...item, fields: [...fields].sort(byName) };
      });
      return withBranch({ ...known, items });
    }
  }
}

/** The prefix of our own plane leads only one way, whatever lies beside it. */
const PREFIX = ["uns", "uns/v1"];

/** Nobody should click through levels that lead only one way: below a level just read they open. */
function opened(open: ReadonlySet<string>, items: readonly Item[]): ReadonlySet<string> {
  const ways = items.filter((item) => item.children > 0);
  const clear = ways.filter((item) => items.length === 1 || PREFIX.includes(item.path));
  return clear.length === 0 ? open : new Set([...open, ...clear.map((item) => item.path)]);
}

/** Closing forgets what lies below, so that memory follows what is on the screen. */
function closed(state: TreeState, path: string): TreeState {
  const below = `${path}/`;
  const stays = (other: string) => other !== path && !other.startsWith(below);
  return {
    open: new Set([...state.open].filter(stays)),
    branches: new Map([...state.branches].filter(([other]) => stays(other))),
  };
}

/**
 * As people count: 2 before 10. Only a level that came whole is put in this
 * order: in one that comes page by page, in the order of its texts, rows would move under the pointer.
 */
function inOrder(nodes: readonly TreeNode[]): readonly TreeNode[] {
  return [...nodes].sort((a, b) => byName(a.name, b.name));
}

function appended(known: readonly Item[], nodes: readonly TreeNode[]): readonly Item[] {
  const have = new Set(known.map((item) => item.path));
  return [...known, ...nodes.filter((node) => !have.has(node.path)).map(itemOf)];
}

/** Keeps the objects of what did not change, and the list itself if nothing did. */
function merged(known: readonly Item[], nodes: readonly TreeNode[]): readonly Item[] {
  const before = new Map(known.map((item) => [item.path, item]));
  const items = nodes.map((node) => {
    const old = before.get(node.path);
    const item = { ...itemOf(node), fields: old?.fields ?? [] };
    return old !== undefined && same(old, item) ? old : item;
  });
  const unchanged = items.length === known.length && items.every((item, i) => item === known[i]);
  return unchanged ? known : items;
}

function same(a: Item, b: Item): boolean {
  return a.children === b.children && a.leaf === b.leaf;
}

/** Everything that is open, top to bottom. */
export function rows(state: TreeState): Row[] {
  const out: Row[] = [];
  const walk = (path: string, depth: number, total: number | undefined) => {
    const branch = state.branches.get(path);
    const items = branch?.items ?? [];
    items.forEach((item, index) => {
      const open = isExpandable(item) && state.open.has(item.path);
      const size = Math.max(total ?? items.length, items.length);
      const at = { depth, open, position: index + 1, size };
      out.push({ kind: "node", key: `n${item.path}`, item, parent: path, ...at });
      if (!open) return;
      for (const field of item.fields) {
        const key = `f${item.path}\n${field}`;
        out.push({ kind: "field", key, topic: item.path, field, depth: depth + 1 });
      }
      if (item.children > 0) walk(item.path, depth + 1, item.children);
    });
    if (branch === undefined || branch.next !== null) {
      const fault = branch?.fault;
      const key = `m${path}`;
      out.push({ kind: "more", key, path, depth, loaded: items.length, total, fault });
    }
  };
  walk(ROOT, 0, undefined);
  return out;
}

const paths = new WeakMap<readonly Item[], ReadonlySet<string>>();

/** Whether a level that is loaded to its end lacks this topic: it is new. */
export function isNew(state: TreeState, topic: string): boolean {
  const branch = state.branches.get(levelOf(topic));
  if (branch?.next !== null) return false;
  const known = paths.get(branch.items) ?? new Set(branch.items.map((item) => item.path));
  paths.set(branch.items, known);
  return !known.has(topic);
}

/** The level a topic lies in. */
export function levelOf(topic: string): string {
  const end = topic.lastIndexOf("/");
  return end === -1 ? ROOT : topic.slice(0, end);
}

/** The levels above a topic, from the top. */
export function ancestors(topic: string): string[] {
  const levels = topic.split("/");
  return levels.slice(0, -1).map((_, index) => levels.slice(0, index + 1).join("/"));
}
