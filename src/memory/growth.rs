//! When threads are asked to give back although memory is not short: after work that took much of it
//! and is done, such as a start or a checkpoint.

use std::time::Duration;

/// What was used since threads were asked last.
#[derive(Debug, Default)]
pub(super) struct Growth {
    asked: Duration,
    least: u64,
}

/// Less is not worth asking for.
const WORTH: u64 = 32 << 20;
/// Asking takes some milliseconds of each thread that has much, and under load what is given back is
/// soon needed again.
const EVERY: Duration = Duration::from_secs(10);

impl Growth {
    /// Notes what is used at a time since the start; whether threads are to be asked now.
    pub(super) fn is_worth_asking(&mut self, time: Duration, used: u64) -> bool {
        self.least = self.least.min(used);
        let is_worth = used - self.least >= WORTH && time.saturating_sub(self.asked) >= EVERY;
        if is_worth {
            // What they give back brings it down from here.
            (self.asked, self.least) = (time, used);
        }
        is_worth
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MIB: u64 = 1 << 20;

    #[test]
    fn threads_are_asked_once_after_each_growth() {
        let mut growth = Growth::default();
        let mut asked_at = Vec::new();
        // A start takes 200 MiB, and 90 stay; 10 more are nothing; then a checkpoint takes 100.
        let used = [200, 200, 200, 90, 90, 90, 100, 100, 190, 190, 190, 95, 95, 95];
        for (seconds, used) in (6..).step_by(6).zip(used) {
            if growth.is_worth_asking(Duration::from_secs(seconds), used * MIB) {
                asked_at.push(seconds);
            }
        }
        assert_eq!(asked_at, [12, 54]);
    }

    #[test]
    fn memory_that_only_grows_has_them_asked_at_most_every_ten_seconds() {
        let mut growth = Growth::default();
        let asked = (1..=60_u64)
            .filter(|tick| growth.is_worth_asking(Duration::from_secs(*tick), *tick * 20 * MIB));
        assert_eq!(asked.count(), 6);
    }
}
