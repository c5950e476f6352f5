//! What an arriving point does to last value and history: a pure fold over log order, so that
//! every replica and every replay agrees (NS-23 to NS-26).
//!
//! [`place`] gives a point its time; [`Series`] is the memory of one series (a node or one of its
//! fields) and [`Series::judge`] the rule. Marks of silence (NS-28) do not pass through here: they
//! change quality only and must never make a sample late.

mod clock_step;

use crate::{Point, PublisherId, Quality, Timestamp, Value};
use clock_step::ClockStep;

/// How far a source clock may run ahead before it is doubted (NS-25).
pub const AHEAD_MAX_NANOS: i64 = 60 * 1_000_000_000;

/// When and by whom a point was taken in.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Arrival {
    /// Ingest time, increasing over the log but for where it follows a clock back (NS-24).
    pub ingest: Timestamp,
    /// Who published it.
    pub publisher: PublisherId,
}

/// What is remarkable about the time of a point; counted, the last one a violation.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum TimeFinding {
    /// The source time is outside 2000..2100 or cannot be read: ingest time counts (NS-23).
    OutOfRange,
    /// The source time is over 60 s ahead: ordered by ingest time (NS-25).
    Ahead,
    /// A source clock was set back and runs on (NS-24).
    ClockStep,
}

/// A point's place in time.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Placed {
    /// The time of the sample, in answers and in the sample key.
    pub time: Timestamp,
    /// The time by which it competes to be the last value.
    pub order: Timestamp,
    /// Its quality after the time rules.
    pub quality: Quality,
    /// What was remarkable.
    pub finding: Option<TimeFinding>,
}

/// Applies the rules of source time that need no memory (NS-23, NS-25).
pub fn place(source: Option<Timestamp>, quality: Quality, ingest: Timestamp) -> Placed {
    let doubted = quality.worst(Quality::UNCERTAIN);
    match source {
        None => Placed { time: ingest, order: ingest, quality, finding: None },
        Some(time) if !time.in_range() => Placed {
            time: ingest,
            order: ingest,
            quality: doubted,
            finding: Some(TimeFinding::OutOfRange),
        },
        Some(time) if time.0.saturating_sub(ingest.0) > AHEAD_MAX_NANOS => {
            Placed { time, order: ingest, quality: doubted, finding: Some(TimeFinding::Ahead) }
        }
        Some(time) => Placed { time, order: time, quality, finding: None },
    }
}

/// What a point does.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Effect {
    /// It becomes the last value and a row of history.
    Follow,
    /// It replaces the last value and corrects the row of the same key; the older row stays
    /// readable by `knownAt` (NS-26).
    Correct,
    /// Late or `historical`: history only (NS-24). Whether it repeats or corrects an older row is
    /// for whoever holds those rows to find by the sample key.
    HistoryOnly,
    /// The same key, value and quality once more: nothing happens (NS-26).
    Duplicate,
}

/// The verdict on one point.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Verdict {
    /// What it does.
    pub effect: Effect,
    /// The time of the sample.
    pub time: Timestamp,
    /// Its quality after the time rules.
    pub quality: Quality,
    /// What was remarkable about its time.
    pub finding: Option<TimeFinding>,
}

/// What the fold remembers of one series: the sample its last value comes from, without the value.
/// Small, since there are millions.
#[derive(Clone, PartialEq, Debug)]
pub struct Series {
    time: Timestamp,
    ingest: Timestamp,
    rare: Option<Box<Rare>>,
    publisher: PublisherId,
    quality: Quality,
}

/// What few series have.
#[derive(Clone, PartialEq, Debug, Default)]
struct Rare {
    seq: Option<u64>,
    step: ClockStep,
}

/// Before the first sample; no sample has this time.
const NEVER: Timestamp = Timestamp(i64::MIN);

impl Default for Series {
    fn default() -> Self {
        let (publisher, quality) = (PublisherId::default(), Quality::GOOD);
        Self { time: NEVER, ingest: NEVER, rare: None, publisher, quality }
    }
}

/// How a point stands to the sample before it.
enum Standing {
    Newer,
    SameKey,
    Older,
}

impl Series {
    /// Judges a point in log order and remembers what the next verdict needs. `is_last` says whether
    /// a value is the last one, bit for bit: 23 is not 23.0, and -0.0 is not 0.0. It is asked
    /// where a sample has the key of the last one.
    pub fn judge(
        &mut self,
        point: &Point,
        arrival: Arrival,
        is_last: impl FnOnce(&Value) -> bool,
    ) -> Verdict {
        let placed = place(point.source, point.quality, arrival.ingest);
        let mut verdict = Verdict {
            effect: Effect::HistoryOnly,
            time: placed.time,
            quality: placed.quality,
            finding: placed.finding,
        };
        let same_quality = self.quality == placed.quality;
        // Ingest times step back only where the hub's clock had been ahead: then what it stamped says
        // nothing about what comes now.
        let set_back = arrival.ingest < self.ingest && !point.historical;
        let standing = if set_back { Standing::Newer } else { self.standing(&placed, point.seq) };
        match standing {
            Standing::SameKey if same_quality && is_last(&point.value) => {
                verdict.effect = Effect::Duplicate;
            }
            Standing::Newer | Standing::SameKey | Standing::Older if point.historical => {}
            Standing::SameKey => {
                self.follow(&placed, point.seq, arrival);
                verdict.effect = Effect::Correct;
            }
            Standing::Newer => {
                self.follow(&placed, point.seq, arrival);
                verdict.effect = Effect::Follow;
            }
            Standing::Older => {
                let own = self.publisher == arrival.publisher;
                let step = |rare: &mut Option<Box<Rare>>| {
                    let rare = rare.get_or_insert_default();
                    rare.step.runs_on(placed.time, arrival.ingest)
                };
                if own && step(&mut self.rare) {
                    self.follow(&placed, point.seq, arrival);
                    verdict.effect = Effect::Follow;
                    verdict.finding = Some(TimeFinding::ClockStep);
                }
            }
        }
        verdict
    }

    /// The time of the sample the last value comes from.
    pub fn last_time(&self) -> Option<Timestamp> {
        (self.time != NEVER).then_some(self.time)
    }

    /// When that sample was taken in.
    pub fn ingest(&self) -> Timestamp {
        self.ingest
    }

    /// Who published it.
    pub fn publisher(&self) -> PublisherId {
        self.publisher
    }

    /// Its quality after the time rules.
    pub fn quality(&self) -> Quality {
        self.quality
    }

    /// The source's own sequence number.
    pub fn seq(&self) -> Option<u64> {
        self.rare.as_ref().and_then(|rare| rare.seq)
    }

    fn follow(&mut self, placed: &Placed, seq: Option<u64>, arrival: Arrival) {
        let rare = seq.map(|_| Box::new(Rare { seq, step: ClockStep::default() }));
        let Arrival { ingest, publisher } = arrival;
        *self = Self { time: placed.time, ingest, rare, publisher, quality: placed.quality };
    }

    /// The time by which the last value competes: what [`place`] said of it.
    fn order(&self) -> Timestamp {
        let ahead = self.time.0.saturating_sub(self.ingest.0) > AHEAD_MAX_NANOS;
        if ahead { self.ingest } else { self.time }
    }

    /// Older means behind both in time and in order: after a sample from the future, one of the
    /// present is newer by order; a clock that drifts past the 60 s is newer by time. Equal times
    /// are told apart by the source's own sequence where both have one.
    fn standing(&self, placed: &Placed, seq: Option<u64>) -> Standing {
        if self.time == NEVER {
            return Standing::Newer;
        }
        if placed.time == self.time {
            return match (seq, self.seq()) {
                (new, old) if new == old => Standing::SameKey,
                (Some(new), Some(old)) if new < old => Standing::Older,
                _ => Standing::Newer,
            };
        }
        if placed.time < self.time && placed.order < self.order() {
            Standing::Older
        } else {
            Standing::Newer
        }
    }
}

#[cfg(test)]
mod tests;
