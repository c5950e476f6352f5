//! TRAP-51: new files serve new clients, old clients notice nothing, bad files change nothing.

use std::time::Duration;

use broker_codec::Version;
use broker_server::{Deps, Transport};

use crate::certificates::{Authority, Secure, Trust};
use crate::client::{QOS0, connect, eventually, message};

fn start(look: Duration) -> Secure {
    Secure::with(Transport::Tls, Deps::default(), |config, _| {
        config.tls.as_mut().expect("TLS").look_interval = look;
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
    let mut old = secure.client(&secure.trust(), Version::V5).welcome(&connect(Version::V5, "old"));
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
    let mut new = secure.client(&trust, Version::V5).welcome(&connect(Version::V5, "new"));
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
        (tls.client_ca, tls.look_interval) = (Some(path), Duration::from_millis(50));
    });
    let (first, second) = (one.issue("first"), two.issue("second"));
    let showing = |pair| Trust { shows: Some(pair), ..secure.trust() };
    assert!(is_served(&secure, &showing(&first)) && is_served(&secure, &showing(&second)));
    secure.files.write("ca.pem", &two.pem);
    eventually("a reload", || secure.broker.handle.stats().reloads.done == 1);
    assert!(!is_served(&secure, &showing(&first)));
    assert!(is_served(&secure, &showing(&second)));
}
