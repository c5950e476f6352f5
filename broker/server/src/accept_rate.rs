//! Limits how fast one listener accepts connections. A second's worth may come at once, then one at
//! a time. Those that come faster wait in the listener's queue in the kernel, where they cost nothing.

use std::time::Duration;

use tokio::time::Instant;

/// The rate limit of one listener.
#[derive(Debug)]
pub(crate) struct AcceptRateLimiter {
    /// The time between two connections; `None` if the rate has no limit.
    interval: Option<Duration>,
    /// When the whole burst is available again.
    full_at: Instant,
}

impl AcceptRateLimiter {
    pub(crate) fn new(per_second: u32) -> Self {
        let interval = Duration::from_secs(1).checked_div(per_second);
        Self { interval, full_at: Instant::now() }
    }

    /// Counts one connection. Returns how long the listener must wait before it accepts the next.
    pub(crate) fn accepted(&mut self, now: Instant) -> Option<Duration> {
        const BURST: Duration = Duration::from_secs(1);
        self.full_at = self.full_at.max(now) + self.interval?;
        (self.full_at - now).checked_sub(BURST).filter(|wait| !wait.is_zero())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_second_s_worth_comes_at_once_and_the_rest_at_the_rate() {
        let mut limiter = AcceptRateLimiter::new(100);
        let now = Instant::now();
        assert!((0..100).all(|_| limiter.accepted(now).is_none()));
        assert_eq!(limiter.accepted(now), Some(Duration::from_millis(10)));
        let later = now + Duration::from_millis(10);
        assert_eq!(limiter.accepted(later), Some(Duration::from_millis(10)));
        assert_eq!(limiter.accepted(now + Duration::from_secs(9)), None);
        let mut unlimited = AcceptRateLimiter::new(0);
        assert!((0..100_000).all(|_| unlimited.accepted(now).is_none()));
    }
}
