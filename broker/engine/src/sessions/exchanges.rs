//! QoS 2 identifiers that one client uses, from its PUBLISH to the PUBCOMP that answers its PUBREL.

use std::collections::{HashMap, HashSet};

use ahash::RandomState;
use broker_codec::PacketId;

/// How far an exchange is.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Stage {
    /// The log has not decided about the PUBLISH.
    Undecided,
    /// The PUBLISH is taken: the same identifier again is the same message again.
    Taken,
    /// PUBREL came, and its PUBCOMP is not said.
    Released,
}

/// The exchanges of one client. An identifier that is not here is free: nothing that says so may put
/// it here, or the next message that gets it would pass for a repetition.
#[derive(Debug, Default)]
pub(crate) struct Exchanges {
    stages: HashMap<PacketId, Stage, RandomState>,
}

impl Exchanges {
    /// Those of a session whose client comes back.
    pub(crate) fn resumed(ids: HashSet<PacketId, RandomState>) -> Self {
        Self { stages: ids.into_iter().map(|id| (id, Stage::Taken)).collect() }
    }

    /// What a session keeps of them. What is released is not until PUBCOMP says so.
    pub(crate) fn park(self) -> HashSet<PacketId, RandomState> {
        self.stages.into_keys().collect()
    }

    pub(crate) fn len(&self) -> usize {
        self.stages.len()
    }

    /// Whether a PUBLISH with this identifier repeats one that is taken, or may be.
    pub(crate) fn is_repeated(&self, id: PacketId) -> bool {
        matches!(self.stages.get(&id), Some(Stage::Undecided | Stage::Taken))
    }

    /// Whether an identifier is in use.
    pub(crate) fn is_in_use(&self, id: PacketId) -> bool {
        self.stages.contains_key(&id)
    }

    /// A PUBLISH was admitted.
    pub(crate) fn begin(&mut self, id: PacketId) {
        self.stages.insert(id, Stage::Undecided);
    }

    /// The PUBLISH is to be answered: it is stored, or not taken at all.
    pub(crate) fn decide(&mut self, id: PacketId, taken: bool) {
        if self.stages.get(&id) == Some(&Stage::Undecided) {
            if taken {
                self.stages.insert(id, Stage::Taken);
            } else {
                self.stages.remove(&id);
            }
        }
    }

    /// PUBREL came; `false` if the identifier is free.
    pub(crate) fn release(&mut self, id: PacketId) -> bool {
        match self.stages.get_mut(&id) {
            Some(stage) => *stage = Stage::Released,
            None => return false,
        }
        true
    }

    /// PUBCOMP is to be said: the identifier is free.
    pub(crate) fn complete(&mut self, id: PacketId) {
        // Unless its client did not wait for PUBCOMP, and has begun with it again.
        if self.stages.get(&id).is_some_and(|stage| *stage != Stage::Undecided) {
            self.stages.remove(&id);
        }
    }

    /// The release could not be stored, so PUBCOMP is not said.
    pub(crate) fn keep(&mut self, id: PacketId) {
        if let Some(stage @ Stage::Released) = self.stages.get_mut(&id) {
            *stage = Stage::Taken;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ID: PacketId = PacketId::FIRST;

    #[test]
    fn an_identifier_is_in_use_from_publish_to_pubcomp() {
        let mut exchanges = Exchanges::default();
        exchanges.begin(ID);
        assert!(exchanges.is_repeated(ID));
        exchanges.decide(ID, true);
        assert!(exchanges.is_repeated(ID));
        assert!(exchanges.release(ID));
        assert!(!exchanges.is_repeated(ID));
        assert_eq!(exchanges.len(), 1, "PUBCOMP is not said");
        exchanges.complete(ID);
        assert_eq!(exchanges.len(), 0);
    }

    #[test]
    fn what_was_not_stored_is_free() {
        let mut exchanges = Exchanges::default();
        exchanges.begin(ID);
        exchanges.decide(ID, false);
        assert!(!exchanges.is_repeated(ID));
        assert!(!exchanges.release(ID));
        exchanges.keep(ID);
        exchanges.complete(ID);
        assert_eq!(exchanges.len(), 0, "an unknown identifier is not noted");
    }

    #[test]
    fn a_release_that_was_not_stored_leaves_the_message_taken() {
        let mut exchanges = Exchanges::resumed(std::iter::once(ID).collect());
        assert!(exchanges.release(ID));
        exchanges.keep(ID);
        assert!(exchanges.is_repeated(ID));
        assert!(exchanges.park().contains(&ID));
    }

    #[test]
    fn a_client_that_does_not_wait_for_pubcomp_begins_anew() {
        let mut exchanges = Exchanges::resumed(std::iter::once(ID).collect());
        assert!(exchanges.release(ID));
        exchanges.begin(ID);
        exchanges.complete(ID);
        assert!(exchanges.is_repeated(ID));
    }
}
