// The namespace as a tree: drawn as far as it is seen, walked with the arrow keys.

import { useCallback, useEffect, useMemo, useRef, useState } from "react";
import type { Place } from "../location";
import { useVirtualWindow } from "../ui/virtual-window";
import { moveTo } from "./keys";
import { ROW_HEIGHT, TreeRow } from "./tree-row";
import { isExpandable, isNew, rows as rowsOf, type Row } from "./tree-state";
import type { TreeControl } from "./use-tree";
import { useWatcher } from "./use-watcher";
import { watchPlan } from "./watch-plan";

/** How long new nodes are gathered before a level is read again. */
const NEW_NODE_MS = 500;
/** How many rows before its end the next page of a level is fetched. */
const AHEAD = 120;

interface Props {
  readonly tree: TreeControl;
  readonly place: Place;
  readonly onSelect: (place: Place) => void;
}

export function TreeView({ tree, place, onSelect }: Props) {
  const box = useRef<HTMLDivElement>(null);
  const rows = useMemo(() => rowsOf(tree.state), [tree.state]);
  const span = useVirtualWindow(box, ROW_HEIGHT, rows.length);
  const [activeKey, setActiveKey] = useState<string>();
  const visible = useMemo(() => rows.slice(span.first, span.last), [rows, span.first, span.last]);

  usePaging(tree, rows, span);
  useWatching(visible, tree);
  useReveal(box, rows, place, setActiveKey);

  const toggle = (row: Row) => {
    if (row.kind !== "node" || !isExpandable(row.item)) return;
    if (row.open) tree.close(row.item.path);
    else tree.open(row.item.path);
  };
  const pick = (row: Row) => {
    setActiveKey(row.key);
    if (row.kind === "more") tree.more(row.path);
    else if (row.kind === "field") onSelect({ topic: row.topic, field: row.field });
    else if (row.item.leaf) onSelect({ topic: row.item.path, field: undefined });
    else toggle(row);
  };
  const onKeyDown = (event: React.KeyboardEvent) => {
    const at = rows.findIndex((row) => row.key === activeKey);
    const page = Math.max(1, Math.floor((box.current?.clientHeight ?? 300) / ROW_HEIGHT) - 1);
    const move = moveTo(event.key, rows, at, page);
    if (move === undefined) return;
    event.preventDefault();
    if (move.do === "pick") pick(move.row);
    else if (move.do === "toggle") toggle(move.row);
    else {
      setActiveKey(move.row.key);
      scrollTo(box.current, rows.indexOf(move.row));
    }
  };
  return (
    <div
      ref={box}
      className="tree"
      role="tree"
      aria-label="Namespace"
      tabIndex={0}
      aria-activedescendant={activeKey === undefined ? undefined : rowId(activeKey)}
      onKeyDown={onKeyDown}
    >
      <div className="tree-all" style={{ height: rows.length * ROW_HEIGHT }}>
        {visible.map((row, index) => (
          <TreeRow
            key={row.key}
            row={row}
            id={rowId(row.key)}
            top={(span.first + index) * ROW_HEIGHT}
            active={row.key === activeKey}
            selected={isSelected(row, place)}
            onPick={pick}
            onToggle={toggle}
          />
        ))}
      </div>
    </div>
  );
}

function rowId(key: string): string {
  return `row-${encodeURIComponent(key)}`;
}

function isSelected(row: Row, place: Place): boolean {
  if (row.kind === "node") return row.item.path === place.topic && place.field === undefined;
  return row.kind === "field" && row.topic === place.topic && row.field === place.field;
}

/** Scrolls as little as is needed to show a row. */
function scrollTo(box: HTMLElement | null, index: number): void {
  if (box === null || index < 0) return;
  const top = index * ROW_HEIGHT;
  if (top < box.scrollTop) box.scrollTop = top;
  const most = top + ROW_HEIGHT - box.clientHeight;
  if (most > box.scrollTop) box.scrollTop = most;
}

/** Fetches the next page of a level shortly before its end is reached. */
function usePaging(tree: TreeControl, rows: readonly Row[], span: { first: number; last: number }) {
  const { more } = tree;
  useEffect(() => {
    for (const row of rows.slice(span.first, span.last + AHEAD)) {
      if (row.kind === "more" && row.fault === undefined) more(row.path);
    }
  }, [more, rows, span.first, span.last]);
}

/** Keeps the visible values live, and has levels read again that show an unknown topic. */
function useWatching(visible: readonly Row[], tree: TreeControl) {
  const known = useRef(tree.state);
  const timer = useRef<ReturnType<typeof setTimeout>>(undefined);
  const { refresh, showFields } = tree;
  useEffect(() => {
    known.current = tree.state;
  }, [tree.state]);
  useEffect(() => () => clearTimeout(timer.current), []);
  const seen = useCallback(
    (topics: ReadonlySet<string>, withNewFields: ReadonlySet<string>) => {
      if (withNewFields.size > 0) showFields(withNewFields);
      if (timer.current !== undefined || ![...topics].some((t) => isNew(known.current, t))) return;
      timer.current = setTimeout(() => {
        timer.current = undefined;
        refresh();
      }, NEW_NODE_MS);
    },
    [refresh, showFields],
  );
  const plan = useMemo(() => [...watchPlan(visible)].sort().join("\n"), [visible]);
  useWatcher(plan, seen);
}

/** Brings a newly selected topic into sight, once its row is there. */
function useReveal(
  box: React.RefObject<HTMLDivElement | null>,
  rows: readonly Row[],
  place: Place,
  activate: (key: string) => void,
) {
  const shown = useRef<string>(undefined);
  useEffect(() => {
    if (place.topic === undefined) return;
    const wanted = `${place.topic}\n${place.field ?? ""}`;
    if (shown.current === wanted) return;
    const index = rows.findIndex((row) => isSelected(row, place));
    const row = rows[index];
    if (row === undefined) return;
    shown.current = wanted;
    activate(row.key);
    scrollTo(box.current, index);
  }, [rows, place, activate, box]);
}
