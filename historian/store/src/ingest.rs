//! Folding log records into memory.

use std::sync::Arc;

use fabric::{Frame, GapReason, Publish, Record};
use historian_segment::Sample;
use schemas::payload::{self, DecodeContext};
use uns_model::{Point, Quality, Sequence, Timestamp};

use crate::config::Config;
use crate::gap::Gap;
use crate::property::content_type;
use crate::registry::NoSeries;
use crate::state::State;
use crate::store::SharedNames;

/// A source time further ahead than this is not believed (NS-25).
const AHEAD_MAX: i64 = 60_000_000_000;
const SECOND: i64 = 1_000_000_000;

/// Decodes and places samples; keeps its buffers.
#[derive(Debug)]
pub(crate) struct Ingest {
    context: DecodeContext,
    points: Vec<Point>,
    block_samples: usize,
    series_max: usize,
    brownfield: bool,
    names: Option<SharedNames>,
}

impl Ingest {
    pub(crate) fn new(config: &Config, names: Option<SharedNames>) -> Self {
        let context = DecodeContext { default_offset_seconds: config.default_offset_seconds };
        Self {
            context,
            points: Vec::new(),
            block_samples: config.block_samples.max(1),
            series_max: config.series_max,
            brownfield: config.brownfield,
            names,
        }
    }

    /// Folds in one frame.
    pub(crate) fn frame(&mut self, state: &mut State, frame: &Frame) {
        for (sequence, record) in frame.records() {
            self.record(state, sequence, &record);
        }
        state.applied = state.applied.max(frame.last());
    }

    fn record(&mut self, state: &mut State, sequence: Sequence, record: &Record<'_>) {
        state.ingest = state.ingest.max(record.ingest());
        if let Some(mut gap) = state.open_gap.take() {
            gap.end = record.ingest();
            state.gaps.push(gap.clone());
            state.new_gaps.push(gap);
        }
        match *record {
            Record::Publish(publish) => self.publish(state, sequence, &publish),
            Record::NodeMinted { org, topic, node, id, name, .. } => {
                let shared = self.names.as_ref().and_then(|names| names.find(org, name));
                let name = shared.unwrap_or_else(|| name.into());
                state.registry.mint(node, (org, topic, id), name);
            }
            Record::NodeDeleted { node, purge, .. } => {
                for sid in state.registry.delete(node, purge) {
                    state.memory.forget(sid);
                }
            }
            // Publishers do not show in history yet; later kinds of records are not samples.
            _ => {}
        }
    }

    fn publish(&mut self, state: &mut State, sequence: Sequence, publish: &Publish<'_>) {
        if !self.brownfield && state.registry.is_brownfield(publish.node) {
            state.counters.brownfield += 1;
            return;
        }
        self.points.clear();
        let content_type = content_type(publish.properties);
        let decoded =
            payload::decode(publish.payload, content_type, &self.context, &mut self.points);
        if decoded.is_err() {
            // Only brownfield gets here with broken JSON: to the namespace it is text, so it is here.
            state.counters.malformed += 1;
            self.points.clear();
            self.points.push(payload::as_text(publish.payload));
        }
        for point in self.points.drain(..) {
            let series = state.registry.series_for(
                publish.node,
                point.field.as_ref(),
                &point.value,
                self.series_max,
            );
            match series {
                Ok(sid) => {
                    let sample = sample(state, point, (sequence, publish));
                    state.counters.samples += 1;
                    state.memory.push(sid, sample, self.block_samples);
                }
                Err(NoSeries::Opaque) => state.counters.opaque += 1,
                Err(NoSeries::UnknownNode) => state.counters.unknown_node += 1,
                Err(NoSeries::TooMany) => state.counters.series_refused += 1,
            }
        }
    }
}

/// Applies the time rules: source time where it can be believed, else ingest time and Uncertain.
fn sample(state: &mut State, point: Point, from: (Sequence, &Publish<'_>)) -> Sample {
    let (sequence, publish) = from;
    let ingest = publish.ingest;
    let mut quality = point.quality;
    let (time, lag_seconds) = match point.source.or(publish.source) {
        None => (ingest, None),
        Some(time) if time.in_range() && time.0 <= ingest.0.saturating_add(AHEAD_MAX) => {
            let lag = ingest.0.saturating_sub(time.0).div_euclid(SECOND);
            let limit = if lag < 0 { i32::MIN } else { i32::MAX };
            (time, Some(i32::try_from(lag).unwrap_or(limit)))
        }
        Some(_) => {
            state.counters.time_replaced += 1;
            if quality.is_good() {
                quality = Quality::UNCERTAIN;
            }
            (ingest, None)
        }
    };
    let (value, source_seq) = (point.value, point.seq);
    Sample { time, value, quality, sequence, source_seq, lag_seconds }
}

/// Notes a part of the log that cannot be had; its end in time is the next record's.
pub(crate) fn lost(state: &mut State, range: (Sequence, Sequence), reason: GapReason) {
    let (after, until) = range;
    let reason: Arc<str> = match reason {
        GapReason::Retention => "the log dropped these records before history had read them".into(),
        GapReason::Damage => "these records are damaged in the log".into(),
    };
    let (start, end) = (state.ingest, Timestamp(i64::MAX));
    if let Some(open) = state.open_gap.take() {
        state.gaps.push(open.clone());
        state.new_gaps.push(open);
    }
    state.open_gap = Some(Gap { after, until, start, end, series: None, reason });
    state.applied = state.applied.max(until);
}
