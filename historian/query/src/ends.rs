//! Where the fields of documents end (NS-19f): a number, flag or text after a document says that the
//! node has no fields any more. History shows that as a mark without a value at that time, so that a
//! chart, a last value and a bucket end there. What ends a field, the last value asks in the same words:
//! [`fold::has_ended`].
//!
//! The marks are not stored: they follow from the samples of the field and of its node in the order
//! of time. So they are the same after a replay, a repair and a purge, and for what came late.

use historian_store::{Sample, SeriesId, View};
use uns_model::fold::{self, Moment};
use uns_model::{Quality, Value};

use crate::tagged::Tagged;

/// Turns the values that end a field into marks. What came beside a value and not in a document is not
/// ended by values that come without it.
#[derive(Debug, Default)]
pub(crate) struct Ends {
    /// The series of the node's values that are no documents; none where it never had any.
    enders: Vec<SeriesId>,
    /// The field goes on: what came last is a sample of its own.
    open: bool,
    /// Where that one stands; none where the view begins.
    last: Option<Moment>,
    /// The unit of its last sample.
    unit: u16,
}

impl Ends {
    /// For a view whose field was open, or not, where the view begins.
    pub(crate) fn new(view: &View, open: bool) -> Self {
        Self { enders: view.enders.clone(), open, last: None, unit: 0 }
    }

    /// Whether there are values that end the field.
    pub(crate) fn any(&self) -> bool {
        !self.enders.is_empty()
    }

    /// Whether a series is one of the node's values that are no documents.
    pub(crate) fn is_ender(&self, sid: SeriesId) -> bool {
        self.enders.contains(&sid)
    }

    /// Whether values that end a field mean nothing for now.
    pub(crate) fn is_ended(&self) -> bool {
        !self.open
    }

    /// What is to be shown of samples in the order of time.
    pub(crate) fn apply(&mut self, batch: Vec<Tagged>) -> Vec<Tagged> {
        if self.enders.is_empty() {
            return batch;
        }
        batch.into_iter().filter_map(|tagged| self.shown(tagged)).collect()
    }

    fn shown(&mut self, tagged: Tagged) -> Option<Tagged> {
        let moment = moment(&tagged.sample);
        if !tagged.ends {
            (self.open, self.unit) = (!tagged.beside, tagged.unit);
            self.last = Some(moment);
            return Some(tagged);
        }
        if self.last.is_some_and(|last| !fold::has_ended(last, moment)) {
            return None;
        }
        let ends = std::mem::replace(&mut self.open, false);
        let (value, quality) = (Value::Null, Quality::GOOD_NO_DATA);
        let sample = Sample { value, quality, ..tagged.sample };
        ends.then_some(Tagged { sample, unit: self.unit, ends: true, beside: false })
    }
}

fn moment(sample: &Sample) -> Moment {
    let Sample { time, sequence, lag_seconds, .. } = *sample;
    Moment { time, sequence, is_now: lag_seconds.is_none() }
}

/// Values of the node that have the field beside them, in the same record, do not end it; nor do later
/// ones. The samples are in order, so those of one record lie side by side.
pub(crate) fn keep_neighbours(batch: &mut Vec<Tagged>) {
    let is_pair = |a: &Tagged, b: &Tagged| {
        a.ends != b.ends && (a.sample.time, a.sample.sequence) == (b.sample.time, b.sample.sequence)
    };
    for at in 1..batch.len() {
        let (before, rest) = batch.split_at_mut(at);
        if let (Some(one), Some(two)) = (before.last_mut(), rest.first_mut())
            && is_pair(one, two)
        {
            (one.beside, two.beside) = (true, true);
        }
    }
    batch.retain(|tagged| !(tagged.ends && tagged.beside));
}
