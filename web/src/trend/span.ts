// The stretch of time a trend shows: a window that ends now and goes on, or one that ends in the past.

import type { Window } from "./windows";

export interface Span {
  readonly window: Window;
  /** Where it ends, in milliseconds; without it, now. */
  readonly until: number | undefined;
}

/** Where it begins and ends. */
export function boundsOf({ window, until }: Span, now: number): readonly [start: number, end: number] {
  const end = until ?? now;
  return [end - window.ms, end];
}

/** Whether a time lies in it. */
export function covers(span: Span, at: number, now: number): boolean {
  const [start, end] = boundsOf(span, now);
  return at >= start && (span.until === undefined || at < end);
}

/** The end of the span half a window before. */
export function earlier({ window, until }: Span, now: number): number {
  return (until ?? now) - window.ms / 2;
}

/** The end of the span half a window behind; one that reaches now goes on with the clock. */
export function later({ window, until }: Span, now: number): number | undefined {
  if (until === undefined) return undefined;
  const end = until + window.ms / 2;
  return end >= now ? undefined : end;
}

/** The end of the span in which a sample is the last, with some room behind it. */
export function endBehind(at: number, window: Window, now: number): number | undefined {
  const end = Math.ceil(at + window.ms / 50);
  return end >= now ? undefined : end;
}
