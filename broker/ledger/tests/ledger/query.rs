//! The answers for operators and for the start of the broker.

use std::num::NonZeroU32;
use std::sync::Arc;

use broker_ledger::SharedRetained;
use fabric::SessionChange;
use uns_model::{Kept, OrgId, PublisherId, SessionNo};

use crate::world::{NEVER, ORG, World, eventually, message, publish, record, will};

fn subscribed(filter: &str, walk: bool) -> SessionChange<'_> {
    SessionChange::Subscribed { filter, options: 1, identifier: NonZeroU32::new(8), walk }
}

#[test]
fn a_start_gets_every_session_with_its_subscriptions_and_will() {
    let mut world = World::new();
    world.open_session(1, 60);
    world.change(1, subscribed("b/#", true));
    world.change(1, subscribed("a/+", true));
    world.change(1, subscribed("c", false));
    world.change(1, SessionChange::Walked { filter: "a/+" });
    world.change(1, SessionChange::Unsubscribed { filter: "c" });
    world.change(1, SessionChange::Unsubscribed { filter: "d" });
    world.change(1, will(5));
    world.open_session(2, NEVER);
    world.settled_down();
    assert_eq!(world.ledger.stats().subscriptions, 2);
    world.restart();
    let mut seen = Vec::new();
    world.ledger.restored(&mut |one| {
        let filters: Vec<(String, bool)> =
            one.subscriptions.iter().map(|sub| (sub.filter.to_string(), sub.walk)).collect();
        seen.push((one.session.0, one.client_id.to_string(), one.expiry, filters));
        assert_eq!(one.org, ORG);
        assert!(one.subscriptions.iter().all(|sub| sub.identifier == NonZeroU32::new(8)));
    });
    let filters = vec![("a/+".to_owned(), false), ("b/#".to_owned(), true)];
    assert_eq!(
        seen,
        [(1, "client-1".to_owned(), 60, filters), (2, "client-2".to_owned(), NEVER, vec![])]
    );
}

#[test]
fn plain_topics_keep_their_last_retained_message() {
    let mut world = World::new();
    world.append(&[
        message("a", true, b"1"),
        message("b", true, b"2"),
        message("a", true, b"3"),
        message("a", false, b"4"),
        message("c", true, b"5"),
        message("b", true, b""),
        message("b", false, b""),
        message("d", true, b"6"),
        publish(b"7"),
    ]);
    for _ in 0..2 {
        world.settled_down();
        let mut seen = Vec::new();
        world.ledger.retained(&mut |one| {
            let (payload, properties) = (one.kept.payload(), one.kept.properties());
            seen.push((one.topic.to_string(), payload.to_vec(), properties.to_vec()));
        });
        seen.sort();
        let row =
            |topic: &str, payload: &[u8]| (topic.to_owned(), payload.to_vec(), b"pp".to_vec());
        assert_eq!(seen, [row("a", b"3"), row("c", b"5"), row("d", b"6")]);
        world.restart();
    }
    assert_eq!(world.ledger.stats().retained, 3);
}

/// Keeps the messages of two topics.
struct Other(Vec<(Arc<str>, Kept)>);

impl SharedRetained for Other {
    fn name(&self, org: OrgId, topic: &str) -> Option<Arc<str>> {
        let found = self.0.iter().find(|(name, _)| org == ORG && **name == *topic);
        found.map(|(name, _)| Arc::clone(name))
    }

    fn same(&self, org: OrgId, topic: &str, kept: &Kept) -> Option<Kept> {
        let found = self.0.iter().find(|(name, _)| org == ORG && **name == *topic);
        found.map(|(_, kept)| kept).filter(|own| *own == kept).cloned()
    }
}

#[test]
fn what_the_broker_retains_as_well_exists_once() {
    let world = World::new();
    // Small messages are stored in place.
    let large = b"a payload that does not lie in place";
    let kept = |payload: &[u8]| Kept::new(1, None, b"pp", payload);
    let other = [("a".into(), kept(large)), ("b".into(), kept(b"newer"))];
    world.ledger.share_retained(Arc::new(Other(other.to_vec())));
    world.append(&[message("a", true, b"0"), message("b", true, b"2"), message("c", true, b"3")]);
    world.append(&[message("a", true, large)]);
    world.settled_down();
    let mut seen = Vec::new();
    world.ledger.retained(&mut |one| {
        let same = other.iter().find(|(name, _)| Arc::ptr_eq(name, one.topic));
        let message = other.iter().any(|(_, kept)| kept.is_shared_with(one.kept));
        seen.push((one.topic.to_string(), one.kept.payload().to_vec(), same.is_some(), message));
    });
    seen.sort();
    let row = |topic: &str, payload: &[u8], name, message| {
        (topic.to_owned(), payload.to_vec(), name, message)
    };
    let expected =
        [row("a", large, true, true), row("b", b"2", true, false), row("c", b"3", false, false)];
    assert_eq!(seen, expected);
}

/// The broker follows the log by itself, and may be later than the ledger.
#[test]
fn what_the_broker_retains_later_is_shared_then() {
    struct Late(parking_lot::Mutex<Vec<(Arc<str>, Kept)>>);
    impl SharedRetained for Late {
        fn name(&self, org: OrgId, topic: &str) -> Option<Arc<str>> {
            Other(self.0.lock().clone()).name(org, topic)
        }

        fn same(&self, org: OrgId, topic: &str, kept: &Kept) -> Option<Kept> {
            Other(self.0.lock().clone()).same(org, topic, kept)
        }
    }
    let world = World::new();
    let large = b"a payload that does not lie in place";
    let late = Arc::new(Late(parking_lot::Mutex::default()));
    world.ledger.share_retained(Arc::clone(&late) as _);
    world.append(&[message("a", true, large)]);
    world.settled_down();
    let own: (Arc<str>, Kept) = ("a".into(), Kept::new(1, None, b"pp", large));
    late.0.lock().push(own.clone());
    eventually("both exist once", || {
        let mut shared = false;
        world.ledger.retained(&mut |one| {
            shared = Arc::ptr_eq(one.topic, &own.0) && one.kept.is_shared_with(&own.1);
        });
        shared
    });
}

#[test]
fn sessions_are_listed_in_pages_by_client_id() {
    let world = World::new();
    for number in [3, 1, 2] {
        world.open_session(number, NEVER);
    }
    let other = SessionChange::Opened {
        org: OrgId(9),
        client_id: "client-1",
        publisher: PublisherId(1),
        expiry: NEVER,
    };
    let at = world.append(&[record(4, other)]).last;
    let place = world.attach(1, 5, at);
    let sequence = world.publish(b"abc", &[1]);
    world.publish(b"abc", &[1]);
    world.got(place, 2);
    world.settle(1, sequence);
    world.settled_down();
    let page = world.ledger.sessions(ORG, "", 2);
    let ids: Vec<&str> = page.iter().map(|one| &*one.client_id).collect();
    assert_eq!(ids, ["client-1", "client-2"]);
    let one = &page[0];
    assert_eq!((one.session, one.online, one.connected), (SessionNo(1), true, Some(place)));
    assert_eq!((one.owed, one.inflight, one.dropped), (1, 1, 0));
    assert!(one.owed_bytes > 3 && one.expires_in.is_none() && !one.will);
    let rest = world.ledger.sessions(ORG, "client-2", 9);
    assert_eq!(rest.len(), 1);
    assert_eq!(world.ledger.find(OrgId(9), "client-1").unwrap().session, SessionNo(4));
    assert!(world.ledger.find(OrgId(9), "client-2").is_none());
    assert!(world.ledger.sessions(OrgId(8), "", 9).is_empty());
}
