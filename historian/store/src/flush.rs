//! Turning a rotated memory into published files.

use std::collections::{BTreeMap, HashSet};
use std::path::Path;

use historian_segment::{
    Origin, Sample, SeriesEntry, SeriesId, SeriesOrigin, TimeUnit, Writer, series_map_rows,
    write_series_map,
};
use uns_model::{Sequence, Timestamp};

use crate::covered;
use crate::error::Error;
use crate::file::{Entry, Files};
use crate::memory::{Frozen, merge};
use crate::partition::{Hours, Level, Partition};
use crate::registry::Registry;

/// The name of the table that names series for other tools.
pub(crate) const SERIES_MAP: &str = "series.parquet";

/// Behind the name of a file that is being written.
pub(crate) const TEMPORARY: &str = ".tmp";

/// A file being built.
struct Open {
    writer: Writer,
    first_time: Timestamp,
    last_time: Timestamp,
    series: Vec<SeriesId>,
}

/// What files are written for.
pub(crate) struct Written<'a> {
    /// The samples came with records after the first and up to the second sequence.
    pub(crate) range: (Sequence, Sequence),
    /// The newest ingest time up to there.
    pub(crate) ingest: Timestamp,
    /// How many files it may become before it is partitioned more coarsely.
    pub(crate) files_max: usize,
    /// Names of other files.
    pub(crate) taken: &'a HashSet<String>,
    /// What files say of their series.
    pub(crate) origins: &'a dyn Fn(&[SeriesId]) -> Vec<SeriesOrigin>,
}

/// Writes everything of `frozen`, durably, and gives what the manifest is to say. Repeating it after
/// a failure replaces what it had written.
pub(crate) fn write(
    files: &Files,
    frozen: &Frozen,
    written: &Written<'_>,
) -> Result<Vec<Entry>, Error> {
    let mut hours = Hours::default();
    for block in &frozen.blocks {
        hours.add(block.times());
    }
    let (level, units) = Level::choose(&hours, written.files_max);
    let mut open = BTreeMap::new();
    merge(&frozen.blocks, |sid, samples| {
        if frozen.forgot(sid) {
            return Ok(());
        }
        for run in samples.chunk_by(|a, b| level.is_one(a.time, b.time)) {
            if let Some(first) = run.first() {
                add_run(&mut open, level.of(first.time), &units, (sid, run))?;
            }
        }
        Ok(())
    })?;
    open.into_iter().map(|(partition, open)| finish(files, partition, open, written)).collect()
}

fn add_run(
    open: &mut BTreeMap<Partition, Open>,
    partition: Partition,
    units: &BTreeMap<Partition, TimeUnit>,
    (sid, run): (SeriesId, &[Sample]),
) -> Result<(), Error> {
    let (Some(first), Some(last)) = (run.first(), run.last()) else {
        return Ok(());
    };
    let failed = |source| Error::Encode { name: partition.to_string(), source };
    let file = match open.entry(partition) {
        std::collections::btree_map::Entry::Occupied(entry) => entry.into_mut(),
        std::collections::btree_map::Entry::Vacant(entry) => {
            let unit = units.get(&partition).copied().unwrap_or(TimeUnit::Nanos);
            entry.insert(Open {
                writer: Writer::new(unit).map_err(failed)?,
                first_time: first.time,
                last_time: last.time,
                series: Vec::new(),
            })
        }
    };
    file.writer.write_series(sid, run).map_err(failed)?;
    file.first_time = file.first_time.min(first.time);
    file.last_time = file.last_time.max(last.time);
    if file.series.last() != Some(&sid) {
        file.series.push(sid);
    }
    Ok(())
}

fn finish(
    files: &Files,
    partition: Partition,
    open: Open,
    written: &Written<'_>,
) -> Result<Entry, Error> {
    let (after, until) = written.range;
    let name = covered::name(partition, until, written.taken);
    let failed = |source| Error::Encode { name: name.clone(), source };
    let origin = Origin {
        after,
        until,
        ingest: written.ingest,
        replaces: None,
        series: (written.origins)(&open.series),
    };
    let encoded = open.writer.finish(&origin).map_err(failed)?;
    write_file(files, files.dir(), &name, &encoded.bytes)?;
    let first = open.series.first().copied().unwrap_or_default();
    Ok(Entry {
        first_time: open.first_time,
        last_time: open.last_time,
        after,
        until,
        rows: encoded.rows,
        bytes: encoded.bytes.len() as u64,
        crc: crc32fast::hash(&encoded.bytes),
        series: (first, open.series.last().copied().unwrap_or(first)),
        name,
    })
}

pub(crate) fn write_file(files: &Files, dir: &Path, name: &str, bytes: &[u8]) -> Result<(), Error> {
    let path = dir.join(name);
    files.disk().write_atomic(&path, bytes).map_err(|source| {
        // On a full disk the half-written temporary holds the very space that is missing.
        drop(files.disk().remove(&dir.join(format!("{name}{TEMPORARY}"))));
        Error::Disk { action: "write", path, source }
    })
}

/// The rows of `series.parquet`.
pub(crate) fn series_entries(registry: &Registry) -> Vec<SeriesEntry> {
    registry.entries().collect()
}

/// How many rows `series.parquet` has; `None` where there is none that can be read.
pub(crate) fn series_written(files: &Files) -> Option<usize> {
    let bytes = files.disk().read(&files.root().join(SERIES_MAP)).ok()?;
    series_map_rows(bytes.into()).ok()
}

/// Replaces `series.parquet`.
pub(crate) fn write_series(files: &Files, entries: &[SeriesEntry]) -> Result<(), Error> {
    let failed = |source| Error::Encode { name: SERIES_MAP.to_owned(), source };
    let bytes = write_series_map(entries).map_err(failed)?;
    write_file(files, files.root(), SERIES_MAP, &bytes)
}
