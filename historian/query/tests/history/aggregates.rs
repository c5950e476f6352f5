//! Buckets over files and memory, and over late data.

use historian_store::Config;
use uns_model::query::{Aggregate, HistoryQuery};
use uns_model::{Timestamp, Value};

use crate::rig::{DAY, MS, Rig, buckets};

const ALL: [Aggregate; 7] = [
    Aggregate::Avg,
    Aggregate::Min,
    Aggregate::Max,
    Aggregate::Sum,
    Aggregate::Count,
    Aggregate::First,
    Aggregate::Last,
];

fn publish(rig: &mut Rig, node: uns_model::NodeNo, millis: i64, value: i64) {
    rig.publish(
        node,
        &format!("{{\"value\":{value},\"timestamp\":{}}}", DAY / MS - 10_000 + millis),
    );
}

fn rows(rig: &Rig, query: HistoryQuery) -> Vec<(i64, Value)> {
    let start = DAY - 10_000 * MS;
    let samples = rig.all(query).samples;
    samples.into_iter().map(|s| ((s.timestamp.0 - start) / MS, s.value)).collect()
}

#[test]
fn every_aggregate_per_bucket_with_late_values() {
    let mut rig = Rig::new(&Config::default());
    let node = rig.mint("a");
    for (millis, value) in [(0, 4), (900, 2), (2_500, 10)] {
        publish(&mut rig, node, millis, value);
    }
    rig.flush();
    publish(&mut rig, node, 500, 9);
    let first: Vec<_> =
        ALL.iter().map(|a| rows(&rig, buckets("a", *a, 1000))[0].1.clone()).collect();
    let expected = [
        Value::Float(5.0),
        2.into_int(),
        9.into_int(),
        15.into_int(),
        3.into_int(),
        4.into_int(),
        2.into_int(),
    ];
    assert_eq!(first, expected);
    let sums = rows(&rig, buckets("a", Aggregate::Sum, 1000));
    assert_eq!(sums, [(0, Value::Int(15)), (2000, Value::Int(10))]);
}

#[test]
fn pages_of_buckets_and_ends_inside_a_bucket() {
    let mut rig = Rig::new(&Config::default());
    let node = rig.mint("a");
    for n in 0..1000 {
        publish(&mut rig, node, n * 10, n);
        if n % 100 == 50 {
            rig.flush();
        }
    }
    for limit in [1, 3, 1000] {
        let query = HistoryQuery { limit, ..buckets("a", Aggregate::Count, 250) };
        let counts = rows(&rig, query);
        assert_eq!(counts.len(), 40);
        assert!(counts.iter().all(|(_, count)| *count == Value::Int(25)));
    }
    let start = Timestamp(DAY - 9_900 * MS);
    let end = Timestamp(DAY - 9_700 * MS);
    let query = HistoryQuery { start, end, ..buckets("a", Aggregate::Count, 250) };
    assert_eq!(rows(&rig, query), [(0, Value::Int(15)), (250, Value::Int(5))]);
}

trait IntoInt {
    fn into_int(self) -> Value;
}

impl IntoInt for i64 {
    fn into_int(self) -> Value {
        Value::Int(self)
    }
}
