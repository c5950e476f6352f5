import { describe, expect, it } from "vitest";
import { labels, room, stepOf, ticks } from "./scale";

/** The labels of a scale with room for six ticks. */
const scale = (min: number, max: number) => {
  const step = stepOf([min, max], 1 / 6);
  return labels(ticks([min, max], step), step);
};

describe("the labels of a scale", () => {
  it("are as usual for usual numbers", () => {
    expect(scale(19.8, 22.3)).toEqual(["20.0", "20.5", "21.0", "21.5", "22.0"]);
    expect(scale(-1, 1)).toEqual(["-1.0", "-0.5", "0", "0.5", "1.0"]);
    expect(scale(0, 14)).toEqual(["0.0", "2.5", "5.0", "7.5", "10.0", "12.5"].map((t) => (t === "0.0" ? "0" : t)));
    expect(scale(0, 120_000)).toEqual(["0", "20,000", "40,000", "60,000", "80,000", "100,000", "120,000"]);
  });

  it("tell the ticks of small values apart", () => {
    expect(scale(0.00008, 0.00016)).toEqual(["0.00008", "0.00010", "0.00012", "0.00014", "0.00016"]);
    expect(scale(-2.4e-7, 0)).toEqual(["-2.0e-7", "-1.5e-7", "-1.0e-7", "-5e-8", "0"]);
    expect(scale(1.6e-7, 2.4e-7)).toEqual(["1.6e-7", "1.8e-7", "2.0e-7", "2.2e-7", "2.4e-7"]);
    expect(scale(0, 3e-30)).toEqual(["0", "5e-31", "1.0e-30", "1.5e-30", "2.0e-30", "2.5e-30", "3.0e-30"]);
  });

  it("tell the ticks of a small range apart", () => {
    expect(scale(230, 230.0001)).toEqual(
      ["230.00000", "230.00002", "230.00004", "230.00006", "230.00008", "230.00010"],
    );
  });

  it("are there for huge values", () => {
    expect(scale(0, 1.2e302)).toEqual(["0", "2e301", "4e301", "6e301", "8e301", "1.0e302", "1.2e302"]);
    expect(scale(1.239e12, 1.2391e12)).toEqual(["1.23900e12", "1.23902e12", "1.23904e12", "1.23906e12", "1.23908e12", "1.23910e12"]);
    for (const [low, high] of [[-1.7e308, 1.7e308], [1.7e308, 1.7e308], [5e-324, 5e-324]] as const) {
      const [min, max] = room(low, high);
      expect(max - min).toBeGreaterThan(0);
      expect(Number.isFinite(max - min)).toBe(true);
      expect(scale(min, max).every((text) => !text.includes("NaN"))).toBe(true);
    }
    expect(scale(...room(-1.7e308, 1.7e308)).length).toBeGreaterThan(2);
  });

  it("are different ones, whatever the range is", () => {
    for (let exponent = -300; exponent <= 300; exponent += 7) {
      for (const span of [1e-12, 1e-6, 0.013, 1, 3.7]) {
        const [min, max] = room(10 ** exponent, 10 ** exponent * (1 + span));
        const texts = scale(min, max);
        expect(texts.length, `${min} to ${max}`).toBeGreaterThan(1);
        expect(new Set(texts).size, texts.join(" ")).toBe(texts.length);
      }
    }
  });
});

describe("the room around values", () => {
  it("makes no mountain range of a constant", () => {
    expect(room(20, 20)).toEqual([19.5, 20.5]);
    expect(room(0, 0)).toEqual([-0.5, 0.5]);
    expect(room(2e-7, 2e-7)).toEqual([1e-7, 3e-7]);
    expect(room(null, null)).toEqual([0, 1]);
  });
});
