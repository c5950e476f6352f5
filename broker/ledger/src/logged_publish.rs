//! A publish as the log has it, shared by all sessions it is owed to.

use std::num::NonZeroU32;
use std::ops::Range;
use std::sync::Arc;

use bytes::Bytes;
use fabric::{Frame, Raw, Record};
use uns_model::{OrgId, PublisherId, Timestamp};

use crate::Topics;

/// What was published.
#[derive(Clone, Debug)]
pub struct LoggedPublish {
    /// The organisation it was published to.
    pub org: OrgId,
    /// The topic.
    pub topic: Arc<str>,
    /// The publisher.
    pub publisher: PublisherId,
    /// The QoS it was published with.
    pub qos: u8,
    /// Whether it was published with RETAIN.
    pub retain: bool,
    /// Message Expiry Interval in seconds, counted from `ingest`.
    pub expiry: Option<u32>,
    /// When the hub accepted it.
    pub ingest: Timestamp,
    bytes: Bytes,
    properties: Range<u32>,
}

impl LoggedPublish {
    /// The MQTT 5 properties that pass unchanged, in wire form without their length. They share the bytes
    /// of the record.
    pub fn properties(&self) -> Bytes {
        let end = (self.properties.end as usize).min(self.bytes.len());
        self.bytes.slice((self.properties.start as usize).min(end)..end)
    }

    /// The payload, which shares the bytes of the record.
    pub fn payload(&self) -> Bytes {
        let start = (self.properties.end as usize).min(self.bytes.len());
        self.bytes.slice(start..)
    }

    /// Reads a record; `None` if it is neither a publish nor a message, or its topic is not known.
    pub(crate) fn read(frame: &Frame, raw: &Raw<'_>, topics: &dyn Topics) -> Option<Self> {
        let (of, properties, payload) = match raw.record() {
            Record::Publish(one) => {
                let of = (one.org, topics.topic(one.topic)?, one.publisher, (one.qos, one.retain));
                ((of, one.expiry, one.ingest), one.properties, one.payload)
            }
            Record::Message(one) => {
                let of = (one.org, Arc::from(one.topic), one.publisher, (one.qos, one.retain));
                ((of, one.expiry, one.ingest), one.properties, one.payload)
            }
            _ => return None,
        };
        let ((org, topic, publisher, (qos, retain)), expiry, ingest) = of;
        let length = raw.bytes().len();
        let end = length - payload.len();
        let start = end - properties.len();
        // Properties and payload are at the end of the record. A small part of a large frame is copied,
        // because sharing it would keep the whole frame in memory for as long as a slow client needs.
        let (bytes, offset) = if length * 2 >= frame.bytes().len() {
            (frame.bytes().slice(raw.range()), 0)
        } else {
            (Bytes::copy_from_slice(raw.bytes().get(start..)?), start)
        };
        let at = |place: usize| u32::try_from(place - offset).ok();
        let properties = at(start)?..at(end)?;
        Some(Self { org, topic, publisher, qos, retain, expiry, ingest, bytes, properties })
    }
}

/// Subscription identifiers of one delivery.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub enum Ids {
    /// None.
    #[default]
    None,
    /// One, the usual case.
    One(NonZeroU32),
    /// Those of overlapping subscriptions.
    Many(Arc<[NonZeroU32]>),
}

impl Ids {
    /// Each of them.
    pub fn as_slice(&self) -> &[NonZeroU32] {
        match self {
            Self::None => &[],
            Self::One(id) => std::slice::from_ref(id),
            Self::Many(ids) => ids,
        }
    }
}

#[cfg(test)]
mod tests {
    use bytes::BytesMut;
    use fabric::{Batch, FrameBuilder, FrameKey, PointsBuffer, Publish};
    use uns_model::{NodeNo, PointRef, Sequence, TopicId, ValueRef};

    use super::*;

    struct Press;

    impl Topics for Press {
        fn topic(&self, _: TopicId) -> Option<Arc<str>> {
            Some("press".into())
        }
    }

    #[test]
    fn what_is_owed_is_what_was_published_whatever_was_understood_of_it() {
        let payload = br#"{"rpm":1480,"state":"RUN"}"#;
        let mut buffer = PointsBuffer::new();
        let mut points = buffer.begin(payload);
        points.push(&PointRef { field: Some("rpm"), ..PointRef::new(ValueRef::Int(1480)) });
        let points = points.finish();
        let publish = |points| {
            Record::Publish(Publish {
                org: OrgId(1),
                topic: TopicId(2),
                node: NodeNo(3),
                publisher: PublisherId(4),
                qos: 1,
                retain: false,
                expiry: Some(9),
                ingest: Timestamp(5),
                properties: b"pp",
                payload,
                points,
            })
        };
        // In a frame of its own, which is shared, and in a large one, of which it is copied.
        for others in [0, 9] {
            for points in [None, Some(points)] {
                let mut batch = Batch::new();
                (0..=others).for_each(|_| batch.push(&publish(points)));
                let before = (Sequence::ZERO, Timestamp(0));
                let mut builder = FrameBuilder::new(BytesMut::new(), Sequence(1), before);
                builder.push(&batch);
                let frame = builder.finish(FrameKey(1));
                let raw = frame.skim().next().expect("a record");
                let logged = LoggedPublish::read(&frame, &raw, &Press).expect("a publish");
                assert_eq!(logged.payload(), payload[..]);
                assert_eq!(logged.properties(), b"pp"[..]);
            }
        }
    }
}
