//! Reading the retained messages that match a filter, a slice at a time. Between two slices the
//! store may change freely: the walk goes on after the last topic it saw, in topic order. Where a
//! topic does not match, the walk jumps to the next that can.

use std::cmp::Ordering;
use std::time::Duration;

use uns_model::OrgId;

use super::RetainedMessages;
use super::message::Held;
use super::order::{Place, compare, is_within};
use super::topics::Topics;

/// Where a walk over the matches of one filter stands.
#[derive(Clone, Debug)]
pub struct Walk {
    filter: Box<str>,
    /// The last topic delivered; its successors are still to come.
    after: Option<Box<str>>,
}

impl Walk {
    /// Starts before the first match.
    pub fn new(filter: &str) -> Self {
        Self { filter: filter.into(), after: None }
    }

    /// Starts behind a topic.
    pub fn behind(filter: &str, topic: &str) -> Self {
        Self { filter: filter.into(), after: Some(topic.into()) }
    }

    /// Whether both walk the same filter.
    pub(crate) fn same_filter(&self, other: &Self) -> bool {
        self.filter == other.filter
    }
}

impl RetainedMessages {
    /// Hands out matches until `take` answers `false` (that message counts as taken) or none is
    /// left. Returns whether the walk is over.
    pub fn walk(
        &self,
        org: OrgId,
        walk: &mut Walk,
        now: Duration,
        take: &mut dyn FnMut(Held<'_>) -> bool,
    ) -> bool {
        let after = walk.after.take();
        let orgs = self.orgs.load();
        let Some(root) = orgs.get(&org) else { return true };
        let topics = &root.messages.read().topics;
        let mut place = match &after {
            Some(after) => topics.seek(|topic| compare(topic, after) != Ordering::Greater),
            None => topics.seek(|_| false),
        };
        while let Some((held, behind)) = topics.at(place) {
            match meets(&walk.filter, held.topic) {
                Meets::Matches if held.expired(now) || take(held) => place = behind,
                Meets::Matches => {
                    walk.after = Some(held.topic.into());
                    return false;
                }
                Meets::TooShort => place = behind,
                Meets::Never => return true,
                Meets::Later(next) => place = next.seek(topics),
            }
        }
        true
    }
}

/// How a topic stands to a filter.
#[derive(PartialEq, Eq, Debug)]
enum Meets<'a> {
    Matches,
    /// It leads to topics that may match.
    TooShort,
    /// Matches can come later only.
    Later(Next<'a>),
    /// Neither it nor what follows it matches.
    Never,
}

/// Where the next match can be.
#[derive(PartialEq, Eq, Debug)]
enum Next<'a> {
    /// Behind everything below these levels of a topic.
    Behind(&'a str),
    /// At this level below these levels of a topic; below the root where there are none.
    At(Option<&'a str>, &'a str),
}

impl Next<'_> {
    fn seek(&self, topics: &Topics) -> Place {
        match *self {
            Next::Behind(above) => topics
                .seek(|topic| is_within(topic, above) || compare(topic, above) == Ordering::Less),
            Next::At(None, level) => topics.seek(|topic| compare(topic, level) == Ordering::Less),
            Next::At(Some(above), level) => {
                let target = format!("{above}/{level}");
                topics.seek(|topic| compare(topic, &target) == Ordering::Less)
            }
        }
    }
}

/// Compares level by level up to the first that decides.
fn meets<'a>(filter: &'a str, topic: &'a str) -> Meets<'a> {
    let mut levels = topic.split('/');
    let mut end = 0;
    let mut wild = false;
    for (depth, wanted) in filter.split('/').enumerate() {
        let level = levels.next();
        let at_root = depth == 0;
        if at_root && matches!(wanted, "#" | "+") && topic.starts_with('$') {
            return Meets::Later(Next::Behind(level.unwrap_or_default()));
        }
        if wanted == "#" {
            return Meets::Matches;
        }
        let Some(level) = level else { return Meets::TooShort };
        let above = (!at_root).then(|| topic.get(..end).unwrap_or_default());
        match (wanted == "+", level.cmp(wanted)) {
            (true, _) => wild = true,
            (false, Ordering::Equal) => {}
            (false, Ordering::Less) => return Meets::Later(Next::At(above, wanted)),
            // Behind the level asked for: there is another one only under a wildcard.
            (false, Ordering::Greater) if !wild => return Meets::Never,
            (false, Ordering::Greater) => {
                return Meets::Later(Next::Behind(above.unwrap_or_default()));
            }
        }
        end += level.len() + usize::from(!at_root);
    }
    match levels.next() {
        None => Meets::Matches,
        Some(_) => Meets::Later(Next::Behind(topic.get(..end).unwrap_or_default())),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_topic_says_where_the_next_match_can_be() {
        let later = |above, level| Meets::Later(Next::At(above, level));
        let behind = |above| Meets::Later(Next::Behind(above));
        for (filter, topic, expected) in [
            ("a/#", "a", Meets::Matches),
            ("a/#", "a/b/c", Meets::Matches),
            ("a/+", "a", Meets::TooShort),
            ("a/+", "a/b/c", behind("a/b")),
            ("m/x", "a/b", later(None, "m")),
            ("m/x", "m/b", later(Some("m"), "x")),
            ("m/x", "m/y", Meets::Never),
            ("m/x", "n", Meets::Never),
            ("+/x", "m/y", behind("m")),
            ("+/x", "m/a", later(Some("m"), "x")),
            ("+/x/+", "m/x", Meets::TooShort),
            ("#", "$SYS/a", behind("$SYS")),
            ("+/a", "$SYS/a", behind("$SYS")),
            ("$SYS/#", "$SYS/a", Meets::Matches),
            ("/+", "/a", Meets::Matches),
            ("//+", "/a", Meets::Never),
        ] {
            assert_eq!(meets(filter, topic), expected, "{filter} and {topic}");
        }
    }
}
