// The chart of a topic or field, with its windows and what the cursor points at.

import { useEffect, useMemo, useRef, useState, useSyncExternalStore } from "react";
import type { TopicFeed } from "../detail/feed";
import { Segmented } from "../ui/segmented";
import { useTheme } from "../ui/theme";
import { dateText } from "../values/time";
import { Chart, type Readout } from "./chart";
import type { Subject } from "./load";
import { Trend, type TrendState } from "./trend";
import { WINDOWS, windowOf, type Window } from "./windows";

interface Props {
  readonly feed: TopicFeed;
  readonly field: string | undefined;
  readonly kind: Subject["kind"];
  /** Counts up when history must be read anew. */
  readonly epoch: number;
  readonly windowId: Window["id"];
  readonly onWindow: (id: Window["id"]) => void;
}

const CHOICES = WINDOWS.map(({ id, text }) => ({ value: id, text }));

export function TrendCard({ feed, field, kind, epoch, windowId, onWindow }: Props) {
  const trend = useMemo(
    () => new Trend(feed, { topic: feed.topic, field, kind }, windowOf(windowId)),
    // A new epoch means that what was read is not whole any more.
    // eslint-disable-next-line react-hooks/exhaustive-deps
    [feed, field, kind, windowId, epoch],
  );
  useEffect(() => trend.start(), [trend]);
  const state = useSyncExternalStore(trend.watch, trend.state);
  const [readout, setReadout] = useState<Readout>();
  return (
    <section className="card trend" aria-label="Trend">
      <header className="card-head">
        <h2>{field === undefined ? "Trend" : `Trend of ${field}`}</h2>
        <p className="readout" aria-live="off">
          {readout === undefined ? (
            <span className="faint">{legend(trend, state)}</span>
          ) : (
            <>
              <time>{dateText(readout.at)}</time>
              <b>{readout.text}</b>
            </>
          )}
        </p>
        <Segmented label="Window" choices={CHOICES} value={windowId} onChange={onWindow} />
      </header>
      {state.phase === "failed" && (
        <p className="note fault">No history: {state.detail} Trying again…</p>
      )}
      {state.damaged > 0 && (
        <p className="note fault">
          Part of the log could not be read, so samples may be missing ({state.damaged} stretches).
        </p>
      )}
      <Canvas key={`${state.phase}${state.bucketed}`} trend={trend} onReadout={setReadout} />
    </section>
  );
}

function legend(trend: Trend, state: TrendState): string {
  if (state.phase === "reading") return "Reading history…";
  if (trend.onlyHolds(Date.now())) return "No sample in this window: the last value holds";
  if (trend.subject.kind === "state") return "States over time";
  if (!state.bucketed) return "Every sample";
  return `Average per ${trend.window.bucket}, with least and most`;
}

interface CanvasProps {
  readonly trend: Trend;
  readonly onReadout: (readout: Readout | undefined) => void;
}

function Canvas({ trend, onReadout }: CanvasProps) {
  const box = useRef<HTMLDivElement>(null);
  const theme = useTheme();
  useEffect(() => {
    if (box.current === null) return;
    const chart = new Chart(box.current, trend, onReadout);
    return () => chart.destroy();
    // The colours are read when the chart is made: a new theme needs a new chart.
  }, [trend, theme, onReadout]);
  return (
    <div className="chart-box">
      <div ref={box} className="chart" role="img" aria-label={`Trend of ${trend.subject.topic}`} />
      <p className="no-samples">No samples in the last {trend.window.text}.</p>
    </div>
  );
}
