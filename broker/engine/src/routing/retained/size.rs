//! How much is retained, and how much may be.

use std::sync::atomic::{AtomicUsize, Ordering};

/// How much may be retained; 0 for as much as there is.
#[derive(Clone, Copy, Debug, Default)]
pub struct Quota {
    /// Messages.
    pub count: usize,
    /// Bytes, with topics, properties and what the store costs.
    pub bytes: usize,
}

impl Quota {
    /// Whether what is there may become this much.
    pub(super) fn holds(&self, count: usize, bytes: usize) -> bool {
        (self.count == 0 || count <= self.count) && (self.bytes == 0 || bytes <= self.bytes)
    }
}

/// The bytes of a topic's message before and after a change; none where there was or is no message.
#[derive(Clone, Copy, Debug)]
pub(super) struct SizeChange {
    pub(super) before: Option<usize>,
    pub(super) after: Option<usize>,
}

/// How much there is, to be read without a lock.
#[derive(Debug, Default)]
pub(super) struct Size {
    count: AtomicUsize,
    bytes: AtomicUsize,
}

impl Size {
    pub(super) fn get(&self) -> (usize, usize) {
        (self.count.load(Ordering::Relaxed), self.bytes.load(Ordering::Relaxed))
    }

    /// One message in place of another one, either of which there may not be.
    pub(super) fn replace(&self, SizeChange { before, after }: SizeChange) {
        // Sums wrap around, so that a difference below zero is one more number to add.
        let add = |sum: &AtomicUsize, more: usize, less: usize| {
            sum.fetch_add(more.wrapping_sub(less), Ordering::Relaxed);
        };
        add(&self.count, usize::from(after.is_some()), usize::from(before.is_some()));
        add(&self.bytes, after.unwrap_or(0), before.unwrap_or(0));
    }
}
