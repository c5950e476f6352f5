//! TRAP-15, TRAP-16 and section 4.8.2: one member of a share gets each message; (group, filter) names
//! the share; a member that leaves is replaced at once.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use broker_codec::{Ack, Packet, Publish, ReasonCode as R, Version};
use broker_server::DropCause;

use crate::client::{Broker, Client, PATIENCE, QOS0, QOS1, connect, eventually, message, qos1};

/// Publishes numbered messages and waits until the broker has taken them.
fn publish(from: &mut Client, topic: &str, numbers: std::ops::Range<u32>) {
    for number in numbers {
        from.publish(message(topic, &number.to_string()));
    }
    from.ping();
}

/// So many messages, and by which member each; then no more come.
fn take(members: &mut [&mut Client], count: usize) -> BTreeMap<String, usize> {
    let mut seen = BTreeMap::new();
    let (mut rounds, begin) = (0, Instant::now());
    // Those that come from another core take a moment.
    while seen.len() < count || rounds < 3 {
        for (at, member) in members.iter_mut().enumerate() {
            for got in member.got_all() {
                let text = String::from_utf8(got.payload).expect("text");
                assert_eq!(seen.insert(text, at), None, "delivered twice");
            }
        }
        rounds += 1;
        assert!(begin.elapsed() < PATIENCE, "{} of {count}", seen.len());
        std::thread::sleep(Duration::from_millis(5));
    }
    assert_eq!(seen.len(), count);
    seen
}

#[test]
fn trap_15_each_message_reaches_one_member_of_every_share() {
    let broker = Broker::start();
    let mut v5 = broker.v5("a");
    let mut v3 = broker.v3("b");
    let mut third = broker.v5("c");
    let mut other_filter = broker.v5("d");
    let mut alone = broker.v5("e");
    for member in [&mut v5, &mut v3, &mut third] {
        assert_eq!(member.subscribe(&[("$share/g/plant/+", QOS1)]), [R::GrantedQoS1]);
    }
    other_filter.subscribe(&[("$share/g/plant/#", QOS0)]);
    alone.subscribe(&[("plant/x", QOS0)]);
    let mut sender = broker.v5("s");
    publish(&mut sender, "plant/x", 0..90);
    let seen = take(&mut [&mut v5, &mut v3, &mut third], 90);
    for at in 0..3 {
        assert_eq!(seen.values().filter(|member| **member == at).count(), 30, "in turn");
    }
    // The same group name on another filter is another share and loses nothing.
    take(&mut [&mut other_filter], 90);
    take(&mut [&mut alone], 90);
}

#[test]
fn trap_16_a_member_that_leaves_is_replaced_at_once() {
    let broker = Broker::start();
    let mut leaver = broker.v5("a");
    let mut quitter = broker.v5("b");
    let mut stayer = broker.v5("c");
    for member in [&mut leaver, &mut quitter, &mut stayer] {
        member.subscribe(&[("$share/g/t", QOS0)]);
    }
    let mut sender = broker.v5("s");
    assert_eq!(
        leaver.unsubscribe(&["$share/g/t", "$share/h/t", "t"]),
        [R::Success, R::NoSubscriptionExisted, R::NoSubscriptionExisted]
    );
    drop(quitter);
    eventually("the end of a connection", || broker.handle.stats().stats.clients == 3);
    publish(&mut sender, "t", 0..50);
    take(&mut [&mut stayer], 50);
    take(&mut [&mut leaver], 0);
}

/// Publishes of QoS 1 with these numbers.
fn publish_all(from: &mut Client, numbers: std::ops::Range<u16>) {
    for number in numbers {
        from.publish(qos1("t", &number.to_string(), number + 1));
        assert_eq!(from.puback().1, R::Success);
    }
}

#[test]
fn trap_16_the_last_member_leaves_with_unacknowledged_messages() {
    let broker = Broker::start();
    let mut last = broker.v5("a");
    last.subscribe(&[("$share/g/t", QOS1)]);
    let mut sender = broker.v5("s");
    publish_all(&mut sender, 0..20);
    last.got();
    drop(last);
    eventually("the end of a connection", || broker.handle.stats().stats.clients == 1);
    publish_all(&mut sender, 0..10);
    let mut next = broker.v5("b");
    next.subscribe(&[("$share/g/t", QOS1)]);
    publish_all(&mut sender, 0..10);
    take(&mut [&mut next], 10);
    let lost = broker.handle.stats().stats.dropped[DropCause::ClientGone as usize];
    assert_eq!(lost, 20, "nobody was there to take them");
}

#[test]
fn trap_16_what_a_member_leaves_goes_to_the_next() {
    // Some sent and not acknowledged, the others still waiting for their turn; on either core.
    for inflight_max in [4, 100] {
        let broker = Broker::with(|config| config.engine.inflight_max = inflight_max);
        let mut leaver = broker.v5("a");
        leaver.subscribe(&[("$share/g/t", QOS1)]);
        let mut sender = broker.v5("s");
        publish_all(&mut sender, 0..20);
        // What it acknowledged is done.
        for _ in 0..2 {
            let id = leaver.got().id.expect("QoS 1");
            leaver.send(&Packet::Puback(Ack::new(id)));
        }
        leaver.got_all();
        let mut members = [broker.v5("b"), broker.v3("c")];
        for member in &mut members {
            member.subscribe(&[("$share/g/t", QOS1)]);
        }
        drop(leaver);
        let mut got = std::collections::BTreeSet::new();
        let begin = Instant::now();
        while got.len() < 18 {
            for member in &mut members {
                for one in member.got_all() {
                    if let Some(id) = one.id {
                        member.send(&Packet::Puback(Ack::new(id)));
                    }
                    assert!(got.insert(String::from_utf8(one.payload).expect("text")));
                }
            }
            assert!(begin.elapsed() < PATIENCE, "{got:?}");
        }
        assert!(!got.contains("0") && !got.contains("1"), "{got:?}");
    }
}

#[test]
fn both_a_share_and_a_subscription_of_its_own() {
    let broker = Broker::start();
    let mut client = broker.v5("a");
    client.subscribe_as(Some(1), &[("t/+", QOS0)]);
    client.subscribe_as(Some(2), &[("$share/g/t/#", QOS0)]);
    broker.v5("s").publish(message("t/1", "x"));
    let mut ids = [client.got().ids, client.got().ids].concat();
    ids.sort_unstable();
    assert_eq!(ids, [1, 2]);
    client.ping();
}

#[test]
fn a_share_gets_no_retained_messages() {
    let broker = Broker::start();
    let mut sender = broker.v5("s");
    sender.publish(Publish { retain: true, ..message("kept", "x") });
    sender.ping();
    let mut client = broker.v5("a");
    client.subscribe(&[("$share/g/kept", QOS0)]);
    client.ping();
    client.subscribe(&[("kept", QOS0)]);
    assert!(client.got().retain);
}

#[test]
fn share_names_and_no_local() {
    let broker = Broker::start();
    for (version, bad) in
        [(Version::V5, R::TopicFilterInvalid), (Version::V311, R::UnspecifiedError)]
    {
        let mut client = broker.client(&connect(version, "a"));
        let filters = ["$share//a", "$share/g", "$share/g/", "$share/g+/a", "$share/#/a"];
        let codes = client.subscribe(&filters.map(|filter| (filter, QOS1)));
        assert_eq!(codes, [bad; 5]);
        // This one is a filter like any other.
        assert_eq!(client.subscribe(&[("$share", QOS0)]), [R::GRANTED_QOS_0]);
    }
    let mut client = broker.v5("b");
    client.bytes(b"\x82\x10\0\x01\0\0\x0A$share/g/a\x04");
    assert_eq!(client.disconnected(), R::ProtocolError);
}
