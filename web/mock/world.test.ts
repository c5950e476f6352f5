import { describe, expect, it } from "vitest";
import type { ServerMessage } from "../src/api/types";
import { Ledger } from "../src/live/ledger";
import { history } from "./answers";
import { live } from "./live";
import { World, matches } from "./world";

describe("the mock hub", () => {
  it("matches as MQTT does", () => {
    for (const [filter, topic, expected] of [
      ["a/+", "a/b", true],
      ["a/+", "a", false],
      ["a/+", "a/b/c", false],
      ["#", "a/b", true],
      ["a/#", "b/a", false],
    ] as const) {
      expect(matches(filter, topic)).toBe(expected);
    }
  });

  it("hands over from `current` to live without gap or repeat, across a lost connection", () => {
    const world = new World();
    world.publish("a", 1);
    const { cursor } = world.current("a", 10);
    world.publish("a", 2);
    const ledger = new Ledger();
    const got: unknown[] = [];
    const hear = (message: ServerMessage) => {
      const news = ledger.receive(message);
      if (news?.kind === "samples") got.push(...news.samples.map((sample) => sample.value));
    };
    const first = live(world, hear);
    first.say(ledger.open({ filter: "a", mode: "every", from: cursor }).message);
    world.publish("a", 3);
    first.end();
    world.publish("a", 4);
    const second = live(world, hear);
    ledger.resume().forEach((message) => second.say(message));
    world.publish("a", 5);
    second.end();
    expect(got).toEqual([2, 3, 4, 5]);
  });

  it("pages history", () => {
    const world = new World();
    for (let n = 0; n < 5; n += 1) world.publish("a", n, "Good", 1_000 * n + 1_000_000);
    const page = history(world, new URLSearchParams("topic=a"), 3);
    expect(page.samples.length).toBe(3);
    expect(page.next).toBe("more");
    const mean = history(world, new URLSearchParams("topic=a&aggregate=avg&bucket=5s"), 9);
    expect(mean.samples.map((sample) => sample.value)).toEqual([2]);
  });
});
