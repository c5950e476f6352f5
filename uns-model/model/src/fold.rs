//! What an arriving point does to last value and history: a pure fold over log order, so that
//! every replica and every replay agrees (NS-23 to NS-26).
//!
//! [`place`] gives a point its time; [`Series`] is the memory of one series (a node or one of its
//! fields) and [`Series::judge`] the rule. Marks of silence (NS-28) do not pass through here: they
//! change quality only and must never make a sample late.

mod clock_step;

use std::cmp::Ordering;

use crate::{PointRef, PublisherId, Quality, Sequence, Timestamp, ValueRef};
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

/// What is remarkable about the time of a point: counted, and a violation `clock` of its publisher.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum TimeFinding {
    /// The source time, which is this one, is outside 2000..2100 or cannot be read: ingest time
    /// counts (NS-23).
    OutOfRange(Timestamp),
    /// The source time is so many nanoseconds ahead, over 60 s: ingest time counts (NS-25).
    Ahead(i64),
    /// A source clock was set back by so many nanoseconds and runs on (NS-24).
    ClockStep(i64),
}

/// A point's place in time.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Placed {
    /// The time of the sample, in answers and in the sample key.
    pub time: Timestamp,
    /// What was remarkable.
    pub finding: Option<TimeFinding>,
}

/// Applies the rules of source time that need no memory (NS-23, NS-25), for last value, live
/// streams and history alike. A time that cannot be believed says nothing about the value: its
/// quality stays as published.
pub fn place(source: Option<Timestamp>, ingest: Timestamp) -> Placed {
    let finding = match source {
        Some(time) if !time.in_range() => TimeFinding::OutOfRange(time),
        Some(time) => {
            let ahead = time.0.saturating_sub(ingest.0);
            if ahead <= AHEAD_MAX_NANOS {
                return Placed { time, finding: None };
            }
            TimeFinding::Ahead(ahead)
        }
        None => return Placed { time: ingest, finding: None },
    };
    Placed { time: ingest, finding: Some(finding) }
}

/// Where a sample stands among those of its node and the node's fields.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Moment {
    /// The time of the sample.
    pub time: Timestamp,
    /// The record it came with.
    pub sequence: Sequence,
    /// That time is when it was taken in: it named none, or none that is believed.
    pub is_now: bool,
}

/// Whether a value of a node itself says that the node has no fields at that moment (NS-19f): a number, a
/// flag or a text. A document has fields; a value without a type says nothing about them, and nor do bytes,
/// which nobody has read and which history does not keep.
pub fn ends_fields(value: &ValueRef<'_>) -> bool {
    !matches!(value, ValueRef::Null | ValueRef::Document(_) | ValueRef::Bytes(_))
}

/// Whether a field whose newest sample is of one moment has ended by a value of its node that
/// [`ends_fields`], of another. Last value and history ask alike, whichever of the two came in first.
///
/// The later time counts, and of equal times the later record. What names no time is of now, so it is
/// never before what came earlier, although the clock of that may run a minute ahead.
pub fn has_ended(field: Moment, ender: Moment) -> bool {
    match ender.sequence.cmp(&field.sequence) {
        Ordering::Greater => ender.is_now || ender.time >= field.time,
        Ordering::Equal => ender.time > field.time,
        Ordering::Less => !field.is_now && ender.time > field.time,
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
        point: &PointRef<'_>,
        arrival: Arrival,
        is_last: impl FnOnce(&ValueRef<'_>) -> bool,
    ) -> Verdict {
        let placed = place(point.source, arrival.ingest);
        let time = placed.time;
        let mut verdict = Verdict { effect: Effect::HistoryOnly, time, finding: placed.finding };
        let same_quality = self.quality == point.quality;
        // Ingest times step back only where the hub's clock had been ahead: then what it stamped says
        // nothing about what comes now.
        let set_back = arrival.ingest < self.ingest && !point.historical;
        let standing = match set_back {
            true => Standing::Newer,
            false => self.standing((time, arrival.ingest), point.seq),
        };
        match standing {
            Standing::SameKey if same_quality && is_last(&point.value) => {
                verdict.effect = Effect::Duplicate;
            }
            Standing::Newer | Standing::SameKey | Standing::Older if point.historical => {}
            Standing::SameKey => {
                self.follow(time, point, arrival);
                verdict.effect = Effect::Correct;
            }
            Standing::Newer => {
                self.follow(time, point, arrival);
                verdict.effect = Effect::Follow;
            }
            Standing::Older => {
                let own = self.publisher == arrival.publisher;
                let step = |rare: &mut Option<Box<Rare>>| {
                    let rare = rare.get_or_insert_default();
                    rare.step.runs_on(time, arrival.ingest)
                };
                if own && step(&mut self.rare) {
                    let back = self.time.0.saturating_sub(time.0);
                    self.follow(time, point, arrival);
                    verdict.effect = Effect::Follow;
                    verdict.finding = Some(TimeFinding::ClockStep(back));
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

    /// Its quality.
    pub fn quality(&self) -> Quality {
        self.quality
    }

    /// The source's own sequence number.
    pub fn seq(&self) -> Option<u64> {
        self.rare.as_ref().and_then(|rare| rare.seq)
    }

    fn follow(&mut self, time: Timestamp, point: &PointRef<'_>, arrival: Arrival) {
        let PointRef { seq, quality, .. } = *point;
        let rare = seq.map(|_| Box::new(Rare { seq, step: ClockStep::default() }));
        let Arrival { ingest, publisher } = arrival;
        *self = Self { time, ingest, rare, publisher, quality };
    }

    /// A sample whose time is its ingest time is of this moment and never late, although the clock
    /// of the one before it may run a minute ahead. Equal times are told apart by the source's own
    /// sequence where both have one.
    fn standing(&self, (time, ingest): (Timestamp, Timestamp), seq: Option<u64>) -> Standing {
        if self.time == NEVER {
            return Standing::Newer;
        }
        if time == self.time {
            return match (seq, self.seq()) {
                (new, old) if new == old => Standing::SameKey,
                (Some(new), Some(old)) if new < old => Standing::Older,
                _ => Standing::Newer,
            };
        }
        if time < self.time && time != ingest { Standing::Older } else { Standing::Newer }
    }
}

#[cfg(test)]
mod tests;
