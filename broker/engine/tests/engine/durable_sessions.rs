//! Sessions that outlive their connections: what the log is told, what the ledger's deliveries
//! become, and what a client finds when it comes back.

use std::num::NonZeroU32;
use std::time::Duration;

use broker_codec::{
    Ack, Connect, ConnectProperties, Disconnect, DisconnectProperties, Packet, PacketId,
    ReasonCode, Version,
};
use broker_engine::{Config, Due, Fed, FedPublish, Key};
use bytes::Bytes;
use fabric::Rejection;
use uns_model::{OrgId, Reason, Sequence, SessionNo, Timestamp};

use crate::net::{Net, Peered, at_least_once, connect, exactly_once, qos0, qos1, qos2};

fn net(cores: u16) -> Net {
    let mut net = Net::new(cores, Config::default());
    net.engines.iter_mut().for_each(|engine| engine.gate().has_log = true);
    net
}

fn lasting(version: Version, id: &str) -> Connect<'_> {
    let session_expiry_interval = (version == Version::V5).then_some(60);
    let properties = ConnectProperties { session_expiry_interval, ..ConnectProperties::default() };
    Connect { clean_start: false, properties, ..connect(version, id) }
}

/// Lets the log take everything on every core.
fn commit_all(net: &mut Net) {
    for core in 0..net.engines.len() {
        let tickets: Vec<_> =
            net.engines[core].gate().flushed.drain(..).filter_map(|f| f.0).collect();
        for ticket in tickets {
            net.commit(core, ticket.0, Ok(ticket.0));
        }
    }
}

fn notes(net: &mut Net, core: usize) -> Vec<String> {
    std::mem::take(&mut net.engines[core].gate().notes)
}

fn feed(net: &mut Net, client: Peered, id: u16, what: Due) {
    let packet_id = PacketId::new(id).expect("not 0");
    let fed = Fed { sequence: Sequence(100 + u64::from(id)), packet_id, what };
    let now = net.now;
    net.engines[client.core].fed(now, client.key, fed);
    net.settle();
}

fn publish(qos: u8, payload: &'static str) -> Due {
    Due::Publish(FedPublish {
        qos,
        retain: false,
        retained: false,
        dup: false,
        ids: Some([NonZeroU32::MIN].into()),
        topic: "a".into(),
        properties: Bytes::new(),
        payload: Bytes::from_static(payload.as_bytes()),
        expiry: None,
        ingest: Timestamp(0),
    })
}

fn ack(id: u16) -> Ack<'static> {
    Ack::new(PacketId::new(id).expect("not 0"))
}

#[test]
fn trap_12_subscriptions_wait_for_the_log_and_for_their_client() {
    for version in [Version::V311, Version::V5] {
        let mut net = net(2);
        let client = net.connect(0, &lasting(version, "c"));
        assert_eq!(net.seen(client), ["CONNACK Success"]);
        net.subscribe(client, "a/+", at_least_once());
        assert_eq!(net.seen(client), [""; 0], "SUBACK follows the commit");
        commit_all(&mut net);
        assert_eq!(net.seen(client), ["SUBACK GrantedQoS1"]);
        let began = ["session 0 Opened", "session 0 Subscribed", "session 0 Walked"];
        assert_eq!(notes(&mut net, 0), began);
        let key = client.key;
        let attached = std::mem::take(&mut net.engines[0].effects().attached);
        assert_eq!(
            attached.iter().map(|a| (a.key, a.session)).collect::<Vec<_>>(),
            [(key, SessionNo(0))]
        );
        net.lose(client);
        assert_eq!(notes(&mut net, 0), ["session 0 Left"]);
        assert_eq!(
            net.engines[0].effects().detached.drain(..).collect::<Vec<_>>(),
            [(SessionNo(0), key)]
        );
        assert_eq!((net.broker.clients.count(), net.broker.clients.sessions()), (0, 1));

        let other = net.client(1, Version::V5, "p");
        net.send(other, &qos1("a/x", "1", 1));
        net.send(other, &qos0("a/x", "0"));
        assert_eq!(notes(&mut net, 1), ["a/x q1", "audience 0q1", "owed 2 back"]);
        assert_eq!(net.seen(other), [""; 0], "it is owed, so it is acknowledged when it is stored");
        commit_all(&mut net);
        assert_eq!(net.seen(other), ["PUBACK 1 Success"]);

        let again = net.connect(1, &lasting(version, "c"));
        assert_eq!(net.seen(again), ["CONNACK Success present"]);
        assert_eq!(notes(&mut net, 1), ["session 0 Resumed"]);
        net.send(other, &qos0("a/x", "live"));
        net.send(other, &qos1("a/x", "2", 2));
        assert_eq!(net.seen(again), ["a/x live q0"], "QoS 1 comes from the ledger");
        commit_all(&mut net);
        feed(&mut net, again, 7, publish(1, "2"));
        assert_eq!(net.seen(again), ["a 2 q1"]);
        notes(&mut net, 1);
        net.send(again, &Packet::Puback(ack(7)));
        assert_eq!(notes(&mut net, 1), ["session 0 Settled"]);
    }
}

#[test]
fn trap_11_unsubscribing_in_a_resumed_session_stops_delivery() {
    let mut net = net(1);
    let client = net.connect(0, &lasting(Version::V5, "c"));
    net.subscribe(client, "a", at_least_once());
    net.lose(client);
    let client = net.connect(0, &lasting(Version::V5, "c"));
    commit_all(&mut net);
    net.seen(client);
    net.unsubscribe(client, "a");
    commit_all(&mut net);
    assert_eq!(net.seen(client), ["UNSUBACK"]);
    notes(&mut net, 0);
    let other = net.client(0, Version::V5, "p");
    net.send(other, &qos1("a", "x", 1));
    assert_eq!(notes(&mut net, 0), [""; 0]);
    assert_eq!(net.seen(client), [""; 0]);
}

#[test]
fn trap_08_a_received_publish_survives_its_connection() {
    let mut net = net(2);
    let client = net.connect(0, &lasting(Version::V311, "c"));
    net.send(client, &qos2("a", "x", 5));
    assert_eq!(notes(&mut net, 0), ["session 0 Opened", "session 0 Took"]);
    net.lose(client);
    commit_all(&mut net);
    let client = net.connect(1, &lasting(Version::V311, "c"));
    net.seen(client);
    notes(&mut net, 1);
    net.send(client, &qos2("a", "x", 5));
    assert_eq!(net.seen(client), ["PUBREC 5 Success"], "it is taken already");
    net.send(client, &Packet::Pubrel(ack(5)));
    assert_eq!(notes(&mut net, 1), ["session 0 Forgot"]);
    assert_eq!(net.seen(client), [""; 0], "PUBCOMP follows the commit of the release");
    commit_all(&mut net);
    assert_eq!(net.seen(client), ["PUBCOMP 5 Success"]);
}

#[test]
fn a_delivery_of_qos_2_is_released_after_its_commit() {
    let mut net = net(1);
    let client = net.connect(0, &lasting(Version::V5, "c"));
    net.subscribe(client, "a", exactly_once());
    commit_all(&mut net);
    net.seen(client);
    feed(&mut net, client, 9, publish(2, "x"));
    assert_eq!(net.seen(client), ["a x q2"]);
    notes(&mut net, 0);
    net.send(client, &Packet::Pubrec(ack(9)));
    net.send(client, &Packet::Pubrec(ack(9)));
    assert_eq!(notes(&mut net, 0), ["session 0 Released"]);
    assert_eq!(net.seen(client), [""; 0], "PUBREL follows the commit");
    commit_all(&mut net);
    assert_eq!(net.seen(client), ["PUBREL 9 Success"]);
    net.send(client, &Packet::Pubcomp(ack(9)));
    assert_eq!(notes(&mut net, 0), ["session 0 Settled"]);
    feed(&mut net, client, 10, Due::Release);
    assert_eq!(net.seen(client), ["PUBREL 10 Success"]);
}

#[test]
fn trap_13_a_session_ends_when_it_was_told_to() {
    let mut net = net(1);
    let client = net.connect(0, &lasting(Version::V5, "c"));
    net.subscribe(client, "a", at_least_once());
    commit_all(&mut net);
    let properties = DisconnectProperties {
        session_expiry_interval: Some(0),
        ..DisconnectProperties::default()
    };
    let reason = ReasonCode::NORMAL_DISCONNECTION;
    net.send(client, &Packet::Disconnect(Disconnect { reason, properties }));
    assert_eq!(notes(&mut net, 0).last().map(String::as_str), Some("session 0 Ended"));
    assert_eq!((net.broker.clients.sessions(), net.broker.subscriptions.count()), (0, 0));

    let client = net.connect(0, &lasting(Version::V5, "c"));
    commit_all(&mut net);
    net.subscribe(client, "a", at_least_once());
    net.lose(client);
    net.engines[0].expire_session(net.now, OrgId::DEFAULT, "c", SessionNo(1));
    assert_eq!((net.broker.clients.sessions(), net.broker.subscriptions.count()), (0, 0));
    let client = net.connect(0, &lasting(Version::V5, "c"));
    commit_all(&mut net);
    assert_eq!(net.seen(client), ["CONNACK Success"], "there is no session any more");
    net.engines[0].expire_session(net.now, OrgId::DEFAULT, "c", SessionNo(2));
    assert_eq!(net.broker.clients.sessions(), 1, "its client is connected");
}

#[test]
fn a_clean_start_forgets_everything() {
    let mut net = net(2);
    let client = net.connect(0, &lasting(Version::V5, "c"));
    net.subscribe(client, "a", at_least_once());
    commit_all(&mut net);
    let new = net.connect(1, &Connect { clean_start: true, ..lasting(Version::V5, "c") });
    assert_eq!(net.seen(client).last().map(String::as_str), Some("DISCONNECT SessionTakenOver"));
    assert_eq!(notes(&mut net, 1), ["session 0 Ended", "session 1 Opened"]);
    commit_all(&mut net);
    assert_eq!(net.seen(new), ["CONNACK Success"]);
    assert_eq!(net.broker.subscriptions.count(), 0);
}

#[test]
fn what_the_log_does_not_take_is_not_granted() {
    let mut net = net(1);
    let client = net.connect(0, &lasting(Version::V5, "c"));
    commit_all(&mut net);
    net.seen(client);
    net.subscribe(client, "a", at_least_once());
    let full = || Rejection::new(Reason::StorageFull, "disk full");
    let ticket =
        net.engines[0].gate().flushed.drain(..).filter_map(|f| f.0).next_back().expect("one");
    net.commit(0, ticket.0, Err(full()));
    assert_eq!(net.seen(client), ["SUBACK QuotaExceeded"]);
    assert_eq!(net.broker.subscriptions.count(), 0);

    let new = net.connect(0, &lasting(Version::V5, "d"));
    assert_eq!(net.seen(new), ["CONNACK Success"]);
    let ticket =
        net.engines[0].gate().flushed.drain(..).filter_map(|f| f.0).next_back().expect("one");
    net.commit(0, ticket.0, Err(full()));
    assert_eq!(net.seen(new), ["DISCONNECT QuotaExceeded"], "its session never began");
    assert_eq!(net.broker.clients.sessions(), 1);
}

#[test]
fn too_many_sessions_are_refused() {
    let mut net = Net::new(1, Config { sessions_max: 1, ..Config::default() });
    net.engines[0].gate().has_log = true;
    let first = net.connect(0, &lasting(Version::V5, "a"));
    assert_eq!(net.seen(first), ["CONNACK Success"]);
    let second = net.connect(0, &lasting(Version::V5, "b"));
    assert_eq!(net.seen(second), ["CONNACK QuotaExceeded"]);
    let third = net.client(0, Version::V5, "c");
    commit_all(&mut net);
    net.lose(first);
    let again = net.connect(0, &lasting(Version::V5, "a"));
    assert_eq!(net.seen(again), ["CONNACK Success present"]);
    assert!(!net.is_closed(third));
}

#[test]
fn deliveries_for_a_slot_that_was_reused_hit_nobody() {
    let mut net = net(1);
    let client = net.connect(0, &lasting(Version::V5, "c"));
    net.lose(client);
    let other = net.connect(0, &lasting(Version::V5, "d"));
    net.seen(other);
    assert_eq!(client.key.slot, other.key.slot);
    feed(&mut net, client, 3, publish(1, "x"));
    assert_eq!(net.seen(other), [""; 0]);
    feed(
        &mut net,
        Peered { key: Key { generation: 99, ..other.key }, ..other },
        3,
        publish(1, "x"),
    );
    assert_eq!(net.seen(other), [""; 0]);
    net.advance(Duration::from_millis(250));
}

#[test]
fn r16_whoever_claims_last_waits_for_all_before() {
    let mut net = net(3);
    let first = net.connect(0, &lasting(Version::V5, "c"));
    net.subscribe(first, "a", at_least_once());
    commit_all(&mut net);
    net.seen(first);
    // Nothing is handed over between these three: each finds the one before still claiming.
    let second = net.connect_only(1, &lasting(Version::V5, "c"));
    let third = net.connect_only(1, &lasting(Version::V5, "c"));
    let fourth = net.connect_only(2, &lasting(Version::V5, "c"));
    let lost = net.connect_only(1, &lasting(Version::V5, "c"));
    net.lose(lost);
    net.settle();
    assert_eq!(net.seen(first), ["DISCONNECT SessionTakenOver"]);
    for claimed in [second, third, fourth] {
        assert_eq!(net.seen(claimed), ["CONNACK ServerBusy"]);
    }
    assert_eq!(net.broker.clients.count(), 0, "the last one gave up");
    let last = net.connect(0, &lasting(Version::V5, "c"));
    assert_eq!(net.seen(last), ["CONNACK Success present"]);
    assert_eq!(net.broker.subscriptions.count(), 1);
}

#[test]
fn trap_08_a_publish_and_its_identifier_are_committed_together() {
    let mut net = net(1);
    let client = net.connect(0, &lasting(Version::V5, "c"));
    commit_all(&mut net);
    let large = "x".repeat(300 << 10);
    net.send(client, &qos2("log/a", &large, 1));
    let sizes: Vec<_> = net.engines[0].gate().flushed.iter().map(|(_, records)| *records).collect();
    assert_eq!(sizes, [2], "after a crash between the two it would be taken again");
}

#[test]
fn a_log_that_is_behind_pauses_whoever_subscribes_durably() {
    let mut net = Net::new(1, Config { uncommitted_bytes_max: 1000, ..Config::default() });
    net.engines[0].gate().has_log = true;
    let client = net.connect(0, &lasting(Version::V5, "c"));
    net.seen(client);
    for n in 0..100 {
        net.subscribe(client, &format!("a/{n}"), at_least_once());
    }
    assert!(net.is_waiting(client), "nothing is committed, so nothing more is taken");
    for _ in 0..200 {
        commit_all(&mut net);
    }
    assert_eq!(net.seen(client), ["SUBACK GrantedQoS1"; 100]);
}

/// What is owed or retained goes to the log, whether its topic has a node or not.
#[test]
fn a_log_that_is_behind_pauses_whoever_publishes_to_durable_sessions() {
    for retain in [false, true] {
        let mut net = Net::new(1, Config { uncommitted_bytes_max: 1000, ..Config::default() });
        net.engines[0].gate().has_log = true;
        let client = net.connect(0, &lasting(Version::V5, "c"));
        net.subscribe(client, "plain/+", at_least_once());
        commit_all(&mut net);
        net.seen(client);
        let sender = net.client(0, Version::V5, "s");
        for id in 1..=100 {
            match qos1(if retain { "other" } else { "plain/x" }, "x", id) {
                Packet::Publish(publish) => {
                    net.send(sender, &Packet::Publish(broker_codec::Publish { retain, ..publish }))
                }
                other => unreachable!("{other:?}"),
            }
        }
        assert!(net.is_waiting(sender), "nothing is committed, so nothing more is taken");
        for _ in 0..200 {
            commit_all(&mut net);
        }
        assert_eq!(net.seen(sender).len(), 100);
    }
}

/// A publish that the log refused is a new one when it is sent again, also if its client was gone by
/// then.
#[test]
fn trap_08_a_publish_the_log_refused_is_taken_when_it_is_sent_again() {
    let mut net = net(1);
    let client = net.connect(0, &lasting(Version::V5, "c"));
    commit_all(&mut net);
    net.send(client, &qos2("log/x", "first", 7));
    net.lose(client);
    let flushed: Vec<_> = net.engines[0].gate().flushed.drain(..).filter_map(|f| f.0).collect();
    for ticket in flushed {
        let full = Rejection::new(Reason::StorageFull, "disk full");
        net.commit(0, ticket.0, Err(full));
    }
    let again = net.connect(0, &lasting(Version::V5, "c"));
    net.seen(again);
    net.send(again, &qos2("log/x", "first", 7));
    assert_eq!(net.seen(again), [""; 0], "it is not answered before it is stored");
    commit_all(&mut net);
    assert_eq!(net.seen(again), ["PUBREC 7 Success"]);
}

/// Whoever takes the client id next may be faster to the log.
#[test]
fn what_a_connection_with_a_will_did_is_with_the_log_before_its_client_id_is_free() {
    let mut net = net(2);
    let will = broker_codec::Will {
        topic: "gone",
        payload: b"bye",
        qos: broker_codec::QoS::AtLeastOnce,
        retain: false,
        delay_interval: None,
        properties: broker_codec::PublishProperties::default(),
    };
    let connect = Connect { will: Some(will), ..connect(Version::V5, "c") };
    let client = net.connect(0, &connect);
    commit_all(&mut net);
    let now = net.now;
    net.engines[0].closed(now, client.key);
    assert_eq!(net.broker.clients.count(), 0);
    assert_eq!(net.engines[0].gate().flushed.len(), 1);
}

/// What a client acknowledged while the log took nothing is not settled: the ledger would count it as
/// under way for ever. So the log is told again once it takes something.
#[test]
fn trap_35_what_was_acknowledged_while_the_log_took_nothing_is_told_again() {
    let mut net = net(1);
    let [hasty, idle] = ["c", "d"].map(|id| net.connect(0, &lasting(Version::V5, id)));
    let sender = net.client(0, Version::V5, "s");
    commit_all(&mut net);
    for client in [hasty, idle] {
        net.seen(client);
        feed(&mut net, client, 7, publish(1, "x"));
        feed(&mut net, client, 8, publish(2, "y"));
        assert_eq!(net.seen(client), ["a x q1", "a y q2"]);
    }
    net.engines[0].gate().broken = true;
    net.send(hasty, &Packet::Puback(ack(7)));
    net.send(hasty, &Packet::Pubrec(ack(8)));
    net.engines[0].gate().broken = false;
    notes(&mut net, 0);
    net.send(sender, &qos1("log/x", "x", 1));
    commit_all(&mut net);
    net.advance(Duration::from_millis(250));
    commit_all(&mut net);
    let mut again = notes(&mut net, 0);
    again.retain(|note| note.starts_with("session"));
    assert_eq!(again, ["session 0 Settled", "session 0 Released"]);
    assert_eq!(net.seen(hasty), ["PUBREL 8 Success"], "it goes on");
    assert_eq!(net.seen(idle), [""; 0]);
    // One whose acknowledgement the log has stays.
    net.send(idle, &Packet::Puback(ack(7)));
    net.advance(Duration::from_secs(1));
    net.send(sender, &qos1("log/x", "x", 2));
    commit_all(&mut net);
    net.engines[0].gate().broken = true;
    net.send(sender, &qos1("log/x", "x", 3));
    net.engines[0].gate().broken = false;
    net.send(sender, &qos1("log/x", "x", 4));
    commit_all(&mut net);
    net.advance(Duration::from_millis(250));
    assert_eq!(net.seen(idle), [""; 0]);
}

/// On a full disk the log drops what nobody follows, so somebody does now and then.
#[test]
fn acknowledgements_are_followed_once_a_second() {
    let mut net = net(1);
    let client = net.connect(0, &lasting(Version::V5, "c"));
    commit_all(&mut net);
    let mut followed = Vec::new();
    for id in 1..=8 {
        feed(&mut net, client, id, publish(1, "x"));
        net.send(client, &Packet::Puback(ack(id)));
        followed.extend(net.engines[0].gate().flushed.drain(..).map(|f| f.0.is_some()));
        net.advance(Duration::from_millis(500));
    }
    assert_eq!(followed, [false, false, true, false, true, false, true, false]);
}
