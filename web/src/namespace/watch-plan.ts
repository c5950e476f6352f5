// Which filters bring the values of the rows on the screen.

import type { Row } from "./tree-state";

/** Levels of up to so many children are watched as a whole; of larger ones, single topics. */
const LEVEL_MAX = 300;
/** The hub opens 64 subscriptions per connection; some are for the selected topic. */
export const FILTERS_MAX = 56;

/** The filters of the visible rows, at most `FILTERS_MAX`. */
export function watchPlan(visible: readonly Row[]): Set<string> {
  const filters = new Set<string>();
  for (const row of visible) {
    if (filters.size >= FILTERS_MAX) break;
    if (row.kind === "field") filters.add(row.topic);
    if (row.kind !== "node" || !row.item.leaf) continue;
    // `+` does not match topics that start with `$`, so those are named.
    const single = row.size > LEVEL_MAX || row.item.path.startsWith("$");
    filters.add(single ? row.item.path : sibling(row.item.path));
  }
  // A field whose level is watched needs no subscription of its own.
  for (const filter of filters) {
    if (!filter.endsWith("+") && filters.has(sibling(filter))) filters.delete(filter);
  }
  return filters;
}

function sibling(topic: string): string {
  return `${topic.slice(0, topic.lastIndexOf("/") + 1)}+`;
}
