//! A look at the publishes that follow in the same bytes. Where a million topics take turns, what is
//! known of each is far from the processor, and a publish would wait several times, one thing leading
//! to the next. The gate learns of a few topics at once, so that their look-ups wait together.

use broker_codec::{Frame, PacketType, frame};

use super::Engine;
use crate::gate::Gate;
use crate::key::Key;

/// Topics of one look: what it brings near is still near when their turn comes.
const TOPICS: usize = 16;

impl<G: Gate> Engine<G> {
    /// Tells the gate the topics of the publishes from a place on; gives where the next look is due. No
    /// packet is checked here: that is done when its turn comes.
    pub(super) fn look_ahead(&self, key: Key, bytes: &[u8], at: usize) -> usize {
        let connection = self.sessions.get(key).filter(|connection| connection.is_up());
        let Some(identity) = connection.and_then(|connection| connection.log_in.identity.as_ref())
        else {
            return at;
        };
        let mut topics = [""; TOPICS];
        let (mut next, mut count) = (at, 0);
        for place in &mut topics {
            let rest = bytes.get(next..).unwrap_or_default();
            let Ok(Frame::Packet(framed)) = frame(rest, self.broker.config.packet_bytes_max) else {
                break;
            };
            let body = rest.get(framed.body.clone()).unwrap_or_default();
            let Some(topic) = topic(framed.header, body) else { break };
            *place = topic;
            count += 1;
            next += framed.total_len;
        }
        let topics = topics.get(..count).unwrap_or_default();
        if count > 1 {
            self.gate.expect(identity.org, topics);
        }
        next
    }
}

/// The topic of a PUBLISH that has one.
fn topic(header: u8, body: &[u8]) -> Option<&str> {
    if PacketType::from_header(header) != Some(PacketType::Publish) {
        return None;
    }
    let (length, rest) = body.split_first_chunk::<2>()?;
    let topic = rest.get(..usize::from(u16::from_be_bytes(*length)))?;
    std::str::from_utf8(topic).ok().filter(|topic| !topic.is_empty())
}
