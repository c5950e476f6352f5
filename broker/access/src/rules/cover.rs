//! Decides exactly how much of what a filter matches is allowed. All topics are walked at once, in as
//! many classes as the rules can tell apart.

use std::collections::BTreeSet;

use broker_engine::Coverage;

use super::filter_tree::{NodeIndex, ROOT};
use super::rule_trees::RuleTrees;

/// The most steps of a search. Beyond them the answer is "in part", which is always safe, since the
/// engine then asks about each topic.
const STEPS_MAX: u32 = 50_000;

/// The state of a search.
struct Search<'a> {
    rules: &'a RuleTrees,
    /// A topic was found that is allowed.
    yes: bool,
    /// A topic was found that is not allowed.
    no: bool,
    steps: u32,
}

/// A class of topics after some levels: those that the rules have not told apart yet.
#[derive(Clone)]
struct Class {
    allow: Vec<NodeIndex>,
    deny: Vec<NodeIndex>,
    /// A rule allows everything below these levels.
    allowed: bool,
    levels: usize,
    /// The only level so far is empty, and no topic is empty.
    empty: bool,
}

pub(super) fn coverage(rules: &RuleTrees, filter: &str) -> Coverage {
    let levels: Vec<&str> = filter.split('/').collect();
    let mut search = Search { rules, yes: false, no: false, steps: 0 };
    let root =
        Class { allow: vec![ROOT], deny: vec![ROOT], allowed: false, levels: 0, empty: true };
    search.explore(&root, &levels);
    match (search.yes, search.no) {
        (true, true) => Coverage::Part,
        (true, false) => Coverage::All,
        (false, _) if search.steps >= STEPS_MAX => Coverage::Part,
        (false, _) => Coverage::None,
    }
}

impl Search<'_> {
    /// Follows a class of topics along the rest of the filter.
    fn explore(&mut self, class: &Class, rest: &[&str]) {
        self.steps += 1;
        if self.steps >= STEPS_MAX {
            (self.yes, self.no) = (true, true);
        }
        if self.yes && self.no {
            return;
        }
        let (first, after) = match rest.split_first() {
            Some((first, after)) => (Some(*first), after),
            None => (None, rest),
        };
        let ends = first.is_none() || first == Some("#");
        if ends && class.levels > 0 && !(class.levels == 1 && class.empty) {
            let allowed = class.allowed || self.rules.allow.ends(&class.allow);
            self.record(allowed && !self.rules.deny.ends(&class.deny));
        }
        match first {
            None => {}
            Some("#") => self.wildcard(class, rest),
            Some("+") => self.wildcard(class, after),
            Some(level) => self.step(class, Some(level), after),
        }
    }

    /// Follows every possible level: those that the rules name, and one for all others.
    fn wildcard(&mut self, class: &Class, rest: &[&str]) {
        let RuleTrees { allow, deny } = self.rules;
        let names: BTreeSet<&str> =
            allow.names(&class.allow).chain(deny.names(&class.deny)).collect();
        let hidden = |name: &str| class.levels == 0 && name.starts_with('$');
        for name in names.into_iter().filter(|name| !hidden(name)) {
            self.step(class, Some(name), rest);
        }
        self.step(class, None, rest);
    }

    fn step(&mut self, class: &Class, level: Option<&str>, rest: &[&str]) {
        let RuleTrees { allow, deny } = self.rules;
        // A leading wildcard of a rule does not match `$…`, just as one of a filter does not.
        let wild = !(class.levels == 0 && level.is_some_and(|level| level.starts_with('$')));
        let allowed = class.allowed || (wild && allow.takes_all(&class.allow));
        let denied = wild && deny.takes_all(&class.deny);
        let next = Class {
            allow: allow.step(&class.allow, level, wild),
            deny: deny.step(&class.deny, level, wild),
            allowed,
            levels: class.levels + 1,
            empty: level == Some(""),
        };
        if next.levels == 1 && next.empty && rest.is_empty() {
            return;
        }
        // All topics below are treated alike.
        if denied || (!allowed && next.allow.is_empty()) {
            return self.record(false);
        }
        if next.deny.is_empty() && (allowed || allow.takes_all(&next.allow)) {
            return self.record(true);
        }
        let stuck = !allow.leads_on(&next.allow) && !allow.takes_all(&next.allow) && !allowed;
        if stuck && rest.first().is_some_and(|level| *level != "#") {
            return self.record(false);
        }
        self.explore(&next, rest);
    }

    fn record(&mut self, allowed: bool) {
        if allowed {
            self.yes = true;
        } else {
            self.no = true;
        }
    }
}
