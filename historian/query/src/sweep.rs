//! All samples of a view in time order, duplicates and corrections collapsed.

use std::sync::Arc;

use historian_store::{Gap, HistoryFile, PieceOfFile, Sample, View};
use uns_model::{Sequence, Timestamp};

use crate::error::Error;

/// Walks a view from its start, holding only what overlaps in time.
#[derive(Debug)]
pub(crate) struct Sweep {
    view: View,
    /// Samples of later records are left out.
    as_of: Sequence,
    /// Not opened yet, latest first.
    files: Vec<Arc<HistoryFile>>,
    /// Opened but not read yet, latest first.
    pieces: Vec<PieceOfFile>,
    /// Read and not handed out yet.
    loaded: Vec<Sample>,
    sorted: bool,
    read: usize,
    read_max: usize,
}

impl Sweep {
    pub(crate) fn new(mut view: View, as_of: Sequence, read_max: usize) -> Self {
        let mut files = std::mem::take(&mut view.files);
        files.reverse();
        let mut loaded = std::mem::take(&mut view.memory);
        let read = loaded.len();
        loaded.retain(|sample| sample.sequence <= as_of);
        Self { view, as_of, files, pieces: Vec::new(), loaded, sorted: false, read, read_max }
    }

    /// What the view is known to lack.
    ///
    /// Files beyond the page are not opened just to find damage: the page that reaches them
    /// reports it.
    pub(crate) fn into_gaps(self) -> Vec<Gap> {
        self.view.gaps
    }

    /// The next samples in order, at least one; `None` at the end.
    pub(crate) fn next_batch(&mut self) -> Result<Option<Vec<Sample>>, Error> {
        loop {
            if !self.sorted {
                self.loaded.sort_by(Sample::order);
                self.sorted = true;
            }
            // Nothing unread is older than this, so what is older is complete.
            let horizon = self.horizon();
            let ready = match horizon {
                Some(horizon) => self.loaded.partition_point(|sample| sample.time < horizon),
                None => self.loaded.len(),
            };
            if ready > 0 {
                let rest = self.loaded.split_off(ready);
                let batch = std::mem::replace(&mut self.loaded, rest);
                return Ok(Some(collapse(batch)));
            }
            if horizon.is_none() {
                return Ok(None);
            }
            self.load_next()?;
        }
    }

    fn horizon(&self) -> Option<Timestamp> {
        let file = self.files.last().map(|file| file.first_time());
        let piece = self.pieces.last().map(PieceOfFile::first_time);
        file.into_iter().chain(piece).min()
    }

    /// Opens the next file or reads the next piece, whichever starts first.
    fn load_next(&mut self) -> Result<(), Error> {
        let piece_time = self.pieces.last().map(PieceOfFile::first_time);
        let file_first = match (self.files.last(), piece_time) {
            (Some(file), Some(piece)) => file.first_time() <= piece,
            (file, _) => file.is_some(),
        };
        if file_first {
            if let Some(file) = self.files.pop() {
                self.pieces.extend(self.view.open(&file).map_err(Error::Store)?);
                self.pieces.sort_by_key(|piece| std::cmp::Reverse(piece.first_time()));
            }
        } else if let Some(piece) = self.pieces.pop() {
            let before = self.loaded.len();
            self.view.read(&piece, &mut self.loaded).map_err(Error::Store)?;
            self.read += self.loaded.len() - before;
            let later = |sample: &Sample| sample.sequence > self.as_of;
            if self.loaded.iter().skip(before).any(later) {
                self.loaded.retain(|sample| !later(sample));
            }
            self.sorted = before == 0 && self.loaded.is_sorted_by(|a, b| a.order(b).is_le());
            if self.read > self.read_max {
                return Err(Error::TooMuch { max: self.read_max });
            }
        }
        Ok(())
    }
}

/// Samples that claim the same source event become one (NS-26): the first of equal ones, since a
/// redelivery changes nothing, and the newest of different ones, since that is a correction.
fn collapse(mut batch: Vec<Sample>) -> Vec<Sample> {
    batch.dedup_by(|next, kept| {
        if !next.same_event(kept) {
            return false;
        }
        if next.value != kept.value || next.quality != kept.quality {
            std::mem::swap(next, kept);
        }
        true
    });
    batch
}
