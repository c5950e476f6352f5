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

    /// What others hold of the samples a damaged file was made of. One with a later end that goes back to
    /// before it was written after a crash, while this one was there, and has nothing that this one had.
    pub(crate) fn beside<'a>(
        damaged: &'a Entry,
        entries: impl IntoIterator<Item = &'a Entry>,
    ) -> Self {
        let is_other = |entry: &&Entry| entry.name != damaged.name && entry.until <= damaged.until;
        Self::by(entries.into_iter().filter(is_other), damaged.after)
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

#[cfg(test)]
mod tests {
    use historian_segment::SeriesId;

    use super::*;

    fn entry(after: u64, until: u64) -> Entry {
        let (first_time, last_time) = (Timestamp(0), Timestamp(1));
        let name = format!("1970-01-01T00.{until:014}.parquet");
        let (after, until) = (Sequence(after), Sequence(until));
        let series = (SeriesId(0), SeriesId(9));
        Entry { name, first_time, last_time, after, until, rows: 9, bytes: 1, crc: 0, series }
    }

    /// The hub died between writing the first of two files and listing it, so the second one goes back to
    /// where the first began, and has only what that did not have.
    #[test]
    fn a_later_file_holds_nothing_of_a_damaged_one_that_was_there_before_it() {
        let (earlier, later) = (entry(0, 20), entry(0, 30));
        let all = [earlier.clone(), later.clone()];
        assert!(!Covered::beside(&earlier, &all).holds(Sequence(10), Timestamp(0)));
        let beside_later = Covered::beside(&later, &all);
        assert!(beside_later.holds(Sequence(10), Timestamp(0)));
        assert!(!beside_later.holds(Sequence(25), Timestamp(0)));
    }
}
