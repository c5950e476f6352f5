// The fields of a document, each live; one of them may be the one that is charted.

import { useNow } from "../ui/now";
import { QualityMark } from "../ui/quality-mark";
import { ScrollBox } from "../ui/scroll-box";
import type { Reading } from "../values/store";
import { parseTime, shortAge } from "../values/time";
import { valueText } from "../values/value";

interface Props {
  readonly fields: ReadonlyMap<string, Reading>;
  /** The field in the trend. */
  readonly charted: string | undefined;
  /** The field that was asked for; without one the document is shown. */
  readonly chosen: string | undefined;
  readonly onChoose: (field: string | undefined) => void;
}

export function FieldsTable({ fields, charted, chosen, onChoose }: Props) {
  const now = useNow();
  return (
    <section className="card" aria-label="Fields">
      <header className="card-head">
        <h2>Fields</h2>
        <span className="faint">{fields.size}</span>
      </header>
      <ScrollBox label="Fields, scrollable">
        <table>
          <thead>
            <tr>
              <th scope="col">Field</th>
              <th scope="col" className="number">Value</th>
              <th scope="col">Quality</th>
              <th scope="col" className="number">Age</th>
            </tr>
          </thead>
          <tbody>
            {[...fields].map(([field, reading]) => (
              <tr key={field} className={rowClass(field === charted, reading)}>
                <th scope="row">
                  <button
                    type="button"
                    className="link"
                    aria-pressed={field === chosen}
                    onClick={() => onChoose(field === chosen ? undefined : field)}
                  >
                    {field}
                  </button>
                </th>
                <td className="number exact" title={valueText(reading.value)}>
                  {valueText(reading.value)}
                  {reading.unit !== undefined && <span className="faint"> {reading.unit}</span>}
                </td>
                <td>
                  <QualityMark quality={reading.quality} /> {reading.quality}
                  {reading.superseded === true && ", not in the newest"}
                </td>
                <td className="number faint">{shortAge(now - parseTime(reading.timestamp))}</td>
              </tr>
            ))}
          </tbody>
        </table>
      </ScrollBox>
    </section>
  );
}

/** What the newest document has no more is faint. */
function rowClass(charted: boolean, reading: Reading): string {
  return `${charted ? "selected " : ""}${reading.superseded === true ? "superseded" : ""}`;
}
