// Search over all topics and fields; the hits stand in the tree's place while there is a question.

import { useEffect, useRef, useState } from "react";
import { api } from "../api/client";
import type { SearchHit } from "../api/types";
import { useHub } from "../hub-context";
import { backoff } from "../live/backoff";
import type { Place } from "../location";
import { fieldKey } from "../values/store";
import { shownValue } from "../values/value";
import { LeafCells } from "./leaf-cells";
import { useWatcher } from "./use-watcher";
import { FILTERS_MAX } from "./watch-plan";

const PAUSE_MS = 180;
const HITS_MAX = 200;

export type Found =
  | { readonly kind: "hits"; readonly text: string; readonly hits: readonly SearchHit[] }
  | { readonly kind: "fault"; readonly text: string; readonly detail: string };

/** Where the store keeps the value of what was found. */
function keyOf({ path, field }: SearchHit): string {
  return field === undefined ? path : fieldKey(path, field);
}

/** Asks the hub once the typing pauses; nothing for an empty question. */
export function useSearch(text: string): Found | undefined {
  const { values } = useHub();
  const [found, setFound] = useState<Found>();
  useEffect(() => {
    if (text === "") return;
    const abort = new AbortController();
    const ask = async (attempt: number) => {
      try {
        const { results } = await api.search({ q: text, limit: HITS_MAX }, abort.signal);
        for (const hit of results) {
          const { value, quality, timestamp, unit, ...said } = hit;
          if (value === undefined || quality === undefined || timestamp === undefined) continue;
          const shown = shownValue({ ...said, value });
          values.seed(keyOf(hit), { value: shown, quality, timestamp, unit: unit ?? undefined });
        }
        setFound({ kind: "hits", text, hits: results });
      } catch (error) {
        if (abort.signal.aborted) return;
        const detail = error instanceof Error ? error.message : String(error);
        setFound({ kind: "fault", text, detail });
        timer = setTimeout(() => void ask(attempt + 1), backoff(attempt, Math.random()));
      }
    };
    let timer = setTimeout(() => void ask(0), PAUSE_MS);
    return () => {
      clearTimeout(timer);
      abort.abort();
    };
  }, [text, values]);
  return text === "" ? undefined : found;
}

interface BoxProps {
  readonly text: string;
  readonly onText: (text: string) => void;
  readonly onDown: () => void;
  readonly onEnter: () => void;
}

/** The box itself: `/` jumps to it, Escape empties it, Enter takes the first hit, the down key goes to them. */
export function SearchBox({ text, onText, onDown, onEnter }: BoxProps) {
  const box = useRef<HTMLInputElement>(null);
  useEffect(() => {
    const jump = (event: KeyboardEvent) => {
      const typing = event.target instanceof HTMLInputElement;
      if (event.key !== "/" || typing || event.ctrlKey || event.metaKey) return;
      event.preventDefault();
      box.current?.focus();
    };
    addEventListener("keydown", jump);
    return () => removeEventListener("keydown", jump);
  }, []);
  const onKeyDown = (event: React.KeyboardEvent) => {
    if (event.key === "Escape") onText("");
    if (event.key === "Enter" && !event.nativeEvent.isComposing) onEnter();
    if (event.key !== "ArrowDown") return;
    event.preventDefault();
    onDown();
  };
  return (
    <div className="search">
      <svg width="14" height="14" viewBox="0 0 16 16" aria-hidden="true">
        <path className="line" d="M7 12A5 5 0 1 0 7 2a5 5 0 0 0 0 10Zm3.6-1.4L14 14" />
      </svg>
      <input
        ref={box}
        type="search"
        value={text}
        placeholder="Search topics and fields"
        aria-label="Search topics and fields"
        autoComplete="off"
        spellCheck={false}
        maxLength={200}
        onChange={(event) => onText(event.target.value)}
        onKeyDown={onKeyDown}
      />
      <kbd aria-hidden="true">/</kbd>
    </div>
  );
}

const nothing = () => undefined;

interface HitsProps {
  readonly found: Found | undefined;
  readonly place: Place;
  readonly onSelect: (hit: SearchHit) => void;
}

export function Hits({ found, place, onSelect }: HitsProps) {
  const list = useRef<HTMLUListElement>(null);
  const hits = found?.kind === "hits" ? found.hits : [];
  const valued = hits.filter((hit) => hit.value !== undefined || hit.quality !== undefined);
  const topics = [...new Set(valued.map((hit) => hit.path))];
  useWatcher(topics.slice(0, FILTERS_MAX).join("\n"), nothing);
  const step = (event: React.KeyboardEvent) => {
    const by = event.key === "ArrowDown" ? 1 : event.key === "ArrowUp" ? -1 : 0;
    if (by === 0) return;
    event.preventDefault();
    const buttons = [...(list.current?.querySelectorAll("button") ?? [])];
    buttons[buttons.findIndex((each) => each === document.activeElement) + by]?.focus();
  };
  if (found === undefined) return <p className="note">Searching…</p>;
  if (found.kind === "fault") return <p className="note">Search failed: {found.detail} Trying again…</p>;
  if (hits.length === 0) return <p className="note">No topic or field contains “{found.text}”.</p>;
  return (
    <>
      <p className="note" role="status">
        {hits.length === HITS_MAX ? `The first ${HITS_MAX} matches` : `${hits.length} found`}
      </p>
      <ul className="hits" ref={list}>
        {hits.map((hit) => (
          <li key={keyOf(hit)}>
            <button
              type="button"
              className={hit.path === place.topic && hit.field === place.field ? "hit selected" : "hit"}
              onClick={() => onSelect(hit)}
              onKeyDown={step}
            >
              <span className="hit-line">
                <span className="name">{hit.field ?? (hit.name === "" ? "(empty)" : hit.name)}</span>
                <LeafCells topic={keyOf(hit)} />
              </span>
              <span className="hit-path">{hit.path}</span>
            </button>
          </li>
        ))}
      </ul>
    </>
  );
}
