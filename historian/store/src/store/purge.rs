//! Purging: the samples of purged series leave every file, also those other series share.
//!
//! A file with such samples is written again without them and exchanged in one catalog transaction.
//! The old one goes when nobody reads it any more; killed before that, the next start removes it.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use historian_segment::{Origin, Sample, Segment, SeriesId, Writer};

use super::Store;
use crate::catalog::Publication;
use crate::covered::{self, parse_name};
use crate::error::Error;
use crate::file::{Doom, Entry, HistoryFile, Input};
use crate::flush::write_file;
use crate::partition::Level;

/// How often it is looked whether a purge is done.
const LOOK: Duration = Duration::from_millis(20);

impl Store {
    /// Waits until nothing of what was purged before this call is in memory or on disk, but for the
    /// log; for so long at most. Whether it is so.
    pub async fn purged(&self, patience: Duration) -> bool {
        self.caught_up().await;
        let mut waited = Duration::ZERO;
        while self.is_purging() {
            if waited >= patience {
                return false;
            }
            tokio::time::sleep(LOOK).await;
            waited += LOOK;
        }
        true
    }

    /// Whether samples of purged series are still in memory or in a file.
    pub fn is_purging(&self) -> bool {
        let state = self.state.lock();
        state.purge_noted
            || state.purge_writing
            || state.purging
            || self.doomed_alive.load(Ordering::Acquire) > 0
    }

    /// Takes the samples of all purged series out of all files.
    pub(super) fn purge_files(&self) -> Result<(), Error> {
        let purged = self.purged_series();
        let files = Arc::clone(&self.state.lock().files);
        for file in files.iter() {
            let (first, last) = file.entry.series;
            let from = purged.partition_point(|sid| *sid < first);
            if purged.get(from).is_none_or(|sid| *sid > last) {
                continue;
            }
            match self.files.open(file) {
                Ok(segment) => self.purge_file(file, &segment, &purged)?,
                // What is made again of it has no purged samples.
                Err(Error::Damaged { what, .. }) => drop(self.damaged(file, &what)?),
                Err(other) => return Err(other),
            }
        }
        self.catalog.publish(Publication { purging: Some(false), ..Publication::default() })?;
        self.state.lock().purging = false;
        Ok(())
    }

    /// All purged series, ascending; readers get their turn in between.
    fn purged_series(&self) -> Vec<SeriesId> {
        const AT_ONCE: u32 = 16_384;
        let mut purged = Vec::new();
        let mut next = 0_u32;
        loop {
            let state = self.state.lock();
            let end = u32::try_from(state.registry.series_count()).unwrap_or(u32::MAX);
            let some = (next..end.min(next.saturating_add(AT_ONCE))).map(SeriesId);
            purged.extend(some.filter(|sid| state.registry.is_purged(*sid)));
            next = next.saturating_add(AT_ONCE);
            if next >= end {
                return purged;
            }
        }
    }

    fn purge_file(
        &self,
        file: &Arc<HistoryFile>,
        segment: &Segment<Input>,
        purged: &[SeriesId],
    ) -> Result<(), Error> {
        let _one_at_a_time = self.setting_aside.lock();
        let failed = |source| Error::Encode { name: file.entry.name.clone(), source };
        let series = segment.series().map_err(failed)?;
        let is_purged = |sid: &SeriesId| purged.binary_search(sid).is_ok();
        if file.dropped.load(Ordering::Acquire) || !series.iter().any(is_purged) {
            return Ok(());
        }
        let kept: Vec<_> = series.into_iter().filter(|sid| !is_purged(sid)).collect();
        let instead = match kept.is_empty() {
            true => None,
            false => Some(self.write_without(&file.entry, segment, &kept)?),
        };
        let name = file.entry.name.clone();
        self.catalog.publish(Publication {
            unlisted: vec![name.clone()],
            files: instead.iter().cloned().collect(),
            doomed: vec![name.clone()],
            ..Publication::default()
        })?;
        let instead = instead.map(|entry| Arc::new(HistoryFile::new(entry)));
        let mut state = self.state.lock();
        let exchange = |listed: &Arc<HistoryFile>| match listed.entry.name == name {
            true => instead.clone(),
            false => Some(Arc::clone(listed)),
        };
        state.files = Arc::new(state.files.iter().filter_map(exchange).collect());
        state.doomed.insert(name.clone());
        drop(state);
        self.files.forget(&name);
        file.doom(Doom::new(&self.files, &name, &self.doomed_alive));
        Ok(())
    }

    /// Writes a file again with these of its series.
    fn write_without(
        &self,
        entry: &Entry,
        segment: &Segment<Input>,
        kept: &[SeriesId],
    ) -> Result<Entry, Error> {
        let partition = match parse_name(&entry.name) {
            Some((_, partition, _)) => partition,
            None => Level::finest(entry.first_time, entry.last_time),
        };
        let name = covered::name(partition, entry.until, &self.names_taken());
        let failed = |source| Error::Encode { name: name.clone(), source };
        let mut writer = Writer::new(segment.unit()).map_err(failed)?;
        let mut run = Run { kept, sid: SeriesId::default(), samples: Vec::new() };
        let mut times: Option<(_, _)> = None;
        let mut written = Ok(());
        segment
            .read_all(|sid, sample| {
                if sid != run.sid && written.is_ok() {
                    written = run.write(&mut writer);
                }
                if kept.binary_search(&sid).is_ok() {
                    let (first, last) = times.unwrap_or((sample.time, sample.time));
                    times = Some((first.min(sample.time), last.max(sample.time)));
                    run.samples.push(sample);
                }
                run.sid = sid;
            })
            .map_err(failed)?;
        written.and_then(|()| run.write(&mut writer)).map_err(failed)?;
        let ingest = segment.origin().map_err(failed)?.map_or(entry.last_time, |o| o.ingest);
        let origin = Origin {
            after: entry.after,
            until: entry.until,
            ingest,
            replaces: Some(entry.name.clone()),
            series: self.origins(kept),
        };
        let encoded = writer.finish(&origin).map_err(failed)?;
        write_file(&self.files, self.files.dir(), &name, &encoded.bytes)?;
        let (first_time, last_time) = times.unwrap_or((entry.first_time, entry.last_time));
        let first = kept.first().copied().unwrap_or_default();
        Ok(Entry {
            name,
            first_time,
            last_time,
            after: entry.after,
            until: entry.until,
            rows: encoded.rows,
            bytes: encoded.bytes.len() as u64,
            crc: crc32fast::hash(&encoded.bytes),
            series: (first, kept.last().copied().unwrap_or(first)),
        })
    }
}

/// The samples of one series on their way into a file.
struct Run<'a> {
    kept: &'a [SeriesId],
    sid: SeriesId,
    samples: Vec<Sample>,
}

impl Run<'_> {
    fn write(&mut self, writer: &mut Writer) -> Result<(), historian_segment::Error> {
        if self.samples.is_empty() || self.kept.binary_search(&self.sid).is_err() {
            return Ok(());
        }
        let written = writer.write_series(self.sid, &self.samples);
        self.samples.clear();
        written
    }
}
