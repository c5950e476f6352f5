//! Many connections: what they cost while idle (R10), and that all come back after a kill -9 (R11).
//! `UNS_SOAK=1` runs the long form.

use std::time::{Duration, Instant};

use broker_codec::Version;

use crate::client::{Client, connect};
use crate::hub::{Hub, Scratch, soak};
use crate::wire::Echo;

/// Connects all, each CONNECT on its way before the first answer is read; how long that took.
fn connect_all(hub: &Hub, ids: &[String]) -> (Vec<Client>, Duration) {
    let began = Instant::now();
    let mut clients = Vec::new();
    for some in ids.chunks(200) {
        let open = |id: &String| Client::send_connect(hub.mqtt, &connect(Version::V311, id));
        clients.extend(some.iter().map(open));
    }
    for client in &mut clients {
        client.connack().expect("everybody is let in");
    }
    (clients, began.elapsed())
}

fn p99(echo: &mut Echo, rounds: usize) -> Duration {
    let mut times: Vec<_> = (0..rounds).map(|_| echo.round_trip()).collect();
    times.sort();
    times[rounds * 99 / 100]
}

#[test]
fn idle_connections_are_cheap_and_come_back_after_a_kill() {
    let count = if soak() { 9_900 } else { 2_000 };
    let ids: Vec<_> = (0..count).map(|n| format!("idle{n}")).collect();
    let scratch = Scratch::new();
    let mut hub = Hub::start(scratch.path());
    // The first connections make buffers that all others share.
    let warm: Vec<_> = (0..100).map(|n| format!("warm{n}")).collect();
    let warm = connect_all(&hub, &warm).0;
    let before = hub.memory().0;
    let (mut clients, took) = connect_all(&hub, &ids);
    let each = (hub.memory().0.saturating_sub(before)) / count;
    eprintln!("R10: {count} connections in {took:?}, {each} bytes each");
    assert!(took < Duration::from_secs(5), "connecting took {took:?}");
    // Unoptimised code keeps larger tasks.
    let most = if cfg!(debug_assertions) { 16 << 10 } else { 8 << 10 };
    assert!(each <= most, "{each} bytes each");
    let rounds = if soak() { 1_000_000 } else { 1_000 };
    let slow = p99(&mut Echo::open(hub.mqtt), rounds);
    eprintln!("R10: p99 of {rounds} round trips beside them: {slow:?}");
    assert!(slow < Duration::from_millis(if soak() { 10 } else { 100 }), "p99 is {slow:?}");
    clients.iter_mut().for_each(Client::ping);

    hub.kill_nine();
    drop((clients, warm));
    let hub = Hub::start_at(scratch.path(), (hub.mqtt, hub.http), &[]);
    let (mut clients, took) = connect_all(&hub, &ids);
    eprintln!("R11: {count} clients are back in {took:?}");
    assert!(took < Duration::from_secs(10), "coming back took {took:?}");
    clients.iter_mut().for_each(Client::ping);
}
