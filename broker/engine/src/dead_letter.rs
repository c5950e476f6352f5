//! Dead letters: descriptions of refused publishes, for people and for programs (NS-33).

use std::sync::Arc;

use broker_codec::{ReasonCode, shared};
use uns_model::{OrgId, Timestamp};

/// Before `<reason>/<topic>`.
pub(crate) const DEAD: &str = "$uns/dead/";

/// A publish that was refused.
#[derive(Clone, Copy, Debug)]
pub struct DeadLetter<'a> {
    /// Whose.
    pub org: OrgId,
    /// Where its description is published.
    pub dead_topic: &'a str,
    /// Where it was to go.
    pub topic: &'a str,
    /// Who published it.
    pub client_id: &'a str,
    /// With which QoS.
    pub qos: u8,
    /// Why, as MQTT 5 says it.
    pub code: ReasonCode,
    /// Why, as a stable name.
    pub reason: &'static str,
    /// Why, for people.
    pub detail: &'a str,
    /// What it carried.
    pub payload: &'a [u8],
    /// When it arrived.
    pub received: Timestamp,
}

/// The number of a dead letter that an answer waits for, ascending on its core.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, Default)]
pub struct DeadLetterNo(pub(crate) u64);

/// Called once, on any thread, when a dead letter is on disk, or with `false` when it will not be:
/// it must be short.
pub type OnStored = Arc<dyn Fn(bool) + Send + Sync>;

/// A description that was made of one.
#[derive(Clone, Debug)]
pub struct StoredDeadLetter {
    /// Its name, which the publisher is told.
    pub id: Box<str>,
    /// What subscribers get.
    pub body: Vec<u8>,
}

/// Describes and keeps refused publishes. Called on a core, so it must be quick; not more than a
/// thousand times a second for an organisation, unless publishers of MQTT 3.1.1 are slowed down.
pub trait DeadLetters: Send + Sync {
    /// Takes one. With `on_stored` somebody waits until it is on disk; it is always called, be it
    /// before this returns.
    fn store(&self, dead: &DeadLetter<'_>, on_stored: Option<OnStored>) -> StoredDeadLetter;
}

/// The topic whose rights count for another one: a dead letter may be read by whoever may read
/// the topic of the publish.
pub(crate) fn subject(topic: &str) -> &str {
    match topic.strip_prefix(DEAD).map(|rest| rest.split_once('/')) {
        Some(Some((_, topic))) => topic,
        Some(None) | None => topic,
    }
}

/// The same for a filter: the topics of the dead letters it matches. A share has the rights of its
/// filter.
pub fn subjects(filter: &str) -> &str {
    let filter = shared(filter).map_or(filter, |(_, inner)| inner);
    match filter.strip_prefix(DEAD).map(|rest| rest.split_once('/')) {
        Some(Some((_, filter))) => filter,
        Some(None) => "#",
        None if filter == "$uns/#" => "#",
        None => filter,
    }
}

/// The reasons for which one of a client's refused publishes was described in this second.
#[derive(Debug, Default)]
pub(crate) struct Described {
    second: u64,
    /// There are only so many reasons.
    reasons: Vec<&'static str>,
}

impl Described {
    pub(crate) fn is_first(&mut self, second: u64, reason: &'static str) -> bool {
        if self.second != second {
            self.second = second;
            self.reasons.clear();
        }
        let first = !self.reasons.contains(&reason);
        if first {
            self.reasons.push(reason);
        }
        first
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rights_are_those_of_the_refused_topic() {
        for (topic, expected) in [
            ("$uns/dead/topic_invalid/a/b", "a/b"),
            ("$uns/dead/r/$SYS/x", "$SYS/x"),
            ("$uns/dead/r", "$uns/dead/r"),
            ("$uns/alerts/a", "$uns/alerts/a"),
            ("a/$uns/dead/r/b", "a/$uns/dead/r/b"),
        ] {
            assert_eq!(subject(topic), expected);
        }
        for (filter, expected) in [
            ("$uns/dead/+/a/#", "a/#"),
            ("$uns/dead/r/+", "+"),
            ("$uns/dead/#", "#"),
            ("$uns/dead/+", "#"),
            ("$uns/#", "#"),
            ("a/#", "a/#"),
            ("$share/group/a/#", "a/#"),
            ("$share/group/$uns/dead/+/a/#", "a/#"),
            ("$share/group", "$share/group"),
        ] {
            assert_eq!(subjects(filter), expected);
        }
    }

    #[test]
    fn one_of_a_reason_and_second() {
        let mut described = Described::default();
        let first: Vec<_> = [(5, "a"), (5, "b"), (5, "a"), (6, "a"), (6, "b"), (6, "b")]
            .map(|(second, reason)| described.is_first(second, reason))
            .into();
        assert_eq!(first, [true, true, false, true, true, false]);
    }
}
