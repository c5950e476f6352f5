//! Retained messages on their way from the gate to the fold that keeps them: bounded in bytes, since
//! whoever watches the memory sees them only when they are there.

use std::time::Duration;

use crate::outbound::Start;

/// Most bytes of one core; beyond them whoever publishes retained messages waits.
const BYTES_MAX: usize = 2 << 20;

/// What one core admitted.
#[derive(Debug, Default)]
pub(super) struct Unfolded {
    bytes: usize,
    /// So many of them are in the store once this comes.
    check: Option<(usize, Start)>,
}

impl Unfolded {
    /// A message was admitted; whether the log is to be asked now how far it is.
    pub(super) fn add(&mut self, bytes: usize, now: Duration) -> bool {
        self.bytes += bytes;
        self.ask(now)
    }

    /// Whether the log is to be asked now. Called after every change of the sum, so that more than
    /// half of the bound never lies here unasked: nothing is admitted while it is full.
    pub(super) fn ask(&mut self, now: Duration) -> bool {
        let asks = self.check.is_none() && self.bytes > BYTES_MAX / 2;
        if asks {
            self.check = Some((self.bytes, Start::Decided(0, now)));
        }
        asks
    }

    pub(super) fn is_full(&self) -> bool {
        self.bytes > BYTES_MAX
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

    #[test]
    fn what_came_after_the_question_counts_on() {
        let mut unfolded = Unfolded::default();
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
        let mut unfolded = Unfolded::default();
        assert!(unfolded.add(BYTES_MAX / 2 + 1, Duration::ZERO));
        assert!(!unfolded.add(2 * BYTES_MAX, Duration::ZERO));
        assert!(unfolded.take(|_| true) && unfolded.is_full());
        assert!(unfolded.ask(Duration::ZERO) && !unfolded.ask(Duration::ZERO));
        assert!(unfolded.take(|_| true) && !unfolded.is_full());
        assert!(!unfolded.ask(Duration::ZERO), "there is nothing to ask for");
    }
}
