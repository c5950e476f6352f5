//! Many connections: what they cost while idle (R10), in TLS too, and that all come back after a
//! kill -9 (R11).
//! `UNS_SOAK=1` runs the long form.

use std::io::{Read as _, Write as _};
use std::net::SocketAddr;
use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};

use broker_codec::{Connect, QoS, ReasonCode, Version};
use tokio_rustls::rustls::ClientConfig;

use crate::client::{Client, connect, session};
use crate::hub::{Hub, Scratch, certificate, soak, within};
use crate::secure::{self, Secure};
use crate::wire::{self, Echo};

/// Clients, and whether their sessions were present.
type Clients = Vec<(Client, bool)>;

/// Connects all, each CONNECT on its way before the first answer is read; how long that took.
fn connect_all(
    hub: &Hub,
    ids: &[String],
    how: fn(Version, &str) -> Connect<'_>,
) -> (Clients, Duration) {
    let began = Instant::now();
    let open = |id: &String| Client::send_connect(hub.mqtt, &how(Version::V311, id));
    let clients: Vec<_> = ids.iter().map(open).collect();
    let answered = clients.into_iter().map(|mut client| {
        let present = client.connack().expect("everybody is let in");
        (client, present)
    });
    (answered.collect(), began.elapsed())
}

fn p99(echo: &mut Echo, rounds: usize) -> Duration {
    let mut times: Vec<_> = (0..rounds).map(|_| echo.round_trip()).collect();
    times.sort();
    times[rounds * 99 / 100]
}

#[test]
fn idle_connections_are_cheap() {
    let count = if soak() { 9_900 } else { 2_000 };
    let ids: Vec<_> = (0..count).map(|n| format!("idle{n}")).collect();
    let scratch = Scratch::new();
    let hub = Hub::start(scratch.path());
    // The first connections make buffers that all others share.
    let warm: Vec<_> = (0..100).map(|n| format!("warm{n}")).collect();
    let warm = connect_all(&hub, &warm, connect).0;
    let before = hub.memory().0;
    let (mut clients, took) = connect_all(&hub, &ids, connect);
    let each = (hub.memory().0.saturating_sub(before)) / count;
    eprintln!("R10: {count} connections in {took:?}, {each} bytes each");
    assert!(took < within(Duration::from_secs(5)), "connecting took {took:?}");
    // Unoptimised code keeps larger tasks, and few connections share what the process grew by; a
    // buffer for each would still show.
    let most = if cfg!(debug_assertions) { 32 << 10 } else { 8 << 10 };
    assert!(each <= most, "{each} bytes each");
    let rounds = if soak() { 1_000_000 } else { 1_000 };
    let slow = p99(&mut Echo::open(hub.mqtt), rounds);
    eprintln!("R10: p99 of {rounds} round trips beside them: {slow:?}");
    assert!(slow < within(Duration::from_millis(10)), "p99 is {slow:?}");
    clients.iter_mut().for_each(|(client, _)| client.ping());
    drop(warm);
}

/// Connects all in TLS, on some threads at once, since each waits for its handshake.
fn connect_secure(address: SocketAddr, config: &Arc<ClientConfig>, ids: &[String]) -> Vec<Secure> {
    const THREADS: usize = 8;
    let open = |id: &String| {
        let mut stream = secure::open(address, config);
        stream.write_all(&wire::connect(id)).expect("the hub reads");
        let mut connack = [0; 4];
        stream.read_exact(&mut connack).expect("CONNACK");
        assert_eq!(connack, [0x20, 2, 0, 0], "{id}");
        stream
    };
    thread::scope(|scope| {
        let parts = ids.chunks(ids.len().div_ceil(THREADS));
        let threads = parts.map(|part| scope.spawn(move || part.iter().map(open).collect()));
        let threads: Vec<thread::ScopedJoinHandle<'_, Vec<_>>> = threads.collect();
        threads.into_iter().flat_map(|thread| thread.join().expect("all connect")).collect()
    })
}

#[test]
fn idle_connections_in_tls_are_cheap() {
    let count = if soak() { 9_900 } else { 400 };
    let ids: Vec<_> = (0..count).map(|n| format!("idle{n}")).collect();
    let scratch = Scratch::new();
    let mut set = certificate(scratch.path());
    set.push("mqtt.tls.listen=127.0.0.1:0".to_owned());
    let set: Vec<_> = set.iter().map(String::as_str).collect();
    let hub = Hub::start_with(scratch.path(), &set);
    let config = secure::trust(&scratch.path().join("certificate.pem"));
    let warm: Vec<_> = (0..100).map(|n| format!("warm{n}")).collect();
    let warm = connect_secure(hub.address("mqtt_tls"), &config, &warm);
    let (before, spent) = (hub.memory().0, hub.cpu_time());
    let began = Instant::now();
    let mut clients = connect_secure(hub.address("mqtt_tls"), &config, &ids);
    let (took, spent) = (began.elapsed(), hub.cpu_time().saturating_sub(spent));
    let each = (hub.memory().0.saturating_sub(before)) / count;
    eprintln!("R10: {count} connections in TLS in {took:?} ({spent:?} CPU), {each} bytes each");
    // The clients' half of the handshakes runs on the same cores: what counts is the hub's.
    assert!(spent < within(Duration::from_secs(5)), "handshakes took {spent:?} of CPU time");
    let most = if cfg!(debug_assertions) { 80 << 10 } else { 40 << 10 };
    assert!(each <= most, "{each} bytes each");
    for stream in &mut clients {
        stream.write_all(&[0xC0, 0]).expect("the hub reads");
        let mut pong = [0; 2];
        stream.read_exact(&mut pong).expect("PINGRESP");
    }
    drop(warm);
}

#[test]
fn every_session_is_back_after_a_kill() {
    let count = if soak() { 9_900 } else { 1_000 };
    let ids: Vec<_> = (0..count).map(|n| format!("stored{n}")).collect();
    let scratch = Scratch::new();
    let mut hub = Hub::start(scratch.path());
    let (mut clients, _) = connect_all(&hub, &ids, session);
    for (n, (client, present)) in clients.iter_mut().enumerate() {
        assert!(!*present, "nobody had a session before");
        client.subscribe(&format!("storm/{n}"), QoS::AtLeastOnce);
    }
    hub.kill_nine();
    drop(clients);
    let hub = Hub::start_at(scratch.path(), (hub.mqtt, hub.http), &[]);
    let (mut clients, took) = connect_all(&hub, &ids, session);
    let present = clients.iter().filter(|(_, present)| *present).count();
    eprintln!("R11: {count} clients are back in {took:?}, {present} of them with their session");
    assert_eq!(present, clients.len(), "every session is present");
    assert!(took < within(Duration::from_secs(10)), "coming back took {took:?}");
    let (mut sender, _) = Client::open(hub.mqtt, &connect(Version::V5, "sender"));
    for (n, (client, _)) in clients.iter_mut().enumerate().step_by(50) {
        let answer = sender.publish_and_wait(&format!("storm/{n}"), b"x");
        assert_eq!(answer, Some(ReasonCode::Success));
        assert_eq!(client.payload().as_deref(), Some(&b"x"[..]), "session {n} is subscribed");
    }
}
