//! What one client, one organisation and all together may take: rates, which make publishers wait,
//! and quotas, beyond which they are told 0x97. A limit of 0 is none.

mod bucket;
mod organisations;

pub(crate) use bucket::{Bucket, SharedBucket};
pub(crate) use organisations::{Organisation, Organisations};

use crate::routing::retained::Quota;

/// How much may be published in a second. A burst of one second passes at once.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Rate {
    /// Messages.
    pub messages: u32,
    /// Bytes of topics, properties and payloads.
    pub bytes: u64,
}

impl Rate {
    /// Whether there is a limit at all.
    pub(crate) fn is_set(&self) -> bool {
        *self != Self::default()
    }
}

/// What one organisation may take.
#[derive(Clone, Copy, Debug, Default)]
pub struct OrganisationLimits {
    /// Published by all its clients together.
    pub publish: Rate,
    /// Sessions, connected or not.
    pub sessions: usize,
    /// Subscriptions.
    pub subscriptions: usize,
    /// Retained messages.
    pub retained: Quota,
}

/// Rates and quotas.
#[derive(Clone, Copy, Debug, Default)]
pub struct Limits {
    /// Published by one client.
    pub client: Rate,
    /// For each organisation.
    pub organisation: OrganisationLimits,
}
