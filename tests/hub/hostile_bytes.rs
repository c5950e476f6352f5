//! Hostile clients are dropped, cost bounded memory, and do not keep honest ones waiting (R9, R12,
//! R13).

use std::io::Write as _;
use std::net::Shutdown;
use std::time::Duration;

use uns_model::{Random as _, SeededRandom};

use crate::hub::{Hub, Scratch, within};
use crate::wire::{Echo, connect, dial, publish, subscribe, until_closed};

const MIB: u64 = 1 << 20;

/// The median of some round trips; none may be slow.
fn honest(echo: &mut Echo) -> Duration {
    let mut times: Vec<Duration> = (0..50).map(|_| echo.round_trip()).collect();
    times.sort();
    assert!(times[49] < within(Duration::from_secs(1)), "a round trip took {:?}", times[49]);
    times[25]
}

#[test]
fn malformed_first_packets_cost_nothing_that_stays() {
    let scratch = Scratch::new();
    let hub = Hub::start(scratch.path());
    let mut echo = Echo::open(hub.mqtt);
    let random = SeededRandom::new(9);
    let byte = || random.u64().to_le_bytes()[0];
    let below = |n: usize| usize::try_from(random.u64() % n as u64).expect("small");
    let mut before = hub.memory().0;
    for round in 0..10_000 {
        let mut bytes = connect("rude");
        if round % 2 == 0 {
            let at = below(bytes.len());
            bytes[at] = byte();
            bytes.truncate(1 + below(bytes.len()));
        } else {
            bytes = (0..1 + below(64)).map(|_| byte()).collect();
        }
        let mut socket = dial(hub.mqtt);
        // The hub may have closed already.
        drop(socket.write_all(&bytes));
        drop(socket.shutdown(Shutdown::Write));
        until_closed(&mut socket);
        if round % 500 == 0 {
            honest(&mut echo);
        }
        if round == 1_000 {
            before = hub.memory().0;
        }
    }
    let after = hub.memory().0;
    assert!(after < before + 16 * MIB, "{before} bytes became {after}");
}

#[test]
fn a_huge_remaining_length_is_refused_before_it_is_believed() {
    let scratch = Scratch::new();
    let hub = Hub::start(scratch.path());
    let before = hub.memory().1;
    // The most four bytes can say, 256 MiB; and 300 MB, which takes a fifth.
    for length in [&[0xff, 0xff, 0xff, 0x7f][..], &[0x80, 0x9a, 0x86, 0x8f, 0x01]] {
        for (first, connected) in [(0x10, false), (0x30, true)] {
            let mut sockets: Vec<_> = (0..20).map(|_| dial(hub.mqtt)).collect();
            for (n, socket) in sockets.iter_mut().enumerate() {
                let hello = if connected { connect(&format!("huge{n}")) } else { Vec::new() };
                let bytes = [&hello[..], &[first], length, &[0; 1024]].concat();
                drop(socket.write_all(&bytes));
            }
            for socket in &mut sockets {
                assert!(
                    until_closed(socket) < within(Duration::from_secs(2)),
                    "{first:#x} {length:?}"
                );
            }
        }
    }
    let after = hub.memory().1;
    assert!(after < before + 16 * MIB, "{before} bytes became {after}");
    honest(&mut Echo::open(hub.mqtt));
}

#[test]
fn a_client_that_dribbles_its_connect_is_dropped_in_time() {
    let scratch = Scratch::new();
    let hub = Hub::start_with(scratch.path(), &["mqtt.connect_timeout=2s"]);
    let mut echo = Echo::open(hub.mqtt);
    let calm = honest(&mut echo);
    let mut sockets: Vec<_> = (0..500).map(|_| dial(hub.mqtt)).collect();
    for (n, socket) in sockets.iter_mut().enumerate() {
        // Some say nothing at all, some one byte, some all but one.
        let hello = connect("slow");
        let bytes = [0, 1, hello.len() - 1][n % 3];
        socket.write_all(&hello[..bytes]).expect("the hub reads");
    }
    let busy = honest(&mut echo);
    let limit = calm * 10 + Duration::from_millis(20);
    assert!(busy < within(limit), "a round trip took {calm:?}, beside slow clients {busy:?}");
    let began = std::time::Instant::now();
    for socket in &mut sockets {
        until_closed(socket);
    }
    let took = began.elapsed();
    assert!(took < within(Duration::from_secs(4)), "dropped after {took:?}");
    echo.round_trip();
}

#[test]
fn a_subscriber_that_never_reads_costs_bounded_memory_and_nobody_time() {
    let scratch = Scratch::new();
    let hub = Hub::start_with(scratch.path(), &["mqtt.outbound_bytes_max=1 MiB"]);
    let mut echo = Echo::open(hub.mqtt);
    let mut deaf: Vec<_> = (0..4).map(|_| dial(hub.mqtt)).collect();
    for (n, socket) in deaf.iter_mut().enumerate() {
        let hello = [connect(&format!("deaf{n}")), subscribe("flood/#")].concat();
        socket.write_all(&hello).expect("the hub reads");
    }
    let mut source = dial(hub.mqtt);
    source.write_all(&connect("source")).expect("the hub reads");
    // Opaque bytes have no history: what grows is what waits for the deaf.
    let flood = publish("flood/a", &[0xff; 8_000]);
    let (before, mut slowest) = (hub.memory().0, Duration::ZERO);
    for _ in 0..60 {
        for _ in 0..100 {
            source.write_all(&flood).expect("the hub reads on");
        }
        slowest = slowest.max(echo.round_trip());
    }
    let after = hub.memory().1;
    // 48 MB went by for each of four; they may hold 1 MiB each, the log's memory has its own bound.
    assert!(after < before + 200 * MIB, "{before} bytes became {after}");
    assert!(slowest < within(Duration::from_secs(1)), "an honest round trip took {slowest:?}");
    honest(&mut echo);
    let (_, metrics) = hub.fetch("/metrics");
    let dropped = metrics.lines().filter(|line| line.contains("dropped") && !line.starts_with('#'));
    let total: f64 = dropped.filter_map(|line| line.rsplit(' ').next()?.parse::<f64>().ok()).sum();
    assert!(total > 1_000.0, "what the deaf lost is counted:\n{metrics}");
}
