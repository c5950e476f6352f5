//! TRAP-39, TRAP-48: queues count every byte they hold; events for a slot that was reused reach
//! no other connection.

use broker_codec::{
    Ack, Connect, ConnectProperties, Packet, PassThrough, Publish, PublishProperties, Version,
};
use broker_server::DropCause;

use crate::client::{Broker, QOS0, QOS1, connect, eventually, message, qos1, user_properties};

#[test]
fn trap_39_properties_count_like_payload() {
    let broker = Broker::with(|config| {
        config.engine.queue_bytes_max = 64 << 10;
        config.engine.stall.time = std::time::Duration::from_millis(1);
    });
    let narrow = Connect {
        properties: ConnectProperties {
            receive_maximum: std::num::NonZeroU16::new(1),
            ..ConnectProperties::default()
        },
        ..connect(Version::V5, "narrow")
    };
    let mut narrow = broker.client(&narrow);
    narrow.subscribe(&[("t", QOS1)]);
    let long = "v".repeat(4 << 10);
    let raw = user_properties(&[("name", &long)]);
    let properties = PublishProperties {
        pass_through: PassThrough::parse(&raw).expect("properties"),
        ..PublishProperties::default()
    };
    let mut sender = broker.v5("s");
    for n in 1..=100 {
        sender.publish(Publish { properties, ..qos1("t", "x", n) });
        sender.puback();
    }
    let dropped = || broker.handle.stats().stats.dropped[DropCause::QueueFull as usize];
    eventually("the queue is full", || dropped() >= 83);
    let kept = 100 - dropped();
    assert!(kept <= 17, "{kept} messages of 4 KiB are in 64 KiB, and one under way");
    for _ in 0..kept {
        let id = narrow.got().id.expect("QoS 1");
        narrow.send(&Packet::Puback(Ack::new(id)));
    }
    narrow.ping();
}

#[test]
fn trap_48_a_reused_slot_gets_nothing_of_its_predecessor() {
    let broker = Broker::start();
    let mut sender = broker.v5("s");
    for round in 0..100 {
        let mut old = broker.v5("old");
        old.subscribe(&[("old", QOS0)]);
        for _ in 0..20 {
            sender.publish(message("old", "late"));
        }
        drop(old);
        let mut new = broker.v5(&format!("new{round}"));
        new.subscribe(&[("new", QOS0)]);
        sender.publish(message("new", "x"));
        assert_eq!(new.got_text(), ("new".into(), "x".into()));
        new.ping();
    }
}
