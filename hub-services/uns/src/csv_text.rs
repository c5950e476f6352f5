//! History as CSV, safe to open in a spreadsheet: text that would run as a formula is quoted.

use schemas::{WireTime, WireValue};
use serde::Serialize as _;
use uns_model::Value;
use uns_model::query::HistorySample;

/// The rows under their header. Values look as they do in JSON, text without its quotes.
pub(crate) fn write(samples: &[HistorySample]) -> Result<String, csv::Error> {
    let mut out = csv::WriterBuilder::new().from_writer(Vec::new());
    out.write_record(["timestamp", "value", "quality", "unit"])?;
    for sample in samples {
        let time = WireTime(sample.timestamp).0.to_string();
        let unit = guarded(sample.unit.as_deref().unwrap_or_default().to_owned());
        out.write_record([&time, &cell(sample), sample.quality.word(), &unit])?;
    }
    let bytes = out.into_inner().map_err(|error| csv::Error::from(error.into_error()))?;
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}

fn cell(sample: &HistorySample) -> String {
    let wire = WireValue { value: &sample.value, quality: sample.quality };
    let json = wire.serialize(serde_json::value::Serializer).unwrap_or_default();
    match (json, &sample.value) {
        (serde_json::Value::Null, _) => String::new(),
        // Not through the tree: it would lose how a document is spelled.
        (_, Value::Document(text)) => text.to_string(),
        (serde_json::Value::String(text), Value::Text(_)) => guarded(text),
        (serde_json::Value::String(text), _) => text,
        (other, _) => other.to_string(),
    }
}

/// Spreadsheets take text that starts like this for a formula; a leading apostrophe stops them.
fn guarded(text: String) -> String {
    if text.trim_start_matches(' ').starts_with(['=', '+', '-', '@', '\t', '\r', '\n', '|', '%']) {
        format!("'{text}")
    } else {
        text
    }
}

#[cfg(test)]
mod tests {
    use expect_test::expect;
    use uns_model::{Quality, Sequence, Timestamp};

    use super::*;

    #[test]
    fn values_keep_their_form_and_text_runs_no_formula() {
        let values = [
            Value::Float(23.0),
            Value::Int(-5),
            Value::UInt(u64::MAX),
            Value::Bool(true),
            Value::Null,
            Value::Text("RUN, \"fast\"".into()),
            Value::Text("=HYPERLINK(\"http://evil\")".into()),
            Value::Text(" +1".into()),
            Value::Text("-1".into()),
            Value::Text("@SUM(A1)".into()),
            Value::Text("\tx".into()),
            Value::Document(r#"{"a":1.0,"b":"=1"}"#.into()),
        ];
        let samples: Vec<HistorySample> = values
            .into_iter()
            .map(|value| HistorySample {
                timestamp: Timestamp(1_795_262_400_123_000_000),
                value,
                quality: Quality::GOOD,
                sequence: Sequence(1),
                unit: None,
            })
            .collect();
        expect![[r#"
            timestamp,value,quality,unit
            2026-11-21T12:00:00.123Z,23.0,Good,
            2026-11-21T12:00:00.123Z,-5,Good,
            2026-11-21T12:00:00.123Z,18446744073709551615,Good,
            2026-11-21T12:00:00.123Z,true,Good,
            2026-11-21T12:00:00.123Z,,Good,
            2026-11-21T12:00:00.123Z,"RUN, ""fast""",Good,
            2026-11-21T12:00:00.123Z,"'=HYPERLINK(""http://evil"")",Good,
            2026-11-21T12:00:00.123Z,' +1,Good,
            2026-11-21T12:00:00.123Z,'-1,Good,
            2026-11-21T12:00:00.123Z,'@SUM(A1),Good,
            2026-11-21T12:00:00.123Z,'	x,Good,
            2026-11-21T12:00:00.123Z,"{""a"":1.0,""b"":""=1""}",Good,
        "#]]
        .assert_eq(&write(&samples).unwrap());
    }
}
