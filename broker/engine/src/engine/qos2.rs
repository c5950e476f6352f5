//! QoS 2 from clients: an identifier is in use from its PUBLISH to its PUBCOMP, neither longer nor
//! shorter, whatever happens to connection, log and process in between.

use broker_codec::PacketId;
use fabric::{Rejection, SessionChange};

use super::Engine;
use super::acknowledge::Accepted;
use crate::commits::waiter::{Acknowledgement, Answer, Awaited};
use crate::gate::Gate;
use crate::key::Key;
use crate::now::Now;
use crate::sessions::answers::Turn;

impl<G: Gate> Engine<G> {
    /// A QoS 2 publish was accepted, or not: PUBREC, and its identifier is in use until PUBCOMP.
    pub(super) fn pubrec_publish(
        &mut self,
        now: Now,
        key: Key,
        id: PacketId,
        accepted: Result<Accepted, Rejection>,
    ) {
        let Some(connection) = self.sessions.get_mut(key) else { return };
        let mut accepted = accepted;
        if let Ok(accepted) = &mut accepted {
            connection.inflight.begin_exchange(id);
            if let Some(session) = connection.durable_session() {
                self.gate.session(now.wall, session, &SessionChange::Took { packet_id: id.get() });
                accepted.logged = true;
            }
        }
        self.acknowledge(key, id, Answer::Pubrec, accepted);
    }

    /// PUBREL: the identifier is free once PUBCOMP says so, and that follows the commit where the
    /// log keeps the session. Its client gives the identifier to another message from then on; if a
    /// crash brought it back as one in use, that message would pass for a repetition, and be lost.
    pub(super) fn pubrel(&mut self, now: Now, key: Key, id: PacketId) {
        let Some(connection) = self.sessions.get_mut(key) else { return };
        let unknown = connection.inflight.release(id).err();
        let pubcomp = Acknowledgement { id, answer: Answer::Pubcomp, refused_rows: 0 };
        let session = connection.durable_session();
        if let Some(session) = session {
            // Also of one that is unknown here: the log may still have it.
            self.gate.session(now.wall, session, &SessionChange::Forgot { packet_id: id.get() });
        }
        match connection.turn(Answer::Pubcomp, session.is_some()) {
            Turn::Now => self.answer_client(key, pubcomp, unknown.as_ref()),
            Turn::Later | Turn::LaterForSession => {
                self.commits.wait(Awaited::Answer(key, pubcomp), unknown);
            }
        }
    }
}
