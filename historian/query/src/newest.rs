//! The newest of a view, looked for from its end: what was there last before a range, and after it.

use std::cmp::Reverse;

use historian_store::{Sample, SeriesId, View};
use uns_model::{Sequence, Timestamp, fold};

use crate::error::Error;
use crate::sweep::Cancelled;

/// Where a sample is: its time, its record, whether it ends a field, its series. What stands beside a
/// value in one record is behind it here: that value is the newest then.
type Place = (Timestamp, Sequence, bool, SeriesId);

/// How far somebody looks.
#[derive(Debug)]
pub(crate) struct Patience<'a> {
    /// Nobody waits for the answer any more.
    pub(crate) cancelled: &'a Cancelled,
    /// With so many samples read and none found it is too much.
    pub(crate) read_max: usize,
    /// So many files are opened at most; what is in none of them is not found.
    pub(crate) files_max: usize,
}

impl Patience<'_> {
    /// The time of the newest sample of what was asked for, where one is found.
    pub(crate) fn newest(&self, view: &mut View) -> Result<Option<Timestamp>, Error> {
        // What ends a field is not read for this.
        let enders = std::mem::take(&mut view.enders);
        let newest = self.look(view, |sid, _| (!enders.contains(&sid)).then_some(false));
        view.enders = enders;
        Ok(newest?.map(|(time, ..)| time))
    }

    /// Whether the newest of all there is, up to a record, is a sample of what was asked for, and
    /// nothing that ends it or that it stands beside: then a value that comes alone ends it.
    pub(crate) fn is_open(&self, view: &mut View, as_of: Sequence) -> Result<bool, Error> {
        let enders = view.enders.clone();
        let newest = self.look(view, |sid, sample| {
            let is_ender = enders.contains(&sid);
            let counts = fold::ends_fields(&sample.value.as_ref()) || !is_ender;
            (sample.sequence <= as_of && counts).then_some(is_ender)
        })?;
        Ok(newest.is_some_and(|(_, _, is_ender, _)| !is_ender))
    }

    fn look(
        &self,
        view: &mut View,
        counts: impl Fn(SeriesId, &Sample) -> Option<bool>,
    ) -> Result<Option<Place>, Error> {
        let place = |sid: SeriesId, sample: &Sample| {
            Some((sample.time, sample.sequence, counts(sid, sample)?, sid))
        };
        let mut read = view.memory.len();
        let mut newest = view.memory.iter().filter_map(|(sid, sample)| place(*sid, sample)).max();
        let mut files = std::mem::take(&mut view.files);
        files.sort_by_key(|file| Reverse(file.last_time()));
        let mut samples = Vec::new();
        for file in files.iter().take(self.files_max) {
            if newest.is_some_and(|(newest, ..)| newest > file.last_time()) {
                break;
            }
            self.cancelled.check()?;
            let mut pieces = view.open(file).map_err(Error::Store)?;
            pieces.sort_by_key(|piece| Reverse(piece.last_time()));
            for piece in pieces {
                if newest.is_some_and(|(newest, ..)| newest > piece.last_time()) {
                    break;
                }
                if read > self.read_max {
                    return Err(Error::TooMuch { max: self.read_max });
                }
                self.cancelled.check()?;
                samples.clear();
                view.read(&piece, &mut samples).map_err(Error::Store)?;
                read += samples.len();
                let here = samples.iter().filter_map(|sample| place(piece.series(), sample)).max();
                newest = newest.max(here);
            }
        }
        Ok(newest)
    }
}
