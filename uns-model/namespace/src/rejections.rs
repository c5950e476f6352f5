//! What gates refused, counted by reason.

use std::sync::atomic::{AtomicU64, Ordering};

use uns_model::Reason;

/// What a gate did not store, counted. Each gate has its own, so counting costs no shared cache
/// line; the namespace adds them up.
#[derive(Debug, Default)]
pub(crate) struct Rejections {
    refused: [AtomicU64; Reason::ALL.len()],
    plain_brownfield: AtomicU64,
}

impl Rejections {
    /// Counts a refusal.
    pub(crate) fn count(&self, reason: Reason) {
        self.refused[reason as usize].fetch_add(1, Ordering::Relaxed);
    }

    /// Counts a brownfield publish that passes as plain MQTT.
    pub(crate) fn count_plain_brownfield(&self) {
        self.plain_brownfield.fetch_add(1, Ordering::Relaxed);
    }

    /// Brownfield publishes that passed as plain MQTT.
    pub(crate) fn plain_brownfield(&self) -> u64 {
        self.plain_brownfield.load(Ordering::Relaxed)
    }

    /// Adds the refusals to a table by reason.
    pub(crate) fn add_to(&self, sums: &mut [u64; Reason::ALL.len()]) {
        for (sum, count) in sums.iter_mut().zip(&self.refused) {
            *sum += count.load(Ordering::Relaxed);
        }
    }

    /// Takes over the counts of a gate that is gone.
    pub(crate) fn absorb(&self, other: &Self) {
        for (to, from) in self.refused.iter().zip(&other.refused) {
            to.fetch_add(from.load(Ordering::Relaxed), Ordering::Relaxed);
        }
        self.plain_brownfield.fetch_add(other.plain_brownfield(), Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_reason_indexes_its_own_counter() {
        let counts = Rejections::default();
        for reason in Reason::ALL {
            counts.count(reason);
        }
        let mut sums = [0; Reason::ALL.len()];
        counts.add_to(&mut sums);
        assert_eq!(sums, [1; Reason::ALL.len()]);
    }
}
