//! Routes that outlive changes: a route that counts as current is as good as a new one, and a change
//! makes no route stale whose topic it cannot match.

use crate::access::{Access, Action, Coverage};

use super::*;

const CLIENTS: u8 = 8;

/// Lets its client receive what does not have this level.
#[derive(Debug)]
struct Without(&'static str);

impl Access for Without {
    fn allows(&self, _: Action, topic: &str) -> bool {
        topic.split('/').all(|level| level != self.0)
    }

    fn covers(&self, _: &str) -> Coverage {
        Coverage::Part
    }
}

#[derive(Clone, Debug)]
enum Step {
    Subscribe(String, u8, Wish),
    Unsubscribe(u8, usize),
    /// A client proves again who it is, and has other rights.
    Rights(u8, &'static str),
    /// The rights of all change.
    Policies(&'static str),
    /// A core does not remember a topic any more.
    Forget(usize),
}

fn step() -> impl Strategy<Value = Step> {
    let level = || prop::sample::select(vec!["a", "b", "é", "nothing"]);
    prop_oneof![
        6 => (filter(), 0..CLIENTS, wish())
            .prop_map(|(filter, n, wish)| Step::Subscribe(filter, n, wish)),
        4 => (0..CLIENTS, any::<usize>()).prop_map(|(n, nth)| Step::Unsubscribe(n, nth)),
        2 => (0..CLIENTS, level()).prop_map(|(n, level)| Step::Rights(n, level)),
        1 => level().prop_map(Step::Policies),
        1 => (0usize..8).prop_map(Step::Forget),
    ]
}

struct World {
    tree: Subscriptions,
    shares: Shares,
    links: Vec<Arc<Link>>,
    filters: Vec<BTreeSet<String>>,
    remembered: BTreeMap<String, Route<NoNode>>,
}

impl World {
    fn take(&mut self, step: Step) {
        match step {
            Step::Subscribe(filter, n, mut wish) => {
                wish.no_local &= shared(&filter).is_none();
                let (who, session) = holders(n);
                let link = Some(Arc::clone(&self.links[usize::from(n)]));
                let subscriber = Subscriber { wish, link, session, walk: 0 };
                self.tree.insert(ORG, &filter, &who, &subscriber);
                self.filters[usize::from(n)].insert(filter);
            }
            Step::Unsubscribe(n, nth) => {
                let filters = &mut self.filters[usize::from(n)];
                let nth = nth.checked_rem(filters.len()).unwrap_or_default();
                let Some(filter) = filters.iter().nth(nth).cloned() else { return };
                filters.remove(&filter);
                self.tree.remove(ORG, std::iter::once(&*filter), &holders(n).0);
            }
            Step::Rights(n, level) => {
                let access: Arc<dyn Access> = Arc::new(Without(level));
                self.links[usize::from(n)].set_access(&access);
                let filters = self.filters[usize::from(n)].iter();
                self.tree.touch_filters(ORG, filters.map(String::as_str));
            }
            Step::Policies(level) => {
                let access: Arc<dyn Access> = Arc::new(Without(level));
                self.links.iter().for_each(|link| link.set_access(&access));
                self.tree.touch();
            }
            Step::Forget(nth) => {
                let topic = self.remembered.keys().nth(nth).cloned();
                topic.and_then(|topic| self.remembered.remove(&topic));
            }
        }
    }

    /// The route of a topic as a core has it, which makes a new one where that is stale.
    fn route(&mut self, topic: &str) -> &Route<NoNode> {
        let known = self.remembered.remove(topic);
        let route = match known {
            Some(route) if is_current(&self.tree, &route) => route,
            known => again(&self.tree, &mut self.shares, (topic, known.as_ref())),
        };
        self.remembered.entry(topic.to_owned()).or_insert(route)
    }
}

fn is_current(tree: &Subscriptions, route: &Route<NoNode>) -> bool {
    route.stamp.as_ref().is_some_and(|stamp| tree.is_current(stamp))
}

/// Everything that a route says, but for whose turn it is.
fn said(route: &Route<NoNode>) -> String {
    let remote: Vec<_> = route.remote.iter().map(|remote| (remote.core, &remote.targets)).collect();
    let links: Vec<_> = route.links.iter().map(|(who, _)| who).collect();
    let mut shares: Vec<_> = route.shares.iter().map(|share| share.said()).collect();
    shares.sort();
    format!("{:?} {remote:?} {links:?} {:?} {shares:?}", route.local, route.sessions)
}

proptest! {
    #[test]
    fn what_is_remembered_is_what_would_be_found_anew(
        steps in prop::collection::vec((step(), any::<u8>()), 1..80),
        topics in prop::collection::btree_set(topic(), 1..8),
        room in prop::sample::select(vec![0, 1, 2, 3, 16_384]),
        walk in prop::sample::select(vec![0, 1, 2, 4, 1_024]),
    ) {
        let mut world = World {
            tree: Subscriptions::with_subtrees(room, walk),
            shares: Shares::default(),
            links: (0..CLIENTS).map(|_| Arc::default()).collect(),
            filters: vec![BTreeSet::new(); usize::from(CLIENTS)],
            remembered: BTreeMap::new(),
        };
        for (step, looked_at) in steps {
            world.take(step);
            // Only some topics are published to, so that others miss several changes.
            let some = topics.iter().enumerate().filter(|(n, _)| looked_at & (1 << n) != 0);
            for (_, topic) in some {
                let found = said(&build(&world.tree, &mut Shares::default(), topic));
                prop_assert_eq!(said(world.route(topic)), found, "{}", topic);
            }
        }
    }
}

/// A tree with the subscription, and which routes from before it are current.
fn after_subscribing(filter: &str, topics: &[&str]) -> (Subscriptions, Vec<bool>) {
    let tree = Subscriptions::default();
    let build = |topic: &&str| build(&tree, &mut Shares::default(), topic);
    let routes: Vec<_> = topics.iter().map(build).collect();
    add(&tree, filter, 1, qos(0));
    let current = routes.iter().map(|route| is_current(&tree, route)).collect();
    (tree, current)
}

#[test]
fn a_change_makes_no_route_stale_that_it_cannot_match() {
    const TOPICS: [&str; 9] =
        ["a", "a/b", "a/b/c", "a/b/d", "a/x/c", "b/b/c", "$SYS/a", "/a", "a/b/c/d/e"];
    for filter in [
        "a",
        "a/#",
        "a/+",
        "a/b/c",
        "a/b/+",
        "a/+/c",
        "+/b/c",
        "#",
        "+/#",
        "+",
        "a/b/#",
        "$SYS/#",
        "x/#",
        "/#",
        "a/b/c/#",
        "+/+/c",
        "a/b/c/d/f",
        "+/+/c/#",
        "/a",
        "b",
        "$share/g/a/b/c",
    ] {
        let plain = shared(filter).map_or(filter, |(_, filter)| filter);
        let after = || after_subscribing(filter, &TOPICS);
        // A few topics share a version with one that a filter names, but not by the hashes of each tree.
        let trees = [after(), after(), after(), after()];
        for (nth, topic) in TOPICS.into_iter().enumerate() {
            let matches = naive(plain, topic);
            let current = trees.iter().filter(|(_, current)| current[nth]).count();
            assert!(!matches || current == 0, "{filter} concerns {topic}");
            assert!(matches || current > 0, "{filter} concerns no {topic}");
        }
        // Of another organisation nothing is stale.
        let [(tree, _), ..] = &trees;
        let route = build(tree, &mut Shares::default(), "a/b/c");
        tree.insert(OrgId(2), filter, &[Holder::Connection(address(1))], &Subscriber::default());
        assert!(is_current(tree, &route));
    }
}

/// A change that would have to look at very many sub-trees looks at none of the rest, and makes all
/// routes of its organisation stale; those of others stay.
#[test]
fn a_change_that_reaches_too_much_makes_its_organisation_stale() {
    let (tree, mut shares) = (Subscriptions::with_subtrees(16_384, 100), Shares::default());
    let other = (0..20).map(OrgId).find(|org| {
        let stamp = tree.stamp(*org, "x/y");
        *org != ORG && !stamp.shares_version(&tree.stamp(ORG, "other"))
    });
    let elsewhere = tree.stamp(other.expect("few share a version"), "x/y");
    let routes: Vec<_> =
        (0..200).map(|n| build(&tree, &mut shares, &format!("p/{n}/tag"))).collect();
    let apart = build(&tree, &mut shares, "q/tag");
    add(&tree, "p/7/#", 1, qos(0));
    assert!(is_current(&tree, &apart), "what reaches little makes little stale");
    add(&tree, "p/+/tag", 1, qos(0));
    assert!(routes.iter().all(|route| !is_current(&tree, route)));
    assert!(!is_current(&tree, &apart), "nobody has looked whether it matches");
    assert!(tree.is_current(&elsewhere));
}

#[test]
fn members_that_come_and_go_leave_the_others_their_turns() {
    let (tree, mut shares) = (Subscriptions::default(), Shares::default());
    for n in [1, 3, 5] {
        add(&tree, "$share/g/a", n, qos(0));
    }
    let mut got = BTreeMap::<u32, u32>::new();
    let mut route = build(&tree, &mut shares, "a");
    for round in 0..300 {
        for (who, _) in publish(&route, 0, None).live {
            *got.entry(who).or_default() += 1;
        }
        if round % 2 == 0 {
            add(&tree, "$share/g/a", 7, qos(0));
        } else {
            let who = [Holder::Connection(address(7))];
            tree.remove(ORG, std::iter::once("$share/g/a"), &who);
        }
        assert!(!is_current(&tree, &route));
        route = again(&tree, &mut shares, ("a", Some(&route)));
    }
    assert!([1, 3, 5].iter().all(|n| got[n] >= 50), "{got:?}");
}
