//! How fast a listener lets connections in: a second's worth at once, then one at a time. Those that
//! come faster wait in the listener's queue, where they cost nothing.

use std::time::Duration;

use tokio::time::Instant;

/// One listener's.
#[derive(Debug)]
pub(crate) struct Turnstile {
    /// Between two connections; none for as fast as they come.
    each: Option<Duration>,
    /// When a second's worth may come at once again.
    full_at: Instant,
}

impl Turnstile {
    pub(crate) fn new(per_second: u32) -> Self {
        let each = Duration::from_secs(1).checked_div(per_second);
        Self { each, full_at: Instant::now() }
    }

    /// A connection came in; how long the next one has to wait.
    pub(crate) fn pass(&mut self, now: Instant) -> Option<Duration> {
        const BURST: Duration = Duration::from_secs(1);
        self.full_at = self.full_at.max(now) + self.each?;
        (self.full_at - now).checked_sub(BURST).filter(|wait| !wait.is_zero())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_second_s_worth_at_once_and_then_in_turn() {
        let mut turnstile = Turnstile::new(100);
        let now = Instant::now();
        assert!((0..100).all(|_| turnstile.pass(now).is_none()));
        assert_eq!(turnstile.pass(now), Some(Duration::from_millis(10)));
        let later = now + Duration::from_millis(10);
        assert_eq!(turnstile.pass(later), Some(Duration::from_millis(10)));
        assert_eq!(turnstile.pass(now + Duration::from_secs(9)), None);
        let mut open = Turnstile::new(0);
        assert!((0..100_000).all(|_| open.pass(now).is_none()));
    }
}
