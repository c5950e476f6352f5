//! The fold of a `latest` subscription: the newest record of each topic, and what it replaced.

use std::collections::HashMap;
use std::sync::Arc;

use fabric::Publish;
use uns_model::{Sequence, Timestamp, TopicId};

/// One record, kept until it is sent or replaced.
#[derive(Debug)]
pub(crate) struct Kept {
    pub(crate) topic: Arc<str>,
    pub(crate) sequence: Sequence,
    pub(crate) source: Option<Timestamp>,
    pub(crate) ingest: Timestamp,
    pub(crate) properties: Box<[u8]>,
    pub(crate) payload: Box<[u8]>,
}

/// The newest record of each topic since the last message.
#[derive(Debug, Default)]
pub(crate) struct Fold {
    kept: HashMap<TopicId, Kept>,
    bytes: usize,
    skipped: u64,
}

impl Fold {
    /// Takes in a record; later ones win.
    pub(crate) fn push(&mut self, topic: Arc<str>, sequence: Sequence, publish: &Publish<'_>) {
        let kept = Kept {
            topic,
            sequence,
            source: publish.source,
            ingest: publish.ingest,
            properties: publish.properties.into(),
            payload: publish.payload.into(),
        };
        self.bytes += kept.bytes();
        if let Some(replaced) = self.kept.insert(publish.topic, kept) {
            self.bytes -= replaced.bytes();
            self.skipped += 1;
        }
    }

    /// Roughly what it holds in memory.
    pub(crate) fn bytes(&self) -> usize {
        self.bytes
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.kept.is_empty()
    }

    /// Hands out everything in log order, and how many records were replaced.
    pub(crate) fn take(&mut self) -> (Vec<Kept>, u64) {
        let mut kept: Vec<Kept> = self.kept.drain().map(|(_, kept)| kept).collect();
        kept.sort_unstable_by_key(|kept| kept.sequence);
        self.bytes = 0;
        (kept, std::mem::take(&mut self.skipped))
    }
}

impl Kept {
    fn bytes(&self) -> usize {
        128 + self.topic.len() + self.properties.len() + self.payload.len()
    }
}

#[cfg(test)]
mod tests {
    use uns_model::{NodeNo, OrgId, PublisherId};

    use super::*;

    #[test]
    fn the_newest_wins_and_what_it_replaced_is_counted() {
        let mut fold = Fold::default();
        for (sequence, topic) in [(1, 7), (2, 8), (3, 7), (4, 7)] {
            let publish = Publish {
                org: OrgId::DEFAULT,
                topic: TopicId(topic),
                node: NodeNo(topic),
                publisher: PublisherId(0),
                qos: 0,
                retain: false,
                expiry: None,
                source: None,
                ingest: Timestamp(0),
                properties: b"",
                payload: b"12",
            };
            fold.push("t".into(), Sequence(sequence), &publish);
        }
        assert_eq!(fold.bytes(), 2 * (128 + 1 + 2));
        let (kept, skipped) = fold.take();
        let sequences: Vec<u64> = kept.iter().map(|kept| kept.sequence.0).collect();
        assert_eq!((sequences, skipped), (vec![2, 4], 2));
        assert!(fold.is_empty() && fold.bytes() == 0 && fold.take().1 == 0);
    }
}
