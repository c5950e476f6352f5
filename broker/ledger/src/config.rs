//! Settings of the ledger: how much a session may be owed, and how much is under way at once.

use std::time::Duration;

use crate::PACKET_ID_MAX;

/// Settings. [`Config::default`] has the documented defaults.
#[derive(Clone, Debug)]
pub struct Config {
    /// The most deliveries owed to one session; further ones are dropped. Default 100,000.
    pub owed_count_max: usize,
    /// The most bytes of the log owed to one session. Default 256 MiB.
    pub owed_bytes_max: u64,
    /// The most deliveries owed to all sessions together. Each takes 24 bytes of memory.
    /// Default 8,000,000.
    pub owed_total_max: usize,
    /// The most deliveries of one session that are handed over and not settled. Default 2,048.
    pub feed_count_max: usize,
    /// The most bytes of them. One delivery is always possible. Default 1 MiB.
    pub feed_bytes_max: usize,
    /// The longest time between two checkpoints while records arrive. Default 60 s.
    pub checkpoint_interval: Duration,
    /// The most records of sessions between two checkpoints. Default 5,000,000.
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
