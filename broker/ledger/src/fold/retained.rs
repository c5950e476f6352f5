//! Retained messages of topics without a node: the namespace keeps those of nodes.

use ahash::AHashMap;
use fabric::Message;
use uns_model::{OrgId, PublisherId, Sequence, Timestamp};

use crate::Config;

const NANOS: i64 = 1_000_000_000;

/// The last retained message of each topic, bounded in number and bytes.
#[derive(Debug, Default)]
pub(crate) struct Retained {
    by_org: AHashMap<OrgId, AHashMap<Box<str>, Stored>>,
    count: usize,
    bytes: usize,
    /// Messages not kept, because there were too many.
    pub(crate) refused: u64,
}

/// One message.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Stored {
    pub(crate) sequence: Sequence,
    pub(crate) publisher: PublisherId,
    pub(crate) qos: u8,
    pub(crate) expiry: Option<u32>,
    pub(crate) ingest: Timestamp,
    pub(crate) properties_bytes: u32,
    /// Properties, then payload.
    pub(crate) bytes: Box<[u8]>,
}

impl Stored {
    fn new(sequence: Sequence, message: &Message<'_>) -> Self {
        let properties_bytes = u32::try_from(message.properties.len()).unwrap_or(u32::MAX);
        Self {
            sequence,
            publisher: message.publisher,
            qos: message.qos,
            expiry: message.expiry,
            ingest: message.ingest,
            properties_bytes,
            bytes: [message.properties, message.payload].concat().into(),
        }
    }

    /// Properties and payload.
    pub(crate) fn parts(&self) -> (&[u8], &[u8]) {
        self.bytes.split_at_checked(self.properties_bytes as usize).unwrap_or((&[], &self.bytes))
    }

    pub(crate) fn is_expired(&self, now: Timestamp) -> bool {
        let seconds = |expiry: u32| i64::from(expiry).saturating_mul(NANOS);
        self.expiry.is_some_and(|expiry| now.0.saturating_sub(self.ingest.0) >= seconds(expiry))
    }
}

impl Retained {
    /// How many.
    pub(crate) fn len(&self) -> usize {
        self.count
    }

    /// Applies a message; one without RETAIN changes nothing.
    pub(super) fn fold(&mut self, sequence: Sequence, message: &Message<'_>, config: &Config) {
        if !message.retain {
            return;
        }
        self.remove(message.org, message.topic);
        if message.payload.is_empty() {
            return;
        }
        let size = message.topic.len() + message.properties.len() + message.payload.len();
        if self.count >= config.retained_count_max || self.bytes + size > config.retained_bytes_max
        {
            self.refused += 1;
            return;
        }
        self.insert(message.org, message.topic, Stored::new(sequence, message));
    }

    /// Puts a message in a place that is free.
    pub(crate) fn insert(&mut self, org: OrgId, topic: &str, stored: Stored) {
        self.count += 1;
        self.bytes += topic.len() + stored.bytes.len();
        self.by_org.entry(org).or_default().insert(topic.into(), stored);
    }

    pub(super) fn remove(&mut self, org: OrgId, topic: &str) {
        let Some(topics) = self.by_org.get_mut(&org) else { return };
        if let Some(old) = topics.remove(topic) {
            self.count -= 1;
            self.bytes -= topic.len() + old.bytes.len();
        }
        if topics.is_empty() {
            self.by_org.remove(&org);
        }
    }

    /// Every message.
    pub(crate) fn iter(&self) -> impl Iterator<Item = (OrgId, &str, &Stored)> {
        self.by_org
            .iter()
            .flat_map(|(org, topics)| topics.iter().map(|(topic, one)| (*org, &**topic, one)))
    }
}
