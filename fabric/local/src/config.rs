//! How a log is kept.

use std::sync::Arc;
use std::time::Duration;

use fabric::{FRAME_ALIGN, FRAME_HEADER_BYTES, FrameKey, Space, Stream, Upgrade};

use crate::segment::DATA_START;

const MIB: u64 = 1 << 20;

/// Bytes of records that end a frame; a larger single batch gets a frame of its own.
pub(crate) const FRAME_BYTES: usize = 1 << 20;
/// How far sequences jump when a log is opened, so that none is used twice.
pub(crate) const SEQUENCE_JUMP: u64 = 65_536;
const SEGMENT_BYTES_MIN: u64 = 64 * 1024;
const PAGE: u64 = 4096;
const SEGMENTS_PER_FILE_SYSTEM: u64 = 16;

/// What to do when a log is found damaged at start.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum OnDamage {
    /// Serve the rest and report the damage; old segments are checked in the background.
    #[default]
    Serve,
    /// Read everything before starting, and refuse to start when something is damaged.
    Refuse,
}

/// Settings of one log.
#[derive(Clone, Debug)]
pub struct LogConfig {
    /// Size of a segment; at most a sixteenth of the file system is taken.
    pub segment_bytes: u64,
    /// Bytes that may wait for the appender.
    pub queue_bytes: usize,
    /// Bytes of committed frames kept in memory for tails at most; a sixteenth of it once every tail
    /// has passed them.
    pub memory_bytes: usize,
    /// How long a batch nobody waits for may wait for company.
    pub flush_interval: Duration,
    /// Records older than this may go; `None` keeps them until space is needed.
    pub retention_age: Option<Duration>,
    /// Bytes the log may take; the smaller of this and `retention_percent` counts.
    pub retention_bytes: u64,
    /// Share of the file system the log may take.
    pub retention_percent: u8,
    /// Share of the file system up to which a consumer that lags holds retention back. Between
    /// `retention_percent` and this there is an alarm; beyond it the consumer loses records.
    pub hold_percent: u8,
    /// Nothing is dropped so soon after opening, so that consumers can place their holds.
    pub retention_grace: Duration,
    /// How often retention looks, and how often a full disk is tried again.
    pub retention_interval: Duration,
    /// How often a full disk is tried again.
    pub retry_interval: Duration,
    /// What to do when the log is damaged.
    pub on_damage: OnDamage,
    /// The key the log had, as others know it: for one that has to be made anew, and for one whose
    /// headers are damaged. Chance gives a new log one where there is none.
    pub known_key: Option<FrameKey>,
    /// Brings frames of earlier formats up to date for every reader; without it they come as they
    /// are.
    pub upgrade: Option<Arc<dyn Upgrade>>,
}

impl Default for LogConfig {
    fn default() -> Self {
        Self {
            segment_bytes: 64 * MIB,
            queue_bytes: 64 << 20,
            memory_bytes: 64 << 20,
            flush_interval: Duration::from_millis(5),
            retention_age: Some(Duration::from_hours(24)),
            retention_bytes: u64::MAX,
            retention_percent: 20,
            hold_percent: 40,
            retention_grace: Duration::from_mins(1),
            retention_interval: Duration::from_secs(30),
            retry_interval: Duration::from_secs(1),
            on_damage: OnDamage::Serve,
            known_key: None,
            upgrade: None,
        }
    }
}

impl LogConfig {
    /// The defaults of a stream: `data` is large, the others small and kept longer.
    pub fn for_stream(stream: Stream) -> Self {
        match stream {
            Stream::Data => Self::default(),
            Stream::Dead => Self {
                segment_bytes: 8 * MIB,
                queue_bytes: 8 << 20,
                memory_bytes: 4 << 20,
                retention_age: Some(Duration::from_hours(24 * 7)),
                retention_bytes: 1024 * MIB,
                retention_percent: 5,
                hold_percent: 10,
                ..Self::default()
            },
        }
    }

    pub(crate) fn limits(&self, space: Space) -> Limits {
        let share = |percent: u8| space.total / 100 * u64::from(percent);
        let segment = self.segment_bytes.min(space.total / SEGMENTS_PER_FILE_SYSTEM);
        let segment_bytes = segment.max(SEGMENT_BYTES_MIN) / PAGE * PAGE;
        let retention_bytes = self.retention_bytes.min(share(self.retention_percent));
        let room = usize::try_from(segment_bytes - DATA_START).unwrap_or(usize::MAX);
        Limits {
            segment_bytes,
            batch_bytes: room.min(u32::MAX as usize) - FRAME_HEADER_BYTES - FRAME_ALIGN,
            retention_bytes,
            hold_bytes: share(self.hold_percent).max(retention_bytes),
        }
    }
}

/// The settings that depend on the file system, worked out once.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Limits {
    pub(crate) segment_bytes: u64,
    /// What one batch may have, so that its frame fits a segment.
    pub(crate) batch_bytes: usize,
    pub(crate) retention_bytes: u64,
    pub(crate) hold_bytes: u64,
}
