//! Packets other than PUBLISH. None is larger than its client takes.

use broker_codec::{
    Ack, Connack, ConnackProperties, Disconnect, DisconnectProperties, Error, PUBACK_BYTES,
    PacketId, ReasonCode, Version, encode_pubacks,
};

use super::Outbounds;
use super::client::Outbound;
use super::write_context::WriteContext;
use crate::key::Key;

/// Why a connection ends, as its client is told.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum LastWord {
    /// In DISCONNECT.
    Disconnect(ReasonCode),
    /// In CONNACK, as it is not connected yet.
    Connack(ReasonCode),
}

/// A packet that cannot be said: it is too large for its client, or its version lacks it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Unsaid;

impl Outbound {
    /// Says one packet that is no PUBLISH, unless its client takes none so large [MQTT-3.1.2-24].
    #[inline]
    fn say(
        &mut self,
        context: &mut WriteContext,
        encode: impl FnOnce(&mut Vec<u8>) -> Result<usize, Error>,
    ) -> Result<(), Unsaid> {
        let max = self.packet_bytes_max;
        let output = self.buffer(context);
        let at = output.len();
        match encode(output) {
            Ok(bytes) if bytes <= max => {
                context.stats.control_out += 1;
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
    fn must_say(
        &mut self,
        context: &mut WriteContext,
        encode: impl FnOnce(&mut Vec<u8>) -> Result<usize, Error>,
    ) {
        self.unsaid |= self.say(context, encode).is_err();
    }

    pub(super) fn say_pubrel(&mut self, context: &mut WriteContext, id: PacketId) {
        let version = self.version;
        self.must_say(context, |out| Ack::new(id).encode_pubrel(version, out));
    }
}

impl Outbounds {
    /// Says a packet that is no PUBLISH to a client, unless it takes none so large [MQTT-3.1.2-24].
    #[inline]
    pub(crate) fn say(
        &mut self,
        key: Key,
        encode: impl FnOnce(&mut Vec<u8>) -> Result<usize, Error>,
    ) -> Result<(), Unsaid> {
        let Some(client) = self.clients.get_mut(key) else { return Ok(()) };
        client.mark_pending(key, &mut self.pending);
        client.say(&mut self.context, encode)
    }

    /// The same for a packet that its client waits for: where it cannot be said, the connection ends
    /// once the output is written.
    #[inline]
    pub(crate) fn must_say(
        &mut self,
        key: Key,
        encode: impl FnOnce(&mut Vec<u8>) -> Result<usize, Error>,
    ) {
        if let Some(client) = self.clients.get_mut(key) {
            client.mark_pending(key, &mut self.pending);
            client.must_say(&mut self.context, encode);
        }
    }

    /// Says CONNACK. Without aliases a client does without, so these give way to what it takes; what else is
    /// said it has to know.
    pub(crate) fn say_connack(
        &mut self,
        key: Key,
        version: Version,
        connack: Connack<'_>,
    ) -> Result<(), Unsaid> {
        let properties = ConnackProperties { topic_alias_maximum: None, ..connack.properties };
        let without = Connack { properties, ..connack };
        self.say(key, |out| connack.encode(version, out))
            .or_else(|_| self.say(key, |out| without.encode(version, out)))
    }

    /// Says why a connection ends. Words give way to what the client takes; what its version has no code for,
    /// or its client no room, is not said at all.
    pub(crate) fn say_last(
        &mut self,
        key: Key,
        version: Version,
        word: LastWord,
        why: Option<&str>,
    ) {
        let mut say = |reason_string| {
            self.say(key, |out| match word {
                LastWord::Disconnect(reason) => {
                    let properties =
                        DisconnectProperties { reason_string, ..DisconnectProperties::default() };
                    Disconnect { reason, properties }.encode(version, out)
                }
                LastWord::Connack(reason) => Connack::refused(reason).encode(version, out),
            })
        };
        let said = say(why);
        if said.is_err() && why.is_some() {
            say(None).ok();
        }
    }

    /// Says PUBACKs of success.
    pub(crate) fn say_pubacks(&mut self, key: Key, of: impl Iterator<Item = PacketId>) {
        let Self { clients, context, pending, .. } = self;
        let Some(client) = clients.get_mut(key) else { return };
        client.mark_pending(key, pending);
        if client.packet_bytes_max < PUBACK_BYTES {
            client.unsaid = true;
            return;
        }
        context.stats.control_out += encode_pubacks(of, client.buffer(context));
    }

    /// Says PUBREL.
    pub(crate) fn say_pubrel(&mut self, key: Key, id: PacketId) {
        if let Some(client) = self.clients.get_mut(key) {
            client.mark_pending(key, &mut self.pending);
            client.say_pubrel(&mut self.context, id);
        }
    }
}
