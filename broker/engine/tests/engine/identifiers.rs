//! Packet identifiers of QoS 2 publishes: one that is free is never mistaken for one in use, however
//! its client, the log and the process came to free it (TRAP-07, TRAP-08).

use std::num::NonZeroU16;

use broker_codec::{Ack, Connect, ConnectProperties, Frame, Packet, PacketId, Version, frame};
use broker_engine::{Config, Durability, Retained};
use fabric::Rejection;
use uns_model::{Kept, OrgId, Reason};

use crate::net::{Net, Peered, connect, exactly_once, qos1, qos2};

fn ack(id: u16) -> Ack<'static> {
    Ack::new(PacketId::new(id).expect("not 0"))
}

fn pubrel(id: u16) -> Packet<'static> {
    Packet::Pubrel(ack(id))
}

fn full() -> Rejection {
    Rejection::new(Reason::StorageFull, "disk full")
}

fn net(cores: u16, config: Config) -> Net {
    let mut net = Net::new(cores, config);
    net.engines.iter_mut().for_each(|engine| engine.gate().has_log = true);
    net
}

fn lasting(version: Version) -> Connect<'static> {
    let session_expiry_interval = (version == Version::V5).then_some(60);
    let properties = ConnectProperties { session_expiry_interval, ..ConnectProperties::default() };
    Connect { clean_start: false, properties, ..connect(version, "c") }
}

/// What the log has not decided about on a core.
fn open_tickets(net: &mut Net, core: usize) -> Vec<u64> {
    net.engines[core].gate().flushed.drain(..).filter_map(|f| f.0).map(|ticket| ticket.0).collect()
}

fn decide(net: &mut Net, core: usize, full: Option<fn() -> Rejection>) {
    for ticket in open_tickets(net, core) {
        net.commit(core, ticket, full.map_or(Ok(ticket), |full| Err(full())));
    }
}

fn commit(net: &mut Net, core: usize) {
    decide(net, core, None);
}

fn stored(net: &mut Net, core: usize) -> Vec<String> {
    let stored = std::mem::take(&mut net.engines[core].gate().stored);
    stored.iter().map(|payload| String::from_utf8_lossy(payload).into_owned()).collect()
}

#[test]
fn a_pubrel_that_comes_again_leaves_its_identifier_free() {
    for (version, lasts) in
        [(Version::V311, false), (Version::V311, true), (Version::V5, false), (Version::V5, true)]
    {
        let mut net = net(1, Config::default());
        let watcher = net.client(0, Version::V5, "w");
        net.subscribe(watcher, "#", exactly_once());
        let asked = if lasts { lasting(version) } else { connect(version, "c") };
        let client = net.connect(0, &asked);
        for (number, id) in [("1", 1), ("2", 1), ("3", 2), ("4", 1)] {
            net.send(client, &qos2("log/a", number, id));
            commit(&mut net, 0);
            // Its client did not see PUBCOMP, and says so.
            for _ in 0..2 {
                net.send(client, &pubrel(id));
                commit(&mut net, 0);
            }
        }
        net.seen(client);
        assert_eq!(stored(&mut net, 0), ["1", "2", "3", "4"], "{version:?}, lasting: {lasts}");
        let seen = net.seen(watcher);
        let seen: Vec<_> = seen.iter().filter(|word| word.starts_with("log/a")).collect();
        assert_eq!(seen, ["log/a 1 q2", "log/a 2 q2", "log/a 3 q2", "log/a 4 q2"]);
    }
}

#[test]
fn any_number_of_unknown_pubrels_leaves_the_receive_maximum_as_it_is() {
    for asked in [connect(Version::V5, "c"), lasting(Version::V5)] {
        let mut net = net(1, Config::default());
        let client = net.connect(0, &asked);
        for id in 1..=8_192 {
            net.send_only(client, &pubrel(id));
        }
        net.settle();
        commit(&mut net, 0);
        assert_eq!(net.seen(client).len(), 1 + 8_192);
        net.send(client, &qos2("log/a", "x", 1));
        commit(&mut net, 0);
        assert_eq!(net.seen(client), ["PUBREC 1 Success"]);
        assert_eq!(stored(&mut net, 0), ["x"]);
    }
}

/// A crash before the log has the release would bring the identifier back as one in use.
#[test]
fn trap_08_pubcomp_for_an_unknown_identifier_follows_the_commit_of_its_release() {
    for (version, expected) in
        [(Version::V5, "PUBCOMP 9 PacketIdentifierNotFound"), (Version::V311, "PUBCOMP 9 Success")]
    {
        let mut net = net(1, Config::default());
        let client = net.connect(0, &lasting(version));
        commit(&mut net, 0);
        net.seen(client);
        net.send(client, &pubrel(9));
        assert_eq!(net.seen(client), [""; 0]);
        commit(&mut net, 0);
        assert_eq!(net.seen(client), [expected]);
        net.send(client, &pubrel(9));
        decide(&mut net, 0, Some(full));
        net.advance(std::time::Duration::from_millis(250));
        assert!(net.is_closed(client), "the log may still have it");
    }
}

/// The weaker settings weaken what PUBACK and PUBREC say, not what a crash makes of later messages.
#[test]
fn pubcomp_of_a_durable_session_follows_the_commit_with_every_setting() {
    for durability in [Durability::Interval, Durability::Memory] {
        let mut net = net(1, Config::default());
        net.peer.durability = durability;
        let client = net.connect(0, &lasting(Version::V5));
        commit(&mut net, 0);
        net.send(client, &qos2("log/a", "x", 1));
        commit(&mut net, 0);
        net.seen(client);
        net.send(client, &pubrel(1));
        assert_eq!(net.seen(client), [""; 0], "{durability:?}");
        commit(&mut net, 0);
        assert_eq!(net.seen(client), ["PUBCOMP 1 Success"], "{durability:?}");
    }
}

#[test]
fn memory_frees_an_identifier_on_a_full_disk_and_tells_the_log_when_it_works_again() {
    let mut net = net(1, Config::default());
    net.peer.durability = Durability::Memory;
    let client = net.connect(0, &lasting(Version::V5));
    net.send(client, &qos2("log/a", "x", 1));
    net.send(client, &qos2("log/a", "y", 2));
    commit(&mut net, 0);
    net.seen(client);
    for id in [1, 2] {
        net.send(client, &pubrel(id));
    }
    decide(&mut net, 0, Some(full));
    assert_eq!(net.seen(client), ["PUBCOMP 1 Success", "PUBCOMP 2 Success"]);
    net.send(client, &qos2("log/a", "again", 2));
    net.engines[0].gate().notes.clear();
    commit(&mut net, 0);
    let notes = std::mem::take(&mut net.engines[0].gate().notes);
    assert_eq!(notes, ["session 0 Forgot"], "of 1; what is in use again is in use");
}

/// What repeats a publish is no more taken than that one is.
#[test]
fn a_repetition_is_refused_with_the_publish_it_repeats() {
    let mut net = net(1, Config::default());
    let client = net.connect(0, &lasting(Version::V5));
    commit(&mut net, 0);
    net.seen(client);
    net.send(client, &qos2("log/a", "x", 1));
    let first = open_tickets(&mut net, 0);
    net.send(client, &qos1("log/a", "other", 7));
    net.send(client, &qos2("log/a", "x", 1));
    let second = open_tickets(&mut net, 0);
    first.iter().for_each(|ticket| net.commit(0, *ticket, Err(full())));
    second.iter().for_each(|ticket| net.commit(0, *ticket, Ok(*ticket)));
    commit(&mut net, 0);
    let expected = ["PUBREC 1 QuotaExceeded", "PUBACK 7 Success", "PUBREC 1 QuotaExceeded"];
    let mut seen = net.seen(client);
    seen.sort();
    let mut sorted = expected.map(str::to_owned);
    sorted.sort();
    assert_eq!(seen, sorted);
    net.send(client, &qos2("log/a", "x", 1));
    commit(&mut net, 0);
    assert_eq!(net.seen(client), ["PUBREC 1 Success"]);
}

/// Nor is it refused for what happened to others meanwhile: its client would take the identifier for
/// free, and the next message for which it is used would be lost.
#[test]
fn a_repetition_of_what_is_stored_is_not_refused_with_others() {
    let mut net = net(1, Config::default());
    let client = net.connect(0, &lasting(Version::V5));
    net.send(client, &qos2("log/a", "x", 1));
    commit(&mut net, 0);
    net.seen(client);
    net.send_only(client, &qos1("log/a", "other", 7));
    net.send(client, &qos2("log/a", "x", 1));
    decide(&mut net, 0, Some(full));
    assert_eq!(net.seen(client), ["PUBACK 7 QuotaExceeded", "PUBREC 1 Success"]);
}

/// What a client got to do with QoS 2: PUBLISH and PUBREL, each with its identifier.
fn heard(net: &mut Net, client: Peered) -> Vec<(&'static str, u16)> {
    let (bytes, mut at, mut heard) = (net.heard(client), 0, Vec::new());
    while let Frame::Packet(framed) = frame(&bytes[at..], usize::MAX).expect("frames") {
        match framed.decode(Version::V5, &bytes[at..]).expect("a packet") {
            Packet::Publish(publish) => {
                heard.push(("PUBLISH", publish.packet_id.expect("not QoS 0").get()));
            }
            Packet::Pubrel(ack) => heard.push(("PUBREL", ack.packet_id.get())),
            _ => {}
        }
        at += framed.total_len;
    }
    heard
}

/// A client that said PUBREC and did not hear PUBREL holds the identifier: another message under it
/// would pass for the same one, and be lost.
#[test]
fn trap_08_a_retained_message_that_is_not_released_keeps_its_identifier_over_connections() {
    let mut net = net(1, Config::default());
    for topic in ["r/a", "r/b"] {
        let kept = Kept::new(2, None, b"", b"x");
        let retained = Retained { topic: topic.into(), expires: None, kept };
        net.broker.retained.set(OrgId::DEFAULT, retained);
    }
    let mut asked = lasting(Version::V5);
    asked.properties.receive_maximum = NonZeroU16::new(1);
    let mut held = Vec::new();
    for connection in 0..20 {
        let client = net.connect(0, &asked);
        commit(&mut net, 0);
        if connection == 0 {
            net.subscribe(client, "r/#", exactly_once());
            commit(&mut net, 0);
        }
        let got = heard(&mut net, client);
        let released: Vec<u16> = held.iter().copied().step_by(2).collect();
        let (again, new) = got.split_at(released.len());
        let pubrels: Vec<_> = released.into_iter().map(|id| ("PUBREL", id)).collect();
        assert_eq!(again, pubrels, "said again, in the order of the connections");
        let [("PUBLISH", id)] = new else { panic!("{new:?} is not one PUBLISH") };
        assert!(!held.contains(id), "its client holds {id}");
        held.push(*id);
        // Of every second one PUBREC arrives; no answer to it does.
        if connection % 2 == 0 {
            net.send(client, &Packet::Pubrec(ack(*id)));
        }
        net.lose(client);
        commit(&mut net, 0);
    }
    let client = net.connect(0, &asked);
    commit(&mut net, 0);
    heard(&mut net, client);
    // PUBREC that comes late is answered, and PUBCOMP frees.
    net.send(client, &Packet::Pubrec(ack(held[1])));
    assert_eq!(heard(&mut net, client), [("PUBREL", held[1])]);
    for id in &held {
        net.send(client, &Packet::Pubcomp(ack(*id)));
    }
    net.lose(client);
    commit(&mut net, 0);
    let client = net.connect(0, &asked);
    commit(&mut net, 0);
    let pubrels = heard(&mut net, client).into_iter().filter(|(kind, _)| *kind == "PUBREL").count();
    assert_eq!(pubrels, 0, "they are finished with");
}

fn take_over(net: &mut Net, version: Version, vanishes: bool) -> (Peered, Peered) {
    let old = net.connect(0, &lasting(version));
    commit(net, 0);
    net.seen(old);
    net.send(old, &qos2("log/a", "x", 1));
    if vanishes {
        net.lose(old);
    }
    let new = net.connect(1, &lasting(version));
    assert_eq!(net.seen(new), [""; 0], "nobody knows whether `x` is taken");
    (old, new)
}

/// A session goes on elsewhere once the log has decided about what it published: sooner, PUBREC for
/// a publish that is sent again would promise what no log has.
#[test]
fn a_session_goes_on_when_what_it_published_is_decided() {
    for (version, vanishes) in [(Version::V311, true), (Version::V5, true), (Version::V5, false)] {
        for refused in [None, Some(full as fn() -> Rejection)] {
            let mut net = net(2, Config::default());
            let (_, new) = take_over(&mut net, version, vanishes);
            decide(&mut net, 0, refused);
            assert_eq!(net.seen(new), ["CONNACK Success present"]);
            net.send(new, &qos2("log/a", "x", 1));
            commit(&mut net, 1);
            assert_eq!(net.seen(new), ["PUBREC 1 Success"]);
            let taken = stored(&mut net, 1).len();
            assert_eq!(taken, usize::from(refused.is_some()), "taken again if it was refused");
        }
    }
}

/// Whoever waits for that may go, or give way, and leaves nothing behind.
#[test]
fn r16_those_who_wait_for_a_decision_give_way_to_the_last() {
    let mut net = net(3, Config::default());
    let (_, second) = take_over(&mut net, Version::V5, true);
    let third = net.connect(2, &lasting(Version::V5));
    let fourth = net.connect(0, &lasting(Version::V5));
    assert_eq!(net.seen(third), ["CONNACK ServerBusy"]);
    net.lose(fourth);
    let clean = net.connect(1, &Connect { clean_start: true, ..lasting(Version::V5) });
    net.lose(clean);
    commit(&mut net, 0);
    commit(&mut net, 1);
    assert!(net.is_closed(second));
    assert_eq!(net.broker.clients.count(), 0);
    let last = net.connect(2, &lasting(Version::V5));
    assert_eq!(net.seen(last).len(), 1);
}
