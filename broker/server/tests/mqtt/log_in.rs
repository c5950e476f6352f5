//! TRAP-21, TRAP-22, TRAP-30: which log-ins are accepted, and what refused clients are told.

use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use broker_codec::{
    Auth, AuthProperties, Connect, ConnectProperties, Packet, ReasonCode as R, Version,
};
use broker_server::{Listener, LoginFailure, Transport, Verification};

use crate::authenticator::{SlowAuthenticator, as_user};
use crate::client::{Broker, Client, connect, eventually};

fn failed(broker: &Broker, failure: LoginFailure) -> u64 {
    broker.handle.stats().stats.auth_failed[failure as usize]
}

/// Sends a CONNECT whose answer is read later.
fn send_connect(broker: &Broker, connect: &Connect<'_>) -> Client {
    let mut client = broker.raw(connect.version);
    client.send(&Packet::Connect(Box::new(*connect)));
    client
}

fn accepted(client: &mut Client) {
    client.next(|packet| match packet {
        Packet::Connack(connack) => assert_eq!(connack.reason, R::Success),
        other => panic!("{other:?} is no CONNACK"),
    });
}

#[test]
fn slow_log_ins_hold_up_no_client() {
    let authenticator = SlowAuthenticator::default();
    let broker = Broker::over(authenticator.deps(), |_| ());
    let held = authenticator.held.lock().expect("nobody panics with it");
    let mut others: Vec<_> = (0..4).map(|n| broker.v5(&format!("o{n}"))).collect();
    let names: Vec<_> = (0..8).map(|n| format!("u{n}")).collect();
    let mut slow: Vec<_> = names
        .iter()
        .map(|name| send_connect(&broker, &as_user(Version::V5, name, "right")))
        .collect();
    eventually("a verification", || authenticator.begun.load(Ordering::Relaxed) > 0);
    for _ in 0..10 {
        others.iter_mut().for_each(Client::ping);
    }
    drop(held);
    slow.iter_mut().for_each(accepted);
    slow.iter_mut().for_each(Client::ping);
}

#[test]
fn log_ins_beyond_the_queue_are_told_to_come_back() {
    let authenticator = SlowAuthenticator::default();
    let broker = Broker::over(authenticator.deps(), |config| {
        config.verification = Verification { threads: 1, waiting_max: 1 };
    });
    let held = authenticator.held.lock().expect("nobody panics with it");
    let mut first = send_connect(&broker, &as_user(Version::V5, "a", "right"));
    eventually("a verification", || authenticator.begun.load(Ordering::Relaxed) == 1);
    // Of two that come at the same time one waits and one is refused; either may be first.
    let mut both = [("b", Version::V5), ("c", Version::V5)]
        .map(|(name, version)| send_connect(&broker, &as_user(version, name, "right")));
    eventually("a refusal", || failed(&broker, LoginFailure::Busy) == 1);
    let mut old = send_connect(&broker, &as_user(Version::V311, "d", "right"));
    assert_eq!(old.refused(), R::ServerUnavailable, "return code 3");
    drop(held);
    accepted(&mut first);
    let answers = both.each_mut().map(|client| {
        client.next(|packet| match packet {
            Packet::Connack(connack) => connack.reason,
            other => panic!("{other:?} is no CONNACK"),
        })
    });
    assert!(answers.contains(&R::Success) && answers.contains(&R::ServerBusy), "{answers:?}");
    assert_eq!(failed(&broker, LoginFailure::Busy), 2);
}

#[test]
fn trap_22_who_fails_is_told_why_in_one_code() {
    let broker = Broker::over(SlowAuthenticator::default().deps(), |_| ());
    for version in [Version::V311, Version::V5] {
        let mut wrong = send_connect(&broker, &as_user(version, "fred", "wrong"));
        assert_eq!(wrong.refused(), R::BadUserNameOrPassword);
        let mut banned = send_connect(&broker, &as_user(version, "banned", "right"));
        assert_eq!(banned.refused(), R::NotAuthorized);
    }
    assert_eq!(failed(&broker, LoginFailure::Credentials), 2);
    assert_eq!(failed(&broker, LoginFailure::NotAuthorized), 2);
    let mut fault = send_connect(&broker, &as_user(Version::V5, "fault", "right"));
    assert_eq!(fault.refused(), R::ServerUnavailable);
    broker.client(&as_user(Version::V5, "fred", "right")).ping();
}

#[test]
fn guessing_is_slow() {
    let broker = Broker::over(SlowAuthenticator::default().deps(), |config| {
        config.engine.guessing.failures_max = 4;
    });
    let begin = Instant::now();
    for _ in 0..4 {
        let mut guess = send_connect(&broker, &as_user(Version::V5, "fred", "guess"));
        assert_eq!(guess.refused(), R::BadUserNameOrPassword);
    }
    assert!(begin.elapsed() >= Duration::from_millis(250 + 500 + 750), "{:?}", begin.elapsed());
    let mut unseen = send_connect(&broker, &as_user(Version::V5, "fred", "right"));
    assert_eq!(unseen.refused(), R::ConnectionRateExceeded);
    broker.client(&as_user(Version::V5, "anna", "right")).ping();
}

#[test]
fn trap_30_a_listener_may_want_everybody_to_log_in() {
    let address = std::net::SocketAddr::from(([127, 0, 0, 1], 0));
    let broker = Broker::over(SlowAuthenticator::default().deps(), |config| {
        config.listen =
            vec![Listener { anonymous: false, ..Listener::new(address, Transport::Tcp) }];
    });
    let mut nobody = send_connect(&broker, &connect(Version::V5, "c"));
    assert_eq!(nobody.refused(), R::NotAuthorized);
    broker.client(&as_user(Version::V5, "fred", "right")).ping();
    assert!(!Listener::from(std::net::SocketAddr::from(([0, 0, 0, 0], 1883))).anonymous);
}

#[test]
fn trap_21_enhanced_authentication_and_again() {
    let broker = Broker::over(SlowAuthenticator::default().deps(), |_| ());
    let properties =
        ConnectProperties { authentication_method: Some("ECHO"), ..ConnectProperties::default() };
    let connect = Connect { properties, ..connect(Version::V5, "c") };
    let auth = |reason, data: &'static str| {
        let properties = AuthProperties {
            authentication_method: Some("ECHO"),
            authentication_data: Some(data.as_bytes()),
            ..AuthProperties::default()
        };
        Packet::Auth(Auth { reason, properties })
    };
    let asked = |client: &mut Client, reason| {
        client.next(|packet| match packet {
            Packet::Auth(auth) => {
                assert_eq!(auth.reason, reason);
                assert_eq!(auth.properties.authentication_method, Some("ECHO"));
            }
            other => panic!("{other:?} is no AUTH"),
        });
    };
    let mut client = send_connect(&broker, &connect);
    asked(&mut client, R::ContinueAuthentication);
    client.send(&auth(R::ContinueAuthentication, "echo"));
    client.next(|packet| match packet {
        Packet::Connack(connack) => {
            assert_eq!(connack.reason, R::Success);
            assert_eq!(connack.properties.authentication_method, Some("ECHO"));
            assert_eq!(connack.properties.authentication_data, Some(&b"hello"[..]));
        }
        other => panic!("{other:?} is no CONNACK"),
    });
    client.send(&auth(R::ReAuthenticate, ""));
    asked(&mut client, R::ContinueAuthentication);
    client.ping();
    client.send(&auth(R::ContinueAuthentication, "echo"));
    asked(&mut client, R::Success);
    client.send(&auth(R::ReAuthenticate, ""));
    asked(&mut client, R::ContinueAuthentication);
    client.send(&auth(R::ContinueAuthentication, "what?"));
    assert_eq!(client.disconnected(), R::NotAuthorized);
    eventually("it is counted", || failed(&broker, LoginFailure::NotAuthorized) == 1);
}
