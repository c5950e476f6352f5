//! Failed log-ins per address and name: guessing is slowed down before it costs a slow hash. What is
//! signed is not guessed: whoever shows a good token is let in, however many bad ones came before.

use std::collections::HashMap;
use std::net::{IpAddr, Ipv6Addr};
use std::time::Duration;

use broker_engine::{Proof, Tried};
use parking_lot::Mutex;

/// Failures of one name from one address within a window, before it has to wait.
const PER_NAME_MAX: u32 = 10;
/// Failures of all names from one address within a window.
const PER_ADDRESS_MAX: u32 = 100;
/// How long a window is.
const WINDOW: Duration = Duration::from_secs(60);
/// Entries kept; past it those whose window is over go, then all.
const ENTRIES_MAX: usize = 8192;

/// Who failed: an address, with a name or for all.
type Key = (Option<IpAddr>, Box<str>);

/// Failures and when their window ends.
#[derive(Debug, Default)]
pub(crate) struct Failures(Mutex<HashMap<Key, (u32, Duration)>>);

/// Whoever has one IPv6 address has the network of it.
fn network(address: Option<IpAddr>) -> Option<IpAddr> {
    address.map(|address| match address.to_canonical() {
        IpAddr::V6(v6) => {
            let [a, b, c, d, ..] = v6.segments();
            Ipv6Addr::new(a, b, c, d, 0, 0, 0, 0).into()
        }
        v4 @ IpAddr::V4(_) => v4,
    })
}

fn keys(address: Option<IpAddr>, tried: &Tried<'_>) -> impl Iterator<Item = (Key, u32)> {
    let address = network(address);
    // Names are as long as clients like; a prefix of them is enough here.
    let name: String = tried.name.iter().flat_map(|name| name.chars()).take(64).collect();
    let of_all = (tried.proof == Proof::Password).then(|| ((address, "".into()), PER_ADDRESS_MAX));
    let of_name = ((address, format!("={name}").into()), PER_NAME_MAX);
    of_all.into_iter().chain([of_name])
}

impl Failures {
    /// Whether a further try is to be turned away unseen.
    pub(crate) fn is_over(
        &self,
        now: Duration,
        address: Option<IpAddr>,
        tried: &Tried<'_>,
    ) -> bool {
        if tried.proof == Proof::Signature {
            return false;
        }
        let entries = self.0.lock();
        keys(address, tried).any(|(key, most)| {
            entries.get(&key).is_some_and(|(count, until)| *count >= most && *until > now)
        })
    }

    /// A try failed.
    pub(crate) fn add(&self, now: Duration, address: Option<IpAddr>, tried: &Tried<'_>) {
        let mut entries = self.0.lock();
        if entries.len() + 2 > ENTRIES_MAX {
            entries.retain(|_, (_, until)| *until > now);
        }
        if entries.len() + 2 > ENTRIES_MAX {
            entries.clear();
        }
        for (key, _) in keys(address, tried) {
            let (count, until) = entries.entry(key).or_insert((0, now + WINDOW));
            if *until <= now {
                (*count, *until) = (0, now + WINDOW);
            }
            *count += 1;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn by(name: &str, proof: Proof) -> Tried<'_> {
        Tried { name: Some(name.into()), proof }
    }

    fn password(name: &str) -> Tried<'_> {
        by(name, Proof::Password)
    }

    #[test]
    fn bad_tokens_and_guessed_passwords_keep_no_good_token_out() {
        let (failures, now) = (Failures::default(), Duration::from_secs(1));
        let here: Option<IpAddr> = Some([10, 0, 0, 1].into());
        let garbage = Tried { name: None, proof: Proof::Signature };
        for n in 0..2 * PER_ADDRESS_MAX {
            failures.add(now, here, &garbage);
            failures.add(now, here, &by("anna", Proof::Signature));
            assert!(!failures.is_over(now, here, &password("ben")), "they are no guesses of his");
            failures.add(now, here, &by(&n.to_string(), Proof::Secret));
        }
        for n in 0..PER_ADDRESS_MAX {
            failures.add(now, here, &password(&n.to_string()));
        }
        assert!(failures.is_over(now, here, &password("ben")));
        assert!(!failures.is_over(now, here, &by("anna", Proof::Signature)));
        assert!(!failures.is_over(now, here, &by("press7", Proof::Secret)));
    }

    #[test]
    fn a_name_has_to_wait_and_others_do_not() {
        let failures = Failures::default();
        let here: Option<IpAddr> = Some([10, 0, 0, 1].into());
        let at = Duration::from_secs;
        for _ in 0..PER_NAME_MAX {
            assert!(!failures.is_over(at(1), here, &password("anna")));
            failures.add(at(1), here, &password("anna"));
        }
        assert!(
            failures.is_over(at(60), here, &password("anna"))
                && !failures.is_over(at(61), here, &password("anna"))
        );
        assert!(!failures.is_over(at(1), here, &password("ben")));
        assert!(!failures.is_over(at(1), Some([10, 0, 0, 2].into()), &password("anna")));
        failures.add(at(61), here, &password("anna"));
        assert!(!failures.is_over(at(61), here, &password("anna")), "a new window");
        for n in 0..PER_ADDRESS_MAX {
            failures.add(at(61), here, &password(&n.to_string()));
        }
        assert!(failures.is_over(at(61), here, &password("ben")), "all names of this address");
    }

    #[test]
    fn the_table_is_bounded_and_networks_count_as_one() {
        let failures = Failures::default();
        for n in 0..u32::try_from(ENTRIES_MAX).unwrap() * 2 {
            failures.add(Duration::ZERO, Some(IpAddr::V4(n.into())), &password("x"));
        }
        assert!(failures.0.lock().len() <= ENTRIES_MAX);
        let v6 = |text: &str| Some(text.parse::<IpAddr>().unwrap());
        assert_eq!(network(v6("2001:db8::1")), network(v6("2001:db8::2")));
        assert_eq!(network(v6("::ffff:10.0.0.1")), Some([10, 0, 0, 1].into()));
    }
}
