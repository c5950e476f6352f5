//! Retained messages against a naive list, in slices of every size.

use std::collections::BTreeMap;

use proptest::prelude::*;

use super::walk::Walk;
use super::*;
use crate::routing::tree::tests::naive;

const ORG: OrgId = OrgId(1);

fn message(topic: &str, expires: Option<u64>) -> Retained {
    Retained {
        topic: topic.into(),
        expires: expires.map(Duration::from_secs),
        kept: Kept::new(0, None, b"", b"x"),
    }
}

fn store() -> RetainedMessages {
    RetainedMessages::new(Quota { count: 1000, bytes: 1 << 20 }, Quota::default())
}

fn collect(store: &RetainedMessages, filter: &str, slice: usize, now: u64) -> Vec<String> {
    let (mut walk, mut seen) = (Walk::new(filter), Vec::new());
    loop {
        let mut left = slice;
        let over = store.walk(ORG, &mut walk, Duration::from_secs(now), &mut |message| {
            seen.push(message.topic.to_string());
            left -= 1;
            left > 0
        });
        if over {
            return seen;
        }
    }
}

fn topic() -> impl Strategy<Value = String> {
    prop::collection::vec(prop::sample::select(vec!["a", "a!", "b", "", "é", "$S"]), 1..4)
        .prop_map(|levels| levels.join("/"))
}

fn filter() -> impl Strategy<Value = String> {
    let level = prop::sample::select(vec!["a", "a!", "", "é", "$S", "+"]);
    (prop::collection::vec(level, 0..4), any::<bool>()).prop_map(|(mut levels, hash)| {
        if hash || levels.is_empty() {
            levels.push("#");
        }
        levels.join("/")
    })
}

proptest! {
    #[test]
    fn every_match_once_in_any_slices(
        steps in prop::collection::vec((0u8..4, topic()), 0..80),
        filter in filter(),
        slice in 1usize..5,
    ) {
        let store = store();
        let mut model = BTreeMap::new();
        for (kind, topic) in steps {
            if kind == 0 {
                store.clear(ORG, &topic);
                model.remove(&topic);
            } else {
                store.set(ORG, message(&topic, None));
                model.insert(topic, ());
            }
        }
        prop_assert_eq!(store.size().0, model.len());
        let mut expected: Vec<_> = model.keys().filter(|t| naive(&filter, t)).cloned().collect();
        expected.sort();
        let mut seen = collect(&store, &filter, slice, 0);
        seen.sort();
        prop_assert_eq!(seen, expected);
    }
}

#[test]
fn changes_between_slices_neither_repeat_nor_lose_the_rest() {
    let store = store();
    for n in 0..10 {
        store.set(ORG, message(&format!("t/{n}"), None));
    }
    let (mut walk, mut seen) = (Walk::new("t/+"), Vec::new());
    let mut slice = |store: &RetainedMessages| {
        let mut left = 5;
        store.walk(ORG, &mut walk, Duration::ZERO, &mut |message| {
            seen.push(message.topic.to_string());
            left -= 1;
            left > 0
        })
    };
    assert!(!slice(&store));
    store.clear(ORG, "t/4");
    store.clear(ORG, "t/7");
    assert!(slice(&store));
    assert_eq!(seen, ["t/0", "t/1", "t/2", "t/3", "t/4", "t/5", "t/6", "t/8", "t/9"]);
}

#[test]
fn expired_messages_are_neither_read_nor_kept() {
    let store = store();
    store.set(ORG, message("a", Some(5)));
    store.set(ORG, message("b", Some(50)));
    store.set(ORG, message("a", Some(10)));
    assert_eq!(collect(&store, "#", 9, 4), ["a", "b"]);
    assert_eq!(collect(&store, "#", 9, 11), ["b"]);
    store.expire(Duration::from_secs(6), 10);
    assert_eq!(store.size().0, 2);
    store.expire(Duration::from_secs(11), 10);
    assert_eq!(store.size().0, 1);
    store.expire(Duration::from_secs(60), 10);
    assert_eq!(store.size(), (0, 0));
}

#[test]
fn a_full_store_still_replaces() {
    let store = RetainedMessages::new(Quota { count: 1, bytes: 1 << 20 }, Quota::default());
    assert!(store.has_room(ORG, "a", 10));
    store.set(ORG, message("a", None));
    assert!(store.has_room(ORG, "a", 10));
    assert!(!store.has_room(ORG, "b", 10));
}

#[test]
fn a_quota_of_bytes_counts_what_is_replaced() {
    let size = 1 + 1 + OVERHEAD;
    let store = RetainedMessages::new(Quota { count: 0, bytes: size + 10 }, Quota::default());
    store.set(ORG, message("a", None));
    assert_eq!(store.size(), (1, size));
    assert!(store.has_room(ORG, "a", 2));
    assert!(store.has_room(ORG, "a", 12));
    assert!(!store.has_room(ORG, "a", 13));
    assert!(!store.has_room(ORG, "b", 2));
}

#[test]
fn an_organisation_beyond_its_quota_leaves_others_theirs() {
    let store = RetainedMessages::new(Quota::default(), Quota { count: 2, bytes: 0 });
    let other = OrgId(9);
    store.set(ORG, message("a", None));
    store.set(ORG, message("b", None));
    assert!(!store.has_room(ORG, "c", 1));
    assert!(store.has_room(other, "c", 1));
    store.clear(ORG, "a");
    assert!(store.has_room(ORG, "c", 1));
}

/// Whether something is done while an organisation's messages are being written.
fn done_meanwhile(
    store: &Arc<RetainedMessages>,
    what: impl FnOnce(&RetainedMessages) + Send + 'static,
) {
    let orgs = store.orgs.load();
    let _writer = orgs.get(&ORG).expect("it retains something").messages.write();
    let (done, wait) = std::sync::mpsc::sync_channel(1);
    let store = Arc::clone(store);
    std::thread::spawn(move || {
        what(&store);
        done.send(()).ok();
    });
    wait.recv_timeout(Duration::from_secs(60)).expect("it waits for no lock");
}

#[test]
fn a_publish_and_the_timers_wait_for_nobody_who_writes() {
    let store = Arc::new(store());
    store.set(ORG, message("a", Some(100)));
    done_meanwhile(&store, |store| {
        assert!(store.has_room(ORG, "a", 10) && store.has_room(ORG, "b", 10));
        assert_eq!(store.size().0, 1);
        store.expire(Duration::from_secs(99), 10);
    });
}

#[test]
fn organisations_do_not_wait_for_each_other() {
    const OTHER: OrgId = OrgId(2);
    let store = Arc::new(store());
    store.set(ORG, message("a", None));
    done_meanwhile(&store, |store| {
        store.set(OTHER, message("a", None));
        let mut walk = Walk::new("#");
        assert!(store.walk(OTHER, &mut walk, Duration::ZERO, &mut |_| true));
        assert!(store.get(OTHER, "a").is_some());
        store.clear(OTHER, "a");
    });
    assert_eq!(store.size().0, 1);
}

#[test]
fn what_is_not_removed_in_one_call_is_in_the_next() {
    let store = store();
    for n in 0..7_u32 {
        store.set(OrgId(n % 2), message(&format!("t/{n}"), Some(5)));
    }
    for left in [4, 1, 0] {
        store.expire(Duration::from_secs(6), 3);
        assert_eq!(store.size().0, left);
    }
    // What is kept later expires as well.
    store.set(ORG, message("later", Some(8)));
    store.expire(Duration::from_secs(7), 3);
    assert_eq!(store.size().0, 1);
    store.expire(Duration::from_secs(8), 3);
    assert_eq!(store.size(), (0, 0));
}
