// One row of the tree: a level, a field of a document, or the rest of a long level.

import { useReading } from "../hub-context";
import { fieldKey } from "../values/store";
import { briefText, kindOf, valueText } from "../values/value";
import { LeafCells } from "./leaf-cells";
import { isExpandable, type Row } from "./tree-state";

/** Height of a row in pixels; the style sheet has the same number. */
export const ROW_HEIGHT = 30;

interface Props {
  readonly row: Row;
  readonly id: string;
  readonly top: number;
  readonly active: boolean;
  readonly selected: boolean;
  readonly onPick: (row: Row) => void;
  readonly onToggle: (row: Row) => void;
}

export function TreeRow({ row, id, top, active, selected, onPick, onToggle }: Props) {
  const marks = `${active ? " active" : ""}${selected ? " selected" : ""}`;
  const common = {
    id,
    className: `row row-${row.kind}${marks}`,
    style: { top, paddingLeft: 8 + row.depth * 16 },
    "aria-level": row.depth + 1,
  } as const;
  if (row.kind === "more") {
    return (
      // The tree itself has the focus and the keys.
      // eslint-disable-next-line jsx-a11y/click-events-have-key-events
      <div {...common} role="treeitem" aria-selected={selected} tabIndex={-1} onClick={() => onPick(row)}>
        <span className="twisty" />
        <span className="faint">{moreText(row)}</span>
      </div>
    );
  }
  const expandable = row.kind === "node" && isExpandable(row.item);
  const place =
    row.kind === "node" ? { "aria-posinset": row.position, "aria-setsize": row.size } : {};
  const open = expandable ? { "aria-expanded": row.open } : {};
  return (
    // eslint-disable-next-line jsx-a11y/click-events-have-key-events
    <div {...common} {...place} {...open} role="treeitem" aria-selected={selected} tabIndex={-1} onClick={() => onPick(row)}>
      <Twisty row={row} expandable={expandable} onToggle={onToggle} />
      {row.kind === "node" ? <NodeCells row={row} /> : <FieldCells row={row} />}
    </div>
  );
}

function moreText(row: Extract<Row, { kind: "more" }>): string {
  if (row.fault !== undefined) return `Could not be read: ${row.fault} Click to try again.`;
  if (row.loaded === 0 || row.total === undefined) return "Loading…";
  return `Loading… ${row.loaded.toLocaleString("en")} of ${row.total.toLocaleString("en")}`;
}

function Twisty(props: { row: Row; expandable: boolean; onToggle: (row: Row) => void }) {
  const { row, expandable, onToggle } = props;
  if (!expandable) return <span className="twisty" />;
  const toggle = (event: React.MouseEvent) => {
    event.stopPropagation();
    onToggle(row);
  };
  const open = row.kind === "node" && row.open;
  return (
    <span className={open ? "twisty open" : "twisty"} onClick={toggle} aria-hidden="true">
      <svg width="10" height="10" viewBox="0 0 10 10">
        <path className="line" d="m3 1.5 4 3.5-4 3.5" />
      </svg>
    </span>
  );
}

function NodeCells({ row }: { row: Extract<Row, { kind: "node" }> }) {
  const { item } = row;
  return (
    <>
      <span className={item.leaf ? "name" : "name level"} title={item.path}>
        {item.name === "" ? <em>(empty)</em> : item.name}
      </span>
      {item.children > 0 && <span className="count">{item.children.toLocaleString("en")}</span>}
      {item.leaf && <LeafCells topic={item.path} />}
    </>
  );
}

function FieldCells({ row }: { row: Extract<Row, { kind: "field" }> }) {
  const value = useReading(fieldKey(row.topic, row.field))?.value;
  return (
    <>
      <span className="name field" title={`${row.topic} · ${row.field}`}>
        {row.field}
      </span>
      <span className={kindOf(value) === "number" ? "value whole" : "value"} title={valueText(value)}>
        {value === undefined ? "–" : briefText(value)}
      </span>
      <span className="mark-space" />
      <span className="age" />
    </>
  );
}
