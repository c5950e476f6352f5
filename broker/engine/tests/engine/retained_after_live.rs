//! A publish is delivered when it is admitted, and retained once it is committed and folded. Whoever
//! subscribes in between must not end with what was retained before [MQTT-4.6.0-6].

use std::num::{NonZeroU16, NonZeroU32};
use std::time::Duration;

use broker_codec::{
    Ack, Connect, ConnectProperties, Filters, Packet, PacketId, Publish, RetainHandling, Subscribe,
    SubscribeOptions, UserProperties, Version::V5, push_filter,
};
use broker_engine::{Config, Due, Fed, FedPublish, Retained, Signal};
use bytes::Bytes;
use uns_model::{Kept, OrgId, Sequence, Timestamp};

use crate::net::{Net, Peered, at_least_once, connect, exactly_once, qos0, qos1, qos2};

fn net(cores: u16) -> Net {
    let mut net = Net::new(cores, Config::default());
    net.engines.iter_mut().for_each(|engine| engine.gate().has_log = true);
    net
}

fn retained<'a>(packet: &Packet<'a>) -> Packet<'a> {
    let Packet::Publish(publish) = packet else { unreachable!("it is a publish") };
    Packet::Publish(Publish { retain: true, ..*publish })
}

/// The log takes what a core handed over, and has committed all up to this sequence.
fn commit(net: &mut Net, core: usize, committed: u64) {
    net.engines[core].gate().committed = Sequence(committed);
    let flushed: Vec<_> = net.engines[core].gate().flushed.drain(..).filter_map(|f| f.0).collect();
    flushed.iter().for_each(|ticket| net.commit(core, ticket.0, Ok(committed)));
}

/// The fold has got to this sequence, and retains this on `log/a`.
fn fold(net: &mut Net, payload: &[u8], sequence: u64) {
    fold_as(net, 0, payload, sequence);
}

fn fold_as(net: &mut Net, qos: u8, payload: &[u8], sequence: u64) {
    let kept = Kept::new(qos, None, b"", payload);
    let (topic, org) = ("log/a".into(), OrgId::DEFAULT);
    net.broker.retained.set(org, Retained { topic, expires: None, kept });
    net.broker.retained.applied(Sequence(sequence));
    let now = net.now;
    net.engines.iter_mut().for_each(|engine| engine.signal(now, Signal::Folded));
    net.settle();
}

/// A client of core 1 that subscribed to everything, and waits for the fold to get to sequence 5.
fn subscriber(net: &mut Net, options: SubscribeOptions) -> Peered {
    fold(net, b"old", 4);
    let client = net.client(1, V5, "s");
    net.subscribe(client, "#", options);
    commit(net, 1, 5);
    assert!(net.seen(client)[0].starts_with("SUBACK"));
    client
}

fn lasting(id: &str) -> Connect<'_> {
    let session_expiry_interval = Some(60);
    let properties = ConnectProperties { session_expiry_interval, ..ConnectProperties::default() };
    Connect { clean_start: false, properties, ..connect(V5, id) }
}

/// The ledger hands out a message on `log/a`.
fn feed(net: &mut Net, client: Peered, sequence: u64, payload: &'static str) {
    let publish = FedPublish {
        qos: 1,
        retain: false,
        retained: true,
        dup: false,
        ids: Some([NonZeroU32::MIN].into()),
        topic: "log/a".into(),
        properties: Bytes::new(),
        payload: Bytes::from_static(payload.as_bytes()),
        expiry: None,
        ingest: Timestamp(0),
    };
    let packet_id = PacketId::new(u16::try_from(sequence).expect("small")).expect("not 0");
    let fed = Fed { sequence: Sequence(sequence), packet_id, what: Due::Publish(publish) };
    let now = net.now;
    net.engines[client.core].fed(now, client.key, fed);
    net.settle();
}

/// The newer message comes from this core, live, before what was retained.
fn leaves_the_older_out(publisher: usize, packet: &Packet<'_>, options: SubscribeOptions) {
    let mut net = net(2);
    let client = subscriber(&mut net, options);
    let from = net.client(publisher, V5, "p");
    net.send(from, &retained(packet));
    commit(&mut net, publisher, 6);
    let got = net.seen(client);
    assert!(got.len() == 1 && got[0].starts_with("log/a new"), "{got:?}");
    fold(&mut net, b"old", 5);
    assert_eq!(net.seen(client), [""; 0], "from {publisher}, {packet:?}");
}

#[test]
fn what_is_older_than_a_message_that_came_live_is_left_out() {
    let if_new = SubscribeOptions { retain_handling: RetainHandling::IfNew, ..exactly_once() };
    for publisher in [0, 1] {
        for packet in [qos0("log/a", "new"), qos1("log/a", "new", 1), qos2("log/a", "new", 1)] {
            for options in [SubscribeOptions::default(), at_least_once(), exactly_once(), if_new] {
                leaves_the_older_out(publisher, &packet, options);
                let options = SubscribeOptions { retain_as_published: true, ..options };
                leaves_the_older_out(publisher, &packet, options);
            }
        }
    }
}

#[test]
fn what_was_cleared_live_does_not_come_again() {
    let mut net = net(2);
    let client = subscriber(&mut net, at_least_once());
    let publisher = net.client(0, V5, "p");
    net.send(publisher, &retained(&qos0("log/a", "")));
    assert_eq!(net.seen(client), ["log/a  q0"]);
    fold(&mut net, b"old", 5);
    assert_eq!(net.seen(client), [""; 0]);
}

#[test]
fn a_live_message_that_is_not_to_be_retained_leaves_nothing_out() {
    let mut net = net(2);
    let client = subscriber(&mut net, at_least_once());
    let publisher = net.client(0, V5, "p");
    net.send(publisher, &qos0("log/a", "passing"));
    net.send(publisher, &retained(&qos0("log/b", "other")));
    assert_eq!(net.seen(client), ["log/a passing q0", "log/b other q0"]);
    fold(&mut net, b"old", 5);
    assert_eq!(net.seen(client), ["log/a old q0 retained"]);
}

/// The message of QoS 2 was matched before the second subscription, so that has got nothing.
#[test]
fn what_came_live_by_an_earlier_subscription_comes_for_the_later_one_as_well() {
    let mut net = net(2);
    fold(&mut net, b"old", 4);
    let client = net.client(1, V5, "s");
    net.subscribe(client, "log/+", at_least_once());
    commit(&mut net, 1, 4);
    let publisher = net.client(0, V5, "p");
    net.send(publisher, &retained(&qos2("log/a", "new", 1)));
    net.subscribe(client, "#", at_least_once());
    commit(&mut net, 1, 5);
    net.seen(client);
    commit(&mut net, 0, 5);
    assert_eq!(net.seen(client), ["log/a new q1"]);
    fold(&mut net, b"new", 5);
    assert_eq!(net.seen(client), ["log/a new q0 retained"]);
}

/// What a core has admitted before somebody subscribed elsewhere is not delivered to it, so it has to be
/// in the store when the walk starts.
#[test]
fn a_walk_waits_for_what_other_cores_have_admitted_and_not_handed_to_the_log() {
    let mut net = net(3);
    fold(&mut net, b"old", 4);
    let [publisher, client] = [(0, "p"), (1, "s")].map(|(core, id)| net.client(core, V5, id));
    net.send_only(publisher, &retained(&qos0("log/a", "new")));
    let mut raw = Vec::new();
    push_filter("#", at_least_once(), &mut raw).expect("short");
    let subscribe = Subscribe {
        packet_id: PacketId::FIRST,
        subscription_id: None,
        user: UserProperties::default(),
        filters: Filters::parse(V5, &raw).expect("filters"),
    };
    net.send_only(client, &Packet::Subscribe(subscribe));
    let now = net.now;
    net.engines[1].flush(now);
    assert!(net.engines[1].gate().flushed.is_empty(), "the other cores were not asked yet");
    net.settle();
    assert_eq!(net.engines[0].gate().stored, [b"new"]);
    assert_eq!(net.engines[1].gate().flushed.len(), 1);
    commit(&mut net, 1, 5);
    fold(&mut net, b"new", 5);
    assert_eq!(net.seen(client), ["SUBACK GrantedQoS1", "log/a new q0 retained"]);
}

#[test]
fn what_is_older_than_a_message_from_the_ledger_is_left_out() {
    for (sequence, folded, expected) in
        [(6, "old", vec![]), (5, "new", vec!["log/a new q0 retained"])]
    {
        let mut net = net(2);
        fold(&mut net, b"old", 4);
        let client = net.connect(1, &lasting("s"));
        net.subscribe(client, "#", at_least_once());
        commit(&mut net, 1, 5);
        net.seen(client);
        feed(&mut net, client, sequence, "new");
        assert_eq!(net.seen(client), ["log/a new q1"]);
        fold(&mut net, folded.as_bytes(), 5);
        assert_eq!(net.seen(client), expected, "sequence {sequence}");
    }
}

/// What waits for room in a full window may be older than what the ledger feeds meanwhile, so that it is
/// read from the store only once there is room.
#[test]
fn what_is_retained_is_not_queued_behind_a_full_window_where_what_the_ledger_feeds_passes_it() {
    let mut net = net(2);
    fold_as(&mut net, 1, b"old", 4);
    let mut connect = lasting("s");
    connect.properties.receive_maximum = NonZeroU16::new(1);
    let client = net.connect(1, &connect);
    feed(&mut net, client, 3, "unacknowledged");
    net.subscribe(client, "#", at_least_once());
    commit(&mut net, 1, 5);
    fold_as(&mut net, 1, b"old", 5);
    let got = net.seen(client);
    assert_eq!(got[1..], ["log/a unacknowledged q1", "SUBACK GrantedQoS1"], "{got:?}");
    feed(&mut net, client, 6, "new");
    fold_as(&mut net, 1, b"new", 6);
    for (id, expected) in [(3, vec!["log/a new q1"]), (6, vec![])] {
        let id = PacketId::new(id).expect("not 0");
        net.send(client, &Packet::Puback(Ack::new(id)));
        assert_eq!(net.seen(client), expected, "after PUBACK {id}");
    }
}

#[test]
fn what_the_ledger_fed_goes_on_when_a_retained_message_is_acknowledged() {
    let mut net = net(1);
    fold_as(&mut net, 1, b"old", 4);
    let mut connect = lasting("s");
    connect.properties.receive_maximum = NonZeroU16::new(1);
    let client = net.connect(0, &connect);
    net.subscribe(client, "#", at_least_once());
    commit(&mut net, 0, 4);
    assert_eq!(net.seen(client)[2..], ["log/a old q1 retained"]);
    feed(&mut net, client, 5, "new");
    assert_eq!(net.seen(client), [""; 0], "the window is full");
    for id in 49_152..=u16::MAX {
        let id = PacketId::new(id).expect("not 0");
        net.send(client, &Packet::Puback(Ack::new(id)));
    }
    assert_eq!(net.seen(client), ["log/a new q1"]);
}

#[test]
fn a_session_that_is_resumed_before_it_has_what_is_retained_gets_nothing_older_either() {
    let mut net = net(2);
    fold(&mut net, b"old", 4);
    let client = net.connect(1, &lasting("s"));
    net.subscribe(client, "#", at_least_once());
    commit(&mut net, 1, 5);
    net.lose(client);
    let client = net.connect(0, &lasting("s"));
    commit(&mut net, 0, 6);
    net.seen(client);
    let publisher = net.client(1, V5, "p");
    net.send(publisher, &retained(&qos0("log/a", "new")));
    assert_eq!(net.seen(client), ["log/a new q0"]);
    fold(&mut net, b"old", 6);
    assert_eq!(net.seen(client), [""; 0]);
}

#[test]
fn whoever_was_sent_more_live_than_can_be_noted_waits_for_all_of_it() {
    let mut net = net(2);
    let client = subscriber(&mut net, SubscribeOptions::default());
    let publisher = net.client(0, V5, "p");
    for n in 0..=1 << 16 {
        net.send_only(publisher, &retained(&qos0(&format!("log/{n}"), "")));
        if n % 50 == 0 {
            net.settle();
        }
    }
    net.settle();
    assert_eq!(net.seen(client).len(), (1 << 16) + 1);
    fold(&mut net, b"old", 5);
    assert_eq!(net.seen(client), [""; 0]);
    assert_eq!(net.engines[1].stats().walks_restarted, 1);
    // A log that is stuck is waited for, since nobody knows what of the store is older.
    net.advance(Duration::from_secs(11));
    fold(&mut net, b"old", 5);
    assert_eq!(net.seen(client), [""; 0]);
    commit(&mut net, 1, 6);
    net.advance(Duration::from_secs(11));
    fold(&mut net, b"old", 5);
    assert_eq!(net.seen(client), [""; 0]);
    fold(&mut net, b"new", 6);
    assert_eq!(net.seen(client), ["log/a new q0 retained"]);
}
