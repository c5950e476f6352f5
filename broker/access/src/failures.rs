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
/// Entries of one table; past it those whose window is over go, then those that failed least.
const ENTRIES_MAX: usize = 8192;
/// How many go at a time where none is over, so that looking for them is rare.
const ROOM: usize = ENTRIES_MAX / 8;

/// Who failed: an address, with a name or for all.
type Key = (Option<IpAddr>, Box<str>);

/// Failures and when their window ends.
#[derive(Debug, Default)]
struct Table(HashMap<Key, (u32, Duration)>);

/// Failures that count. Generated secrets, which nobody guesses, have a table of their own: whatever
/// strangers write into it forgets no guess at a password. What is signed has no place at all.
#[derive(Debug, Default)]
pub(crate) struct Failures {
    passwords: Mutex<Table>,
    secrets: Mutex<Table>,
}

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
    fn table(&self, proof: Proof) -> Option<&Mutex<Table>> {
        match proof {
            Proof::Password => Some(&self.passwords),
            Proof::Secret => Some(&self.secrets),
            Proof::Signature => None,
        }
    }

    /// Whether a further try is to be turned away unseen.
    pub(crate) fn is_over(
        &self,
        now: Duration,
        address: Option<IpAddr>,
        tried: &Tried<'_>,
    ) -> bool {
        let Some(table) = self.table(tried.proof) else { return false };
        let entries = &table.lock().0;
        keys(address, tried).any(|(key, most)| {
            entries.get(&key).is_some_and(|(count, until)| *count >= most && *until > now)
        })
    }

    /// A try failed.
    pub(crate) fn add(&self, now: Duration, address: Option<IpAddr>, tried: &Tried<'_>) {
        let Some(table) = self.table(tried.proof) else { return };
        let mut table = table.lock();
        table.make_room(now);
        for (key, _) in keys(address, tried) {
            let (count, until) = table.0.entry(key).or_insert((0, now + WINDOW));
            if *until <= now {
                (*count, *until) = (0, now + WINDOW);
            }
            *count += 1;
        }
    }
}

impl Table {
    /// For two more.
    fn make_room(&mut self, now: Duration) {
        if self.0.len() + 2 <= ENTRIES_MAX {
            return;
        }
        self.0.retain(|_, (_, until)| *until > now);
        if self.0.len() + 2 <= ENTRIES_MAX {
            return;
        }
        // Those that failed least, and of them the oldest: who guesses at one name or from one address
        // is not forgotten for the many that failed once.
        let mut ranks: Vec<_> = self.0.values().copied().collect();
        let (_, rank, _) = ranks.select_nth_unstable(ROOM);
        let rank = *rank;
        let mut going = ROOM;
        self.0.retain(|_, entry| {
            let goes = *entry <= rank && going > 0;
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
