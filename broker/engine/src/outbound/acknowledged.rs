//! What a client says of the deliveries it got: PUBACK, PUBREC and PUBCOMP.

use broker_codec::{Ack, PacketId, ReasonCode};
use uns_model::Sequence;

use super::Outbounds;
use super::feed::ReceivedPubrec;
use super::window::Awaits;
use crate::key::Key;

/// What the end of a delivery means.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Delivered {
    /// Nothing: it was not awaited (TRAP-28).
    NotAwaited,
    /// There is room for more.
    Live,
    /// The same, also for what the ledger feeds.
    Fed,
}

impl Outbounds {
    /// A delivery of QoS 2 arrived. Gives the record whose release is to be in the log before PUBREL; where
    /// the log does not know of the delivery, or knows already, PUBREL is said at once.
    pub(crate) fn receive_pubrec(&mut self, key: Key, id: PacketId) -> Option<Sequence> {
        let client = self.clients.get_mut(key)?;
        if let Some(feed) = client.feed.as_mut().filter(|feed| feed.knows(id)) {
            match feed.receive(id) {
                ReceivedPubrec::First(sequence) => return Some(sequence),
                ReceivedPubrec::Again => self.say_pubrel(key, id),
                ReceivedPubrec::Early => {}
            }
            return None;
        }
        let version = client.version;
        match client.window.awaits(id) {
            Awaits::Nothing => {
                let unknown = Ack::with_reason(id, ReasonCode::PacketIdentifierNotFound);
                self.must_say(key, |out| unknown.encode_pubrel(version, out));
            }
            Awaits::Puback => {}
            Awaits::Pubrec | Awaits::Pubcomp => {
                client.window.receive(id);
                self.say_pubrel(key, id);
            }
        }
        None
    }

    /// The log has the release of a delivery, so a crash cannot have its message sent again: PUBREL.
    pub(crate) fn release(&mut self, key: Key, id: PacketId) {
        if let Some(client) = self.clients.get_mut(key).filter(|client| client.connected)
            && client.feed.as_mut().is_some_and(|feed| feed.release(id))
        {
            self.say_pubrel(key, id);
        }
    }

    /// A delivery is over, or was refused.
    pub(crate) fn delivered(&mut self, key: Key, id: PacketId, said: Awaits) -> Delivered {
        let Some(client) = self.clients.get_mut(key) else { return Delivered::NotAwaited };
        if let Some(feed) = client.feed.as_mut().filter(|feed| feed.knows(id)) {
            feed.settle(id, said);
            return Delivered::Fed;
        }
        match client.settle(id, said) {
            false => Delivered::NotAwaited,
            // Whatever it was, there is room in the window for what the ledger fed.
            true if client.feed.is_some() => Delivered::Fed,
            true => Delivered::Live,
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use broker_codec::{Frame, Packet, Version, frame};

    use super::*;
    use crate::config::Config;
    use crate::outbound::feed::{Due, Fed};

    const KEY: Key = Key { slot: 0, generation: 0 };

    /// One connected client.
    fn client() -> Outbounds {
        let mut outbounds = Outbounds::new(Arc::new(Config::default()), Arc::default());
        outbounds.open(KEY);
        outbounds.connected(KEY);
        outbounds
    }

    /// One with this delivery from the ledger.
    fn fed(id: PacketId, sequence: Sequence) -> Outbounds {
        let mut outbounds = client();
        let feed = outbounds.get_mut(KEY).unwrap().feed.insert(Box::default());
        feed.sent(&Fed { sequence, packet_id: id, what: Due::Release }, Awaits::Pubrec);
        outbounds
    }

    /// The packets that are to be written now.
    fn said(outbounds: &mut Outbounds) -> Vec<(PacketId, ReasonCode)> {
        let mut bytes = outbounds.output(KEY).to_vec();
        outbounds.discard_output(KEY);
        let mut said = Vec::new();
        while let Ok(Frame::Packet(framed)) = frame(&bytes, 100) {
            let packet = framed.decode(Version::V5, &bytes).unwrap();
            let (Packet::Pubrel(ack) | Packet::Pubrec(ack)) = packet else {
                unreachable!("{packet:?}")
            };
            said.push((ack.packet_id, ack.reason));
            bytes.drain(..framed.total_len);
        }
        said
    }

    #[test]
    fn pubrel_of_what_the_ledger_feeds_follows_the_log() {
        let (id, sequence) = (PacketId::FIRST, Sequence(9));
        let mut outbounds = fed(id, sequence);
        assert_eq!(outbounds.receive_pubrec(KEY, id), Some(sequence));
        assert_eq!(outbounds.receive_pubrec(KEY, id), None, "the log has not decided");
        assert_eq!(said(&mut outbounds), []);
        outbounds.release(KEY, id);
        assert_eq!(outbounds.receive_pubrec(KEY, id), None);
        assert_eq!(said(&mut outbounds), [(id, ReasonCode::Success); 2]);
        assert_eq!(outbounds.delivered(KEY, id, Awaits::Pubcomp), Delivered::Fed);
        outbounds.release(KEY, id);
        assert_eq!(said(&mut outbounds), [], "it is over");
    }

    #[test]
    fn pubrel_of_another_delivery_is_said_at_once() {
        let mut outbounds = client();
        let id = outbounds.get_mut(KEY).unwrap().window.take(2).unwrap();
        assert_eq!(outbounds.receive_pubrec(KEY, id), None);
        assert_eq!(outbounds.receive_pubrec(KEY, id), None);
        assert_eq!(said(&mut outbounds), [(id, ReasonCode::Success); 2]);
        assert_eq!(outbounds.delivered(KEY, id, Awaits::Pubcomp), Delivered::Live);
        assert_eq!(outbounds.receive_pubrec(KEY, id), None);
        assert_eq!(said(&mut outbounds), [(id, ReasonCode::PacketIdentifierNotFound)]);
    }

    #[test]
    fn what_is_not_awaited_makes_no_room() {
        let mut outbounds = client();
        let id = outbounds.get_mut(KEY).unwrap().window.take(1).unwrap();
        for said in [Awaits::Pubcomp, Awaits::Pubrec] {
            assert_eq!(outbounds.delivered(KEY, id, said), Delivered::NotAwaited);
        }
        assert_eq!(outbounds.receive_pubrec(KEY, id), None);
        assert_eq!(said(&mut outbounds), []);
        assert_eq!(outbounds.delivered(KEY, id, Awaits::Puback), Delivered::Live);
        assert_eq!(outbounds.delivered(KEY, id, Awaits::Puback), Delivered::NotAwaited);
    }
}
