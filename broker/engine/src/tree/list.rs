//! Every subscription with its filter, for operators: read from the tree as it was when asked, on
//! whichever thread asks.

use uns_model::OrgId;

use super::{Node, Subscriber, Subscriptions};
use crate::key::Address;

/// Called with each filter and subscriber.
pub type List<'a> = dyn FnMut(&str, Address, &Subscriber) + 'a;

impl Subscriptions {
    /// Visits every subscription of an organisation, in no order.
    pub fn list(&self, org: OrgId, visit: &mut List<'_>) {
        let roots = self.roots.load_full();
        if let Some(root) = roots.get(&org.0) {
            root.list(&mut String::new(), visit);
        }
    }
}

impl Node {
    fn list(&self, path: &mut String, visit: &mut List<'_>) {
        self.here.for_each(&mut |who, subscriber| {
            visit(path.strip_suffix('/').unwrap_or(path), *who, subscriber);
        });
        below(path, "#", &mut |path| {
            let filter = path.strip_suffix('/').unwrap_or(path);
            self.below.for_each(&mut |who, subscriber| visit(filter, *who, subscriber));
        });
        if let Some(next) = &self.plus {
            below(path, "+", &mut |path| next.list(path, visit));
        }
        self.children.for_each(&mut |level, next| {
            below(path, level, &mut |path| next.list(path, visit));
        });
    }
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
    use crate::key::{CoreNo, Key};

    #[test]
    fn every_filter_comes_back_as_it_was_given() {
        let tree = Subscriptions::default();
        let who = |slot| Address { core: CoreNo(0), key: Key { slot, generation: 0 } };
        let filters = ["#", "+", "a", "a/", "a//b", "/", "a/#", "a/+/c", "+/#", "$SYS/#"];
        let subscriber = Subscriber { wish: Default::default(), link: Default::default() };
        for (slot, filter) in (0..).zip(filters) {
            tree.insert(OrgId(1), filter, who(slot), &subscriber);
            tree.insert(OrgId(1), filter, who(99), &subscriber);
            tree.insert(OrgId(2), filter, who(7), &subscriber);
        }
        let mut seen = BTreeSet::new();
        tree.list(OrgId(1), &mut |filter, who, _| {
            assert!(seen.insert((filter.to_owned(), who.key.slot)));
        });
        let expected = (0..).zip(filters).flat_map(|(slot, f)| [(f.into(), slot), (f.into(), 99)]);
        assert_eq!(seen, expected.collect());
    }
}
