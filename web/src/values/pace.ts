// When a value counts as stale: one rule for lists, cards and trends, by the tag's own pace.

/** The usual distance of two samples, from the newest ones. */
export function usualInterval(points: readonly { readonly at: number }[]): number | undefined {
  const newest = points.slice(-200);
  const steps = newest.slice(1).map((point, index) => point.at - (newest[index]?.at ?? point.at));
  return median(steps.filter((step) => step > 0));
}

export function median(numbers: readonly number[]): number | undefined {
  const sorted = [...numbers].sort((a, b) => a - b);
  return sorted[sorted.length >> 1];
}

const SILENCE_LEAST_MS = 5_000;
const SILENCE_STEPS = 8;

/** From this distance on a tag of this pace is silent: eight usual intervals. */
export function silenceAfter(interval: number | undefined, least = SILENCE_LEAST_MS): number {
  return Math.max(least, SILENCE_STEPS * (interval ?? least));
}

/** A tag of which nobody knows the pace is not called stale: its age says enough. */
export function isStale(age: number, interval: number | undefined): boolean {
  return interval !== undefined && age > silenceAfter(interval, 15_000);
}
