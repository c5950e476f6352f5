//! Limits what is reported to the operators about clients: each reason once a minute for each client,
//! on whichever core it is.

use std::collections::HashMap;
use std::time::Duration;

use ahash::RandomState;
use parking_lot::Mutex;

/// A refused publish whose client cannot learn why, for the operators' log.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct SilentRefusal {
    /// Who sent it.
    pub client_id: Box<str>,
    /// Where it came from.
    pub address: Box<str>,
    /// Where it was to go.
    pub topic: Box<str>,
    /// Why it was refused, as a stable name.
    pub reason: &'static str,
}

/// The clients, with the time when each reason was reported last.
#[derive(Debug, Default)]
pub(crate) struct NoticeLimiter(Mutex<Lately>);

#[derive(Debug, Default)]
struct Lately {
    /// There are only so many reasons.
    clients: HashMap<Box<str>, Vec<(&'static str, Duration)>, RandomState>,
    /// When those of the last minute were left alone in here.
    swept: Duration,
}

const EVERY: Duration = Duration::from_secs(60);
/// At most so many clients are reported in a minute, so that the log is no flood itself.
const CLIENTS_MAX: usize = 1024;

impl Lately {
    fn has_room(&mut self, now: Duration) -> bool {
        if self.clients.len() >= CLIENTS_MAX
            && now.saturating_sub(self.swept) >= Duration::from_secs(1)
        {
            self.swept = now;
            self.clients.retain(|_, reasons| {
                reasons.retain(|(_, at)| now.saturating_sub(*at) < EVERY);
                !reasons.is_empty()
            });
        }
        self.clients.len() < CLIENTS_MAX
    }
}

impl NoticeLimiter {
    /// Whether this is to be reported now.
    pub(crate) fn is_due(&self, client_id: &str, reason: &'static str, now: Duration) -> bool {
        let mut lately = self.0.lock();
        if let Some(reasons) = lately.clients.get_mut(client_id) {
            let known = reasons.iter_mut().find(|(known, _)| *known == reason);
            match known {
                Some((_, at)) if now.saturating_sub(*at) < EVERY => return false,
                Some((_, at)) => *at = now,
                None => reasons.push((reason, now)),
            }
            return true;
        }
        let room = lately.has_room(now);
        if room {
            lately.clients.insert(client_id.into(), vec![(reason, now)]);
        }
        room
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn once_a_minute_for_each_client_and_reason_in_bounded_memory() {
        let limiter = NoticeLimiter::default();
        let due =
            |client: &str, reason, at| limiter.is_due(client, reason, Duration::from_secs(at));
        assert!(due("a", "x", 0) && due("a", "y", 1) && due("b", "x", 2));
        assert!(
            !due("a", "x", 59) && due("a", "x", 60) && !due("a", "x", 61) && !due("b", "x", 61)
        );
        let lines = |at| (0..5000).filter(|n| due(&format!("c{n}"), "x", at)).count();
        assert_eq!((lines(62), lines(63), lines(123)), (1023, 0, 1024));
        assert!(due("c0", "y", 124), "another reason of one that is known");
    }
}
