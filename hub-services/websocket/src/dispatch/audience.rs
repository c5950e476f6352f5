//! Who wants which topic: subscriptions by filter, and for each topic the filters that match it.

use std::collections::HashMap;
use std::sync::Arc;

use uns_model::{Filter, Sequence, TopicId};

use crate::inbox::Inbox;

/// How many topics are remembered with their filters; past it they are all matched again.
const TOPICS_MAX: usize = 262_144;
/// How many filters nobody has any more may be left in what is remembered.
const GONE_MAX: usize = 1_024;

/// Names one member.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Number {
    group: u64,
    member: u64,
}

/// All subscriptions that are up to date.
#[derive(Default)]
pub(super) struct Audience {
    groups: HashMap<u64, Group>,
    by_filter: HashMap<Filter, u64>,
    /// The filters that match a topic, some of them perhaps gone.
    topics: HashMap<TopicId, Topic>,
    gone: usize,
    next: u64,
}

struct Topic {
    name: Arc<str>,
    groups: Vec<u64>,
}

/// Subscriptions with the same filter.
struct Group {
    filter: Filter,
    members: Vec<Member>,
}

/// One subscription.
pub(super) struct Member {
    pub(super) number: Number,
    /// It has read up to here.
    pub(super) from: Sequence,
    pub(super) inbox: Arc<Inbox>,
}

impl Audience {
    pub(super) fn is_empty(&self) -> bool {
        self.groups.is_empty()
    }

    pub(super) fn add(&mut self, filter: &Filter, from: Sequence, inbox: Arc<Inbox>) -> Number {
        self.next += 1;
        let member = self.next;
        let group = match self.by_filter.get(filter) {
            Some(group) => *group,
            None => self.add_group(filter, member),
        };
        let number = Number { group, member };
        if let Some(group) = self.groups.get_mut(&group) {
            group.members.push(Member { number, from, inbox });
        }
        number
    }

    fn add_group(&mut self, filter: &Filter, number: u64) -> u64 {
        for topic in self.topics.values_mut().filter(|topic| filter.matches(&topic.name)) {
            topic.groups.push(number);
        }
        self.by_filter.insert(filter.clone(), number);
        self.groups.insert(number, Group { filter: filter.clone(), members: Vec::new() });
        number
    }

    pub(super) fn remove(&mut self, number: Number) {
        let Some(group) = self.groups.get_mut(&number.group) else { return };
        group.members.retain(|member| member.number != number);
        if !group.members.is_empty() {
            return;
        }
        if let Some(group) = self.groups.remove(&number.group) {
            self.by_filter.remove(&group.filter);
        }
        self.gone += 1;
        if self.gone > GONE_MAX {
            self.gone = 0;
            self.topics.clear();
        }
    }

    /// Matches a topic that was not seen before; `false` if nobody knows its name.
    pub(super) fn learn(
        &mut self,
        topic: TopicId,
        name: impl FnOnce() -> Option<Arc<str>>,
    ) -> bool {
        if self.topics.contains_key(&topic) {
            return true;
        }
        let Some(name) = name() else { return false };
        if self.topics.len() >= TOPICS_MAX {
            self.topics.clear();
        }
        let matching = self.groups.iter().filter(|(_, group)| group.filter.matches(&name));
        let groups = matching.map(|(number, _)| *number).collect();
        self.topics.insert(topic, Topic { name, groups });
        true
    }

    /// Calls for every member that wants the topic.
    pub(super) fn each(&self, topic: TopicId, mut call: impl FnMut(&Arc<str>, &Member)) {
        let Some(Topic { name, groups }) = self.topics.get(&topic) else { return };
        for group in groups.iter().filter_map(|number| self.groups.get(number)) {
            group.members.iter().for_each(|member| call(name, member));
        }
    }

    pub(super) fn into_inboxes(self) -> impl Iterator<Item = Arc<Inbox>> {
        let groups = self.groups.into_values();
        groups.flat_map(|group| group.members).map(|member| member.inbox)
    }
}
