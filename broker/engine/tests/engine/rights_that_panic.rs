//! A panic of whoever is asked about rights in the midst of what connections share is an answer, the one
//! that gives the least: it costs a will or a message, and neither another connection nor the process.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use broker_codec::{Connect, Packet, Publish, PublishProperties, QoS, Version, Will};
use broker_engine::{
    Absent, Access, Action, Authenticate, Config, Coverage, Everything, Exchange, Identity, Login,
    Reservation, Step, Verdict,
};
use uns_model::{OrgId, PublisherId, Sequence, SessionNo};

use crate::doorman::{as_user, by_method};
use crate::net::{Net, Peered, at_least_once, qos0};

/// Everything is allowed, until every question is a panic.
#[derive(Debug, Default)]
struct Shaky(AtomicBool);

impl Shaky {
    fn ask(&self) {
        assert!(!self.0.load(Ordering::Relaxed), "the fault of this test");
    }

    fn fails(&self) {
        self.0.store(true, Ordering::Relaxed);
    }
}

impl Access for Shaky {
    fn allows(&self, _: Action, _: &str) -> bool {
        self.ask();
        true
    }

    fn covers(&self, _: &str) -> Coverage {
        Coverage::All
    }

    fn noted(&self) -> Option<String> {
        self.ask();
        None
    }

    fn is_revoked(&self) -> bool {
        self.ask();
        false
    }
}

/// Whoever has a name has these rights, and others have all.
struct Vouching(Arc<Shaky>);

impl Authenticate for Vouching {
    fn authenticate(&self, login: &Login<'_>) -> Verdict {
        let shaky = Arc::clone(&self.0) as Arc<dyn Access>;
        let named = |name| Identity::new(OrgId::DEFAULT, name, shaky);
        Verdict::Known(Ok(login.user_name.map_or_else(Identity::anonymous, named)))
    }

    fn reservation(&self, client_id: &str, _: &Identity) -> Reservation {
        assert_ne!(client_id, "reserved", "the fault of this test");
        Reservation::Nobodys
    }

    fn has_account(&self, _: OrgId, _: &str) -> bool {
        self.0.ask();
        true
    }

    fn rights_of(&self, absent: &Absent<'_>) -> Option<Arc<dyn Access>> {
        if absent.account == Some("elsewhere") {
            return Some(Arc::clone(&self.0) as Arc<dyn Access>);
        }
        self.0.ask();
        Some(Everything::shared())
    }

    fn exchange(&self, _: &str, _: &Login<'_>) -> Option<Box<dyn Exchange>> {
        Some(Box::new(Nameless(false)))
    }
}

/// Cannot say whose account it is about, once its client has said something.
struct Nameless(bool);

impl Exchange for Nameless {
    fn step(&mut self, _: &[u8]) -> Step {
        self.0 = true;
        Step::Continue(Vec::new())
    }

    fn name(&self) -> Option<&str> {
        assert!(!self.0, "the fault of this test");
        None
    }
}

/// Rights, and a net with a client that receives everything whatever they say.
fn world() -> (Arc<Shaky>, Net, Peered) {
    let shaky = Arc::new(Shaky::default());
    let guard = Box::new(Vouching(Arc::clone(&shaky)));
    let mut net = Net::guarded(2, Config::default(), guard);
    let watcher = net.client(1, Version::V5, "w");
    net.subscribe(watcher, "#", at_least_once());
    net.seen(watcher);
    (shaky, net, watcher)
}

fn with_will() -> Connect<'static> {
    let will = Will {
        topic: "a/will",
        payload: b"gone",
        qos: QoS::AtMostOnce,
        retain: false,
        delay_interval: None,
        properties: PublishProperties::default(),
    };
    Connect { will: Some(will), ..as_user(Version::V5, "fred", "right") }
}

#[test]
fn the_same_fault_on_the_way_out_costs_the_will() {
    let (shaky, mut net, watcher) = world();
    let fred = net.connect(0, &with_will());
    assert_eq!(net.seen(fred), ["CONNACK Success"]);
    shaky.fails();
    let (now, mut bytes) = (net.now, Vec::new());
    qos0("a/b", "x").encode(Version::V5, &mut bytes).unwrap();
    let engine = &mut net.engines[0];
    let receive = || engine.receive(now, fred.key, &bytes);
    assert!(catch_unwind(AssertUnwindSafe(receive)).is_err());
    let ended = net.engines[0].contain(now, fred.key);
    assert_eq!(&*ended.expect("it concerns one connection").client_id, "fred");
    net.settle();
    assert!(net.is_closed(fred) && net.seen(watcher).is_empty());
    assert_eq!(net.engines[0].stats().denied_publishes, 1, "its will");
    net.send(watcher, &qos0("a/b", "still here"));
    assert_eq!(net.seen(watcher), ["a/b still here q0"]);
}

#[test]
fn a_log_in_that_panics_concerns_one_connection() {
    let (_, mut net, watcher) = world();
    let (client, now, mut bytes) = (net.open(0), net.now, Vec::new());
    let connect = Packet::Connect(Box::new(by_method("c", "RIDDLE", "fred")));
    connect.encode(Version::V5, &mut bytes).unwrap();
    let engine = &mut net.engines[0];
    let receive = || engine.receive(now, client.key, &bytes);
    assert!(catch_unwind(AssertUnwindSafe(receive)).is_err());
    assert!(net.engines[0].contain(now, client.key).is_some());
    net.settle();
    net.send(watcher, &qos0("a/b", "still here"));
    assert_eq!(net.seen(watcher), ["a/b still here q0"]);
}

#[test]
fn a_will_whose_rights_cannot_be_asked_is_left_out() {
    let (shaky, mut net, watcher) = world();
    shaky.fails();
    let fred = net.connect(0, &with_will());
    assert_eq!(net.seen(fred), ["CONNACK Success"]);
    assert_eq!(net.engines[0].stats().denied_publishes, 1);
    net.lose(fred);
    assert!(net.seen(watcher).is_empty());
}

#[test]
fn a_will_that_is_due_is_over_when_its_rights_cannot_be_asked() {
    let (shaky, mut net, watcher) = world();
    shaky.fails();
    let now = net.now;
    for (nth, owner) in (1..).zip(["fred", "elsewhere"]) {
        let will = fabric::DueWill {
            org: OrgId::DEFAULT,
            session: SessionNo(0),
            publisher: PublisherId(4),
            client_id: "fred".into(),
            owner: Some(owner.into()),
            will: Arc::new(fabric::Will {
                topic: "a/will".into(),
                payload: bytes::Bytes::from_static(b"gone"),
                properties: bytes::Bytes::new(),
                qos: 0,
                retain: false,
                expiry: None,
                delay: 10,
            }),
            sequence: Some(Sequence(7)),
            not_taken: 0,
        };
        net.engines[0].will_due(now, &will);
        net.settle();
        assert!(net.seen(watcher).is_empty(), "{owner}");
        assert_eq!(net.engines[0].stats().denied_publishes, nth, "{owner}");
        let notes = std::mem::take(&mut net.engines[0].gate().notes);
        assert_eq!(notes, ["session 0 WillGone"], "it never comes again");
    }
}

#[test]
fn a_receiver_whose_rights_cannot_be_asked_is_left_out_alone() {
    let (shaky, mut net, watcher) = world();
    net.send(watcher, &Packet::Publish(Publish { retain: true, ..message("kept/a") }));
    net.seen(watcher);
    let fred = net.connect(0, &as_user(Version::V5, "fred", "right"));
    net.subscribe(fred, "news/#", at_least_once());
    net.seen(fred);
    shaky.fails();
    net.send(watcher, &qos0("news/a", "1"));
    assert_eq!(net.seen(watcher), ["news/a 1 q0"]);
    net.subscribe(fred, "kept/#", at_least_once());
    assert_eq!(net.seen(fred), ["SUBACK GrantedQoS1"], "neither live nor retained");
}

fn message(topic: &str) -> Publish<'_> {
    Publish { topic, payload: b"1", ..Publish::default() }
}

#[test]
fn whoever_cannot_be_asked_for_is_not_let_in_and_no_session_ends_for_it() {
    let (shaky, mut net, watcher) = world();
    let reserved = net.connect(0, &as_user(Version::V5, "reserved", "right"));
    assert_eq!(net.seen(reserved), ["CONNACK ClientIdentifierNotValid"]);
    let fred = net.connect(0, &as_user(Version::V5, "fred", "right"));
    assert_eq!(net.seen(fred), ["CONNACK Success"]);
    shaky.fails();
    net.broker.policy_changed();
    net.advance(Duration::from_millis(250));
    assert_eq!(net.seen(fred), ["DISCONNECT AdministrativeAction"]);
    net.send(watcher, &qos0("a/b", "still here"));
    assert_eq!(net.seen(watcher), ["a/b still here q0"]);
}
