//! What clients acknowledge: PUBACK, PUBREC and PUBCOMP for deliveries. Identifiers that are not in
//! use, or out of order, are nobody's fault (TRAP-28); the packet of another QoS is (TRAP-28a).

use broker_codec::{Ack, PacketId, ReasonCode};
use fabric::SessionChange;

use super::Engine;
use super::step::Fatal;
use crate::commits::waiter::Awaited;
use crate::gate::Gate;
use crate::key::Key;
use crate::now::Now;
use crate::outbound::acknowledged::Delivered;
use crate::outbound::window::Awaits;
use crate::stats::Leniency;

impl<G: Gate> Engine<G> {
    /// PUBACK, PUBREC or PUBCOMP for a delivery.
    pub(super) fn acknowledged(
        &mut self,
        now: Now,
        key: Key,
        ack: &Ack<'_>,
        said: Awaits,
    ) -> Result<(), Fatal> {
        let Some(client) = self.outbound.get(key) else { return Ok(()) };
        if client.is_of_wrong_kind(ack.packet_id, said) {
            let forgiven = self.forgives(key, Leniency::AckKind);
            return if forgiven { Ok(()) } else { Err(Fatal(ReasonCode::ProtocolError)) };
        }
        if said == Awaits::Pubrec && !ack.reason.is_error() {
            self.pubrec(now, key, ack.packet_id);
        } else {
            self.delivered(now, key, ack.packet_id, said);
        }
        Ok(())
    }

    /// A delivery of QoS 2 arrived.
    fn pubrec(&mut self, now: Now, key: Key, id: PacketId) {
        let Some(sequence) = self.outbound.receive_pubrec(key, id) else { return };
        let Some(connection) = self.sessions.get_mut(key) else { return };
        let Some(session) = connection.session.number else { return };
        self.gate.session(now.wall, session, &SessionChange::Released { sequence });
        let (ticket, reached) = (self.commits.follow(), self.commits.reached());
        connection.session.note_unconfirmed(sequence, Some(id), ticket, reached);
        self.commits.wait(Awaited::Pubrel(key, id), None);
    }

    /// A delivery is over.
    fn delivered(&mut self, now: Now, key: Key, id: PacketId, said: Awaits) {
        match self.outbound.delivered(key, id, said) {
            Delivered::NotAwaited => return,
            Delivered::Fed => self.pump_feed(now, key),
            Delivered::Live => {}
        }
        let relieved = self.outbound.pump(now.monotonic, key);
        self.resume_all_if(relieved);
        self.pump_retained(now, key);
    }
}
