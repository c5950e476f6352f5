//! Retained messages are a fold over the log: a publish changes them at its commit, and who subscribes
//! waits for what was published before.

use std::time::Duration;

use broker_codec::{Packet, Publish, Version};
use broker_engine::{Config, Durability, InProcess, Offer, Retained, Signal, Together};
use fabric::Rejection;
use uns_model::{Kept, OrgId, Reason, Sequence};

use crate::net::{Net, Peered, at_least_once, qos0, qos1};

fn net(cores: u16) -> Net {
    let mut net = Net::new(cores, Config::default());
    net.engines.iter_mut().for_each(|engine| engine.gate().has_log = true);
    net
}

fn retained<'a>(packet: &Packet<'a>) -> Packet<'a> {
    let Packet::Publish(publish) = packet else { unreachable!("it is a publish") };
    Packet::Publish(Publish { retain: true, ..*publish })
}

/// Decides about every ticket of a core.
fn decide(net: &mut Net, core: usize, outcome: &Result<u64, Rejection>) {
    let flushed: Vec<_> = net.engines[core].gate().flushed.drain(..).filter_map(|f| f.0).collect();
    flushed.iter().for_each(|ticket| net.commit(core, ticket.0, outcome.clone()));
}

fn fold(net: &mut Net, payload: &[u8], sequence: u64) {
    let kept = Kept::new(0, None, b"", payload);
    let (topic, org) = ("log/a".into(), OrgId::DEFAULT);
    net.broker.retained.set(org, Retained { topic, expires: None, kept });
    net.broker.retained.applied(Sequence(sequence));
    let now = net.now;
    net.engines.iter_mut().for_each(|engine| engine.signal(now, Signal::Folded));
    net.settle();
}

fn subscriber(net: &mut Net) -> Peered {
    let client = net.client(1, Version::V5, "s");
    net.subscribe(client, "#", at_least_once());
    assert_eq!(net.seen(client), ["SUBACK GrantedQoS1"], "which waits for nothing");
    client
}

#[test]
fn a_publish_is_retained_by_whoever_folds_the_log() {
    for packet in [qos0("log/a", "x"), qos1("log/a", "x", 1), qos0("plain", "x")] {
        let mut net = net(1);
        let client = net.client(0, Version::V5, "c");
        net.send(client, &retained(&packet));
        decide(&mut net, 0, &Ok(1));
        assert_eq!(net.broker.retained.size().0, 0, "{packet:?}");
    }
}

#[test]
fn whoever_subscribes_waits_for_the_commit_and_the_fold_of_what_was_before() {
    let mut net = net(2);
    let publisher = net.client(0, Version::V5, "p");
    net.send(publisher, &retained(&qos0("log/a", "before")));
    let client = subscriber(&mut net);
    fold(&mut net, b"old", 4);
    assert_eq!(net.seen(client), [""; 0], "the log has not decided");
    net.engines[1].gate().committed = Sequence(5);
    decide(&mut net, 1, &Ok(5));
    assert_eq!(net.seen(client), [""; 0], "it is committed, and not in the store");
    fold(&mut net, b"before", 5);
    assert_eq!(net.seen(client), ["log/a before q0 retained"]);
}

#[test]
fn many_who_wait_for_the_fold_are_looked_at_again_until_it_is_there() {
    let mut net = net(2);
    let clients = ["a", "b", "c"].map(|id| net.client(1, Version::V5, id));
    for client in clients {
        net.subscribe(client, "#", at_least_once());
        net.subscribe(client, "log/+", at_least_once());
        net.seen(client);
    }
    net.engines[1].gate().committed = Sequence(5);
    decide(&mut net, 1, &Ok(5));
    for before in 3..5 {
        fold(&mut net, b"old", before);
    }
    assert!(clients.iter().all(|client| net.seen(*client).is_empty()));
    fold(&mut net, b"new", 5);
    for client in clients {
        assert_eq!(net.seen(client), ["log/a new q0 retained"; 2]);
    }
}

/// A full disk decides at once, so what is retained is served as it was.
#[test]
fn whoever_subscribes_on_a_full_disk_gets_what_was_retained_before() {
    for at_once in [false, true] {
        let mut net = net(2);
        fold(&mut net, b"old", 4);
        net.engines[1].gate().committed = Sequence(4);
        net.engines[1].gate().broken = at_once;
        let client = net.client(1, Version::V5, "s");
        net.subscribe(client, "#", at_least_once());
        decide(&mut net, 1, &Err(Rejection::new(Reason::StorageFull, "no")));
        assert_eq!(net.seen(client), ["SUBACK GrantedQoS1", "log/a old q0 retained"]);
    }
}

#[test]
fn whoever_subscribes_to_a_hub_whose_log_is_stuck_waits_no_longer_than_ten_seconds() {
    let mut net = net(2);
    fold(&mut net, b"old", 4);
    let client = subscriber(&mut net);
    net.advance(Duration::from_secs(9));
    assert_eq!(net.seen(client), [""; 0]);
    net.advance(Duration::from_secs(1));
    assert_eq!(net.seen(client), ["log/a old q0 retained"]);
}

/// The log takes what it was handed, it is folded, and the core asks about the rest until there is
/// none; a clearing publish then passes.
fn whoever_retains_goes_on(net: &mut Net) {
    let client = net.client(0, Version::V5, "after");
    net.send(client, &retained(&qos0("log/a", "")));
    assert!(net.is_waiting(client), "there is more than may be under way");
    net.engines[0].gate().committed = Sequence(5);
    decide(net, 0, &Ok(5));
    fold(net, b"x", 5);
    decide(net, 0, &Ok(5));
    assert!(!net.is_waiting(client), "all of it is in the store");
    net.send(client, &retained(&qos1("log/a", "next", 1)));
    decide(net, 0, &Ok(6));
    assert_eq!(net.seen(client), ["PUBACK 1 Success"]);
}

#[test]
fn a_retained_message_of_four_megabytes_stops_nobody_for_ever() {
    let mut net = net(1);
    let client = net.client(0, Version::V5, "c");
    for size in [(1 << 20) + 1, (4 << 20) - 100] {
        net.send(client, &retained(&qos0("log/a", &"x".repeat(size))));
        assert!(!net.is_waiting(client));
    }
    whoever_retains_goes_on(&mut net);
}

#[test]
fn a_log_that_is_stuck_for_a_minute_has_no_more_under_way_than_before() {
    let mut net = net(1);
    let client = net.client(0, Version::V5, "c");
    let large = "x".repeat((1 << 20) + 1);
    for id in 1..=2 {
        net.send(client, &retained(&qos1("log/a", &large, id)));
        assert!(!net.is_waiting(client));
    }
    for _ in 0..3 {
        net.send(client, &retained(&qos1("log/a", &large, 3)));
        net.advance(Duration::from_secs(20));
        assert!(net.is_waiting(client), "what is under way is not folded by waiting");
    }
    for sequence in [5, 6, 7] {
        net.engines[0].gate().committed = Sequence(sequence);
        decide(&mut net, 0, &Ok(sequence));
        fold(&mut net, b"x", sequence);
    }
    assert!(!net.is_waiting(client));
}

#[test]
fn an_array_of_four_megabytes_of_retained_messages_stops_nobody_for_ever() {
    let mut net = net(1);
    let item = |n| InProcess {
        topic: format!("log/{n}"),
        payload: vec![b'x'; 1 << 20].into(),
        retain: true,
        ..InProcess::default()
    };
    let (org, client_id) = (OrgId::DEFAULT, "hub".into());
    let items = (0..4).map(item).collect();
    let mut offer = Offer::new(Together { org, client_id, items, ..Together::default() });
    let now = net.now;
    assert!(net.engines[0].publish_together(now, 1, &mut offer));
    net.settle();
    whoever_retains_goes_on(&mut net);
}

#[test]
fn what_takes_memory_for_good_waits_for_the_fold_and_what_does_not_goes_on() {
    let mut net = net(1);
    let grows = "grow".repeat(300_000);
    let [client, other] = ["c", "other"].map(|id| net.client(0, Version::V5, id));
    for _ in 0..2 {
        net.send(client, &qos0("log/a", &grows));
        assert!(!net.is_waiting(client));
    }
    net.send(client, &qos0("log/a", &grows));
    assert!(net.is_waiting(client), "2.4 MB are under way");
    net.send(other, &qos1("log/b", "1", 1));
    net.engines[0].gate().committed = Sequence(5);
    decide(&mut net, 0, &Ok(5));
    assert_eq!(net.seen(other), ["PUBACK 1 Success"]);
    assert!(net.is_waiting(client), "it is committed, and not folded");
    fold(&mut net, b"x", 5);
    decide(&mut net, 0, &Ok(5));
    assert!(!net.is_waiting(client));
}

/// What waits for nothing of its own tells nothing of the disk.
#[test]
fn a_subscription_does_not_hide_that_commits_fail() {
    let mut net = net(2);
    net.peer.durability = Durability::Interval;
    let client = net.client(1, Version::V5, "c");
    net.send(client, &qos1("log/a", "1", 1));
    decide(&mut net, 1, &Err(Rejection::new(Reason::StorageFull, "no")));
    net.subscribe(client, "other", at_least_once());
    decide(&mut net, 1, &Ok(9));
    net.seen(client);
    net.send(client, &qos1("log/a", "2", 2));
    assert_eq!(net.seen(client), [""; 0], "the last commit failed");
}
