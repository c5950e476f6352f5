// What is selected, kept in the address so that it can be bookmarked and sent to a colleague.

import { useMemo, useSyncExternalStore } from "react";

export interface Place {
  readonly topic: string | undefined;
  readonly field: string | undefined;
  /** The window of the trend; without one, the first. */
  readonly window?: string | undefined;
}

/** Nothing selected. */
export const NOWHERE: Place = { topic: undefined, field: undefined };

/** Reads the part behind `#`. */
export function parsePlace(hash: string): Place {
  const pairs = new URLSearchParams(hash.replace(/^#/, "").replaceAll("+", "%2B"));
  const topic = pairs.get("topic") ?? undefined;
  if (topic === undefined) return NOWHERE;
  return { topic, field: pairs.get("field") ?? undefined, window: pairs.get("window") ?? undefined };
}

/** Writes it; slashes stay, so that the topic can be read. */
export function placeHash({ topic, field, window }: Place): string {
  if (topic === undefined) return "#";
  const spell = (text: string) => encodeURIComponent(text).replaceAll("%2F", "/");
  const more = (name: string, text: string | undefined) =>
    text === undefined ? "" : `&${name}=${spell(text)}`;
  return `#topic=${spell(topic)}${more("field", field)}${more("window", window)}`;
}

function listen(tell: () => void): () => void {
  addEventListener("hashchange", tell);
  return () => removeEventListener("hashchange", tell);
}

export function usePlace(): Place {
  const hash = useSyncExternalStore(listen, () => location.hash);
  return useMemo(() => parsePlace(hash), [hash]);
}

/** Goes to another tag or field; the window stays the one that was looked at. */
export function goTo(place: Place): void {
  const window = place.window ?? parsePlace(location.hash).window;
  location.hash = placeHash(place.topic === undefined ? place : { ...place, window });
}

/** Shows another window of the same tag: no step back to every one that was tried. */
export function showWindow(window: string): void {
  history.replaceState(null, "", placeHash({ ...parsePlace(location.hash), window }));
  dispatchEvent(new HashChangeEvent("hashchange"));
}
