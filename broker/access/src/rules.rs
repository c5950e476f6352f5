//! What an identity may publish and receive: filters that allow and filters that deny. Deny wins.

mod cover;
mod filter_tree;
mod rule_trees;

use broker_engine::{Action, Coverage};
use uns_model::Filter;

use rule_trees::RuleTrees;

/// What a rule is about.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub(crate) enum Scope {
    /// Publishing and receiving.
    Both,
    /// Publishing.
    Publish,
    /// Receiving.
    Receive,
}

/// One rule as it is written, maybe with `%c` and `%u` in it.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub(crate) struct Rule {
    pub(crate) scope: Scope,
    pub(crate) allow: bool,
    pub(crate) filter: Filter,
}

/// Rules compiled for fast decisions.
#[derive(Clone, Debug, Default)]
pub(crate) struct Rules {
    publish: RuleTrees,
    receive: RuleTrees,
}

/// What the placeholders in rules stand for.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Placeholders<'a> {
    /// `%c`
    pub(crate) client_id: &'a str,
    /// `%u`
    pub(crate) user_name: &'a str,
}

/// The most levels a rule may have.
pub(crate) const LEVELS_MAX: usize = 100;

impl Rule {
    /// Whether it differs from client to client.
    pub(crate) fn has_placeholder(&self) -> bool {
        self.filter.as_str().contains("%c") || self.filter.as_str().contains("%u")
    }

    /// The filter for this client. If a name cannot be part of a level, a rule that allows has no
    /// filter, and a rule that denies has `+` in place of that level.
    fn filled(&self, with: Placeholders<'_>) -> Option<Filter> {
        if !self.has_placeholder() {
            return Some(self.filter.clone());
        }
        let usable = |text: &str| {
            !text.is_empty() && !text.starts_with('$') && !text.contains(['/', '+', '#', '\0'])
        };
        let levels = self.filter.as_str().split('/').map(|level| {
            let client = !level.contains("%c") || usable(with.client_id);
            let user = !level.contains("%u") || usable(with.user_name);
            if client && user {
                // All placeholders are replaced in one pass, so that a name with `%c` in it stays as it is.
                return Some(fill(level, with));
            }
            (!self.allow).then(|| "+".to_owned())
        });
        let text = levels.collect::<Option<Vec<_>>>()?.join("/");
        Filter::parse(&text).ok()
    }
}

fn fill(level: &str, with: Placeholders<'_>) -> String {
    let mut out = String::with_capacity(level.len());
    let mut rest = level;
    while let Some((before, after)) = rest.split_once('%') {
        out.push_str(before);
        if let Some(after) = after.strip_prefix('c') {
            out.push_str(with.client_id);
            rest = after;
        } else if let Some(after) = after.strip_prefix('u') {
            out.push_str(with.user_name);
            rest = after;
        } else {
            out.push('%');
            rest = after;
        }
    }
    out + rest
}

impl Rules {
    /// Compiles rules for one client.
    pub(crate) fn new<'r>(
        rules: impl IntoIterator<Item = &'r Rule>,
        with: Placeholders<'_>,
    ) -> Self {
        let mut compiled = Self::default();
        for rule in rules {
            let Some(filter) = rule.filled(with) else { continue };
            let Self { publish, receive } = &mut compiled;
            let trees = match rule.scope {
                Scope::Both => [Some(publish), Some(receive)],
                Scope::Publish => [Some(publish), None],
                Scope::Receive => [Some(receive), None],
            };
            for trees in trees.into_iter().flatten() {
                let tree = if rule.allow { &mut trees.allow } else { &mut trees.deny };
                tree.insert(&filter);
            }
        }
        compiled
    }

    pub(crate) fn allows(&self, action: Action, topic: &str) -> bool {
        let trees = match action {
            Action::Publish => &self.publish,
            Action::Receive => &self.receive,
            // An action that this release does not know is not allowed.
            _ => return false,
        };
        !trees.deny.matches(topic) && trees.allow.matches(topic)
    }

    /// Whether a rule denies that a topic is received. This also takes a filter, and finds a rule
    /// that denies it as a whole.
    pub(crate) fn denies(&self, topic: &str) -> bool {
        self.receive.deny.matches(topic)
    }

    pub(crate) fn covers(&self, filter: &str) -> Coverage {
        cover::coverage(&self.receive, filter)
    }
}

#[cfg(test)]
mod tests;
