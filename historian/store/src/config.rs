//! Limits of the store.

use std::time::Duration;

/// How much is kept in memory, and for how long.
#[derive(Clone, Debug)]
pub struct Config {
    /// The open block is sorted and closed at this many samples, or at 65,536.
    pub block_samples: usize,
    /// Samples reach a file at the latest after this time. It also bounds what a restart replays.
    pub flush_after: Duration,
    /// Memory of samples not yet written. While one such load is being written a second one may
    /// gather; then reading the log waits.
    pub memory_bytes_max: usize,
    /// Series in total; values that would need more are refused and counted.
    pub series_max: usize,
    /// Files one flush may make before it partitions more coarsely.
    pub flush_files_max: usize,
    /// Open files whose footers are kept.
    pub open_files_max: usize,
    /// Whether topics outside our own prefixes have history (NS-1).
    pub brownfield: bool,
    /// Write everything to files when told to stop; otherwise the next start replays the log.
    pub flush_on_stop: bool,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            block_samples: 32_768,
            flush_after: Duration::from_secs(600),
            memory_bytes_max: 128 << 20,
            series_max: 4_000_000,
            flush_files_max: 64,
            open_files_max: 256,
            brownfield: true,
            flush_on_stop: true,
        }
    }
}
