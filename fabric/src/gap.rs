//! Why records are missing, and the epochs of sequences that a log without its end goes on in.

use uns_model::Sequence;

/// Why records are missing.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum GapReason {
    /// Retention dropped them before this tail came.
    Retention,
    /// Their bytes are damaged on disk.
    Damage,
    /// The log ended before what a fold had already read from it, and began a new epoch.
    Lost,
}

/// Sequences come in epochs of 2^40. A log that lost its end begins the next one: further ahead
/// than it can have got between the position of a fold and its end.
const EPOCH: u64 = 1 << 40;

/// The last sequence before the epoch that begins after `at`: `at` itself where it is that.
pub fn epoch_after(at: Sequence) -> Sequence {
    Sequence(at.0.next_multiple_of(EPOCH).min(Sequence::MAX.0))
}

/// Whether an epoch begins after this sequence. No record has it, so a gap up to it is one that
/// [`crate::Log::begin_after`] made.
pub fn ends_epoch(sequence: Sequence) -> bool {
    sequence > Sequence::ZERO && sequence == epoch_after(sequence)
}
