//! Limits of the live channel.

use std::time::Duration;

use serde::Deserialize;

/// The longest message a client sends.
pub(crate) const MESSAGE_BYTES_MAX: usize = 64 * 1024;

/// Settings; the defaults are the documented ones.
#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Config {
    /// Open connections; further ones are refused with 503.
    pub connections_max: usize,
    /// Subscriptions of one connection.
    pub subscriptions_max: usize,
    /// Bytes of one message about to be sent; a single larger sample still goes out whole.
    pub message_bytes: usize,
    /// Bytes a `latest` subscription folds before it sends.
    pub fold_bytes_max: usize,
    /// A client that takes nothing for so long is closed with 4008.
    pub stuck_ms: u64,
    /// The shortest time between two messages of a `latest` subscription.
    pub latest_interval_ms: u64,
    /// How often a quiet connection is asked whether it lives; three unanswered end it.
    pub ping_ms: u64,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            connections_max: 6_000,
            subscriptions_max: 64,
            message_bytes: 64 * 1024,
            fold_bytes_max: 1024 * 1024,
            stuck_ms: 30_000,
            latest_interval_ms: 100,
            ping_ms: 20_000,
        }
    }
}

impl Config {
    pub(crate) fn stuck(&self) -> Duration {
        Duration::from_millis(self.stuck_ms)
    }

    pub(crate) fn latest_interval(&self) -> Duration {
        Duration::from_millis(self.latest_interval_ms)
    }

    pub(crate) fn ping(&self) -> Duration {
        Duration::from_millis(self.ping_ms.max(1))
    }
}
