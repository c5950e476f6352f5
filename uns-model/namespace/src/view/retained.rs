//! Committed retained messages: what seeds the broker's own store when the hub starts.

use std::fmt;
use std::sync::Arc;

use uns_model::{Kept, OrgId, Timestamp};

use super::{Entry, View};

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

/// Who else keeps retained messages. Asked for one that says the same as the given one, it gives
/// its own, so that there is one allocation for both.
#[derive(Clone)]
pub struct SharedRetained(Arc<FindSame>);

type FindSame = dyn Fn(OrgId, &str, &Kept) -> Option<Kept> + Send + Sync;

impl SharedRetained {
    /// From a look-up by organisation, topic and message.
    pub fn new(find: impl Fn(OrgId, &str, &Kept) -> Option<Kept> + Send + Sync + 'static) -> Self {
        Self(Arc::new(find))
    }

    /// The other's message where it has the same one, else this one.
    pub(crate) fn share(&self, org: OrgId, topic: &str, kept: Kept) -> Kept {
        (self.0)(org, topic, &kept).unwrap_or(kept)
    }
}

impl fmt::Debug for SharedRetained {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SharedRetained")
    }
}

impl View {
    /// The retained message of a node, unless it has expired.
    pub(crate) fn retained_of<'a>(
        &'a self,
        entry: &'a Entry,
        now: Timestamp,
    ) -> Option<Retained<'a>> {
        let kept = entry.retained.as_ref()?;
        let (org, name) = (entry.node.org, &entry.node.name);
        let Some(seconds) = kept.expiry() else {
            return Some(Retained { org, name, kept, ingest: None });
        };
        let ingest = self.expiring.get(&entry.node.number).copied().unwrap_or(now);
        let age = now.0.saturating_sub(ingest.0);
        let expired = age >= i64::from(seconds) * 1_000_000_000;
        (!expired).then_some(Retained { org, name, kept, ingest: Some(ingest) })
    }
}
