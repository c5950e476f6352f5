//! Aggregates against plain computing, and merging against adding.

use super::*;
use proptest::collection::vec;
use proptest::prelude::*;

const ALL: [Aggregate; 7] = [
    Aggregate::Avg,
    Aggregate::Min,
    Aggregate::Max,
    Aggregate::Sum,
    Aggregate::Count,
    Aggregate::First,
    Aggregate::Last,
];

fn state(config: Config, samples: &[(i64, Value, Quality)]) -> State {
    let mut state = State::new(config);
    for (n, (time, value, quality)) in samples.iter().enumerate() {
        state.add(Timestamp(*time), Sequence(n as u64 + 1), value, *quality);
    }
    state
}

fn values(state: &State) -> Vec<Value> {
    ALL.iter().map(|a| state.result(*a).map_or(Value::Null, |o| o.value)).collect()
}

#[test]
fn good_samples_only_and_the_quality_says_so() {
    let samples = [
        (1, Value::Float(1.0), Quality::GOOD),
        (2, Value::Float(100.0), Quality::UNCERTAIN),
        (3, Value::Int(3), Quality::GOOD),
        (4, Value::Null, Quality::BAD),
    ];
    let strict = state(Config::default(), &samples);
    assert_eq!(
        values(&strict),
        [
            Value::Float(2.0),
            Value::Float(1.0),
            Value::Int(3),
            Value::Float(4.0),
            Value::Int(2),
            Value::Float(1.0),
            Value::Int(3)
        ]
    );
    assert_eq!(strict.result(Aggregate::Avg).unwrap().quality, DATA_SUB_NORMAL);
    assert_eq!(strict.result(Aggregate::Count).unwrap().quality, Quality::GOOD);
    assert_eq!(strict.result(Aggregate::Avg).unwrap().sequence, Sequence(4));

    let lenient = Config { uncertain_is_bad: false, percent_good: 75, ..Config::default() };
    let outcome = state(lenient, &samples).result(Aggregate::Max).unwrap();
    assert_eq!((outcome.value, outcome.quality), (Value::Float(100.0), Quality::GOOD));
}

#[test]
fn empty_bad_and_textual_buckets() {
    let none = state(Config::default(), &[]);
    assert!(ALL.iter().all(|a| none.result(*a).is_none()));

    let bad = state(Config::default(), &[(1, Value::Null, Quality::BAD)]);
    assert_eq!(values(&bad)[4], Value::Int(0));
    assert!(bad.result(Aggregate::Last).unwrap().quality.is_bad());

    let run = Value::Text("RUN".into());
    let text = state(Config::default(), &[(1, run.clone(), Quality::GOOD)]);
    let null = Value::Null;
    let expected =
        [null.clone(), null.clone(), null.clone(), null, Value::Int(1), run.clone(), run];
    assert_eq!(values(&text), expected);
}

#[test]
fn integers_sum_exactly() {
    let big = Value::Int((1 << 53) + 1);
    let sum = state(Config::default(), &[(1, big.clone(), Quality::GOOD), (2, big, Quality::GOOD)]);
    assert_eq!(sum.result(Aggregate::Sum).unwrap().value, Value::Int((1 << 54) + 2));
    let max = Value::UInt(u64::MAX);
    let sum = state(Config::default(), &[(1, max.clone(), Quality::GOOD), (2, max, Quality::GOOD)]);
    assert_eq!(
        sum.result(Aggregate::Sum).unwrap().value,
        Value::Float(36_893_488_147_419_103_232.0)
    );
}

#[test]
fn overflow_on_the_way_is_not_overflow_of_the_result() {
    let of = |values: &[f64]| {
        let samples: Vec<_> = values.iter().map(|v| (1, Value::Float(*v), Quality::GOOD)).collect();
        let whole = state(Config::default(), &samples);
        let mut merged = state(Config::default(), &samples[..1]);
        merged.merge(&state(Config::default(), &samples[1..]));
        let outcome = |state: &State, aggregate| {
            let outcome = state.result(aggregate).unwrap();
            (outcome.value, outcome.quality)
        };
        for aggregate in [Aggregate::Avg, Aggregate::Sum] {
            assert_eq!(outcome(&whole, aggregate), outcome(&merged, aggregate));
        }
        (outcome(&whole, Aggregate::Avg), outcome(&whole, Aggregate::Sum))
    };
    let good = |v| (Value::Float(v), Quality::GOOD);
    assert_eq!(of(&[1e308, 1e308]), (good(1e308), (Value::Null, NO_DATA)));
    assert_eq!(of(&[1e308, 1e308, -1e308, -1e308]), (good(0.0), good(0.0)));
    assert_eq!(of(&[1.5e308, 1.5e308, -1.5e308]), (good(0.5e308), good(1.5e308)));
}

fn sample() -> impl Strategy<Value = (i64, Value, Quality)> {
    let value = prop_oneof![
        (-1e6f64..1e6).prop_map(Value::Float),
        (-1000i64..1000).prop_map(Value::Int),
        any::<bool>().prop_map(Value::Bool),
        Just(Value::Null),
    ];
    let quality =
        prop::sample::select(vec![Quality::GOOD, Quality::GOOD, Quality::UNCERTAIN, Quality::BAD]);
    (0i64..50, value, quality)
}

proptest! {
    #[test]
    fn merging_is_adding(samples in vec(sample(), 0..60), cut in 0usize..60) {
        let cut = cut.min(samples.len());
        let whole = state(Config::default(), &samples);
        let mut merged = state(Config::default(), &samples[..cut]);
        let mut rest = State::new(Config::default());
        for (n, (time, value, quality)) in samples.iter().enumerate().skip(cut) {
            rest.add(Timestamp(*time), Sequence(n as u64 + 1), value, *quality);
        }
        merged.merge(&rest);
        for aggregate in [Aggregate::Count, Aggregate::First, Aggregate::Last] {
            prop_assert_eq!(whole.result(aggregate), merged.result(aggregate));
        }
        for aggregate in [Aggregate::Min, Aggregate::Max] {
            let number = |s: &State| s.result(aggregate).and_then(|o| Number::of(&o.value));
            match (number(&whole), number(&merged)) {
                (Some(a), Some(b)) => prop_assert_eq!(a.order(b), Ordering::Equal),
                (a, b) => prop_assert!(a.is_none() && b.is_none()),
            }
        }
        let sum = |s: &State| s.result(Aggregate::Sum).and_then(|o| o.value.as_f64()).unwrap_or(0.0);
        prop_assert!((sum(&whole) - sum(&merged)).abs() <= 1e-9 * 60.0);
    }
}
