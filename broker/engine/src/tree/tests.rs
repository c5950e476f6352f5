//! The tree against a naive matcher.

use std::collections::BTreeMap;

use proptest::prelude::*;
use uns_model::OrgId;

use super::*;
use crate::key::{CoreNo, Key};

pub(crate) fn naive(filter: &str, topic: &str) -> bool {
    if topic.starts_with('$') && (filter.starts_with('+') || filter.starts_with('#')) {
        return false;
    }
    let (f, t): (Vec<_>, Vec<_>) = (filter.split('/').collect(), topic.split('/').collect());
    for (i, level) in f.iter().enumerate() {
        match (*level, t.get(i)) {
            ("#", _) => return true,
            (_, None) => return false,
            ("+", Some(_)) => {}
            (a, Some(b)) if a == *b => {}
            _ => return false,
        }
    }
    f.len() == t.len()
}

fn who(n: u8) -> Address {
    Address { core: CoreNo(u16::from(n % 2)), key: Key { slot: u32::from(n), generation: 0 } }
}

fn level() -> impl Strategy<Value = &'static str> {
    prop::sample::select(vec!["a", "b", "", "é", "$SYS", "+"])
}

fn filter() -> impl Strategy<Value = String> {
    (prop::collection::vec(level(), 1..5), any::<bool>()).prop_map(|(mut levels, hash)| {
        if hash {
            levels.push("#");
        }
        levels.join("/")
    })
}

fn topic() -> impl Strategy<Value = String> {
    prop::collection::vec(prop::sample::select(vec!["a", "b", "", "é", "$SYS"]), 1..5)
        .prop_map(|levels| levels.join("/"))
}

proptest! {
    #[test]
    fn agrees_with_the_naive_matcher(
        steps in prop::collection::vec((any::<bool>(), 0u8..6, filter()), 0..60),
        topics in prop::collection::vec(topic(), 1..10),
    ) {
        let tree = Subscriptions::default();
        let mut model = BTreeMap::new();
        for (add, n, filter) in steps {
            let subscriber = Subscriber { wish: Wish::default(), link: Arc::default() };
            if add {
                let old = model.insert((filter.clone(), who(n)), ()).is_some();
                prop_assert_eq!(tree.insert(OrgId(1), &filter, who(n), &subscriber), old);
            } else {
                let old = usize::from(model.remove(&(filter.clone(), who(n))).is_some());
                prop_assert_eq!(tree.remove(OrgId(1), std::iter::once(filter.as_str()), who(n)), old);
            }
            prop_assert_eq!(tree.count(), model.len());
        }
        for topic in topics {
            let mut seen = Vec::new();
            tree.matches(OrgId(1), &topic, &mut |who, _| seen.push(who));
            seen.sort();
            let mut expected: Vec<_> =
                model.keys().filter(|(f, _)| naive(f, &topic)).map(|(_, who)| *who).collect();
            expected.sort();
            prop_assert_eq!(seen, expected, "{}", topic);
            let mut others = 0;
            tree.matches(OrgId(2), &topic, &mut |_, _| others += 1);
            prop_assert_eq!(others, 0);
        }
    }
}

#[test]
fn unsubscribing_frees_every_node() {
    let tree = Subscriptions::default();
    let subscriber = Subscriber { wish: Wish::default(), link: Arc::default() };
    let filters: Vec<String> = (0..1000).map(|n| format!("a/{n}/+/#")).collect();
    for filter in &filters {
        tree.insert(OrgId(1), filter, who(1), &subscriber);
    }
    assert_eq!(tree.remove(OrgId(1), filters.iter().map(String::as_str), who(1)), 1000);
    assert!(tree.roots.load().is_empty());
    assert_eq!(tree.count(), 0);
}
