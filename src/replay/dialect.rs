//! How a CSV file is written, as its beginning tells: what stands between its fields, and whether its
//! numbers have a decimal point or a comma.

use std::borrow::Cow;
use std::fs::File;
use std::io::{Read as _, Seek as _};

use anyhow::{Context as _, Result, bail};
use clap::ValueEnum;
use csv::{ByteRecord, ReaderBuilder};

/// So much of the file is looked at.
const SAMPLE_BYTES: u64 = 64 * 1024;
/// What may stand between fields, the likelier first.
const SEPARATORS: [u8; 4] = [b';', b'\t', b'|', b','];

/// What stands before the fraction of a number.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(super) enum Decimal {
    /// `1234.5`
    Point,
    /// `1234,5` and `1.234,5`
    Comma,
}

/// What is said of a file, and what is not.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Asked {
    pub(super) separator: Option<u8>,
    pub(super) decimal: Option<Decimal>,
}

/// How a file is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Dialect {
    pub(super) separator: u8,
    pub(super) decimal: Decimal,
}

impl Dialect {
    /// Looks at the beginning of a file for what is not said of it.
    pub(super) fn of(file: &mut File, asked: Asked) -> Result<Self> {
        let mut sample = Vec::new();
        let mut beginning = file.by_ref().take(SAMPLE_BYTES);
        beginning.read_to_end(&mut sample).context("the file cannot be read")?;
        file.rewind().context("the file cannot be read")?;
        if sample.starts_with(b"\xff\xfe") || sample.starts_with(b"\xfe\xff") {
            bail!("the file is UTF-16; save it as CSV in UTF-8");
        }
        Ok(Self::of_sample(&sample, asked))
    }

    fn of_sample(sample: &[u8], Asked { separator, decimal }: Asked) -> Self {
        // The last line may be cut.
        let end = sample.iter().rposition(|byte| *byte == b'\n').map_or(sample.len(), |at| at + 1);
        let sample = sample.get(..end).unwrap_or(sample);
        let separator = separator.unwrap_or_else(|| separator_of(sample));
        let decimal = decimal.unwrap_or_else(|| decimal_of(sample, separator));
        Self { separator, decimal }
    }
}

fn rows(sample: &[u8], separator: u8) -> Vec<ByteRecord> {
    let mut builder = ReaderBuilder::new();
    let reader = builder.delimiter(separator).flexible(true).has_headers(false);
    reader.from_reader(sample).into_byte_records().map_while(Result::ok).collect()
}

/// What parts the header into several fields, and most rows into as many.
fn separator_of(sample: &[u8]) -> u8 {
    let mut best = (0, 1, b',');
    for separator in SEPARATORS {
        let rows = rows(sample, separator);
        let fields = rows.first().map_or(0, ByteRecord::len);
        let alike = rows.iter().filter(|row| row.len() == fields).count();
        if fields > 1 && (alike, fields) > (best.0, best.1) {
            best = (alike, fields, separator);
        }
    }
    best.2
}

/// A comma parts fields or digits, not both.
fn decimal_of(sample: &[u8], separator: u8) -> Decimal {
    let mut has_comma = false;
    if separator == b',' {
        return Decimal::Point;
    }
    for row in rows(sample, separator).iter().skip(1) {
        for cell in row.iter().filter_map(|cell| std::str::from_utf8(cell).ok()) {
            let cell = cell.trim();
            if is_fraction(cell) {
                return Decimal::Point;
            }
            has_comma |= cell.contains(',') && with_point(cell).is_some();
        }
    }
    if has_comma { Decimal::Comma } else { Decimal::Point }
}

/// Whether a cell is a number with a decimal point, and not one whose thousands are grouped by it.
fn is_fraction(cell: &str) -> bool {
    cell.contains('.') && with_point(cell).is_none() && cell.parse::<f64>().is_ok()
}

/// A number with a decimal comma, or with points between groups of three digits, as JSON has it.
pub(super) fn with_point(cell: &str) -> Option<Cow<'_, str>> {
    let (sign, rest) = match cell.strip_prefix(['-', '+']) {
        Some(rest) => (if cell.starts_with('-') { "-" } else { "" }, rest),
        None => ("", cell),
    };
    let (number, exponent) = match rest.find(['e', 'E']) {
        Some(at) => rest.split_at_checked(at)?,
        None => (rest, ""),
    };
    let (whole, fraction) = match number.split_once(',') {
        Some((whole, fraction)) => (whole, Some(fraction)),
        None => (number, None),
    };
    let is_digits = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    let groups: Vec<&str> = whole.split('.').collect();
    let is_grouped = groups.len() > 1
        && groups.iter().enumerate().all(|(nth, group)| {
            is_digits(group) && (group.len() == 3 || (nth == 0 && group.len() < 3))
        });
    let is_plain = groups.len() == 1 && is_digits(whole);
    if !(is_grouped || (is_plain && fraction.is_some())) || !fraction.is_none_or(is_digits) {
        return None;
    }
    let mut text = format!("{sign}{}", groups.concat());
    if let Some(fraction) = fraction {
        text.push('.');
        text.push_str(fraction);
    }
    text.push_str(exponent);
    text.parse::<f64>().is_ok().then_some(text.into())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(sample: &str, separator: u8, decimal: Decimal) {
        let found = Dialect::of_sample(sample.as_bytes(), Asked::default());
        assert_eq!(found, Dialect { separator, decimal }, "{sample}");
    }

    #[test]
    fn the_beginning_of_a_file_tells_how_it_is_written() {
        use Decimal::{Comma, Point};
        check("t,a\n1,2.5\n", b',', Point);
        check("a\n1\n", b',', Point);
        check("", b',', Point);
        check("t;a\n1;2.5\n", b';', Point);
        check("t;a\n1;2\n", b';', Point);
        check("t\ta\n1\t2,5\n", b'\t', Comma);
        check("Zeit;Druck;Durchfluss\r\n21.11.2026 08:00:00;3,1;1.250,5\r\n", b';', Comma);
        // A name with a comma.
        check("Zeit;Druck, bar\n08:00;3,1\n08:01;3,2\n", b';', Comma);
        // A comma between groups of thousands, where there are decimal points.
        check("t;a;b\n1;2.5;1,200\n", b';', Point);
        check("t;a\n1;1.200\n2;1.300\n", b';', Point);
        // What was cut off in the middle does not count.
        check("t;a\n1;2,5\n2;3.", b';', Comma);
    }

    #[test]
    fn what_is_said_of_a_file_holds() {
        let asked = Asked { separator: Some(b','), decimal: Some(Decimal::Comma) };
        let found = Dialect::of_sample(b"t;a\n1;2.5\n", asked);
        assert_eq!(found, Dialect { separator: b',', decimal: Decimal::Comma });
    }

    #[test]
    fn numbers_with_a_comma_have_a_point() {
        for (cell, number) in [
            ("2,5", "2.5"),
            ("-0,25", "-0.25"),
            ("+1,5", "1.5"),
            ("1.234,5", "1234.5"),
            ("1.234.567", "1234567"),
            ("12.345", "12345"),
            ("1,5E-3", "1.5E-3"),
        ] {
            assert_eq!(with_point(cell).as_deref(), Some(number), "{cell}");
        }
        for cell in [
            "",
            "12",
            "2.5",
            "1.23",
            "1234.567",
            ".5",
            ",5",
            "5,",
            "1,2,3",
            "a,b",
            "21.11.2026",
            "1,5 bar",
        ] {
            assert_eq!(with_point(cell), None, "{cell}");
        }
    }
}
