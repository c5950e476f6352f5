// The tree's state with its loading: pages on demand, small levels kept up to date.

import { useCallback, useEffect, useReducer, useRef } from "react";
import { api } from "../api/client";
import type { TreeNode } from "../api/types";
import { useHub } from "../hub-context";
import { shownValue } from "../values/value";
import { EMPTY, ROOT, ancestors, levelOf, reduce, type TreeState } from "./tree-state";

const PAGE = 500;
/** How often open levels are read again, for nodes that came or went. */
const REFRESH_MS = 5_000;
/** How often an empty namespace is asked whether it still is. */
const EMPTY_MS = 1_000;
/** Levels read again in one round. */
const REFRESH_MAX = 24;

export interface TreeControl {
  readonly state: TreeState;
  open(path: string): void;
  close(path: string): void;
  /** Loads the next page of a level, unless one is on its way. */
  more(path: string): void;
  /** Opens every level above a topic. */
  reveal(topic: string): void;
  refresh(): void;
  /** Shows the fields that are known of these topics. */
  showFields(topics: ReadonlySet<string>): void;
}

export function useTree(): TreeControl {
  const { values } = useHub();
  const [state, dispatch] = useReducer(reduce, EMPTY);
  const latest = useRef(state);
  const loading = useRef(new Set<string>());
  useEffect(() => {
    latest.current = state;
  }, [state]);

  const seed = useCallback(
    (nodes: readonly TreeNode[]) => {
      for (const { path, value, quality, timestamp, unit, ...said } of nodes) {
        if (value === undefined || quality === undefined || timestamp === undefined) continue;
        const shown = shownValue({ ...said, value });
        values.seed(path, { value: shown, quality, timestamp, unit: unit ?? undefined });
      }
    },
    [values],
  );

  const load = useCallback(
    async (path: string, append: boolean) => {
      if (loading.current.has(path)) return;
      loading.current.add(path);
      const after = append ? (latest.current.branches.get(path)?.next ?? undefined) : undefined;
      try {
        if (append || !latest.current.branches.has(path)) dispatch({ do: "loading", path });
        const page = await api.tree({ path: path === ROOT ? undefined : path, limit: PAGE, after });
        seed(page.children);
        const next = page.next ?? null;
        dispatch({ do: "page", path, nodes: page.children, next, append });
      } catch (error) {
        const fault = error instanceof Error ? error.message : String(error);
        dispatch({ do: "failed", path, fault });
      } finally {
        loading.current.delete(path);
      }
    },
    [seed],
  );

  const more = useCallback(
    (path: string) => {
      const known = latest.current.branches.get(path);
      if (known?.next !== null) void load(path, known?.next !== undefined);
    },
    [load],
  );

  const refresh = useCallback(() => {
    const { branches, open } = latest.current;
    // What could not be read is tried again.
    [...branches].filter(([, { fault }]) => fault !== undefined).forEach(([path]) => more(path));
    // Long levels are not read again: what is on the screen of them stays live by itself.
    const small = [...branches].filter(([path, { next }]) => next === null && open.has(path));
    small.slice(0, REFRESH_MAX).forEach(([path, { items }]) => {
      if (items.length < PAGE) void load(path, false);
    });
  }, [load, more]);

  useEffect(() => {
    void load(ROOT, false);
    let last = Date.now();
    const timer = setInterval(() => {
      if (document.visibilityState === "hidden") return;
      const empty = latest.current.branches.get(ROOT)?.items.length === 0;
      if (!empty && Date.now() - last < REFRESH_MS) return;
      last = Date.now();
      refresh();
    }, EMPTY_MS);
    return () => clearInterval(timer);
  }, [load, refresh]);

  const open = useCallback((path: string) => dispatch({ do: "open", path }), []);
  const close = useCallback(
    (path: string) => {
      values.forget(latest.current.branches.get(path)?.items.map((item) => item.path) ?? []);
      dispatch({ do: "close", path });
    },
    [values],
  );
  const reveal = useCallback(
    (topic: string) => ancestors(topic).forEach((path) => dispatch({ do: "open", path })),
    [],
  );
  const showFields = useCallback(
    (topics: ReadonlySet<string>) => {
      const levels = new Map<string, Map<string, readonly string[]>>();
      for (const topic of topics) {
        const path = levelOf(topic);
        const fields = levels.get(path) ?? new Map<string, readonly string[]>();
        levels.set(path, fields.set(topic, values.fields(topic)));
      }
      for (const [path, fields] of levels) {
        if (latest.current.branches.has(path)) dispatch({ do: "fields", path, fields });
      }
    },
    [values],
  );
  return { state, open, close, more, reveal, refresh, showFields };
}
