//! TRAP-22, TRAP-31: what a client may publish and receive, and how it is refused otherwise.

use std::sync::atomic::Ordering;

use broker_codec::{Packet, ReasonCode as R, Version};

use crate::authenticator::{SlowAuthenticator, as_user};
use crate::client::{Broker, QOS0, QOS1, eventually, message, qos1};

#[test]
fn trap_31_publishes_without_a_right_are_refused_by_name() {
    let broker = Broker::over(SlowAuthenticator::default().deps(), |_| ());
    let mut watcher = broker.v5("w");
    watcher.subscribe(&[("#", QOS0)]);
    let mut client = broker.client(&as_user(Version::V5, "fred", "right"));
    client.publish(qos1("yours/a", "x", 1));
    client.next(|packet| match packet {
        Packet::Puback(ack) => {
            assert_eq!(ack.reason, R::NotAuthorized);
            let named: Vec<_> = ack.properties.user.iter().collect();
            assert_eq!(named, [("uns-reason", "not_authorized")]);
        }
        other => panic!("{other:?} is no PUBACK"),
    });
    client.publish(message("yours/b", "x"));
    client.publish(message("own/c", "x"));
    assert_eq!(watcher.got_text(), ("own/c".into(), "x".into()));
    let mut old = broker.client(&as_user(Version::V311, "anna", "right"));
    old.publish(qos1("yours/a", "x", 1));
    assert_eq!(old.puback(), (1, R::Success), "MQTT 3.1.1 knows no other answer");
    old.publish(qos1("own/a", "x", 2));
    assert_eq!(watcher.got_text(), ("own/a".into(), "x".into()));
    eventually("three denials", || broker.handle.stats().stats.denied == 3);
}

#[test]
fn subscriptions_are_refused_or_filtered_and_rights_end() {
    let authenticator = SlowAuthenticator::default();
    let broker = Broker::over(authenticator.deps(), |_| ());
    let mut client = broker.client(&as_user(Version::V5, "fred", "right"));
    let codes = client.subscribe(&[("#", QOS1), ("yours/a", QOS1), ("$share/g/yours/#", QOS1)]);
    assert_eq!(codes, [R::GrantedQoS1, R::NotAuthorized, R::NotAuthorized]);
    let mut old = broker.client(&as_user(Version::V311, "anna", "right"));
    assert_eq!(old.subscribe(&[("yours/a", QOS0)]), [R::UnspecifiedError], "0x80");
    let mut publisher = broker.v5("p");
    for topic in ["yours/a", "own/a", "$SYS/x", "own/b"] {
        publisher.publish(message(topic, "x"));
    }
    assert_eq!(client.got().topic, "own/a");
    assert_eq!(client.got().topic, "own/b");
    authenticator.own.revoked.store(true, Ordering::Relaxed);
    broker.handle.policy_changed();
    assert_eq!(client.disconnected(), R::AdministrativeAction);
    old.closed();
    publisher.ping();
}
