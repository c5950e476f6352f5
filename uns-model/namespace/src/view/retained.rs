//! Committed retained messages: what seeds the broker's own store when the hub starts.

use uns_model::{OrgId, PublisherId, Sequence, Timestamp, TopicId};

/// A retained publish, borrowed from the view.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Retained<'a> {
    /// Whose it is.
    pub org: OrgId,
    /// The interned topic.
    pub topic: TopicId,
    /// The topic string.
    pub name: &'a str,
    /// Who published it.
    pub publisher: PublisherId,
    /// MQTT QoS as published.
    pub qos: u8,
    /// MQTT 5 Message Expiry Interval in seconds, counted from `ingest`.
    pub expiry: Option<u32>,
    /// When it came in.
    pub ingest: Timestamp,
    /// Its record.
    pub sequence: Sequence,
    /// MQTT 5 properties in wire form without their length.
    pub properties: &'a [u8],
    /// The payload.
    pub payload: &'a [u8],
}

/// A retained publish as the view keeps it: one allocation for properties and payload.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Stored {
    pub(crate) publisher: PublisherId,
    pub(crate) qos: u8,
    pub(crate) expiry: Option<u32>,
    pub(crate) ingest: Timestamp,
    pub(crate) sequence: Sequence,
    pub(crate) properties_bytes: u32,
    pub(crate) bytes: Box<[u8]>,
}

impl Stored {
    pub(crate) fn new(sequence: Sequence, publish: &fabric::Publish<'_>) -> Self {
        let properties = publish.properties;
        Self {
            publisher: publish.publisher,
            qos: publish.qos,
            expiry: publish.expiry,
            ingest: publish.ingest,
            sequence,
            properties_bytes: u32::try_from(properties.len()).expect("a packet is below 4 GiB"),
            bytes: [properties, publish.payload].concat().into(),
        }
    }

    pub(crate) fn is_expired(&self, now: Timestamp) -> bool {
        self.expiry.is_some_and(|seconds| {
            now.0.saturating_sub(self.ingest.0) >= i64::from(seconds) * 1_000_000_000
        })
    }

    /// Properties and payload.
    pub(crate) fn parts(&self) -> (&[u8], &[u8]) {
        self.bytes.split_at(self.properties_bytes as usize)
    }
}
