//! Which samples files hold already, where the log is read again from before them.
//!
//! After a lost catalog, or a crash between writing a file and listing it, the log is read from a
//! place that lies before the end of some files. What those hold is not taken in twice.

use std::collections::HashSet;

use uns_model::{Sequence, Timestamp};

use crate::file::Entry;
use crate::partition::{Level, Partition};

/// The name of a file says which partition it is of, and up to which sequence.
pub(crate) fn parse_name(name: &str) -> Option<(Level, Partition, Sequence)> {
    let (partition, until) = name.strip_suffix(".parquet")?.split_once('.')?;
    let (level, partition) = Level::parse(partition)?;
    let until = until.split_once('-').map_or(until, |(until, _)| until);
    Some((level, partition, Sequence(until.parse().ok()?)))
}

/// The name of a file; never one that is taken.
pub(crate) fn name(partition: Partition, until: Sequence, taken: &HashSet<String>) -> String {
    let plain = format!("{partition}.{:014}.parquet", until.0);
    let others = (2..).map(|n| format!("{partition}.{:014}-{n}.parquet", until.0));
    let mut names = std::iter::once(plain.clone()).chain(others);
    names.find(|name| !taken.contains(name)).unwrap_or(plain)
}

/// The part of the log one file covers, in its partition.
#[derive(Clone, Copy, Debug)]
struct Part {
    after: Sequence,
    until: Sequence,
    level: Level,
    partition: Partition,
    rows: u64,
}

/// The parts of the log some files cover.
#[derive(Clone, Debug, Default)]
pub(crate) struct Covered {
    parts: Vec<Part>,
}

impl Covered {
    /// What files hold of the log after a sequence.
    pub(crate) fn by<'a>(entries: impl IntoIterator<Item = &'a Entry>, after: Sequence) -> Self {
        let part = |entry: &Entry| {
            let (level, partition, _) = parse_name(&entry.name)?;
            let Entry { after, until, rows, .. } = *entry;
            Some(Part { after, until, level, partition, rows })
        };
        let beyond = entries.into_iter().filter(|entry| entry.until > after);
        Self { parts: beyond.filter_map(part).collect() }
    }

    /// What of it concerns a range of sequences, both included.
    pub(crate) fn within(&self, first: Sequence, last: Sequence) -> Self {
        let meets = |part: &&Part| part.after < last && first <= part.until;
        Self { parts: self.parts.iter().filter(meets).copied().collect() }
    }

    /// Whether a file holds the sample of this time that came with this record.
    pub(crate) fn holds(&self, sequence: Sequence, time: Timestamp) -> bool {
        self.parts.iter().any(|part| {
            part.after < sequence && sequence <= part.until && part.level.of(time) == part.partition
        })
    }

    /// How many rows files have that were made of the same samples as this one.
    pub(crate) fn rows_like(&self, entry: &Entry) -> u64 {
        let Some((_, partition, _)) = parse_name(&entry.name) else { return 0 };
        let like = |part: &&Part| {
            (part.after, part.until, part.partition) == (entry.after, entry.until, partition)
        };
        self.parts.iter().filter(like).map(|part| part.rows).sum()
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.parts.is_empty()
    }
}
