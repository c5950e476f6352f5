//! QoS 2 from clients: an identifier is in use from its PUBLISH to its PUBCOMP, neither longer nor
//! shorter, whatever happens to connection, log and process in between.

use broker_codec::PacketId;
use fabric::{Rejection, SessionChange};
use uns_model::{Reason, SessionNo};

use super::acks::Who;
use super::answer::{Accepted, Acknowledgement, Answer};
use super::leaving::Leaving;
use super::{Engine, Now, Signal};
use crate::config::Durability;
use crate::connection::Connection;
use crate::gate::Gate;
use crate::key::{Address, Key};

impl<G: Gate> Engine<G> {
    /// A QoS 2 publish was accepted, or not: PUBREC, and its identifier is in use until PUBCOMP.
    pub(super) fn take(
        &mut self,
        now: Now,
        key: Key,
        id: PacketId,
        accepted: Result<Accepted, Rejection>,
    ) {
        let Some(connection) = self.connections.get_mut(key) else { return };
        let mut accepted = accepted;
        if let Ok(accepted) = &mut accepted {
            connection.received.begin(id);
            connection.unforgotten.remove(&id);
            if let Some(session) = connection.durable_session() {
                self.gate.session(now.wall, session, &SessionChange::Took { packet_id: id.get() });
                accepted.logged = true;
            }
        }
        self.acknowledge(key, (id, Answer::Pubrec), accepted);
    }

    /// PUBREL: the identifier is free once PUBCOMP says so, and that follows the commit where the
    /// log keeps the session. Its client gives the identifier to another message from then on; if a
    /// crash brought it back as one in use, that message would pass for a repetition, and be lost.
    pub(super) fn pubrel(&mut self, now: Now, key: Key, id: PacketId) {
        let Some(connection) = self.connections.get_mut(key) else { return };
        let unknown = (!connection.received.release(id)).then(unknown_identifier);
        let pubcomp = Acknowledgement { id, answer: Answer::Pubcomp, refused_rows: 0 };
        let session = connection.durable_session();
        if let Some(session) = session {
            // Also of one that is unknown here: the log may still have it.
            self.gate.session(now.wall, session, &SessionChange::Forgot { packet_id: id.get() });
        }
        if session.is_some() || connection.unacknowledged > 0 {
            connection.unacknowledged += 1;
            return self.acks.wait(Who::Client(key, pubcomp), unknown);
        }
        self.answer_client(key, pubcomp, unknown.as_ref());
    }

    /// The log has decided about a publish of a durable session.
    pub(super) fn decided(&mut self, key: Key, id: PacketId, taken: bool) {
        let Some(leaving) = self.leaving.get_mut(&key) else {
            if let Some(connection) = self.connections.get_mut(key) {
                connection.undecided = connection.undecided.saturating_sub(1);
            }
            return;
        };
        let client = (leaving.org, &*leaving.client_id);
        if !taken {
            self.broker.clients.forget_received(client, leaving.session, id);
        }
        leaving.undecided -= 1;
        if leaving.undecided > 0 {
            return;
        }
        self.broker.clients.decided(client, leaving.session);
        let waiting = self.leaving.remove(&key).map(|leaving| leaving.waiting);
        for new in waiting.into_iter().flatten() {
            self.effects.signals.push((new.core, Signal::TakenOver { new: new.key }));
        }
    }

    /// The connection of a durable session goes. Where its session is to be found until the log has
    /// decided about all it published; `None` if it has.
    pub(super) fn leave_undecided(&mut self, key: Key, session: SessionNo) -> Option<Address> {
        let me = self.address(key);
        let connection = self.connections.get_mut(key)?;
        let undecided = std::mem::take(&mut connection.undecided);
        if undecided == 0 {
            return None;
        }
        let (org, client_id) = (connection.org, connection.client_id.clone());
        let leaving = Leaving { org, client_id, session, undecided, waiting: Vec::new() };
        self.leaving.insert(key, leaving);
        Some(me)
    }

    /// The holder of a client id is gone: its session is the next connection's, as soon as the log
    /// has decided about all it published.
    pub(super) fn hand_session_over(&mut self, old: Key, new: Address) {
        match self.leaving.get_mut(&old) {
            Some(leaving) => leaving.waiting.push(new),
            None => {
                self.effects.signals.push((new.core, Signal::TakenOver { new: new.key }));
            }
        }
    }
}

impl<N> Connection<N> {
    /// An answer is due: what that means for the identifier, and what is refused after all.
    pub(super) fn conclude(
        &mut self,
        (id, answer): (PacketId, Answer),
        refused: Option<&Rejection>,
    ) -> Option<Rejection> {
        match answer {
            Answer::Puback => refused.cloned(),
            Answer::Pubrec => {
                // Not taken: sent again, it is a new publish.
                self.received.decide(id, refused.is_none());
                refused.cloned()
            }
            // It shares the fate of the one it repeats, whatever became of others meanwhile.
            Answer::PubrecAgain => (!self.received.is_in_use(id)).then(not_taken),
            Answer::Pubcomp => match refused.filter(|refused| refused.is_temporary()) {
                None => {
                    self.received.complete(id);
                    refused.cloned()
                }
                Some(_) if self.durability == Durability::Memory => {
                    self.received.complete(id);
                    self.unforgotten.insert(id);
                    None
                }
                Some(_) => {
                    self.received.keep(id);
                    refused.cloned()
                }
            },
        }
    }
}

fn unknown_identifier() -> Rejection {
    Rejection::new(
        Reason::PacketIdentifierUnknown,
        "no PUBLISH of QoS 2 with this identifier is under way",
    )
}

fn not_taken() -> Rejection {
    Rejection::new(Reason::StorageFull, "the PUBLISH that this one repeats could not be stored")
}
