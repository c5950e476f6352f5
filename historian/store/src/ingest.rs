//! Folding log records into memory.

use std::sync::Arc;

use fabric::{Frame, GapReason, Publish, Record};
use historian_segment::Sample;
use parking_lot::{Mutex, MutexGuard};
use schemas::payload::{self, DecodeContext};
use uns_model::{NodeNo, Point, Quality, Sequence, Timestamp};

use crate::config::Config;
use crate::gap::Gap;
use crate::property::content_type;
use crate::registry::NoSeries;
use crate::state::State;
use crate::store::SharedNames;

/// A source time further ahead than this is not believed (NS-25).
const AHEAD_MAX: i64 = 60_000_000_000;
const SECOND: i64 = 1_000_000_000;

/// Most records decoded before they are folded in, which is what a reader waits for.
const RECORDS_MAX: usize = 512;
/// A turn takes no further record once it has so many points.
const POINTS_MAX: usize = 8_192;

/// Decodes and places samples; keeps its buffers.
#[derive(Debug)]
pub(crate) struct Ingest {
    context: DecodeContext,
    points: Vec<Point>,
    /// What each record of the turn decoded to.
    decoded: Vec<Decoded>,
    /// The nodes the turn publishes to.
    nodes: Vec<NodeNo>,
    block_samples: usize,
    series_max: usize,
    brownfield: bool,
    names: Option<SharedNames>,
}

/// What a record decoded to.
#[derive(Clone, Copy, Debug)]
struct Decoded {
    points: usize,
    malformed: bool,
}

impl Ingest {
    pub(crate) fn new(config: &Config, names: Option<SharedNames>) -> Self {
        let context = DecodeContext { default_offset_seconds: config.default_offset_seconds };
        Self {
            context,
            points: Vec::new(),
            decoded: Vec::new(),
            nodes: Vec::new(),
            block_samples: config.block_samples.max(1),
            series_max: config.series_max,
            brownfield: config.brownfield,
            names,
        }
    }

    /// Folds in one frame, in turns: payloads are decoded before the lock is taken. Gives the last
    /// sequence that is folded in.
    pub(crate) fn frame(&mut self, state: &Mutex<State>, frame: &Frame) -> Sequence {
        let mut records = frame.records();
        while records.len() > 0 {
            let turn = records.clone();
            self.decode(&mut records);
            let mut points = std::mem::take(&mut self.points);
            let mut left = points.drain(..);
            let mut state = state.lock();
            state.registry.touch(&self.nodes);
            for ((sequence, record), decoded) in turn.zip(&self.decoded) {
                let points = left.by_ref().take(decoded.points);
                self.record(&mut state, (sequence, &record), decoded.malformed, points);
                state.applied = state.applied.max(sequence);
            }
            // Readers must get their turn although this thread locks again at once.
            MutexGuard::unlock_fair(state);
            drop(left);
            self.points = points;
        }
        let mut state = state.lock();
        state.applied = state.applied.max(frame.last());
        state.applied
    }

    /// Decodes the payloads of one turn.
    fn decode<'f>(&mut self, records: &mut impl Iterator<Item = (Sequence, Record<'f>)>) {
        self.decoded.clear();
        self.nodes.clear();
        while self.decoded.len() < RECORDS_MAX && self.points.len() < POINTS_MAX {
            let Some((_, record)) = records.next() else { break };
            let before = self.points.len();
            let mut malformed = false;
            if let Record::Publish(publish) = record {
                self.nodes.push(publish.node);
                let content_type = content_type(publish.properties);
                let Self { context, points, .. } = &mut *self;
                malformed =
                    payload::decode(publish.payload, content_type, context, points).is_err();
                if malformed {
                    // Only brownfield gets here with broken JSON: to the namespace it is text, so
                    // it is here.
                    points.truncate(before);
                    points.push(payload::as_text(publish.payload));
                }
            }
            self.decoded.push(Decoded { points: self.points.len() - before, malformed });
        }
    }

    fn record(
        &self,
        state: &mut State,
        (sequence, record): (Sequence, &Record<'_>),
        malformed: bool,
        points: impl Iterator<Item = Point>,
    ) {
        state.ingest = record.ingest();
        if let Some(mut gap) = state.open_gap.take() {
            gap.end = record.ingest();
            state.gaps.push(gap.clone());
            state.new_gaps.push(gap);
        }
        match *record {
            Record::Publish(publish) => {
                if !self.brownfield && state.registry.is_brownfield(publish.node) {
                    state.counters.brownfield += 1;
                    return points.for_each(drop);
                }
                state.counters.malformed += u64::from(malformed);
                points.for_each(|point| self.point(state, point, (sequence, &publish)));
            }
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

    fn point(&self, state: &mut State, point: Point, from: (Sequence, &Publish<'_>)) {
        let series = state.registry.series_for(
            from.1.node,
            point.field.as_ref(),
            &point.value,
            self.series_max,
        );
        match series {
            Ok(sid) => {
                let sample = sample(state, point, from);
                state.counters.samples += 1;
                state.memory.push(sid, &sample, self.block_samples);
            }
            Err(NoSeries::Opaque) => state.counters.opaque += 1,
            Err(NoSeries::UnknownNode) => state.counters.unknown_node += 1,
            Err(NoSeries::TooMany) => state.counters.series_refused += 1,
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
        GapReason::Lost => "the log lost its newest files, and with them these records".into(),
    };
    let (start, end) = (state.ingest, Timestamp(i64::MAX));
    if let Some(open) = state.open_gap.take() {
        state.gaps.push(open.clone());
        state.new_gaps.push(open);
    }
    state.open_gap = Some(Gap { after, until, start, end, series: None, reason });
    state.applied = state.applied.max(until);
}
