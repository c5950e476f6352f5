//! Tests of the fold: each drives one series through a few arrivals.

use super::*;
use crate::{Point, Value};
use proptest::prelude::*;

const SECOND: i64 = 1_000_000_000;
/// 2026-11-21T12:00:00Z.
const NOON: i64 = 1_795_262_400;
const PLC: PublisherId = PublisherId(1);

fn at(second: i64) -> Timestamp {
    Timestamp((NOON + second) * SECOND)
}

/// One series with the last value a caller would keep for it.
#[derive(Default)]
struct Driver {
    series: Series,
    shown: Option<(Value, Quality)>,
}

impl Driver {
    fn point(&mut self, point: &Point, arrival: Arrival) -> Verdict {
        let shown = self.shown.as_ref().map(|(value, _)| value);
        let is_last =
            |value: &ValueRef<'_>| shown.is_some_and(|shown| shown.as_ref().is_same(value));
        let verdict = self.series.judge(&point.as_ref(), arrival, is_last);
        if matches!(verdict.effect, Effect::Follow | Effect::Correct) {
            self.shown = Some((point.value.clone(), self.series.quality()));
        }
        verdict
    }

    /// A point of the PLC in seconds past noon: source, ingest, value.
    fn plc(&mut self, source: i64, ingest: i64, value: i64) -> (Effect, Option<TimeFinding>) {
        let arrival = Arrival { ingest: at(ingest), publisher: PLC };
        let verdict = self.point(&sample(Some(at(source)), value), arrival);
        (verdict.effect, verdict.finding)
    }
}

fn sample(source: Option<Timestamp>, value: i64) -> Point {
    Point {
        field: None,
        value: Value::Int(value),
        quality: Quality::GOOD,
        unit: None,
        source,
        seq: None,
        historical: false,
    }
}

#[test]
fn without_a_source_time_every_sample_follows() {
    let mut driver = Driver::default();
    for ingest in 0..3 {
        let arrival = Arrival { ingest: at(ingest), publisher: PublisherId(7) };
        let verdict = driver.point(&sample(None, 1), arrival);
        assert_eq!((verdict.effect, verdict.time), (Effect::Follow, at(ingest)));
    }
}

#[test]
fn a_late_sample_is_history_only() {
    let mut driver = Driver::default();
    assert_eq!(driver.plc(10, 10, 1), (Effect::Follow, None));
    assert_eq!(driver.plc(9, 11, 2), (Effect::HistoryOnly, None));
    assert_eq!(driver.plc(12, 12, 3), (Effect::Follow, None));
    assert_eq!(driver.shown, Some((Value::Int(3), Quality::GOOD)));
}

#[test]
fn a_historical_sample_never_becomes_the_last_value() {
    let mut driver = Driver::default();
    let arrival = Arrival { ingest: at(1), publisher: PLC };
    let point = Point { historical: true, ..sample(Some(at(0)), 1) };
    assert_eq!(driver.point(&point, arrival).effect, Effect::HistoryOnly);
    assert_eq!(driver.plc(0, 2, 5).0, Effect::Follow);
    assert_eq!(
        driver.point(&Point { source: Some(at(9)), ..point }, arrival).effect,
        Effect::HistoryOnly
    );
    assert_eq!(driver.series.last_time(), Some(at(0)));
}

#[test]
fn the_same_key_is_a_duplicate_or_a_correction() {
    let mut driver = Driver::default();
    assert_eq!(driver.plc(0, 0, 1).0, Effect::Follow);
    assert_eq!(driver.plc(0, 1, 1).0, Effect::Duplicate);
    assert_eq!(driver.plc(0, 2, 2).0, Effect::Correct);
    assert_eq!(driver.shown, Some((Value::Int(2), Quality::GOOD)));
    assert_eq!(driver.plc(0, 3, 2).0, Effect::Duplicate);
    let arrival = Arrival { ingest: at(4), publisher: PLC };
    let worse = Point { quality: Quality::BAD, ..sample(Some(at(0)), 2) };
    assert_eq!(driver.point(&worse, arrival).effect, Effect::Correct);
    let float = Point { value: Value::Float(2.0), ..worse };
    assert_eq!(driver.point(&float, arrival).effect, Effect::Correct);
}

#[test]
fn seq_tells_samples_of_one_moment_apart() {
    let mut driver = Driver::default();
    let arrival = Arrival { ingest: at(1), publisher: PLC };
    for (seq, effect) in [
        (Some(5), Effect::Follow),
        (Some(5), Effect::Duplicate),
        (Some(6), Effect::Follow),
        (Some(4), Effect::HistoryOnly),
        (None, Effect::Follow),
    ] {
        let point = Point { seq, ..sample(Some(at(0)), 1) };
        assert_eq!(driver.point(&point, arrival).effect, effect, "{seq:?}");
    }
}

#[test]
fn a_source_time_over_a_minute_ahead_is_replaced_by_ingest_time() {
    let mut driver = Driver::default();
    assert_eq!(driver.plc(60, 0, 1), (Effect::Follow, None));
    assert_eq!(driver.series.last_time(), Some(at(60)));
    let mut driver = Driver::default();
    let ahead = Some(TimeFinding::Ahead(61 * SECOND));
    assert_eq!(driver.plc(61, 0, 1), (Effect::Follow, ahead));
    assert_eq!(driver.series.last_time(), Some(at(0)));
    assert_eq!(driver.shown, Some((Value::Int(1), Quality::GOOD)), "the value is good");
    assert_eq!(driver.plc(1, 1, 2), (Effect::Follow, None));
    assert_eq!(driver.plc(0, 2, 3), (Effect::HistoryOnly, None));
}

#[test]
fn a_clock_that_drifts_past_the_limit_stays_current() {
    let mut driver = Driver::default();
    assert_eq!(driver.plc(60, 0, 1), (Effect::Follow, None));
    let ahead = Some(TimeFinding::Ahead(61 * SECOND));
    assert_eq!(driver.plc(62, 1, 2), (Effect::Follow, ahead));
    assert_eq!(driver.series.last_time(), Some(at(1)));
    assert_eq!(driver.plc(62, 2, 3), (Effect::Follow, None));
    assert_eq!(driver.plc(61, 3, 4), (Effect::HistoryOnly, None));
}

#[test]
fn a_sample_without_a_time_is_of_this_moment() {
    let mut driver = Driver::default();
    assert_eq!(driver.plc(50, 0, 1), (Effect::Follow, None));
    let arrival = Arrival { ingest: at(1), publisher: PublisherId(7) };
    assert_eq!(driver.point(&sample(None, 2), arrival).effect, Effect::Follow);
}

#[test]
fn an_unbelievable_time_is_replaced_by_ingest_time() {
    for source in [Timestamp(0), Timestamp::UNREADABLE, Timestamp(i64::MAX)] {
        let finding = Some(TimeFinding::OutOfRange(source));
        assert_eq!(place(Some(source), at(5)), Placed { time: at(5), finding });
    }
}

#[test]
fn a_clock_set_back_is_followed_after_thirty_seconds() {
    let mut driver = Driver::default();
    assert_eq!(driver.plc(50, 0, 0).0, Effect::Follow);
    for ingest in 1..31 {
        assert_eq!(driver.plc(ingest - 100, ingest, ingest).0, Effect::HistoryOnly, "{ingest}");
    }
    let back = Some(TimeFinding::ClockStep(119 * SECOND));
    assert_eq!(driver.plc(-69, 31, 31), (Effect::Follow, back));
    assert_eq!(driver.plc(-68, 32, 32), (Effect::Follow, None));
}

#[test]
fn a_backlog_is_no_clock_step() {
    let mut driver = Driver::default();
    driver.plc(0, 0, 0);
    for ingest in 1..100 {
        assert_eq!(driver.plc(10 * ingest - 5_000, ingest, 1).0, Effect::HistoryOnly);
    }
}

#[test]
fn a_backlog_beside_live_samples_is_no_clock_step() {
    let mut driver = Driver::default();
    for ingest in 0..100 {
        assert_eq!(driver.plc(ingest, ingest, 0).0, Effect::Follow);
        assert_eq!(driver.plc(ingest - 500, ingest, 1).0, Effect::HistoryOnly);
    }
}

#[test]
fn only_the_publisher_of_the_last_value_can_step_its_clock() {
    let mut driver = Driver::default();
    driver.plc(0, 0, 0);
    for ingest in 1..100 {
        let arrival = Arrival { ingest: at(ingest), publisher: PublisherId(2) };
        let verdict = driver.point(&sample(Some(at(ingest - 500)), 1), arrival);
        assert_eq!(verdict.effect, Effect::HistoryOnly);
    }
}

proptest! {
    /// Samples in order of source time all follow; shuffled ones leave the newest standing.
    #[test]
    fn the_newest_sample_is_the_last_value(sources in prop::collection::vec(-9_i64..0, 1..20)) {
        let mut driver = Driver::default();
        let mut newest: Option<i64> = None;
        for (ingest, source) in sources.iter().enumerate() {
            // Ingest times a nanosecond apart keep the run of a clock step out of the picture.
            let ingest = Timestamp(at(0).0 + i64::try_from(ingest).unwrap());
            let arrival = Arrival { ingest, publisher: PLC };
            let verdict = driver.point(&sample(Some(at(*source)), *source), arrival);
            let expected = match newest {
                Some(newest) if *source < newest => Effect::HistoryOnly,
                Some(newest) if *source == newest => Effect::Duplicate,
                Some(_) | None => Effect::Follow,
            };
            prop_assert_eq!(verdict.effect, expected);
            newest = newest.max(Some(*source));
        }
        prop_assert_eq!(driver.shown, newest.map(|value| (Value::Int(value), Quality::GOOD)));
    }
}
