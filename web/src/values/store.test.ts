import { describe, expect, it } from "vitest";
import { ValueStore, fieldKey } from "./store";

const reading = (value: number, sequence: number) => ({
  value,
  quality: "Good" as const,
  timestamp: "2026-11-21T12:00:00Z",
  sequence,
});

describe("ValueStore", () => {
  it("never goes back in the log", () => {
    const store = new ValueStore();
    let told = 0;
    store.listen("a", () => (told += 1));
    expect(store.put("a", reading(1, 5))).toBe(true);
    expect(store.put("a", reading(0, 4))).toBe(false);
    expect(store.get("a")?.value).toBe(1);
    expect(told).toBe(1);
  });

  it("keeps a unit until another one is named", () => {
    const store = new ValueStore();
    store.seed("a", { ...reading(1, 0), unit: "1/min" });
    store.put("a", reading(2, 5));
    expect(store.get("a")?.unit).toBe("1/min");
    store.put("a", { ...reading(3, 6), unit: "Hz" });
    store.put("a", reading(4, 7));
    expect(store.get("a")).toEqual({ ...reading(4, 7), unit: "Hz" });
  });

  it("knows the fields of a topic, and forgets them with it", () => {
    const store = new ValueStore();
    expect(store.putField("a", "temp", reading(1, 5))).toBe(true);
    expect(store.putField("a", "temp", reading(2, 6))).toBe(false);
    expect(store.putField("a", "rpm", reading(3, 6))).toBe(true);
    expect(store.fields("a")).toEqual(["temp", "rpm"]);
    expect(store.get(fieldKey("a", "temp"))?.value).toBe(2);
    store.forget(["a"]);
    expect(store.fields("a")).toEqual([]);
    expect(store.get(fieldKey("a", "temp"))).toBeUndefined();
  });

  it("prefers what has a place in the log", () => {
    const store = new ValueStore();
    store.seed("a", reading(1, 0));
    store.seed("a", reading(2, 0));
    expect(store.get("a")?.value).toBe(2);
    store.put("a", reading(3, 9));
    store.seed("a", reading(4, 0));
    expect(store.get("a")?.value).toBe(3);
  });

  it("knows the pace of a tag, from what comes live or from its history", () => {
    const store = new ValueStore();
    for (let n = 0; n < 9; n += 1) {
      expect(store.pace("a")).toBeUndefined();
      store.put("a", { ...reading(n, n), timestamp: `2026-11-21T12:00:${10 + 2 * n}Z` });
    }
    expect(store.pace("a")).toEqual({ usual: 2_000, longest: 2_000 });
    store.learn("a", { usual: 60_000, longest: 90_000 });
    expect(store.pace("a")?.usual).toBe(60_000);
  });

  it("knows when something came, which what was read at first does not say", () => {
    const store = new ValueStore();
    store.put("a", reading(1, 5));
    store.put("a", reading(1, 5));
    expect(store.heard("a")).toBeUndefined();
    const before = Date.now();
    store.put("a", reading(2, 6));
    expect(store.heard("a")).toBeGreaterThanOrEqual(before);
    store.forget(["a"]);
    expect(store.heard("a")).toBeUndefined();
  });

  it("keeps what is looked at", () => {
    const store = new ValueStore();
    store.put("a", reading(1, 1));
    store.put("b", reading(1, 1));
    const stop = store.listen("a", () => undefined);
    store.forget(["a", "b"]);
    expect(store.get("a")).toBeDefined();
    expect(store.get("b")).toBeUndefined();
    stop();
    store.forget(["a"]);
    expect(store.get("a")).toBeUndefined();
  });
});
