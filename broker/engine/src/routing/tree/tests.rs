//! The tree against a naive matcher.

use std::collections::{BTreeMap, BTreeSet};

use proptest::prelude::*;
use uns_model::{OrgId, SessionNo};

use super::*;
use crate::key::{Address, CoreNo, Key};

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

pub(crate) fn address(n: u8) -> Address {
    Address { core: CoreNo(u16::from(n % 2)), key: Key { slot: u32::from(n), generation: 0 } }
}

/// The session of client 0.
pub(crate) const FIRST_SESSION: u32 = 100;

/// The client `n`: even ones have a durable session, every fourth one is not connected.
pub(crate) fn holders(n: u8) -> (Vec<Holder>, Option<SessionNo>) {
    let connection = Holder::Connection(address(n));
    let session = SessionNo(FIRST_SESSION + u32::from(n));
    match n % 4 {
        0 => (vec![Holder::Session(session)], Some(session)),
        2 => (vec![Holder::Session(session), connection], Some(session)),
        _ => (vec![connection], None),
    }
}

fn level() -> impl Strategy<Value = &'static str> {
    prop::sample::select(vec!["a", "b", "", "é", "$SYS", "+"])
}

pub(crate) fn filter() -> impl Strategy<Value = String> {
    let share = prop::sample::select(vec!["", "", "$share/g/", "$share/h/"]);
    (share, prop::collection::vec(level(), 1..5), any::<bool>()).prop_map(
        |(share, mut levels, hash)| {
            if hash {
                levels.push("#");
            }
            match levels.join("/") {
                // A share needs a filter.
                filter if filter.is_empty() => filter,
                filter => format!("{share}{filter}"),
            }
        },
    )
}

pub(crate) fn topic() -> impl Strategy<Value = String> {
    prop::collection::vec(prop::sample::select(vec!["a", "b", "", "é", "$SYS"]), 1..5)
        .prop_map(|levels| levels.join("/"))
}

/// What matches, in order: subscriptions one by one, shares as sets.
type Found = (Vec<Holder>, Vec<BTreeSet<Holder>>);

fn found(tree: &Subscriptions, org: OrgId, topic: &str) -> Found {
    let (mut ones, mut groups) = (Vec::new(), Vec::new());
    tree.matches(org, topic, &mut |matched| match matched {
        Matched::One(who, _) => ones.push(who),
        Matched::Group(group) => {
            let mut members = BTreeSet::new();
            group.for_each(&mut |who, _| assert!(members.insert(who)));
            groups.push(members);
        }
    });
    ones.sort();
    groups.sort();
    (ones, groups)
}

fn expected(model: &BTreeMap<(String, u8), ()>, topic: &str) -> Found {
    let mut ones = Vec::new();
    let mut groups: BTreeMap<(&str, &str), BTreeSet<Holder>> = BTreeMap::new();
    for (filter, n) in model.keys() {
        let (who, _) = holders(*n);
        match shared(filter) {
            None if naive(filter, topic) => ones.extend(who),
            Some((group, filter)) if naive(filter, topic) => {
                groups.entry((group, filter)).or_default().extend(who);
            }
            None | Some(_) => {}
        }
    }
    ones.sort();
    let mut groups: Vec<_> = groups.into_values().collect();
    groups.sort();
    (ones, groups)
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
            let (who, session) = holders(n);
            let subscriber = Subscriber { session, ..Subscriber::default() };
            let key = (filter.clone(), n);
            if add {
                let old = model.insert(key, ()).is_some();
                prop_assert_eq!(tree.insert(OrgId(1), &filter, &who, &subscriber), old);
            } else {
                let old = usize::from(model.remove(&key).is_some());
                prop_assert_eq!(tree.remove(OrgId(1), std::iter::once(&*filter), &who), old);
            }
            prop_assert_eq!(tree.count(), model.len());
            prop_assert_eq!(tree.count_of(OrgId(1)), model.len());
        }
        for topic in topics {
            prop_assert_eq!(found(&tree, OrgId(1), &topic), expected(&model, &topic), "{}", topic);
            prop_assert_eq!(found(&tree, OrgId(2), &topic), Found::default());
        }
    }
}

#[test]
fn unsubscribing_frees_every_node() {
    let tree = Subscriptions::default();
    let subscriber = Subscriber::default();
    let who = [Holder::Connection(address(1))];
    let filters: Vec<String> =
        (0..1000).map(|n| format!("{}a/{n}/+/#", ["", "$share/g/"][n % 2])).collect();
    for filter in &filters {
        tree.insert(OrgId(1), filter, &who, &subscriber);
    }
    assert_eq!(tree.remove(OrgId(1), filters.iter().map(String::as_str), &who), 1000);
    assert!(tree.roots.load().is_empty());
    assert_eq!(tree.count(), 0);
}

#[test]
fn a_session_keeps_its_subscriptions_when_its_connection_goes() {
    let tree = Subscriptions::default();
    let session = Some(SessionNo(7));
    let (logged, connection) = (Holder::Session(SessionNo(7)), Holder::Connection(address(1)));
    let subscriber = Subscriber { session, ..Subscriber::default() };
    let filters = ["a", "$share/g/a"];
    let all = || filters.iter().map(|filter| (*filter, subscriber.clone()));
    assert_eq!(tree.insert_all(OrgId(1), all(), &[logged, connection]), 0);
    assert_eq!(tree.count(), 2);
    tree.remove(OrgId(1), filters.into_iter(), &[connection]);
    assert_eq!(tree.count(), 2);
    let (ones, groups) = found(&tree, OrgId(1), "a");
    assert_eq!((ones, groups), (vec![logged], vec![BTreeSet::from([logged])]));
    // It comes back under another connection.
    assert_eq!(tree.insert_all(OrgId(1), all(), &[connection]), 0);
    assert_eq!(tree.count(), 2);
    assert_eq!(found(&tree, OrgId(1), "a").0, [connection, logged]);
}

#[test]
fn what_changes_nothing_makes_no_route_stale() {
    let tree = Subscriptions::default();
    tree.insert(OrgId(1), "a", &[Holder::Connection(address(1))], &Subscriber::default());
    let stamp = tree.stamp(OrgId(1), "a");
    let others = [Holder::Connection(address(2))];
    assert_eq!(tree.remove(OrgId(1), ["a", "b/c"].into_iter(), &others), 0);
    assert!(tree.is_current(&stamp));
}
