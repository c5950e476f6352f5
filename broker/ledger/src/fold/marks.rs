//! The marks of durable consumers. The newest mark of each counts. Their number is limited where marks
//! are admitted.

use std::collections::BTreeMap;
use std::sync::Arc;

use bytes::Bytes;
use fabric::{Mark, MarkDoes};
use uns_model::OrgId;

/// The state of a durable consumer.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Consumer {
    /// The highest epoch in the log, which has the work.
    pub epoch: u64,
    /// The epoch of the position and the state. It is an earlier one until the newest epoch has said
    /// something.
    pub(crate) said: u64,
    /// Where it goes on, in a form of its own.
    pub position: Bytes,
    /// What it has to remember, in a form of its own.
    pub state: Bytes,
}

impl Consumer {
    fn bytes(&self) -> usize {
        self.position.len() + self.state.len()
    }
}

/// All durable consumers.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub(crate) struct Marks {
    known: BTreeMap<(OrgId, Arc<str>), Consumer>,
    /// The highest epoch of consumers that ended, by organisation.
    ended: BTreeMap<OrgId, u64>,
    /// The bytes of positions and states.
    bytes: usize,
}

impl Marks {
    /// Folds one mark; `false` if its epoch is over. While the newest epoch has only taken the work over,
    /// the marks of the one before still count, also one that ends it: what was published with them is in
    /// the log.
    pub(crate) fn fold(&mut self, mark: &Mark<'_>) -> bool {
        let Mark { org, consumer, epoch, position, state, does, .. } = *mark;
        let key = (org, Arc::from(consumer));
        let ended = self.ended.get(&org).copied().unwrap_or_default();
        let known = self.known.get(&key);
        if known.map_or(epoch <= ended, |known| epoch < known.said) {
            return false;
        }
        if does == MarkDoes::Ends {
            let known = self.known.remove(&key);
            self.bytes -= known.as_ref().map_or(0, Consumer::bytes);
            self.ended.insert(org, epoch.max(ended));
            // The epoch that has taken the work over begins anew.
            if let Some(known) = known.filter(|known| known.epoch > epoch) {
                let said = epoch.saturating_add(1);
                let anew = Consumer { epoch: known.epoch, said, ..Consumer::default() };
                self.known.insert(key, anew);
            }
            return true;
        }
        // A new consumer begins above all that ended, so earlier consumers of its name are ignored.
        let anew = || Consumer { said: ended.saturating_add(1), ..Consumer::default() };
        let known = self.known.entry(key).or_insert_with(anew);
        known.epoch = known.epoch.max(epoch);
        if does == MarkDoes::Says {
            known.said = epoch;
            let bytes = known.bytes();
            [known.position, known.state] = [position, state].map(Bytes::copy_from_slice);
            self.bytes = self.bytes + known.bytes() - bytes;
        }
        true
    }

    pub(crate) fn get(&self, org: OrgId, consumer: &str) -> Option<&Consumer> {
        self.known.get(&(org, Arc::from(consumer)))
    }

    pub(crate) fn iter(&self) -> impl ExactSizeIterator<Item = (&(OrgId, Arc<str>), &Consumer)> {
        self.known.iter()
    }

    /// The highest epoch of the consumers of each organisation that ended.
    pub(crate) fn ended(&self) -> impl ExactSizeIterator<Item = (OrgId, u64)> {
        self.ended.iter().map(|(org, epoch)| (*org, *epoch))
    }

    /// The bytes of all positions and states.
    pub(crate) fn bytes(&self) -> usize {
        self.bytes
    }

    /// Restores a consumer from a checkpoint.
    pub(crate) fn restore(&mut self, key: (OrgId, Arc<str>), consumer: Consumer) {
        self.bytes += consumer.bytes();
        self.known.insert(key, consumer);
    }

    /// Restores the highest epoch that ended from a checkpoint.
    pub(crate) fn restore_ended(&mut self, org: OrgId, epoch: u64) {
        self.ended.insert(org, epoch);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use uns_model::Timestamp;

    fn says(epoch: u64, position: &str) -> Mark<'_> {
        let (consumer, does, ingest) = ("p", MarkDoes::Says, Timestamp(0));
        let (position, state) = (position.as_bytes(), &b""[..]);
        Mark { org: OrgId(1), consumer, epoch, position, state, does, ingest }
    }

    fn takes_over(epoch: u64) -> Mark<'static> {
        Mark { does: MarkDoes::TakesOver, ..says(epoch, "") }
    }

    fn ends(epoch: u64) -> Mark<'static> {
        Mark { does: MarkDoes::Ends, ..says(epoch, "") }
    }

    fn known(marks: &Marks) -> Option<(u64, &[u8])> {
        let one = marks.get(OrgId(1), "p")?;
        Some((one.epoch, &*one.position))
    }

    #[test]
    fn the_newest_mark_counts_and_an_epoch_that_is_over_does_not() {
        let mut marks = Marks::default();
        assert!(marks.fold(&says(1, "a")) && marks.fold(&says(1, "b")));
        assert_eq!(known(&marks), Some((1, &b"b"[..])));
        assert!(marks.fold(&takes_over(2)) && marks.fold(&takes_over(2)));
        assert_eq!(known(&marks), Some((2, &b"b"[..])), "where the one before was");
        assert!(marks.fold(&says(2, "d")));
        assert!(!marks.fold(&says(1, "c")));
        assert_eq!(known(&marks), Some((2, &b"d"[..])));
        assert_eq!(marks.get(OrgId(2), "p"), None);
    }

    /// It was on its way on another core while the work was taken over.
    #[test]
    fn what_was_published_before_the_take_over_was_complete_counts() {
        let mut marks = Marks::default();
        assert!(marks.fold(&says(1, "a")) && marks.fold(&takes_over(2)));
        assert!(marks.fold(&says(1, "b")) && marks.fold(&takes_over(2)));
        assert_eq!(known(&marks), Some((2, &b"b"[..])));
        assert!(marks.fold(&takes_over(3)), "taken over once more");
        assert!(marks.fold(&says(2, "c")) && !marks.fold(&says(1, "d")));
        assert_eq!(known(&marks), Some((3, &b"c"[..])));
    }

    /// It was on its way on another core while the work was taken over.
    #[test]
    fn an_end_before_the_take_over_was_complete_counts() {
        let mut marks = Marks::default();
        assert!(marks.fold(&says(1, "a")) && marks.fold(&takes_over(2)));
        assert!(marks.fold(&ends(1)) && marks.fold(&takes_over(2)));
        assert_eq!((known(&marks), marks.bytes()), (Some((2, &b""[..])), 0), "it begins anew");
        assert_eq!(marks.ended().collect::<Vec<_>>(), [(OrgId(1), 1)]);
        assert!(!marks.fold(&says(1, "b")) && !marks.fold(&ends(1)), "nobody comes back");
        assert!(marks.fold(&says(2, "c")));
        assert_eq!(known(&marks), Some((2, &b"c"[..])));
    }

    #[test]
    fn that_one_ends_says_nothing_of_others() {
        let mut marks = Marks::default();
        let other = |mark: Mark<'static>| Mark { consumer: "other", ..mark };
        assert!(marks.fold(&says(1, "a")));
        assert!(marks.fold(&other(says(50, "x"))) && marks.fold(&other(ends(50))));
        assert!(marks.fold(&says(1, "b")));
        assert_eq!(known(&marks), Some((1, &b"b"[..])));
    }

    #[test]
    fn a_consumer_may_go_back_to_the_beginning() {
        let mut marks = Marks::default();
        assert!(marks.fold(&says(1, "a")) && marks.fold(&says(1, "")));
        assert_eq!(known(&marks), Some((1, &b""[..])));
        assert_eq!(marks.bytes(), 0);
    }

    #[test]
    fn a_consumer_that_ends_is_forgotten_and_one_that_begins_is_known() {
        let mut marks = Marks::default();
        assert!(marks.fold(&takes_over(1)));
        assert_eq!(known(&marks), Some((1, &b""[..])));
        assert!(marks.fold(&says(2, "a")));
        assert!(!marks.fold(&ends(1)) && known(&marks).is_some());
        assert!(marks.fold(&ends(2)));
        assert_eq!((known(&marks), marks.bytes()), (None, 0));
        assert!(!marks.fold(&says(2, "b")), "nor does anybody come back");
        assert!(marks.fold(&takes_over(3)) && !marks.fold(&says(2, "b")));
        assert_eq!(marks.ended().collect::<Vec<_>>(), [(OrgId(1), 2)]);
        assert_eq!(known(&marks), Some((3, &b""[..])));
    }
}
