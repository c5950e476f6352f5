//! The fold is a function of the log: it agrees with a plain model, and with itself after a
//! checkpoint anywhere.

mod model;
pub(crate) mod stream;

use std::collections::HashMap;
use std::sync::Arc;

use fabric::sim::SimLog;
use fabric::{Frame, Log, Message, Record, TailItem};
use proptest::prelude::*;
use uns_model::{Kept, OrgId, PublisherId, Sequence, Timestamp};

use super::{Context, Fold, Progress, Replay};
use crate::checkpoint::{decode, encode};
use crate::{Config, SharedRetained, Topics};
use stream::{Known, Stream};

/// A small quota, so that the streams reach it.
pub(crate) fn config() -> Config {
    Config { owed_count_max: 12, ..Config::default() }
}

pub(crate) fn frames(log: &dyn Log) -> Vec<Frame> {
    let mut tail = log.tail(Sequence::ZERO);
    let mut frames = Vec::new();
    while let Some(TailItem::Frame(frame)) = tail.next().expect("the log is readable") {
        frames.push(frame);
    }
    frames
}

fn apply(fold: &mut Fold, config: &Config, frame: &Frame) {
    let topics: &dyn Topics = &Known;
    fold.apply(&Context { config, topics }, frame, &mut Replay);
}

/// A broker that has folded the whole log already, since the broker is ahead of the commit.
struct Ahead(HashMap<String, (Arc<str>, Kept)>);

impl Ahead {
    fn of(frames: &[Frame]) -> Self {
        let mut all = HashMap::new();
        for (_, record) in frames.iter().flat_map(Frame::records) {
            if let Record::Message(one) = record {
                let kept = Kept::new(one.qos, one.expiry, one.properties, one.payload);
                all.insert(one.topic.to_owned(), (one.topic.into(), kept));
            }
        }
        Self(all)
    }
}

impl SharedRetained for Ahead {
    fn name(&self, _: OrgId, topic: &str) -> Option<Arc<str>> {
        Some(Arc::clone(&self.0.get(topic)?.0))
    }

    fn same(&self, _: OrgId, topic: &str, kept: &Kept) -> Option<Kept> {
        Some(&self.0.get(topic)?.1).filter(|own| *own == kept).cloned()
    }
}

/// The broker accepts two million by default, and acknowledges each of them.
#[test]
fn more_than_a_million_retained_messages_are_kept() {
    const MANY: usize = 1_000_001;
    let mut fold = Fold::default();
    for number in 0..MANY {
        let message = Message {
            org: OrgId::DEFAULT,
            publisher: PublisherId(1),
            qos: 1,
            retain: true,
            expiry: None,
            ingest: Timestamp(1),
            topic: &number.to_string(),
            properties: b"",
            payload: b"1",
        };
        fold.retained.fold(Sequence(number as u64 + 1), &message);
    }
    assert_eq!(fold.retained.len(), MANY);
}

proptest! {
    #[test]
    fn a_checkpoint_anywhere_changes_nothing(seed: u64, at in 0usize..60) {
        let (log, config) = (SimLog::new(), config());
        let mut stream = Stream::new(seed);
        for _ in 0..60 {
            stream.append(&log);
        }
        let (mut straight, mut broken) = (Fold::default(), Fold::default());
        straight.retained.shared = Some(Arc::new(Ahead::of(&frames(&log))));
        for (number, frame) in frames(&log).iter().enumerate() {
            if number == at {
                let bytes = encode(broken.snapshot());
                broken = decode(&bytes).expect("what was written is read");
                prop_assert_eq!(encode(broken.snapshot()), bytes);
            }
            apply(&mut straight, &config, frame);
            apply(&mut broken, &config, frame);
        }
        prop_assert_eq!(encode(straight.snapshot()), encode(broken.snapshot()));
        prop_assert_eq!(straight.totals, broken.totals);
    }

    /// It is copied, encoded and written while the fold goes on.
    #[test]
    fn a_snapshot_copied_in_pieces_is_the_fold_as_it_was(
        seed: u64,
        at in 0usize..60,
        cost in 1usize..8,
    ) {
        let (log, config) = (SimLog::new(), config());
        let mut stream = Stream::new(seed);
        for _ in 0..60 {
            stream.append(&log);
        }
        let (mut fold, mut begun) = (Fold::default(), None);
        for (number, frame) in frames(&log).iter().enumerate() {
            if number == at {
                let bytes = encode(fold.snapshot());
                begun = Some((fold.begin_snapshot(), bytes));
            }
            if let Some((snapshot, _)) = &mut begun {
                fold.copy_piece(snapshot, cost);
            }
            apply(&mut fold, &config, frame);
        }
        if let Some((mut snapshot, bytes)) = begun {
            while fold.copy_piece(&mut snapshot, cost) == Progress::More {}
            prop_assert_eq!(encode(snapshot), bytes);
        }
    }

    #[test]
    fn the_fold_agrees_with_a_plain_model(seed: u64) {
        let (log, config) = (SimLog::new(), config());
        let mut stream = Stream::new(seed);
        let (mut fold, mut model) = (Fold::default(), model::Model::default());
        for _ in 0..60 {
            stream.append(&log);
        }
        for frame in frames(&log) {
            apply(&mut fold, &config, &frame);
            model.apply(config.owed_count_max, &frame);
            model.check(&fold);
        }
    }

    #[test]
    fn nonsense_in_a_checkpoint_does_not_panic(seed: u64, flip: prop::sample::Index) {
        let (log, config) = (SimLog::new(), config());
        let mut stream = Stream::new(seed);
        let mut fold = Fold::default();
        for _ in 0..20 {
            stream.append(&log);
        }
        frames(&log).iter().for_each(|frame| apply(&mut fold, &config, frame));
        let mut bytes = encode(fold.snapshot());
        let bit = flip.index(bytes.len() * 8);
        bytes[bit / 8] ^= 1 << (bit % 8);
        // The checksum matches, so that the body is read.
        let end = bytes.len() - 4;
        let crc = crc32fast::hash(&bytes[..end]);
        bytes[end..].copy_from_slice(&crc.to_le_bytes());
        drop(decode(&bytes));
    }
}
