//! All samples of a view in time order, duplicates and corrections collapsed.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use historian_store::{Gap, HistoryFile, PieceOfFile, Sample, SeriesId, View};
use uns_model::{Sequence, Timestamp, fold};

use crate::ends::{Ends, keep_neighbours};
use crate::error::Error;
use crate::tagged::Tagged;

/// Whether whoever asked has gone.
#[derive(Clone, Debug, Default)]
pub(crate) struct Cancelled(Arc<AtomicBool>);

impl Cancelled {
    pub(crate) fn check(&self) -> Result<(), Error> {
        if self.0.load(Ordering::Relaxed) { Err(Error::Interrupted) } else { Ok(()) }
    }
}

/// Cancels when it is dropped: it lives in the future of whoever waits.
#[derive(Debug)]
pub(crate) struct CancelOnDrop(pub(crate) Cancelled);

impl Drop for CancelOnDrop {
    fn drop(&mut self) {
        self.0.0.store(true, Ordering::Relaxed);
    }
}

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
    loaded: Vec<Tagged>,
    /// The units of the view's series, each once.
    units: Vec<Option<Arc<str>>>,
    of_series: Vec<(SeriesId, u16)>,
    ends: Ends,
    /// Where one piece is read to.
    buffer: Vec<Sample>,
    /// Nobody waits for the answer any more.
    cancelled: Cancelled,
    sorted: bool,
    read: usize,
    read_max: usize,
}

impl Sweep {
    pub(crate) fn new(
        (mut view, ends): (View, Ends),
        as_of: Sequence,
        read_max: usize,
        cancelled: Cancelled,
    ) -> Self {
        let mut files = std::mem::take(&mut view.files);
        files.reverse();
        let memory = std::mem::take(&mut view.memory);
        let mut units: Vec<Option<Arc<str>>> = Vec::new();
        let mut of_series = Vec::new();
        for (sid, _, unit) in &view.kinds {
            let known = units.iter().position(|known| known == unit);
            let place = known.unwrap_or_else(|| {
                units.push(unit.clone());
                units.len() - 1
            });
            of_series.push((*sid, u16::try_from(place).unwrap_or(u16::MAX)));
        }
        let mut sweep = Self {
            view,
            as_of,
            files,
            pieces: Vec::new(),
            loaded: Vec::new(),
            units,
            of_series,
            ends,
            buffer: Vec::new(),
            cancelled,
            sorted: false,
            read: memory.len(),
            read_max,
        };
        for (sid, sample) in memory {
            sweep.load(sid, sample);
        }
        sweep
    }

    /// The unit behind the tag of a sample.
    pub(crate) fn unit(&self, tag: u16) -> Option<Arc<str>> {
        self.units.get(usize::from(tag)).cloned().flatten()
    }

    fn load(&mut self, sid: SeriesId, sample: Sample) {
        let ends = self.ends.is_ender(sid);
        let counts = !ends || fold::ends_fields(&sample.value.as_ref());
        if sample.sequence <= self.as_of && counts {
            let tag = self.of_series.iter().find(|(of, _)| *of == sid);
            let unit = tag.map_or(u16::MAX, |(_, tag)| *tag);
            self.loaded.push(Tagged { sample, unit, ends, beside: false });
        }
    }

    /// What the view is known to lack.
    ///
    /// Files beyond the page are not opened just to find damage: the page that reaches them
    /// reports it.
    pub(crate) fn into_gaps(self) -> Vec<Gap> {
        self.view.gaps
    }

    /// The next samples in order, at least one; `None` at the end.
    pub(crate) fn next_batch(&mut self) -> Result<Option<Vec<Tagged>>, Error> {
        loop {
            self.cancelled.check()?;
            if !self.sorted {
                self.loaded.sort_by(|a, b| a.sample.order(&b.sample));
                self.sorted = true;
            }
            // Nothing unread is older than this, so what is older is complete.
            let horizon = self.horizon();
            let ready = match horizon {
                Some(horizon) => self.loaded.partition_point(|tagged| tagged.sample.time < horizon),
                None => self.loaded.len(),
            };
            if ready > 0 {
                let rest = self.loaded.split_off(ready);
                let mut batch = std::mem::replace(&mut self.loaded, rest);
                if self.ends.any() {
                    keep_neighbours(&mut batch);
                }
                let shown = self.ends.apply(collapse(batch));
                if shown.is_empty() {
                    continue;
                }
                return Ok(Some(shown));
            }
            if horizon.is_none() {
                return Ok(None);
            }
            self.load_next()?;
        }
    }

    /// Whether a piece only has values that end a field which has ended before.
    fn says_nothing(&self, piece: &PieceOfFile) -> bool {
        let ends = &self.ends;
        if !ends.is_ender(piece.series()) || !ends.is_ended() {
            return false;
        }
        let until = piece.last_time();
        let field = |other: &PieceOfFile| !ends.is_ender(other.series());
        self.loaded.iter().all(|tagged| tagged.ends || tagged.sample.time > until)
            && self.pieces.iter().all(|other| !field(other) || other.first_time() > until)
            && self.files.iter().all(|file| file.first_time() > until)
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
            if self.says_nothing(&piece) {
                return Ok(());
            }
            let before = self.loaded.len();
            let mut samples = std::mem::take(&mut self.buffer);
            self.view.read(&piece, &mut samples).map_err(Error::Store)?;
            self.read += samples.len();
            for sample in samples.drain(..) {
                self.load(piece.series(), sample);
            }
            self.buffer = samples;
            let in_order = |a: &Tagged, b: &Tagged| a.sample.order(&b.sample).is_le();
            self.sorted = before == 0 && self.loaded.is_sorted_by(in_order);
            if self.read > self.read_max {
                return Err(Error::TooMuch { max: self.read_max });
            }
        }
        Ok(())
    }
}

/// Samples that claim the same source event become one (NS-26): the first of equal ones, since a
/// redelivery changes nothing, and the newest of different ones, since that is a correction.
fn collapse(mut batch: Vec<Tagged>) -> Vec<Tagged> {
    batch.dedup_by(|next, kept| {
        let (new, old) = (&next.sample, &kept.sample);
        if !new.same_event(old) || next.ends != kept.ends {
            return false;
        }
        // Of equal ones it counts that one came beside a value.
        let beside = next.beside || kept.beside;
        if new.value != old.value || new.quality != old.quality || next.unit != kept.unit {
            std::mem::swap(next, kept);
        } else {
            kept.beside = beside;
        }
        true
    });
    batch
}
