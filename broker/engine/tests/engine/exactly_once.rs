//! QoS 2 both ways: taken once, delivered once, and not before the commit.

use broker_codec::{Ack, Packet, PacketId, ReasonCode, Version};
use broker_engine::Config;

use crate::net::{Net, Peered, at_least_once, exactly_once, qos2};
use fabric::Rejection;
use uns_model::Reason;

fn ack(id: u16) -> Ack<'static> {
    Ack::new(PacketId::new(id).expect("not 0"))
}

fn watcher(net: &mut Net, core: usize) -> Peered {
    let watcher = net.client(core, Version::V5, "w");
    net.subscribe(watcher, "#", exactly_once());
    assert_eq!(net.seen(watcher), ["SUBACK GrantedQoS2"]);
    watcher
}

#[test]
fn trap_07_a_repeated_publish_is_received_again_and_delivered_once() {
    for version in [Version::V311, Version::V5] {
        let mut net = Net::new(2, Config::default());
        let watcher = watcher(&mut net, 1);
        let client = net.client(0, version, "c");
        net.send(client, &qos2("log/a", "x", 7));
        net.send(client, &qos2("log/a", "x", 7));
        assert_eq!(net.seen(client), [""; 0], "nothing before the commit");
        assert_eq!(net.seen(watcher), [""; 0], "a crash would have it sent again");
        net.commit(0, 1, Ok(1));
        assert_eq!(net.seen(client), ["PUBREC 7 Success"; 2]);
        assert_eq!(net.seen(watcher), ["log/a x q2"]);
        net.send(client, &qos2("log/a", "x", 7));
        assert_eq!(net.seen(client), ["PUBREC 7 Success"]);
        net.send(client, &Packet::Pubrel(ack(7)));
        assert_eq!(net.seen(client), ["PUBCOMP 7 Success"]);
        net.send(client, &qos2("log/a", "y", 7));
        net.commit(0, 2, Ok(2));
        assert_eq!(net.seen(client), ["PUBREC 7 Success"]);
        assert_eq!(net.seen(watcher), ["log/a y q2"], "the identifier was free again");
    }
}

#[test]
fn trap_08_an_unknown_pubrel_is_answered_and_harmless() {
    let mut net = Net::new(1, Config::default());
    for (version, expected) in
        [(Version::V5, "PUBCOMP 9 PacketIdentifierNotFound"), (Version::V311, "PUBCOMP 9 Success")]
    {
        let client = net.client(0, version, "c");
        net.send(client, &Packet::Pubrel(ack(9)));
        assert_eq!(net.seen(client), [expected]);
        assert!(!net.is_closed(client));
    }
}

#[test]
fn a_refused_publish_leaves_its_identifier_free() {
    let mut net = Net::new(1, Config::default());
    let watcher = watcher(&mut net, 0);
    let client = net.client(0, Version::V5, "c");
    net.send(client, &qos2("no/a", "x", 1));
    assert_eq!(net.seen(client), ["PUBREC 1 NotAuthorized"]);
    net.send(client, &qos2("log/a", "x", 1));
    let full = Rejection::new(Reason::StorageFull, "disk full");
    net.commit(0, 1, Err(full));
    assert_eq!(net.seen(client), ["PUBREC 1 QuotaExceeded"]);
    assert_eq!(net.seen(watcher), [""; 0], "it is not stored, and will be sent again");
    net.send(client, &qos2("log/a", "x", 1));
    net.commit(0, 2, Ok(2));
    assert_eq!(net.seen(client), ["PUBREC 1 Success"]);
    assert_eq!(net.seen(watcher), ["log/a x q2"]);
}

#[test]
fn trap_10_delivery_is_the_lower_qos_and_needs_all_its_answers() {
    let mut net = Net::new(1, Config { inflight_max: 1, ..Config::default() });
    let twice = net.client(0, Version::V5, "twice");
    net.subscribe(twice, "a", exactly_once());
    let once = net.client(0, Version::V311, "once");
    net.subscribe(once, "a", at_least_once());
    let client = net.client(0, Version::V5, "c");
    net.seen(twice);
    net.seen(once);
    net.send(client, &qos2("a", "1", 1));
    net.send(client, &qos2("a", "2", 2));
    assert_eq!(net.seen(client), ["PUBREC 1 Success", "PUBREC 2 Success"], "plain: no commit");
    assert_eq!(net.seen(once), ["a 1 q1"]);
    assert_eq!(net.seen(twice), ["a 1 q2"]);
    net.send(twice, &Packet::Pubrec(ack(1)));
    assert_eq!(net.seen(twice), ["PUBREL 1 Success"]);
    net.send(twice, &Packet::Pubrec(ack(1)));
    assert_eq!(net.seen(twice), ["PUBREL 1 Success"]);
    net.send(twice, &Packet::Pubcomp(ack(1)));
    assert_eq!(net.seen(twice), ["a 2 q2"]);
    let refused = Ack::with_reason(PacketId::FIRST, ReasonCode::QuotaExceeded);
    net.send(twice, &Packet::Pubrec(refused));
    assert_eq!(net.seen(twice), [""; 0], "refused: no PUBREL");
    net.send(twice, &Packet::Pubrec(ack(1)));
    assert_eq!(net.seen(twice), ["PUBREL 1 PacketIdentifierNotFound"]);
}
