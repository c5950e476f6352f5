// Calls of the hub's HTTP interface.

import { parseExact } from "./exact";
import { paths } from "./paths";
import type { Current, History, Problem, SearchResults, Tree } from "./types";

/** The hub refused, in its own words. */
export class Refused extends Error {
  constructor(
    readonly status: number,
    readonly reason: string,
    detail: string,
  ) {
    super(detail);
  }
}

type Args<Call extends keyof typeof paths> = Parameters<(typeof paths)[Call]>[0];

async function get<Body>(address: string, signal?: AbortSignal): Promise<Body> {
  const response = await fetch(address, {
    headers: { Accept: "application/json" },
    cache: "no-store",
    signal: signal ?? null,
  });
  const text = await response.text();
  if (!response.ok) throw refusal(response.status, text);
  return parseExact(text) as Body;
}

function refusal(status: number, text: string): Refused {
  try {
    const problem = JSON.parse(text) as Partial<Problem>;
    if (problem.reason !== undefined) {
      return new Refused(status, problem.reason, problem.detail ?? problem.reason);
    }
  } catch {
    // Not from the hub: something between us answered.
  }
  return new Refused(status, "unexpected", `The hub answered with status ${status}.`);
}

export const api = {
  tree: (query: Args<"tree">, signal?: AbortSignal) => get<Tree>(paths.tree(query), signal),
  current: (query: Args<"current">, signal?: AbortSignal) =>
    get<Current>(paths.current(query), signal),
  history: (query: Args<"history">, signal?: AbortSignal) =>
    get<History>(paths.history(query), signal),
  search: (query: Args<"search">, signal?: AbortSignal) =>
    get<SearchResults>(paths.search(query), signal),
  /** How many nodes live in the hub, from its own figures. */
  nodes: async (): Promise<number | undefined> => {
    const response = await fetch(paths.metrics(), { cache: "no-store" });
    return response.ok ? figure(await response.text(), "uns_nodes") : undefined;
  },
};

/** Reads a figure from Prometheus text, added up over its labels. */
export function figure(text: string, name: string): number | undefined {
  const values = text.split("\n").flatMap((line) => {
    const rest = line.startsWith(name) ? line.slice(name.length) : "";
    const value = /^(?:\{[^}]*\})? (\S+)/.exec(rest)?.[1];
    return value === undefined ? [] : [Number(value)];
  });
  return values.length === 0 ? undefined : values.reduce((total, value) => total + value, 0);
}
