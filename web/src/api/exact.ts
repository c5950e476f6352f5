// JSON whose numbers keep their text: `23.0` stays `23.0`, long integers lose no digit.

/** A number that JavaScript would print differently from how it was published. */
export class Exact {
  constructor(
    readonly number: number,
    readonly text: string,
  ) {}

  toJSON(): number {
    return this.number;
  }

  toString(): string {
    return this.text;
  }
}

type Reviver = (key: string, value: unknown, context?: { source?: string }) => unknown;

const reviver: Reviver = (_key, value, context) => {
  const source = context?.source;
  if (typeof value !== "number" || source === undefined || String(value) === source) return value;
  return new Exact(value, source);
};

/**
 * Parses JSON. Numbers become `Exact` only where that makes a difference, so counts and sequences
 * are plain numbers. A browser that does not tell the source text gets plain numbers throughout.
 */
export function parseExact(text: string): unknown {
  return JSON.parse(text, reviver as (key: string, value: unknown) => unknown);
}
