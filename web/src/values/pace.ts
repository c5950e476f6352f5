// When a value counts as stale: one rule for lists, cards and trends, by the tag's own pace.

type Times = readonly { readonly at: number }[];

/** What is known of the distances between the samples of a tag. */
export interface Pace {
  readonly usual: number;
  /** It was silent for so long and went on. */
  readonly longest: number;
}

function steps(points: Times): number[] {
  const newest = points.slice(-200);
  const all = newest.slice(1).map((point, index) => point.at - (newest[index]?.at ?? point.at));
  return all.filter((step) => step > 0);
}

/** The usual distance of two samples, from the newest ones. */
export function usualInterval(points: Times): number | undefined {
  return median(steps(points));
}

/** The pace of samples in order of time; a few in a row are none yet. */
export function paceOf(points: Times): Pace | undefined {
  return paceOfSteps(steps(points));
}

/** So many distances make a pace. */
const STEPS_LEAST = 8;

export function paceOfSteps(steps: readonly number[]): Pace | undefined {
  const usual = median(steps);
  if (usual === undefined || steps.length < STEPS_LEAST) return undefined;
  return { usual, longest: Math.max(...steps) };
}

function median(numbers: readonly number[]): number | undefined {
  const sorted = [...numbers].sort((a, b) => a - b);
  return sorted[sorted.length >> 1];
}

const SILENCE_LEAST_MS = 5_000;
const STALE_LEAST_MS = 15_000;
const SILENCE_STEPS = 8;

/** From this distance on a tag of this pace is silent: eight usual intervals. */
export function silenceAfter(interval: number | undefined, least = SILENCE_LEAST_MS): number {
  return Math.max(least, SILENCE_STEPS * (interval ?? least));
}

/**
 * Whether a tag is silent for longer than its pace explains. One of which nobody knows the pace is not
 * called stale: its age says enough. `heard` is when something of it came last, which may be later than
 * its own time: a recording that is being replayed is not stale.
 */
export function isStale(at: number, now: number, pace: Pace | undefined, heard = at): boolean {
  if (pace === undefined) return false;
  return now - Math.max(at, heard) > Math.max(silenceAfter(pace.usual, STALE_LEAST_MS), 2 * pace.longest);
}
