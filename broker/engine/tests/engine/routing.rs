//! Deliveries over any history of subscriptions, on any cores, agree with a naive model; order holds
//! per publisher and topic.

use std::collections::BTreeMap;

use broker_codec::{Packet, PacketId, SubscribeOptions, Unsubscribe, UserProperties, Version};
use broker_engine::Config;
use proptest::prelude::*;
use uns_model::Filter;

use crate::net::{Net, at_least_once, qos0};

#[derive(Clone, Debug)]
enum Step {
    Subscribe(usize, &'static str),
    Unsubscribe(usize, &'static str),
    Publish(usize, &'static str),
    Reconnect(usize, usize),
}

fn step() -> impl Strategy<Value = Step> {
    let filter = || prop::sample::select(vec!["#", "a/#", "a/+", "+/b", "a/b", "é/+/x"]);
    let topic = prop::sample::select(vec!["a", "a/b", "c/b", "é/ü/x", "a/b/c"]);
    prop_oneof![
        (0usize..4, filter()).prop_map(|(c, f)| Step::Subscribe(c, f)),
        (0usize..4, filter()).prop_map(|(c, f)| Step::Unsubscribe(c, f)),
        (0usize..4, topic).prop_map(|(c, t)| Step::Publish(c, t)),
        (0usize..4, 0usize..3).prop_map(|(c, core)| Step::Reconnect(c, core)),
    ]
}

fn unsubscribe(raw: &[u8]) -> Packet<'_> {
    Packet::Unsubscribe(Unsubscribe {
        packet_id: PacketId::FIRST,
        user: UserProperties::default(),
        filters: broker_codec::Topics::parse(raw).expect("a filter"),
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]
    #[test]
    fn agrees_with_the_model(steps in prop::collection::vec(step(), 1..60)) {
        let mut net = Net::new(3, Config::default());
        let versions = [Version::V5, Version::V311];
        let mut clients: Vec<_> = (0..4)
            .map(|n| net.client(n % 3, versions[n % 2], &format!("c{n}")))
            .collect();
        let mut model: BTreeMap<(usize, &str), ()> = BTreeMap::new();
        for (number, step) in steps.into_iter().enumerate() {
            match step {
                Step::Subscribe(c, filter) => {
                    net.subscribe(clients[c], filter, SubscribeOptions::default());
                    net.seen(clients[c]);
                    model.insert((c, filter), ());
                }
                Step::Unsubscribe(c, filter) => {
                    let mut raw = Vec::new();
                    broker_codec::push_topic(filter, &mut raw).expect("short");
                    net.send(clients[c], &unsubscribe(&raw));
                    net.seen(clients[c]);
                    model.remove(&(c, filter));
                }
                Step::Publish(c, topic) => {
                    let payload = number.to_string();
                    net.send(clients[c], &qos0(topic, &payload));
                    for (n, client) in clients.iter().enumerate() {
                        let wanted = model.keys().any(|(who, filter)| {
                            *who == n && Filter::parse(filter).expect("valid").matches(topic)
                        });
                        let expected = wanted.then(|| format!("{topic} {payload} q0"));
                        prop_assert_eq!(net.seen(*client), Vec::from_iter(expected));
                    }
                }
                Step::Reconnect(c, core) => {
                    let old = clients[c];
                    clients[c] = net.client(core, versions[c % 2], &format!("c{c}"));
                    prop_assert!(net.is_closed(old));
                    model.retain(|(who, _), ()| *who != c);
                }
            }
            prop_assert_eq!(net.broker.subscriptions.count(), model.len());
            prop_assert_eq!(net.broker.clients.count(), 4);
        }
    }
}

#[test]
fn order_holds_per_publisher_and_topic() {
    let mut net = Net::new(2, Config::default());
    let receivers = [net.client(0, Version::V5, "r0"), net.client(1, Version::V5, "r1")];
    for receiver in receivers {
        net.subscribe(receiver, "t", at_least_once());
        net.seen(receiver);
    }
    let senders = [net.client(0, Version::V5, "s0"), net.client(1, Version::V311, "s1")];
    for n in 0..500 {
        for (s, sender) in senders.iter().enumerate() {
            net.send_only(*sender, &qos0("t", &format!("{s}:{n}")));
        }
        if n % 37 == 0 {
            net.settle();
        }
    }
    net.settle();
    for receiver in receivers {
        let seen = net.seen(receiver);
        assert_eq!(seen.len(), 1000);
        for s in 0..2 {
            let of: Vec<_> = seen.iter().filter(|line| line.contains(&format!(" {s}:"))).collect();
            let expected: Vec<_> = (0..500).map(|n| format!("t {s}:{n} q0")).collect();
            assert!(of.iter().map(|line| line.as_str()).eq(expected.iter().map(String::as_str)));
        }
    }
}

#[test]
fn a_node_is_resolved_once_however_often_subscriptions_change() {
    let mut net = Net::new(1, Config::default());
    let (sender, receiver) = (net.client(0, Version::V5, "s"), net.client(0, Version::V5, "r"));
    let publish = |net: &mut Net, payload: &str| {
        net.send(sender, &qos0("log/a/b", payload));
        net.seen(receiver).pop()
    };
    for n in 0..5 {
        // They match in turn one by one, so that the route is a new one each time.
        let filter = ["log/a/b", "log/+/b", "log/#", "#", "+/+/+"][n];
        net.subscribe(receiver, filter, SubscribeOptions::default());
        assert_eq!(publish(&mut net, &n.to_string()), Some(format!("log/a/b {n} q0")));
    }
    assert_eq!(net.engines[0].gate().resolved, ["log/a/b"]);
    // One that was deleted is another matter, whether or not subscriptions change.
    net.engines[0].gate().nodes[0].set(true);
    for payload in ["6", "7"] {
        assert_eq!(publish(&mut net, payload), Some(format!("log/a/b {payload} q0")));
    }
    assert_eq!(net.engines[0].gate().resolved, ["log/a/b"; 2]);
}

/// A share's member is chosen before the gate decides, since the gate is told whether somebody is owed
/// the message. What the gate refuses is nobody's turn.
#[test]
fn a_refused_publish_takes_no_turn_of_a_share() {
    let mut net = Net::new(1, Config::default());
    let members = ["a", "b"].map(|id| net.client(0, Version::V5, id));
    for member in members {
        net.subscribe(member, "$share/g/log/+", SubscribeOptions::default());
        net.seen(member);
    }
    let publisher = net.client(0, Version::V5, "p");
    let mut got = Vec::new();
    for payload in ["1", "bad", "2", "bad", "bad", "3"] {
        net.send(publisher, &qos0("log/x", payload));
        got.extend(members.map(|member| net.seen(member).len()));
    }
    assert_eq!(got, [1, 0, 0, 0, 0, 1, 0, 0, 0, 0, 1, 0]);
}
