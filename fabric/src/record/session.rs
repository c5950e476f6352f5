//! What happens to a session that outlives its connection, or has a will.

use std::num::NonZeroU32;

use uns_model::{OrgId, PublisherId, Sequence, SessionNo, Timestamp};

use super::cut::Cut;
use super::head::{FLAG_EXPIRY, FLAG_QOS, FLAG_RETAIN, KIND_SESSION, head, length_of};
use super::publish::flags;

const CHANGE_OFFSET: usize = 6;
const FLAG_WALK: u8 = 0b0000_0001;
const FLAG_IDENTIFIER: u8 = 0b0000_0010;
const FLAG_NAMED: u8 = 0b0000_0001;

/// One change of a session. Its number in the bytes is given in brackets.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub enum SessionChange<'a> {
    /// \[0\] It begins, connected, under a number never used before; it ends an older session of
    /// the same client id.
    Opened {
        /// The organisation.
        org: OrgId,
        /// The client id.
        client_id: &'a str,
        /// Its number as a publisher, for its will and its own publishes.
        publisher: PublisherId,
        /// Session Expiry Interval in seconds; `u32::MAX` never ends it.
        expiry: u32,
    },
    /// \[1\] A connection continues it.
    Resumed {
        /// Session Expiry Interval in seconds.
        expiry: u32,
    },
    /// \[2\] Its connection is gone.
    Left {
        /// Session Expiry Interval in seconds, which counts from now.
        expiry: u32,
    },
    /// \[3\] It is over.
    Ended,
    /// \[4\] It subscribed, or replaced a subscription to the same filter.
    Subscribed {
        /// The filter.
        filter: &'a str,
        /// The MQTT 5 subscription options with the granted QoS.
        options: u8,
        /// Its Subscription Identifier.
        identifier: Option<NonZeroU32>,
        /// Retained messages are owed to it.
        walk: bool,
    },
    /// \[5\] It unsubscribed.
    Unsubscribed {
        /// The filter.
        filter: &'a str,
    },
    /// \[6\] The retained messages of a subscription have been delivered.
    Walked {
        /// The filter.
        filter: &'a str,
    },
    /// \[7\] It has this will now.
    Will {
        /// Will Delay Interval in seconds.
        delay: u32,
        /// Will QoS, 0 to 2.
        qos: u8,
        /// Will Retain.
        retain: bool,
        /// Message Expiry Interval in seconds.
        expiry: Option<u32>,
        /// Will Topic.
        topic: &'a str,
        /// The properties of the publish, in wire form without their length.
        properties: &'a [u8],
        /// Will Payload.
        payload: &'a [u8],
    },
    /// \[8\] Its will was withdrawn, or published.
    WillGone {
        /// The [`SessionChange::Will`] it was; without it, as before format version 3, whichever
        /// the session has.
        will: Option<Sequence>,
    },
    /// \[9\] What it was owed is done: acknowledged for good, or dropped.
    Settled {
        /// The publish.
        sequence: Sequence,
    },
    /// \[10\] PUBREC came: from now on PUBREL is sent.
    Released {
        /// The publish.
        sequence: Sequence,
    },
    /// \[11\] A QoS 2 publish of the client was taken under this packet id.
    Took {
        /// The packet id.
        packet_id: u16,
    },
    /// \[12\] The client released that packet id.
    Forgot {
        /// The packet id.
        packet_id: u16,
    },
    /// \[13\] It belongs to whoever logs in under this name; without it to anybody.
    Owner {
        /// The name.
        name: &'a str,
    },
}

/// The bytes behind the session's number.
pub(super) fn change_len(change: &SessionChange<'_>) -> usize {
    match change {
        SessionChange::Opened { client_id, .. } => 12 + client_id.len(),
        SessionChange::Resumed { .. } | SessionChange::Left { .. } => 4,
        SessionChange::Ended | SessionChange::WillGone { will: None } => 0,
        SessionChange::WillGone { will: Some(_) } => 8,
        SessionChange::Subscribed { filter, identifier, .. } => {
            1 + if identifier.is_some() { 4 } else { 0 } + filter.len()
        }
        SessionChange::Unsubscribed { filter } | SessionChange::Walked { filter } => filter.len(),
        SessionChange::Owner { name } => name.len(),
        SessionChange::Will { expiry, topic, properties, payload, .. } => {
            let optional = if expiry.is_some() { 4 } else { 0 };
            12 + optional + topic.len() + properties.len() + payload.len()
        }
        SessionChange::Settled { .. } | SessionChange::Released { .. } => 8,
        SessionChange::Took { .. } | SessionChange::Forgot { .. } => 2,
    }
}

fn number_and_flags(change: &SessionChange<'_>) -> (u8, u8) {
    match *change {
        SessionChange::Opened { .. } => (0, 0),
        SessionChange::Resumed { .. } => (1, 0),
        SessionChange::Left { .. } => (2, 0),
        SessionChange::Ended => (3, 0),
        SessionChange::Subscribed { identifier, walk, .. } => {
            let walk = if walk { FLAG_WALK } else { 0 };
            (4, walk | if identifier.is_some() { FLAG_IDENTIFIER } else { 0 })
        }
        SessionChange::Unsubscribed { .. } => (5, 0),
        SessionChange::Walked { .. } => (6, 0),
        SessionChange::Will { qos, retain, expiry, .. } => (7, flags(qos, retain, expiry)),
        SessionChange::WillGone { will } => (8, if will.is_some() { FLAG_NAMED } else { 0 }),
        SessionChange::Settled { .. } => (9, 0),
        SessionChange::Released { .. } => (10, 0),
        SessionChange::Took { .. } => (11, 0),
        SessionChange::Forgot { .. } => (12, 0),
        SessionChange::Owner { .. } => (13, 0),
    }
}

pub(super) fn encode_change(
    (session, change, ingest): (SessionNo, &SessionChange<'_>, Timestamp),
    length: usize,
    out: &mut Vec<u8>,
) {
    let (number, flags) = number_and_flags(change);
    let mut head = head(length, KIND_SESSION, flags, ingest);
    head[CHANGE_OFFSET] = number;
    out.reserve(length);
    out.extend_from_slice(&head);
    out.extend_from_slice(&session.0.to_le_bytes());
    match *change {
        SessionChange::Opened { org, client_id, publisher, expiry } => {
            out.extend_from_slice(&org.0.to_le_bytes());
            out.extend_from_slice(&publisher.0.to_le_bytes());
            out.extend_from_slice(&expiry.to_le_bytes());
            out.extend_from_slice(client_id.as_bytes());
        }
        SessionChange::Resumed { expiry } | SessionChange::Left { expiry } => {
            out.extend_from_slice(&expiry.to_le_bytes());
        }
        SessionChange::Ended | SessionChange::WillGone { will: None } => {}
        SessionChange::Subscribed { filter, options, identifier, .. } => {
            out.push(options);
            if let Some(identifier) = identifier {
                out.extend_from_slice(&identifier.get().to_le_bytes());
            }
            out.extend_from_slice(filter.as_bytes());
        }
        SessionChange::Unsubscribed { filter: text }
        | SessionChange::Walked { filter: text }
        | SessionChange::Owner { name: text } => out.extend_from_slice(text.as_bytes()),
        SessionChange::Will { .. } => encode_will(change, out),
        SessionChange::WillGone { will: Some(sequence) }
        | SessionChange::Settled { sequence }
        | SessionChange::Released { sequence } => {
            out.extend_from_slice(&sequence.0.to_le_bytes());
        }
        SessionChange::Took { packet_id } | SessionChange::Forgot { packet_id } => {
            out.extend_from_slice(&packet_id.to_le_bytes());
        }
    }
}

fn encode_will(change: &SessionChange<'_>, out: &mut Vec<u8>) {
    let SessionChange::Will { delay, expiry, topic, properties, payload, .. } = *change else {
        return;
    };
    out.extend_from_slice(&delay.to_le_bytes());
    out.extend_from_slice(&length_of(topic.as_bytes()));
    out.extend_from_slice(&length_of(properties));
    if let Some(expiry) = expiry {
        out.extend_from_slice(&expiry.to_le_bytes());
    }
    out.extend_from_slice(topic.as_bytes());
    out.extend_from_slice(properties);
    out.extend_from_slice(payload);
}

pub(super) fn decode_change(number: u8, flags: u8, mut cut: Cut<'_>) -> Option<SessionChange<'_>> {
    Some(match number {
        0 => SessionChange::Opened {
            org: OrgId(cut.u32()?),
            publisher: PublisherId(cut.u32()?),
            expiry: cut.u32()?,
            client_id: cut.text()?,
        },
        1 => SessionChange::Resumed { expiry: cut.u32()? },
        2 => SessionChange::Left { expiry: cut.u32()? },
        3 => SessionChange::Ended,
        4 => {
            let [options] = cut.take()?;
            let identifier = match flags & FLAG_IDENTIFIER {
                0 => None,
                _ => Some(NonZeroU32::new(cut.u32()?)?),
            };
            let walk = flags & FLAG_WALK != 0;
            SessionChange::Subscribed { filter: cut.text()?, options, identifier, walk }
        }
        5 => SessionChange::Unsubscribed { filter: cut.text()? },
        6 => SessionChange::Walked { filter: cut.text()? },
        7 => decode_will(flags, cut)?,
        8 => SessionChange::WillGone {
            will: if flags & FLAG_NAMED == 0 { None } else { Some(Sequence(cut.u64()?)) },
        },
        9 => SessionChange::Settled { sequence: Sequence(cut.u64()?) },
        10 => SessionChange::Released { sequence: Sequence(cut.u64()?) },
        11 => SessionChange::Took { packet_id: cut.u16()? },
        12 => SessionChange::Forgot { packet_id: cut.u16()? },
        13 => SessionChange::Owner { name: cut.text()? },
        _ => return None,
    })
}

fn decode_will(flags: u8, mut cut: Cut<'_>) -> Option<SessionChange<'_>> {
    let delay = cut.u32()?;
    let (topic_len, properties_len) = (cut.u32()?, cut.u32()?);
    let expiry = if flags & FLAG_EXPIRY == 0 { None } else { Some(cut.u32()?) };
    let topic = std::str::from_utf8(cut.piece(topic_len)?).ok()?;
    let properties = cut.piece(properties_len)?;
    let (qos, retain) = (flags & FLAG_QOS, flags & FLAG_RETAIN != 0);
    Some(SessionChange::Will { delay, qos, retain, expiry, topic, properties, payload: cut.0 })
}
