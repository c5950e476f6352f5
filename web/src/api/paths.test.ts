import { describe, expect, it } from "vitest";
import { paths, urlFilter } from "./paths";

describe("paths", () => {
  it("are what the hub serves", () => {
    expect(paths.tree({})).toBe("/api/v1/uns/tree");
    expect(paths.tree({ path: "uns/v1", limit: 200, after: "x y" })).toBe(
      "/api/v1/uns/tree?path=uns/v1&limit=200&after=x%20y",
    );
    expect(paths.current({ filter: urlFilter("uns/v1/+/x/#"), limit: 1 })).toBe(
      "/api/v1/uns/current?filter=uns/v1/*/x/**&limit=1",
    );
    expect(
      paths.history({
        topic: "Plant A/ü&=?#+%",
        field: "motor.temp",
        start: "2026-11-21T12:00:00Z",
        aggregate: "avg",
        bucket: "1m",
      }),
    ).toBe(
      "/api/v1/uns/history?topic=Plant%20A/%C3%BC%26%3D%3F%23%2B%25&field=motor.temp" +
        "&start=2026-11-21T12:00:00Z&aggregate=avg&bucket=1m",
    );
    expect(paths.search({ q: "line3 temp" })).toBe("/api/v1/uns/search?q=line3%20temp");
    expect(paths.metrics()).toBe("/metrics");
    expect(paths.document()).toBe("/api/v1/openapi.json");
  });

  it("leave out what is not given", () => {
    expect(paths.tree({ path: undefined, after: "" })).toBe("/api/v1/uns/tree");
    // The empty path is a level: that of `/l/x`.
    expect(paths.tree({ path: "" })).toBe("/api/v1/uns/tree?path=");
    expect(urlFilter("a/*/**/+")).toBe("a/\\*/\\**/*");
  });

  it("follow the page's scheme", () => {
    expect(paths.live({ protocol: "http:", host: "h:8080" })).toBe("ws://h:8080/api/v1/ws");
    expect(paths.live({ protocol: "https:", host: "h" })).toBe("wss://h/api/v1/ws");
  });

  it("read back as they were meant", () => {
    const topic = "a/b c/%2F/+x";
    const query = new URL(paths.history({ topic }), "http://h").searchParams;
    expect(query.get("topic")).toBe(topic);
  });
});
