//! Back-pressure: publishers wait for a client that drains, once and briefly for one that does not; what
//! is dropped is counted; a gone connection is hit by nothing.

use std::time::Duration;

use broker_codec::{Ack, Connect, ConnectProperties, Packet, PacketId, SubscribeOptions, Version};
use broker_engine::{Config, Drop, Due, Fed, FedPublish, Shortfall};
use uns_model::{Sequence, Timestamp};

use crate::net::{Net, at_least_once, connect, qos0, qos1};

fn small() -> Config {
    Config {
        backlog_bytes_high: 10_000,
        output_bytes_max: 20_000,
        batch_bytes_high: 1000,
        queue_bytes_max: 20_000,
        ..Config::default()
    }
}

/// A client that takes one QoS 1 message at a time.
fn narrow() -> Connect<'static> {
    Connect {
        properties: ConnectProperties {
            receive_maximum: std::num::NonZeroU16::new(1),
            ..ConnectProperties::default()
        },
        ..connect(Version::V5, "narrow")
    }
}

#[test]
fn publishers_wait_once_for_a_dead_client_on_another_core() {
    let mut net = Net::new(2, small());
    let dead = net.client(1, Version::V5, "dead");
    net.subscribe(dead, "t", SubscribeOptions::default());
    let sender = net.client(0, Version::V5, "s");
    net.block(dead, true);
    let payload = "x".repeat(500);
    for _ in 0..100 {
        net.send(sender, &qos0("t", &payload));
    }
    assert!(net.is_waiting(sender));
    assert_eq!(net.engines[1].stats().dropped.iter().sum::<u64>(), 0);
    net.advance(Duration::from_millis(100));
    assert!(!net.is_waiting(sender), "it waited long enough");
    let dropped = net.engines[1].stats().dropped[Drop::OutputFull as usize];
    assert!(dropped > 50, "{dropped}");
    for _ in 0..100 {
        net.send(sender, &qos0("t", &payload));
        assert!(!net.is_waiting(sender), "never again");
    }
    net.block(dead, false);
    net.seen(dead);
    net.send(sender, &qos0("t", "back"));
    assert_eq!(net.seen(dead), ["t back q0"]);
}

#[test]
fn nothing_is_lost_for_a_client_that_drains() {
    let mut net = Net::new(2, small());
    let slow = net.client(1, Version::V5, "slow");
    net.subscribe(slow, "t", SubscribeOptions::default());
    net.seen(slow);
    let sender = net.client(0, Version::V5, "s");
    let payload = "x".repeat(500);
    let mut seen = 0;
    for round in 0..200 {
        net.block(slow, round % 10 != 9);
        net.send(sender, &qos0("t", &payload));
        seen += net.seen(slow).len();
    }
    net.block(slow, false);
    seen += net.seen(slow).len();
    assert_eq!(seen, 200);
    assert!(!net.is_waiting(sender));
}

#[test]
fn a_full_queue_drops_and_says_so() {
    let mut net = Net::new(1, small());
    let narrow = net.connect(0, &narrow());
    net.subscribe(narrow, "t", at_least_once());
    net.seen(narrow);
    let sender = net.client(0, Version::V5, "s");
    let payload = "x".repeat(500);
    for id in 1..=200 {
        net.send(sender, &qos1("t", &payload, id));
        net.advance(Duration::from_millis(1));
    }
    net.advance(Duration::from_millis(200));
    assert!(!net.is_waiting(sender));
    let mut received = 0;
    loop {
        let seen = net.seen(narrow).len();
        if seen == 0 {
            break;
        }
        received += seen;
        net.send(narrow, &Packet::Puback(broker_codec::Ack::new(broker_codec::PacketId::FIRST)));
    }
    let dropped = net.engines[0].stats().dropped[Drop::QueueFull as usize];
    assert!(dropped > 0);
    assert_eq!(received + usize::try_from(dropped).unwrap(), 200);
    net.advance(Duration::from_secs(61));
    let told: Vec<_> = told(&mut net);
    assert!(told.iter().all(|(client, _, why)| &**client == "narrow" && *why == Shortfall::Queue));
    let lost: Vec<u64> = told.iter().map(|(_, lost, _)| *lost).collect();
    assert_eq!(lost, [lost[0], dropped - lost[0]], "one line a minute, and none is left out");
}

/// What operators are told of slow clients: who, how many were lost, and why.
fn told(net: &mut Net) -> Vec<(Box<str>, u64, Shortfall)> {
    let told = std::mem::take(&mut net.engines[0].effects().fell_short);
    told.into_iter().map(|short| (short.client_id, short.lost, short.why)).collect()
}

/// TRAP-35: what else it is owed stays its own, and it is not ended at every message it loses.
#[test]
fn trap_35_a_session_that_falls_short_is_told_once_a_minute_where_there_are_words_for_it() {
    for version in [Version::V5, Version::V311] {
        let mut net = Net::new(1, Config::default());
        net.engines[0].gate().has_log = true;
        let session_expiry_interval = (version == Version::V5).then_some(60);
        let properties =
            ConnectProperties { session_expiry_interval, ..ConnectProperties::default() };
        let asked = Connect { clean_start: false, properties, ..connect(version, "c") };
        let mut client = net.connect(0, &asked);
        net.seen(client);
        let ticket = net.engines[0].gate().flushed.drain(..).find_map(|(ticket, _)| ticket);
        net.commit(0, ticket.expect("somebody waits").0, Ok(1));
        let lose = |net: &mut Net, client: crate::net::Peered| {
            let now = net.now;
            net.engines[0].fell_short(now, client.key, 3, Shortfall::Quota);
            net.settle();
            net.seen(client)
        };
        let said = lose(&mut net, client);
        if version == Version::V5 {
            assert_eq!(said, ["DISCONNECT QuotaExceeded"]);
            net.lose(client);
            client = net.connect(0, &asked);
            assert_eq!(net.seen(client), ["CONNACK Success present"]);
        } else {
            assert_eq!(said, [""; 0]);
        }
        assert_eq!(lose(&mut net, client), [""; 0], "it is known");
        net.advance(Duration::from_secs(61));
        assert_eq!(lose(&mut net, client).len(), usize::from(version == Version::V5));
        let told = told(&mut net);
        let expected = [3, 6].map(|lost| ("c".into(), lost, Shortfall::Quota));
        assert_eq!(told, expected, "{version:?}");
        assert_eq!(net.engines[0].stats().dropped.iter().sum::<u64>(), 0, "the ledger counts them");
    }
}

#[test]
fn queued_messages_expire() {
    let mut net = Net::new(1, small());
    let client = net.connect(0, &narrow());
    net.subscribe(client, "t", at_least_once());
    net.seen(client);
    let sender = net.client(0, Version::V5, "s");
    net.send(sender, &qos1("t", "fills the window", 1));
    let Packet::Publish(mut publish) = qos1("t", "short-lived", 2) else { unreachable!() };
    publish.properties.message_expiry = Some(5);
    net.send(sender, &Packet::Publish(publish));
    net.advance(Duration::from_secs(6));
    assert_eq!(net.seen(client).len(), 1);
    net.send(client, &Packet::Puback(broker_codec::Ack::new(broker_codec::PacketId::FIRST)));
    assert_eq!(net.seen(client), [""; 0]);
    assert_eq!(net.engines[0].stats().dropped[Drop::Expired as usize], 1);
}

#[test]
fn a_reused_slot_gets_nothing_of_its_predecessor() {
    let mut net = Net::new(2, Config::default());
    let old = net.client(1, Version::V5, "old");
    net.subscribe(old, "t", SubscribeOptions::default());
    let sender = net.client(0, Version::V5, "s");
    net.send_only(sender, &qos0("t", "late"));
    net.engines[1].closed(net.now, old.key);
    let new = net.client(1, Version::V5, "new");
    assert_eq!(new.key.slot, old.key.slot);
    net.settle();
    assert_eq!(net.seen(new), [""; 0]);
    net.send(sender, &qos0("t", "later"));
    assert_eq!(net.seen(new), [""; 0]);
}

#[test]
fn silence_and_stuck_writes_end_connections() {
    let mut net = Net::new(1, Config::default());
    let silent = net.connect(0, &Connect { keep_alive: 10, ..connect(Version::V5, "silent") });
    net.seen(silent);
    let open = net.open(0);
    net.advance(Duration::from_millis(9_900));
    assert!(!net.is_closed(open));
    net.advance(Duration::from_millis(100));
    assert!(net.is_closed(open));
    net.advance(Duration::from_millis(4_900));
    assert!(!net.is_closed(silent));
    net.advance(Duration::from_millis(100));
    assert_eq!(net.seen(silent), ["DISCONNECT KeepAliveTimeout"]);
    assert!(net.is_closed(silent));
    assert_eq!(net.engines[0].connections(), 0);
}

/// Asking again at once for what has to wait kept a core busy for as long as the client liked.
#[test]
fn retained_messages_wait_for_acks_at_rest() {
    let mut net = Net::new(1, small());
    let sender = net.client(0, Version::V5, "s");
    for topic in ["t/1", "t/2", "t/3"] {
        let Packet::Publish(publish) = qos1(topic, "kept", 1) else { unreachable!() };
        net.send(sender, &Packet::Publish(broker_codec::Publish { retain: true, ..publish }));
    }
    let narrow = net.connect(0, &narrow());
    net.subscribe(narrow, "t/+", at_least_once());
    let mut seen = net.seen(narrow);
    assert_eq!(seen.len(), 3, "CONNACK, SUBACK and one message: {seen:?}");
    for _ in 0..2 {
        net.send(narrow, &Packet::Puback(broker_codec::Ack::new(broker_codec::PacketId::FIRST)));
        seen.append(&mut net.seen(narrow));
    }
    assert_eq!(seen.len(), 5, "{seen:?}");
}

/// Its core has nothing to write until the client acknowledges; it would ask for ever otherwise, which
/// [`Net::settle`] does not allow.
#[test]
fn a_session_that_is_owed_more_than_its_window_takes_keeps_no_core_busy() {
    let mut net = Net::new(1, Config::default());
    net.engines[0].gate().has_log = true;
    let mut lasting = narrow();
    lasting.properties.session_expiry_interval = Some(60);
    let client = net.connect(0, &lasting);
    let ids = [1, 2, 3].map(|id| PacketId::new(id).expect("not 0"));
    for (sequence, packet_id) in (1..).map(Sequence).zip(ids) {
        let publish = FedPublish {
            qos: 1,
            retain: false,
            retained: false,
            dup: false,
            ids: None,
            topic: "a".into(),
            properties: bytes::Bytes::new(),
            payload: bytes::Bytes::from_static(b"x"),
            expiry: None,
            ingest: Timestamp(0),
        };
        let now = net.now;
        let fed = Fed { sequence, packet_id, what: Due::Publish(publish) };
        net.engines[0].fed(now, client.key, fed);
        net.settle();
    }
    assert_eq!(net.seen(client), ["CONNACK Success", "a x q1"]);
    for id in ids {
        net.send(client, &Packet::Puback(Ack::new(id)));
        let more = usize::from(id.get() < 3);
        assert_eq!(net.seen(client), vec!["a x q1"; more], "after PUBACK {id}");
    }
}
