//! What takes memory for good once it is folded, on its way from the gate to there: new topics, longer
//! values, retained messages. Bounded in bytes, since whoever watches the memory sees them only when
//! they are there, and on a busy machine the fold comes late and does much at once.

use std::time::Duration;

use crate::outbound::Start;

/// What one core admitted.
#[derive(Debug)]
pub(super) struct Unfolded {
    /// Most bytes; beyond them whoever publishes more of the kind waits.
    max: usize,
    bytes: usize,
    /// So many of them are in the store once this comes.
    check: Option<(usize, Start)>,
}

impl Unfolded {
    pub(super) fn new(max: usize) -> Self {
        Self { max, bytes: 0, check: None }
    }

    /// A message was admitted; whether the log is to be asked now how far it is.
    pub(super) fn add(&mut self, bytes: usize, now: Duration) -> bool {
        self.bytes += bytes;
        self.ask(now)
    }

    /// Whether the log is to be asked now. Called after every change of the sum, so that more than
    /// half of the bound never lies here unasked: nothing is admitted while it is full.
    pub(super) fn ask(&mut self, now: Duration) -> bool {
        let asks = self.check.is_none() && self.bytes > self.max / 2;
        if asks {
            self.check = Some((self.bytes, Start::Decided(0, now)));
        }
        asks
    }

    #[inline]
    pub(super) fn is_full(&self) -> bool {
        self.bytes > self.max
    }

    /// The log has decided about those asked for.
    pub(super) fn decided(&mut self, committed: uns_model::Sequence) {
        if let Some((_, start)) = &mut self.check
            && let Start::Decided(_, since) = *start
        {
            *start = Start::Folded(committed, since);
        }
    }

    /// Whether the fold has taken some; `is_due` says when it has.
    pub(super) fn take(&mut self, is_due: impl Fn(Start) -> bool) -> bool {
        let due = self.check.take_if(|(_, start)| is_due(*start));
        self.bytes -= due.map_or(0, |(bytes, _)| bytes);
        due.is_some()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const BYTES_MAX: usize = 2 << 20;

    #[test]
    fn what_came_after_the_question_counts_on() {
        let mut unfolded = Unfolded::new(BYTES_MAX);
        let half = BYTES_MAX / 2;
        assert!(!unfolded.add(half, Duration::ZERO));
        assert!(unfolded.add(1, Duration::ZERO), "the log is asked once");
        assert!(!unfolded.add(half, Duration::ZERO));
        assert!(unfolded.is_full());
        assert!(!unfolded.take(|_| false));
        assert!(unfolded.take(|_| true));
        assert!(!unfolded.is_full());
        assert!(unfolded.add(1, Duration::ZERO));
    }

    #[test]
    fn the_log_is_asked_again_about_what_is_left_over_half() {
        let mut unfolded = Unfolded::new(BYTES_MAX);
        assert!(unfolded.add(BYTES_MAX / 2 + 1, Duration::ZERO));
        assert!(!unfolded.add(2 * BYTES_MAX, Duration::ZERO));
        assert!(unfolded.take(|_| true) && unfolded.is_full());
        assert!(unfolded.ask(Duration::ZERO) && !unfolded.ask(Duration::ZERO));
        assert!(unfolded.take(|_| true) && !unfolded.is_full());
        assert!(!unfolded.ask(Duration::ZERO), "there is nothing to ask for");
    }
}
