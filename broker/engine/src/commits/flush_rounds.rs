//! Has every core hand to the log what it has admitted, before a barrier is set there for the walks of
//! connections that subscribed: what was matched before that may still lie in the open batch of another
//! core, and would be neither delivered nor in the store when the walk starts.

use std::collections::BTreeMap;

use crate::key::{CoreNo, Key};

/// One question to all other cores at a time. Connections that ask meanwhile wait for the next one, so
/// that each core owes each other one answer at most.
#[derive(Debug, Default)]
pub(crate) struct FlushRounds {
    /// Connections for the next round, each with its last walk.
    next: BTreeMap<Key, u64>,
    /// Those of the round under way.
    current: BTreeMap<Key, u64>,
    /// The number of the round under way, or the last one.
    round: u64,
    /// The cores that have not answered.
    unanswered: usize,
    /// The rounds of other cores that this one has to answer.
    questions: Vec<(CoreNo, u64)>,
}

impl FlushRounds {
    /// The walks of a connection, up to this one, wait for a round that begins after now.
    pub(crate) fn ask(&mut self, key: Key, walk: u64) {
        self.next.insert(key, walk);
    }

    /// Begins a round if one is asked for and none is under way; its number, for so many other cores.
    pub(crate) fn begin(&mut self, others: usize) -> Option<u64> {
        if self.next.is_empty() || !self.current.is_empty() {
            return None;
        }
        self.current = std::mem::take(&mut self.next);
        self.round += 1;
        self.unanswered = others;
        Some(self.round)
    }

    /// One core has handed over what it had.
    pub(crate) fn answered(&mut self, round: u64) {
        if round == self.round {
            self.unanswered = self.unanswered.saturating_sub(1);
        }
    }

    /// The connections whose round is over, each with its last walk.
    pub(crate) fn take_over(&mut self) -> BTreeMap<Key, u64> {
        if self.unanswered > 0 {
            return BTreeMap::new();
        }
        std::mem::take(&mut self.current)
    }

    /// Another core asks.
    pub(crate) fn note_question(&mut self, from: CoreNo, round: u64) {
        self.questions.push((from, round));
    }

    /// Whom to answer, after what was admitted here is handed over.
    pub(crate) fn take_questions(&mut self) -> Vec<(CoreNo, u64)> {
        std::mem::take(&mut self.questions)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_asks_during_a_round_waits_for_the_next_one() {
        let key = |slot| Key { slot, generation: 0 };
        let mut rounds = FlushRounds::default();
        assert_eq!(rounds.begin(2), None, "nobody asks");
        rounds.ask(key(1), 1);
        assert_eq!(rounds.begin(2), Some(1));
        rounds.ask(key(2), 2);
        assert_eq!(rounds.begin(2), None);
        rounds.answered(1);
        assert!(rounds.take_over().is_empty(), "one has not answered");
        rounds.answered(1);
        assert_eq!(rounds.take_over(), BTreeMap::from([(key(1), 1)]));
        rounds.answered(1);
        assert_eq!(rounds.begin(2), Some(2));
        rounds.answered(1);
        assert!(rounds.take_over().is_empty(), "that was the round before");
    }

    #[test]
    fn a_single_core_waits_for_nobody() {
        let mut rounds = FlushRounds::default();
        rounds.ask(Key::default(), 7);
        assert!(rounds.begin(0).is_some());
        assert_eq!(rounds.take_over(), BTreeMap::from([(Key::default(), 7)]));
        assert!(rounds.take_over().is_empty());
    }
}
