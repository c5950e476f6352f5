//! TRAP-21: AUTH before CONNACK, and again on a connection that lives.

use std::time::Duration;

use broker_codec::{Auth, AuthProperties, Packet, ReasonCode, SubscribeOptions, Version};
use broker_engine::{Config, LoginFailure};

use crate::doorman::{Doorman, as_user, by_method, rules};
use crate::net::{Net, Peered, connect, qos0, qos1};

fn net() -> Net {
    let all = rules(&[""], &[""]);
    Net::guarded(1, Config::default(), Box::new(Doorman::with(&[("anna", &all), ("fred", &all)])))
}

fn auth<'a>(reason: ReasonCode, method: &'a str, data: &'a str) -> Packet<'a> {
    let properties = AuthProperties {
        authentication_method: Some(method),
        authentication_data: Some(data.as_bytes()),
        ..AuthProperties::default()
    };
    Packet::Auth(Auth { reason, properties })
}

fn go_on(data: &str) -> Packet<'_> {
    auth(ReasonCode::ContinueAuthentication, "RIDDLE", data)
}

fn again(data: &str) -> Packet<'_> {
    auth(ReasonCode::ReAuthenticate, "RIDDLE", data)
}

fn fred(net: &mut Net) -> Peered {
    let client = net.connect(0, &by_method("c", "RIDDLE", "fred"));
    net.send(client, &go_on("derf"));
    let seen = net.seen(client);
    assert_eq!(seen, ["AUTH ContinueAuthentication reverse it", "CONNACK Success"]);
    client
}

#[test]
fn a_known_method_runs() {
    let mut net = net();
    fred(&mut net);
    let client = net.connect(0, &by_method("d", "RIDDLE", ""));
    net.send(client, &go_on("anna"));
    net.send(client, &go_on("anna"));
    let asked = "AUTH ContinueAuthentication reverse it";
    assert_eq!(net.seen(client), [asked, asked, "CONNACK Success"]);
    let client = net.connect(0, &by_method("e", "RIDDLE", "fred"));
    net.send(client, &go_on("what?"));
    net.advance(Duration::from_millis(250));
    assert_eq!(net.seen(client), [asked, "CONNACK NotAuthorized"]);
    assert!(net.is_closed(client));
}

#[test]
fn an_unknown_method_is_not_accepted_blindly() {
    let mut net = net();
    for method in ["GUESS", "", &"x".repeat(1000)] {
        let client = net.connect(0, &by_method("c", method, "fred"));
        assert_eq!(net.seen(client), ["CONNACK BadAuthenticationMethod"]);
        assert!(net.is_closed(client));
    }
    assert_eq!(net.engines[0].stats().auth_failed[LoginFailure::Method as usize], 3);
}

#[test]
fn nothing_but_auth_before_connack() {
    let mut net = net();
    let asked = "AUTH ContinueAuthentication reverse it";
    let wrong = [
        qos0("a", "x"),
        Packet::Pingreq,
        Packet::Connect(Box::new(connect(Version::V5, "c"))),
        auth(ReasonCode::ContinueAuthentication, "OTHER", "derf"),
        again("fred"),
    ];
    for packet in wrong {
        let client = net.connect(0, &by_method("c", "RIDDLE", "fred"));
        net.send(client, &packet);
        assert_eq!(net.seen(client), [asked, "CONNACK ProtocolError"], "{packet:?}");
        assert!(net.is_closed(client));
    }
}

#[test]
fn an_exchange_is_bounded() {
    let mut net = net();
    let asked = "AUTH ContinueAuthentication reverse it";
    let client = net.connect(0, &by_method("c", "RIDDLE", ""));
    for _ in 0..20 {
        net.send(client, &go_on(""));
    }
    net.advance(Duration::from_millis(250));
    assert_eq!(net.seen(client).last().expect("a word"), "CONNACK NotAuthorized");
    let client = net.connect(0, &by_method("c", "RIDDLE", ""));
    net.send(client, &go_on(&"x".repeat(20_000)));
    net.advance(Duration::from_millis(250));
    assert_eq!(net.seen(client), [asked, "CONNACK NotAuthorized"]);
    let silent = net.connect(0, &by_method("c", "RIDDLE", "fred"));
    for _ in 0..3 {
        net.advance(Duration::from_secs(4));
    }
    assert!(net.is_closed(silent));
}

#[test]
fn again_while_messages_flow() {
    let mut net = net();
    let client = fred(&mut net);
    net.send(client, &again("fred"));
    net.send(client, &qos1("a", "x", 7));
    net.send(client, &go_on("derf"));
    net.send(client, &qos1("a", "x", 8));
    assert_eq!(
        net.seen(client),
        [
            "AUTH ContinueAuthentication reverse it",
            "PUBACK 7 Success",
            "AUTH Success well done",
            "PUBACK 8 Success"
        ]
    );
}

#[test]
fn again_with_other_rights_to_receive() {
    let (rights, all) = (rules(&[""], &["a"]), rules(&[""], &[""]));
    let users = [("fred", &rights), ("anna", &all)];
    let mut net = Net::guarded(1, Config::default(), Box::new(Doorman::with(&users)));
    let client = fred(&mut net);
    for filter in ["+", "$share/g/s/b", "s/#"] {
        net.subscribe(client, filter, SubscribeOptions::default());
    }
    let publisher = net.connect(0, &as_user(Version::V5, "anna", "right"));
    let publish = |net: &mut Net| {
        for topic in ["a", "b", "s/b"] {
            net.send(publisher, &qos0(topic, "x"));
        }
        net.seen(client).into_iter().filter(|said| said.ends_with("q0")).collect::<Vec<_>>()
    };
    *rights.receive.lock() = vec!["a", "s"];
    net.broker.policy_changed();
    net.subscribe(client, "$share/g/s/b", SubscribeOptions::default());
    assert_eq!(publish(&mut net), ["a x q0", "s/b x q0"]);
    // Routes of all three topics are remembered by now.
    *rights.receive.lock() = vec!["b"];
    net.send(client, &again("fred"));
    net.send(client, &go_on("derf"));
    assert_eq!(publish(&mut net), ["b x q0"]);
}

#[test]
fn again_and_refused() {
    let mut net = net();
    let check = |net: &mut Net, packets: &[Packet<'_>], expected: &str| {
        let client = fred(net);
        for packet in packets {
            net.send(client, packet);
        }
        assert_eq!(net.seen(client).last().expect("a word"), expected, "{packets:?}");
        assert!(net.is_closed(client));
    };
    check(&mut net, &[again("fred"), go_on("no")], "DISCONNECT NotAuthorized");
    // The connection stays who it was.
    check(&mut net, &[again("anna"), go_on("anna")], "DISCONNECT NotAuthorized");
    check(&mut net, &[go_on("derf")], "DISCONNECT ProtocolError");
    check(&mut net, &[again("fred"), again("fred")], "DISCONNECT ProtocolError");
    let other = auth(ReasonCode::ReAuthenticate, "OTHER", "fred");
    check(&mut net, &[other], "DISCONNECT ProtocolError");
    let silent = fred(&mut net);
    net.send(silent, &again("fred"));
    net.advance(Duration::from_secs(11));
    assert_eq!(net.seen(silent).last().expect("a word"), "DISCONNECT NotAuthorized");
}

#[test]
fn who_did_not_begin_with_a_method_says_no_auth() {
    let mut net = net();
    for packet in [again("fred"), go_on("derf")] {
        let client = net.client(0, Version::V5, "c");
        net.send(client, &packet);
        assert_eq!(net.seen(client), ["DISCONNECT ProtocolError"]);
    }
}
