//! Writing files and publishing them, beside the fold.

use std::collections::HashSet;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::thread;
use std::time::Duration;

use fabric::follow::Durable;
use historian_segment::{SeriesId, SeriesOrigin};

use super::job::Job;
use super::{HOLD, Store};
use crate::catalog::Publication;
use crate::error::{Error, chain};
use crate::file::HistoryFile;
use crate::flush::{self, Written};

/// The first pause after a failure; it doubles up to [`PAUSE_MAX`].
const PAUSE_MIN: Duration = Duration::from_millis(20);
/// Service resumes at the latest so long after the disk has room again.
const PAUSE_MAX: Duration = Duration::from_secs(2);

impl Store {
    /// Publishes a checkpoint, however often it takes; `None` when it is given up, since the store is
    /// told to stop. Then it is what is written next, if anything is.
    pub(super) fn publish_job(&self, job: Job, stops: impl Fn() -> bool) -> Option<Durable> {
        let mut pause = PAUSE_MIN;
        let bytes = loop {
            let error = match self.try_publish(&job) {
                Ok(bytes) => break bytes,
                Err(error) => chain(&error),
            };
            tracing::warn!(error, "cannot write history, trying again");
            let mut state = self.state.lock();
            state.counters.flush_failures += 1;
            state.flush_error = Some(error.into());
            if stops() {
                // The cursor has not moved: the next start replays these samples from the log.
                state.flushing = false;
                drop(state);
                *self.given_up.lock() = Some(job);
                return None;
            }
            drop(state);
            thread::sleep(pause);
            pause = (pause * 2).min(PAUSE_MAX);
        };
        if self.state.lock().has_files_to_change() {
            self.change_files();
        }
        Some(Durable { floor: job.range.1, bytes })
    }

    /// Replaces damaged files and takes purged samples out of the others; what fails is tried again.
    pub(super) fn change_files(&self) {
        self.repair_files();
        let is_purging = self.state.lock().purging;
        if is_purging && let Err(error) = self.purge_files() {
            tracing::warn!(error = %chain(&error), "cannot purge history files, trying again");
        }
    }

    /// Makes the damaged files again for which there was no room.
    fn repair_files(&self) {
        let unrepaired = self.state.lock().unrepaired.clone();
        for (name, what) in unrepaired {
            let mut state = self.state.lock();
            let Some(file) = state.files.iter().find(|file| file.entry.name == name).cloned()
            else {
                state.unrepaired.retain(|(unrepaired, _)| *unrepaired != name);
                continue;
            };
            drop(state);
            if let Err(error) = self.damaged(&file, &what) {
                let error = chain(&error);
                tracing::warn!(name, error, "a damaged history file stays so, trying again");
            }
        }
    }

    /// Writes and lists the files; their bytes.
    fn try_publish(&self, job: &Job) -> Result<u64, Error> {
        let taken = self.names_taken();
        let written = Written {
            range: job.range,
            ingest: job.ingest,
            files_max: self.config.flush_files_max,
            taken: &taken,
            origins: &|series| self.origins(series),
        };
        let files = flush::write(&self.files, &job.frozen, &written)?;
        if !job.changes.is_empty() || self.series_map_is_old.load(Ordering::Acquire) {
            let entries = flush::series_entries(&self.state.lock().registry);
            flush::write_series(&self.files, &entries)?;
            self.series_map_is_old.store(false, Ordering::Release);
        }
        self.catalog.publish(Publication {
            position: Some((job.range.1, job.ingest)),
            changes: Arc::clone(&job.changes),
            files: files.clone(),
            gaps: job.gaps.clone(),
            purging: job.changes.purges().then_some(true),
            ..Publication::default()
        })?;
        let mut state = self.state.lock();
        if job.changes.purges() {
            (state.purging, state.purge_writing) = (true, false);
        }
        let bytes = files.iter().map(|entry| entry.bytes).sum();
        let new = files.into_iter().map(|entry| Arc::new(HistoryFile::new(entry)));
        state.files = Arc::new(state.files.iter().cloned().chain(new).collect());
        state.frozen = None;
        state.flushing = false;
        state.cursor = job.range.1;
        state.flush_error = None;
        state.counters.flushes += 1;
        drop(state);
        // Before anybody hears of it who looks at the hold next.
        self.log.hold(HOLD, job.range.1);
        self.cursor.send_replace(job.range.1);
        Ok(bytes)
    }

    /// The names of all listed files, and of those that go when nobody reads them any more.
    pub(crate) fn names_taken(&self) -> HashSet<String> {
        let (files, doomed) = {
            let state = self.state.lock();
            (Arc::clone(&state.files), state.doomed.clone())
        };
        files.iter().map(|file| file.entry.name.clone()).chain(doomed).collect()
    }

    /// What files say of their series; readers get their turn in between.
    pub(crate) fn origins(&self, series: &[SeriesId]) -> Vec<SeriesOrigin> {
        const AT_ONCE: usize = 1024;
        let mut origins = Vec::with_capacity(series.len());
        for some in series.chunks(AT_ONCE) {
            let state = self.state.lock();
            origins.extend(some.iter().filter_map(|sid| state.registry.origin_of(*sid)));
        }
        origins
    }
}
