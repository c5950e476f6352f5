//! PUBACK, PUBREC and PUBCOMP to a client, with the reason why its packet is refused where its version has one.

use broker_codec::{Ack, AckProperties, Property, UserProperties, Version};
use fabric::Rejection;

use super::Outbounds;
use crate::commits::waiter::{Acknowledgement, Answer};
use crate::gate::reason_code;
use crate::key::Key;

impl Outbounds {
    /// Says an acknowledgement, for people with `details`. MQTT 3.1.1 has no negative acknowledgement: a
    /// publish refused for what it is is acknowledged there, since a client that gets no answer repeats it
    /// for ever.
    pub(crate) fn acknowledge(
        &mut self,
        key: Key,
        acknowledgement: Acknowledgement,
        refused: Option<&Rejection>,
        details: bool,
    ) {
        let Acknowledgement { id, answer, refused_rows } = acknowledgement;
        let Some(version) = self.get(key).map(|client| client.version) else { return };
        let encode = |ack: Ack<'_>, out: &mut Vec<u8>| match answer {
            Answer::Puback => ack.encode_puback(version, out),
            Answer::Pubrec | Answer::PubrecAgain => ack.encode_pubrec(version, out),
            Answer::Pubcomp => ack.encode_pubcomp(version, out),
        };
        let mut ack = Ack::new(id);
        if version == Version::V5 && (refused.is_some() || refused_rows > 0) {
            ack.reason = refused.map_or(ack.reason, reason_code);
            let mut user = Vec::new();
            let named = encode_names(refused, refused_rows, &mut user);
            const DETAIL_MAX: usize = 1024;
            let detail = refused.map(|refused| &*refused.detail);
            let fits = detail.is_none_or(|detail| detail.len() < DETAIL_MAX);
            if details && fits && named.is_ok() {
                let user = UserProperties::parse(&user).unwrap_or_default();
                ack.properties = AckProperties { reason_string: detail, user };
            }
            // Words give way to the client's Maximum Packet Size, the code does not.
            if ack.properties != AckProperties::default()
                && self.say(key, |out| encode(ack, out)).is_ok()
            {
                return;
            }
            ack.properties = AckProperties::default();
            return self.must_say(key, |out| encode(ack, out));
        }
        self.must_say(key, |out| encode(ack, out));
    }
}

/// What an acknowledgement says beside its reason code, as user properties.
fn encode_names(
    refused: Option<&Rejection>,
    refused_rows: u32,
    user: &mut Vec<u8>,
) -> Result<(), broker_codec::Error> {
    match refused {
        Some(refused) => {
            Property::UserProperty("uns-reason", refused.reason.name()).encode(user)?;
            match &refused.dead_id {
                Some(id) => Property::UserProperty("uns-dead-id", id).encode(user),
                None => Ok(()),
            }
        }
        None => {
            let rows = refused_rows.to_string();
            Property::UserProperty("uns-rejected", &rows).encode(user)
        }
    }
}
