//! What clients acknowledge: PUBACK, PUBREC and PUBCOMP for deliveries. Identifiers that are not in
//! use, or out of order, are nobody's fault (TRAP-28); the packet of another QoS is (TRAP-28a).

use broker_codec::{Ack, PacketId, ReasonCode};
use fabric::SessionChange;

use super::acks::Who;
use super::receive::Fatal;
use super::{Engine, Now};
use crate::feed::Received;
use crate::gate::Gate;
use crate::key::Key;
use crate::stats::Leniency;
use crate::window::Awaits;

impl<G: Gate> Engine<G> {
    /// PUBACK, PUBREC or PUBCOMP for a delivery.
    pub(super) fn delivered(
        &mut self,
        now: Now,
        key: Key,
        (ack, said): (&Ack<'_>, Awaits),
    ) -> Result<(), Fatal> {
        let Some(connection) = self.connections.get(key) else { return Ok(()) };
        if connection.outbound.is_of_wrong_kind(ack.packet_id, said) {
            let forgiven = self.forgives(key, Leniency::AckKind);
            return if forgiven { Ok(()) } else { Err(Fatal(ReasonCode::ProtocolError)) };
        }
        if said == Awaits::Pubrec {
            self.pubrec(now, key, ack);
        } else {
            self.settled(now, key, ack.packet_id, said);
        }
        Ok(())
    }

    /// A delivery of QoS 2 arrived, or is refused.
    fn pubrec(&mut self, now: Now, key: Key, pubrec: &Ack<'_>) {
        let id = pubrec.packet_id;
        if pubrec.reason.is_error() {
            return self.settled(now, key, id, Awaits::Pubrec);
        }
        let Some(connection) = self.connections.get_mut(key) else { return };
        let outbound = &mut connection.outbound;
        if let Some(feed) = outbound.feed.as_mut().filter(|feed| feed.knows(id)) {
            match (feed.receive(id), connection.session) {
                (Received::First(sequence), Some(session)) => {
                    self.gate.session(now.wall, session, &SessionChange::Released { sequence });
                    self.acks.note_acknowledged(connection, (sequence, Some(id)));
                    self.acks.wait(Who::Release(key, id), None);
                }
                (Received::Again, _) => outbound.say_pubrel(&mut self.desk, id),
                _ => {}
            }
        } else if outbound.window.awaits(id) == Awaits::Nothing {
            let version = outbound.version;
            let unknown = Ack::with_reason(id, ReasonCode::PacketIdentifierNotFound);
            outbound.must_say(&mut self.desk, |out| unknown.encode_pubrel(version, out));
        } else if outbound.window.awaits(id) != Awaits::Puback {
            outbound.window.receive(id);
            outbound.say_pubrel(&mut self.desk, id);
        }
        Self::mark_dirty(connection, key, &mut self.effects.dirty);
    }

    /// A delivery is over.
    fn settled(&mut self, now: Now, key: Key, id: PacketId, said: Awaits) {
        let Some(connection) = self.connections.get_mut(key) else { return };
        let outbound = &mut connection.outbound;
        if let Some(feed) = outbound.feed.as_mut().filter(|feed| feed.knows(id)) {
            feed.settle(id, said);
            self.pump_feed(now, key);
        } else if outbound.window.release(id, said) {
            outbound.settle(id);
            if outbound.queued() > 0 {
                outbound.pump(&mut self.desk, now.monotonic);
                Self::mark_dirty(connection, key, &mut self.effects.dirty);
                self.update_pace(now.monotonic, key);
            }
        }
        self.pump_retained(now, key);
    }
}
