//! Which answers a trace notes. They name no topic, but tell of the packet they answer: its identifier,
//! its result, and that there was one.

use std::collections::HashSet;

use broker_codec::PacketType;

/// How many packets may wait for their answers in one trace.
const UNANSWERED_MAX: usize = 8192;

/// Packets with an identifier that were shown and may be answered yet. An answer to any other one, such
/// as to a packet from before the trace, is left out.
#[derive(Debug, Default)]
pub(super) struct Unanswered(HashSet<Request>);

/// Client and broker number their packets apart from each other.
#[derive(PartialEq, Eq, Hash, Debug)]
struct Request {
    client_id: Box<str>,
    of_client: bool,
    packet_id: u16,
}

impl Unanswered {
    /// Whether a packet is noted, of which every topic is shown or not.
    pub(super) fn lets(
        &mut self,
        (packet, incoming): (PacketType, bool),
        client_id: &str,
        packet_id: Option<u16>,
        shown: bool,
    ) -> bool {
        let Some(packet_id) = packet_id else { return shown };
        let of_client = match packet {
            PacketType::Publish
            | PacketType::Pubrel
            | PacketType::Subscribe
            | PacketType::Unsubscribe => incoming,
            _ => !incoming,
        };
        let request = Request { client_id: client_id.into(), of_client, packet_id };
        match packet {
            PacketType::Pubrec | PacketType::Pubrel => self.0.contains(&request),
            PacketType::Puback
            | PacketType::Pubcomp
            | PacketType::Suback
            | PacketType::Unsuback => self.0.remove(&request),
            _ if shown => {
                // What is forgotten is left out, so the limit hides too much rather than too little.
                if self.0.len() >= UNANSWERED_MAX {
                    self.0.clear();
                }
                self.0.insert(request);
                true
            }
            _ => {
                self.0.remove(&request);
                false
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn answers_are_let_through_once_and_to_what_was_shown() {
        use PacketType::{Puback, Pubcomp, Publish, Pubrec, Pubrel};
        let mut unanswered = Unanswered::default();
        let mut lets =
            |packet, incoming, shown| unanswered.lets((packet, incoming), "c", Some(1), shown);
        assert!(!lets(Puback, false, true), "from before the trace");
        assert!(lets(Publish, true, true));
        assert!(!lets(Puback, true, true), "the broker's identifiers are others");
        for _ in 0..2 {
            assert!(lets(Pubrec, false, true) && lets(Pubrel, true, true));
        }
        assert!(lets(Pubcomp, false, true) && !lets(Pubcomp, false, true));
        // The identifier of a packet that was never answered is used again.
        assert!(lets(Publish, false, true) && !lets(Publish, false, false));
        assert!(!lets(Puback, true, true));
    }

    #[test]
    fn what_waits_for_an_answer_is_bounded() {
        let mut unanswered = Unanswered::default();
        for client in 0..2 * UNANSWERED_MAX + 7 {
            let publish = (PacketType::Publish, true);
            assert!(unanswered.lets(publish, &client.to_string(), Some(1), true));
            assert!(unanswered.0.len() <= UNANSWERED_MAX);
        }
        assert!(!unanswered.lets((PacketType::Puback, false), "0", Some(1), true));
    }
}
