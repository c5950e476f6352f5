//! The last value of a node or field, with the memory its fold needs.

use std::sync::Arc;

use uns_model::fold::{self, Arrival, Effect, Moment, Series, Verdict};
use uns_model::{PointRef, PublisherId, Quality, Sequence, Timestamp, Value, ValueRef};

use super::held::Held;

/// A last value. Small, since there are millions.
#[derive(Clone, Debug)]
pub(crate) struct Last {
    value: Held,
    pub(crate) sequence: Sequence,
    series: Series,
}

/// The last value of one JSON field.
#[derive(Clone, Debug)]
pub(crate) struct Field {
    pub(crate) name: Arc<str>,
    pub(crate) last: Last,
    /// The newest record that had it, of those whose document was the newest of its node; zero if there
    /// was none.
    pub(crate) seen: Sequence,
    /// The unit of its series: the last one a payload named (NS-23a).
    pub(crate) unit: Option<Arc<str>>,
    /// It came beside a value of its node, and not in a document: values that come alone do not end it.
    pub(crate) is_beside: bool,
    /// A value of its node ended it. What it was stays here, since the next sample of it is judged by that.
    pub(crate) is_ended: bool,
}

/// A last value as a checkpoint keeps it.
#[derive(Clone, PartialEq, Debug)]
pub(crate) struct LastSaved {
    pub(crate) value: Value,
    pub(crate) quality: Quality,
    pub(crate) publisher: PublisherId,
    pub(crate) time: Timestamp,
    pub(crate) ingest: Timestamp,
    pub(crate) sequence: Sequence,
    pub(crate) seq: Option<u64>,
}

/// Where a point comes from.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Arrived {
    pub(crate) publisher: PublisherId,
    pub(crate) ingest: Timestamp,
    pub(crate) sequence: Sequence,
}

impl Arrived {
    fn arrival(self) -> Arrival {
        Arrival { ingest: self.ingest, publisher: self.publisher }
    }
}

pub(super) fn follows(verdict: &Verdict) -> bool {
    matches!(verdict.effect, Effect::Follow | Effect::Correct)
}

impl Last {
    /// The value.
    pub(crate) fn value(&self) -> Value {
        self.value.value()
    }

    /// Source time, or ingest time where the source named none.
    pub(crate) fn time(&self) -> Timestamp {
        self.series.last_time().unwrap_or(self.series.ingest())
    }

    pub(crate) fn ingest(&self) -> Timestamp {
        self.series.ingest()
    }

    pub(crate) fn quality(&self) -> Quality {
        self.series.quality()
    }

    /// Where it stands in time.
    pub(super) fn moment(&self) -> Moment {
        let (time, sequence) = (self.time(), self.sequence);
        Moment { time, sequence, is_now: time == self.ingest() }
    }

    /// Whether a value of the node itself says that there are no fields.
    pub(super) fn ends_fields(&self) -> bool {
        fold::ends_fields(&self.value.as_ref())
    }

    /// Whether it is a document.
    pub(super) fn is_document(&self) -> bool {
        matches!(self.value, Held::Document(_))
    }

    /// Whether it says that there is nothing any more, as ended fields did in checkpoints before
    /// version 4.
    pub(crate) fn is_closed(&self) -> bool {
        self.quality() == Quality::GOOD_NO_DATA && matches!(self.value, Held::Null)
    }

    /// Folds the first point of a series; none if that one is history only.
    pub(crate) fn first(point: &PointRef<'_>, arrived: Arrived) -> (Verdict, Option<Self>) {
        let mut series = Series::default();
        let verdict = series.judge(point, arrived.arrival(), |_| false);
        let (value, sequence) = (point.value, arrived.sequence);
        let last = follows(&verdict).then(|| Self { value: value.into(), sequence, series });
        (verdict, last)
    }

    /// Folds one more point in.
    pub(crate) fn next(&mut self, point: &PointRef<'_>, arrived: Arrived) -> Verdict {
        self.next_unless(false, point, arrived)
    }

    /// The same; once the series has ended, its last sample repeats nothing when it comes again.
    pub(super) fn next_unless(
        &mut self,
        is_ended: bool,
        point: &PointRef<'_>,
        arrived: Arrived,
    ) -> Verdict {
        let is_last = |value: &ValueRef<'_>| !is_ended && self.value.is(value);
        let verdict = self.series.judge(point, arrived.arrival(), is_last);
        if follows(&verdict) {
            self.value.set(&point.value);
            self.sequence = arrived.sequence;
        }
        verdict
    }

    /// What a checkpoint keeps.
    pub(crate) fn save(&self) -> LastSaved {
        LastSaved {
            value: self.value(),
            quality: self.quality(),
            publisher: self.series.publisher(),
            time: self.time(),
            ingest: self.ingest(),
            sequence: self.sequence,
            seq: self.series.seq(),
        }
    }

    /// The last value a checkpoint kept. Judging its sample once more gives the series its memory
    /// back; a clock step that was under way has to run its 30 s again.
    pub(crate) fn restore(saved: LastSaved) -> Self {
        let mut series = Series::default();
        let LastSaved { value, quality, publisher, time, ingest, sequence, seq } = saved;
        let mut point = PointRef::new(value.as_ref());
        (point.quality, point.source, point.seq) = (quality, Some(time), seq);
        series.judge(&point, Arrival { ingest, publisher }, |_| false);
        Self { value: point.value.into(), sequence, series }
    }
}

impl PartialEq for Last {
    fn eq(&self, other: &Self) -> bool {
        self.save() == other.save()
    }
}
