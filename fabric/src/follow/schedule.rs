//! When checkpoints are due.

use std::time::Duration;

use uns_model::Timestamp;

/// What a follower goes by.
#[derive(Clone, Copy, Debug)]
pub struct Settings {
    /// The fold's name: of its hold on the log, and in figures, health and log lines.
    pub name: &'static str,
    /// A checkpoint is due so long after the first record that is in none.
    pub checkpoint_interval: Duration,
    /// One is also due after so many records.
    pub checkpoint_records: u64,
}

/// What came since the last checkpoint.
#[derive(Debug)]
pub(super) struct Schedule {
    settings: Settings,
    records: u64,
    /// When the next one is due; `None` while there is nothing to write.
    due: Option<Duration>,
    /// When the first record was taken in that is in none, if that was before the start; until all of
    /// those are applied.
    oldest: Option<Timestamp>,
}

impl Schedule {
    pub(super) fn new(settings: Settings) -> Self {
        Self { settings, records: 0, due: None, oldest: None }
    }

    /// Something was applied; `ingest` tells when it was taken in, if it was before the start and is the
    /// first.
    pub(super) fn note(&mut self, records: u64, ingest: Option<Timestamp>, now: Duration) {
        self.records = self.records.saturating_add(records);
        if self.due.is_none() {
            self.due = Some(now + self.settings.checkpoint_interval);
            self.oldest = ingest;
        }
    }

    /// Whether anything was applied that is in no checkpoint.
    pub(super) fn has_news(&self) -> bool {
        self.due.is_some()
    }

    /// Everything from before the start is applied. Records that waited for their checkpoint
    /// before a restart do not wait as long again.
    pub(super) fn caught_up(&mut self, now: Duration, wall: Timestamp) {
        if let (Some(oldest), Some(due)) = (self.oldest.take(), &mut self.due) {
            let waited = u64::try_from(wall.0.saturating_sub(oldest.0)).unwrap_or_default();
            let left =
                self.settings.checkpoint_interval.saturating_sub(Duration::from_nanos(waited));
            *due = (*due).min(now + left);
        }
    }

    pub(super) fn is_due(&self, now: Duration) -> bool {
        let many = self.records >= self.settings.checkpoint_records;
        self.due.is_some_and(|due| many || due <= now)
    }

    /// When the next one is due by time alone.
    pub(super) fn due(&self) -> Option<Duration> {
        self.due
    }

    /// A snapshot was taken: what comes now is for the next one.
    pub(super) fn taken(&mut self) {
        self.records = 0;
        self.due = None;
        self.oldest = None;
    }

    /// What was due was not written: it is tried again after a whole interval, since the disk may be
    /// full, or memory short, for long.
    pub(super) fn put_off(&mut self, now: Duration) {
        self.records = 0;
        self.due = Some(now + self.settings.checkpoint_interval);
    }
}
