//! The session of a connection, as far as the log knows it.

use std::collections::{HashSet, VecDeque};

use ahash::RandomState;
use broker_codec::PacketId;
use uns_model::{Sequence, SessionNo};

use super::unconfirmed::Unconfirmed;

/// The session of a connection.
#[derive(Debug, Default)]
pub(crate) struct SessionState {
    /// Its number, if the log knows it: it has a will, or is durable.
    pub(crate) number: Option<SessionNo>,
    /// Whether it outlives this connection, or the one before: then what it is owed comes from the ledger.
    pub(crate) durable: bool,
    /// Whether it began with this connection, and the log has not confirmed it.
    pub(crate) is_new: bool,
    /// Seconds it outlives the connection, `u32::MAX` for ever.
    pub(crate) expiry: u32,
    /// Whether CONNECT asked for a session that outlives the connection.
    pub(crate) wanted: bool,
    /// Filters of a durable session whose retained messages are still being sent.
    pub(crate) walks: HashSet<Box<str>, RandomState>,
    /// What its client acknowledged and the log may not have yet, oldest first. No more than a window of
    /// the ledger, which waits for it.
    pub(crate) unconfirmed: VecDeque<Unconfirmed>,
    /// The ticket that tells whether the log works again, if it took nothing when this connection began
    /// and so does not know of it.
    pub(crate) unknown: u64,
}

impl SessionState {
    /// Its number, if it is durable.
    pub(crate) fn number_if_durable(&self) -> Option<SessionNo> {
        self.number.filter(|_| self.durable)
    }

    /// Its client acknowledged something, which is kept until the log has it: once `ticket` is among
    /// those that are reached.
    pub(crate) fn note_unconfirmed(
        &mut self,
        sequence: Sequence,
        released: Option<PacketId>,
        ticket: u64,
        reached: u64,
    ) {
        let kept = &mut self.unconfirmed;
        while kept.front().is_some_and(|one| one.ticket <= reached) {
            kept.pop_front();
        }
        kept.push_back(Unconfirmed { ticket, sequence, released });
    }
}
