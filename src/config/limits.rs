//! `[mqtt.limits]`: rates and quotas. 0 is none.

use anyhow::Result;
use broker_server::{Limits as EngineLimits, OrganisationLimits, Quota, Rate};
use serde::{Deserialize, Serialize};

use super::range::within;
use super::units::ByteSize;

/// `[mqtt.limits]`
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Limits {
    pub(crate) connections_per_second: u32,
    pub(crate) connections_per_address: usize,
    pub(crate) client_messages_per_second: u32,
    pub(crate) client_bytes_per_second: ByteSize,
    pub(crate) client_subscriptions: usize,
    pub(crate) topic_aliases: u16,
    pub(crate) retained: usize,
    pub(crate) retained_bytes: ByteSize,
    pub(crate) organisation_messages_per_second: u32,
    pub(crate) organisation_bytes_per_second: ByteSize,
    pub(crate) organisation_sessions: usize,
    pub(crate) organisation_subscriptions: usize,
    pub(crate) organisation_retained: usize,
    pub(crate) organisation_retained_bytes: ByteSize,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            connections_per_second: 5000,
            connections_per_address: 5000,
            client_messages_per_second: 0,
            client_bytes_per_second: ByteSize::kib(0),
            client_subscriptions: 100_000,
            topic_aliases: 64,
            retained: 2_000_000,
            retained_bytes: ByteSize::mib(1024),
            organisation_messages_per_second: 0,
            organisation_bytes_per_second: ByteSize::kib(0),
            organisation_sessions: 0,
            organisation_subscriptions: 0,
            organisation_retained: 0,
            organisation_retained_bytes: ByteSize::kib(0),
        }
    }
}

impl Limits {
    pub(super) fn check(&self) -> Result<()> {
        let pebi = ByteSize::mib(1 << 30);
        let zero = ByteSize::kib(0);
        within("mqtt.limits.client_subscriptions", self.client_subscriptions, 1, 100_000_000)?;
        within("mqtt.limits.client_bytes_per_second", self.client_bytes_per_second, zero, pebi)?;
        let bytes = self.organisation_bytes_per_second;
        within("mqtt.limits.organisation_bytes_per_second", bytes, zero, pebi)
    }

    /// What is retained by all organisations together.
    pub(crate) fn retained_quota(&self) -> Quota {
        Quota { count: self.retained, bytes: self.retained_bytes.as_usize() }
    }

    /// As the engine takes them.
    pub(crate) fn for_engine(&self) -> EngineLimits {
        EngineLimits {
            client: Rate {
                messages: self.client_messages_per_second,
                bytes: self.client_bytes_per_second.as_usize() as u64,
            },
            organisation: OrganisationLimits {
                publish: Rate {
                    messages: self.organisation_messages_per_second,
                    bytes: self.organisation_bytes_per_second.as_usize() as u64,
                },
                sessions: self.organisation_sessions,
                subscriptions: self.organisation_subscriptions,
                retained: Quota {
                    count: self.organisation_retained,
                    bytes: self.organisation_retained_bytes.as_usize(),
                },
            },
        }
    }
}
