//! Settings of the ledger: what a session may be owed, and how much is under way at once.

use std::time::Duration;

use crate::PACKET_ID_MAX;

/// Settings; [`Config::default`] holds the documented defaults.
#[derive(Clone, Debug)]
pub struct Config {
    /// At most so many deliveries are owed to one session; more are dropped. Default 100,000.
    pub owed_count_max: usize,
    /// At most so many bytes of the log are owed to one session. Default 256 MiB.
    pub owed_bytes_max: u64,
    /// At most so many deliveries are owed to all sessions together: 24 bytes of memory each.
    /// Default 8,000,000.
    pub owed_total_max: usize,
    /// At most so many deliveries of one session are handed over and not settled. Default 2,048.
    pub feed_count_max: usize,
    /// At most so many bytes of them; one delivery is always possible. Default 1 MiB.
    pub feed_bytes_max: usize,
    /// Longest time between two checkpoints while records arrive. Default 60 s.
    pub checkpoint_interval: Duration,
    /// Most records of sessions between two checkpoints. Default 5,000,000.
    pub checkpoint_records: u64,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            owed_count_max: 100_000,
            owed_bytes_max: 256 << 20,
            owed_total_max: 8_000_000,
            feed_count_max: 2_048,
            feed_bytes_max: 1 << 20,
            checkpoint_interval: Duration::from_secs(60),
            checkpoint_records: 5_000_000,
        }
    }
}

/// A window of the default size never runs out of packet ids.
const _: () = assert!(2_048 < PACKET_ID_MAX);
