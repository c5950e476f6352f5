//! Every subscription with its filter, for operators: read from the tree as it was when asked, on
//! whichever thread asks.

use uns_model::OrgId;

use super::Subscriptions;
use super::node::{Groups, Node};
use super::subscriber::{Holder, Subscriber, Subscribers};

/// Called with each filter and subscriber.
pub type List<'a> = dyn FnMut(&str, Holder, &Subscriber) + 'a;

impl Subscriptions {
    /// Visits every subscription of an organisation once, that of a durable session under the
    /// session's name, in no order.
    pub fn list(&self, org: OrgId, visit: &mut List<'_>) {
        let roots = self.roots.load_full();
        if let Some(root) = roots.get(&org.0) {
            root.node.list(&mut String::new(), visit);
        }
    }
}

impl Node {
    fn list(&self, path: &mut String, visit: &mut List<'_>) {
        self.list_here(path.strip_suffix('/').unwrap_or(path), visit);
        below(path, "#", &mut |path| {
            self.list_below(path.strip_suffix('/').unwrap_or(path), visit);
        });
        if let Some(next) = &self.plus {
            below(path, "+", &mut |path| next.list(path, visit));
        }
        self.children.for_each(&mut |level, next| {
            below(path, level, &mut |path| next.list(path, visit));
        });
    }

    fn list_here(&self, filter: &str, visit: &mut List<'_>) {
        list_all(filter, &self.here, visit);
        if let Some(shares) = &self.shares {
            list_groups(filter, &shares.here, visit);
        }
    }

    fn list_below(&self, filter: &str, visit: &mut List<'_>) {
        list_all(filter, &self.below, visit);
        if let Some(shares) = &self.shares {
            list_groups(filter, &shares.below, visit);
        }
    }
}

fn list_all(filter: &str, subscribers: &Subscribers, visit: &mut List<'_>) {
    subscribers.for_each(&mut |who, subscriber| {
        if !subscriber.is_second(*who) {
            visit(filter, *who, subscriber);
        }
    });
}

fn list_groups(filter: &str, groups: &Groups, visit: &mut List<'_>) {
    groups.for_each(&mut |name, group| {
        list_all(&format!("$share/{name}/{filter}"), &group.members, visit);
    });
}

/// Goes one level down and comes back.
fn below(path: &mut String, level: &str, enter: &mut dyn FnMut(&mut String)) {
    let before = path.len();
    path.push_str(level);
    path.push('/');
    enter(path);
    path.truncate(before);
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;
    use crate::routing::tree::tests::holders;

    #[test]
    fn every_filter_comes_back_as_it_was_given() {
        let tree = Subscriptions::default();
        let filters = [
            "#",
            "+",
            "a",
            "a/",
            "a//b",
            "/",
            "a/#",
            "a/+/c",
            "+/#",
            "$SYS/#",
            "$share/g/a",
            "$share/h/a",
            "$share/g/a/#",
            "$share/g//",
            "$share/g/#",
            "$share",
        ];
        for (n, filter) in (0..).zip(filters) {
            for (org, n) in [(1, n), (1, 99), (2, 7)] {
                let (who, session) = holders(n);
                let subscriber = Subscriber { session, ..Subscriber::default() };
                tree.insert(OrgId(org), filter, &who, &subscriber);
            }
        }
        let mut seen = BTreeSet::new();
        tree.list(OrgId(1), &mut |filter, who, _| {
            assert!(seen.insert((filter.to_owned(), who)));
        });
        let first = |n| holders(n).0[0];
        let expected =
            (0..).zip(filters).flat_map(|(n, f)| [(f.into(), first(n)), (f.into(), first(99))]);
        assert_eq!(seen, expected.collect());
    }
}
