//! Committed retained messages: what seeds the broker's own store when the hub starts.

use std::fmt;
use std::sync::Arc;

use fabric::Message;
use uns_model::{Kept, OrgId, Sequence, Timestamp};

use super::entry::Entry;

/// A retained publish, borrowed from the view. To clone name and message is to share them.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Retained<'a> {
    /// Whose it is.
    pub org: OrgId,
    /// The topic string.
    pub name: &'a Arc<str>,
    /// The message.
    pub kept: &'a Kept,
    /// When it came in, if it expires: its interval counts from then.
    pub ingest: Option<Timestamp>,
}

/// What a committed record changed: a message, or that there is none any more. To clone name and
/// message is to share them with the view.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct RetainedChange<'a> {
    /// Whose it is.
    pub org: OrgId,
    /// The topic string.
    pub name: &'a Arc<str>,
    /// The message.
    pub kept: Option<&'a Kept>,
    /// When it came in.
    pub ingest: Timestamp,
}

/// Who serves retained messages. It is told of each change in the order of the log, be the topic a
/// node's or not, so what it has is a fold over the log as well. Called under the view's lock: it
/// must be quick, and ask the namespace nothing.
pub trait RetainedSink: Send + Sync {
    /// As the hub starts, an organisation has about so many messages, which follow.
    fn expect(&self, org: OrgId, count: usize);

    /// A committed record changed what is retained on a topic.
    fn changed(&self, change: RetainedChange<'_>);

    /// Everything up to this sequence was told.
    fn applied(&self, sequence: Sequence);
}

/// Who is told, if anybody.
#[derive(Clone, Default)]
pub(crate) struct Sink(Option<Arc<dyn RetainedSink>>);

impl Sink {
    pub(crate) fn new(sink: Arc<dyn RetainedSink>) -> Self {
        Self(Some(sink))
    }

    pub(crate) fn expect(&self, org: OrgId, count: usize) {
        if let Some(sink) = &self.0 {
            sink.expect(org, count);
        }
    }

    pub(crate) fn changed(&self, change: RetainedChange<'_>) {
        if let Some(sink) = &self.0 {
            sink.changed(change);
        }
    }

    /// A publish to a topic without a node, which the ledger keeps.
    pub(super) fn message(&self, message: &Message<'_>) {
        if let Some(sink) = &self.0 {
            let Message { org, topic, qos, expiry, properties, payload, ingest, .. } = *message;
            let kept = (!payload.is_empty()).then(|| Kept::new(qos, expiry, properties, payload));
            let (name, kept) = (&topic.into(), kept.as_ref());
            sink.changed(RetainedChange { org, name, kept, ingest });
        }
    }

    pub(crate) fn applied(&self, sequence: Sequence) {
        if let Some(sink) = &self.0 {
            sink.applied(sequence);
        }
    }
}

impl fmt::Debug for Sink {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Sink({})", self.0.is_some())
    }
}

impl<'a> Retained<'a> {
    /// The retained message of a node, unless it has expired. `ingest` is when it came in, where
    /// that is known; only one that expires needs it.
    pub(super) fn of(
        entry: &'a Entry,
        ingest: impl FnOnce() -> Option<Timestamp>,
        now: Timestamp,
    ) -> Option<Self> {
        let kept = entry.retained.as_ref()?;
        let (org, name) = (entry.node.org, &entry.node.name);
        let Some(seconds) = kept.expiry() else {
            return Some(Self { org, name, kept, ingest: None });
        };
        let ingest = ingest().unwrap_or(now);
        let age = now.0.saturating_sub(ingest.0);
        let expired = age >= i64::from(seconds) * 1_000_000_000;
        (!expired).then_some(Self { org, name, kept, ingest: Some(ingest) })
    }
}
