//! A CSV recording: columns become tags, rows become samples.

use std::borrow::Cow;
use std::collections::HashSet;
use std::fmt;
use std::fs::File;
use std::path::Path;

use anyhow::{Context as _, Result, bail};
use csv::{ByteRecord, Reader, ReaderBuilder, StringRecord};
use schemas::payload::windows_1252;
use uns_model::{Timestamp, Zone};

use super::dialect::{Asked, Decimal, Dialect, with_point};
use super::order::Order;
use crate::zone;

/// An open recording.
pub(super) struct Recording {
    reader: Reader<File>,
    headers: StringRecord,
    dialect: Dialect,
    /// One for date and time, or one for each.
    time_columns: Vec<usize>,
    zone: Zone,
    order: Order,
    bytes: ByteRecord,
    record: StringRecord,
    bytes_total: u64,
}

/// One row; its cells are those of [`Recording::topics`], in the same order.
#[derive(Debug)]
pub(super) struct Row<'a> {
    /// The row's own time, if the recording has a time column.
    pub(super) time: Option<Timestamp>,
    record: &'a StringRecord,
    time_columns: &'a [usize],
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
    pub(super) fn open(path: &Path, asked: Asked, time: &[String], zone: &str) -> Result<Self> {
        let mut file = File::open(path).context("the file cannot be opened")?;
        let bytes_total = file.metadata().context("the file cannot be read")?.len();
        let dialect = Dialect::of(&mut file, asked)?;
        let mut reader = ReaderBuilder::new().delimiter(dialect.separator).from_reader(file);
        let mut headers = StringRecord::new();
        let header = reader.byte_headers().context("the header line cannot be read")?;
        read_text(header, &mut headers);
        check_header(&headers, dialect.separator)?;
        let column = |name: &String| {
            headers.iter().position(|header| header.trim() == name).with_context(|| {
                let names: Vec<&str> = headers.iter().collect();
                format!(
                    "no column is called `{name}`; the header has {} (is `{}` the separator?)",
                    names.join(" | "),
                    char::from(dialect.separator)
                )
            })
        };
        let time_columns = time.iter().map(column).collect::<Result<_>>()?;
        Ok(Self {
            reader,
            headers,
            dialect,
            time_columns,
            zone: zone::rule(zone)?,
            order: Order::default(),
            bytes: ByteRecord::new(),
            record: StringRecord::new(),
            bytes_total,
        })
    }

    /// The decimal mark of its numbers.
    pub(super) fn decimal(&self) -> Decimal {
        self.dialect.decimal
    }

    /// The column that by its name holds the time, where none was named; or one of the date and one of
    /// the time of day.
    pub(super) fn likely_time(&self) -> Vec<&str> {
        if !self.time_columns.is_empty() {
            return Vec::new();
        }
        let find = |is_name: fn(&str) -> bool| {
            self.headers.iter().map(str::trim).find(|header| is_name(header))
        };
        match (find(is_date_name), find(is_time_of_day_name)) {
            (Some(date), Some(time)) => vec![date, time],
            _ => find(is_time_name).into_iter().collect(),
        }
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
        &'a self,
        record: &'a StringRecord,
    ) -> impl Iterator<Item = (usize, &'a str)> {
        record.iter().enumerate().filter(|(i, _)| !self.time_columns.contains(i))
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
        match self.reader.read_byte_record(&mut self.bytes) {
            Ok(false) => None,
            Ok(true) => {
                read_text(&self.bytes, &mut self.record);
                Some(self.row())
            }
            Err(error) => {
                let line = error.position().map_or(line_before, csv::Position::line);
                let why = match error.kind() {
                    csv::ErrorKind::UnequalLengths { expected_len, len, .. } => {
                        format!("{len} fields where the header has {expected_len}")
                    }
                    _ => error.to_string(),
                };
                Some(Err(BadRow { line, why }))
            }
        }
    }

    fn row(&mut self) -> Result<Row<'_>, BadRow> {
        let line = self.bytes.position().map_or(0, csv::Position::line);
        let text = |column: &usize| self.record.get(*column).unwrap_or_default();
        let text = match &*self.time_columns {
            [] => None,
            [one] => Some(Cow::Borrowed(text(one))),
            several => Some(several.iter().map(text).collect::<Vec<_>>().join(" ").into()),
        };
        let time = match text {
            None => None,
            Some(text) => {
                let bad = |why| BadRow { line, why: format!("`{text}` {why}") };
                Some(self.order.time(&text, &self.zone).map_err(bad)?)
            }
        };
        Ok(Row { time, record: &self.record, time_columns: &self.time_columns })
    }
}

impl Row<'_> {
    /// The value cells.
    pub(super) fn cells(&self) -> impl Iterator<Item = &str> {
        let cells = self.record.iter().enumerate();
        cells.filter(|(i, _)| !self.time_columns.contains(i)).map(|(_, cell)| cell)
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

/// A row as text: what is no UTF-8 is Windows-1252.
fn read_text(bytes: &ByteRecord, record: &mut StringRecord) {
    record.clear();
    for cell in bytes {
        match std::str::from_utf8(cell) {
            Ok(text) => record.push_field(text),
            Err(_) => record.push_field(&windows_1252(cell)),
        }
    }
}

/// Whether a column is called as the time of rows usually is.
fn is_time_name(header: &str) -> bool {
    const OTHERS: [&str; 6] =
        ["timestamp", "datetime", "ts", "sourcetimestamp", "zeitstempel", "datum/zeit"];
    is_date_name(header) || is_time_of_day_name(header) || OTHERS.contains(&&*plain_name(header))
}

fn is_date_name(header: &str) -> bool {
    matches!(&*plain_name(header), "date" | "datum")
}

fn is_time_of_day_name(header: &str) -> bool {
    matches!(&*plain_name(header), "time" | "zeit" | "uhrzeit")
}

fn plain_name(header: &str) -> String {
    header.to_ascii_lowercase().replace(['_', '-', ' '], "")
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
pub(super) fn json_value(cell: &str, decimal: Decimal) -> Option<Cow<'_, str>> {
    let cell = cell.trim();
    if cell.is_empty() {
        return None;
    }
    if decimal == Decimal::Comma
        && let Some(number) = with_point(cell)
    {
        return json_value(&number, Decimal::Point).map(|json| json.into_owned().into());
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
            assert_eq!(json_value(cell, Decimal::Point).unwrap(), json, "{cell}");
        }
        assert_eq!(json_value("  ", Decimal::Point), None);
        for (cell, json) in
            [("2,50", "2.50"), ("1.234,5", "1234.5"), ("12", "12"), ("1,2,3", "\"1,2,3\"")]
        {
            assert_eq!(json_value(cell, Decimal::Comma).unwrap(), json, "{cell}");
        }
        assert_eq!(json_value("2,5", Decimal::Point).unwrap(), "\"2,5\"");
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
        for name in [
            "timestamp",
            "Timestamp",
            "TIME",
            "date_time",
            "Date Time",
            "ts",
            "Zeit",
            "Zeitstempel",
        ] {
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
