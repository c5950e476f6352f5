import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";

const css = readFileSync(new URL("./theme.css", import.meta.url), "utf8");

function colors(theme: "light" | "dark"): Map<string, string> {
  const blocks = css.split("}");
  const of = (block: string | undefined) =>
    [...(block ?? "").matchAll(/--([\w-]+): (#[0-9a-f]{6})/g)].map(
      ([, name, color]): [string, string] => [name ?? "", color ?? ""],
    );
  return new Map(theme === "light" ? of(blocks[0]) : [...of(blocks[0]), ...of(blocks[1])]);
}

function luminance(color: string): number {
  const [red = 0, green = 0, blue = 0] = [1, 3, 5].map((at) => {
    const part = parseInt(color.slice(at, at + 2), 16) / 255;
    return part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4;
  });
  return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
}

function contrast(a: string, b: string): number {
  const [light = 0, dark = 0] = [luminance(a), luminance(b)].sort((x, y) => y - x);
  return (light + 0.05) / (dark + 0.05);
}

const GROUNDS = ["ground", "card", "side", "raised", "accent-soft"];
const PAIRS: [string, string][] = [
  ...["text", "faint", "uncertain", "bad"].flatMap((ink) =>
    GROUNDS.map((ground): [string, string] => [ink, ground]),
  ),
  ["accent", "card"],
  ["accent", "ground"],
  ["accent", "accent-soft"],
  ["good", "good-soft"],
  ["uncertain", "uncertain-soft"],
  ["bad", "bad-soft"],
];

describe.each(["light", "dark"] as const)("the %s theme", (theme) => {
  const all = colors(theme);
  const of = (name: string) => all.get(name) ?? name;

  it("has text everybody can read (AA)", () => {
    const poor = PAIRS.filter(([ink, ground]) => contrast(of(ink), of(ground)) < 4.5);
    expect(poor).toEqual([]);
  });

  it("has labels on states everybody can read (AA)", () => {
    const states = [...all.keys()].filter((name) => name.startsWith("state-"));
    expect(states.length).toBe(9);
    expect(states.filter((name) => contrast("#ffffff", of(name)) < 4.5)).toEqual([]);
  });
});
