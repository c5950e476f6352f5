// The fields of a document, each live; one of them may be the one that is charted.

import { useNow } from "../ui/now";
import { QualityMark } from "../ui/quality-mark";
import { ScrollBox } from "../ui/scroll-box";
import type { Reading } from "../values/store";
import { byName } from "../values/order";
import { parseTime, shortAge } from "../values/time";
import { unitBeside, valueText } from "../values/value";

interface Props {
  readonly fields: ReadonlyMap<string, Reading>;
  /** How many more the newest document has. */
  readonly leftOut: number;
  /** The field in the trend. */
  readonly charted: string | undefined;
  /** The field that was asked for; without one the document is shown. */
  readonly chosen: string | undefined;
  readonly onChoose: (field: string | undefined) => void;
}

export function FieldsTable({ fields, leftOut, charted, chosen, onChoose }: Props) {
  const now = useNow();
  return (
    <section className="card" aria-label="Fields">
      <header className="card-head">
        <h2>Fields</h2>
        <span className="faint">
          {fields.size.toLocaleString("en")}
          {leftOut > 0 && `, and ${leftOut.toLocaleString("en")} more of the newest document that are not kept`}
        </span>
      </header>
      <ScrollBox label="Fields, scrollable">
        <table className="fields">
          <thead>
            <tr>
              <th scope="col">Field</th>
              <th scope="col" className="number">Value</th>
              <th scope="col" className="quality">Quality</th>
              <th scope="col" className="number age">Age</th>
            </tr>
          </thead>
          <tbody>
            {[...fields].sort(([a], [b]) => byName(a, b)).map(([field, reading]) => (
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
                  {valueText(reading.value)} <Unit reading={reading} />
                </td>
                <td>
                  <QualityMark quality={reading.quality} /> {reading.quality}
                  {reading.superseded === true && <small>not in the newest</small>}
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

function Unit({ reading }: { reading: Reading }) {
  const unit = unitBeside(reading.value, reading.unit);
  return unit !== undefined && <span className="faint">{unit}</span>;
}

/** What the newest document has no more is faint. */
function rowClass(charted: boolean, reading: Reading): string {
  return `${charted ? "selected " : ""}${reading.superseded === true ? "superseded" : ""}`;
}
