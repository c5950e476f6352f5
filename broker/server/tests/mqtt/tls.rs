//! TRAP-01, TRAP-30, TRAP-50: MQTT in TLS 1.2 and 1.3, client certificates, and handshakes that go
//! nowhere.

use std::io::{Read as _, Write as _};
use std::process::Command;
use std::time::{Duration, Instant};

use broker_codec::{ReasonCode, Version};
use broker_server::{Config, Error, Failure, Listener, Server, Tls, Transport};
use tokio_rustls::rustls::version::{TLS12, TLS13};

use crate::certificates::{Authority, Secure, Trust};
use crate::client::{QOS0, QOS1, connect, eventually, qos1};
use crate::peers::witnessed;

#[test]
fn both_versions_carry_packets_of_every_size() {
    let secure = Secure::start(Transport::Tls);
    for (versions, version) in [(&[&TLS12], Version::V311), (&[&TLS13], Version::V5)] {
        let trust = Trust { versions, ..secure.trust() };
        let mut client = secure.client(&trust, version).connected(&connect(version, "c"));
        client.subscribe(&[("t/#", QOS1)]);
        for (n, length) in [0, 1, 1000, 16_384, 100_000, 1_000_000].into_iter().enumerate() {
            let payload = "x".repeat(length);
            client.publish(qos1("t/a", &payload, u16::try_from(n + 1).unwrap()));
            let (mut got, mut acked) = (false, false);
            while !(got && acked) {
                client.next(|packet| match packet {
                    broker_codec::Packet::Publish(publish) => {
                        assert_eq!(publish.payload.len(), length);
                        got = true;
                    }
                    broker_codec::Packet::Puback(_) => acked = true,
                    other => panic!("{other:?}"),
                });
            }
        }
        client.ping();
    }
    assert_eq!(secure.broker.handle.stats().transports[Transport::Tls as usize].accepted, 2);
}

#[test]
fn application_protocols() {
    let secure = Secure::start(Transport::Tls);
    let alpn = Trust { alpn: &["mqtt"], ..secure.trust() };
    secure.client(&alpn, Version::V5).connected(&connect(Version::V5, "c")).ping();
    let other = Trust { alpn: &["h2"], ..secure.trust() };
    secure.stream(&other, Transport::Tls).write_all(b"x").unwrap_err();
    eventually("a count", || secure.broker.failed(Transport::Tls, Failure::Tls) == 1);
}

#[test]
fn trap_51_client_certificates_of_several_cas() {
    let (one, two, stranger) =
        (Authority::new("One"), Authority::new("Two"), Authority::new("Stranger"));
    let cas = format!("{}{}", one.pem, two.pem);
    for optional in [false, true] {
        let (deps, peers) = witnessed(false);
        let secure = Secure::with(Transport::Tls, deps, |config, files| {
            let path = files.join("ca.pem");
            std::fs::write(&path, &cas).unwrap();
            let tls = config.tls.take().unwrap();
            config.tls = Some(Tls { client_ca: Some(path), client_optional: optional, ..tls });
        });
        for (versions, authority, name) in [(&[&TLS12], &one, "press-7"), (&[&TLS13], &two, "mill")]
        {
            let pair = authority.issue(name);
            let trust = Trust { shows: Some(&pair), versions, ..secure.trust() };
            secure.client(&trust, Version::V5).connected(&connect(Version::V5, "c")).ping();
            let peer = peers.recv().unwrap();
            let certificate = peer.certificate.unwrap();
            assert_eq!(certificate.common_name.as_deref(), Some(name));
            assert_eq!(&*certificate.subject, format!("CN={name},O=Acme"));
            assert!(certificate.der.len() > 200);
            assert_eq!((peer.transport, peer.proxied), (Transport::Tls, false));
        }
        let pair = stranger.issue("press-7");
        let forged = Trust { shows: Some(&pair), ..secure.trust() };
        refused(&secure, &forged);
        if optional {
            let trust = secure.trust();
            secure.client(&trust, Version::V5).connected(&connect(Version::V5, "c")).ping();
            assert_eq!(peers.recv().unwrap().certificate, None);
        } else {
            refused(&secure, &secure.trust());
        }
        assert!(peers.try_recv().is_err(), "refused clients are not authenticated");
    }
}

/// The handshake fails, at the latest when its client waits for an answer.
fn refused(secure: &Secure, trust: &Trust<'_>) {
    let before = secure.broker.failed(Transport::Tls, Failure::Tls);
    let mut stream = secure.stream(trust, Transport::Tls);
    let sent = stream.write_all(b"\x10\x0d\0\x04MQTT\x04\x02\0\0\0\x01c");
    let answer = sent.and_then(|()| stream.read(&mut [0; 16]));
    assert!(answer.is_err() || answer.is_ok_and(|bytes| bytes == 0));
    eventually("a count", || secure.broker.failed(Transport::Tls, Failure::Tls) == before + 1);
}

#[test]
fn trap_50_silent_clients_hold_up_nobody() {
    // How long a silent client is borne, and so how long one behind it would wait.
    const HELD: Duration = Duration::from_secs(10);
    let secure = Secure::with(Transport::Tls, broker_server::Deps::default(), |config, _| {
        config.handshakes.max = 50;
        config.handshakes.timeout = HELD;
    });
    let silent: Vec<_> = (0..300).map(|_| secure.broker.socket(Transport::Tls)).collect();
    eventually("the flood", || secure.broker.failed(Transport::Tls, Failure::Shed) == 250);
    assert_eq!(secure.broker.handle.stats().handshakes, 50);
    let start = Instant::now();
    let trust = secure.trust();
    for n in 0..20 {
        let id = format!("c{n}");
        secure.client(&trust, Version::V5).connected(&connect(Version::V5, &id)).ping();
    }
    assert!(start.elapsed() < HELD, "{:?}", start.elapsed());
    eventually("the end of all", || secure.broker.handle.stats().handshakes == 0);
    assert!(secure.broker.failed(Transport::Tls, Failure::Timeout) > 0);
    eventually("the end of the honest", || secure.broker.handle.stats().sockets == 0);
    drop(silent);
}

#[test]
fn plain_mqtt_on_the_tls_port_and_noise_within() {
    let secure = Secure::start(Transport::Tls);
    let mut plain = secure.broker.socket(Transport::Tls);
    plain.write_all(b"\x10\x0d\0\x04MQTT\x04\x02\0\0\0\x01c").unwrap();
    plain.read_to_end(&mut Vec::new()).ok();
    eventually("a count", || secure.broker.failed(Transport::Tls, Failure::Tls) == 1);
    // An established session that turns to noise ends, and its will is published.
    let mut watcher = secure.broker.v5("watcher");
    watcher.subscribe(&[("gone", QOS0)]);
    let mut stream = secure.stream(&secure.trust(), Transport::Tls);
    let with_will = b"\x10\x17\0\x04MQTT\x04\x06\0\0\0\x01w\0\x04gone\0\x02by";
    stream.write_all(with_will).unwrap();
    stream.read_exact(&mut [0; 4]).unwrap();
    stream.sock.write_all(&[0x17, 3, 3, 0, 32]).unwrap();
    stream.sock.write_all(&[7; 32]).unwrap();
    assert_eq!(watcher.got_text(), ("gone".into(), "by".into()));
    assert_eq!(secure.broker.failed(Transport::Tls, Failure::Tls), 2);
}

#[test]
fn a_reader_that_pauses_gets_everything_in_order() {
    let secure = Secure::start(Transport::Tls);
    let mut reader =
        secure.client(&secure.trust(), Version::V5).connected(&connect(Version::V5, "reader"));
    reader.subscribe(&[("t", QOS1)]);
    let mut writer = secure.broker.v5("writer");
    let payload = |n: u16| format!("{n:05}{}", "x".repeat(8000));
    for n in 1..=1500 {
        writer.publish(qos1("t", &payload(n), n));
        writer.puback();
    }
    for n in 1..=1500 {
        assert_eq!(reader.got_text().1, payload(n));
    }
}

#[test]
fn shutdown_is_said_in_tls() {
    let mut secure = Secure::start(Transport::Tls);
    let mut client =
        secure.client(&secure.trust(), Version::V5).connected(&connect(Version::V5, "c"));
    let silent = secure.broker.socket(Transport::Tls);
    secure.broker.shutdown();
    assert_eq!(client.disconnected(), ReasonCode::ServerShuttingDown);
    drop(silent);
}

#[test]
fn mosquitto_publishes() {
    let secure = Secure::start(Transport::Tls);
    secure.files.write("ca.pem", &secure.authority.pem);
    let mut reader = secure.broker.v5("reader");
    reader.subscribe(&[("t", QOS0)]);
    let port = secure.broker.listener(Transport::Tls).port().to_string();
    for version in ["tlsv1.2", "tlsv1.3"] {
        let output = Command::new("mosquitto_pub")
            .args(["-h", "localhost", "-p", &port, "--tls-version", version, "--cafile"])
            .arg(secure.files.path("ca.pem"))
            .args(["--tls-alpn", "mqtt", "-q", "1", "-t", "t", "-m", version])
            .output()
            .expect("mosquitto_pub is installed");
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        assert_eq!(reader.got_text().1, version);
    }
}

#[tokio::test]
async fn files_that_cannot_serve_are_named() {
    let secure = Authority::new("CA");
    let files = crate::certificates::Files::new();
    let start = |tls| async {
        let listener = Listener::new(([127, 0, 0, 1], 0).into(), Transport::Tls);
        let config = Config { listen: vec![listener], tls, cores: 1, ..Config::default() };
        Server::start(config, broker_server::Deps::default()).await.expect_err("no server")
    };
    assert!(matches!(start(None).await, Error::NoCertificate { .. }));
    let error = start(Some(files.tls())).await.to_string();
    assert!(error.contains("certificate.pem"), "{error}");
    files.pair(&secure.issue("hub"));
    files.write("key.pem", &secure.issue("other").key);
    let error = start(Some(files.tls())).await.to_string();
    assert!(error.contains("with its key"), "{error}");
    files.pair(&secure.issue("hub"));
    files.write("ca.pem", "nothing");
    let tls = Tls { client_ca: Some(files.path("ca.pem")), ..files.tls() };
    let error = start(Some(tls)).await.to_string();
    assert!(error.contains("ca.pem"), "{error}");
}
