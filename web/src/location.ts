// What is selected, kept in the address so that it can be bookmarked and sent to a colleague.

import { useMemo, useSyncExternalStore } from "react";

export interface Place {
  readonly topic: string | undefined;
  readonly field: string | undefined;
  /** The window of the trend; without one, the first. */
  readonly window?: string | undefined;
  /** Where the window ends; without one, now. */
  readonly until?: string | undefined;
}

/** Nothing selected. */
export const NOWHERE: Place = { topic: undefined, field: undefined };

/** Reads the part behind `#`. */
export function parsePlace(hash: string): Place {
  const pairs = new URLSearchParams(hash.replace(/^#/, "").replaceAll("+", "%2B"));
  const topic = pairs.get("topic") ?? undefined;
  if (topic === undefined) return NOWHERE;
  const given = (name: string) => pairs.get(name) ?? undefined;
  return { topic, field: given("field"), window: given("window"), until: given("until") };
}

/** Writes it; slashes stay, so that the topic can be read. */
export function placeHash({ topic, field, window, until }: Place): string {
  if (topic === undefined) return "#";
  const spell = (text: string) => encodeURIComponent(text).replaceAll("%2F", "/");
  const more = (name: string, text: string | undefined) =>
    text === undefined ? "" : `&${name}=${spell(text)}`;
  return `#topic=${spell(topic)}${more("field", field)}${more("window", window)}${more("until", until)}`;
}

/** Where the window of a place ends, in milliseconds; nothing where it goes on with the clock. */
export function untilOf({ until }: Place): number | undefined {
  const at = Date.parse(until ?? "");
  return Number.isNaN(at) ? undefined : at;
}

function listen(tell: () => void): () => void {
  addEventListener("hashchange", tell);
  return () => removeEventListener("hashchange", tell);
}

export function usePlace(): Place {
  const hash = useSyncExternalStore(listen, () => location.hash);
  return useMemo(() => parsePlace(hash), [hash]);
}

/** Goes to another tag or field; the window stays the one that was looked at, its end that of one tag. */
export function goTo(place: Place): void {
  const before = parsePlace(location.hash);
  const window = place.window ?? before.window;
  const until = place.until ?? (place.topic === before.topic ? before.until : undefined);
  location.hash = placeHash(place.topic === undefined ? place : { ...place, window, until });
}

/** Shows another window of the same tag: no step back to every one that was tried. */
export function showSpan(window: string, until: number | undefined): void {
  const end = until === undefined ? undefined : new Date(until).toISOString();
  history.replaceState(null, "", placeHash({ ...parsePlace(location.hash), window, until: end }));
  dispatchEvent(new HashChangeEvent("hashchange"));
}
