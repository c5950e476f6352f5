// What is selected, kept in the address so that it can be bookmarked and sent to a colleague.

import { useMemo, useSyncExternalStore } from "react";

export interface Place {
  readonly topic: string | undefined;
  readonly field: string | undefined;
}

/** Nothing selected. */
export const NOWHERE: Place = { topic: undefined, field: undefined };

/** Reads the part behind `#`. */
export function parsePlace(hash: string): Place {
  const pairs = new URLSearchParams(hash.replace(/^#/, "").replaceAll("+", "%2B"));
  const topic = pairs.get("topic") ?? undefined;
  return { topic, field: topic === undefined ? undefined : (pairs.get("field") ?? undefined) };
}

/** Writes it; slashes stay, so that the topic can be read. */
export function placeHash({ topic, field }: Place): string {
  if (topic === undefined) return "#";
  const spell = (text: string) => encodeURIComponent(text).replaceAll("%2F", "/");
  return `#topic=${spell(topic)}${field === undefined ? "" : `&field=${spell(field)}`}`;
}

function listen(tell: () => void): () => void {
  addEventListener("hashchange", tell);
  return () => removeEventListener("hashchange", tell);
}

export function usePlace(): Place {
  const hash = useSyncExternalStore(listen, () => location.hash);
  return useMemo(() => parsePlace(hash), [hash]);
}

export function goTo(place: Place): void {
  location.hash = placeHash(place);
}
