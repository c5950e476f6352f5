//! A client is told that it has no session once the log knows that the one before has ended: after a crash
//! that session would go on, and send again what its client has forgotten (MQTT 5, 3.2.2.1.1).

use broker_codec::{
    Connect, ConnectProperties, Disconnect, DisconnectProperties, Packet, QoS, ReasonCode, Version,
    Will,
};
use broker_engine::Config;
use fabric::Rejection;
use uns_model::{OrgId, Reason, SessionNo};

use crate::net::{Net, Peered, at_least_once, connect};

fn lasting(id: &str) -> Connect<'_> {
    let properties =
        ConnectProperties { session_expiry_interval: Some(60), ..ConnectProperties::default() };
    Connect { clean_start: false, properties, ..connect(Version::V5, id) }
}

/// Two cores and a client with a session on the first one; the log has all of it.
fn net_with_session() -> (Net, Peered) {
    let mut net = Net::new(2, Config::default());
    net.engines.iter_mut().for_each(|engine| engine.gate().has_log = true);
    let client = net.connect(0, &lasting("c"));
    net.subscribe(client, "a", at_least_once());
    decide_all(&mut net, true);
    assert_eq!(net.seen(client), ["CONNACK Success", "SUBACK GrantedQoS1"]);
    (net, client)
}

/// The log takes, or refuses, everything on every core.
fn decide_all(net: &mut Net, taken: bool) {
    for core in 0..net.engines.len() {
        let flushed: Vec<_> = net.engines[core].gate().flushed.drain(..).collect();
        for ticket in flushed.into_iter().filter_map(|(ticket, _)| ticket) {
            let full = Rejection::new(Reason::StorageFull, "the disk is full");
            net.commit(core, ticket.0, if taken { Ok(ticket.0) } else { Err(full) });
        }
        net.engines[core].gate().notes.clear();
    }
}

fn clean() -> Connect<'static> {
    Connect { clean_start: true, ..lasting("c") }
}

/// Without a session of its own, and without a will: its CONNECT leaves no record.
fn passing() -> Connect<'static> {
    Connect { clean_start: false, ..connect(Version::V5, "c") }
}

fn leave_for_good(net: &mut Net, client: Peered) {
    let properties = DisconnectProperties {
        session_expiry_interval: Some(0),
        ..DisconnectProperties::default()
    };
    let reason = ReasonCode::NORMAL_DISCONNECTION;
    net.send(client, &Packet::Disconnect(Disconnect { reason, properties }));
}

fn expire(net: &mut Net, client: Peered) {
    net.lose(client);
    net.engines[0].expire_session(net.now, OrgId::DEFAULT, "c", SessionNo(0));
    net.settle();
}

#[test]
fn connack_follows_the_commit_of_the_end_of_the_session_before() {
    type End = fn(&mut Net, Peered);
    let ends: [(End, Connect<'_>); 4] = [
        (|_, _| {}, clean()),
        (|net, client| net.lose(client), clean()),
        (leave_for_good, passing()),
        (expire, passing()),
    ];
    for (end, connect) in ends {
        let (mut net, client) = net_with_session();
        end(&mut net, client);
        let new = net.connect(1, &connect);
        net.subscribe(new, "b", at_least_once());
        assert_eq!(net.seen(new), [""; 0], "a crash would bring the session back");
        let told = net.engines[1].gate().notes.first().cloned();
        assert_eq!(told.as_deref(), Some("session 0 Ended"), "before what its core logs of it");
        decide_all(&mut net, true);
        decide_all(&mut net, true);
        assert_eq!(net.seen(new), ["CONNACK Success", "SUBACK GrantedQoS1"]);
        net.lose(new);
        decide_all(&mut net, true);

        let clean = net.connect(0, &Connect { clean_start: true, ..passing() });
        decide_all(&mut net, true);
        assert_eq!(net.seen(clean), ["CONNACK Success"]);
        net.lose(clean);
        let next = net.connect(0, &passing());
        assert_eq!(net.seen(next), ["CONNACK Success"], "nothing is left to wait for");
    }
}

#[test]
fn what_a_client_with_another_name_is_told_waits_for_nobody() {
    let (mut net, client) = net_with_session();
    leave_for_good(&mut net, client);
    let other = net.connect(1, &lasting("d"));
    assert_eq!(net.seen(other), ["CONNACK Success"]);
}

#[test]
fn an_end_that_the_log_does_not_take_is_told_to_it_again() {
    let (mut net, client) = net_with_session();
    leave_for_good(&mut net, client);
    decide_all(&mut net, false);
    let will = Will {
        topic: "will",
        payload: b"gone",
        qos: QoS::AtMostOnce,
        retain: false,
        delay_interval: None,
        properties: Default::default(),
    };
    let watcher = net.client(0, Version::V5, "watcher");
    net.subscribe(watcher, "will", at_least_once());
    net.seen(watcher);
    for connect in [passing(), clean(), Connect { will: Some(will), ..passing() }] {
        let new = net.connect(1, &connect);
        assert_eq!(net.seen(new), [""; 0]);
        decide_all(&mut net, false);
        assert_eq!(net.seen(new), ["CONNACK QuotaExceeded"]);
        assert!(net.is_closed(new));
    }
    assert_eq!(net.seen(watcher), [""; 0], "a CONNECT that was refused leaves no will");
    assert_eq!((net.broker.clients.sessions(), net.broker.clients.count()), (0, 1));
    let new = net.connect(1, &passing());
    assert_eq!(net.engines[1].gate().notes.last().map(String::as_str), Some("session 0 Ended"));
    decide_all(&mut net, true);
    assert_eq!(net.seen(new), ["CONNACK Success"]);
}

/// Ids of clients whose sessions the log never had are not kept: while the disk is full, there could be
/// any number of them.
#[test]
fn of_a_session_that_never_was_in_the_log_no_end_is_kept() {
    let (mut net, _) = net_with_session();
    let new = net.connect(0, &lasting("d"));
    decide_all(&mut net, false);
    assert_eq!(net.seen(new), ["CONNACK Success", "DISCONNECT QuotaExceeded"]);
    decide_all(&mut net, false);
    assert_eq!(net.broker.clients.ending(OrgId::DEFAULT, "d"), None);
    let again = net.connect(0, &Connect { clean_start: true, ..connect(Version::V5, "d") });
    assert_eq!(net.seen(again), ["CONNACK Success"]);
}

#[test]
fn a_connection_that_waits_for_the_log_can_be_lost_or_taken_over() {
    for is_lost in [true, false] {
        let (mut net, client) = net_with_session();
        net.lose(client);
        let waiting = net.connect(1, &clean());
        if is_lost {
            net.lose(waiting);
        }
        let new = net.connect(0, &lasting("c"));
        decide_all(&mut net, true);
        decide_all(&mut net, true);
        if !is_lost {
            assert_eq!(net.seen(waiting), ["CONNACK ServerBusy"]);
        }
        assert_eq!(net.seen(new), ["CONNACK Success present"], "of the session that began");
        assert_eq!((net.broker.clients.sessions(), net.broker.clients.count()), (1, 1));
    }
}

/// The log did not take a session that began, and its client was gone by then. If it went on, its client
/// would be told that it subscribed, and be owed nothing.
#[test]
fn one_that_never_began_does_not_go_on() {
    for taken in [false, true] {
        let (mut net, _) = net_with_session();
        let first = net.connect(0, &lasting("d"));
        assert_eq!(net.seen(first), ["CONNACK Success"]);
        net.lose(first);
        let second = net.connect(1, &lasting("d"));
        assert_eq!(net.seen(second), [""; 0], "it waits for what becomes of that session");
        let tickets: Vec<_> = net.engines[0].gate().flushed.drain(..).filter_map(|f| f.0).collect();
        for ticket in tickets {
            let full = Rejection::new(Reason::StorageFull, "the disk is full");
            net.commit(0, ticket.0, if taken { Ok(ticket.0) } else { Err(full) });
        }
        let (says, notes) = match taken {
            true => ("CONNACK Success present", ["session 1 Resumed"]),
            false => ("CONNACK Success", ["session 2 Opened"]),
        };
        assert_eq!(net.seen(second), [says]);
        assert_eq!(std::mem::take(&mut net.engines[1].gate().notes), notes);
        assert_eq!(net.broker.clients.sessions(), 2);
    }
}
