//! Marks: how far each durable consumer is. The newest one counts; how many there may be is decided
//! where they are admitted.

use std::collections::BTreeMap;
use std::sync::Arc;

use bytes::Bytes;
use fabric::{Mark, MarkDoes};
use uns_model::OrgId;

/// How far a durable consumer is.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Consumer {
    /// Whose work it is: the highest epoch in the log.
    pub epoch: u64,
    /// The epoch that said what follows: the one before until the newest one says something.
    pub(crate) said: u64,
    /// Where it goes on, in its own words.
    pub position: Bytes,
    /// What it has to remember, in its own words.
    pub state: Bytes,
}

impl Consumer {
    fn bytes(&self) -> usize {
        self.position.len() + self.state.len()
    }
}

/// All of them.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub(crate) struct Marks {
    known: BTreeMap<(OrgId, Arc<str>), Consumer>,
    /// The highest epoch of those that ended, by organisation.
    ended: BTreeMap<OrgId, u64>,
    /// Of positions and states.
    bytes: usize,
}

impl Marks {
    /// Folds one mark in; `false` if it is of an epoch that is over. While the newest epoch has only
    /// taken the work over, what the one before was about to say still counts: what it published beside
    /// that is in the log.
    pub(crate) fn fold(&mut self, mark: &Mark<'_>) -> bool {
        let Mark { org, consumer, epoch, position, state, does, .. } = *mark;
        let key = (org, Arc::from(consumer));
        let ended = self.ended.get(&org).copied().unwrap_or_default();
        let known = self.known.get(&key);
        let is_over = known.map_or(epoch <= ended, |known| epoch < known.said);
        let is_behind = known.is_some_and(|known| epoch < known.epoch);
        if is_over || (is_behind && does == MarkDoes::Ends) {
            return false;
        }
        if does == MarkDoes::Ends {
            let known = self.known.remove(&key);
            self.bytes -= known.as_ref().map_or(0, Consumer::bytes);
            self.ended.insert(org, epoch.max(ended));
            return true;
        }
        // Whoever begins anew is above all that ended, so nobody who had the name before is heard.
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

    /// The highest epoch of those that ended.
    pub(crate) fn ended(&self) -> impl ExactSizeIterator<Item = (OrgId, u64)> {
        self.ended.iter().map(|(org, epoch)| (*org, *epoch))
    }

    /// The bytes of all positions and states.
    pub(crate) fn bytes(&self) -> usize {
        self.bytes
    }

    /// Puts back what a checkpoint kept.
    pub(crate) fn restore(&mut self, key: (OrgId, Arc<str>), consumer: Consumer) {
        self.bytes += consumer.bytes();
        self.known.insert(key, consumer);
    }

    /// The same of those that ended.
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
