//! Failed log-ins for the operators' log: one line for each name, address and minute, with the number of
//! failures. Unknown clients choose the names, so a name is cleaned before it is logged.

use std::collections::HashMap;
use std::time::Duration;

use ahash::RandomState;
use broker_codec::ReasonCode;
use parking_lot::Mutex;

/// Between two lines about one name from one address.
const EVERY: Duration = Duration::from_secs(60);
/// Names and addresses remembered; those beyond share one line.
const ENTRIES_MAX: usize = 512;
/// How much of a name is logged.
const CHARACTERS_MAX: usize = 64;
/// The name of those that are not remembered one by one.
const OTHERS: &str = "(further names and addresses)";

/// A log-in that failed.
#[derive(Clone, Copy, Debug)]
pub struct FailedLogin<'a> {
    /// The name it tried; nothing if it named nobody.
    pub name: Option<&'a str>,
    /// Where it came from, without the port.
    pub address: &'a str,
    /// The listener or interface it came to.
    pub listener: &'a str,
    /// What CONNACK says.
    pub reason: ReasonCode,
}

/// Failed log-ins under one name from one address, for the operators' log.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct RefusedLogin {
    /// The name that was tried, without control characters and cut off where it is very long.
    pub name: Option<Box<str>>,
    /// Where they came from.
    pub address: Box<str>,
    /// The listener the last one came to.
    pub listener: Box<str>,
    /// What its CONNACK said.
    pub reason: ReasonCode,
    /// How many since the last line.
    pub count: u32,
}

#[derive(Debug)]
struct Entry {
    /// When a line was last written.
    reported: Option<Duration>,
    /// The failures that were not reported since then.
    kept: RefusedLogin,
}

type Key = (Option<Box<str>>, Box<str>);

/// The failures that are still to be reported.
#[derive(Debug, Default)]
pub struct FailedLogins(Mutex<HashMap<Key, Entry, RandomState>>);

impl FailedLogins {
    /// Notes a failure. What comes back is to be reported now.
    pub fn note(&self, now: Duration, failed: &FailedLogin<'_>) -> Option<RefusedLogin> {
        let mut entries = self.0.lock();
        let mut key = (failed.name.map(printable), failed.address.into());
        if entries.len() >= ENTRIES_MAX && !entries.contains_key(&key) {
            entries.retain(|_, entry| entry.kept.count > 0 || !entry.is_due(now));
            if entries.len() >= ENTRIES_MAX {
                key = (Some(OTHERS.into()), "".into());
            }
        }
        let (name, address) = key.clone();
        let entry = entries.entry(key).or_insert_with(|| {
            let (listener, reason) = ("".into(), failed.reason);
            // The first failure is reported at once.
            Entry {
                reported: None,
                kept: RefusedLogin { name, address, listener, reason, count: 0 },
            }
        });
        entry.kept.count = entry.kept.count.saturating_add(1);
        (entry.kept.listener, entry.kept.reason) = (failed.listener.into(), failed.reason);
        entry.take(now)
    }

    /// The failures that were noted a minute ago and not reported yet.
    pub fn due(&self, now: Duration) -> Vec<RefusedLogin> {
        let mut entries = self.0.lock();
        let due: Vec<_> = entries.values_mut().filter_map(|entry| entry.take(now)).collect();
        entries.retain(|_, entry| !entry.is_due(now));
        due
    }
}

impl Entry {
    /// Whether a line may be written.
    fn is_due(&self, now: Duration) -> bool {
        self.reported.is_none_or(|reported| now.saturating_sub(reported) >= EVERY)
    }

    fn take(&mut self, now: Duration) -> Option<RefusedLogin> {
        if self.kept.count == 0 || !self.is_due(now) {
            return None;
        }
        self.reported = Some(now);
        let line = self.kept.clone();
        self.kept.count = 0;
        Some(line)
    }
}

/// Text of an unknown client as it may stand in a log: one line, printed in its own order, of bounded length.
fn printable(text: &str) -> Box<str> {
    let hidden = |c: char| {
        c.is_control()
            || matches!(c, '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}')
            || matches!(c, '\u{2060}'..='\u{206f}' | '\u{feff}')
    };
    let visible = |c: char| if hidden(c) { char::REPLACEMENT_CHARACTER } else { c };
    text.chars().take(CHARACTERS_MAX).map(visible).collect::<String>().into()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn failed<'a>(name: &'a str, address: &'a str) -> FailedLogin<'a> {
        let reason = ReasonCode::BadUserNameOrPassword;
        FailedLogin { name: Some(name), address, listener: "l", reason }
    }

    fn at(seconds: u64) -> Duration {
        Duration::from_secs(seconds)
    }

    #[test]
    fn one_line_for_each_name_address_and_minute() {
        let failures = FailedLogins::default();
        let note = |now, name, address| {
            failures.note(at(now), &failed(name, address)).map(|told| told.count)
        };
        assert_eq!(note(0, "anna", "10.0.0.1"), Some(1), "the first at once");
        for second in 1..60 {
            assert_eq!(note(second, "anna", "10.0.0.1"), None);
        }
        assert_eq!(note(1, "ben", "10.0.0.1"), Some(1));
        assert_eq!(note(1, "anna", "10.0.0.2"), Some(1));
        assert!(failures.due(at(59)).is_empty());
        let told = failures.due(at(60));
        assert_eq!(told.len(), 1, "{told:?}");
        assert_eq!((told[0].name.as_deref(), told[0].count), (Some("anna"), 59));
        assert_eq!(note(61, "anna", "10.0.0.1"), None);
        assert_eq!(note(120, "anna", "10.0.0.1"), Some(2), "with those in between");
        assert!(failures.due(at(500)).is_empty() && failures.0.lock().is_empty());
    }

    #[test]
    fn names_forge_no_lines_and_fill_no_memory() {
        let failures = FailedLogins::default();
        let told = failures.note(at(1), &failed("a\n\u{1b}[31m\u{202e}\u{2028}b", "x")).unwrap();
        assert_eq!(told.name.as_deref(), Some("a\u{fffd}\u{fffd}[31m\u{fffd}\u{fffd}b"));
        let mut lines = 0;
        for n in 0..100_000_u32 {
            let name = format!("{n}{}", "x".repeat(1000));
            lines += usize::from(failures.note(at(2), &failed(&name, "x")).is_some());
        }
        assert!(failures.0.lock().len() <= ENTRIES_MAX + 1);
        assert!(lines <= ENTRIES_MAX + 1, "{lines} lines");
        let others = failures.due(at(70));
        assert_eq!(others.len(), 1, "{} lines", others.len());
        assert!(others[0].count > 90_000, "those beyond are counted: {}", others[0].count);
    }
}
