//! How well a client keeps up, and whether its publishers should wait for it
//! (the policy is described at [`crate::Stall`]).

use std::time::Duration;

use crate::config::Stall;

/// The pace of one client.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub(crate) enum Pace {
    /// Little waits for it.
    #[default]
    Fine,
    /// Much waits; publishers pause while it drains.
    Behind {
        /// Since when it is measured.
        since: Duration,
        /// What it drained since then.
        drained: u64,
    },
    /// Nobody waits for it.
    Slow,
}

impl Pace {
    /// Bytes left output or queue.
    pub(crate) fn drained(&mut self, bytes: usize) {
        if let Self::Behind { drained, .. } = self {
            *drained += bytes as u64;
        }
    }

    /// The backlog changed; returns whether publishers have to start or stop waiting.
    pub(crate) fn update(&mut self, now: Duration, backlog: usize, high: usize) -> Option<bool> {
        match self {
            Self::Fine if backlog > high => {
                *self = Self::Behind { since: now, drained: 0 };
                Some(true)
            }
            Self::Behind { .. } if backlog <= high / 2 => {
                *self = Self::Fine;
                Some(false)
            }
            Self::Slow if backlog <= high / 2 => {
                *self = Self::Fine;
                None
            }
            _ => None,
        }
    }

    /// Time passed; returns whether the client just turned slow.
    pub(crate) fn check_progress(&mut self, now: Duration, stall: &Stall) -> bool {
        let Self::Behind { since, drained } = self else { return false };
        if now.saturating_sub(*since) < stall.time {
            return false;
        }
        if *drained < stall.progress_bytes {
            *self = Self::Slow;
            return true;
        }
        *self = Self::Behind { since: now, drained: 0 };
        false
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MS: Duration = Duration::from_millis(1);
    const STALL: Stall = Stall { time: Duration::from_millis(100), progress_bytes: 1000 };

    #[test]
    fn a_draining_client_is_waited_for_and_a_dead_one_once() {
        let mut pace = Pace::default();
        assert_eq!(pace.update(MS, 100, 100), None);
        assert_eq!(pace.update(MS, 101, 100), Some(true));
        pace.drained(1000);
        assert!(!pace.check_progress(MS * 50, &STALL));
        assert!(!pace.check_progress(MS * 101, &STALL));
        pace.drained(999);
        assert!(pace.check_progress(MS * 201, &STALL));
        assert_eq!(pace, Pace::Slow);
        assert!(!pace.check_progress(MS * 999, &STALL));
        assert_eq!(pace.update(MS * 999, 500, 100), None);
        assert_eq!(pace, Pace::Slow);
        assert_eq!(pace.update(MS * 999, 50, 100), None);
        assert_eq!(pace, Pace::Fine);
    }
}
