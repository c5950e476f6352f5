//! Routes against a naive model: who gets a message live, who is owed it, and whose turn it is.

mod churn;

use std::collections::{BTreeMap, BTreeSet};
use std::num::NonZeroU32;
use std::sync::atomic::Ordering;

use broker_codec::shared;
use proptest::prelude::*;

use super::*;
use crate::gate::{Member, NoNode};
use crate::routing::tree::tests::{FIRST_SESSION, address, filter, holders, naive, topic};
use crate::routing::tree::{ShareName, Wish};

const ORG: OrgId = OrgId(1);

fn build(tree: &Subscriptions, shares: &mut Shares, topic: &str) -> Route<NoNode> {
    again(tree, shares, (topic, None))
}

/// The route that follows another one.
fn again(
    tree: &Subscriptions,
    shares: &mut Shares,
    (topic, before): (&str, Option<&Route<NoNode>>),
) -> Route<NoNode> {
    let stamp = match before.and_then(|route| route.stamp.as_ref()) {
        Some(stamp) => tree.stamp_again(stamp),
        None => tree.stamp(ORG, topic),
    };
    let subject = Subject {
        org: ORG,
        topic: topic.into(),
        node: Resolved::Plain,
        room: 0,
        grants: Grants::new(0),
        stamp: Some(stamp),
    };
    let before = before.map_or(&[][..], |route| &route.shares);
    Route::build(&mut Matching { tree, shares, core: CoreNo(0), before }, subject)
}

fn add(tree: &Subscriptions, filter: &str, n: u8, wish: Wish) {
    let (who, session) = holders(n);
    let subscriber = Subscriber { wish, link: Some(Arc::default()), session, walk: 0 };
    tree.insert(ORG, filter, &who, &subscriber);
}

fn qos(qos: u8) -> Wish {
    Wish { qos, ..Wish::default() }
}

/// Who gets one message: clients live, with the QoS; sessions owed, with the QoS. A client may be
/// there more than once.
#[derive(PartialEq, Eq, Debug, Default)]
struct Outcome {
    live: Vec<(u32, u8)>,
    owed: Vec<(u32, u8)>,
    /// Shares that have a record of what goes to a connection.
    recorded: usize,
}

fn publish(route: &Route<NoNode>, qos: u8, publisher: Option<u8>) -> Outcome {
    let mut outcome = Outcome::default();
    let own = publisher.and_then(|n| holders(n).1);
    let slot = publisher.map(u32::from);
    route.choose(qos);
    let mut live = |targets: &[Target]| {
        for target in targets {
            let is_own = slot == Some(target.key.slot);
            let heard = match target.audience {
                Audience::Everyone => true,
                Audience::Others => !is_own,
                Audience::Own => is_own,
            };
            let effective = target.qos.min(qos);
            if heard && (effective == 0 || !target.ledger) {
                outcome.live.push((target.key.slot, effective));
            }
        }
    };
    live(&route.local);
    for remote in route.remote.iter().filter(|remote| remote.gets(qos)) {
        live(&remote.targets);
    }
    for chosen in route.shares.iter().filter_map(|share| share.live(qos)) {
        live(&chosen.targets);
    }
    for owed in route.owed(qos, own) {
        if owed.live().is_some() {
            outcome.recorded += 1;
            continue;
        }
        outcome.owed.extend(owed.members.iter().map(|m| (m.session.0 - FIRST_SESSION, m.qos)));
    }
    outcome.live.sort_unstable();
    outcome.owed.sort_unstable();
    outcome
}

type Model = BTreeMap<(String, u8), Wish>;

/// Everybody but the shares, by definition.
fn plain(model: &Model, topic: &str, qos: u8, publisher: Option<u8>) -> Outcome {
    let mut outcome = Outcome::default();
    for n in 0..8 {
        let own = publisher == Some(n);
        let wishes = model.iter().filter(|((filter, who), wish)| {
            *who == n && shared(filter).is_none() && naive(filter, topic) && !(wish.no_local && own)
        });
        let Some(granted) = wishes.map(|(_, wish)| wish.qos).max() else { continue };
        let (level, client) = (granted.min(qos), u32::from(n));
        let connected = n % 4 != 0;
        match holders(n).1 {
            Some(_) if level > 0 => outcome.owed.push((client, level)),
            _ if connected => outcome.live.push((client, level)),
            _ => {}
        }
    }
    outcome
}

/// For every share that matches, the members that may be chosen and how each gets the message.
fn shares(model: &Model, topic: &str, qos: u8) -> Vec<BTreeSet<(u32, u8, bool)>> {
    let mut groups: BTreeMap<&str, Vec<(u8, u8)>> = BTreeMap::new();
    for ((filter, n), wish) in model {
        if shared(filter).is_some_and(|(_, filter)| naive(filter, topic)) {
            groups.entry(filter).or_default().push((*n, wish.qos.min(qos)));
        }
    }
    let chosen = |members: Vec<(u8, u8)>| {
        let online: Vec<_> = members.iter().filter(|(n, _)| n % 4 != 0).copied().collect();
        let able = members.into_iter().filter(|(_, level)| *level > 0).collect();
        let from: Vec<_> = if online.is_empty() { able } else { online };
        let how = |(n, level): (u8, u8)| (n.into(), level, level > 0 && holders(n).1.is_some());
        from.into_iter().map(how).collect::<BTreeSet<_>>()
    };
    groups.into_values().map(chosen).filter(|members| !members.is_empty()).collect()
}

fn wish() -> impl Strategy<Value = Wish> {
    (0u8..3, any::<bool>()).prop_map(|(qos, no_local)| Wish { qos, no_local, ..Wish::default() })
}

proptest! {
    #[test]
    fn agrees_with_the_naive_model(
        steps in prop::collection::vec((filter(), 0u8..8, wish()), 0..40),
        topics in prop::collection::vec(topic(), 1..6),
        level in 0u8..3,
        publisher in prop::option::of(0u8..8),
    ) {
        let (tree, mut cache) = (Subscriptions::default(), Shares::default());
        let mut model = Model::new();
        for (filter, n, mut wish) in steps {
            wish.no_local &= shared(&filter).is_none();
            add(&tree, &filter, n, wish);
            model.insert((filter, n), wish);
        }
        for topic in topics {
            let route = build(&tree, &mut cache, &topic);
            let mut outcome = publish(&route, level, publisher);
            let expected = plain(&model, &topic, level, publisher);
            // Take out what everybody gets; what stays is one member of each share.
            for one in &expected.live {
                outcome.live.remove(outcome.live.iter().position(|o| o == one).expect("live"));
            }
            for one in &expected.owed {
                outcome.owed.remove(outcome.owed.iter().position(|o| o == one).expect("owed"));
            }
            let mut left: Vec<_> = outcome.live.iter().map(|(n, q)| (*n, *q, false)).collect();
            left.extend(outcome.owed.iter().map(|(n, q)| (*n, *q, true)));
            let groups = shares(&model, &topic, level);
            prop_assert_eq!(left.len(), groups.len(), "{:?} of {:?}", left, groups);
            // A record where a session could take over, that is one in a share with sessions.
            let recorded = route.shares.iter().filter(|share| {
                let live = share.live(level).is_some_and(|to| to.targets[0].qos.min(level) == 1);
                live && has_lasting(&model, share.name())
            });
            prop_assert_eq!(outcome.recorded, recorded.count());
            prop_assert!(matching(&left, &groups), "{:?} of {:?}", left, groups);
        }
    }
}

/// Whether a member of a share has a session to which something can be owed.
fn has_lasting(model: &Model, share: &ShareName) -> bool {
    let mut members = model.iter().filter(|((filter, _), _)| **filter == *share.filter);
    members.any(|((_, n), wish)| holders(*n).1.is_some() && wish.qos > 0)
}

/// Whether each group has another one of the chosen.
fn matching(chosen: &[(u32, u8, bool)], groups: &[BTreeSet<(u32, u8, bool)>]) -> bool {
    let Some((first, rest)) = groups.split_first() else { return chosen.is_empty() };
    (0..chosen.len()).filter(|at| first.contains(&chosen[*at])).any(|at| {
        let mut left = chosen.to_vec();
        left.remove(at);
        matching(&left, rest)
    })
}

#[test]
fn members_take_turns_over_all_topics_of_a_share() {
    let (tree, mut shares) = (Subscriptions::default(), Shares::default());
    for n in [1, 3, 5] {
        add(&tree, "$share/g/a/#", n, qos(0));
    }
    let mut got = BTreeMap::<u32, u32>::new();
    let routes: Vec<_> =
        (0..300).map(|topic| build(&tree, &mut shares, &format!("a/{topic}"))).collect();
    for (who, _) in routes.iter().flat_map(|route| publish(route, 0, None).live) {
        *got.entry(who).or_default() += 1;
    }
    assert_eq!(got, BTreeMap::from([(1, 100), (3, 100), (5, 100)]));
    drop(routes);
    // Shares that no route leads to any more are let go, and with them their members.
    assert!(shares.known.values().all(|share| share.strong_count() == 0));
}

#[test]
fn a_member_that_is_behind_is_passed_over_and_not_waited_for() {
    let (tree, mut shares) = (Subscriptions::default(), Shares::default());
    let links: Vec<Arc<Link>> = (0..2).map(|_| Arc::default()).collect();
    for (n, link) in [1, 3].into_iter().zip(&links) {
        let link = Some(Arc::clone(link));
        let subscriber = Subscriber { wish: qos(1), link, ..Subscriber::default() };
        tree.insert(ORG, "$share/g/a", &[Holder::Connection(address(n))], &subscriber);
    }
    let route = build(&tree, &mut shares, "a");
    links[0].slow.store(true, Ordering::Relaxed);
    links[1].congested.store(true, Ordering::Relaxed);
    for _ in 0..3 {
        assert_eq!(publish(&route, 1, None).live, [(3, 1)]);
    }
    assert!(!route.is_congested(None));
    links[1].congested.store(false, Ordering::Relaxed);
    assert_eq!(publish(&route, 1, None).live, [(3, 1)]);
    links[0].slow.store(false, Ordering::Relaxed);
    for link in &links {
        link.congested.store(true, Ordering::Relaxed);
    }
    assert!(route.is_congested(None));
    assert_eq!(publish(&route, 1, None).live.len(), 1);
}

#[test]
fn owed_audiences_are_made_once_and_remember_their_number() {
    let (tree, mut shares) = (Subscriptions::default(), Shares::default());
    add(&tree, "a", 2, Wish { no_local: true, ..qos(2) });
    add(&tree, "+", 2, Wish { identifier: NonZeroU32::new(9), ..qos(1) });
    add(&tree, "a", 4, Wish { retain_as_published: true, ..qos(1) });
    let route = build(&tree, &mut shares, "a");
    let one = |own: Option<u32>, qos| {
        let own = own.map(|n| SessionNo(FIRST_SESSION + n));
        let mut all: Vec<_> = route.owed(qos, own).collect();
        assert_eq!(all.len(), 1);
        all.remove(0)
    };
    let member = |session, qos, retain, ids: Option<u32>| Member {
        session: SessionNo(FIRST_SESSION + session),
        qos,
        retain,
        ids: ids.map(|id| [NonZeroU32::new(id).unwrap()].into()),
        share: None,
    };
    let others = [member(2, 2, false, Some(9)), member(4, 1, true, None)];
    assert_eq!(*one(None, 2).members, others);
    assert!(Rc::ptr_eq(&one(None, 2), &one(Some(4), 2)));
    assert_eq!(one(None, 2).number(3, 1), (1, false));
    assert_eq!(one(Some(17), 2).number(3, 2), (1, true), "the same audience in the same batch");
    assert_eq!(one(None, 1).number(3, 2), (2, false));
    assert_eq!(one(None, 2).number(4, 0), (0, false), "another batch");
    // Its own messages come by the subscription that has no No Local.
    let own = [member(2, 1, false, Some(9)), member(4, 1, true, None)];
    assert_eq!(*one(Some(2), 2).members, own);
    assert!(Rc::ptr_eq(&one(Some(2), 2), &one(Some(2), 2)));
    assert_eq!(route.owed(0, None).count(), 0);
}
