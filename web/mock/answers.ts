// The mock's answers to HTTP, by the same types as the page's client.

import type { History, HistorySample } from "../src/api/types";
import { numberOf } from "../src/values/value";
import { leaves } from "./leaves";
import type { World } from "./world";

const UNITS: Record<string, number> = { s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 };

function width(text: string): number {
  return Number(text.slice(0, -1)) * (UNITS[text.slice(-1)] ?? NaN);
}

/** The body of an address, or nothing where the hub has none. */
export function answer(world: World, url: URL): unknown {
  const query = url.searchParams;
  const limit = Number(query.get("limit") ?? "100");
  switch (url.pathname) {
    case "/api/v1/uns/tree":
      return world.tree(query.get("path") ?? "", query.get("after"), limit);
    case "/api/v1/uns/current": {
      const spell = (level: string) => (level === "*" ? "+" : level === "**" ? "#" : level);
      const filter = (query.get("filter") ?? "**").split("/").map(spell).join("/");
      return world.current(filter, limit);
    }
    case "/api/v1/uns/search":
      return world.search(query.get("q") ?? "", limit);
    case "/api/v1/uns/history":
      return history(world, query, limit);
    default:
      return undefined;
  }
}

export function history(world: World, query: URLSearchParams, limit: number): History {
  const topic = query.get("topic") ?? "";
  const field = query.get("field");
  const start = Date.parse(query.get("start") ?? "") || 0;
  const end = Date.parse(query.get("end") ?? "") || Infinity;
  let samples = (world.tags.get(topic)?.history ?? []).filter((sample) => {
    const at = Date.parse(sample.timestamp);
    return at >= start && at < end;
  });
  if (field !== null) {
    samples = samples.map((sample) => ({ ...sample, value: new Map(leaves(sample.value)).get(field) ?? null }));
  }
  const aggregate = query.get("aggregate");
  if (aggregate !== null) samples = reduce(samples, aggregate, width(query.get("bucket") ?? ""));
  const more = samples.length > limit;
  return {
    topic,
    ...(field === null ? {} : { field }),
    ...sayUnits(samples.slice(0, limit)),
    next: more ? "more" : null,
  };
}

/** A unit that all samples have is said once. */
function sayUnits(samples: readonly HistorySample[]): Pick<History, "samples" | "unit"> {
  const unit = samples[0]?.unit;
  if (unit === undefined || samples.some((sample) => sample.unit !== unit)) return { samples: [...samples] };
  return { unit, samples: samples.map(({ timestamp, value, quality }) => ({ timestamp, value, quality })) };
}

function reduce(samples: readonly HistorySample[], aggregate: string, bucket: number): HistorySample[] {
  // A bucket has a row for each unit.
  const groups = new Map<string, HistorySample[]>();
  for (const sample of samples) {
    const key = `${Math.floor(Date.parse(sample.timestamp) / bucket) * bucket} ${sample.unit ?? ""}`;
    groups.set(key, [...(groups.get(key) ?? []), sample]);
  }
  return [...groups.values()].map((group) => {
    const [first] = group;
    const at = Math.floor(Date.parse(first?.timestamp ?? "") / bucket) * bucket;
    const unit = first?.unit === undefined ? {} : { unit: first.unit };
    const numbers = group.map((sample) => numberOf(sample.value)).filter((each) => each !== null);
    const timestamp = new Date(at).toISOString();
    const last = group.at(-1)?.value ?? null;
    const mean = numbers.reduce((a, b) => a + b, 0) / numbers.length;
    const all = { avg: mean, min: Math.min(...numbers), max: Math.max(...numbers), last };
    const value = aggregate === "last" ? last : all[aggregate as "avg" | "min" | "max"];
    if (aggregate !== "last" && numbers.length === 0) return { timestamp, value: null, quality: "Bad", ...unit };
    return { timestamp, value, quality: "Good", ...unit };
  });
}
