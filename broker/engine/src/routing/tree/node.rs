//! One level of the subscription tree. A change copies the nodes on its path and shares the rest.

use std::sync::Arc;

use uns_model::OrgId;

use super::map::Map;
use super::subscriber::{Group, Matched, ShareName, Subscribers, Visit};

/// The shares of a node, by group name: at its place in the tree that is (group, filter).
pub(super) type Groups = Map<Arc<str>, Arc<Group>>;

#[derive(Clone, Debug, Default)]
pub(super) struct Node {
    pub(super) children: Map<Arc<str>, Arc<Self>>,
    pub(super) plus: Option<Arc<Self>>,
    pub(super) here: Subscribers,
    pub(super) below: Subscribers,
    /// Few nodes have any.
    pub(super) shares: Option<Arc<Shares>>,
}

#[derive(Clone, Debug, Default)]
pub(super) struct Shares {
    pub(super) here: Groups,
    pub(super) below: Groups,
}

/// What an edit did.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Change {
    /// Something is another one than before.
    pub(super) touched: bool,
    /// How many subscriptions there are more.
    pub(super) count: isize,
}

/// Which list of a filter is meant.
#[derive(Clone, Copy, Debug)]
pub(super) struct Place<'a> {
    /// That of this group.
    pub(super) group: Option<&'a str>,
    /// Whose.
    pub(super) org: OrgId,
    /// The filter with its group.
    pub(super) whole: &'a str,
}

/// Changes the subscribers of one filter.
pub(super) type Edit<'a> = dyn FnMut(&mut Subscribers) -> Change + 'a;

impl Node {
    pub(super) fn is_empty(&self) -> bool {
        self.children.is_empty()
            && self.plus.is_none()
            && self.here.is_empty()
            && self.below.is_empty()
            && self.shares.is_none()
    }

    /// Edits the subscribers of a filter, or those of one group of it.
    pub(super) fn change(
        &mut self,
        filter: Option<&str>,
        place: Place<'_>,
        edit: &mut Edit<'_>,
    ) -> Change {
        let Some(filter) = filter else { return self.edit(false, place, edit) };
        let (level, rest) = split(filter);
        match level {
            "#" => self.edit(true, place, edit),
            "+" => {
                let mut next = self.plus.take().unwrap_or_default();
                let changed = Arc::make_mut(&mut next).change(rest, place, edit);
                self.plus = (!next.is_empty()).then_some(next);
                changed
            }
            _ => {
                let mut next = self.children.remove(level).unwrap_or_default();
                let changed = Arc::make_mut(&mut next).change(rest, place, edit);
                if !next.is_empty() {
                    self.children.insert(level.into(), next);
                }
                changed
            }
        }
    }

    fn edit(&mut self, below: bool, place: Place<'_>, edit: &mut Edit<'_>) -> Change {
        let Some(name) = place.group else {
            return edit(if below { &mut self.below } else { &mut self.here });
        };
        let mut shares = self.shares.take().unwrap_or_default();
        let both = Arc::make_mut(&mut shares);
        let groups = if below { &mut both.below } else { &mut both.here };
        let mut group = groups.remove(name).unwrap_or_default();
        let own = Arc::make_mut(&mut group);
        if own.members.is_empty() {
            own.name = Arc::new(ShareName { org: place.org, filter: place.whole.into() });
        }
        let changed = edit(&mut own.members);
        if !group.members.is_empty() {
            groups.insert(name.into(), group);
        }
        let empty = shares.here.is_empty() && shares.below.is_empty();
        self.shares = (!empty).then_some(shares);
        changed
    }

    pub(super) fn matches(&self, topic: Option<&str>, dollar: bool, visit: &mut Visit<'_>) {
        if !dollar {
            self.visit(true, visit);
        }
        let Some(topic) = topic else { return self.visit(false, visit) };
        let (level, rest) = split(topic);
        if let Some(next) = self.children.get(level) {
            next.matches(rest, false, visit);
        }
        if let Some(next) = self.plus.as_ref().filter(|_| !dollar) {
            next.matches(rest, false, visit);
        }
    }

    fn visit(&self, below: bool, visit: &mut Visit<'_>) {
        let own = if below { &self.below } else { &self.here };
        own.for_each(&mut |who, subscriber| visit(Matched::One(*who, subscriber)));
        if let Some(shares) = &self.shares {
            let groups = if below { &shares.below } else { &shares.here };
            groups.for_each(&mut |_, group| visit(Matched::Group(group)));
        }
    }
}

/// The first level, and what follows its slash.
pub(super) fn split(path: &str) -> (&str, Option<&str>) {
    match path.split_once('/') {
        Some((level, rest)) => (level, Some(rest)),
        None => (path, None),
    }
}
