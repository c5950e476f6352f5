//! How far one connection has been fed.

use uns_model::Sequence;

use crate::Place;
use crate::owed::Entry;

/// The deliveries of one connection.
#[derive(Debug)]
pub(crate) struct Feed {
    pub(crate) place: Place,
    /// The most deliveries under way.
    pub(super) window: usize,
    /// The first ordinal that was not handed over.
    pub(super) next: u64,
    /// Ordinals below this may have been sent on an earlier connection.
    pub(super) sent_before: u64,
    /// Deliveries handed over and not settled.
    pub(crate) count: usize,
    /// Their bytes in the log.
    pub(super) bytes: u64,
    /// The publish it waits for, under which the feeder lists it.
    pub(super) waiting: Option<Sequence>,
    /// Whether it is in the queue of those that lag.
    pub(super) queued: bool,
    /// Whether it waits for its core to take what is there.
    pub(super) stalled: bool,
}

impl Feed {
    pub(super) fn new(place: Place, window: usize, sent_before: u64) -> Self {
        Self {
            place,
            window,
            next: 0,
            sent_before,
            count: 0,
            bytes: 0,
            waiting: None,
            queued: false,
            stalled: false,
        }
    }

    /// Counts a delivery that is handed over.
    pub(super) fn hand(&mut self, entry: &Entry) {
        self.next = entry.ordinal + 1;
        self.count += 1;
        self.bytes += u64::from(entry.bytes);
    }
}
