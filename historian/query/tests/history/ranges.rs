//! Where a range begins and ends: half-open bounds, bounds beyond every sample, the ends of what 64 bits
//! hold, and borders of pages and buckets that fall on samples.

use historian_store::Config;
use uns_model::query::{Aggregate, HistoryQuery, Nothing};
use uns_model::{Timestamp, Value};

use crate::rig::{DAY, MS, Rig, buckets, raw};

/// Before all samples.
const BASE: i64 = DAY - 10_000 * MS;

/// Samples so many milliseconds after the base, each with its place as its value and as the number of
/// its source. The first half is in a file, the rest in memory.
fn samples_at(millis: &[i64]) -> Rig {
    let mut rig = Rig::new(&Config::default());
    let node = rig.mint("a");
    for (place, after) in millis.iter().enumerate() {
        if place == millis.len() / 2 {
            rig.flush();
        }
        let time = BASE / MS + after;
        rig.publish(node, &format!(r#"{{"value":{place},"timestamp":{time},"seq":{place}}}"#));
    }
    rig
}

fn range(start: i64, end: i64) -> HistoryQuery {
    HistoryQuery { start: Timestamp(start), end: Timestamp(end), ..raw("a") }
}

fn ints(rig: &Rig, query: HistoryQuery) -> Vec<i64> {
    let values = rig.all(query).samples.into_iter().map(|sample| sample.value);
    let int = |value| if let Value::Int(int) = value { int } else { i64::MIN };
    values.map(int).collect()
}

#[test]
fn a_range_has_its_start_and_not_its_end() {
    let rig = samples_at(&[0, 1, 2, 3]);
    let ms = |millis: i64| BASE + millis * MS;
    for (start, end, expected) in [
        (ms(0), ms(3), &[0, 1, 2][..]),
        (ms(0), ms(3) + 1, &[0, 1, 2, 3]),
        (ms(0) + 1, ms(3), &[1, 2]),
        (ms(1), ms(1) + 1, &[1]),
        (ms(1) + 1, ms(2), &[]),
        (ms(0) - 1, ms(0), &[]),
        (ms(3) + 1, i64::MAX, &[]),
        (i64::MIN, i64::MAX, &[0, 1, 2, 3]),
        (i64::MIN, i64::MIN + 1, &[]),
        (i64::MAX - 1, i64::MAX, &[]),
        (i64::MIN, ms(1), &[0]),
        (ms(2), i64::MAX, &[2, 3]),
    ] {
        assert_eq!(ints(&rig, range(start, end)), expected, "{start} to {end}");
        let count = HistoryQuery {
            start: Timestamp(start),
            end: Timestamp(end),
            ..buckets("a", Aggregate::Count, 1_000)
        };
        let counted: i64 = ints(&rig, count).iter().sum();
        assert_eq!(counted, expected.len() as i64, "{start} to {end}, counted");
    }
}

#[test]
fn a_range_without_samples_says_when_the_newest_is() {
    let rig = samples_at(&[0, 1, 2, 3]);
    let newest = Timestamp(BASE + 3 * MS);
    for (start, end) in [
        (i64::MIN, BASE),
        (BASE - 1, BASE),
        (BASE + 1, BASE + MS),
        (newest.0 + 1, newest.0 + 2),
        (newest.0 + 1, i64::MAX),
    ] {
        let page = rig.ask(range(start, end)).expect("a page");
        assert_eq!((page.samples.len(), page.next), (0, None), "{start} to {end}");
        let nothing = format!("{:?}", page.nothing);
        let expected = format!("{:?}", Some(Nothing::NotThen(Some(newest))));
        assert_eq!(nothing, expected, "{start} to {end}");
    }
}

#[test]
fn pages_end_between_samples_of_one_time_whatever_the_range() {
    // Seven at one time, on both sides of file and memory.
    let rig = samples_at(&[0, 1, 1, 1, 1, 1, 1, 1, 2]);
    for limit in 1..=9 {
        for (start, end, expected) in [
            (i64::MIN, i64::MAX, &[0, 1, 2, 3, 4, 5, 6, 7, 8][..]),
            (BASE + MS, BASE + MS + 1, &[1, 2, 3, 4, 5, 6, 7]),
            (BASE + MS, BASE + 2 * MS, &[1, 2, 3, 4, 5, 6, 7]),
            (BASE + 1, BASE + 2 * MS + 1, &[1, 2, 3, 4, 5, 6, 7, 8]),
        ] {
            let query = HistoryQuery { limit, ..range(start, end) };
            assert_eq!(ints(&rig, query), expected, "limit {limit}, {start} to {end}");
        }
    }
}

#[test]
fn buckets_of_a_range_that_begins_and_ends_inside_of_them_take_its_samples_only() {
    let rig = samples_at(&[0, 500, 999, 1_000, 1_500, 2_000]);
    for limit in 1..=3 {
        let query = HistoryQuery {
            start: Timestamp(BASE + 500 * MS),
            end: Timestamp(BASE + 1_500 * MS),
            limit,
            ..buckets("a", Aggregate::Count, 1_000)
        };
        let page = rig.all(query);
        let counted = page.samples.iter().map(|s| (s.timestamp.0 - BASE, s.value.clone()));
        let expected = [(0, Value::Int(2)), (1_000 * MS, Value::Int(1))];
        assert_eq!(counted.collect::<Vec<_>>(), expected, "limit {limit}");
    }
}
