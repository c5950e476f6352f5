//! Failed log-ins by name and address, so that guessing passwords is slow. A limit per name and
//! address, and not per address alone, lets nobody lock out all who share an address with him.

use std::collections::HashMap;
use std::net::{IpAddr, SocketAddr};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use ahash::RandomState;
use parking_lot::Mutex;

/// What is done about guessing.
#[derive(Clone, Copy, Debug)]
pub struct Guessing {
    /// So many failed log-ins under one name from one address are looked at in a row; further ones
    /// are refused unseen, until enough are forgiven.
    pub failures_max: u32,
    /// One is forgiven after this time.
    pub forgive_after: Duration,
    /// With each that is not yet forgiven the next refusal waits this much longer.
    pub delay: Duration,
    /// The longest such wait.
    pub delay_max: Duration,
    /// Names and addresses remembered; those that failed least are forgotten first (TRAP-40).
    pub places_max: usize,
}

impl Default for Guessing {
    fn default() -> Self {
        Self {
            failures_max: 20,
            forgive_after: Duration::from_secs(3),
            delay: Duration::from_millis(250),
            delay_max: Duration::from_secs(5),
            places_max: 8192,
        }
    }
}

#[derive(Clone, Copy, Debug, Default)]
struct Place {
    /// Not yet forgiven, as of `since`.
    failures: u32,
    since: Duration,
    /// All since it is remembered.
    total: u32,
}

impl Place {
    fn forgive(&mut self, now: Duration, after: Duration) {
        let after = after.as_millis().max(1);
        let passed = now.saturating_sub(self.since).as_millis();
        let forgiven = u32::try_from(passed / after).unwrap_or(u32::MAX);
        if forgiven >= self.failures {
            (self.failures, self.since) = (0, now);
            return;
        }
        self.failures -= forgiven;
        let rest = u64::try_from(passed % after).unwrap_or_default();
        self.since = now.saturating_sub(Duration::from_millis(rest));
    }
}

/// Where failed log-ins came from.
#[derive(Debug)]
pub(crate) struct Guesses {
    config: Guessing,
    places: Mutex<HashMap<u64, Place, RandomState>>,
    /// How many there are, so that nobody locks while there is none.
    count: AtomicUsize,
    hasher: RandomState,
}

/// A failed log-in, as one of many.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Failed {
    /// Which one it is of the same name and address.
    pub(crate) number: u32,
    /// How long to wait before it is said.
    pub(crate) wait: Duration,
}

impl Guesses {
    pub(crate) fn new(config: Guessing) -> Self {
        Self {
            config,
            places: Mutex::default(),
            count: AtomicUsize::new(0),
            hasher: RandomState::new(),
        }
    }

    fn place(&self, address: &str, name: Option<&str>) -> u64 {
        self.hasher.hash_one((host(address), name))
    }

    /// Whether a log-in shall not even be looked at.
    pub(crate) fn is_over(&self, now: Duration, address: &str, name: Option<&str>) -> bool {
        if self.count.load(Ordering::Relaxed) == 0 {
            return false;
        }
        let place = self.place(address, name);
        let mut places = self.places.lock();
        let Some(place) = places.get_mut(&place) else { return false };
        place.forgive(now, self.config.forgive_after);
        place.failures >= self.config.failures_max
    }

    /// Notes a failed log-in, which was a guess if it came with a secret.
    pub(crate) fn failed(
        &self,
        now: Duration,
        (address, name): (&str, Option<&str>),
        guess: bool,
    ) -> Failed {
        let key = self.place(address, name);
        let mut places = self.places.lock();
        if places.len() >= self.config.places_max && !places.contains_key(&key) {
            self.make_room(&mut places, now);
        }
        let place = places.entry(key).or_insert(Place { since: now, ..Place::default() });
        place.forgive(now, self.config.forgive_after);
        let wait = self.config.delay.saturating_mul(place.failures).min(self.config.delay_max);
        place.failures = place.failures.saturating_add(u32::from(guess));
        place.total = place.total.saturating_add(1);
        let number = place.total;
        self.count.store(places.len(), Ordering::Relaxed);
        Failed { number, wait }
    }

    fn make_room(&self, places: &mut HashMap<u64, Place, RandomState>, now: Duration) {
        places.retain(|_, place| {
            place.forgive(now, self.config.forgive_after);
            place.failures > 1
        });
        if places.len() >= self.config.places_max {
            let least = places.iter().min_by_key(|(_, place)| place.failures).map(|(key, _)| *key);
            least.and_then(|key| places.remove(&key));
        }
    }
}

/// The address without its port; of IPv6 the network, since one host has many addresses there.
fn host(address: &str) -> Option<IpAddr> {
    let ip = address.parse::<SocketAddr>().ok()?.ip().to_canonical();
    Some(match ip {
        IpAddr::V4(_) => ip,
        IpAddr::V6(ip) => IpAddr::V6((ip.to_bits() >> 64 << 64).into()),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn seconds(s: u64) -> Duration {
        Duration::from_secs(s)
    }

    #[test]
    fn guesses_wait_longer_and_are_then_not_looked_at() {
        let guesses = Guesses::new(Guessing { failures_max: 3, ..Guessing::default() });
        let (from, name) = ("10.0.0.1:5000", Some("admin"));
        assert!(!guesses.is_over(seconds(1), from, name));
        let waits: Vec<_> = (0..3)
            .map(|_| guesses.failed(seconds(1), (from, name), true))
            .map(|failed| (failed.number, failed.wait.as_millis()))
            .collect();
        assert_eq!(waits, [(1, 0), (2, 250), (3, 500)]);
        assert!(guesses.is_over(seconds(1), "10.0.0.1:6000", name), "whichever port");
        assert!(!guesses.is_over(seconds(1), from, Some("other")));
        assert!(!guesses.is_over(seconds(1), "10.0.0.2:5000", name));
        assert!(guesses.is_over(seconds(3), from, name));
        assert!(!guesses.is_over(seconds(4), from, name), "one is forgiven");
        let wait = guesses.failed(seconds(1000), (from, name), true).wait;
        assert_eq!(wait, Duration::ZERO, "all are");
    }

    #[test]
    fn without_a_secret_nobody_guesses() {
        let guesses = Guesses::new(Guessing { failures_max: 1, ..Guessing::default() });
        for number in 1..100 {
            let failed = guesses.failed(seconds(1), ("10.0.0.1:1", None), false);
            assert_eq!(failed, Failed { number, wait: Duration::ZERO });
        }
        assert!(!guesses.is_over(seconds(1), "10.0.0.1:1", None));
    }

    /// TRAP-40: names are chosen by strangers.
    #[test]
    fn what_is_remembered_is_bounded() {
        let guesses = Guesses::new(Guessing { places_max: 10, ..Guessing::default() });
        let from = "[2001:db8::1]:1";
        for _ in 0..20 {
            guesses.failed(seconds(1), (from, Some("admin")), true);
        }
        for n in 0..1000 {
            guesses.failed(seconds(1), (from, Some(&n.to_string())), true);
            guesses.failed(seconds(1), (from, Some(&n.to_string())), true);
            assert!(guesses.places.lock().len() <= 10);
        }
        let near = "[2001:db8::2]:2";
        assert!(guesses.is_over(seconds(1), near, Some("admin")), "the worst is not forgotten");
    }
}
