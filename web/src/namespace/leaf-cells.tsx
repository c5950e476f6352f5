// The live value of a topic in a list: value, quality, age.

import { useReading } from "../hub-context";
import { useNow } from "../ui/now";
import { QualityMark } from "../ui/quality-mark";
import { parseTime, shortAge } from "../values/time";
import { briefText, valueText } from "../values/value";

/** From here on an age is drawn as old: a list knows no tag's own pace. */
const OLD_MS = 60_000;

export function LeafCells({ topic }: { topic: string }) {
  const reading = useReading(topic);
  if (reading === undefined) return null;
  const text = briefText(reading.value);
  return (
    <>
      <span className={`value quality-${reading.quality}`} title={valueText(reading.value)}>
        {text}
      </span>
      <QualityMark quality={reading.quality} size={11} />
      <Age timestamp={reading.timestamp} />
    </>
  );
}

function Age({ timestamp }: { timestamp: string }) {
  const age = useNow() - parseTime(timestamp);
  return <span className={age > OLD_MS ? "age stale" : "age"}>{shortAge(age)}</span>;
}
