// Everything about the selected topic.

import { showSpan, untilOf, usePlace, type Place } from "../location";
import type { Point } from "../trend/series";
import { TrendCard } from "../trend/trend-card";
import { windowOf } from "../trend/windows";
import type { Reading } from "../values/store";
import { parseTime } from "../values/time";
import { kindOf } from "../values/value";
import { chartKind, firstCharted } from "./charted";
import { fieldsNow, type FeedState, type TopicFeed } from "./feed";
import { FieldsTable } from "./fields-table";
import { RecentTable } from "./recent-table";
import { TopicLine } from "./topic-line";
import { useFeed } from "./use-feed";
import { useRecent } from "./use-recent";
import { ValueCard } from "./value-card";

const NONE: readonly Point[] = [];

interface Props {
  readonly topic: string;
  readonly field: string | undefined;
  readonly onSelect: (place: Place) => void;
}

export function Detail({ topic, field, onSelect }: Props) {
  const { feed, state } = useFeed(topic);
  return (
    <article className="detail">
      <TopicLine topic={topic} field={field} />
      <Body feed={feed} state={state} field={field} onSelect={onSelect} />
    </article>
  );
}

interface BodyProps {
  readonly feed: TopicFeed;
  readonly state: FeedState;
  readonly field: string | undefined;
  readonly onSelect: (place: Place) => void;
}

function Body({ feed, state, field, onSelect }: BodyProps) {
  if (state.phase === "reading") return <p className="note">Reading…</p>;
  if (state.phase === "failed" && state.own === undefined) {
    return <p className="note fault">The hub did not answer: {state.detail}. Trying again…</p>;
  }
  const reading = field === undefined ? state.own : state.fields.get(field);
  if (reading === undefined) {
    const what = field === undefined ? "This topic has" : `The field “${field}” has`;
    return <p className="note">{what} no value yet. The first one appears here by itself.</p>;
  }
  return <Valued feed={feed} state={state} field={field} reading={reading} onSelect={onSelect} />;
}

function Valued(props: BodyProps & { reading: Reading }) {
  const { feed, state, field, reading, onSelect } = props;
  const place = usePlace();
  const shown = chartedField(state, field);
  const samples = useRecent(feed, field, state.epoch);
  const recent = samples ?? NONE;
  const charted = shown === undefined ? reading : state.fields.get(shown);
  const kind = chartKind(charted?.value, shown === field ? recent : NONE);
  const choose = (next: string | undefined) => onSelect({ topic: feed.topic, field: next });
  return (
    <>
      <ValueCard
        topic={feed.topic}
        reading={reading}
        fields={fieldsNow(state)}
        heard={state.heard.get(field)}
        recent={recent}
      />
      {kind !== undefined && (
        <TrendCard
          feed={feed}
          field={shown}
          kind={kind}
          epoch={state.epoch}
          last={charted === undefined ? undefined : parseTime(charted.timestamp)}
          windowId={windowOf(place.window).id}
          until={untilOf(place)}
          onSpan={showSpan}
        />
      )}
      <div className="tables">
        {state.fields.size > 0 && (
          <FieldsTable
            fields={state.fields}
            leftOut={state.own?.fieldsLeftOut ?? 0}
            charted={shown}
            chosen={field}
            onChoose={choose}
          />
        )}
        <RecentTable points={samples} />
      </div>
    </>
  );
}

/** The field that is charted: the chosen one, or the first measurement of a document. */
function chartedField(state: FeedState, field: string | undefined): string | undefined {
  const isOfDocument = field === undefined && kindOf(state.own?.value) === "document";
  return isOfDocument ? firstCharted(state.fields) : field;
}
