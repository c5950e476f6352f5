//! TRAP-17, TRAP-18, TRAP-19, TRAP-23, TRAP-24, TRAP-25, TRAP-45: options, identifiers, replacement,
//! one code per filter, invalid filters, `$`, any language.

use broker_codec::{Publish, ReasonCode as R, RetainHandling, SubscribeOptions, Version};

use crate::client::{Broker, QOS0, QOS1, connect, message, qos1};

#[test]
fn trap_17_one_publish_with_all_identifiers() {
    let broker = Broker::start();
    let mut client = broker.v5("c");
    client.subscribe_as(Some(3), &[("a/+", QOS0)]);
    client.subscribe_as(Some(200), &[("a/#", QOS1)]);
    client.subscribe(&[("a/b", QOS0)]);
    client.publish(qos1("a/b", "x", 1));
    let mut seen = Vec::new();
    for _ in 0..2 {
        client.next(|packet| match packet {
            broker_codec::Packet::Publish(p) => {
                seen = p.properties.subscription_ids.iter().map(|id| id.get()).collect();
                assert_eq!(p.qos.level(), 1);
            }
            broker_codec::Packet::Puback(_) => {}
            other => panic!("{other:?}"),
        });
    }
    assert_eq!(seen, [3, 200]);
    client.ping();
}

#[test]
fn trap_18_options_take_effect() {
    let broker = Broker::start();
    let mut sender = broker.v5("s");
    sender.publish(Publish { retain: true, ..message("kept", "x") });
    sender.ping();
    let mut c = broker.v5("c");
    c.subscribe(&[("own", SubscribeOptions { no_local: true, ..QOS0 })]);
    c.publish(message("own", "mine"));
    c.ping();
    sender.publish(message("own", "yours"));
    assert_eq!(c.got().payload, b"yours");
    let never = SubscribeOptions { retain_handling: RetainHandling::Never, ..QOS0 };
    let if_new = SubscribeOptions { retain_handling: RetainHandling::IfNew, ..QOS0 };
    c.subscribe(&[("kept", never)]);
    c.ping();
    c.subscribe(&[("kept", if_new)]);
    c.ping();
    c.subscribe(&[("kept", QOS0)]);
    assert!(c.got().retain);
    c.unsubscribe(&["kept"]);
    c.subscribe(&[("kept", if_new)]);
    assert!(c.got().retain);
    c.subscribe(&[
        ("flag", SubscribeOptions { retain_as_published: true, ..QOS0 }),
        ("flag2", QOS0),
    ]);
    sender.publish(Publish { retain: true, ..message("flag", "x") });
    assert!(c.got().retain);
    sender.publish(Publish { retain: true, ..message("flag2", "x") });
    assert!(!c.got().retain);
}

#[test]
fn trap_18_mixed_no_local_counts_for_own_messages_only() {
    let broker = Broker::start();
    let mut c = broker.v5("c");
    c.subscribe_as(Some(1), &[("a/#", SubscribeOptions { no_local: true, ..QOS0 })]);
    c.subscribe_as(Some(2), &[("a/b", QOS0)]);
    c.publish(message("a/b", "mine"));
    assert_eq!(c.got().ids, [2]);
    broker.v5("s").publish(message("a/b", "yours"));
    assert_eq!(c.got().ids, [1, 2]);
}

#[test]
fn trap_23_24_one_code_per_filter() {
    let broker = Broker::start();
    for (version, bad) in
        [(Version::V5, R::TopicFilterInvalid), (Version::V311, R::UnspecifiedError)]
    {
        let mut c = broker.client(&connect(version, "c"));
        let filters = ["ok", "a/#/b", "a+/b", "a#", "$SYS/#", "ünï/+"];
        let filters = filters.map(|filter| (filter, QOS1));
        let ok = R::GrantedQoS1;
        assert_eq!(c.subscribe(&filters), [ok, bad, bad, bad, ok, ok]);
    }
    let mut c = broker.v5("d");
    let two = SubscribeOptions { qos: broker_codec::QoS::ExactlyOnce, ..QOS0 };
    assert_eq!(c.subscribe(&[("two", two)]), [R::GrantedQoS2]);
    c.subscribe(&[("x", QOS0)]);
    let gone = c.unsubscribe(&["x", "never"]);
    assert_eq!(gone, [R::Success, R::NoSubscriptionExisted]);
    c.publish(message("x", "x"));
    c.ping();
}

#[test]
fn trap_25_wildcards_do_not_see_dollar_topics() {
    let broker = Broker::with(|config| {
        config.figures_interval = std::time::Duration::from_millis(50);
    });
    let mut all = broker.v5("all");
    all.subscribe(&[("#", QOS0), ("+/broker/version", QOS0)]);
    let mut sys = broker.v5("sys");
    sys.subscribe(&[("$SYS/broker/version", QOS0)]);
    assert!(sys.got_text().1.starts_with("UNS Hub"));
    sys.publish(qos1("$SYS/broker/version", "forged", 1));
    loop {
        let done = sys.next(|packet| match packet {
            broker_codec::Packet::Puback(ack) => {
                assert_eq!(ack.reason, R::NotAuthorized);
                true
            }
            _ => false,
        });
        if done {
            break;
        }
    }
    all.ping();
}
