//! What organisations have in common over all cores, where a rate is set for them.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use ahash::RandomState;
use parking_lot::RwLock;
use uns_model::OrgId;

use super::{Rate, SharedBucket};

/// One organisation.
#[derive(Debug, Default)]
pub(crate) struct Organisation {
    published: SharedBucket,
    described: SharedBucket,
}

impl Organisation {
    /// A client publishes; it may have to wait.
    pub(crate) fn publish(&self, now: Duration, rate: Rate, bytes: usize) -> Result<(), Duration> {
        self.published.take(now, rate, bytes)
    }
}

impl Organisation {
    /// One of its publishes is refused; its description may have to wait.
    pub(crate) fn describe(&self, now: Duration, rate: Rate, bytes: usize) -> Result<(), Duration> {
        self.described.take(now, rate, bytes)
    }
}

/// All that were seen; organisations are no client's to invent.
#[derive(Debug, Default)]
pub(crate) struct Organisations {
    known: RwLock<HashMap<OrgId, Arc<Organisation>, RandomState>>,
}

impl Organisations {
    /// The organisation, for connections to keep.
    pub(crate) fn get(&self, org: OrgId) -> Arc<Organisation> {
        if let Some(known) = self.known.read().get(&org) {
            return Arc::clone(known);
        }
        Arc::clone(self.known.write().entry(org).or_default())
    }
}
