//! Counts what will take memory for good once it is folded, and is between the gate and the fold: new topics,
//! longer values, retained messages. It has a bound in bytes, because the watch over memory sees it only once it
//! is folded, and on a busy machine the fold comes late and does much at once.

use uns_model::Sequence;

/// What one core admitted.
#[derive(Debug)]
pub(super) struct Unfolded {
    /// The most bytes. Beyond them, publishers of more of the kind wait.
    max: usize,
    bytes: usize,
    check: Option<Check>,
}

/// A question to the log: how far it is.
#[derive(Debug)]
struct Check {
    /// So many bytes are in the store once this is folded, and not before, however long that takes: a
    /// log that is stuck has them still.
    bytes: usize,
    /// Once the log has decided about them.
    until: Option<Sequence>,
}

impl Unfolded {
    pub(super) fn new(max: usize) -> Self {
        Self { max, bytes: 0, check: None }
    }

    /// A message was admitted; whether the log is to be asked now how far it is.
    pub(super) fn add(&mut self, bytes: usize) -> bool {
        self.bytes += bytes;
        self.ask()
    }

    /// Whether the log is to be asked now. Called after every change of the sum, so that more than
    /// half of the bound never lies here unasked: nothing is admitted while it is full.
    pub(super) fn ask(&mut self) -> bool {
        let asks = self.check.is_none() && self.bytes > self.max / 2;
        if asks {
            self.check = Some(Check { bytes: self.bytes, until: None });
        }
        asks
    }

    #[inline]
    pub(super) fn is_full(&self) -> bool {
        self.bytes > self.max
    }

    /// The log has decided about those asked for.
    pub(super) fn decided(&mut self, committed: Sequence) {
        if let Some(check) = &mut self.check {
            check.until.get_or_insert(committed);
        }
    }

    /// Whether the fold has taken some; `is_folded` says how far it is.
    pub(super) fn take(&mut self, is_folded: impl Fn(Sequence) -> bool) -> bool {
        let folded = self.check.take_if(|check| check.until.is_some_and(&is_folded));
        self.bytes -= folded.as_ref().map_or(0, |check| check.bytes);
        folded.is_some()
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
        assert!(!unfolded.add(half));
        assert!(unfolded.add(1), "the log is asked once");
        assert!(!unfolded.add(half));
        assert!(unfolded.is_full());
        unfolded.decided(Sequence(1));
        assert!(!unfolded.take(|_| false));
        assert!(unfolded.take(|_| true));
        assert!(!unfolded.is_full());
        assert!(unfolded.add(1));
    }

    #[test]
    fn nothing_is_taken_before_the_log_has_decided() {
        let mut unfolded = Unfolded::new(BYTES_MAX);
        assert!(unfolded.add(BYTES_MAX + 1));
        assert!(!unfolded.take(|_| true) && unfolded.is_full());
        unfolded.decided(Sequence(7));
        unfolded.decided(Sequence(9));
        assert!(unfolded.take(|until| until == Sequence(7)) && !unfolded.is_full());
    }

    #[test]
    fn the_log_is_asked_again_about_what_is_left_over_half() {
        let mut unfolded = Unfolded::new(BYTES_MAX);
        assert!(unfolded.add(BYTES_MAX / 2 + 1));
        assert!(!unfolded.add(2 * BYTES_MAX));
        unfolded.decided(Sequence(1));
        assert!(unfolded.take(|_| true) && unfolded.is_full());
        assert!(unfolded.ask() && !unfolded.ask());
        unfolded.decided(Sequence(2));
        assert!(unfolded.take(|_| true) && !unfolded.is_full());
        assert!(!unfolded.ask(), "there is nothing to ask for");
    }
}
