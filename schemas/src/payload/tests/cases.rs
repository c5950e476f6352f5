//! What products publish, and what it becomes: `schemas/cases/<source>/<name>.json` holds a topic and a
//! payload in the form its maker documents, `<name>.txt` beside it the points. `UPDATE_EXPECT=1` writes
//! the latter again.

use std::fs;
use std::path::{Path, PathBuf};

use expect_test::expect_file;
use serde_json::value::RawValue;
use uns_model::{PointRef, ValueRef};

use super::*;

/// When the payloads of the cases came in.
const INGEST: Timestamp = Timestamp(1_795_262_460_000_000_000);

#[derive(serde::Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Case<'a> {
    /// Who sends such, in a sentence.
    #[serde(rename = "from")]
    _from: Option<String>,
    topic: &'a str,
    content_type: Option<&'a str>,
    /// What was published, where that is JSON.
    #[serde(borrow)]
    payload: Option<&'a RawValue>,
    /// Any other text.
    text: Option<String>,
    /// Bytes, as hexadecimal digits.
    hex: Option<&'a str>,
}

impl Case<'_> {
    fn bytes(&self) -> Vec<u8> {
        match (self.payload, &self.text, self.hex) {
            (Some(json), None, None) => json.get().as_bytes().to_vec(),
            (None, Some(text), None) => text.clone().into_bytes(),
            (None, None, Some(hex)) => {
                let (pairs, _) = hex.as_bytes().as_chunks::<2>();
                let text = |pair| std::str::from_utf8(pair).unwrap();
                pairs.iter().map(|pair| u8::from_str_radix(text(pair), 16).unwrap()).collect()
            }
            _ => unreachable!("a case has one payload"),
        }
    }
}

/// Writes points as lines.
#[derive(Default)]
struct Shown(String, Vec<Finding>);

impl Sink for Shown {
    fn point(&mut self, point: &PointRef<'_>) {
        let field = point.field.unwrap_or("-");
        match point.value {
            // The payload stands beside it.
            ValueRef::Document(text) if point.field.is_none() => {
                write!(self.0, "{field} document of {} bytes", text.len()).unwrap();
            }
            value => write!(self.0, "{field} = {value:?}").unwrap(),
        }
        if let Some(unit) = point.unit {
            write!(self.0, " {unit}").unwrap();
        }
        if let Some(second) = point.second {
            write!(self.0, ", also {second:?}").unwrap();
        }
        if !point.quality.is_good() {
            write!(self.0, ", {}", point.quality.word()).unwrap();
        }
        if let Some(time) = point.source {
            match time {
                Timestamp::UNREADABLE => self.0.push_str(" @unreadable"),
                time => write!(self.0, " @{time}").unwrap(),
            }
        }
        if let Some(seq) = point.seq {
            write!(self.0, " seq {seq}").unwrap();
        }
        self.0.push_str(if point.historical { " historical\n" } else { "\n" });
        assert_eq!(point.to_point().as_ref(), PointRef { second: None, ..*point });
    }

    fn finding(&mut self, finding: Finding) {
        self.1.push(finding);
    }
}

fn files(folder: &Path, end: &str) -> Vec<PathBuf> {
    let mut files: Vec<PathBuf> =
        fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.retain(|path| path.is_dir() || path.extension().is_some_and(|found| found == end));
    files.sort();
    files
}

fn show(case: &Case<'_>, payload: &[u8]) -> String {
    let zone = Zone::fixed(3_600);
    let context = DecodeContext::new(&zone, INGEST);
    let is_ours = case.topic.starts_with("uns/v1/");
    let context = if is_ours { context.with_children() } else { context };
    let mut shown = Shown::default();
    let batch = if is_ours {
        match read(payload, case.content_type, &context, &mut shown) {
            Ok(batch) => batch,
            Err(malformed) => {
                writeln!(shown.0, "refused: {malformed}").unwrap();
                None
            }
        }
    } else {
        keep(payload, case.content_type, &context, &mut shown);
        None
    };
    let Shown(mut shown, findings) = shown;
    for finding in findings {
        writeln!(shown, "finding: {finding:?}").unwrap();
    }
    match batch {
        Some(Batch::Children(rows)) => {
            for row in rows {
                match row {
                    Ok(row) => writeln!(shown, "/{} {}", row.path, row.payload).unwrap(),
                    Err(row) => writeln!(shown, "bad row {}: {}", row.index, row.payload).unwrap(),
                }
            }
        }
        Some(Batch::Flawed(rows)) => {
            for row in rows {
                writeln!(shown, "bad row {}: {}", row.index, row.payload).unwrap();
            }
        }
        None => {}
    }
    shown
}

#[test]
fn what_products_publish_is_what_an_engineer_wants_to_see() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("cases");
    let mut count = 0;
    for source in files(&root, "") {
        for file in files(&source, "json") {
            let text = fs::read_to_string(&file).unwrap();
            let case: Case<'_> = serde_json::from_str(&text)
                .unwrap_or_else(|error| unreachable!("{}: {error}", file.display()));
            let payload = case.bytes();
            expect_file![file.with_extension("txt")].assert_eq(&show(&case, &payload));
            fuzz(&payload);
            count += 1;
        }
    }
    assert!(count > 60, "{count} cases were found");
}
