// A plant in memory that behaves like a hub: one log, and views of it.

import type { Current, HistorySample, Quality, Sample, SearchResults, Tree, TreeNode, Value } from "../src/api/types";
import { leaves } from "./leaves";

export const SITE = "uns/v1/acme/dallas";
const ARCHIVE = 100_000;
const HISTORY_MAX = 200_000;

interface Tag {
  last: Sample;
  history: HistorySample[];
}

export class World {
  sequence = 65_536;
  readonly tags = new Map<string, Tag>();
  readonly #children = new Map<string, Map<string, string>>();
  readonly #log: Sample[] = [];
  readonly #listeners = new Set<() => void>();

  publish(topic: string, value: Value, quality: Quality = "Good", at = Date.now(), unit?: string): void {
    this.sequence += 1;
    const hidden = quality === "Bad" ? null : value;
    const timestamp = new Date(at).toISOString();
    const named = unit === undefined ? {} : { unit };
    const sample = { topic, value: hidden, quality, timestamp, sequence: this.sequence, ...named };
    this.#link(topic);
    const tag: Tag = this.tags.get(topic) ?? { last: sample, history: [] };
    tag.last = sample;
    tag.history.push({ timestamp, value: hidden, quality, ...named });
    if (tag.history.length > HISTORY_MAX) tag.history.shift();
    this.tags.set(topic, tag);
    this.#log.push(sample, ...this.#fields(sample));
    if (this.#log.length > HISTORY_MAX) this.#log.splice(0, HISTORY_MAX / 10);
    this.#listeners.forEach((tell) => tell());
  }

  listen(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** Everything after a sequence that a filter matches. */
  after(sequence: number, filter: string): Sample[] {
    const first = this.#log.findLastIndex((sample) => sample.sequence <= sequence);
    return this.#log.slice(first + 1).filter((sample) => matches(filter, sample.topic));
  }

  tree(path: string, after: string | null, limit: number): Tree {
    const names = [...(this.#children.get(path) ?? [])].sort(([a], [b]) => (a < b ? -1 : 1));
    const from = after === null ? 0 : names.findIndex(([name]) => name > after);
    const page = from === -1 ? [] : names.slice(from, from + limit);
    const children = page.map(([name, full]): TreeNode => {
      const tag = this.tags.get(full);
      const node = { name, path: full, children: this.#children.get(full)?.size ?? 0 };
      if (tag === undefined) return { ...node, leaf: false };
      const { value, quality, timestamp } = tag.last;
      return { ...node, leaf: true, value, quality, timestamp };
    });
    const more = from !== -1 && from + limit < names.length;
    return { path, children, next: more ? (page.at(-1)?.[0] ?? null) : null };
  }

  current(filter: string, limit: number): Current {
    const values: Sample[] = [];
    const exact = this.tags.get(filter);
    const candidates = exact === undefined ? this.tags.values() : [exact];
    for (const { last } of candidates) {
      if (values.length >= limit) break;
      if (matches(filter, last.topic)) values.push(last, ...this.#fields(last));
    }
    return { cursor: String(this.sequence), values: values.slice(0, limit), next: null };
  }

  search(text: string, limit: number): SearchResults {
    const words = text.toLowerCase().split(/\s+/);
    const results: SearchResults["results"] = [];
    for (const [path, { last }] of this.tags) {
      if (results.length >= limit) break;
      const missing = words.filter((word) => !path.toLowerCase().includes(word));
      const { value, quality, timestamp } = last;
      const name = path.slice(path.lastIndexOf("/") + 1);
      if (missing.length === 0) results.push({ name, path, value, quality, timestamp });
      else
        for (const { field, value } of this.#fields(last)) {
          const isHit = missing.every((word) => field?.toLowerCase().includes(word));
          if (isHit) results.push({ name, path, field: field ?? "", value, quality, timestamp });
        }
    }
    return { results, next: null };
  }

  #fields(sample: Sample): Sample[] {
    return [...leaves(sample.value)].map(([field, value]) => ({ ...sample, field, value }));
  }

  #link(topic: string): void {
    const levels = topic.split("/");
    levels.forEach((name, index) => {
      const parent = levels.slice(0, index).join("/");
      const siblings = this.#children.get(parent) ?? new Map<string, string>();
      siblings.set(name, levels.slice(0, index + 1).join("/"));
      this.#children.set(parent, siblings);
    });
  }
}

/** MQTT's rules, as far as the page uses them. */
export function matches(filter: string, topic: string): boolean {
  if (filter === topic) return true;
  const [want, have] = [filter.split("/"), topic.split("/")];
  for (const [index, level] of want.entries()) {
    if (level === "#") return true;
    if (level !== "+" && level !== have[index]) return false;
    if (have[index] === undefined) return false;
  }
  return want.length === have.length;
}

/** A second of plant life. */
export function step(world: World, at: number): void {
  const second = Math.floor(at / 1000);
  const wave = (period: number) => Math.sin((second / period) * 2 * Math.PI);
  const noise = (size: number) => (Math.random() - 0.5) * size;
  const state = second % 240 < 170 ? "RUN" : second % 240 < 205 ? "IDLE" : "STOP";
  const cell = `${SITE}/press/line1/cell3`;
  world.publish(`${cell}/state`, state, "Good", at);
  world.publish(`${cell}/temperature`, round(52 + 6 * wave(180) + noise(0.4), 2), "Good", at);
  world.publish(`${cell}/force`, round(600 + 600 * wave(6), 1), "Good", at);
  const shaky = second % 90 < 12 ? "Bad" : second % 90 < 25 ? "Uncertain" : "Good";
  world.publish(`${cell}/vibration`, round(2.4 + noise(0.6), 3), shaky, at);
  world.publish(`${SITE}/press/line1/parts`, String(9_007_199_254_740_993n + BigInt(second)), "Good", at);
  if (second % 120 > 40) world.publish(`${SITE}/filling/tank/level`, round(70 - (second % 600) / 20, 2), "Good", at);
  // A gateway that is set from bar to kPa and back.
  const [unit, factor] = second % 200 < 130 ? (["bar", 1] as const) : (["kPa", 100] as const);
  world.publish(`${SITE}/filling/pressure`, round((2.4 + 0.5 * wave(90)) * factor, 2), "Good", at, unit);
  world.publish(`${SITE}/filling/running`, second % 60 < 42, "Good", at);
  world.publish(
    `${SITE}/filling/pump`,
    { temp: round(41 + noise(1), 1), rpm: 1_200 + (second % 7), motor: { bearing: { c: 38 } }, unit: "°C" },
    "Good",
    at,
  );
}

const round = (value: number, digits: number) => Number(value.toFixed(digits));

/** A world with an hour behind it, and a level of many children. */
export function plant(now: number): World {
  const world = new World();
  for (let second = 3_600; second > 0; second -= 1) {
    // An outage, so that a gap can be seen.
    if (second < 150 && second > 105) continue;
    step(world, now - second * 1_000);
  }
  for (let index = 0; index < ARCHIVE; index += 1) {
    const name = String(index).padStart(6, "0");
    world.publish(`${SITE}/archive/tag-${name}`, index % 997, "Good", now - 3_600_000);
  }
  return world;
}
