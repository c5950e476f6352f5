//! A connection as its client sees it, and what it hears there.

use std::collections::HashMap;

use broker_codec::PacketId;
use broker_engine::Key;

/// A connection as its client sees it.
#[derive(Debug)]
pub(crate) struct Line {
    pub(crate) core: usize,
    pub(crate) key: Key,
    /// Bytes on their way to the hub.
    pub(crate) up: Vec<u8>,
    /// Bytes the hub has and did not use.
    pub(crate) unread: Vec<u8>,
    /// Bytes from the hub.
    pub(crate) down: Vec<u8>,
    pub(crate) welcome: bool,
}

/// A message it received.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub(crate) struct Got {
    pub(crate) topic: String,
    pub(crate) number: u32,
}

/// What it heard that the model has to know.
#[derive(Debug)]
pub(crate) enum Heard {
    Welcome {
        present: bool,
    },
    Subscribed,
    /// PUBREC: the hub has it.
    Received {
        number: u32,
    },
    Acknowledged {
        topic: String,
        number: u32,
        /// PUBCOMP that follows a commit: an identifier nobody knows is answered at once.
        released: bool,
    },
    /// The hub would not take it.
    Refused {
        number: u32,
    },
}

/// Answers still to come to what was said more than once on one connection. Until then their
/// identifiers are not free: a second PUBACK would be taken for that of the next message.
#[derive(Debug, Default)]
pub(crate) struct Echoes(HashMap<PacketId, usize>);

impl Echoes {
    /// The first of the answers to what was said so often came.
    pub(crate) fn first_came(&mut self, id: PacketId, said: usize) {
        if said > 1 {
            self.0.insert(id, said - 1);
        }
    }

    /// Whether an answer is one of those, which nobody waits for any more.
    pub(crate) fn take(&mut self, id: PacketId) -> bool {
        let Some(left) = self.0.get_mut(&id) else { return false };
        *left -= 1;
        if *left == 0 {
            self.0.remove(&id);
        }
        true
    }

    pub(crate) fn has(&self, id: u16) -> bool {
        PacketId::new(id).is_some_and(|id| self.0.contains_key(&id))
    }
}
