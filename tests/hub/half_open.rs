//! R13: sockets that say nothing, little, or nothing more, on every listener: dropped in time, and
//! honest clients do not feel them. `UNS_SOAK=1` runs the long form.

use std::io::Write as _;
use std::time::{Duration, Instant};

use crate::hub::{Hub, PATIENCE, Scratch, certificate, soak, within};
use crate::secure::{PROXY_HEADER, begin, trust, upgrade};
use crate::wire::{Echo, connect, dial, is_closed, until_closed};

fn p99(echo: &mut Echo) -> Duration {
    let mut times: Vec<_> = (0..300).map(|_| echo.round_trip()).collect();
    times.sort();
    times[297]
}

#[test]
fn silent_and_dribbling_sockets_are_dropped_in_time() {
    let (count, timeout) = if soak() { (5_000, 8) } else { (400, 2) };
    let scratch = Scratch::new();
    let mut set = certificate(scratch.path());
    set.push(format!("mqtt.connect_timeout={timeout}s"));
    set.extend(
        ["mqtt.tls.listen", "mqtt.websocket.listen"].map(|key| format!("{key}=127.0.0.1:0")),
    );
    let set: Vec<_> = set.iter().map(String::as_str).collect();
    let hub = Hub::start_with(scratch.path(), &set);
    let mut echo = Echo::open(hub.mqtt);
    let quiet = p99(&mut echo);
    let began = Instant::now();
    let mut sockets = Vec::new();
    for n in 0..count {
        let key = ["mqtt", "mqtt", "mqtt_tls", "mqtt_websocket"][n % 4];
        let mut socket = dial(hub.address(key));
        let beginning: &[u8] = match n % 4 {
            0 => &[],
            1 => &connect("never")[..7],
            2 => &[0x16, 3, 1, 2, 0, 1],
            _ => b"GET /mqtt HTTP/1.1\r\nHost: ",
        };
        socket.write_all(beginning).expect("the hub listens");
        sockets.push(socket);
    }
    let beside = p99(&mut echo);
    // Now and then a byte more does not buy time: if it did, this would not end.
    let mut dribbling: Vec<_> = sockets.iter_mut().step_by(4).collect();
    while !dribbling.is_empty() {
        std::thread::sleep(Duration::from_millis(500));
        assert!(began.elapsed() < PATIENCE, "{} bought time", dribbling.len());
        dribbling.retain_mut(|socket| socket.write_all(&[0x10]).is_ok() && !is_closed(socket));
    }
    for socket in &mut sockets {
        until_closed(socket);
    }
    let took = began.elapsed();
    eprintln!("R13: {count} dropped within {took:?}; p99 {quiet:?} became {beside:?}");
    assert!(took < within(Duration::from_secs(timeout + 2)), "it took {took:?}");
    assert!(beside < within(quiet * 2 + Duration::from_millis(20)), "{quiet:?} became {beside:?}");
    p99(&mut echo);
}

/// One deadline from being accepted to the whole CONNECT: a handshake that took its time leaves so
/// much less for what follows.
#[test]
fn sockets_silent_after_their_handshake_get_no_time_of_their_own() {
    const TIMEOUT: Duration = Duration::from_secs(10);
    let scratch = Scratch::new();
    let mut set = certificate(scratch.path());
    set.extend([
        format!("mqtt.connect_timeout={}s", TIMEOUT.as_secs()),
        "mqtt.proxy_protocol=true".to_owned(),
        "mqtt.tls.listen=127.0.0.1:0".to_owned(),
        "mqtt.websocket.listen=127.0.0.1:0".to_owned(),
        "mqtt.websocket_tls.listen=127.0.0.1:0".to_owned(),
        "mqtt.websocket_tls.proxy_protocol=true".to_owned(),
    ]);
    let set: Vec<_> = set.iter().map(String::as_str).collect();
    let hub = Hub::start_with(scratch.path(), &set);
    let config = trust(&scratch.path().join("certificate.pem"));
    let began = Instant::now();
    let mut tls: Vec<_> = (0..20).map(|_| begin(hub.address("mqtt_tls"), &config)).collect();
    let mut proxied: Vec<_> =
        (0..20).map(|_| begin(hub.address("mqtt_websocket_tls"), &config)).collect();
    let mut plain: Vec<_> = (0..20).map(|_| dial(hub.address("mqtt_websocket"))).collect();
    let mut header_only: Vec<_> = (0..20).map(|_| dial(hub.mqtt)).collect();
    // Half of the time is over when they begin, so that a slow machine has the other half for them.
    std::thread::sleep(TIMEOUT / 2);
    for stream in &mut tls {
        while stream.conn.is_handshaking() {
            stream.conn.complete_io(&mut stream.sock).expect("the hub shakes hands");
        }
    }
    for stream in &mut proxied {
        stream.sock.write_all(PROXY_HEADER).expect("the hub reads");
        while stream.conn.is_handshaking() {
            stream.conn.complete_io(&mut stream.sock).expect("the hub shakes hands");
        }
    }
    plain.iter_mut().for_each(upgrade);
    for socket in &mut header_only {
        socket.write_all(PROXY_HEADER).expect("the hub reads");
    }
    let mut sockets: Vec<_> = plain.iter_mut().chain(&mut header_only).collect();
    sockets.extend(tls.iter_mut().chain(&mut proxied).map(|stream| &mut stream.sock));
    let count = sockets.len();
    for socket in sockets {
        until_closed(socket);
    }
    let took = began.elapsed();
    eprintln!("R13: {count} that were silent after their handshake dropped within {took:?}");
    assert!(
        took < TIMEOUT * 7 / 5,
        "it took {took:?}, and half as long again is time of their own"
    );
}
