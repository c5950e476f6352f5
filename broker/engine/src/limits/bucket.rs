//! Token buckets, kept as the time at which they will be full again: one number, and no timer.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use super::Rate;

/// A bucket holds what flows in a second; the message that empties it may be larger than what is
/// left, or a message larger than the bucket would never pass.
const BURST: u64 = 1_000_000_000;

/// How long until something may pass, if it may not pass now.
fn wait(full_at: u64, now: u64) -> Option<Duration> {
    let over = full_at.saturating_sub(now).checked_sub(BURST).filter(|over| *over > 0)?;
    Some(Duration::from_nanos(over))
}

/// The nanoseconds in which so much flows in.
fn cost(amount: u64, per_second: u64) -> u64 {
    match u128::from(amount) * u128::from(BURST) {
        _ if per_second == 0 => 0,
        total => u64::try_from(total / u128::from(per_second)).unwrap_or(u64::MAX),
    }
}

pub(super) fn nanos(now: Duration) -> u64 {
    u64::try_from(now.as_nanos()).unwrap_or(u64::MAX)
}

/// The bucket of one client, for messages and bytes.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Bucket {
    messages: u64,
    bytes: u64,
}

impl Bucket {
    /// How long until one more message may pass.
    pub(crate) fn wait(&self, now: Duration) -> Option<Duration> {
        let now = nanos(now);
        wait(self.messages, now).max(wait(self.bytes, now))
    }

    /// A message of this size passes.
    pub(crate) fn take(&mut self, now: Duration, rate: Rate, bytes: usize) {
        let now = nanos(now);
        let drain = |full_at: &mut u64, cost: u64| {
            *full_at = (*full_at).max(now).saturating_add(cost);
        };
        drain(&mut self.messages, cost(1, rate.messages.into()));
        drain(&mut self.bytes, cost(bytes as u64, rate.bytes));
    }
}

/// The same for all clients of an organisation, on all cores.
#[derive(Debug, Default)]
pub(crate) struct SharedBucket {
    messages: AtomicU64,
    bytes: AtomicU64,
}

impl SharedBucket {
    /// Takes a message of this size out, or says how long it has to wait. Two cores may overdraw
    /// the bucket by one message each.
    pub(crate) fn take(&self, now: Duration, rate: Rate, bytes: usize) -> Result<(), Duration> {
        let now = nanos(now);
        let late = |full_at: &AtomicU64| wait(full_at.load(Ordering::Relaxed), now);
        if let Some(wait) = late(&self.messages).max(late(&self.bytes)) {
            return Err(wait);
        }
        let drain = |full_at: &AtomicU64, cost: u64| {
            let next = |full_at: u64| Some(full_at.max(now).saturating_add(cost));
            // It always has a next value.
            full_at.fetch_update(Ordering::Relaxed, Ordering::Relaxed, next).ok();
        };
        drain(&self.messages, cost(1, rate.messages.into()));
        drain(&self.bytes, cost(bytes as u64, rate.bytes));
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const START: Duration = Duration::from_secs(1000);

    /// How many messages of this size pass within so many milliseconds.
    fn passed(rate: Rate, bytes: usize, ms: u64) -> (u32, u32) {
        let (mut own, shared) = (Bucket::default(), SharedBucket::default());
        let (mut one, mut all) = (0, 0);
        for ms in 0..=ms {
            let now = START + Duration::from_millis(ms);
            while own.wait(now).is_none() {
                own.take(now, rate, bytes);
                one += 1;
            }
            while shared.take(now, rate, bytes).is_ok() {
                all += 1;
            }
        }
        (one, all)
    }

    #[test]
    fn a_burst_of_a_second_passes_and_then_the_rate() {
        let messages = Rate { messages: 100, bytes: 0 };
        assert_eq!(passed(messages, 50, 0), (101, 101));
        assert_eq!(passed(messages, 50, 10_000), (1101, 1101));
        let bytes = Rate { messages: 0, bytes: 1000 };
        assert_eq!(passed(bytes, 100, 0), (11, 11));
        assert_eq!(passed(bytes, 100, 5000), (61, 61));
        let both = Rate { messages: 5, bytes: 1_000_000 };
        assert_eq!(passed(both, 1, 2000), (16, 16));
        // Larger than the bucket: it passes, and the next one waits the longer.
        assert_eq!(passed(bytes, 5000, 0), (1, 1));
        assert_eq!(passed(bytes, 5000, 4500), (2, 2));
    }

    #[test]
    fn the_wait_is_exact() {
        let rate = Rate { messages: 10, bytes: 0 };
        let mut bucket = Bucket::default();
        while bucket.wait(START).is_none() {
            bucket.take(START, rate, 0);
        }
        let wait = bucket.wait(START).expect("it is empty");
        assert_eq!(wait, Duration::from_millis(100));
        assert_eq!(bucket.wait(START + wait), None);
        assert!(bucket.wait(START + wait - Duration::from_nanos(1)).is_some());
    }
}
