// Every address the page asks for is built here, typed by the API document.

import type { operations } from "./generated";

type Query<Name extends keyof operations> = NonNullable<operations[Name]["parameters"]["query"]>;

type Pairs = Readonly<Record<string, string | number | undefined>>;

function withQuery(path: string, query: Pairs): string {
  const pairs = Object.entries(query)
    // An empty path is the level without a name; everything else that is empty says nothing.
    .filter(([name, value]) => value !== undefined && (value !== "" || name === "path"))
    .map(([name, value]) => `${name}=${readable(String(value))}`);
  return pairs.length === 0 ? path : `${path}?${pairs.join("&")}`;
}

/** Escapes what has a meaning in a query; slashes and commas stay, so that addresses can be read. */
function readable(text: string): string {
  return encodeURIComponent(text).replaceAll("%2F", "/").replaceAll("%3A", ":");
}

/** An MQTT filter as a URL spells it: `*` for `+`, `**` for `#`, a backslash before a real star. */
export function urlFilter(filter: string): string {
  const spell = (level: string) =>
    level === "+" ? "*" : level === "#" ? "**" : level.replace(/^(\\*\*\*?)$/, "\\$1");
  return filter.split("/").map(spell).join("/");
}

export const paths = {
  tree: (query: Query<"getTree">) => withQuery("/api/v1/uns/tree", query),
  current: (query: Query<"getCurrent">) => withQuery("/api/v1/uns/current", query),
  history: (query: Query<"getHistory">) => withQuery("/api/v1/uns/history", query),
  search: (query: Query<"getSearch">) => withQuery("/api/v1/uns/search", query),
  metrics: () => "/metrics",
  document: () => "/api/v1/openapi.json",
  live: (page: { protocol: string; host: string }) =>
    `${page.protocol === "https:" ? "wss" : "ws"}://${page.host}/api/v1/ws`,
} as const;
