// How long to wait before trying again.

const FIRST_MS = 500;
const MOST_MS = 15_000;

/** Doubles up to a bound; `chance` in 0..1 spreads clients that lost the same hub. */
export function backoff(attempt: number, chance: number): number {
  const wait = Math.min(MOST_MS, FIRST_MS * 2 ** Math.min(attempt, 10));
  return Math.round(wait * (0.8 + 0.4 * chance));
}
