//! What was pushed comes back, from open and closed blocks and from the merge, whatever it was.

use proptest::prelude::*;
use uns_model::{Quality, Sequence, Value};

use super::*;

fn incoming(sample: &Sample) -> Incoming<'_> {
    let Sample { time, quality, sequence, source_seq, lag_seconds, .. } = *sample;
    Incoming { time, value: sample.value.as_ref(), quality, sequence, source_seq, lag_seconds }
}

fn sample(time: i64) -> Sample {
    Sample {
        time: Timestamp(time),
        value: Value::Int(time),
        quality: Quality::GOOD,
        sequence: Sequence(1),
        source_seq: None,
        lag_seconds: Some(0),
    }
}

fn view(
    memory: &Memory,
    sid: u32,
    range: (i64, i64),
) -> (Vec<(SeriesId, Sample)>, Vec<Arc<Block>>) {
    let (mut open, mut blocks) = (Vec::new(), Vec::new());
    let range = (Timestamp(range.0), Timestamp(range.1));
    memory.view(&[SeriesId(sid)], range, &mut open, &mut blocks);
    (open, blocks)
}

fn merged(frozen: &Frozen) -> Vec<(SeriesId, Vec<Sample>)> {
    let mut all = Vec::new();
    let done = merge(&frozen.blocks, |sid, samples| {
        all.push((sid, samples.to_vec()));
        Ok::<_, ()>(())
    });
    assert_eq!(done, Ok(()));
    all
}

#[test]
fn blocks_are_sorted_and_rotation_gives_everything() {
    let mut memory = Memory::default();
    for (sid, time) in [(4, 5), (1, 6), (4, 3), (4, 7), (4, 1), (4, 8), (2, 9)] {
        memory.push(SeriesId(sid), &incoming(&sample(time)), 4);
    }
    let times = |samples: &[Sample]| samples.iter().map(|s| s.time.0).collect::<Vec<_>>();
    let (open, blocks) = view(&memory, 4, (0, 8));
    let plain = |tagged: Vec<(SeriesId, Sample)>| {
        tagged.into_iter().map(|(_, sample)| sample).collect::<Vec<_>>()
    };
    assert_eq!((times(&plain(open)), blocks.len()), (vec![1], 1));
    let mut closed = Vec::new();
    blocks[0].collect(SeriesId(4), (Timestamp(4), Timestamp(7)), &mut closed);
    assert_eq!(times(&plain(closed)), [5]);
    assert!(view(&memory, 5, (0, 8)).1.is_empty() && view(&memory, 4, (8, 9)).1.is_empty());

    memory.forget(SeriesId(2));
    let frozen = memory.rotate();
    assert_eq!((frozen.samples, memory.samples, memory.bytes), (7, 0, 0));
    assert!(frozen.forgot(SeriesId(2)) && !frozen.forgot(SeriesId(4)));
    let all: Vec<_> = merged(&frozen).iter().map(|(sid, all)| (sid.0, times(all))).collect();
    assert_eq!(all, [(1, vec![6]), (2, vec![9]), (4, vec![1, 3, 5, 7, 8])]);
    assert!(memory.rotate().blocks.is_empty());
}

fn values() -> impl Strategy<Value = Value> {
    prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::Bool),
        any::<i64>().prop_map(Value::Int),
        any::<u64>().prop_map(Value::UInt),
        (-1e9..1e9).prop_map(Value::Float),
        ".{0,5}".prop_map(|text: String| Value::Text(text.into())),
        ".{0,5}".prop_map(|text: String| Value::Document(text.into())),
    ]
}

fn samples() -> impl Strategy<Value = (SeriesId, Sample)> {
    let rest = (proptest::option::of(0..3_u64), proptest::option::of(any::<i32>()), any::<u32>());
    (0..6_u32, 0..20_i64, values(), rest, prop_oneof![9 => 1..9_u64, 1 => Just(1 << 33)]).prop_map(
        |(sid, time, value, (source_seq, lag_seconds, quality), step)| {
            let (time, quality) = (Timestamp(time), Quality(quality));
            let sequence = Sequence(step);
            (SeriesId(sid), Sample { time, value, quality, sequence, source_seq, lag_seconds })
        },
    )
}

proptest! {
    #[test]
    fn it_is_a_list_of_samples(
        mut given in prop::collection::vec(samples(), 0..60),
        block_samples in 1..20_usize,
        start in 0..20_i64,
        length in 0..20_i64,
    ) {
        let mut memory = Memory::default();
        let mut sequence = 0;
        for (sid, sample) in &mut given {
            // The steps add up, as sequences do.
            sequence += sample.sequence.0;
            sample.sequence = Sequence(sequence);
            memory.push(*sid, &incoming(sample), block_samples);
        }
        let of = |sid: u32, range: std::ops::Range<i64>| {
            let of = given.iter().filter(|(of, s)| of.0 == sid && range.contains(&s.time.0));
            let mut of: Vec<_> = of.map(|(_, sample)| sample.clone()).collect();
            of.sort_by(Sample::order);
            of
        };
        let range = start..start + length;
        for sid in 0..6 {
            let (mut found, blocks) = view(&memory, sid, (range.start, range.end));
            for block in blocks {
                let range = (Timestamp(range.start), Timestamp(range.end));
                block.collect(SeriesId(sid), range, &mut found);
            }
            let mut found: Vec<_> = found.into_iter().map(|(_, sample)| sample).collect();
            found.sort_by(Sample::order);
            prop_assert_eq!(found, of(sid, range.clone()));
        }
        let frozen = memory.rotate();
        let expected = (0..6).map(|sid| (SeriesId(sid), of(sid, 0..20)));
        let expected: Vec<_> = expected.filter(|(_, samples)| !samples.is_empty()).collect();
        prop_assert_eq!(frozen.samples, given.len());
        prop_assert_eq!(merged(&frozen), expected);
    }
}
