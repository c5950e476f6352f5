// The page: the namespace on the left, the selected tag on the right.

import { useCallback, useEffect, useRef, useState } from "react";
import type { SearchHit } from "../api/types";
import { Detail } from "../detail/detail";
import { useConnection } from "../hub-context";
import { NOWHERE, goTo, placeHash, usePlace, type Place } from "../location";
import { Hits, SearchBox, useSearch, type Found } from "../namespace/search";
import { ROOT, isExpandable } from "../namespace/tree-state";
import { TreeView } from "../namespace/tree-view";
import { useTree, type TreeControl } from "../namespace/use-tree";
import { Header } from "./header";
import { Choose, Welcome } from "./welcome";

export function Explorer() {
  const place = usePlace();
  const tree = useTree();
  const [text, setText] = useState("");
  const question = text.trim();
  const found = useSearch(question);
  const side = useRef<HTMLElement>(null);
  useOpening(tree, place);
  useReconnectRefresh(tree);

  const root = tree.state.branches.get(ROOT);
  const empty = root?.next === null && root.items.length === 0;
  const toHits = useCallback(() => {
    side.current?.querySelector<HTMLElement>(".hit, [role=tree]")?.focus();
  }, []);
  const pickHit = (hit: SearchHit) => {
    if (hit.value === undefined && hit.quality === undefined) {
      // A level without a value of its own: show it in the tree.
      setText("");
      tree.reveal(hit.path);
      tree.open(hit.path);
    } else {
      goTo({ topic: hit.path, field: hit.field });
    }
  };
  const onEnter = useFirstHit(question, found, pickHit);
  const chosen = place.topic !== undefined;
  const lost = useConnection().kind !== "live";
  return (
    <div className={`page${chosen ? " has-choice" : ""}${lost ? " is-lost" : ""}`}>
      <Header />
      <main>
        <nav className="side" ref={side} aria-label="Namespace">
          <SearchBox text={text} onText={setText} onDown={toHits} onEnter={onEnter} />
          {question !== "" && <Hits found={found} place={place} onSelect={pickHit} />}
          <div className={question === "" ? "tree-pane" : "tree-pane away"}>
            {empty ? <p className="note">The namespace is empty.</p> : <TreeView tree={tree} place={place} onSelect={goTo} />}
          </div>
        </nav>
        <section className="content" aria-label="Selected tag">
          {place.topic !== undefined && (
            <>
              <a className="back" href={placeHash(NOWHERE)}>
                ‹ Namespace
              </a>
              <Detail key={place.topic} topic={place.topic} field={place.field} onSelect={goTo} />
            </>
          )}
          {!chosen && (empty ? <Welcome /> : <Choose />)}
        </section>
      </main>
    </div>
  );
}

/** Takes the first hit; Enter may come before the hits of what was typed do, then it waits for them. */
function useFirstHit(question: string, found: Found | undefined, pick: (hit: SearchHit) => void) {
  const awaited = useRef<string>(undefined);
  const first = found?.kind === "hits" && found.text === question ? found.hits[0] : undefined;
  useEffect(() => {
    if (awaited.current === question && first !== undefined) pick(first);
    if (awaited.current !== question || first !== undefined) awaited.current = undefined;
  }, [question, first, pick]);
  return () => {
    if (first === undefined) awaited.current = question === "" ? undefined : question;
    else pick(first);
  };
}

/** Opens the way to the selected topic; without one, the levels everybody has to click through. */
function useOpening(tree: TreeControl, place: Place) {
  const { state, open, reveal } = tree;
  useEffect(() => {
    if (place.topic !== undefined) reveal(place.topic);
  }, [place.topic, reveal]);
  const at = useRef<string | undefined>(ROOT);
  useEffect(() => {
    if (at.current === undefined) return;
    const branch = state.branches.get(at.current);
    if (branch === undefined || branch.next === undefined) return;
    const only = branch.items.length === 1 ? branch.items[0] : undefined;
    if (only !== undefined && isExpandable(only) && !only.leaf) {
      at.current = only.path;
      open(only.path);
    } else if (branch.items.length > 0) {
      at.current = undefined;
    }
  }, [state, open]);
}

/** After an interruption the levels may have changed. */
function useReconnectRefresh(tree: TreeControl) {
  const connection = useConnection();
  const { refresh } = tree;
  const live = connection.kind === "live";
  useEffect(() => {
    if (live) refresh();
  }, [live, refresh]);
}
