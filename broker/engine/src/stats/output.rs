//! What one core counts of what it sends.

use super::causes::Drop;

const DROPS: usize = Drop::ALL.len();

/// The figures of [`Stats`](super::Stats) about output.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct OutputStats {
    pub(crate) messages_out: u64,
    pub(crate) payload_out: u64,
    pub(crate) control_out: u64,
    pub(crate) bytes_out: u64,
    pub(crate) dropped: [u64; DROPS],
    pub(crate) slow: u64,
    pub(crate) in_flight: u64,
    pub(crate) queued: u64,
    pub(crate) queued_bytes: u64,
    pub(crate) output_bytes: u64,
}

impl OutputStats {
    /// Counts a dropped message.
    pub(crate) fn drop(&mut self, cause: Drop) {
        self.dropped[cause as usize] += 1;
    }

    /// What is measured, not counted, begins at nothing.
    pub(crate) fn reset_gauges(&mut self) {
        let Self { messages_out, payload_out, control_out, bytes_out, dropped, .. } = *self;
        *self =
            Self { messages_out, payload_out, control_out, bytes_out, dropped, ..Self::default() };
    }
}
