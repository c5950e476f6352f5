//! The fold of a `latest` subscription: the newest record of each topic, and how many it replaced.

use std::collections::HashMap;
use std::sync::Arc;

use uns_model::TopicId;

use crate::item::Item;

/// The newest record of each topic since the last message.
#[derive(Debug, Default)]
pub(crate) struct Fold {
    kept: HashMap<TopicId, Arc<Item>>,
    bytes: usize,
    skipped: u64,
}

impl Fold {
    /// Takes in a record; later ones win.
    pub(crate) fn push(&mut self, item: Arc<Item>) {
        self.bytes += item.bytes();
        if let Some(replaced) = self.kept.insert(item.id, item) {
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
    pub(crate) fn take(&mut self) -> (Vec<Arc<Item>>, u64) {
        // A quiet subscription keeps no table.
        let mut kept: Vec<_> = std::mem::take(&mut self.kept).into_values().collect();
        kept.sort_unstable_by_key(|item| item.sequence);
        self.bytes = 0;
        (kept, std::mem::take(&mut self.skipped))
    }

    /// Puts in front what another fold gathered before.
    pub(crate) fn take_over(&mut self, (kept, skipped): (Vec<Arc<Item>>, u64)) {
        for item in kept {
            self.push(item);
        }
        self.skipped += skipped;
    }
}

#[cfg(test)]
mod tests {
    use fabric::Publish;
    use uns_model::{NodeNo, OrgId, PublisherId, Sequence, Timestamp};

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
                points: None,
                ingest: Timestamp(i64::from(topic)),
                properties: b"",
                payload: b"1",
            };
            fold.push(Item::new("t".into(), Sequence(sequence), &publish));
        }
        let bytes = fold.bytes();
        let (kept, skipped) = fold.take();
        let kept: Vec<_> = kept.iter().map(|item| (item.sequence.0, item.id.0)).collect();
        assert_eq!((kept, skipped), (vec![(2, 8), (4, 7)], 2));
        assert!(bytes == 2 * (192 + 1 + 1) && fold.bytes() == 0 && fold.is_empty());
    }
}
