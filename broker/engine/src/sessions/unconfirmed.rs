//! What the client of a durable session acknowledged, until the log has it.

use broker_codec::PacketId;
use fabric::SessionChange;
use uns_model::Sequence;

/// Something a durable session's client acknowledged.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Unconfirmed {
    /// Tells whether the log has it.
    pub(crate) ticket: u64,
    /// Of the message.
    pub(crate) sequence: Sequence,
    /// PUBREC with this identifier: PUBREL waits for the log.
    pub(crate) released: Option<PacketId>,
}

impl Unconfirmed {
    pub(crate) fn change(&self) -> SessionChange<'static> {
        let sequence = self.sequence;
        match self.released {
            Some(_) => SessionChange::Released { sequence },
            None => SessionChange::Settled { sequence },
        }
    }
}
