//! Packets other than PUBLISH: none is larger than its client takes.

use broker_codec::{Ack, Error, PacketId};

use super::Outbound;
use super::desk::Desk;

/// A packet that cannot be said: it is too large for its client, or its version lacks it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Unsaid;

impl Outbound {
    /// Says one packet that is no PUBLISH, unless its client takes none so large [MQTT-3.1.2-24].
    #[inline]
    pub(crate) fn say(
        &mut self,
        desk: &mut Desk,
        encode: impl FnOnce(&mut Vec<u8>) -> Result<usize, Error>,
    ) -> Result<(), Unsaid> {
        let max = self.packet_bytes_max;
        let output = self.buffer(desk);
        let at = output.len();
        match encode(output) {
            Ok(bytes) if bytes <= max => {
                desk.stats.control_out += 1;
                Ok(())
            }
            Ok(_) | Err(_) => {
                output.truncate(at);
                Err(Unsaid)
            }
        }
    }

    /// The same for a packet that its client waits for: without it the connection has to end.
    #[inline]
    pub(crate) fn must_say(
        &mut self,
        desk: &mut Desk,
        encode: impl FnOnce(&mut Vec<u8>) -> Result<usize, Error>,
    ) {
        self.unsaid |= self.say(desk, encode).is_err();
    }

    /// Says PUBREL.
    pub(crate) fn say_pubrel(&mut self, desk: &mut Desk, id: PacketId) {
        let version = self.version;
        self.must_say(desk, |out| Ack::new(id).encode_pubrel(version, out));
    }
}
