//! Counts failed log-ins by address and name, so that guessing is slowed down before it costs a slow
//! hash. A signature cannot be guessed, so a valid token is accepted after any number of bad ones.

use std::collections::HashMap;
use std::net::{IpAddr, Ipv6Addr};
use std::time::Duration;

use broker_engine::{Proof, Tried};
use parking_lot::Mutex;

/// The most failures of one name from one address within a window.
const PER_NAME_MAX: u32 = 10;
/// The most failures of all names from one address within a window.
const PER_ADDRESS_MAX: u32 = 100;
/// The length of a window.
const WINDOW: Duration = Duration::from_secs(60);
/// The most entries of one table. Beyond it, those whose window is over are removed first, then those
/// with the fewest failures.
const ENTRIES_MAX: usize = 8192;
/// How many are removed at a time if no window is over, so that searching for them is rare.
const ROOM: usize = ENTRIES_MAX / 8;

/// What failures are counted by: an address and a name, or an address and all names.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
struct Key {
    network: Option<IpAddr>,
    /// `None` counts all names.
    name: Option<Box<str>>,
}

/// The failures within one window. Entries are ordered by count and then by age.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
struct Window {
    count: u32,
    ends: Duration,
}

#[derive(Debug, Default)]
struct Table(HashMap<Key, Window>);

/// The failures of all clients. Generated secrets, which cannot be guessed, have a table of their own,
/// so that failures with them push no guess at a password out. Tokens are not counted.
#[derive(Debug, Default)]
pub(crate) struct Failures {
    passwords: Mutex<Table>,
    secrets: Mutex<Table>,
}

/// The address that failures count by. A machine with one IPv6 address usually has its whole /64
/// network, so that counts as one address.
fn network(address: Option<IpAddr>) -> Option<IpAddr> {
    address.map(|address| match address.to_canonical() {
        IpAddr::V6(v6) => {
            let [a, b, c, d, ..] = v6.segments();
            Ipv6Addr::new(a, b, c, d, 0, 0, 0, 0).into()
        }
        v4 @ IpAddr::V4(_) => v4,
    })
}

/// The keys that a log-in counts by, with the most failures of each.
fn keys(address: Option<IpAddr>, tried: &Tried<'_>) -> impl Iterator<Item = (Key, u32)> {
    let network = network(address);
    // Clients may send names of any length. A prefix is enough here.
    let name: String = tried.name.iter().flat_map(|name| name.chars()).take(64).collect();
    let is_guess = tried.proof == Proof::Password;
    let of_all = is_guess.then_some((Key { network, name: None }, PER_ADDRESS_MAX));
    let of_name = (Key { network, name: Some(name.into()) }, PER_NAME_MAX);
    of_all.into_iter().chain([of_name])
}

impl Failures {
    fn table(&self, proof: Proof) -> Option<&Mutex<Table>> {
        match proof {
            Proof::Password => Some(&self.passwords),
            Proof::Secret => Some(&self.secrets),
            Proof::Signature => None,
        }
    }

    /// Whether a further log-in must be refused without a check.
    pub(crate) fn is_over(
        &self,
        now: Duration,
        address: Option<IpAddr>,
        tried: &Tried<'_>,
    ) -> bool {
        let Some(table) = self.table(tried.proof) else { return false };
        let entries = &table.lock().0;
        keys(address, tried).any(|(key, most)| {
            entries.get(&key).is_some_and(|window| window.count >= most && window.ends > now)
        })
    }

    /// Counts a failure.
    pub(crate) fn add(&self, now: Duration, address: Option<IpAddr>, tried: &Tried<'_>) {
        let Some(table) = self.table(tried.proof) else { return };
        let mut table = table.lock();
        table.make_room(now);
        for (key, _) in keys(address, tried) {
            let fresh = Window { count: 0, ends: now + WINDOW };
            let window = table.0.entry(key).or_insert(fresh);
            if window.ends <= now {
                *window = fresh;
            }
            window.count += 1;
        }
    }
}

impl Table {
    /// Makes room for two more entries.
    fn make_room(&mut self, now: Duration) {
        if self.0.len() + 2 <= ENTRIES_MAX {
            return;
        }
        self.0.retain(|_, window| window.ends > now);
        if self.0.len() + 2 <= ENTRIES_MAX {
            return;
        }
        // Those with the fewest failures are removed, and of them the oldest. So an entry of somebody who
        // guesses is not pushed out by many that failed once.
        let mut ranks: Vec<_> = self.0.values().copied().collect();
        let (_, rank, _) = ranks.select_nth_unstable(ROOM);
        let rank = *rank;
        let mut going = ROOM;
        self.0.retain(|_, window| {
            let goes = *window <= rank && going > 0;
            going -= usize::from(goes);
            !goes
        });
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
    fn twenty_thousand_names_forget_no_guesses() {
        let (failures, at) = (Failures::default(), Duration::from_secs);
        let from = |n: u32| Some(IpAddr::V4((0x0a00_0000 + n).into()));
        for n in 0..PER_NAME_MAX {
            failures.add(at(1), from(1), &password("anna"));
            failures.add(at(1), from(1), &by("press7", Proof::Secret));
            // Strangers fail in between, each once, under names of their own.
            for m in 0..2000 {
                let name = format!("{n}-{m}");
                failures.add(at(1), from(m % 50), &by(&name, Proof::Secret));
                failures.add(at(1), from(2 + m), &password(&name));
            }
        }
        assert!(failures.is_over(at(1), from(1), &password("anna")));
        assert!(failures.is_over(at(1), from(1), &by("press7", Proof::Secret)));
        for table in [&failures.passwords, &failures.secrets] {
            let len = table.lock().0.len();
            assert!((ENTRIES_MAX / 2..=ENTRIES_MAX).contains(&len), "{len}");
        }
    }

    #[test]
    fn where_all_failed_alike_the_table_has_room_again() {
        let failures = Failures::default();
        for n in 0..u32::try_from(ENTRIES_MAX).unwrap() * 3 {
            failures.add(Duration::from_secs(1), Some(IpAddr::V4(n.into())), &password("x"));
            assert!(failures.passwords.lock().0.len() <= ENTRIES_MAX);
        }
        assert!(failures.passwords.lock().0.len() >= ENTRIES_MAX - ROOM, "not all of them go");
        assert!(failures.secrets.lock().0.is_empty());
        let token = by("anna", Proof::Signature);
        failures.add(Duration::ZERO, None, &token);
        assert!(failures.secrets.lock().0.is_empty(), "what is signed has no place");
    }

    #[test]
    fn the_table_is_bounded_and_networks_count_as_one() {
        let failures = Failures::default();
        for n in 0..u32::try_from(ENTRIES_MAX).unwrap() * 2 {
            failures.add(Duration::ZERO, Some(IpAddr::V4(n.into())), &password("x"));
        }
        assert!(failures.passwords.lock().0.len() <= ENTRIES_MAX);
        let v6 = |text: &str| Some(text.parse::<IpAddr>().unwrap());
        assert_eq!(network(v6("2001:db8::1")), network(v6("2001:db8::2")));
        assert_eq!(network(v6("::ffff:10.0.0.1")), Some([10, 0, 0, 1].into()));
    }
}
