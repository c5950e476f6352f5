// The newest samples as a table, newest on top.

import type { Point } from "../trend/series";
import { QualityMark } from "../ui/quality-mark";
import { ScrollBox } from "../ui/scroll-box";
import { dateText } from "../values/time";
import { numberOf, valueText } from "../values/value";

export function RecentTable({ points }: { points: readonly Point[] | undefined }) {
  // One unit stands beside the value already.
  const isMixed = new Set(points?.filter(({ value }) => numberOf(value) !== null).map(({ unit }) => unit)).size > 1;
  return (
    <section className="card" aria-label="Recent samples">
      <header className="card-head">
        <h2>Recent samples</h2>
        <span className="faint" data-testid="recent-count">{points?.length}</span>
      </header>
      {points === undefined || points.length === 0 ? (
        <p className="note">{points === undefined ? "Reading…" : "No samples in history."}</p>
      ) : (
        <ScrollBox label="Recent samples, scrollable">
          <table>
            <thead>
              <tr>
                <th scope="col">Time</th>
                <th scope="col" className="number">Value</th>
                <th scope="col">Quality</th>
              </tr>
            </thead>
            <tbody>
              {points.map((point) => (
                <tr key={point.stamp}>
                  <td>
                    <time dateTime={point.stamp} title={point.stamp}>
                      {dateText(point.at)}
                    </time>
                  </td>
                  <td className="number exact" title={valueText(point.value)}>
                    {valueText(point.value)}
                    {isMixed && point.unit !== undefined && <span className="faint"> {point.unit}</span>}
                  </td>
                  <td>
                    <QualityMark quality={point.quality} /> {point.quality}
                  </td>
                </tr>
              ))}
            </tbody>
          </table>
        </ScrollBox>
      )}
    </section>
  );
}
