//! A CSV recording: columns become tags, rows become samples.

use std::borrow::Cow;
use std::collections::HashSet;
use std::fmt;
use std::fs::File;
use std::path::Path;

use anyhow::{Context as _, Result, bail};
use csv::{Reader, ReaderBuilder, StringRecord};
use uns_model::{Timestamp, Zone};

use super::order::Order;
use crate::zone;

/// An open recording.
pub(super) struct Recording {
    reader: Reader<File>,
    headers: StringRecord,
    time_column: Option<usize>,
    zone: Zone,
    order: Order,
    record: StringRecord,
    bytes_total: u64,
}

/// One row; its cells are those of [`Recording::topics`], in the same order.
#[derive(Debug)]
pub(super) struct Row<'a> {
    /// The row's own time, if the recording has a time column.
    pub(super) time: Option<Timestamp>,
    record: &'a StringRecord,
    time_column: Option<usize>,
}

/// A row that cannot be published, and why.
#[derive(Debug)]
pub(super) struct BadRow {
    line: u64,
    why: String,
}

impl fmt::Display for BadRow {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "line {}: {}", self.line, self.why)
    }
}

impl Recording {
    /// Opens the file and reads its header.
    pub(super) fn open(path: &Path, separator: u8, time: Option<&str>, zone: &str) -> Result<Self> {
        let file = File::open(path).context("the file cannot be opened")?;
        let bytes_total = file.metadata().context("the file cannot be read")?.len();
        let mut reader = ReaderBuilder::new().delimiter(separator).from_reader(file);
        let headers = reader.headers().context("the header line cannot be read")?.clone();
        check_header(&headers, separator)?;
        let time_column = match time {
            None => None,
            Some(name) => {
                Some(headers.iter().position(|h| h.trim() == name).with_context(|| {
                    let names: Vec<&str> = headers.iter().collect();
                    format!(
                        "no column is called `{name}`; the header has {} (is `{}` the separator?)",
                        names.join(" | "),
                        char::from(separator)
                    )
                })?)
            }
        };
        let (zone, order, record) = (zone::rule(zone)?, Order::default(), StringRecord::new());
        Ok(Self { reader, headers, time_column, zone, order, record, bytes_total })
    }

    /// The column that by its name holds the time, where none was named.
    pub(super) fn likely_time(&self) -> Option<&str> {
        let named = self.time_column.is_some();
        self.headers.iter().map(str::trim).find(|header| !named && is_time_name(header))
    }

    /// One topic per value column; characters a tag may not hold become `_`.
    pub(super) fn topics(&self, prefix: &str) -> Result<Vec<String>> {
        let prefix = prefix.trim_end_matches('/');
        let mut taken = HashSet::new();
        let mut topics = Vec::new();
        for (_, header) in self.value_columns(&self.headers) {
            let name = tag_name(header);
            let mut unique = name.clone();
            let mut n = 2;
            while !taken.insert(unique.to_ascii_lowercase()) {
                unique = format!("{name}_{n}");
                n += 1;
            }
            topics.push(format!("{prefix}/{unique}"));
        }
        if topics.is_empty() {
            bail!("the recording has no column beside its time");
        }
        Ok(topics)
    }

    fn value_columns<'a>(
        &self,
        record: &'a StringRecord,
    ) -> impl Iterator<Item = (usize, &'a str)> + use<'a> {
        let time_column = self.time_column;
        record.iter().enumerate().filter(move |(i, _)| Some(*i) != time_column)
    }

    /// Bytes of the file.
    pub(super) fn bytes_total(&self) -> u64 {
        self.bytes_total
    }

    /// Bytes read so far.
    pub(super) fn bytes_read(&self) -> u64 {
        self.reader.position().byte()
    }

    /// The next row, or what is wrong with it.
    pub(super) fn next_row(&mut self) -> Option<Result<Row<'_>, BadRow>> {
        let line_before = self.reader.position().line();
        match self.reader.read_record(&mut self.record) {
            Ok(false) => None,
            Ok(true) => Some(self.row()),
            Err(error) => {
                let line = error.position().map_or(line_before, csv::Position::line);
                let why = match error.kind() {
                    csv::ErrorKind::UnequalLengths { expected_len, len, .. } => {
                        format!("{len} fields where the header has {expected_len}")
                    }
                    csv::ErrorKind::Utf8 { .. } => "not UTF-8".to_owned(),
                    _ => error.to_string(),
                };
                Some(Err(BadRow { line, why }))
            }
        }
    }

    fn row(&mut self) -> Result<Row<'_>, BadRow> {
        let line = self.record.position().map_or(0, csv::Position::line);
        let time = match self.time_column {
            None => None,
            Some(column) => {
                let text = self.record.get(column).unwrap_or_default();
                let bad = |why| BadRow { line, why: format!("`{text}` {why}") };
                Some(self.order.time(text, &self.zone).map_err(bad)?)
            }
        };
        Ok(Row { time, record: &self.record, time_column: self.time_column })
    }
}

impl Row<'_> {
    /// The value cells.
    pub(super) fn cells(&self) -> impl Iterator<Item = &str> {
        let time_column = self.time_column;
        let cells = self.record.iter().enumerate();
        cells.filter(move |(i, _)| Some(*i) != time_column).map(|(_, cell)| cell)
    }
}

/// Whether the header looks like one that was read with its own separator.
fn check_header(headers: &StringRecord, separator: u8) -> Result<()> {
    let Some(first) = headers.get(0) else { bail!("the file is empty: it has no header line") };
    let other = [';', '\t', '|', ','].into_iter().find(|other| first.contains(*other));
    if let (1, Some(other)) = (headers.len(), other) {
        let other = other.escape_default();
        bail!(
            "the header is one column, `{first}`, with `{}` as the separator; is it --separator \
             '{other}'?",
            char::from(separator)
        );
    }
    Ok(())
}

/// Whether a column is called as the time of rows usually is.
fn is_time_name(header: &str) -> bool {
    let name = header.to_ascii_lowercase().replace(['_', '-', ' '], "");
    ["timestamp", "time", "datetime", "date", "ts", "sourcetimestamp"].contains(&name.as_str())
}

/// A column's name as a tag.
fn tag_name(header: &str) -> String {
    let legal = |c: char| c.is_ascii_alphanumeric() || c == '_' || c == '-';
    let name: String =
        header.trim().chars().map(|c| if legal(c) { c } else { '_' }).take(63).collect();
    match name.chars().next() {
        None => "column".into(),
        Some('-') => name.replacen('-', "_", 1),
        Some(_) => name,
    }
}

/// A cell as JSON: a number keeps its token, so that it arrives bit-exact; nothing for an empty
/// cell.
pub(super) fn json_value(cell: &str) -> Option<Cow<'_, str>> {
    let cell = cell.trim();
    if cell.is_empty() {
        return None;
    }
    if serde_json::from_str::<&serde_json::value::RawValue>(cell).is_ok()
        && cell.starts_with(|c: char| c.is_ascii_digit() || c == '-')
    {
        return Some(Cow::Borrowed(cell));
    }
    match cell {
        "true" | "True" | "TRUE" => return Some("true".into()),
        "false" | "False" | "FALSE" => return Some("false".into()),
        _ => {}
    }
    match cell.parse::<f64>() {
        Ok(number) if number.is_finite() => Some(format!("{number:?}").into()),
        // NaN and infinities have no JSON form; they arrive as null, Bad (NS-22).
        Ok(_) => Some("null".into()),
        Err(_) => serde_json::to_string(cell).ok().map(Cow::Owned),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cells_keep_their_exact_number() {
        for (cell, json) in [
            ("0.0265878", "0.0265878"),
            ("233.062", "233.062"),
            ("1e-7", "1e-7"),
            (".5", "0.5"),
            ("+3", "3.0"),
            ("007", "7.0"),
            ("NaN", "null"),
            ("inf", "null"),
            ("True", "true"),
            ("RUN", "\"RUN\""),
            ("say \"hi\"", "\"say \\\"hi\\\"\""),
        ] {
            assert_eq!(json_value(cell).unwrap(), json, "{cell}");
        }
        assert_eq!(json_value("  "), None);
    }

    #[test]
    fn a_wrong_separator_is_seen_in_the_header() {
        let check = |header: &[&str], separator| {
            let headers = StringRecord::from(header.to_vec());
            check_header(&headers, separator).map_err(|error| error.to_string())
        };
        assert!(check(&["t;a;b"], b',').unwrap_err().ends_with("--separator ';'?"));
        assert!(check(&["t\ta"], b',').unwrap_err().ends_with("--separator '\\t'?"));
        assert!(check(&[], b',').unwrap_err().contains("empty"));
        assert_eq!(check(&["value"], b','), Ok(()));
        assert_eq!(check(&["t", "a;b"], b','), Ok(()));
    }

    #[test]
    fn the_column_of_the_time_is_known_by_its_name() {
        for name in ["timestamp", "Timestamp", "TIME", "date_time", "Date Time", "ts"] {
            assert!(is_time_name(name), "{name}");
        }
        for name in ["value", "cycle_time", "time_to_failure", "t", ""] {
            assert!(!is_time_name(name), "{name}");
        }
    }

    #[test]
    fn columns_become_legal_tags() {
        assert_eq!(tag_name("Volume Flow RateRMS"), "Volume_Flow_RateRMS");
        assert_eq!(tag_name("-x°C"), "_x_C");
        assert_eq!(tag_name(" "), "column");
    }
}
