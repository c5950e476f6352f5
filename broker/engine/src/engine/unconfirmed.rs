//! What clients of durable sessions acknowledged, until the log has it. Nobody waits for that, and a
//! full disk loses it: the log is told again once it works.

use broker_codec::PacketId;
use fabric::SessionChange;
use uns_model::Sequence;

use super::acks::{Acks, Who};
use super::{Engine, Now};
use crate::connection::Connection;
use crate::gate::Gate;

/// Something a durable session's client acknowledged.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Unconfirmed {
    /// Tells whether the log has it.
    ticket: u64,
    /// Of the message.
    sequence: Sequence,
    /// PUBREC with this identifier: PUBREL waits for the log.
    released: Option<PacketId>,
}

impl Unconfirmed {
    fn change(&self) -> SessionChange<'static> {
        let sequence = self.sequence;
        match self.released {
            Some(_) => SessionChange::Released { sequence },
            None => SessionChange::Settled { sequence },
        }
    }
}

impl<R, N> Acks<R, N> {
    /// A session's client acknowledged something, which is kept until the log has it.
    pub(super) fn note_acknowledged<M>(
        &mut self,
        connection: &mut Connection<M>,
        (sequence, released): (Sequence, Option<PacketId>),
    ) {
        self.acknowledged = true;
        let kept = &mut connection.unconfirmed;
        while kept.front().is_some_and(|one| one.ticket <= self.reached) {
            kept.pop_front();
        }
        kept.push_back(Unconfirmed { ticket: self.next, sequence, released });
    }

    /// The log took nothing; the ticket that tells whether it does again.
    pub(super) fn note_unknown(&mut self) -> u64 {
        self.acknowledged = true;
        self.next
    }
}

impl<G: Gate> Engine<G> {
    /// The log takes something again. What sessions acknowledged meanwhile it may not have, and the
    /// ledger would wait for it: it is told again. A connection it does not know of ends at the next
    /// tick, and takes up what the log says.
    pub(super) fn doubt(&mut self, now: Now, reached: u64) {
        let ticket = self.acks.next;
        let keys: Vec<_> = self.connections.iter().map(|(key, _)| key).collect();
        for key in keys {
            let Some(connection) = self.connections.get_mut(key) else { continue };
            let Some(session) = connection.durable_session().filter(|_| connection.is_up()) else {
                continue;
            };
            if connection.unknown > reached {
                self.unanswered.push(key);
                continue;
            }
            for id in &connection.unforgotten {
                let forgot = SessionChange::Forgot { packet_id: id.get() };
                self.gate.session(now.wall, session, &forgot);
            }
            let doubtful = connection.unconfirmed.iter_mut().filter(|one| one.ticket > reached);
            for one in doubtful {
                one.ticket = ticket;
                self.acks.acknowledged = true;
                self.gate.session(now.wall, session, &one.change());
                if let Some(id) = one.released {
                    self.acks.wait(Who::Release(key, id), None);
                }
            }
        }
    }
}
