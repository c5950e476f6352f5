// The newest samples of a topic or field: read once, then live.

import { useEffect, useState } from "react";
import type { Sample } from "../api/types";
import { backoff } from "../live/backoff";
import { loadRecent } from "../trend/load";
import { Continued, pointOf, type Point } from "../trend/series";
import { parseTime } from "../values/time";
import type { TopicFeed } from "./feed";

export const RECENT_MAX = 50;

/** How often the table is renewed at most; a fast tag could not be read anyway. */
const PAUSE_MS = 250;

/** Newest first; nothing while they are read. */
export function useRecent(
  feed: TopicFeed,
  field: string | undefined,
  epoch: number,
): readonly Point[] | undefined {
  const [points, setPoints] = useState<readonly Point[]>();
  useEffect(() => {
    const data = new Continued(RECENT_MAX);
    // A live sample names its unit only where its payload does; the unit holds until another one.
    const newest = () => (field === undefined ? feed.state().own : feed.state().fields.get(field));
    let unit = newest()?.unit;
    const liveUnit = (sample: Sample) => (unit = sample.unit ?? unit);
    const abort = new AbortController();
    let timer: ReturnType<typeof setTimeout> | undefined;
    let shown = 0;
    const show = () => {
      timer = undefined;
      shown = Date.now();
      setPoints(data.series.points.slice(-RECENT_MAX).reverse());
    };
    const untap = feed.tap((samples: readonly Sample[]) => {
      const mine = samples.filter((sample) => (sample.field ?? undefined) === field);
      const points = mine.map((sample) => pointOf(sample, liveUnit(sample)));
      points.slice(-RECENT_MAX).forEach((point) => data.live(point));
      if (mine.length > 0) timer ??= setTimeout(show, Math.max(0, PAUSE_MS - (Date.now() - shown)));
    });
    data.reading();
    const last = newest();
    const at = last === undefined ? Date.now() : parseTime(last.timestamp);
    let again: ReturnType<typeof setTimeout> | undefined;
    const read = (attempt: number) => {
      loadRecent({ topic: feed.topic, field }, RECENT_MAX, at, abort.signal)
        .then((points) => {
          if (abort.signal.aborted) return;
          data.read(points);
          // History is a moment behind: what stands above the table is its newest row all the same.
          const now = newest();
          if (now !== undefined && now.superseded !== true) data.live(pointOf(now));
          show();
        })
        // What could not be read is not nothing: it is read again.
        .catch(() => {
          if (abort.signal.aborted) return;
          again = setTimeout(() => read(attempt + 1), backoff(attempt, Math.random()));
        });
    };
    read(0);
    return () => {
      abort.abort();
      untap();
      clearTimeout(timer);
      clearTimeout(again);
    };
  }, [feed, field, epoch]);
  return points;
}
