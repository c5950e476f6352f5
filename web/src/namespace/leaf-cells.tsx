// The live value of a topic in a list: value, quality, age.

import { useHub, useReading } from "../hub-context";
import { useNow } from "../ui/now";
import { QualityMark } from "../ui/quality-mark";
import { isStale } from "../values/pace";
import { parseTime, shortAge } from "../values/time";
import type { Reading } from "../values/store";
import { briefText, kindOf, valueText } from "../values/value";

export function LeafCells({ topic }: { topic: string }) {
  const reading = useReading(topic);
  if (reading === undefined) return null;
  const text = briefText(reading.value);
  return (
    <>
      <span className={valueClass(reading)} title={valueText(reading.value)}>
        {text}
      </span>
      <QualityMark quality={reading.quality} size={11} />
      <Age topic={topic} timestamp={reading.timestamp} />
    </>
  );
}

function Age({ topic, timestamp }: { topic: string; timestamp: string }) {
  const { values } = useHub();
  const now = useNow();
  const at = parseTime(timestamp);
  const stale = isStale(at, now, values.pace(topic), values.heard(topic));
  return (
    <span className={stale ? "age stale" : "age"} title={stale ? "Stale" : undefined}>
      {shortAge(now - at)}
    </span>
  );
}

/** Numbers are shown whole, the name gives way to them; texts may be cut. */
function valueClass({ value, quality }: Reading): string {
  return `value ${kindOf(value) === "number" ? "whole " : ""}quality-${quality}`;
}
