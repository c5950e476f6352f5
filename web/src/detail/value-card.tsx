// The value now: large, with its quality, its age and where it came from.

import { useEffect, useMemo } from "react";
import { useConnection, useHub } from "../hub-context";
import { useNow } from "../ui/now";
import { QualityMark, qualityWord } from "../ui/quality-mark";
import { isStale, paceOf } from "../values/pace";
import type { Reading } from "../values/store";
import { ageText, clockText, dateText, parseTime } from "../values/time";
import { counted, isDocument, readableText, unitBeside, valueText } from "../values/value";
import type { Point } from "../trend/series";

interface Props {
  readonly topic: string;
  readonly reading: Reading;
  /** How many fields the newest document has. */
  readonly fields: number;
  /** When a value came while the page looked, if one did. */
  readonly heard: number | undefined;
  /** Newest first. */
  readonly recent: readonly Point[];
}

export function ValueCard({ topic, reading, fields, heard, recent }: Props) {
  const { values } = useHub();
  const at = parseTime(reading.timestamp);
  const now = useNow();
  const age = now - at;
  const pace = useMemo(() => paceOf([...recent].reverse()), [recent]);
  useEffect(() => values.learn(topic, pace), [values, topic, pace]);
  const stale = isStale(at, now, pace ?? values.pace(topic), heard);
  const lost = useConnection().kind !== "live";
  const text = textOf(reading, fields);
  const exact = isDocument(reading.value) ? text : valueText(reading.value);
  const unit = unitBeside(reading.value, reading.unit);
  return (
    <section className={`card value-card ${stale || lost ? "is-stale" : ""} is-${reading.quality}`} aria-label="Value">
      <div className="now">
        <output className={`big big-${sizeOf(text)}`} data-testid="value" title={exact === text ? undefined : exact}>
          {text}
          {unit !== undefined && <span className="unit">{unit}</span>}
        </output>
        <p className="chips">
          <span className={`chip chip-${reading.quality}`}>
            <QualityMark quality={reading.quality} size={14} />
            {capital(qualityWord(reading.quality))}
          </span>
          <span className={stale ? "chip chip-stale" : "chip chip-age"}>
            {stale && <StaleSign />}
            {stale ? `Stale: newest sample is ${ageText(age)} old` : agePhrase(age)}
          </span>
          {lost && <span className="chip chip-stale">Not live: no connection to the hub</span>}
        </p>
        <ReadsAs reading={reading} />
        <LastGood reading={reading} recent={recent} />
      </div>
      <dl className="facts">
        <div>
          <dt>Timestamp</dt>
          <dd>
            <time dateTime={reading.timestamp}>{dateText(at)}</time>
            <small>{reading.timestamp}</small>
          </dd>
        </div>
        <div>
          <dt>Sequence</dt>
          <dd>{reading.sequence}</dd>
        </div>
        <div>
          <dt>Usual interval</dt>
          <dd>{intervalText(pace?.usual)}</dd>
        </div>
        {typeof reading.encoding === "string" && (
          <div>
            <dt>Read as</dt>
            <dd>{reading.encoding}</dd>
          </div>
        )}
      </dl>
    </section>
  );
}

/** A document says how many fields it has: it stands in their table. */
function textOf({ value }: Reading, fields: number): string {
  if (!isDocument(value)) return readableText(value);
  return fields === 0 ? "Document" : counted(fields, "field");
}

/** A text that is also a number or a flag. */
function ReadsAs({ reading }: { reading: Reading }) {
  if (reading.readsAs === undefined) return null;
  const unit = reading.unit === undefined ? "" : ` ${reading.unit}`;
  return <p className="last-good">Reads as {`${valueText(reading.readsAs)}${unit}`}</p>;
}

function LastGood({ reading, recent }: Pick<Props, "reading" | "recent">) {
  if (reading.quality !== "Bad" && reading.quality !== "GoodNoData") return null;
  const good = recent.find((point) => point.quality === "Good");
  return (
    <p className="last-good">
      {good === undefined
        ? "The source marked the value as unusable, so none is shown."
        : `Last good value ${valueText(good.value)} at ${clockText(good.at)}`}
    </p>
  );
}

function StaleSign() {
  return (
    <svg width="13" height="13" viewBox="0 0 16 16" aria-hidden="true">
      <path className="line" d="M8 14.2A6.2 6.2 0 1 0 8 1.8a6.2 6.2 0 0 0 0 12.4ZM8 4.4V8l2.6 1.8" />
    </svg>
  );
}

function agePhrase(age: number): string {
  const text = ageText(age);
  return text === "now" ? "Just now" : text.endsWith("ahead") ? text : `${text} ago`;
}

function intervalText(ms: number | undefined): string {
  if (ms === undefined) return "–";
  if (ms < 1) return "under 1 ms";
  if (ms < 995) return `${Math.round(ms)} ms`;
  return ms < 90_000 ? `${Number((ms / 1_000).toFixed(1))} s` : ageText(ms);
}

function sizeOf(text: string): "large" | "medium" | "small" {
  if (text.length <= 12) return "large";
  return text.length <= 26 ? "medium" : "small";
}

function capital(word: string): string {
  return word.charAt(0).toUpperCase() + word.slice(1);
}
