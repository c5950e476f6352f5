//! MQTT 3.1.1 and 5.0 packets to bytes and back; one codec, the version is a field.
//!
//! [`frame()`] finds the next packet in a read buffer, [`decode`] reads it as a [`Packet`] that
//! borrows from the buffer, and `encode` of each packet type writes it. Decoding a [`Publish`]
//! allocates nothing; [`encode_publish`] and [`patch_packet_id`] let one encoding serve every
//! receiver. Bytes come from strangers: malformed ones give an [`Error`] that names the clause
//! they break and the reason code to answer with, and never a panic. The codec knows neither
//! direction nor order of packets; who may send what, and when, is the engine's business.
#![deny(clippy::indexing_slicing)]

mod error;
mod reason;
mod types;

mod read;
mod write;

mod frame;
mod property;
mod topic;

mod ack;
mod auth;
mod connack;
mod connect;
mod disconnect;
mod ping;
mod puback;
mod publish;
mod suback;
mod subscribe;
mod unsuback;
mod unsubscribe;

mod packet;

mod fuzz;

#[cfg(test)]
#[expect(clippy::indexing_slicing, reason = "tests may panic")]
mod tests;

pub use ack::AckProperties;
pub use auth::{Auth, AuthProperties};
pub use connack::{Connack, ConnackProperties};
pub use connect::{Connect, ConnectProperties, Will};
pub use disconnect::{Disconnect, DisconnectProperties};
pub use error::Error;
pub use frame::{Frame, Framed, frame};
pub use fuzz::fuzz;
pub use packet::{Packet, decode};
pub use ping::{encode_pingreq, encode_pingresp};
pub use property::pass_through::PassThrough;
pub use property::subscription_ids::SubscriptionIds;
pub use property::user::UserProperties;
pub use property::{Properties, Property};
pub use puback::{Ack, PUBACK_BYTES, Puback, Pubcomp, Pubrec, Pubrel, encode_pubacks};
pub use publish::{
    Encoded, Publish, PublishProperties, PublishTopic, decode_publish, encode_publish,
    patch_packet_id, patch_topic_alias, publish_topic,
};
pub use reason::ReasonCode;
pub use suback::{ReasonCodes, Suback};
pub use subscribe::{Filters, RetainHandling, Subscribe, SubscribeOptions, push_filter};
pub use topic::{check_filter, check_topic, shared};
pub use types::{PacketId, PacketType, QoS, Version};
pub use unsuback::Unsuback;
pub use unsubscribe::{Topics, Unsubscribe, push_topic};
