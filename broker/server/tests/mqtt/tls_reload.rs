//! TRAP-51: new files serve new clients, old clients notice nothing, bad files change nothing.

use std::time::Duration;

use broker_codec::{ReasonCode, Version};
use broker_server::{Deps, Transport};

use crate::certificates::{Authority, Secure, Trust};
use crate::client::{QOS0, connect, eventually, message};

fn start(look: Duration) -> Secure {
    Secure::with(Transport::Tls, Deps::default(), |config, _| {
        config.tls.as_mut().expect("TLS").check_interval = look;
    })
}

fn is_served(secure: &Secure, trust: &Trust<'_>) -> bool {
    use std::io::{Read as _, Write as _};
    let mut stream = secure.stream(trust, Transport::Tls);
    stream
        .write_all(b"\x10\x0d\0\x04MQTT\x04\x02\0\0\0\x01x")
        .and_then(|()| stream.read_exact(&mut [0; 4]))
        .is_ok()
}

#[test]
fn trap_51_changed_files_serve_new_clients_and_drop_nobody() {
    let secure = start(Duration::from_millis(50));
    let reloads = || secure.broker.handle.stats().reloads;
    let mut old =
        secure.client(&secure.trust(), Version::V5).connected(&connect(Version::V5, "old"));
    old.subscribe(&[("t", QOS0)]);

    let next = Authority::new("Next CA");
    let pair = next.issue("hub");
    // The certificate arrives first: for a moment it does not fit its key.
    secure.files.write("certificate.pem", &pair.certificate);
    eventually("a failure", || reloads().failed == 1);
    assert!(is_served(&secure, &secure.trust()), "the old pair goes on");
    secure.files.write("key.pem", &pair.key);
    eventually("a reload", || reloads().done == 1);

    let trust = Trust { authority: &next.pem, ..secure.trust() };
    assert!(is_served(&secure, &trust));
    assert!(!is_served(&secure, &secure.trust()), "the old certificate is gone");
    let mut new = secure.client(&trust, Version::V5).connected(&connect(Version::V5, "new"));
    new.publish(message("t", "x"));
    assert_eq!(old.got_text().1, "x");

    for garbage in ["", "no PEM", "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"]
    {
        let failed = reloads().failed;
        secure.files.write("certificate.pem", garbage);
        eventually("a failure", || reloads().failed > failed);
        std::thread::sleep(Duration::from_millis(200));
        assert_eq!(reloads().failed, failed + 1, "a failure is counted once");
        assert!(is_served(&secure, &trust));
    }
    std::fs::remove_file(secure.files.path("key.pem")).expect("a file");
    std::thread::sleep(Duration::from_millis(200));
    assert!(is_served(&secure, &trust));
    assert_eq!(reloads().done, 1);
    old.ping();
    new.ping();
}

#[test]
fn a_reload_may_be_asked_for() {
    let secure = start(Duration::from_secs(3600));
    secure.broker.handle.reload_certificates();
    eventually("a reload", || secure.broker.handle.stats().reloads.done == 1);
    assert!(is_served(&secure, &secure.trust()));
}

#[test]
fn a_ca_that_is_gone_vouches_for_nobody() {
    let (one, two) = (Authority::new("One"), Authority::new("Two"));
    let secure = Secure::with(Transport::Tls, Deps::default(), |config, files| {
        let path = files.join("ca.pem");
        std::fs::write(&path, format!("{}{}", one.pem, two.pem)).expect("a file");
        let tls = config.tls.as_mut().expect("TLS");
        (tls.client_ca, tls.check_interval) = (Some(path), Duration::from_millis(50));
    });
    let (first, second) = (one.issue("first"), two.issue("second"));
    let showing = |pair| Trust { shows: Some(pair), ..secure.trust() };
    assert!(is_served(&secure, &showing(&first)) && is_served(&secure, &showing(&second)));
    secure.files.write("ca.pem", &two.pem);
    eventually("a reload", || secure.broker.handle.stats().reloads.done == 1);
    assert!(!is_served(&secure, &showing(&first)));
    assert!(is_served(&secure, &showing(&second)));
}

#[test]
fn connections_end_with_their_ca_and_those_of_others_go_on() {
    let (one, two) = (Authority::new("One"), Authority::new("Two"));
    let secure = Secure::with(Transport::Tls, Deps::default(), |config, files| {
        let path = files.join("ca.pem");
        std::fs::write(&path, format!("{}{}", one.pem, two.pem)).expect("a file");
        let tls = config.tls.as_mut().expect("TLS");
        (tls.client_ca, tls.check_interval) = (Some(path), Duration::from_millis(50));
        tls.client_optional = true;
    });
    let (first, second) = (one.issue("first"), two.issue("second"));
    let client = |pair, id| {
        let trust = Trust { shows: pair, ..secure.trust() };
        secure.client(&trust, Version::V5).connected(&connect(Version::V5, id))
    };
    let mut of_one = client(Some(&first), "one");
    let mut of_two = client(Some(&second), "two");
    let mut of_none = client(None, "none");
    let mut plain = secure.broker.v5("plain");
    secure.files.write("ca.pem", &two.pem);
    assert_eq!(of_one.disconnected(), ReasonCode::AdministrativeAction);
    for stays in [&mut of_two, &mut of_none, &mut plain] {
        stays.ping();
    }
}

#[test]
fn what_a_ca_revoked_is_not_taken() {
    let (one, two) = (Authority::new("One"), Authority::new("Two"));
    let secure = Secure::with(Transport::Tls, Deps::default(), |config, files| {
        let (ca, crl) = (files.join("ca.pem"), files.join("crl.pem"));
        std::fs::write(&ca, format!("{}{}", one.pem, two.pem)).expect("a file");
        std::fs::write(&crl, one.revoke(&[7])).expect("a file");
        let tls = config.tls.as_mut().expect("TLS");
        (tls.client_ca, tls.client_crl) = (Some(ca), Some(crl));
        tls.check_interval = Duration::from_millis(50);
    });
    let (revoked, good) = (one.issue_as("stolen", Some(7)), one.issue_as("press", Some(8)));
    let unlisted = two.issue("other");
    let showing = |pair| Trust { shows: Some(pair), ..secure.trust() };
    assert!(!is_served(&secure, &showing(&revoked)));
    assert!(is_served(&secure, &showing(&good)));
    assert!(!is_served(&secure, &showing(&unlisted)), "its CA has no list");
    let mut connected =
        secure.client(&showing(&good), Version::V5).connected(&connect(Version::V5, "press"));
    // Another list: also for who is connected already.
    secure.files.write("crl.pem", &format!("{}{}", one.revoke(&[7, 8]), two.revoke(&[])));
    assert_eq!(connected.disconnected(), ReasonCode::AdministrativeAction);
    assert!(!is_served(&secure, &showing(&good)));
    assert!(is_served(&secure, &showing(&unlisted)));
    let failed = secure.broker.handle.stats().reloads.failed;
    secure.files.write("crl.pem", "no list");
    eventually("a failure", || secure.broker.handle.stats().reloads.failed > failed);
    assert!(is_served(&secure, &showing(&unlisted)), "the old lists stay");
}

#[test]
fn mqtt_without_tls_is_told_on_a_listener_with_tls() {
    use std::io::{Read as _, Write as _};
    let secure = Secure::start(Transport::Tls);
    let answer = |connect: &[u8]| {
        let mut socket = secure.broker.socket(Transport::Tls);
        socket.write_all(connect).expect("the broker listens");
        socket.shutdown(std::net::Shutdown::Write).expect("a socket");
        let mut bytes = Vec::new();
        socket.read_to_end(&mut bytes).expect("an answer");
        bytes
    };
    assert_eq!(answer(b"\x10\x0d\0\x04MQTT\x04\x02\0\0\0\x01x"), b"\x20\x02\0\x05");
    let new = answer(b"\x10\x0e\0\x04MQTT\x05\x02\0\0\0\0\x01x");
    assert_eq!(new[3], ReasonCode::ImplementationSpecificError.byte());
    assert!(String::from_utf8_lossy(&new).contains("this port speaks TLS"));
    assert!(is_served(&secure, &secure.trust()));
}

#[test]
fn tls_is_told_on_a_listener_without() {
    use std::io::{Read as _, Write as _};
    let secure = Secure::start(Transport::Tls);
    let mut socket = secure.broker.socket(Transport::Tcp);
    // The beginning of a ClientHello.
    socket.write_all(b"\x16\x03\x01\x02\0\x01\0\x01\xfc\x03\x03").expect("it listens");
    let mut bytes = Vec::new();
    socket.read_to_end(&mut bytes).ok();
    assert_eq!(bytes, b"\x15\x03\x01\0\x02\x02\x46", "a fatal alert: protocol version");
}
