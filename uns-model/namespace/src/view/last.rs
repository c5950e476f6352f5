//! The last value of a node or field, with the memory its fold needs.

use std::sync::Arc;

use uns_model::fold::{Arrival, Effect, Series, Verdict};
use uns_model::{Point, PublisherId, Quality, Sequence, Timestamp, Value};

/// A last value.
#[derive(Clone, Debug)]
pub(crate) struct Last {
    pub(crate) value: Value,
    pub(crate) quality: Quality,
    pub(crate) publisher: PublisherId,
    pub(crate) ingest: Timestamp,
    pub(crate) sequence: Sequence,
    /// The source's own `seq`.
    pub(crate) seq: Option<u64>,
    series: Series,
}

/// The last value of one JSON field.
#[derive(Clone, Debug)]
pub(crate) struct Field {
    pub(crate) name: Arc<str>,
    pub(crate) last: Last,
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

fn follows(verdict: &Verdict) -> bool {
    matches!(verdict.effect, Effect::Follow | Effect::Correct)
}

impl Last {
    /// Source time, or ingest time where the source named none.
    pub(crate) fn time(&self) -> Timestamp {
        self.series.last_time().unwrap_or(self.ingest)
    }

    /// Folds the first point of a series; none if that one is history only.
    pub(crate) fn first(point: Point, arrived: Arrived) -> (Verdict, Option<Self>) {
        let mut series = Series::default();
        let verdict = series.judge(&point, arrived.arrival(), None);
        let last = follows(&verdict).then_some(Self {
            value: point.value,
            quality: verdict.quality,
            publisher: arrived.publisher,
            ingest: arrived.ingest,
            sequence: arrived.sequence,
            seq: point.seq,
            series,
        });
        (verdict, last)
    }

    /// Folds one more point in.
    pub(crate) fn next(&mut self, point: Point, arrived: Arrived) -> Verdict {
        let shown = Some((&self.value, self.quality));
        let verdict = self.series.judge(&point, arrived.arrival(), shown);
        if follows(&verdict) {
            self.value = point.value;
            self.quality = verdict.quality;
            self.publisher = arrived.publisher;
            self.ingest = arrived.ingest;
            self.sequence = arrived.sequence;
            self.seq = point.seq;
        }
        verdict
    }

    /// What a checkpoint keeps.
    pub(crate) fn save(&self) -> LastSaved {
        LastSaved {
            value: self.value.clone(),
            quality: self.quality,
            publisher: self.publisher,
            time: self.time(),
            ingest: self.ingest,
            sequence: self.sequence,
            seq: self.seq,
        }
    }

    /// The last value a checkpoint kept. Judging its sample once more gives the series its memory
    /// back; a clock step that was under way has to run its 30 s again.
    pub(crate) fn restore(saved: LastSaved) -> Self {
        let mut series = Series::default();
        let LastSaved { value, quality, publisher, time, ingest, sequence, seq } = saved;
        let point =
            Point { field: None, value, quality, source: Some(time), seq, historical: false };
        series.judge(&point, Arrival { ingest, publisher }, None);
        Self { value: point.value, quality, publisher, ingest, sequence, seq, series }
    }
}

impl PartialEq for Last {
    fn eq(&self, other: &Self) -> bool {
        self.save() == other.save()
    }
}
