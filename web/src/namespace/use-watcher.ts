// Watches filters for as long as a component shows what they bring.

import { useEffect, useRef } from "react";
import { useHub } from "../hub-context";
import { Watcher, type Seen } from "./watcher";

/** How long the filters stand still before they are asked for. */
const SETTLE_MS = 120;

/** `filters` are joined by line feeds, so that equal plans are equal to React. */
export function useWatcher(filters: string, seen: Seen): void {
  const { channel, values } = useHub();
  const watcher = useRef<Watcher>(undefined);
  useEffect(() => {
    const made = new Watcher(channel, values, seen);
    watcher.current = made;
    return () => made.stop();
  }, [channel, values, seen]);
  useEffect(() => {
    const wanted = new Set(filters === "" ? [] : filters.split("\n"));
    const timer = setTimeout(() => watcher.current?.watch(wanted), SETTLE_MS);
    return () => clearTimeout(timer);
  }, [filters, channel, values, seen]);
}
