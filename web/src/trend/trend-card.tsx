// The chart of a topic or field, with its windows and what the cursor points at.

import { useEffect, useMemo, useRef, useState, useSyncExternalStore } from "react";
import type { TopicFeed } from "../detail/feed";
import { useNow } from "../ui/now";
import { Segmented } from "../ui/segmented";
import { useTheme } from "../ui/theme";
import { dateText } from "../values/time";
import { Chart } from "./chart";
import type { Subject } from "./load";
import type { Readout } from "./readout";
import { covers, earlier, endBehind, later, type Span } from "./span";
import { Trend, type TrendState } from "./trend";
import { WINDOWS, windowOf, type Window } from "./windows";

interface Props {
  readonly feed: TopicFeed;
  readonly field: string | undefined;
  readonly kind: Subject["kind"];
  /** Counts up when history must be read anew. */
  readonly epoch: number;
  /** When the newest sample is. */
  readonly last: number | undefined;
  readonly windowId: Window["id"];
  readonly until: number | undefined;
  readonly onSpan: (window: Window["id"], until: number | undefined) => void;
}

const CHOICES = WINDOWS.map(({ id, text }) => ({ value: id, text }));

export function TrendCard({ feed, field, kind, epoch, last, windowId, until, onSpan }: Props) {
  const span = useMemo(() => ({ window: windowOf(windowId), until }), [windowId, until]);
  const trend = useMemo(
    () => new Trend(feed, { topic: feed.topic, field, kind }, span),
    // A new epoch means that what was read is not whole any more.
    // eslint-disable-next-line react-hooks/exhaustive-deps
    [feed, field, kind, span, epoch],
  );
  useEffect(() => trend.start(), [trend]);
  const state = useSyncExternalStore(trend.watch, trend.state);
  const [readout, setReadout] = useState<Readout>();
  const [units, setUnits] = useState("");
  return (
    <section className="card trend" aria-label="Trend">
      <header className="card-head">
        <h2>{field === undefined ? "Trend" : `Trend of ${field}`}</h2>
        <p className="readout" aria-live="off">
          {readout === undefined ? (
            <span className="faint">{legend(trend, state, span, units)}</span>
          ) : (
            <>
              <time>{dateText(readout.at)}</time>
              <b>{readout.text}</b>
            </>
          )}
        </p>
        <SpanButtons span={span} last={last} onEnd={(end) => onSpan(windowId, end)} />
        <Segmented
          label="Window"
          choices={CHOICES}
          value={windowId}
          onChange={(id) => onSpan(id, until)}
        />
      </header>
      {state.phase === "failed" && (
        <p className="note fault">No history: {state.detail} Trying again…</p>
      )}
      {state.damaged > 0 && (
        <p className="note fault">
          Part of the log could not be read, so samples may be missing ({state.damaged} stretches).
        </p>
      )}
      <Canvas key={`${state.phase}${state.bucketed}`} trend={trend} span={span} onReadout={setReadout} onUnits={setUnits} />
    </section>
  );
}

function legend(trend: Trend, state: TrendState, { until }: Span, units: string): string {
  if (state.phase === "reading") return "Reading history…";
  const inUnits = units === "" ? "" : `, in ${units}`;
  const end = `${until === undefined ? "" : `, until ${dateText(until).slice(0, 16)}`}${inUnits}`;
  if (trend.onlyHolds(Date.now())) return `No sample in this window: the last value holds${end}`;
  if (trend.subject.kind === "state") return `States over time${end}`;
  if (!state.bucketed) return `Every sample${end}`;
  return `Average per ${trend.window.bucket}, with least and most${end}`;
}

interface SpanProps {
  readonly span: Span;
  readonly last: number | undefined;
  readonly onEnd: (until: number | undefined) => void;
}

/** Half a window back and on, to the newest sample where it is not shown, and back to now. */
function SpanButtons({ span, last, onEnd }: SpanProps) {
  const now = useNow();
  const isAway = last !== undefined && !covers(span, last, now);
  return (
    <div className="span-buttons" role="group" aria-label="Move the window">
      {isAway && (
        <button type="button" className="button" onClick={() => onEnd(endBehind(last, span.window, now))}>
          Newest sample
        </button>
      )}
      {span.until !== undefined && (
        <button type="button" className="button" onClick={() => onEnd(undefined)}>
          Now
        </button>
      )}
      <button type="button" className="button icon" aria-label="Earlier" title="Earlier" onClick={() => onEnd(earlier(span, now))}>
        <Arrow points="m10 3-5 5 5 5" />
      </button>
      <button
        type="button"
        className="button icon"
        aria-label="Later"
        title="Later"
        disabled={span.until === undefined}
        onClick={() => onEnd(later(span, now))}
      >
        <Arrow points="m6 3 5 5-5 5" />
      </button>
    </div>
  );
}

function Arrow({ points }: { points: string }) {
  return (
    <svg width="12" height="12" viewBox="0 0 16 16" aria-hidden="true">
      <path className="line" d={points} />
    </svg>
  );
}

interface CanvasProps {
  readonly trend: Trend;
  readonly span: Span;
  readonly onReadout: (readout: Readout | undefined) => void;
  readonly onUnits: (text: string) => void;
}

function Canvas({ trend, span, onReadout, onUnits }: CanvasProps) {
  const box = useRef<HTMLDivElement>(null);
  const theme = useTheme();
  useEffect(() => {
    if (box.current === null) return;
    const chart = new Chart(box.current, trend, onReadout, onUnits);
    return () => chart.destroy();
    // The colours are read when the chart is made: a new theme needs a new chart.
  }, [trend, theme, onReadout, onUnits]);
  return (
    <div className="chart-box">
      <div ref={box} className="chart" role="img" aria-label={`Trend of ${trend.subject.topic}`} />
      <p className="no-samples">{emptyText(trend, span)}</p>
    </div>
  );
}

function emptyText(trend: Trend, { until }: Span): string {
  if (trend.hasNoGood(Date.now())) {
    return "No Good sample in this window, and averages leave out all others. A shorter window shows every sample.";
  }
  return until === undefined ? `No samples in the last ${trend.window.text}.` : "No samples in this window.";
}
