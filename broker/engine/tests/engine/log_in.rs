//! Who may come in: at once, or verified off the core; refusals are counted, told and slow.

use std::time::Duration;

use broker_codec::{Auth, AuthProperties, Connect, Packet, ReasonCode, Version};
use broker_engine::{Config, Guessing, LoginFailure, OwnedLogin};

use crate::doorman::{Doorman, as_user, by_method, rules};
use crate::net::{Net, Peered, connect, qos0};

fn net() -> Net {
    let all = rules(&[""], &[""]);
    Net::guarded(2, Config::default(), Box::new(Doorman::with(&[("slow", &all), ("fred", &all)])))
}

fn asked(net: &mut Net, client: Peered) -> OwnedLogin {
    let mut asked = std::mem::take(&mut net.engines[client.core].effects().asked);
    assert_eq!(asked.len(), 1);
    let (key, login) = asked.remove(0);
    assert_eq!(key, client.key);
    login
}

fn verify(net: &mut Net, client: Peered, login: &OwnedLogin) {
    let known = net.broker.authenticate.verify(login);
    let now = net.now;
    net.engines[client.core].verified(now, client.key, known);
    net.settle();
}

fn go_on(data: &str) -> Packet<'_> {
    let properties = AuthProperties {
        authentication_method: Some("RIDDLE"),
        authentication_data: Some(data.as_bytes()),
        ..AuthProperties::default()
    };
    Packet::Auth(Auth { reason: ReasonCode::ContinueAuthentication, properties })
}

/// What is said at the next tick, and not before.
fn at_the_tick(net: &mut Net, client: Peered) -> Vec<String> {
    assert!(net.seen(client).is_empty(), "not before the tick");
    net.advance(Duration::ZERO);
    net.seen(client)
}

fn failures(net: &Net, failure: LoginFailure) -> u64 {
    net.engines.iter().map(|engine| engine.stats().auth_failed[failure as usize]).sum()
}

#[test]
fn a_log_in_that_takes_time_holds_up_only_its_client() {
    let mut net = net();
    let slow = net.connect(0, &as_user(Version::V5, "slow", "right"));
    net.send(slow, &qos0("a", "early"));
    let other = net.client(0, Version::V5, "other");
    net.subscribe(other, "a", broker_codec::SubscribeOptions::default());
    assert_eq!(net.seen(other), ["SUBACK Success"]);
    assert!(net.seen(slow).is_empty() && net.is_waiting(slow));
    let login = asked(&mut net, slow);
    assert_eq!(login.password.as_deref(), Some(&b"right"[..]));
    assert!(!format!("{login:?} {:?}", login.as_login()).contains("right"), "{login:?}");
    verify(&mut net, slow, &login);
    assert_eq!(net.seen(slow), ["CONNACK Success"]);
    assert_eq!(net.seen(other), ["a early q0"], "what came early was kept");
}

#[test]
fn a_verdict_finds_its_client_or_nobody() {
    let mut net = net();
    let gone = net.connect(0, &as_user(Version::V5, "slow", "right"));
    let login = asked(&mut net, gone);
    net.lose(gone);
    let next = net.connect(0, &as_user(Version::V5, "slow", "wrong"));
    assert_eq!(gone.key.slot, next.key.slot, "TRAP-48: the slot is used again");
    verify(&mut net, gone, &login);
    assert!(net.seen(next).is_empty());
    let login = asked(&mut net, next);
    verify(&mut net, next, &login);
    assert_eq!(at_the_tick(&mut net, next), ["CONNACK BadUserNameOrPassword"]);
    assert!(net.is_closed(next));
    verify(&mut net, next, &login);
    assert_eq!(failures(&net, LoginFailure::Credentials), 1);
}

#[test]
fn nobody_waits_for_ever() {
    let mut net = net();
    let late = net.connect(0, &as_user(Version::V5, "slow", "right"));
    net.advance(Duration::from_secs(11));
    assert!(net.is_closed(late));
    let login = asked(&mut net, late);
    verify(&mut net, late, &login);
    let busy = net.connect(1, &as_user(Version::V5, "slow", "right"));
    let now = net.now;
    net.engines[1].verified(now, busy.key, Err(ReasonCode::ServerBusy));
    net.settle();
    assert_eq!(net.seen(busy), ["CONNACK ServerBusy"]);
    assert_eq!(failures(&net, LoginFailure::Busy), 1);
}

#[test]
fn guessing_is_slow_and_ends() {
    let guessing = Guessing { failures_max: 3, ..Guessing::default() };
    let doorman = Doorman::with(&[("fred", &rules(&[""], &[""]))]);
    let config = Config { guessing, ..Config::default() };
    let mut net = Net::guarded(2, config, Box::new(doorman));
    net.peer.address = "10.1.1.1:5".into();
    let wrong = as_user(Version::V5, "fred", "wrong");
    let first = net.connect(0, &wrong);
    assert_eq!(at_the_tick(&mut net, first), ["CONNACK BadUserNameOrPassword"]);
    for wait in [250, 500] {
        let client = net.connect(1, &wrong);
        net.send(client, &qos0("a", "x"));
        assert!(net.seen(client).is_empty());
        net.advance(Duration::from_millis(wait - 1));
        assert!(net.seen(client).is_empty());
        net.advance(Duration::from_millis(1));
        assert_eq!(net.seen(client), ["CONNACK BadUserNameOrPassword"]);
        assert!(net.is_closed(client));
    }
    let unseen = net.connect(0, &as_user(Version::V5, "fred", "right"));
    assert_eq!(net.seen(unseen), ["CONNACK ConnectionRateExceeded"]);
    assert_eq!(failures(&net, LoginFailure::Guessing), 1);
    net.peer.address = "10.1.1.2:5".into();
    let elsewhere = net.connect(0, &as_user(Version::V5, "fred", "right"));
    assert_eq!(net.seen(elsewhere), ["CONNACK Success"], "nobody is locked out by a stranger");
    net.peer.address = "10.1.1.1:5".into();
    net.advance(Duration::from_secs(3));
    let forgiven = net.connect(0, &as_user(Version::V5, "fred", "right"));
    assert_eq!(net.seen(forgiven), ["CONNACK Success"]);
}

#[test]
fn operators_hear_of_failures_without_secrets() {
    let mut net = net();
    net.peer.address = "10.1.1.1:5".into();
    for _ in 0..20 {
        let client = net.connect(0, &as_user(Version::V311, "fr\u{1b}[31med\n", "hunter2"));
        net.advance(Duration::from_secs(5));
        assert!(net.is_closed(client));
    }
    net.advance(Duration::from_secs(60));
    let refused = std::mem::take(&mut net.engines[0].effects().refused);
    let counts: Vec<_> = refused.iter().map(|refused| refused.count).collect();
    assert_eq!(counts.iter().sum::<u32>(), 20);
    assert_eq!((counts[0], counts.len()), (1, 3), "at once, then once a minute: {counts:?}");
    assert_eq!(refused[0].name.as_deref(), Some("fr\u{fffd}[31med\u{fffd}"));
    assert_eq!(&*refused[0].address, "10.1.1.1");
    assert!(!format!("{refused:?}").contains("hunter2"));
}

/// SCRAM says its name in the exchange; User Name is nobody's business there.
#[test]
fn guesses_count_under_the_name_that_is_tried() {
    let guessing = Guessing { failures_max: 3, ..Guessing::default() };
    let all = rules(&[""], &[""]);
    let doorman = Doorman::with(&[("fred", &all), ("anna", &all)]);
    let config = Config { guessing, ..Config::default() };
    let mut net = Net::guarded(1, config, Box::new(doorman));
    net.peer.address = "10.1.1.1:5".into();
    for user_name in ["one", "two", "three"] {
        let connect = by_method("c", "RIDDLE", "fred");
        let client = net.connect(0, &Connect { user_name: Some(user_name), ..connect });
        net.send(client, &go_on("wrong"));
        net.advance(Duration::from_millis(600));
        let seen = net.seen(client);
        assert_eq!(seen.last().map(String::as_str), Some("CONNACK NotAuthorized"), "{seen:?}");
    }
    let connect = by_method("c", "RIDDLE", "fred");
    let client = net.connect(0, &Connect { user_name: Some("four"), ..connect });
    assert_eq!(net.seen(client), ["CONNACK ConnectionRateExceeded"]);
    assert_eq!(failures(&net, LoginFailure::Guessing), 1);
    let other =
        net.connect(0, &Connect { user_name: Some("fred"), ..by_method("d", "RIDDLE", "anna") });
    net.send(other, &go_on("anna"));
    assert_eq!(net.seen(other).last().map(String::as_str), Some("CONNACK Success"));
    let refused = std::mem::take(&mut net.engines[0].effects().refused);
    assert_eq!(refused[0].name.as_deref(), Some("fred"));
}

/// Whether its name exists or not, whatever it shows and however that is verified: the moment of the
/// answer is that of a tick.
#[test]
fn every_secret_that_is_wrong_is_refused_at_a_tick() {
    for version in [Version::V5, Version::V311] {
        let mut net = net();
        let at_once = net.connect(0, &as_user(version, "fred", "wrong"));
        assert_eq!(at_the_tick(&mut net, at_once), ["CONNACK BadUserNameOrPassword"]);
        let verified = net.connect(0, &as_user(version, "slow", "wrong"));
        net.advance(Duration::from_millis(250));
        let login = asked(&mut net, verified);
        verify(&mut net, verified, &login);
        assert_eq!(at_the_tick(&mut net, verified), ["CONNACK BadUserNameOrPassword"]);
        let nobody = net.connect(0, &as_user(version, "ghost", "wrong"));
        net.advance(Duration::from_millis(69));
        net.now.monotonic += Duration::from_millis(1);
        net.settle();
        assert_eq!(at_the_tick(&mut net, nobody), ["CONNACK BadUserNameOrPassword"]);
    }
    for name in ["fred", "ghost"] {
        let mut net = net();
        let client = net.connect(0, &by_method("c", "RIDDLE", name));
        net.send(client, &go_on("wrong"));
        assert_eq!(
            net.seen(client).pop().as_deref(),
            Some("AUTH ContinueAuthentication reverse it")
        );
        assert_eq!(at_the_tick(&mut net, client), ["CONNACK NotAuthorized"]);
    }
    // That there is no room to verify it is told at once.
    let mut net = net();
    let busy = net.connect(0, &as_user(Version::V5, "slow", "wrong"));
    let now = net.now;
    net.engines[0].verified(now, busy.key, Err(ReasonCode::ServerBusy));
    net.settle();
    assert_eq!(net.seen(busy), ["CONNACK ServerBusy"]);
}

#[test]
fn a_name_nobody_has_is_refused_as_late_as_any_other() {
    let mut net = net();
    let ghost = net.connect(0, &as_user(Version::V5, "ghost", "wrong"));
    assert!(net.engines[0].effects().asked.is_empty(), "it takes nobody's place");
    net.advance(Duration::from_millis(69));
    assert!(net.seen(ghost).is_empty());
    net.advance(Duration::from_millis(1));
    assert_eq!(net.seen(ghost), ["CONNACK BadUserNameOrPassword"]);
    assert_eq!(failures(&net, LoginFailure::Credentials), 1);
}

#[test]
fn anonymous_clients_come_in_where_their_listener_lets_them() {
    let mut net = Net::new(1, Config::default());
    net.client(0, Version::V5, "a");
    net.peer.anonymous_allowed = false;
    let client = net.connect(0, &connect(Version::V5, "b"));
    assert_eq!(net.seen(client), ["CONNACK NotAuthorized"]);
    net.peer.anonymous_allowed = true;
    net.peer.proxied = true;
    let client = net.connect(0, &connect(Version::V5, "b"));
    assert_eq!(net.seen(client), ["CONNACK NotAuthorized"]);
}
