//! Folding log records into memory.

use fabric::{Frame, GapReason, Publish, Record};
use parking_lot::{Mutex, MutexGuard};
use uns_model::{Finding, NodeNo, PointRef, Sequence, Timestamp, fold};

use crate::config::Config;
use crate::covered::Covered;
use crate::gap::Gap;
use crate::health::Counters;
use crate::memory::Incoming;
use crate::names::SharedNames;
use crate::registry::{NoSeries, Of, Registry};
use crate::state::State;

const SECOND: i64 = 1_000_000_000;

/// Most records folded in at once, which is what a reader waits for.
const RECORDS_MAX: usize = 512;
/// A turn takes no further record once it has so many points.
const POINTS_MAX: usize = 8_192;

/// Places the points of records; keeps its buffers.
#[derive(Debug)]
pub(crate) struct Ingest {
    /// The nodes the turn publishes to.
    nodes: Vec<NodeNo>,
    block_samples: usize,
    series_max: usize,
    brownfield: bool,
    names: Option<SharedNames>,
    /// What files hold already of what is read again.
    covered: Covered,
}

/// Visits the points of every publish in a frame.
pub(crate) fn points(frame: &Frame, mut each: impl FnMut(&PointRef<'_>, (Sequence, &Publish<'_>))) {
    for (sequence, record) in frame.records() {
        if let Record::Publish(publish) = record {
            let points = publish.points.unwrap_or_default();
            points.iter().for_each(|point| each(&point, (sequence, &publish)));
        }
    }
}

impl Ingest {
    pub(crate) fn new(config: &Config, names: Option<SharedNames>, covered: Covered) -> Self {
        Self {
            nodes: Vec::new(),
            block_samples: config.block_samples.max(1),
            series_max: config.series_max,
            brownfield: config.brownfield,
            names,
            covered,
        }
    }

    /// Folds in one frame, in turns. Gives the last sequence that is folded in.
    pub(crate) fn frame(&mut self, state: &Mutex<State>, frame: &Frame) -> Sequence {
        let covered = self.covered.within(frame.first(), frame.last());
        let mut records = frame.skim();
        while records.len() > 0 {
            self.nodes.clear();
            self.nodes.extend(records.clone().take(RECORDS_MAX).filter_map(|raw| raw.node()));
            let mut state = state.lock();
            state.registry.touch(&self.nodes);
            let mut points = 0;
            for raw in records.by_ref().take(RECORDS_MAX) {
                let sequence = raw.sequence();
                points += self.record(&mut state, (sequence, &raw.record()), &covered);
                state.applied = state.applied.max(sequence);
                if points >= POINTS_MAX {
                    break;
                }
            }
            // Readers must get their turn although this thread locks again at once.
            MutexGuard::unlock_fair(state);
        }
        let mut state = state.lock();
        state.applied = state.applied.max(frame.last());
        state.applied
    }

    /// Folds in one record; how many points it has.
    fn record(
        &self,
        state: &mut State,
        (sequence, record): (Sequence, &Record<'_>),
        covered: &Covered,
    ) -> usize {
        state.ingest = record.ingest();
        if let Some(mut gap) = state.open_gap.take() {
            gap.end = record.ingest();
            state.gaps.push(gap.clone());
            state.new_gaps.push(gap);
        }
        match *record {
            Record::Publish(publish) => return self.publish(state, (sequence, &publish), covered),
            Record::NodeMinted { org, topic, node, id, name, .. } => {
                let shared = self.names.as_ref().and_then(|names| names.find(org, name));
                let name = shared.unwrap_or_else(|| name.into());
                state.registry.mint(node, (org, topic, id), name);
            }
            Record::NodeDeleted { node, purge, .. } => {
                state.purge_noted |= purge;
                for sid in state.registry.delete(node, purge) {
                    state.memory.forget(sid);
                }
            }
            // Publishers do not show in history yet; later kinds of records are not samples.
            _ => {}
        }
        0
    }

    fn publish(
        &self,
        state: &mut State,
        from: (Sequence, &Publish<'_>),
        covered: &Covered,
    ) -> usize {
        let points = from.1.points.unwrap_or_default();
        if !self.brownfield && state.registry.is_brownfield(from.1.node) {
            state.counters.brownfield += 1;
            return 0;
        }
        let malformed = points.findings().any(|finding| finding == Finding::Malformed);
        state.counters.malformed += u64::from(malformed);
        points.iter().map(|point| self.point(state, &point, from, covered)).count()
    }

    fn point(
        &self,
        state: &mut State,
        point: &PointRef<'_>,
        from: (Sequence, &Publish<'_>),
        covered: &Covered,
    ) {
        let of = of(point, from.1.node);
        let series = match state.registry.series_for(&of, self.series_max) {
            Err(NoSeries::UnknownNode) if self.learn(&mut state.registry, from.1.node) => {
                state.registry.series_for(&of, self.series_max)
            }
            series => series,
        };
        match series {
            Ok(sid) => {
                let sample = sample(&mut state.counters, point, from);
                if !covered.is_empty() && covered.holds(from.0, sample.time) {
                    return;
                }
                state.counters.samples += 1;
                state.memory.push(sid, &sample, self.block_samples);
            }
            Err(NoSeries::Opaque) => state.counters.opaque += 1,
            Err(NoSeries::UnknownNode) => state.counters.unknown_node += 1,
            Err(NoSeries::TooMany) => state.counters.series_refused += 1,
        }
    }

    /// Asks others for a node the log no longer introduces: its record is gone, and with a lost
    /// catalog what was made of it.
    fn learn(&self, registry: &mut Registry, number: NodeNo) -> bool {
        if registry.knows(number) {
            return false;
        }
        let Some(node) = self.names.as_ref().and_then(|names| names.node(number)) else {
            return false;
        };
        registry.mint(number, (node.org, node.topic, node.id), node.name);
        true
    }
}

/// Whose value a point is.
pub(crate) fn of<'a>(point: &PointRef<'a>, node: NodeNo) -> Of<'a> {
    Of { node, field: point.field, value: point.value, unit: point.unit }
}

/// Places a point in time by the one rule of the house (NS-23, NS-25).
pub(crate) fn sample<'a>(
    counters: &mut Counters,
    point: &PointRef<'a>,
    (sequence, publish): (Sequence, &Publish<'_>),
) -> Incoming<'a> {
    let (source, ingest) = (point.source, publish.ingest);
    let placed = fold::place(source, ingest);
    counters.time_replaced += u64::from(placed.finding.is_some());
    let lag_seconds = source.filter(|_| placed.finding.is_none()).map(|time| {
        let lag = ingest.0.saturating_sub(time.0).div_euclid(SECOND);
        let limit = if lag < 0 { i32::MIN } else { i32::MAX };
        i32::try_from(lag).unwrap_or(limit)
    });
    let (value, quality, source_seq) = (point.value, point.quality, point.seq);
    Incoming { time: placed.time, value, quality, sequence, source_seq, lag_seconds }
}

/// Notes a part of the log that cannot be had; its end in time is the next record's.
pub(crate) fn lost(state: &mut State, range: (Sequence, Sequence), reason: GapReason) {
    let (after, until) = range;
    let (cause, reason) = (reason.into(), why_lost(reason).into());
    let (start, end) = (state.ingest, Timestamp(i64::MAX));
    if let Some(open) = state.open_gap.take() {
        state.gaps.push(open.clone());
        state.new_gaps.push(open);
    }
    state.applied = state.applied.max(until);
    let gap = Gap { after, until, start, end, series: None, cause, reason };
    // Under a catalog that was made again, a gap it was given is met in the log once more.
    let same = |known: &Gap| {
        let of = |gap: &Gap| (gap.after, gap.until, gap.cause, gap.series);
        of(known) == of(&gap)
    };
    if !state.gaps.iter().any(same) {
        state.open_gap = Some(gap);
    }
}

/// Why the log lacks records, for people.
pub(crate) fn why_lost(reason: GapReason) -> &'static str {
    match reason {
        GapReason::Retention => "the log dropped these records before history had read them",
        GapReason::Damage => "these records are damaged in the log",
        GapReason::Lost => "the log lost its newest files, and with them these records",
    }
}
