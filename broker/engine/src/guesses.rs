//! Failed log-ins by name and address, so that guessing passwords is slow.
//!
//! The first limit is per name and address, so one client cannot lock out others behind the same address.
//! The second limit is per address and far higher; it slows down clients that try many names. It does not
//! hold for names that logged in from that address before, nor for secrets that cannot be guessed.

use std::collections::{HashMap, HashSet};
use std::net::{IpAddr, SocketAddr};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use ahash::RandomState;
use parking_lot::Mutex;

use crate::tried::Proof;

/// What is done about guessing.
#[derive(Clone, Copy, Debug)]
pub struct Guessing {
    /// So many failed log-ins under one name from one address are looked at in a row; further ones
    /// are refused unseen, until enough are forgiven.
    pub failures_max: u32,
    /// One is forgiven after this time.
    pub forgive_after: Duration,
    /// So many failed passwords of all names from one address are looked at in a row.
    pub address_failures_max: u32,
    /// One of an address is forgiven after this time.
    pub address_forgive_after: Duration,
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
            address_failures_max: 200,
            address_forgive_after: Duration::from_millis(500),
            delay: Duration::from_millis(250),
            delay_max: Duration::from_secs(5),
            places_max: 8192,
        }
    }
}

/// A log-in, as far as guessing is concerned.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Attempt<'a> {
    /// Where it came from, with the port.
    pub(crate) address: &'a str,
    /// Whose account it tries; nothing if it names nobody.
    pub(crate) name: Option<&'a str>,
    /// What it shows.
    pub(crate) proof: Proof,
}

#[derive(Clone, Copy, Debug, Default)]
struct Place {
    /// Not yet forgiven, as of `since`.
    failures: u32,
    since: Duration,
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

/// The failed log-ins, by where they came from.
#[derive(Debug)]
pub(crate) struct Guesses {
    config: Guessing,
    places: Mutex<HashMap<u64, Place, RandomState>>,
    /// Names and addresses of log-ins that succeeded.
    succeeded: Mutex<HashSet<u64, RandomState>>,
    /// How many places are remembered. While it is 0, nothing is locked.
    count: AtomicUsize,
    hasher: RandomState,
}

impl Guesses {
    pub(crate) fn new(config: Guessing) -> Self {
        Self {
            config,
            places: Mutex::default(),
            succeeded: Mutex::default(),
            count: AtomicUsize::new(0),
            hasher: RandomState::new(),
        }
    }

    fn place(&self, address: &str, name: Option<&str>) -> u64 {
        self.hasher.hash_one((host(address), name))
    }

    /// All names of an address together.
    fn whole(&self, address: &str) -> u64 {
        self.hasher.hash_one((host(address), "all names"))
    }

    /// Whether a log-in is refused without being checked.
    pub(crate) fn is_over(
        &self,
        now: Duration,
        Attempt { address, name, proof }: Attempt<'_>,
    ) -> bool {
        if self.count.load(Ordering::Relaxed) == 0 || proof == Proof::Signature {
            return false;
        }
        let (key, config) = (self.place(address, name), &self.config);
        let mut places = self.places.lock();
        let mut over = |key: u64, most: u32, forgive_after: Duration| {
            places.get_mut(&key).is_some_and(|place| {
                place.forgive(now, forgive_after);
                place.failures >= most
            })
        };
        over(key, config.failures_max, config.forgive_after)
            || proof == Proof::Password
                && over(
                    self.whole(address),
                    config.address_failures_max,
                    config.address_forgive_after,
                )
                && !self.succeeded.lock().contains(&key)
    }

    /// A log-in succeeded: failures of other names do not keep this one out.
    pub(crate) fn succeeded(&self, address: &str, name: &str) {
        let key = self.place(address, Some(name));
        let mut succeeded = self.succeeded.lock();
        if succeeded.len() >= self.config.places_max && !succeeded.contains(&key) {
            succeeded.clear();
        }
        succeeded.insert(key);
    }

    /// Notes a failed log-in, which was a guess if it came with a secret. Returns how long the client waits
    /// for the answer.
    pub(crate) fn failed(
        &self,
        now: Duration,
        Attempt { address, name, proof }: Attempt<'_>,
        guess: bool,
    ) -> Duration {
        let key = self.place(address, name);
        let mut places = self.places.lock();
        if guess && proof == Proof::Password {
            let place = self.remembered(&mut places, self.whole(address), now);
            place.forgive(now, self.config.address_forgive_after);
            place.failures = place.failures.saturating_add(1);
        }
        let place = self.remembered(&mut places, key, now);
        place.forgive(now, self.config.forgive_after);
        let wait = self.config.delay.saturating_mul(place.failures).min(self.config.delay_max);
        place.failures = place.failures.saturating_add(u32::from(guess));
        self.count.store(places.len(), Ordering::Relaxed);
        wait
    }

    fn remembered<'p>(
        &self,
        places: &'p mut HashMap<u64, Place, RandomState>,
        key: u64,
        now: Duration,
    ) -> &'p mut Place {
        if places.len() >= self.config.places_max && !places.contains_key(&key) {
            self.make_room(places, now);
        }
        places.entry(key).or_insert(Place { since: now, ..Place::default() })
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

    fn attempt<'a>(address: &'a str, name: Option<&'a str>, proof: Proof) -> Attempt<'a> {
        Attempt { address, name, proof }
    }

    fn seconds(s: u64) -> Duration {
        Duration::from_secs(s)
    }

    #[test]
    fn guesses_wait_longer_and_are_then_not_looked_at() {
        let guesses = Guesses::new(Guessing { failures_max: 3, ..Guessing::default() });
        let (from, name) = ("10.0.0.1:5000", Some("admin"));
        assert!(!guesses.is_over(seconds(1), attempt(from, name, Proof::Password)));
        let waits: Vec<_> = (0..3)
            .map(|_| guesses.failed(seconds(1), attempt(from, name, Proof::Password), true))
            .map(|wait| wait.as_millis())
            .collect();
        assert_eq!(waits, [0, 250, 500]);
        assert!(
            guesses.is_over(seconds(1), attempt("10.0.0.1:6000", name, Proof::Password)),
            "whichever port"
        );
        assert!(!guesses.is_over(seconds(1), attempt(from, Some("other"), Proof::Password)));
        assert!(!guesses.is_over(seconds(1), attempt("10.0.0.2:5000", name, Proof::Password)));
        assert!(guesses.is_over(seconds(3), attempt(from, name, Proof::Password)));
        assert!(
            !guesses.is_over(seconds(4), attempt(from, name, Proof::Password)),
            "one is forgiven"
        );
        let wait = guesses.failed(seconds(1000), attempt(from, name, Proof::Password), true);
        assert_eq!(wait, Duration::ZERO, "all are");
    }

    #[test]
    fn without_a_secret_nobody_guesses() {
        let guesses = Guesses::new(Guessing { failures_max: 1, ..Guessing::default() });
        for _ in 1..100 {
            let wait =
                guesses.failed(seconds(1), attempt("10.0.0.1:1", None, Proof::Password), false);
            assert_eq!(wait, Duration::ZERO);
        }
        assert!(!guesses.is_over(seconds(1), attempt("10.0.0.1:1", None, Proof::Password)));
    }

    /// Whoever tries many names from one address; not who shows what nobody guesses, nor who was
    /// let in from there before.
    #[test]
    fn all_names_of_an_address_count_together() {
        let guesses = Guesses::new(Guessing { address_failures_max: 50, ..Guessing::default() });
        let (now, from) = (seconds(10), "10.0.0.1:5000");
        guesses.succeeded(from, "anna");
        for n in 0..50 {
            let name = n.to_string();
            assert!(!guesses.is_over(now, attempt(from, Some(&name), Proof::Password)));
            for proof in [Proof::Secret, Proof::Signature, Proof::Password] {
                guesses.failed(now, attempt(from, Some(&name), proof), true);
            }
        }
        let over = |name, proof| guesses.is_over(now, attempt(from, Some(name), proof));
        assert!(over("ben", Proof::Password));
        assert!(!over("anna", Proof::Password), "she was there before");
        assert!(!over("press7", Proof::Secret) && !over("ben", Proof::Signature));
        assert!(!guesses.is_over(now, attempt("10.0.0.2:1", Some("ben"), Proof::Password)));
        assert!(!guesses.is_over(seconds(11), attempt(from, Some("ben"), Proof::Password)));
    }

    /// Garbage in the place of a token names nobody and keeps no good one out.
    #[test]
    fn bad_signatures_keep_nobody_out() {
        let guesses = Guesses::new(Guessing { failures_max: 1, ..Guessing::default() });
        let (now, from) = (seconds(1), "10.0.0.1:5000");
        for name in [None, Some("anna")] {
            for _ in 0..1000 {
                guesses.failed(now, attempt(from, name, Proof::Signature), true);
            }
            assert!(!guesses.is_over(now, attempt(from, name, Proof::Signature)), "{name:?}");
        }
        assert!(!guesses.is_over(now, attempt(from, Some("ben"), Proof::Password)));
    }

    /// TRAP-40: unknown clients choose the names.
    #[test]
    fn what_is_remembered_is_bounded() {
        let guesses = Guesses::new(Guessing { places_max: 10, ..Guessing::default() });
        let from = "[2001:db8::1]:1";
        for _ in 0..20 {
            guesses.failed(seconds(1), attempt(from, Some("admin"), Proof::Password), true);
        }
        for n in 0..1000 {
            guesses.failed(seconds(1), attempt(from, Some(&n.to_string()), Proof::Password), true);
            guesses.failed(seconds(1), attempt(from, Some(&n.to_string()), Proof::Password), true);
            assert!(guesses.places.lock().len() <= 10);
        }
        let near = "[2001:db8::2]:2";
        assert!(
            guesses.is_over(seconds(1), attempt(near, Some("admin"), Proof::Password)),
            "the worst is not forgotten"
        );
    }
}
