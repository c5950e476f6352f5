//! TRAP-36, TRAP-37, TRAP-42: a reader that stopped costs its publisher one stall and nobody else
//! anything; a reader that is merely behind loses nothing.

use std::time::{Duration, Instant};

use crate::client::{Broker, PATIENCE, QOS0, QOS1, message, qos1};

#[test]
fn trap_37_a_dead_reader_delays_once_and_its_losses_are_counted() {
    let broker = Broker::with(|config| {
        config.engine.backlog_bytes_high = 64 << 10;
        config.engine.output_bytes_max = 256 << 10;
        config.engine.batch_bytes_high = 64 << 10;
        // A busy machine may keep the living reader from its work for a while.
        config.engine.stall.time = Duration::from_secs(3);
    });
    let mut dead = broker.v5("dead");
    dead.subscribe(&[("t", QOS0)]);
    let mut alive = broker.v5("alive");
    alive.subscribe(&[("t", QOS0)]);
    let reader = std::thread::spawn(move || {
        let mut last = 0;
        for n in 0..2000 {
            let got = alive.got();
            let number: usize = String::from_utf8_lossy(&got.payload[..8]).trim().parse().unwrap();
            assert_eq!(number, n, "the living reader loses nothing");
            last = number;
        }
        last
    });
    let mut sender = broker.v5("s");
    let start = Instant::now();
    for n in 0..2000 {
        sender.publish(message("t", &format!("{n:8}{}", "x".repeat(8000))));
    }
    sender.ping();
    assert_eq!(reader.join().unwrap(), 1999);
    assert!(start.elapsed() < PATIENCE, "{:?}", start.elapsed());
    let stats = broker.handle.stats().stats;
    assert!(stats.dropped.iter().sum::<u64>() > 0, "{stats:?}");
}

#[test]
fn a_reader_that_is_behind_loses_nothing() {
    let broker = Broker::with(|config| {
        config.engine.backlog_bytes_high = 64 << 10;
        // Behind, not dead, on however busy a machine.
        config.engine.stall.time = Duration::from_secs(10);
    });
    let mut reader = broker.v5("r");
    reader.subscribe(&[("t", QOS0)]);
    let writer = std::thread::spawn({
        let mut sender = broker.v5("s");
        move || {
            for n in 0..20_000 {
                sender.publish(message("t", &format!("{n:8}{}", "x".repeat(1000))));
            }
            sender.ping();
        }
    });
    for n in 0..20_000 {
        let got = reader.got();
        assert_eq!(&got.payload[..8], format!("{n:8}").as_bytes());
        if n % 1000 == 0 {
            std::thread::sleep(Duration::from_millis(10));
        }
    }
    writer.join().unwrap();
    assert_eq!(broker.handle.stats().stats.dropped.iter().sum::<u64>(), 0);
}

#[test]
fn trap_36_a_blocked_connection_is_still_read() {
    let broker = Broker::with(|config| {
        config.engine.backlog_bytes_high = 64 << 10;
        config.engine.output_bytes_max = 256 << 10;
        config.engine.batch_bytes_high = 64 << 10;
    });
    let mut blocked = broker.v5("blocked");
    blocked.subscribe(&[("flood", QOS0)]);
    let mut flood = broker.v5("flood");
    for _ in 0..2000 {
        flood.publish(message("flood", &"x".repeat(8000)));
    }
    flood.ping();
    let mut watcher = broker.v5("watcher");
    watcher.subscribe(&[("heard", QOS1)]);
    blocked.publish(qos1("heard", "x", 1));
    assert_eq!(watcher.got().payload, b"x");
}

#[test]
fn trap_36_a_write_timeout_disconnects() {
    let broker = Broker::with(|config| {
        config.engine.write_timeout = Duration::from_millis(500);
    });
    let mut stuck = broker.v5("stuck");
    stuck.subscribe(&[("t", QOS0)]);
    let mut sender = broker.v5("s");
    for _ in 0..2000 {
        sender.publish(message("t", &"x".repeat(8000)));
    }
    sender.ping();
    crate::client::eventually("a timeout", || broker.handle.stats().stats.timeouts == 1);
    crate::client::eventually("the slot to be free", || broker.handle.stats().sockets == 1);
    sender.ping();
}
