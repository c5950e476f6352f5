//! TRAP-35, TRAP-43: what sessions of absent clients are owed stays bounded; beyond the bound it is
//! dropped, counted and visible, and never dropped in silence by retention.

use broker_codec::{Packet, QoS, ReasonCode, Version};

use crate::client::{Client, session};
use crate::hub::{Hub, Scratch, soak};

/// So many messages one session may be owed in these tests.
const OWED_MAX: u64 = 500;

/// Sessions that subscribe and leave.
fn absent(hub: &Hub, count: usize) {
    for n in 0..count {
        let name = format!("absent{n}");
        let (mut client, _) = Client::open(hub.mqtt, &session(Version::V5, &name));
        client.subscribe("absent/#", QoS::AtLeastOnce);
    }
}

/// Publishes so many, each acknowledged.
fn publish(hub: &Hub, count: u64) {
    const BURST: u64 = 100;
    let (mut sender, _) = Client::open(hub.mqtt, &session(Version::V5, "sender"));
    for burst in 0..count / BURST {
        for n in 0..BURST {
            let number = burst * BURST + n;
            let payload = format!("{number:<1000}");
            sender.publish("absent/t", payload.as_bytes(), u16::try_from(n + 1).expect("short"));
        }
        for _ in 0..BURST {
            let reason = sender.next(|packet| match packet {
                Packet::Puback(ack) => ack.reason,
                other => panic!("{other:?} is no PUBACK"),
            });
            assert_eq!(reason, Some(ReasonCode::Success), "an absent client delays nobody");
        }
    }
}

#[test]
fn trap_35_what_is_too_much_for_a_session_is_dropped_and_counted() {
    let scratch = Scratch::new();
    let hub = Hub::start_with(scratch.path(), &[&format!("mqtt.session_messages_max={OWED_MAX}")]);
    absent(&hub, 1);
    publish(&hub, OWED_MAX + 100);
    let (mut client, present) = Client::open(hub.mqtt, &session(Version::V5, "absent0"));
    assert!(present);
    let mut got = Vec::new();
    while got.len() < usize::try_from(OWED_MAX).expect("small") {
        let payload = client.payload().expect("the session goes on");
        let number = String::from_utf8_lossy(&payload).trim().parse::<u64>().expect("a number");
        got.push(number);
    }
    client.ping();
    assert!(got.is_sorted(), "what is left is in order");
    let dropped = hub.counted("uns_mqtt_session_dropped_total");
    assert!(dropped >= 100, "{dropped} dropped in {}", hub.fetch("/metrics").1);
}

#[test]
fn trap_43_storage_for_absent_clients_is_bounded() {
    let scratch = Scratch::new();
    let owed = format!("mqtt.session_messages_max={OWED_MAX}");
    let hub = Hub::start_with(scratch.path(), &[&owed]);
    absent(&hub, 20);
    publish(&hub, 1_000);
    let before = hub.memory().0;
    let count = if soak() { 1_000_000 } else { 8_000 };
    publish(&hub, count);
    let after = hub.memory().0;
    eprintln!("TRAP-43: {count} messages to 20 absent sessions: {before} bytes became {after}");
    assert!(after < before + (48 << 20), "{before} bytes became {after}");
}
