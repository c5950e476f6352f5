//! R18: what is refused while memory is short, what goes on, and what makes room.

use std::time::Duration;

use broker_codec::{ConnectProperties, Packet, PacketId, Publish, QoS, SubscribeOptions, Version};
use broker_engine::{Config, Limit, Pressure};

use crate::net::{Net, Peered, at_least_once, connect, qos0, qos1};

fn net() -> Net {
    Net::new(1, Config::default())
}

fn short(net: &Net, pressure: Pressure) {
    net.broker.set_pressure(pressure);
}

fn retained<'a>(topic: &'a str, payload: &'a str, id: u16) -> Packet<'a> {
    let Packet::Publish(publish) = qos1(topic, payload, id) else { unreachable!("a publish") };
    Packet::Publish(Publish { retain: true, ..publish })
}

/// How publishes are answered at a level.
fn check(pressure: Pressure, version: Version, expected: [&str; 4]) {
    let mut net = net();
    let client = net.client(0, version, "c");
    net.send(client, &retained("kept", "1", 1));
    net.seen(client);
    short(&net, pressure);
    let packets = [
        qos1("known", "1", 2),
        retained("kept", "2", 3),
        retained("new", "1", 4),
        retained("kept", "", 5),
    ];
    for (packet, expected) in packets.iter().zip(expected) {
        net.send(client, packet);
        assert_eq!(net.seen(client).join(","), expected, "{packet:?} at {pressure:?}");
    }
}

#[test]
fn what_would_stay_is_refused_then_everything_but_clearing() {
    let fine = ["PUBACK 2 Success", "PUBACK 3 Success", "PUBACK 4 Success", "PUBACK 5 Success"];
    check(Pressure::None, Version::V5, fine);
    check(Pressure::Reclaim, Version::V5, fine);
    let mut shed = fine;
    shed[2] = "PUBACK 4 QuotaExceeded";
    check(Pressure::Shed, Version::V5, shed);
    let full = [
        "PUBACK 2 QuotaExceeded",
        "PUBACK 3 QuotaExceeded",
        "PUBACK 4 QuotaExceeded",
        "PUBACK 5 Success",
    ];
    check(Pressure::Full, Version::V5, full);
}

/// It has no word for it, and a PUBACK would be a lie.
#[test]
fn mqtt_3_1_1_loses_its_connection() {
    let mut net = net();
    let client = net.client(0, Version::V311, "c");
    short(&net, Pressure::Full);
    net.send(client, &qos1("known", "1", 2));
    assert_eq!(net.seen(client), [""; 0]);
    net.advance(Duration::from_millis(250));
    assert!(net.is_closed(client));
}

#[test]
fn qos_0_is_dropped_and_counted() {
    let mut net = net();
    let client = net.client(0, Version::V5, "c");
    net.subscribe(client, "a", SubscribeOptions::default());
    net.seen(client);
    short(&net, Pressure::Full);
    net.send(client, &qos0("a", "1"));
    assert_eq!(net.seen(client), [""; 0]);
    let stats = net.engines[0].stats();
    assert_eq!((stats.rejected, stats.memory_publishes, stats.dead_letters), (1, 1, 0));
    assert_eq!(stats.limited[Limit::Memory as usize], 1);
    short(&net, Pressure::None);
    net.send(client, &qos0("a", "2"));
    assert_eq!(net.seen(client), ["a 2 q0"]);
}

fn lasting(net: &mut Net, id: &str) -> Peered {
    let properties =
        ConnectProperties { session_expiry_interval: Some(60), ..ConnectProperties::default() };
    let client = net.connect(0, &broker_codec::Connect { properties, ..connect(Version::V5, id) });
    commit_all(net);
    client
}

fn commit_all(net: &mut Net) {
    let tickets: Vec<_> = net.engines[0].gate().flushed.drain(..).filter_map(|f| f.0).collect();
    tickets.into_iter().for_each(|ticket| net.commit(0, ticket.0, Ok(ticket.0)));
}

#[test]
fn clients_and_subscriptions_wait_but_old_sessions_come_back() {
    let mut net = net();
    net.engines[0].gate().has_log = true;
    let there = net.client(0, Version::V5, "there");
    net.subscribe(there, "old", at_least_once());
    let away = lasting(&mut net, "away");
    net.lose(away);
    net.seen(there);
    short(&net, Pressure::Shed);
    for (version, refused) in
        [(Version::V5, "CONNACK QuotaExceeded"), (Version::V311, "CONNACK ServerUnavailable")]
    {
        let new = net.connect(0, &connect(version, "new"));
        assert_eq!(net.seen(new), [refused]);
        assert!(net.is_closed(new));
    }
    net.subscribe(there, "new", at_least_once());
    net.subscribe(there, "old", at_least_once());
    assert_eq!(net.seen(there), ["SUBACK QuotaExceeded", "SUBACK GrantedQoS1"]);
    net.unsubscribe(there, "old");
    net.send(there, &Packet::Pingreq);
    assert_eq!(net.seen(there).len(), 2);
    let back = lasting(&mut net, "away");
    assert_eq!(net.seen(back), ["CONNACK Success"]);
    short(&net, Pressure::Full);
    let back = net.connect(0, &connect(Version::V5, "away"));
    assert_eq!(net.seen(back), ["CONNACK QuotaExceeded"]);
}

/// Both when memory is short, and when sessions are owed as much as they may be.
#[test]
fn nothing_more_is_owed_to_absent_sessions() {
    let mut net = net();
    net.engines[0].gate().has_log = true;
    let subscriber = lasting(&mut net, "s");
    net.subscribe(subscriber, "a", at_least_once());
    commit_all(&mut net);
    let publisher = net.client(0, Version::V5, "p");
    let check = |net: &mut Net, id: u16, expected: &str| {
        net.send(publisher, &qos1("a", "1", id));
        commit_all(net);
        assert_eq!(net.seen(publisher), [format!("PUBACK {id} {expected}")]);
    };
    short(&net, Pressure::Shed);
    check(&mut net, 1, "Success");
    net.lose(subscriber);
    check(&mut net, 2, "QuotaExceeded");
    short(&net, Pressure::None);
    check(&mut net, 3, "Success");
    net.broker.set_owed_full(true);
    assert_eq!(net.broker.pressure(), Pressure::None);
    check(&mut net, 4, "QuotaExceeded");
    net.broker.set_owed_full(false);
    check(&mut net, 5, "Success");
}

#[test]
fn slow_readers_share_a_bound_and_are_cut_off_while_memory_is_short() {
    const WAITING: usize = 1 << 20;
    let mut net = Net::new(1, Config { waiting_bytes_max: WAITING, ..Config::default() });
    let publisher = net.client(0, Version::V5, "p");
    let readers: Vec<_> = (0..50).map(|n| net.client(0, Version::V5, &format!("r{n}"))).collect();
    for reader in &readers {
        net.subscribe(*reader, "a", SubscribeOptions::default());
        net.seen(*reader);
        net.block(*reader, true);
    }
    let quick = net.client(0, Version::V5, "quick");
    net.subscribe(quick, "a", SubscribeOptions::default());
    net.seen(quick);
    let payload = "x".repeat(8 << 10);
    let waiting = |net: &mut Net| {
        net.advance(Duration::from_millis(250));
        usize::try_from(net.engines[0].stats().output_bytes).expect("few")
    };
    for _ in 0..100 {
        net.send(publisher, &qos0("a", &payload));
    }
    let all = waiting(&mut net);
    assert!(all <= WAITING + readers.len() * (9 << 10), "{all} bytes");
    assert_eq!(net.seen(quick).len(), 100, "who reads gets everything");
    short(&net, Pressure::Shed);
    net.advance(Duration::from_millis(250));
    let all = waiting(&mut net);
    assert!(all <= WAITING / 4, "{all} bytes");
    assert!(readers.iter().filter(|reader| net.is_closed(**reader)).count() > 30);
    assert!(!net.is_closed(quick) && !net.is_closed(publisher));
}

#[test]
fn aliases_are_kept_and_not_learned() {
    let mut net = net();
    let client = net.client(0, Version::V5, "c");
    let aliased = |topic: &'static str, alias: u16| {
        let mut publish = Publish {
            topic,
            payload: b"1",
            qos: QoS::AtLeastOnce,
            packet_id: PacketId::new(1),
            ..Publish::default()
        };
        publish.properties.topic_alias = std::num::NonZeroU16::new(alias);
        Packet::Publish(publish)
    };
    net.send(client, &aliased("a", 1));
    short(&net, Pressure::Shed);
    net.send(client, &aliased("a", 1));
    net.send(client, &aliased("", 1));
    assert_eq!(net.seen(client), ["PUBACK 1 Success"; 3]);
    net.send(client, &aliased("b", 2));
    assert_eq!(net.seen(client), ["DISCONNECT QuotaExceeded"]);
}
