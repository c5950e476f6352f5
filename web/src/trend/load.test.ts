import { afterEach, describe, expect, it, vi } from "vitest";
import { answer } from "../../mock/answers";
import { World } from "../../mock/world";
import { load, loadRecent, zip } from "./load";
import { pointOf } from "./series";
import { windowOf } from "./windows";

const NOW = Date.UTC(2026, 10, 21, 12, 0, 30);
const never = new AbortController().signal;

/** Serves the page's calls from a mock hub, and keeps what was asked. */
function serve(world: World): URL[] {
  const asked: URL[] = [];
  vi.stubGlobal("fetch", async (address: string) => {
    const url = new URL(address, "http://mock");
    asked.push(url);
    return new Response(JSON.stringify(answer(world, url)));
  });
  return asked;
}

function filled(samples: number, stepMs: number): World {
  const world = new World();
  for (let n = samples; n > 0; n -= 1) world.publish("a", samples - n, "Good", NOW - n * stepMs);
  return world;
}

afterEach(() => vi.unstubAllGlobals());

const live = (id: string) => ({ window: windowOf(id), until: undefined });
const subject = { topic: "a", field: undefined, kind: "number" } as const;

describe("load", () => {
  it("takes raw samples of a short window", async () => {
    serve(filled(600, 1_000));
    const { points, buckets } = await load(subject, live("5m"), NOW, never);
    expect(buckets).toBeUndefined();
    expect(points.length).toBe(300);
  });

  it("takes buckets where raw samples are too many, and the open bucket raw", async () => {
    serve(filled(12_000, 20));
    const { points, buckets } = await load(subject, live("5m"), NOW, never);
    expect(buckets?.length).toBe(240);
    expect(points.every((point) => point.at >= NOW - 1_000)).toBe(true);
    const last = buckets?.at(-1);
    expect([last?.min, last?.avg, last?.max]).toEqual([11_950, 11_974.5, 11_999]);
  });

  it("joins the last closed bucket and the raw tail without overlap", async () => {
    const asked = serve(filled(600, 1_000));
    const { points, buckets } = await load(subject, live("24h"), NOW, never);
    const border = Date.UTC(2026, 10, 21, 12, 0, 0);
    expect(points[0]?.at).toBe(border);
    expect(buckets?.at(-1)?.at).toBe(border - 120_000);
    const ends = asked.filter((url) => url.searchParams.has("bucket")).map((url) => url.searchParams.get("end"));
    expect(new Set(ends)).toEqual(new Set([new Date(border).toISOString()]));
  });

  it("keeps samples of clocks that run ahead", async () => {
    const world = filled(10, 1_000);
    world.publish("a", 99, "Good", NOW + 5_000);
    serve(world);
    const { points } = await load(subject, live("5m"), NOW, never);
    expect(points.at(-1)?.value).toBe(99);
  });

  it("reads a window that ends in the past as it was, raw and in buckets", async () => {
    const asked = serve(filled(3 * 17_280, 5_000));
    const until = NOW - 2 * 86_400_000 - 30_000;
    const raw = await load(subject, { window: windowOf("5m"), until }, NOW, never);
    expect(raw.points.length).toBe(60);
    expect(raw.points.at(-1)?.at).toBe(until - 5_000);
    const wide = await load(subject, { window: windowOf("24h"), until }, NOW, never);
    expect(wide.buckets?.length).toBe(720);
    expect(wide.points).toEqual([]);
    const ends = asked.map((url) => Date.parse(url.searchParams.get("end") ?? ""));
    expect(ends.every((end) => end <= until)).toBe(true);
    const starts = asked.map((url) => Date.parse(url.searchParams.get("start") ?? ""));
    expect(starts.every((start, index) => start < (ends[index] ?? 0))).toBe(true);
  });

  it("joins buckets by time", () => {
    const row = (minute: number, value: number | null) =>
      pointOf({ timestamp: `2026-11-21T12:0${minute}:00Z`, value, quality: "Good" });
    const joined = zip([row(0, 2), row(1, 3)], [row(0, 1)], [row(0, 4), row(1, 5)]);
    expect(joined.map(({ avg, min, max }) => [avg, min, max])).toEqual([
      [2, 1, 4],
      [3, null, 5],
    ]);
  });
});

describe("units", () => {
  it("are those of each sample and bucket, however the hub says them", async () => {
    const world = new World();
    for (let n = 600; n > 0; n -= 1) world.publish("a", n, "Good", NOW - n * 1_000, n > 200 ? "bar" : "kPa");
    serve(world);
    const raw = await load(subject, live("5m"), NOW, never);
    expect(raw.points.filter(({ unit }) => unit === "bar").length).toBe(100);
    expect(raw.points.filter(({ unit }) => unit === "kPa").length).toBe(200);
    const { buckets } = await load(subject, live("24h"), NOW, never);
    // The change lies within a bucket of two minutes, which has a row for each.
    const least = buckets?.map(({ min, unit }) => `${min} ${unit}`);
    expect(least?.slice(-3)).toEqual(["201 bar", "151 kPa", "31 kPa"]);
    expect((await loadRecent(subject, 50, NOW, never)).every(({ unit }) => unit === "kPa")).toBe(true);
  });
});

describe("loadRecent", () => {
  it("finds the newest of a fast tag that fell silent", async () => {
    serve(filled(20_000, 1));
    const points = await loadRecent(subject, 50, NOW - 1, never);
    expect(points.length).toBe(50);
    expect(points.at(-1)?.value).toBe(19_999);
  });

  it("reaches far for a slow one", async () => {
    serve(filled(20, 3_600_000));
    const points = await loadRecent(subject, 50, NOW - 3_600_000, never);
    expect(points.length).toBe(20);
  });
});
