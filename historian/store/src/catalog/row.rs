//! The checksum of each row of the catalog: of its table and of its content as text. `SQLite` has
//! none, and a flipped bit inside a row would be taken for what was written.

use std::fmt::Write;

use crate::error::Error;
use crate::file::Entry;
use crate::gap::Gap;
use crate::registry::{NodeRow, SeriesRow};

/// What a table is called in checksums and in errors.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Table {
    Meta,
    Node,
    Series,
    File,
    Gap,
    Doomed,
}

impl Table {
    fn name(self) -> &'static str {
        match self {
            Self::Meta => "meta",
            Self::Node => "node",
            Self::Series => "series",
            Self::File => "file",
            Self::Gap => "gap",
            Self::Doomed => "doomed",
        }
    }

    /// The checksum of a row of this table.
    pub(super) fn crc(self, text: &str) -> u32 {
        let mut hasher = crc32fast::Hasher::new();
        hasher.update(self.name().as_bytes());
        hasher.update(b"\0");
        hasher.update(text.as_bytes());
        hasher.finalize()
    }

    /// Whether a row is what was written.
    pub(super) fn holds(self, text: &str, row_crc: i64) -> bool {
        i64::from(self.crc(text)) == row_crc
    }

    /// Refuses a row that is not what was written.
    pub(super) fn check(self, text: &str, row_crc: i64) -> Result<(), Error> {
        if self.holds(text, row_crc) { Ok(()) } else { Err(self.damaged()) }
    }

    /// One of its rows is not what was written.
    pub(super) fn damaged(self) -> Error {
        Error::Inconsistent(match self {
            Self::Meta => "the checksum of a row in meta differs",
            Self::Node => "the checksum of a row in node differs",
            Self::Series => "the checksum of a row in series differs",
            Self::File => "the checksum of a row in file differs",
            Self::Gap => "the checksum of a row in gap differs",
            Self::Doomed => "the checksum of a row in doomed differs",
        })
    }
}

/// A row as the text its checksum is of. Those of nodes and series are read as this very text.
pub(super) trait Row {
    /// The table it is in.
    const TABLE: Table;

    fn text(&self) -> String;

    fn crc(&self) -> i64 {
        i64::from(Self::TABLE.crc(&self.text()))
    }
}

impl Row for NodeRow {
    const TABLE: Table = Table::Node;

    fn text(&self) -> String {
        let Self { number, org, topic, id, name, deleted, purged } = self;
        let (deleted, purged) = (u8::from(*deleted), u8::from(*purged));
        format!("{},{},{},{:032X},{deleted},{purged},{name}", number.0, org.0, topic.0, id.0)
    }
}

impl Row for SeriesRow {
    const TABLE: Table = Table::Series;

    fn text(&self) -> String {
        let Self { sid, node, field, value_type, generation, unit } = self;
        let mut text = format!("{},{},{},{generation}", sid.0, node.0, value_type.name());
        for optional in [field, unit] {
            text.push(',');
            if let Some(optional) = optional {
                text.push('=');
                for byte in optional.bytes() {
                    write!(text, "{byte:02X}").expect("a string takes everything");
                }
            }
        }
        text
    }
}

impl Row for Entry {
    const TABLE: Table = Table::File;

    fn text(&self) -> String {
        let Self { name, first_time, last_time, after, until, rows, bytes, crc, series } = self;
        format!(
            "{},{},{},{},{rows},{bytes},{crc},{},{},{name}",
            first_time.0, last_time.0, after.0, until.0, series.0.0, series.1.0
        )
    }
}

impl Row for Gap {
    const TABLE: Table = Table::Gap;

    fn text(&self) -> String {
        let Self { after, until, start, end, series, .. } = self;
        let mut text = format!("{},{},{},{},", after.0, until.0, start.0, end.0);
        if let Some((first, last)) = series {
            write!(text, "{}-{}", first.0, last.0).expect("a string takes everything");
        }
        text.push(',');
        text.push_str(&self.stored_reason());
        text
    }
}

/// A number of the catalog under its name.
pub(super) struct Meta<'a>(pub(super) &'a str, pub(super) i64);

impl Row for Meta<'_> {
    const TABLE: Table = Table::Meta;

    fn text(&self) -> String {
        format!("{},{}", self.0, self.1)
    }
}

/// The name of a file that is to be removed.
pub(super) struct Doomed(pub(super) String);

impl Row for Doomed {
    const TABLE: Table = Table::Doomed;

    fn text(&self) -> String {
        self.0.clone()
    }
}
