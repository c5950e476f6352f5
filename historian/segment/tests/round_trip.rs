//! Whatever is written comes back bit for bit, whichever part of it is asked for.

use historian_segment::{Origin, Sample, Segment, SeriesId, TimeUnit, Writer};
use proptest::collection::vec;
use proptest::prelude::*;
use uns_model::{Quality, Sequence, Timestamp, Value, decimal};

fn bits(value: &Value) -> (String, u64) {
    match value {
        Value::Float(v) => ("float".into(), v.to_bits()),
        other => (format!("{other:?}"), 0),
    }
}

fn same(a: &Sample, b: &Sample) -> bool {
    let rest = |s: &Sample| (s.time, s.quality, s.sequence, s.source_seq, s.lag_seconds);
    bits(&a.value) == bits(&b.value) && rest(a) == rest(b)
}

fn value() -> impl Strategy<Value = Value> {
    let decimal = (-5_000_000i64..5_000_000, 0u8..9)
        .prop_map(|(m, e)| Value::Float(decimal::value(m, e).expect("a small scale")));
    prop_oneof![
        4 => decimal,
        1 => any::<u64>().prop_map(|bits| Value::Float(f64::from_bits(bits))),
        1 => prop::sample::select(vec![0.0, -0.0, f64::NAN, f64::MIN_POSITIVE, 1e22, 1e300, 0.1 + 0.2])
            .prop_map(Value::Float),
        1 => any::<i64>().prop_map(Value::Int),
        1 => (1u64 << 63..).prop_map(Value::UInt),
        1 => any::<bool>().prop_map(Value::Bool),
        1 => Just(Value::Null),
        1 => "[a-c\u{e9}]{0,4}".prop_map(|s| Value::Text(s.into())),
        1 => "[a-c]{0,4}".prop_map(|s| Value::Document(format!("{{\"k\":\"{s}\"}}").into())),
    ]
}

fn sample(unit: i64) -> impl Strategy<Value = Sample> {
    let quality = prop_oneof![6 => Just(0u32), 1 => any::<u32>()];
    let key = (1_000_000i64..1_000_400, any::<u64>(), prop::option::weighted(0.2, any::<u64>()));
    (key, value(), quality, prop::option::of(any::<i32>())).prop_map(
        move |((time, sequence, source_seq), value, quality, lag_seconds)| Sample {
            time: Timestamp(time * unit),
            value,
            quality: Quality(quality),
            sequence: Sequence(sequence >> 11),
            source_seq,
            lag_seconds,
        },
    )
}

type Runs = Vec<(SeriesId, Vec<Sample>)>;

fn runs() -> impl Strategy<Value = (TimeUnit, Runs)> {
    let unit = prop::sample::select(vec![TimeUnit::Millis, TimeUnit::Micros, TimeUnit::Nanos]);
    unit.prop_flat_map(|unit| {
        let run = vec(sample(unit.nanos()), 1..300);
        let runs = prop::collection::btree_map(0u32..40, run, 1..6).prop_map(|runs| {
            runs.into_iter()
                .map(|(sid, mut run)| {
                    run.sort_by(Sample::order);
                    (SeriesId(sid), run)
                })
                .collect::<Runs>()
        });
        (Just(unit), runs)
    })
}

fn write(unit: TimeUnit, runs: &Runs) -> Segment<bytes::Bytes> {
    let mut writer = Writer::new(unit).expect("schema");
    for (sid, run) in runs {
        writer.write_series(*sid, run).expect("write");
    }
    Segment::open(writer.finish(&Origin::default()).expect("finish").bytes).expect("open")
}

fn read(segment: &Segment<bytes::Bytes>, sid: SeriesId, start: i64, end: i64) -> Vec<Sample> {
    let range = (Timestamp(start), Timestamp(end));
    let mut out = Vec::new();
    for piece in segment.pieces(sid, range.0, range.1) {
        let before = out.len();
        segment.read(&piece, sid, range, &mut out).expect("read");
        assert!(out[before..].iter().all(|s| piece.first <= s.time && s.time <= piece.last));
    }
    out
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]
    #[test]
    fn every_bit_and_every_range((unit, runs) in runs(), start in 0i64..420, len in 0i64..420, odd in 0i64..2) {
        let segment = write(unit, &runs);
        let mut all = Vec::new();
        segment.read_all(|sid, sample| all.push((sid, sample))).unwrap();
        let flat: Vec<_> = runs.iter().flat_map(|(sid, run)| run.iter().map(move |s| (*sid, s))).collect();
        prop_assert_eq!(all.len(), flat.len());
        for ((sid, got), (expected_sid, expected)) in all.iter().zip(&flat) {
            prop_assert_eq!(sid, expected_sid);
            prop_assert!(same(got, expected), "{:?} != {:?}", got, expected);
        }
        let from = (1_000_000 - 10 + start) * unit.nanos() + odd;
        let to = from + len * unit.nanos();
        for sid in 0..41 {
            let sid = SeriesId(sid);
            let expected: Vec<_> = flat.iter().filter(|(s, v)| *s == sid && (from..to).contains(&v.time.0)).collect();
            let got = read(&segment, sid, from, to);
            prop_assert_eq!(got.len(), expected.len());
            prop_assert!(got.iter().zip(expected).all(|(a, (_, b))| same(a, b)));
        }
    }
}

fn plain(time: i64, value: f64) -> Sample {
    Sample {
        time: Timestamp(time),
        value: Value::Float(value),
        quality: Quality::GOOD,
        sequence: Sequence(1),
        source_seq: None,
        lag_seconds: Some(0),
    }
}

#[test]
fn long_series_are_cut_and_short_ones_share_a_group() {
    let long: Vec<_> = (0..600_000).map(|n| plain(n * 1_000_000_000, 20.5)).collect();
    let runs: Runs = (0..2000)
        .map(|sid| (SeriesId(sid), long[..100].to_vec()))
        .chain([(SeriesId(5000), long.clone())])
        .chain((6000..6100).map(|sid| (SeriesId(sid), long[..3].to_vec())))
        .collect();
    let segment = write(TimeUnit::Millis, &runs);
    assert_eq!(segment.rows(), 800_300);
    let all = (Timestamp(0), Timestamp(i64::MAX));
    assert_eq!(segment.pieces(SeriesId(5000), all.0, all.1).len(), 3);
    assert_eq!(segment.pieces(SeriesId(6050), all.0, all.1).len(), 1);
    assert_eq!(segment.pieces(SeriesId(5500), all.0, all.1), []);
    for (sid, run) in [&runs[0], &runs[1234], &runs[2000], &runs[2050]] {
        assert_eq!(read(&segment, *sid, 0, i64::MAX).len(), run.len());
    }
    assert_eq!(read(&segment, SeriesId(5000), 300_000_000_000_000, 300_001_000_000_000).len(), 1);
}

#[test]
fn a_damaged_file_is_an_error_and_never_a_panic() {
    let mut writer = Writer::new(TimeUnit::Millis).expect("schema");
    let run: Vec<_> =
        (0..500i32).map(|n| plain(i64::from(n) * 1_000_000_000, f64::from(n) / 8.0)).collect();
    writer.write_series(SeriesId(1), &run).expect("write");
    let bytes = writer.finish(&Origin::default()).expect("finish").bytes;
    assert!(Segment::open(bytes.slice(..bytes.len() / 2)).is_err());
    assert!(Segment::open(bytes::Bytes::new()).is_err());
    assert!(Segment::open(bytes::Bytes::from(vec![0; 4096])).is_err());
}

#[test]
fn the_wrong_order_or_unit_is_refused() {
    let mut writer = Writer::new(TimeUnit::Millis).expect("schema");
    assert!(writer.write_series(SeriesId(1), &[plain(1, 1.0)]).is_err());
    let mut writer = Writer::new(TimeUnit::Nanos).expect("schema");
    assert!(writer.write_series(SeriesId(1), &[plain(2, 1.0), plain(1, 1.0)]).is_err());
    writer.write_series(SeriesId(2), &[plain(2, 1.0)]).expect("in order");
    assert!(writer.write_series(SeriesId(2), &[plain(3, 1.0)]).is_err());
}
