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
      mine.slice(-RECENT_MAX).forEach((sample) => data.live(pointOf(sample)));
      if (mine.length > 0) timer ??= setTimeout(show, Math.max(0, PAUSE_MS - (Date.now() - shown)));
    });
    data.reading();
    const { own, fields } = feed.state();
    const last = field === undefined ? own : fields.get(field);
    const at = last === undefined ? Date.now() : parseTime(last.timestamp);
    let again: ReturnType<typeof setTimeout> | undefined;
    const read = (attempt: number) => {
      loadRecent({ topic: feed.topic, field }, RECENT_MAX, at, abort.signal)
        .then((points) => {
          if (abort.signal.aborted) return;
          data.read(points);
          // History is a moment behind: what stands above the table is its newest row all the same.
          const now = field === undefined ? feed.state().own : feed.state().fields.get(field);
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
