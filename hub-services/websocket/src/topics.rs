//! Which topics a filter matches and its client may read, decided once per interned topic.

use std::collections::HashMap;
use std::sync::Arc;

use hub_kit::Caller;
use uns_model::{Coverage, Filter, TopicId};

/// How many verdicts are kept; past it they are all forgotten and made again.
const VERDICTS_MAX: usize = 65_536;

/// A filter with its verdicts.
#[derive(Debug)]
pub(crate) struct Topics {
    filter: Filter,
    caller: Caller,
    /// The rights the verdicts were made under.
    version: u64,
    verdicts: HashMap<TopicId, Option<Arc<str>>>,
}

/// What is known about a topic.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) enum Verdict {
    /// It matches; this is its name.
    Match(Arc<str>),
    /// It does not.
    Other,
    /// Nobody could say what it is called.
    Unknown,
}

impl Topics {
    pub(crate) fn new(filter: Filter, caller: Caller) -> Self {
        let version = caller.rights.version();
        Self { filter, caller, version, verdicts: HashMap::new() }
    }

    pub(crate) fn filter(&self) -> &Filter {
        &self.filter
    }

    pub(crate) fn caller(&self) -> &Caller {
        &self.caller
    }

    /// Whether its client may read anything that the filter matches: only then how far the log is
    /// concerns it.
    pub(crate) fn may_read_some(&self) -> bool {
        self.caller.rights.reads(self.filter.as_str()) != Coverage::None
    }

    /// Forgets all verdicts: somebody else decides from here on.
    pub(crate) fn forget(&mut self) {
        self.verdicts = HashMap::new();
    }

    /// Forgets verdicts made under other rights.
    pub(crate) fn refresh(&mut self) {
        let version = self.caller.rights.version();
        if self.version != version {
            self.version = version;
            self.verdicts.clear();
        }
    }

    /// The verdict on a topic; `name` is asked for once.
    pub(crate) fn verdict(
        &mut self,
        topic: TopicId,
        name: impl FnOnce() -> Option<Arc<str>>,
    ) -> Verdict {
        if let Some(known) = self.verdicts.get(&topic) {
            return known.clone().map_or(Verdict::Other, Verdict::Match);
        }
        match name() {
            Some(name) => self.learn(topic, &name),
            None => Verdict::Unknown,
        }
    }

    /// Takes in the name of a topic, as a minting record says it.
    pub(crate) fn learn(&mut self, topic: TopicId, name: &str) -> Verdict {
        if self.verdicts.len() >= VERDICTS_MAX {
            self.verdicts.clear();
        }
        let allowed = self.filter.matches(name) && self.caller.rights.may_read(name);
        let matched: Option<Arc<str>> = allowed.then(|| name.into());
        self.verdicts.insert(topic, matched.clone());
        matched.map_or(Verdict::Other, Verdict::Match)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_asked_for_once() {
        let mut topics = Topics::new(Filter::parse("a/#").unwrap(), Caller::unrestricted());
        assert_eq!(topics.verdict(TopicId(1), || None), Verdict::Unknown);
        let matched = Verdict::Match("a/b".into());
        assert_eq!(topics.verdict(TopicId(1), || Some("a/b".into())), matched);
        assert_eq!(topics.verdict(TopicId(1), || unreachable!("asked twice")), matched);
        assert_eq!(topics.learn(TopicId(2), "b"), Verdict::Other);
        assert_eq!(topics.verdict(TopicId(2), || unreachable!("asked twice")), Verdict::Other);
    }

    #[test]
    fn the_cache_is_bounded() {
        let mut topics = Topics::new(Filter::parse("#").unwrap(), Caller::unrestricted());
        for id in 0..u32::try_from(VERDICTS_MAX).unwrap() + 10 {
            topics.learn(TopicId(id), "a");
        }
        assert!(topics.verdicts.len() <= VERDICTS_MAX);
    }
}
