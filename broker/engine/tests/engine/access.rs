//! TRAP-31: what a client may publish and receive is asked in the one path all publishes take.

use std::sync::Arc;
use std::sync::atomic::Ordering;

use broker_codec::{
    Connect, ConnectProperties, PublishProperties, QoS, SubscribeOptions, Version, Will,
};
use broker_engine::{ClientRef, Config, Parked, Refusals};
use uns_model::{OrgId, SessionNo};

use crate::doorman::{Doorman, Rules, as_user, rules};
use crate::net::{Net, Peered, at_least_once, connect, qos0, qos1};

fn net_of(config: Config, users: &[(&'static str, &Arc<Rules>)]) -> Net {
    Net::guarded(2, config, Box::new(Doorman::with(users)))
}

fn user(net: &mut Net, core: usize, version: Version, name: &str) -> Peered {
    let client = net.connect(core, &as_user(version, name, "right"));
    assert_eq!(net.seen(client), ["CONNACK Success"]);
    client
}

#[test]
fn publishes_without_a_right() {
    let fred = rules(&["log/mine/"], &[]);
    let mut net = net_of(Config::default(), &[("fred", &fred)]);
    let watcher = net.client(1, Version::V5, "w");
    net.subscribe(watcher, "#", SubscribeOptions::default());
    net.seen(watcher);
    let client = user(&mut net, 0, Version::V5, "fred");
    net.send(client, &qos1("log/mine/a", "1", 1));
    net.send(client, &qos1("log/yours/a", "2", 2));
    net.send(client, &qos0("log/yours/b", "3"));
    net.engines[0].committed(net.now, broker_engine::Ticket(1), Ok(1));
    net.settle();
    assert_eq!(net.seen(client), ["PUBACK 1 Success", "PUBACK 2 NotAuthorized"]);
    assert_eq!(net.seen(watcher), ["log/mine/a 1 q0"]);
    assert_eq!(net.engines[0].gate().resolved, ["log/mine/a"], "no node comes into being");
    let stats = net.engines[0].stats();
    assert_eq!((stats.denied, stats.rejected, stats.messages_in), (2, 2, 1));
}

#[test]
fn mqtt_3_1_1_hears_nothing_or_is_closed() {
    let fred = rules(&["mine/"], &[]);
    for (refusals, closed) in [(Refusals::Acknowledge, false), (Refusals::Close, true)] {
        let config = Config { refusals, ..Config::default() };
        let mut net = net_of(config, &[("fred", &fred)]);
        let client = user(&mut net, 0, Version::V311, "fred");
        net.send(client, &qos1("mine/a", "1", 1));
        assert_eq!(net.seen(client), ["PUBACK 1 Success"]);
        net.send(client, &qos1("yours/a", "1", 2));
        net.advance(std::time::Duration::from_millis(250));
        assert_eq!(net.is_closed(client), closed);
        let said = if closed { vec![] } else { vec!["PUBACK 2 Success".to_owned()] };
        assert_eq!(net.seen(client), said);
    }
}

#[test]
fn decisions_are_remembered_until_policies_change() {
    let (fred, anna) = (rules(&["a", "b"], &[""]), rules(&["a"], &[""]));
    let mut net = net_of(Config::default(), &[("fred", &fred), ("anna", &anna)]);
    let one = user(&mut net, 0, Version::V5, "fred");
    let two = user(&mut net, 0, Version::V5, "anna");
    for n in 0..10 {
        for topic in ["a", "b"] {
            net.send(one, &qos1(topic, "x", 1));
        }
        net.send(two, &qos1("a", "x", 1));
        // Another tree of subscriptions is no other policy.
        net.subscribe(two, &format!("f/{n}"), SubscribeOptions::default());
    }
    assert_eq!(fred.asked.load(Ordering::Relaxed), 2);
    assert_eq!(anna.asked.load(Ordering::Relaxed), 1);
    net.seen(one);
    *fred.publish.lock() = vec!["b"];
    net.broker.policy_changed();
    for topic in ["b", "a", "b"] {
        net.send(one, &qos1(topic, "x", 1));
    }
    assert_eq!(
        net.seen(one),
        ["PUBACK 1 Success", "PUBACK 1 NotAuthorized", "PUBACK 1 Success"],
        "TRAP-22"
    );
    assert_eq!(fred.asked.load(Ordering::Relaxed), 4);
}

#[test]
fn one_clients_right_is_not_anothers() {
    let (fred, anna) = (rules(&["a"], &[""]), rules(&[], &[""]));
    let mut net = net_of(Config::default(), &[("fred", &fred), ("anna", &anna)]);
    let one = user(&mut net, 0, Version::V5, "fred");
    let two = user(&mut net, 0, Version::V5, "anna");
    for client in [one, two, one, two] {
        net.send(client, &qos1("a", "x", 1));
    }
    assert_eq!(net.seen(one), ["PUBACK 1 Success"; 2]);
    assert_eq!(net.seen(two), ["PUBACK 1 NotAuthorized"; 2]);
}

#[test]
fn wills_need_the_right_as_well() {
    let fred = rules(&["mine/"], &[]);
    let mut net = net_of(Config::default(), &[("fred", &fred)]);
    let watcher = net.client(1, Version::V5, "w");
    net.subscribe(watcher, "#", SubscribeOptions::default());
    net.seen(watcher);
    let with_will = |topic| Connect {
        will: Some(Will {
            topic,
            payload: b"gone",
            qos: QoS::AtMostOnce,
            retain: false,
            delay_interval: None,
            properties: PublishProperties::default(),
        }),
        ..as_user(Version::V5, "fred", "right")
    };
    for (topic, expected) in [("mine/w", vec!["mine/w gone q0"]), ("yours/w", vec![])] {
        let client = net.connect(0, &with_will(topic));
        assert_eq!(net.seen(client), ["CONNACK Success"]);
        net.lose(client);
        assert_eq!(net.seen(watcher), expected);
    }
    assert_eq!(net.engines[0].stats().denied, 1);
    // The right was there when it came, and is gone when it is due.
    let client = net.connect(0, &with_will("mine/w"));
    fred.publish.lock().clear();
    net.broker.policy_changed();
    net.lose(client);
    assert!(net.seen(watcher).is_empty());
    assert_eq!(net.engines[0].stats().denied, 2);
}

#[test]
fn subscriptions_bring_what_may_be_received() {
    let fred = rules(&[], &["a/", "b/x"]);
    let mut net = net_of(Config::default(), &[("fred", &fred)]);
    let publisher = net.client(1, Version::V5, "p");
    let retained = |topic| match qos0(topic, "old") {
        broker_codec::Packet::Publish(publish) => {
            broker_codec::Packet::Publish(broker_codec::Publish { retain: true, ..publish })
        }
        other => other,
    };
    for topic in ["a/1", "b/x", "b/y", "c"] {
        net.send(publisher, &retained(topic));
    }
    let client = user(&mut net, 0, Version::V5, "fred");
    for (filter, expected) in [
        ("a/#", vec!["SUBACK GrantedQoS1", "a/1 old q0 retained"]),
        ("b/+", vec!["SUBACK GrantedQoS1", "b/x old q0 retained"]),
        ("c", vec!["SUBACK NotAuthorized"]),
        ("c/#", vec!["SUBACK NotAuthorized"]),
    ] {
        net.subscribe(client, filter, at_least_once());
        assert_eq!(net.seen(client), expected, "{filter}");
    }
    for topic in ["a/2", "b/x", "b/y", "c"] {
        net.send(publisher, &qos1(topic, "new", 1));
    }
    assert_eq!(net.seen(client), ["a/2 new q1", "b/x new q1"]);
    *fred.receive.lock() = vec!["b/y"];
    net.broker.policy_changed();
    for topic in ["a/2", "b/x", "b/y"] {
        net.send(publisher, &qos1(topic, "newer", 1));
    }
    assert_eq!(net.seen(client), ["b/y newer q1"], "without subscribing again");
}

#[test]
fn many_retained_messages_without_a_right_hold_up_nothing() {
    let fred = rules(&[], &["r/2999"]);
    let mut net = net_of(Config::default(), &[("fred", &fred)]);
    for n in 0..3000 {
        let message = broker_engine::Retained {
            topic: format!("r/{n:04}").into(),
            expires: None,
            kept: uns_model::Kept::new(0, None, b"", b"x"),
        };
        net.broker.restore(uns_model::OrgId::DEFAULT, message);
    }
    let client = user(&mut net, 0, Version::V5, "fred");
    net.subscribe(client, "r/#", SubscribeOptions::default());
    assert_eq!(net.seen(client), ["SUBACK Success", "r/2999 x q0 retained"]);
}

#[test]
fn who_is_revoked_is_sent_away() {
    let (fred, anna) = (rules(&[""], &[""]), rules(&[""], &[""]));
    let mut net = net_of(Config::default(), &[("fred", &fred), ("anna", &anna)]);
    let (new, kept) =
        (user(&mut net, 0, Version::V5, "fred"), user(&mut net, 1, Version::V5, "anna"));
    let old = net
        .connect(1, &Connect { client_id: "another", ..as_user(Version::V311, "fred", "right") });
    net.seen(old);
    fred.revoked.store(true, Ordering::Relaxed);
    net.broker.policy_changed();
    net.advance(std::time::Duration::from_millis(250));
    assert_eq!(net.seen(new), ["DISCONNECT AdministrativeAction"]);
    assert!(net.seen(old).is_empty());
    assert!(net.is_closed(new) && net.is_closed(old) && !net.is_closed(kept));
    let anonymous = net.connect(0, &connect(Version::V5, "x"));
    assert_eq!(net.seen(anonymous), ["CONNACK Success"]);
}

#[test]
fn nobody_takes_over_what_is_anothers() {
    let (fred, anna) = (rules(&[""], &[""]), rules(&[""], &[""]));
    let mut net = net_of(Config::default(), &[("fred", &fred), ("anna", &anna)]);
    net.engines.iter_mut().for_each(|engine| engine.gate().has_log = true);
    let as_press = |connect| Connect { client_id: "press", ..connect };
    let nobody = net.connect(1, &as_press(connect(Version::V5, "")));
    assert_eq!(net.seen(nobody), ["CONNACK Success"]);
    let properties =
        ConnectProperties { session_expiry_interval: Some(60), ..ConnectProperties::default() };
    let lasting = Connect { properties, ..as_press(as_user(Version::V5, "fred", "right")) };
    let client = net.connect(0, &lasting);
    assert_eq!(net.seen(client), ["CONNACK Success"], "a log-in goes before none");
    assert_eq!(net.seen(nobody), ["DISCONNECT SessionTakenOver"]);
    let others =
        [as_press(as_user(Version::V5, "anna", "right")), as_press(connect(Version::V5, ""))];
    let refused = |net: &mut Net| {
        for other in &others {
            let other = net.connect(1, other);
            assert_eq!(net.seen(other), ["CONNACK ClientIdentifierNotValid"]);
            assert!(net.is_closed(other));
        }
    };
    refused(&mut net);
    assert!(net.seen(client).is_empty() && !net.is_closed(client));
    commit(&mut net, 0);
    net.lose(client);
    refused(&mut net);
    let again = net.connect(1, &Connect { clean_start: false, ..lasting });
    assert_eq!(net.seen(again), ["CONNACK Success present"]);
}

/// The log takes everything.
fn commit(net: &mut Net, core: usize) {
    let tickets: Vec<_> = net.engines[core].gate().flushed.drain(..).filter_map(|f| f.0).collect();
    for ticket in tickets {
        net.commit(core, ticket.0, Ok(ticket.0));
    }
}

#[test]
fn sessions_are_owed_and_sent_what_their_client_may_receive() {
    let fred = rules(&[], &["a/"]);
    let mut net = net_of(Config::default(), &[("fred", &fred)]);
    net.engines.iter_mut().for_each(|engine| engine.gate().has_log = true);
    let properties =
        ConnectProperties { session_expiry_interval: Some(60), ..ConnectProperties::default() };
    let lasting =
        Connect { clean_start: false, properties, ..as_user(Version::V5, "fred", "right") };
    let client = net.connect(0, &lasting);
    net.subscribe(client, "#", at_least_once());
    commit(&mut net, 0);
    assert_eq!(net.seen(client), ["CONNACK Success", "SUBACK GrantedQoS1"]);
    net.lose(client);
    let publisher = net.client(1, Version::V5, "p");
    let notes = |net: &mut Net| {
        for topic in ["a/x", "b/x"] {
            net.send(publisher, &qos1(topic, "x", 1));
        }
        commit(net, 1);
        let notes = std::mem::take(&mut net.engines[1].gate().notes);
        notes.into_iter().filter(|note| note.ends_with("q1")).collect::<Vec<_>>()
    };
    assert_eq!(notes(&mut net), ["a/x q1", "audience 0q1"], "what nobody may receive is not kept");
    *fred.receive.lock() = vec!["b/"];
    net.broker.policy_changed();
    assert_eq!(notes(&mut net), ["b/x q1", "audience 0q1"]);
    // What it was owed before its rights went stays where it is.
    let again = net.connect(0, &lasting);
    commit(&mut net, 0);
    let fed = |topic: &str, id| broker_engine::Fed {
        sequence: uns_model::Sequence(id),
        packet_id: broker_codec::PacketId::new(u16::try_from(id).expect("small")).expect("not 0"),
        what: broker_engine::Due::Publish(broker_engine::FedPublish {
            qos: 1,
            retain: false,
            retained: false,
            dup: false,
            ids: None,
            topic: topic.into(),
            properties: bytes::Bytes::new(),
            payload: "x".into(),
            expiry: None,
            ingest: uns_model::Timestamp(0),
        }),
    };
    net.engines[0].gate().notes.clear();
    let now = net.now;
    net.engines[0].fed(now, again.key, fed("a/x", 7));
    net.engines[0].fed(now, again.key, fed("b/x", 8));
    net.settle();
    assert_eq!(net.seen(again), ["CONNACK Success present", "b/x x q1"]);
    assert_eq!(net.engines[0].gate().notes, ["session 0 Settled"]);
    let dropped = net.engines[0].stats().dropped[broker_engine::Drop::NotAuthorized as usize];
    assert_eq!(dropped, 1);
}

#[test]
fn a_session_put_back_belongs_to_whoever_it_belonged_to() {
    let all = rules(&[""], &[""]);
    let mut net = net_of(Config::default(), &[("fred", &all), ("anna", &all)]);
    net.engines.iter_mut().for_each(|engine| engine.gate().has_log = true);
    let restore = |client_id: &str, owner: Option<&str>, session| {
        let owner = owner.map(Arc::from);
        let client = ClientRef { org: OrgId::DEFAULT, client_id };
        net.broker.restore_session(client, owner.as_ref(), SessionNo(session), Parked::default());
    };
    restore("his", Some("fred"), 0);
    restore("anybody's", None, 1);
    net.broker.clients.number_from(SessionNo(2));
    let come = |net: &mut Net, name, client_id| {
        let lasting =
            Connect { clean_start: false, client_id, ..as_user(Version::V5, name, "right") };
        let client = net.connect(0, &lasting);
        net.seen(client)
    };
    assert_eq!(come(&mut net, "anna", "his"), ["CONNACK ClientIdentifierNotValid"]);
    assert_eq!(come(&mut net, "fred", "his"), ["CONNACK Success present"]);
    assert_eq!(come(&mut net, "anna", "anybody's"), ["CONNACK Success present"]);
    let notes = &net.engines[0].gate().notes;
    assert_eq!(notes.iter().filter(|note| note.ends_with("Owner")).count(), 2);
}
