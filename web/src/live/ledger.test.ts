import { describe, expect, it } from "vitest";
import type { Sample, ServerMessage } from "../api/types";
import { backoff } from "./backoff";
import { Ledger } from "./ledger";

const sample = (sequence: number): Sample => ({
  topic: "a",
  value: sequence,
  quality: "Good",
  timestamp: "2026-11-21T12:00:00Z",
  sequence,
});

const data = (id: number, cursor: string, ...samples: number[]): ServerMessage => ({
  op: "data",
  id,
  cursor,
  samples: samples.map(sample),
});

function sequences(ledger: Ledger, message: ServerMessage): number[] {
  const news = ledger.receive(message);
  return news?.kind === "samples" ? news.samples.map((each) => each.sequence) : [];
}

describe("Ledger", () => {
  it("starts where `current` ended", () => {
    const ledger = new Ledger();
    const { message } = ledger.open({ filter: "a/b", mode: "every", from: "41" });
    expect(message).toEqual({
      op: "subscribe",
      id: 1,
      channel: "topic",
      filter: "a/b",
      mode: "every",
      from: "41",
    });
  });

  it("resumes after the last message, whatever it carried", () => {
    const ledger = new Ledger();
    const { id } = ledger.open({ filter: "a", mode: "every", from: "10" });
    expect(sequences(ledger, data(id, "12", 11, 12))).toEqual([11, 12]);
    expect(ledger.resume()).toMatchObject([{ id, from: "12" }]);
    // A quiet subscription is told how far the log got.
    expect(sequences(ledger, data(id, "90"))).toEqual([]);
    expect(ledger.resume()).toMatchObject([{ id, from: "90" }]);
  });

  it("passes nothing on twice", () => {
    const ledger = new Ledger();
    const { id } = ledger.open({ filter: "a", mode: "every", from: "10" });
    ledger.receive(data(id, "12", 11, 12));
    expect(sequences(ledger, data(id, "14", 11, 12, 13, 14))).toEqual([13, 14]);
  });

  it("keeps every point of one publish", () => {
    const ledger = new Ledger();
    const { id } = ledger.open({ filter: "a", mode: "every", from: "10" });
    expect(sequences(ledger, data(id, "11", 11, 11, 11))).toEqual([11, 11, 11]);
  });

  it("learns its start from the hub", () => {
    const ledger = new Ledger();
    const { id, message } = ledger.open({ filter: "#", mode: "latest" });
    expect(message).not.toHaveProperty("from");
    ledger.receive({ op: "subscribed", id, cursor: "7" });
    expect(ledger.resume()).toMatchObject([{ id, from: "7" }]);
  });

  it("goes on behind a gap and says so", () => {
    const ledger = new Ledger();
    const { id } = ledger.open({ filter: "a", mode: "every", from: "10" });
    expect(ledger.receive({ op: "gap", id, after: "10", until: "500" })).toEqual({ kind: "gap", id });
    expect(ledger.resume()).toMatchObject([{ from: "500" }]);
  });

  it("starts over on another log", () => {
    const ledger = new Ledger();
    const { id } = ledger.open({ filter: "a", mode: "every", from: "9000" });
    const error = { op: "error", id, reason: "cursor_unknown", detail: "" } as const;
    expect(ledger.receive(error)).toEqual({ kind: "gap", id });
    expect(ledger.again(id)).not.toHaveProperty("from");
  });

  it("is deaf to what was closed", () => {
    const ledger = new Ledger();
    const { id } = ledger.open({ filter: "a", mode: "every", from: "1" });
    expect(ledger.close(id)).toEqual({ op: "unsubscribe", id });
    expect(ledger.close(id)).toBeUndefined();
    expect(ledger.receive(data(id, "3", 2, 3))).toBeUndefined();
    expect(ledger.resume()).toEqual([]);
  });
});

describe("backoff", () => {
  it("grows to a bound", () => {
    expect([0, 1, 2, 3, 20].map((attempt) => backoff(attempt, 0.5))).toEqual([
      500, 1_000, 2_000, 4_000, 15_000,
    ]);
    expect(backoff(0, 0)).toBe(400);
    expect(backoff(99, 1)).toBe(18_000);
  });
});
